"""Nothing on a slide gives away what its formulas reveal only in a later phase."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from adcli.engines.checkpoints import planned
from adcli.errors import AdcliError
from adcli.explain.blocks import Formula, Group
from adcli.explain.deck import Block, Slide
from adcli.explain.drawings import Graph, ParameterBox, Pill, Tracker
from adcli.explain.maths import Expression, Label, Listed, Mark, Matrix, Name, Number, Partial
from adcli.explain.names import plain
from adcli.explain.progress import Late, State
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
LECTURE = str(SPECS[0].parent / "forward-mode.yaml")
TWICE = "input: {a: 1.5, b: -2}\nprogram:\n- c = a * b + a\n- d = c ** 2 + a\n"
CHECKPOINT = "reverse with checkpoints"


def slides(trace: Trace, mode: str, lines: tuple[str, ...] | None) -> tuple[Slide, ...]:
    schedule = planned(trace, "sqrt") if mode == CHECKPOINT else None
    request = Request(mode.split()[0], tuple(trace.parameters or trace.inputs), schedule=schedule, lines=lines)
    return told(trace, request)[0].slides


def numbers(expression: Expression | None) -> np.ndarray | None:
    match expression:
        case Matrix() | Listed():
            return np.asarray(expression.array).reshape(-1)
        case Number():
            return np.array([expression.value])
    return None


def same(one: Expression | None, other: Expression | None) -> bool:
    a, b = numbers(one), numbers(other)
    return a is not None and b is not None and np.array_equal(a, b, equal_nan=True)


def late_results(blocks: tuple[Block, ...]) -> Iterator[tuple[Expression, Expression, int]]:
    """The left side, the result and its phase of each line whose result is not there from the start."""
    for block in blocks:
        for line in block.formulas if isinstance(block, Group) else (block,):
            if isinstance(line, Formula) and line.parts[-1].phase > 0:
                yield line.left, line.parts[-1].expression, line.parts[-1].phase


def face(late: Late | None, phase: int) -> Expression | None:
    return None if late is None else late.expression if phase >= late.since else late.before


def stands(slide: Slide, left: Expression, result: Expression, phase: int) -> list[str]:
    """Where the pictures of a slide show, in a phase, the result of a line."""
    found = []
    wire = slide.strip.wire if slide.strip else ()
    boxes: tuple[ParameterBox, ...] = slide.strip.parameters if slide.strip else ()
    slots = slide.storage.slots if slide.storage else ()
    if isinstance(left, Name) and left.mark is Mark.NONE:
        found += [f"pill {p.name}" for p in wire if isinstance(p, Pill) and p.name == left if known(p, phase)]
        found += [f"slot {s.name}" for s in slots if s.name == left and s.progress.at(phase) in (State.HELD, State.NOW)]
    if isinstance(left, Name) and left.mark is Mark.TILDE:
        under = [p for p in wire if isinstance(p, Pill) and left[:2] in (("h", ""), p.name[:2])]
        found += [f"under {p.name}" for p in under if same(face(p.below, phase), result)]
        found += [f"hand {s.name}" for s in slots if s.name == left and s.progress.at(phase) is State.IN_HAND]
    if isinstance(left, Partial):
        at_rest = {box.name for box in boxes if box.progress.at(phase) is State.DONE}
        drawn = {box.name for box in boxes}
        found += [f"✓ {left.by}"] if left.by in at_rest or left.by not in drawn else []
    if isinstance(left, Label):
        graphs = [block for block in slide.stage if isinstance(block, Graph)]
        vertices = [vertex for graph in graphs for vertex in graph.vertices]
        named = [v for v in vertices if f"{v.name.base}{v.name.sub}.grad" == left.text]
        found += [f"grad {v.name}" for v in named if same(face(v.grad, phase), result)]
    return found


def known(pill: Pill, phase: int) -> bool:
    return pill.value is not None and pill.progress.at(phase) is not State.TO_COME


def shows_too_much(told: tuple[Slide, ...]) -> tuple[list[str], int]:
    """What stands in a picture before its line says it, though not yet on the slide before; and how many results
    the pictures show at last."""
    early, count = [], 0
    for before, slide in zip((None, *told), told, strict=False):
        for left, result, phase in late_results(slide.stage):
            count += len(stands(slide, left, result, slide.last_phase))
            earlier = stands(before, left, result, before.last_phase) if before else []
            places = [p for p in stands(slide, left, result, phase - 1) if p not in earlier]
            early += [f"{slide.id}: {place} in phase {phase - 1}, its line says it in {phase}" for place in places]
    return early, count


@pytest.mark.parametrize("mode", ["forward", "reverse", CHECKPOINT])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_pictures_show_a_result_not_before_its_line(spec: Path, mode: str) -> None:
    trace = build_trace(read_spec(read_source(str(spec))))
    try:
        early, count = shows_too_much(slides(trace, mode, None))
    except AdcliError as error:
        assert mode == CHECKPOINT and "chain" in str(error), error
        return
    assert early == []
    assert count >= min(len(trace.nodes), 12)


@pytest.mark.parametrize("text", [(SPECS[0].parent / "micrograd.yaml").read_text(), TWICE])
def test_a_program_adds_to_a_grad_not_before_its_line(text: str) -> None:
    trace = build_trace(read_spec(Source("spec.yaml", text, ".")))
    lines = tuple(yaml.safe_load(text)["program"])
    early, count = shows_too_much(slides(trace, "reverse", lines))
    assert early == []
    assert count >= 3


def test_what_flows_along_an_edge_stands_with_its_line() -> None:
    """c.grad += 10·1 is phase 1; the product on the edge would give it away."""
    trace = build_trace(read_spec(Source("spec.yaml", TWICE, ".")))
    told = slides(trace, "reverse", tuple(yaml.safe_load(TWICE)["program"]))
    steps = [slide for slide in told if slide.kind == "program.node"]
    for slide in steps:
        lines = {block.phase for block in slide.stage if isinstance(block, Formula) and isinstance(block.left, Label)}
        labels = [e.label for block in slide.stage if isinstance(block, Graph) for e in block.edges if e.label]
        assert lines == {1} and {label.since for label in labels} == {1} and not any(label.before for label in labels)
    assert len(steps) == len(trace.nodes)


def test_values_run_through_the_network_with_the_rows_of_its_table() -> None:
    network = slides(build_trace(read_spec(read_source(LECTURE))), "forward", None)[0]
    pills = [item for item in network.strip.wire if isinstance(item, Pill)] if network.strip else []
    seen = [sum(known(pill, phase) for pill in pills) for phase in range(network.last_phase + 1)]
    assert seen == [1, 2, 3, 4, 5, 6]  # the input, then a value a phase


def test_the_meter_fills_with_the_storage_and_empties_on_the_way_back() -> None:
    found = slides(build_trace(read_spec(read_source(LECTURE))), "reverse", None)
    filling = next(slide for slide in found if slide.kind == "forward.pass").storage
    levels = []
    meter = filling.meter if filling else None
    while meter:
        levels.append((meter.since, meter.now))
        meter = meter.before
    assert levels[::-1] == [(0, 0), (1, 2), (2, 4), (3, 6), (4, 7), (5, 8)]
    meters = [slide.storage.meter for slide in found if slide.kind.startswith("backward") and slide.storage]
    assert [(m.before.now, m.now) for m in meters if m and m.before] == [(8, 6), (6, 4), (4, 2), (2, 0)]


GONE = {State.LET_GO, State.NEVER_READ, State.NOT_KEPT}
BATCH = """
input: {x: [[1, 2, -1], [0, 1, 1], [2, -1, 0]]}
target: {y: [0, 2, 1]}
layers:
  - {type: linear, weight: [[1, 0, 1], [0, 1, -1]], bias: [0, 1], activation: tanh}
  - {type: linear, weight: [[1, 1], [2, -1], [0, 1]], bias: [0, 0, 1]}
