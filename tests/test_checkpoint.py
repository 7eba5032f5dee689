"""Reverse mode with checkpoints: the same gradients to the last bit, and what is dropped is let go."""

from __future__ import annotations

import json
import re
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engines import NOT_FINITE, nets

from adcli.derivation import Step
from adcli.engines import reverse
from adcli.engines.checkpoints import chain_of, planned
from adcli.engines.run import differentiate
from adcli.errors import AdcliError
from adcli.primitives import RULES, Primitive
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

ROOT = Path(__file__).parent.parent
FOUR_BLOCKS = str(ROOT / "specs" / "checkpoint.yaml")
CASES = sorted((ROOT / "tests" / "cases").glob("*.yaml"))


def trace_of(content: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))


def checkpointings(trace: Trace) -> list[str]:
    """Every kind: by slots, by the square root, by all names and by every other one."""
    chain = chain_of(trace)
    names = [chain.name(block) for block in range(1, chain.blocks + 1)]
    return ["sqrt", *map(str, range(5)), *filter(None, (",".join(names), ",".join(names[::2])))]


def same_gradients(trace: Trace) -> None:
    names = trace.differentiable
    plan = reverse.plan(trace, names)
    for careful in (False, True):
        right = reverse.run(plan, careful=careful)
        for text in checkpointings(trace):
            result = reverse.run(reverse.checkpointed(plan, planned(trace, text)), careful=careful)
            assert result.stored == right.stored
            assert result.values.keys() & trace.shapes.keys() == {*trace.leaves, trace.output}
            assert np.array_equal(result.values[trace.output], right.values[trace.output], equal_nan=True)
            for name in names:
                assert np.array_equal(result.gradients[name], right.gradients[name], equal_nan=True), (text, name)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_gradients_of_every_case_to_the_last_bit(path: Path) -> None:
    same_gradients(build_trace(read_spec(read_source(str(path)))))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(nets())
def test_gradients_of_random_nets_to_the_last_bit(content: dict) -> None:
    same_gradients(trace_of(content))


@pytest.mark.parametrize("content", NOT_FINITE.values(), ids=NOT_FINITE)
def test_infinities_and_warnings_stay_as_they_are(content: dict) -> None:
    trace = trace_of(content)
    right, right_warnings = differentiate(trace, "reverse", trace.differentiable)
    for text in checkpointings(trace):
        result, warnings = differentiate(trace, "reverse", trace.differentiable, schedule=planned(trace, text))
        assert warnings == right_warnings
        for name, gradient in right.gradients.items():
            assert np.array_equal(result.gradients[name], gradient, equal_nan=True)
        for name, value in right.values.items():
            assert np.array_equal(result.values[name], value, equal_nan=True)


def skips() -> Trace:
    """A net with two skip connections inside it and one from its input."""
    layers = [
        {"type": "tanh"},
        {"type": "linear", "weight": [[1, 0.5, 0], [0, 1, 2], [0.1, -0.3, 1]], "bias": [0.1, 0, 1]},
        {"type": "tanh"},
        {"type": "add", "inputs": ["h3", "h1"]},
        {"type": "sigmoid"},
        {"type": "sin"},
        {"type": "multiply", "inputs": ["h6", "h5"]},
        {"type": "exp"},
        {"type": "add", "inputs": ["h8", "x"]},
    ]
    return trace_of({"input": [0.3, -1, 2], "target": [1, 0, 1], "layers": layers, "loss": "squared_error"})


def test_skips_through_cut_values() -> None:
    trace = skips()
    chain = chain_of(trace)
    assert [chain.name(b) for b in range(1, chain.blocks + 1)] == ["h1", "h4", "h5", "h7", "h8", "h9", "loss"]
    same_gradients(trace)


@st.composite
def graphs(draw) -> dict:
    """Up to ten steps, each of any earlier values."""
    layers = []
    for step in range(draw(st.integers(1, 10))):
        known = st.sampled_from(["x", *(f"h{i}" for i in range(1, step + 1))])
        near = st.sampled_from([f"h{step}" if step else "x"]) | known
        kind = draw(st.sampled_from(["sin", "tanh", "exp", "square", "add", "multiply"]))
        inputs = {"inputs": [draw(near), draw(known)]} if kind in ("add", "multiply") else {"input": draw(near)}
        layers.append({"type": kind, **inputs})
    return {"input": [0.3, -0.2], "layers": layers}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(graphs())
def test_gradients_of_random_graphs_to_the_last_bit(content: dict) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        same_gradients(trace_of(content))


def test_an_output_within_the_trace_and_an_output_that_is_an_input() -> None:
    content = {"input": [1, 2], "layers": [{"type": "exp"}, {"type": "sin"}, {"type": "exp"}, {"type": "sin"}]}
    trace = trace_of({**content, "output": "h3"})
    same_gradients(trace)
    assert planned(trace, "0").steps == 3
    with pytest.raises(AdcliError, match="h4, which comes after it"):
        planned(trace, "h4")
    same_gradients(trace_of({**content, "output": "x"}))


