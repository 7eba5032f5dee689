"""What the engines say that they did, frame by frame as the lecture shows it."""

import json
from pathlib import Path

import numpy as np
import pytest

from adcli.derivation import Step
from adcli.engines import forward, forward_steps, reverse
from adcli.render.steps_json import step_content
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

CASES = Path(__file__).parent / "cases"


def case(name: str) -> Trace:
    return build_trace(read_spec(read_source(str(CASES / f"{name}.yaml"))))


def spec(content: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))


def steps(engine, trace: Trace, wrt: list[str] | None = None) -> list[dict]:
    """The derivation, as it would be read back from JSON."""
    told: list[Step] = []
    engine.run(engine.plan(trace, wrt or list(trace.parameters)), sink=told.append)
    return [json.loads(json.dumps(step_content(step), allow_nan=False)) for step in told]


def made(steps_: list[dict], kind: str) -> list[tuple[str, list]]:
    return [(step["target"], step["value"]) for step in steps_ if step["kind"].startswith(kind)]


def test_forward_mode_frame_by_frame() -> None:
    assert made(steps(forward, case("forward-mode")), "tangent") == [
        ("W1", [[1, 1, 0, 0], [0, 0, 1, 1]]),
        ("W1", [[1, 1, 2, 2], [1, 1, 1, 1]]),
        ("W2", [[2, 2, 0, 0], [0, 0, 2, 2]]),
        ("W1", [[2, 2, 3, 3], [3, 3, 5, 5]]),
        ("W2", [[2, 2, 2, 2], [4, 4, 2, 2]]),
        ("W3", [[6, 4, 0, 0], [0, 0, 6, 4]]),
        ("W1", [[7, 7, 11, 11]]),
        ("W2", [[8, 8, 6, 6]]),
        ("W3", [[12, 8, 6, 4]]),
        ("W4", [[10, 16]]),
        ("W1", [[476, 476, 748, 748]]),
        ("W2", [[544, 544, 408, 408]]),
        ("W3", [[816, 544, 408, 272]]),
        ("W4", [[680, 1088]]),
    ]


def test_forward_mode_multiplies_the_matrices_of_the_lecture() -> None:
    told = steps(forward, case("forward-mode"))
    update = next(step for step in told if step["kind"] == "tangent.update")
    assert [operand["value"] for operand in update["operands"]] == [[[1, 2], [1, 1]], [[1, 1, 0, 0], [0, 0, 1, 1]]]
    assert [step["multiplications"] for step in told if step["multiplications"]] == [16, 16, 16, 8, 8, 8, 4, 4, 4, 2]
    assert max(step["held"] for step in told) == 26


def test_forward_mode_of_two_layers() -> None:
    told = steps(forward, case("two-layers"))
    assert made(told, "forward") == [("g", [5, 4]), ("f", [13, 9])]
    assert made(told, "tangent") == [
        ("W_g", [[2, 1, 0, 0], [0, 0, 2, 1]]),
        ("W_g", [[2, 1, 4, 2], [2, 1, 2, 1]]),
        ("W_f", [[5, 4, 0, 0], [0, 0, 5, 4]]),
    ]


def test_reverse_mode_fills_the_storage_and_empties_it() -> None:
    told = steps(reverse, case("reverse-mode"))
    assert made(told, "store") == [("h1", [2, 2]), ("h2", [6, 4]), ("h3", [10, 16]), ("h4", [36]), ("loss", 1)]
    assert [step["held"] for step in told if step["kind"] == "store"] == [2, 4, 6, 7, 8]
    assert [step["held"] for step in told[-8:]] == [6, 4, 4, 2, 2, 0, 0, 0]
    released = [name for step in told for name in step["releases"]]
    assert released == ["loss", "h4", "h3", "h2", "h1"]


def test_reverse_mode_frame_by_frame() -> None:
    told = steps(reverse, case("reverse-mode"))
    back = [step for step in told if step["kind"].startswith(("cotangent", "gradient"))]
    assert [(step["kind"], step["target"], step["value"]) for step in back] == [
        ("cotangent.init", "h4", [[2]]),
        ("gradient", "W4", [[20, 32]]),
        ("cotangent.update", "h3", [[4, 2]]),
        ("gradient", "W3", [[24, 16, 12, 8]]),
        ("cotangent.update", "h2", [[8, 6]]),
        ("gradient", "W2", [[16, 16, 12, 12]]),
        ("cotangent.update", "h1", [[14, 22]]),
        ("gradient", "W1", [[14, 14, 22, 22]]),
    ]
    assert sum(step["multiplications"] for step in told) == 36
    assert back[3]["operands"][1]["value"] == [[6, 4, 0, 0], [0, 0, 6, 4]]
    assert back[3]["reads"] == ["h2"]