loss: cross_entropy
"""


def row_of(slide: Slide) -> list[tuple[str, list[State]]]:
    """The slots of a storage row, and how far each is in every phase."""
    slots = slide.storage.slots if slide.storage else ()
    return [(plain(s.name), [s.progress.at(n) for n in range(slide.last_phase + 1)]) for s in slots]


def test_the_loss_goes_when_the_way_back_begins_with_what_is_computed_again() -> None:
    """z₁ 3×2, h₁ 3×2 and ℓ: 13 numbers. h₂ 3×3 comes and ℓ, which no VJP reads, goes: 21."""
    told = slides(build_trace(read_spec(Source("batch.yaml", BATCH, "."))), CHECKPOINT, None)
    again = next(slide for slide in told if slide.kind == "backward.recompute")
    assert row_of(again)[-1] == ("ℓ", [State.HELD, State.NEVER_READ])
    meter = again.storage.meter if again.storage else None
    assert meter and meter.before and (meter.before.now, meter.now) == (13, 21)


def test_what_is_not_kept_is_at_hand_until_the_next_step_has_read_it() -> None:
    """h₂ is the last of its slide, and the loss, on the next one, reads it. It is not stored: 12 numbers, then 13."""
    told = slides(build_trace(read_spec(Source("batch.yaml", BATCH, "."))), CHECKPOINT, None)
    *_, third, fourth = [slide for slide in told if slide.kind == "forward.pass"]
    assert dict(row_of(third))["h₂"] == [State.TO_COME, State.IN_HAND]
    assert dict(row_of(fourth))["h₂"] == [State.IN_HAND, State.NOT_KEPT]
    assert [slide.storage.meter.now for slide in (third, fourth) if slide.storage and slide.storage.meter] == [12, 13]


def test_what_is_not_kept_is_not_let_go_before_the_line_that_reads_it() -> None:
    """Of four blocks h₁, h₂ and h₄ are kept; h₄ is computed from h₃ in phase 4."""
    told = slides(build_trace(read_spec(read_source(str(SPECS[0].parent / "checkpoint.yaml")))), CHECKPOINT, None)
    (filling,) = [slide for slide in told if slide.kind == "forward.pass"]
    assert dict(row_of(filling))["h₃"] == [State.TO_COME] * 4 + [State.NOT_KEPT]


@cache
def story(spec: Path, mode: str) -> tuple[Slide, ...]:
    """The slides of a spec; none where it can't be told so."""
    try:
        return slides(build_trace(read_spec(read_source(str(spec)))), mode, None)
    except AdcliError:
        assert mode == CHECKPOINT
        return ()