class Live:
    """Rules whose values are watched: how many are alive when one is made or a VJP begins, at most."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.evaluations = 0
        self.rules = {"sin": lambda: self.watched(RULES["sin"]()), "square": lambda: self.watched(RULES["square"]())}

    def gone(self) -> None:
        self.now -= 1

    def watched(self, primitive: Primitive) -> Primitive:
        evaluate = primitive.evaluate

        def value(x: np.ndarray) -> np.ndarray:
            self.evaluations += 1
            made = np.array(evaluate(x))
            weakref.finalize(made, self.gone)
            self.now += 1
            self.most = max(self.most, self.now)
            return made

        return Primitive(("x",), primitive.value, primitive.partials, primitive.text, primitive.latex, value)


def run_watched(layers: int, checkpoints: str | None) -> Live:
    kinds = ["sin", "square"]
    trace = trace_of({"input": [0.5, 1], "layers": [{"type": kinds[i % 2]} for i in range(layers)]})
    live = Live()
    plan = reverse.plan(trace, ["x"], live.rules)
    if checkpoints is not None:
        plan = reverse.checkpointed(plan, planned(trace, checkpoints))
    result = reverse.run(plan)
    assert live.now == len(result.values) - 1
    return live


def test_without_checkpoints_every_value_stays() -> None:
    assert run_watched(64, None).most == 64


@pytest.mark.parametrize("slots", [0, 1, 2, 4, 8])
def test_a_run_holds_its_slots_and_what_is_in_hand(slots: int) -> None:
    """Beside the slots: the output, and two values in hand, of which one is made from the other."""
    live = run_watched(64, str(slots))
    assert live.evaluations == planned(trace_of({"input": 1, "layers": [{"type": "sin"}] * 64}), str(slots)).evaluations
    assert live.most == slots + 3


def test_the_square_root_holds_twice_the_root() -> None:
    """Of 64 values 8 are kept, at 7, 14, …, 56; the last gap holds 7 more, the output stands beside."""
    live = run_watched(64, "sqrt")
    assert (live.most, live.evaluations) == (16, 64 + 63 - 8)


def test_named_values_are_kept_until_their_vjps_are_done() -> None:
    live = run_watched(9, "h3,h6")
    assert (live.most, live.evaluations) == (5, 9 + 6)


def told(trace: Trace, checkpoints: str, wrt: list[str] | None = None) -> list[Step]:
    steps: list[Step] = []
    plan = reverse.plan(trace, wrt or list(trace.parameters))
    reverse.run(reverse.checkpointed(plan, planned(trace, checkpoints)), sink=steps.append)
    return steps


def test_the_derivation_tells_the_figure_of_the_lecture() -> None:
    """h3 is not kept, and computed again from h2 when the VJP of the fourth block needs it."""
    steps = told(build_trace(read_spec(read_source(FOUR_BLOCKS))), "h1,h2,h4")
    assert [(step.kind, step.target, step.held) for step in steps] == [
        ("forward", "h1", 0),
        ("store", "h1", 2),
        ("forward", "h2", 2),
        ("store", "h2", 4),
        ("forward", "h3", 4),
        ("forward", "h4", 4),
        ("store", "h4", 5),
        ("release", "h3", 5),
        ("cotangent.init", "h4", 4),
        ("recompute", "h3", 6),
        ("gradient", "W4", 4),
        ("cotangent.update", "h3", 4),
        ("gradient", "W3", 2),
        ("cotangent.update", "h2", 2),
        ("gradient", "W2", 0),
        ("cotangent.update", "h1", 0),
        ("gradient", "W1", 0),
    ]
    again = steps[9]
    assert again.reads == ("h2", "W3")
    assert again.value.array().tolist() == [10, 16]


@pytest.mark.parametrize("text", checkpointings(skips()))
def test_a_derivation_stores_before_it_reads_and_releases_all(text: str) -> None:
    trace = skips()
    sizes = {node.name: int(np.prod(node.shape)) for node in trace.nodes}
    there: set[str] = set()
    evaluations = 0
    for step in told(trace, text):
        if step.kind in ("forward", "recompute"):
            evaluations += 1
        assert there.issuperset(name for name in step.reads if name in sizes and name != step.target)
        if step.kind in ("forward", "recompute"):
            there.add(step.target)
        assert there.issuperset(step.releases)
        there.difference_update(step.releases)
        assert 0 <= step.held <= sum(sizes[name] for name in there)
    assert not there
    assert step.held == 0
    assert evaluations == planned(trace, text).evaluations


def test_the_storage_of_a_run_with_slots() -> None:
    """Ten numbers in sequence, two slots: beside them the value in hand, and the one that its VJP pulls back to."""
    trace = trace_of({"input": 0.5, "layers": [{"type": "sin"}] * 10})
    steps = told(trace, "2", ["x"])
    assert max(step.held for step in steps) == 2 + 2
    assert sum(step.kind in ("forward", "recompute") for step in steps) == 16


def test_json(run_json) -> None:
    found = run_json("grad", FOUR_BLOCKS, "--checkpoint", "h1,h2,h4")
    plain = run_json("grad", FOUR_BLOCKS)
    assert found.pop("checkpointing") == {"kept": ["h1", "h2", "h4"], "evaluations": 5, "ratio": 1.25}
    assert found == plain
    assert list(run_json("grad", FOUR_BLOCKS, "--checkpoint", "1"))[-3:] == ["stored", "checkpointing", "warnings"]


def test_text(run) -> None:
    out = run("grad", FOUR_BLOCKS, "--checkpoint", "h1, h2,h4").stdout
    assert "Read on the way back: x, h1, h2, h3\n" in out
    assert "Kept by the first pass: h1, h2, h4\nComputed again: h3\n5 evaluations for 4 steps, ratio 1.25\n" in out
    out = run("grad", FOUR_BLOCKS, "--checkpoint", "0").stdout
    assert (
        "Kept by the first pass: nothing\nComputed again: h1 (2 times), h2\n"
        "7 evaluations for 4 steps, ratio 1.75\n" in out
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`` is no checkpointing\n"),
        ("-1", "`-1` is no checkpointing\n"),
        ("1.5", "`1.5` is no checkpointing\n"),
        ("h1,,h2", "`h1,,h2` is no checkpointing\n"),
        ("\x1b[31m", "is no checkpointing\n"),
        ("h9", "there is no `h9`\n"),
        ("SQRT", "did you mean `sqrt`?\n"),
        ("sqrt,h1", "sqrt stands alone"),
        ("h1,h1", "h1 stands there twice\n"),
        ("x", "x is an input, and always at hand\n"),
        ("W2", "W2 is a parameter, and always at hand\n"),
    ],
)
def test_wrong_checkpoints(run, text: str, message: str) -> None:
    ran = run("grad", FOUR_BLOCKS, "--checkpoint", text)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("adcli: error: --checkpoint: ")
    assert message in ran.stderr
    assert "\x1b" not in ran.stderr


@pytest.mark.parametrize("mode", ["forward", "numeric"])
def test_other_modes_have_no_checkpoints(run, mode: str) -> None:
    ran = run("grad", FOUR_BLOCKS, "--checkpoint", "1", "--mode", mode)
    assert (ran.code, ran.stderr) == (2, f"adcli: error: --checkpoint goes with --mode reverse, not with {mode}\n")


def test_blanks_and_the_grammar_of_one(run) -> None:
    assert run("grad", FOUR_BLOCKS, "--checkpoint", " 2").code == 0
    out = run("grad", "-e", "sin(a)", "-p", "a=1", "--checkpoint", "1").stdout
    assert "1 evaluation for 1 step, ratio 1\n" in out


@pytest.mark.parametrize("slots", ["4", "100000000", "9" * 5000])
def test_more_slots_than_values_is_no_error(run_json, slots: str) -> None:
    found = run_json("grad", FOUR_BLOCKS, "--checkpoint", slots)
    assert found["checkpointing"] == {"kept": ["h1", "h2"], "evaluations": 4, "ratio": 1}


def test_while_values_are_computed_again_the_cotangent_stays_in_hand(run) -> None:
    layers = "".join("  - {type: linear, weight: [[1, 1], [0, 1]]}\n" for _ in range(5))
    spec = f"input: {{x: [1, 2]}}\ntarget: {{y: [1, 1]}}\nlayers:\n{layers}loss: squared_error\n"
    text = run("explain", "-", "--checkpoint", "sqrt", stdin=spec).stdout
    slides = text.split("Reverse mode · backward, step ")[1:]
    again = [slide for slide in slides[1:] if "compute again" in slide]  # at first there is no cotangent
    assert again and all("[h~ " in slide for slide in again)


def test_after_steps_in_a_table_the_cotangent_in_hand_is_the_newest(run, run_json) -> None:
    """Thirteen layers of one number: those in the middle are told in a table, and the next slide computes again. h̃ is
    the product of the weights behind it."""
    layers = "".join(f"  - {{type: linear, weight: [[{n}]]}}\n" for n in (3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3))
    spec = f"input: {{x: [1]}}\nlayers:\n{layers}"
    story = run_json("explain", "-", "--checkpoint", "sqrt", stdin=spec)["slides"]
    text = run("explain", "-", "--checkpoint", "sqrt", stdin=spec).stdout
    newest, kinds = "", [""]
    after_table = False
    for slide, told in zip(story, re.split(r"^(?=.*─ \d+/\d+$)", text, flags=re.MULTILINE)[1:], strict=True):
        if slide["kind"] == "backward.recompute" and newest:
            assert f"[h~ {newest}]" in told, slide["id"]
            after_table |= kinds[-1] == "backward.summary"
        moved = [step for step in slide["steps"] if step["kind"].startswith("cotangent")]
        newest = f"{moved[-1]['value'][0][0]:.0f}" if moved else newest
        kinds.append(slide["kind"])
    assert after_table