def test_a_vector_output_begins_with_the_identity() -> None:
    told = steps(reverse, case("one-layer"))
    assert made(told, "cotangent.init") == [("f", [[1, 0], [0, 1]])]
    assert made(told, "gradient") == [("W_f", [[5, 4, 0, 0], [0, 0, 5, 4]])]


@pytest.mark.parametrize("engine", [forward, reverse], ids=["forward", "reverse"])
def test_contributions_of_a_shared_weight_are_added_in_a_step(engine) -> None:
    """x = [1, 1], W = [[1, 1], [2, 1]] twice, y = (5, 6): uses contribute [[4, 4], [2, 2]] and [[0, 0], [4, 6]]."""
    shared = {"type": "linear", "weight": "W"}
    content = {"input": [1, 1], "target": [5, 6], "parameters": {"W": [[1, 1], [2, 1]]}, "loss": "squared_error"}
    told = steps(engine, spec({**content, "layers": [shared, shared]}))
    added = [step for step in told if step["kind"] == "accumulate" and step["target"] == "W"]
    assert len(added) == 1
    final = [step for step in told if step["target"] == "W"][-1]["value"]
    assert final == [[4, 4, 6, 8]]
    if engine is reverse:
        assert [operand["value"] for operand in added[0]["operands"]] == [[[0, 0, 4, 6]], [[4, 4, 2, 2]]]


@pytest.mark.parametrize("engine", [forward, reverse], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", ["loss-cross_entropy-batch", "act-softmax", "dag-shared-weight", "shape-vector-out"])
def test_every_product_is_the_product_of_its_operands(engine, name: str) -> None:
    trace = case(name)
    told = steps(engine, trace, [*trace.parameters, "x"])
    products = [
        s for s in told if s["kind"].endswith("update") or (s["kind"] == "gradient" and len(s["operands"]) == 2)
    ]
    assert products
    for step in products:
        left, right = (np.array(operand["value"]) for operand in step["operands"])
        assert left @ right == pytest.approx(np.array(step["value"]), rel=1e-12, abs=1e-15)
        is_seed = step["operands"][0]["name"] == f"∂{trace.output}/∂{trace.output}"  # the identity: no product
        assert step["multiplications"] == (0 if is_seed else left.shape[0] * left.shape[1] * right.shape[1])


@pytest.mark.parametrize("engine", [forward, reverse], ids=["forward", "reverse"])
def test_the_last_step_of_each_name_is_its_gradient(engine) -> None:
    trace = case("loss-huber-batch")
    result = engine.run(engine.plan(trace, list(trace.parameters)))
    told = steps(engine, trace)
    for name, gradient in result.gradients.items():
        last = [step for step in told if step["target"] == name][-1]
        assert np.ravel(last["value"]) == pytest.approx(np.ravel(gradient), rel=1e-12)


def test_numbers_that_json_has_not_are_texts() -> None:
    with np.errstate(divide="ignore"):
        told = steps(reverse, spec({"input": [0], "layers": [{"type": "sqrt"}]}), ["x"])
    assert made(told, "gradient") == [("x", [["Infinity"]])]


def test_a_program_begins_with_the_output_s_own_grad_1() -> None:
    """d = (a + b)², a = 2, b = 3: d.grad = 1, c.grad = 2·5·1, and that for a and b."""
    told = steps(reverse, spec({"parameters": {"a": 2, "b": 3}, "program": ["c = a + b", "d = c ** 2"]}))
    back = [s for s in told if s["kind"].startswith(("cotangent", "gradient", "accumulate"))]
    assert [(s["kind"], s["target"], s["value"], len(s["operands"])) for s in back] == [
        ("cotangent.init", "d", [[1]], 0),
        ("cotangent.update", "c", [[10]], 2),
        ("gradient", "a", [[10]], 2),
        ("gradient", "b", [[10]], 2),
    ]


def test_a_program_adds_where_a_name_receives_twice() -> None:
    """e = (a b)(a b) a, a = 2, b = 3: c = 6 receives 12 twice; a receives 36 and 24·3."""
    told = steps(reverse, spec({"parameters": {"a": 2, "b": 3}, "program": ["c = a * b", "d = c * c", "e = d * a"]}))
    added = [(s["target"], [o["value"] for o in s["operands"]], s["value"]) for s in told if s["kind"] == "accumulate"]
    assert added == [("c", [[[12]], [[12]]], [[24]]), ("a", [[[36]], [[72]]], [[108]])]


def test_a_step_of_a_deep_net_costs_no_more_than_one_of_a_shallow_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its directions stand is found once for each node, not again for each of the names that reach it."""
    calls = 0

    def counted(*args):
        nonlocal calls
        calls += 1
        return places_of(*args)

    places_of = forward_steps.places_of
    monkeypatch.setattr(forward_steps, "places_of", counted)
    told = steps(forward, spec({"input": [1], "layers": [{"type": "linear", "weight": [[1]]}] * 50}))
    assert len(told) == 50 + 50 * 51 // 2 and calls <= 2 * 50