EVERY_STORY = pytest.mark.parametrize(
    ("spec", "mode"),
    [(spec, mode) for spec in SPECS for mode in ("forward", "reverse", CHECKPOINT)],
    ids=lambda value: getattr(value, "stem", value),
)


@EVERY_STORY
def test_a_chain_is_done_with_all_of_its_factors_and_no_earlier(spec: Path, mode: str) -> None:
    for slide in story(spec, mode):
        for chain in (chain for block in slide.side if isinstance(block, Tracker) for chain in block.chains):
            for phase in range(slide.last_phase + 1):
                factors = {factor.progress.at(phase) for factor in chain.factors}
                if chain.progress.at(phase) is State.DONE:
                    at_last = phase == slide.last_phase and mode == "forward"  # where the last factor stays marked
                    assert factors <= ({State.DONE, State.NOW} if at_last else {State.DONE}), (slide.id, phase)


@EVERY_STORY
def test_a_factor_is_worked_at_until_the_last_phase_of_its_slide(spec: Path, mode: str) -> None:
    for slide in story(spec, mode):
        for chain in (chain for block in slide.side if isinstance(block, Tracker) for chain in block.chains):
            for factor in chain.factors:
                seen = [factor.progress.at(phase) for phase in range(slide.last_phase + 1)]
                assert len(set(seen[:-1])) <= 1, (slide.id, seen)
                assert seen[-1] is State.DONE or len(set(seen)) == 1, (slide.id, seen)


def gone(slide: Slide, phase: int) -> set[Name]:
    slots = slide.storage.slots if slide.storage else ()
    return {slot.name for slot in slots if slot.progress.at(phase) in GONE}


@EVERY_STORY
def test_what_a_step_lets_go_is_there_until_its_last_phase(spec: Path, mode: str) -> None:
    told = [slide for slide in story(spec, mode) if slide.storage]
    for before, slide in pairwise(told):
        shown = {slot.name for slot in (before.storage.slots if before.storage else ())}
        for phase in range(slide.last_phase):
            assert gone(slide, phase) & shown <= gone(before, before.last_phase), (slide.id, phase)


def test_what_will_be_computed_again_is_not_let_go_for_good() -> None:
    """With no checkpoint at all, every value is computed again for each step back."""
    spec = SPECS[0].parent / "vanishing.yaml"
    trace = build_trace(read_spec(read_source(str(spec))))
    request = Request("reverse", tuple(trace.parameters), detail="full", schedule=planned(trace, "0"))
    deck, scene = told(trace, request)
    names = {scene.names[name]: name for name in trace.shapes}
    gone_for_good: set[str] = set()
    again = 0
    for slide in deck.slides:
        targets = {step.target for step in slide.steps if step.kind == "recompute"}
        assert not targets & gone_for_good, slide.id
        again += len(targets)
        for slot in slide.storage.slots if slide.storage else ():
            if slot.progress.state is State.LET_GO and slot.name in names:
                gone_for_good.add(names[slot.name])
    assert again > len(trace.nodes) and gone_for_good


def test_a_parameter_has_its_gradient_when_its_tangent_has() -> None:
    """The last step of forward mode: value in phase 1, tangents of the loss, which are the gradients, in phase 2."""
    last = [slide for slide in story(Path(LECTURE), "forward") if slide.kind == "forward.step"][-1]
    boxes = last.strip.parameters if last.strip else ()
    assert [sum(box.progress.at(phase) is State.DONE for box in boxes) for phase in range(3)] == [0, 0, 4]


def test_a_row_of_the_chain_rule_stays_ticked() -> None:
    found = slides(build_trace(read_spec(read_source(LECTURE))), "reverse", None)
    back = [slide for slide in found if slide.kind == "backward.step"]
    ticked = [
        [
            sum(chain.progress.at(phase) is State.DONE for chain in slide.side[0].chains)
            for phase in (0, slide.last_phase)
        ]
        for slide in back
        if isinstance(slide.side[0], Tracker)
    ]
    assert ticked == [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_the_meter_of_forward_mode_follows_its_step() -> None:
    found = slides(build_trace(read_spec(read_source(LECTURE))), "forward", None)
    meters = [slide.storage.meter for slide in found if slide.kind == "forward.step" and slide.storage]
    assert [(m.before.now if m.before else m.now, m.now) for m in meters if m] == [
        (0, 10),
        (10, 18),
        (18, 26),
        (26, 15),
        (15, 15),
    ]


def test_a_forward_pass_does_not_begin_at_its_last_step() -> None:
    found = slides(build_trace(read_spec(read_source(LECTURE))), "reverse", None)
    position = next(slide for slide in found if slide.kind == "forward.pass").position
    assert position is not None
    assert (position.text, position.step) == ("forward pass, 1–5 of 5", 0)


@pytest.mark.parametrize(("numbers", "most"), [("[1, 20, 3, -4]", 6), ("[-0.7459, -1.133, 0.3756, 0.9909]", 2)])
def test_pictures_show_how_a_list_of_many_digits_begins(numbers: str, most: int) -> None:
    text = f"input: {numbers}\nlayers: [{{type: linear, weight: [[1, 2, 3, 4]]}}]\n"
    strip = slides(build_trace(read_spec(Source("spec.yaml", text, "."))), "reverse", None)[0].strip
    pill = strip.wire[0] if strip else None
    assert isinstance(pill, Pill) and isinstance(pill.value, Listed)
    assert pill.value.most == most


def test_a_network_is_described_from_its_input_to_its_output() -> None:
    trace = build_trace(read_spec(Source("spec.yaml", "input: 1\nlayers:\n" + "- {type: tanh}\n" * 12, ".")))
    told_of = [slide.strip.alt for slide in slides(trace, "reverse", None) if slide.strip]
    assert told_of[0] == "The network: x → h1 → h2 → h3 → ⋯ → h11 → h12"
    assert "The network: x → h1 → h2 → h3 → ⋯ → h11 → h12; now: h12" in told_of
