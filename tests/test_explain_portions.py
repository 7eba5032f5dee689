"""A step of forward mode that is too high for one slide is told on several, each true at its moment."""

from __future__ import annotations

import re
from functools import cache
from math import prod
from pathlib import Path

import pytest
from conftest import slides_in

from adcli.explain.blocks import Formula, Text, Words, Work
from adcli.explain.deck import Slide
from adcli.explain.drawings import ParameterBox, Tracker
from adcli.explain.maths import Name
from adcli.explain.names import plain
from adcli.explain.progress import State
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
FOLDER = SPECS[0].parent
WIDE = """
input: {random: normal, shape: [16], seed: 1}
layers:
  - {type: linear, weight: {random: normal, shape: [16, 16], seed: 2}, bias: {random: normal, shape: [16], seed: 3}}
  - {type: linear, weight: {random: normal, shape: [16, 16], seed: 4}, bias: {random: normal, shape: [16], seed: 5}}
  - {type: tanh}
"""


@cache
def story(name: str, detail: str = "normal", wrt: tuple[str, ...] = (), lang: str = "en") -> list[Slide]:
    return slides(build_trace(read_spec(read_source(str(FOLDER / f"{name}.yaml")))), detail, wrt, lang)


def slides(trace: Trace, detail: str = "normal", wrt: tuple[str, ...] = (), lang: str = "en") -> list[Slide]:
    request = Request("forward", wrt or tuple(trace.parameters or trace.inputs), lang, detail)
    return [slide for slide in told(trace, request)[0].slides if slide.kind == "forward.step"]


def portions(name: str, step: int) -> list[Slide]:
    return [slide for slide in story(name) if slide.position and slide.position.step == step]


def words(runs: tuple[object, ...]) -> str:
    return "".join(run.text if isinstance(run, Words) else plain(run) if isinstance(run, Name) else "∂" for run in runs)


def rows(slide: Slide, phase: int) -> list[tuple[str, list[State]]]:
    """Of each row of the chain rule what it ends with, and how far its factors are."""
    (tracker,) = [block for block in slide.side if isinstance(block, Tracker)]
    return [
        (plain(chain.factors[-1].expression.by), [factor.progress.at(phase) for factor in chain.factors])
        for chain in tracker.chains
    ]


# --- which steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["forward-mode", "two-layers", "one-layer", "order", "reverse-mode", "skip"])
def test_a_step_of_the_lecture_has_one_slide(name: str) -> None:
    """A frame of the lecture is a slide."""
    texts = [slide.position.text for slide in story(name) if slide.position]
    assert texts == [f"step {n} of {len(texts)}" for n in range(1, len(texts) + 1)]


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_step_forward_fits_a_terminal(run, monkeypatch, spec: Path, lang: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = run("explain", str(spec), "--mode", "forward", "--lang", lang).stdout
    high = {head: slide.count("\n") for head, slide in slides_in(text).items()}
    steps = {head: lines for head, lines in high.items() if re.search("(step|langkah) ", head)}
    assert len(steps) == len(story(spec.stem)) + sum("steps" in h or "–" in h for h in steps)
    assert {head: lines for head, lines in steps.items() if lines > 24} == {}


# --- the classifier, whose numbers one counts by hand ----------------------------------------------------------------


def test_each_slide_of_a_step_says_what_it_does() -> None:
    titles = [(s.position.text, words(s.title)) for n in (3, 4) for s in portions("classifier", n) if s.position]
    assert titles == [
        ("step 3 of 4, part 1 of 2", "Push W₁ and b₁ through f₂"),
        ("step 3 of 4, part 2 of 2", "Start W₂ and b₂"),
        ("step 4 of 4, part 1 of 3", "The loss, and its slope ∂"),
        ("step 4 of 4, part 2 of 3", "The loss: W₁ and b₁ become rows"),
        ("step 4 of 4, part 3 of 3", "The loss: W₂ and b₂ become rows"),
    ]
    ids = [slide.id for slide in story("classifier")]
    assert len(set(ids)) == len(ids)


def test_what_is_held_is_counted_at_each_slide() -> None:
    """Ŵ₁ 3×6, b̂₁ 3×3 and h₂: 30 numbers; with Ŵ₂ 3×9 and b̂₂ 3×3 there are 66. Then rows of 6, 3, 9 and 3, and ℓ."""
    found = [(slide.storage, slide.last_phase) for n in (3, 4) for slide in portions("classifier", n) if slide.storage]
    levels = [(meter.before.now if meter.before else meter.now, meter.now) for s, _ in found if (meter := s.meter)]
    assert levels == [(30, 30), (30, 66), (66, 64), (64, 46), (46, 22)]
    tangents = [
        {plain(slot.name): slot.shape for slot in s.slots if "×" in slot.shape and slot.note == ""} for s, _ in found
    ]
    before = {"W₁": "3×6", "b₁": "3×3", "W₂": "3×9", "b₂": "3×3"}
    rows_1 = {"W₁": "1×6", "b₁": "1×3"}
    shown = [{k: v for k, v in own.items() if k[0] in "Wb"} for own in tangents]
    assert shown == [
        {"W₁": "3×6", "b₁": "3×3"},
        before,
        before,
        before | rows_1,
        {"W₁": "1×6", "b₁": "1×3", "W₂": "1×9", "b₂": "1×3"},
    ]
    gone = [[plain(s.name) for s in storage.slots if s.progress.at(last) is State.LET_GO] for storage, last in found]
    assert gone == [[], ["h₁"], [], [], ["h₂"]]


@pytest.mark.parametrize("name", ["xor", "classifier", "forward-mode", "two-layers"])
def test_the_meter_counts_what_the_row_holds(name: str) -> None:
    """Tangents and the newest value. In XOR's step 3 it is Ŵ₁ 8×4, b̂₁ 8×2 and h₂ 4×1; h₁, of which Ŵ₂ will be read, is
    in hand."""
    rows = [(slide.storage, slide.last_phase) for slide in story(name) if slide.storage]
    aside = (State.LET_GO, State.IN_HAND)
    counted = [
        sum(
            prod(int(length) for length in slot.shape.split("×") if length)
            for slot in row.slots
            if slot.progress.at(last) not in aside
        )
        for row, last in rows
    ]
    assert [row.meter.now for row, _ in rows if row.meter] == counted
    if name == "xor":
        assert 52 in counted and sum(s.progress.at(2) is State.IN_HAND for row, _ in rows for s in row.slots) > 2


def test_multiplications_stand_with_the_products_that_take_them() -> None:
    """3·3·6 + 3·3·3 = 81 in step 3; in step 4 1·3·6 + 1·3·3 = 27 and 1·3·9 + 1·3·3 = 36."""
    facts = [words(s.storage.facts) for n in (3, 4) for s in portions("classifier", n) if s.storage]
    assert facts == [
        " · here 3·3·6 + 3·3·3 = 81 multiplications",
        "",
        "",
        " · here 1·3·6 + 1·3·3 = 27 multiplications",
        " · full Jacobians: 1·3·9 + 1·3·3 = 36 multiplications",
    ]


def test_the_chain_rule_is_at_the_factors_of_its_slide() -> None:
    done, now, to_come = State.DONE, State.NOW, State.TO_COME
    first, second = portions("classifier", 3)
    later = [("W₂", [to_come, to_come]), ("b₂", [to_come, to_come])]
    assert rows(first, 2) == [(p, [to_come, now, done, done]) for p in ("W₁", "b₁")] + later
    begun = [("W₂", [to_come, now]), ("b₂", [to_come, now])]
    assert rows(second, 0) == [(p, [to_come, done, done, done]) for p in ("W₁", "b₁")] + begun
    loss = [[states[0] for _, states in rows(slide, slide.last_phase)] for slide in portions("classifier", 4)]
    assert loss == [[to_come] * 4, [now, now, to_come, to_come], [done, done, now, now]]


def test_a_parameter_is_ticked_on_the_slide_of_its_gradient() -> None:
    boxes: list[tuple[ParameterBox, ...]] = [s.strip.parameters for s in portions("classifier", 4) if s.strip]
    ticked = [[sum(box.progress.at(phase) is State.DONE for box in own) for phase in (0, 1, 2)] for own in boxes]
    assert ticked == [[0, 0, 0], [0, 0, 2], [2, 2, 4]]


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_entry_by_hand_stands_beside_its_product(spec: Path) -> None:
    for slide in story(spec.stem):
        tinted = "Tint(row=None, column=None, entry=(" in repr([b for b in slide.stage if isinstance(b, Formula)])
        assert tinted == any(isinstance(block, Work) for block in slide.side), slide.id


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_portions_tell_the_steps_of_the_whole_in_order(spec: Path, monkeypatch) -> None:
    told_so = [(step.kind, step.target, step.held) for slide in story(spec.stem) for step in slide.steps]
    monkeypatch.setattr("adcli.explain.portions.MOST_HIGH", 1000)
    trace = build_trace(read_spec(read_source(str(spec))))
    whole = slides(trace)
    assert [(step.kind, step.target, step.held) for slide in whole for step in slide.steps] == told_so
    assert len({slide.id for slide in whole}) == len(whole) <= len(story(spec.stem))


# --- shared weights, one parameter, wide nets ----------------------------------------------------------------------


def test_a_contribution_is_not_yet_the_tangent() -> None:
    """∂h₃/∂h₂ Ŵ alone is no Ŵ: the use of W in f₃ is still to be added."""
    first, second = portions("shared-weight", 4)
    results = [
        [chain.result is not None for chain in block.chains]
        for slide in (first, second)
        for block in slide.side
        if isinstance(block, Tracker)
    ]
    assert results == [[False, False, False], [True, True, True]]
    assert [words(slide.title) for slide in (first, second)] == ["Push W through f₃", "Add this use of W"]


def test_the_story_of_one_parameter_speaks_of_that_alone() -> None:
    assert [words(s.title) for s in story("classifier", wrt=("W2",)) if s.position and s.position.step > 2] == [
        "Start W₂",
        "The loss, and its slope ∂",
        "The loss: W₂ becomes a row",
    ]


def test_a_wide_net_tells_two_tangents_of_a_step_and_counts_the_others() -> None:
    last = [slide for slide in slides(build_trace(read_spec(Source("wide.yaml", WIDE, ".")))) if slide.position]
    own = [slide for slide in last if slide.position and slide.position.step == 3]
    assert [words(slide.title) for slide in own] == [
        "Push W₁ through tanh",
        "Push b₁, W₂ and b₂ through tanh",
    ]
    assert [words(block.runs) for block in own[-1].stage if isinstance(block, Text)] == [
        "… and 2 more tangents, each multiplied by the same Jacobian."
    ]


def test_a_forward_pass_too_high_for_a_slide_goes_on_to_the_next(run) -> None:
    """XOR: four rows a value; the lecture's net has two, and its five values stand together, as in the lecture."""
    heads = re.findall(r"forward pass, ([^ ]* of \d)", run("explain", "specs/xor.yaml").stdout)
    assert heads == ["1–2 of 4", "3 of 4", "4 of 4"]
    assert re.findall(r"forward pass, ([^ ]* of \d)", run("explain", "specs/reverse-mode.yaml").stdout) == ["1–5 of 5"]


def test_the_tangent_of_a_value_begins_once_and_lies_in_memory_once(run) -> None:
    """ĥ₁ begins as I at h₁, and ∂h₂/∂h₁ takes its place: 9 numbers beside Ŵ₁'s 18 and the three of h₂."""
    text = run("explain", "specs/classifier.yaml", "--mode", "forward", "--wrt", "h1", "--wrt", "W1").stdout
    assert text.count("start ĥ₁") == 1 and "waits" not in text
    at = next(part for part in text.split("\n\nForward mode ·") if "Push Ŵ₁ and ĥ₁ through f₂" in part)
    assert "in memory [Ŵ₁ 3×6] [ĥ₁ 3×3] [h₂ 2 2 2]" in at and "30 numbers" in at


SKIP = """
parameters: {W: [[1, 0.5], [-1, 2]]}
input: {x: [[1, 2], [0, 1], [-1, 1]]}
target: {y: [[1, 0], [0, 1], [1, 1]]}
layers:
  - {type: linear, weight: W, activation: sigmoid}
  - {type: linear, weight: W}
  - {type: add, inputs: [h1, h2]}
  - {type: linear, weight: W}
loss: mean_squared_error
"""
KINKS = """
input: {x: [1, -1]}
target: {y: [0, 0]}
layers:
  - {type: linear, weight: [[0, 0], [0, 0]], bias: [0, 0], activation: relu}
  - {type: identity}
  - {type: linear, weight: [[1, 1], [0, 1]]}
loss: absolute_error
"""


def test_a_sum_that_does_not_fit_beside_its_last_term_has_a_slide_of_its_own() -> None:
    """Both ways of Ŵ around a layer are 6×6 times 6×4: 8 lines, and 9 of the sum."""
    found = [slide for slide in slides(build_trace(read_spec(Source("skip.yaml", SKIP, ".")))) if slide.position]
    own = [slide for slide in found if slide.position and slide.position.step == 4]
    assert [words(slide.title) for slide in own] == [
        "First the value, h₃",
        "Push W through +",
        "The other way of W through +",
        "The parts of W add up",
    ]
    assert [step.kind for step in own[-1].steps] == ["accumulate"]


def test_the_warning_of_a_kink_takes_room() -> None:
    """Of absolute errors with three products of 2 lines each: the slide of the loss had 32 lines of a terminal."""
    found = slides(build_trace(read_spec(Source("kinks.yaml", KINKS, "."))))
    own = [slide for slide in found if slide.position and slide.position.step == 5]
    warned = ["kink" in words(block.runs) for slide in own for block in slide.stage if isinstance(block, Text)]
    assert (len(own), warned) == (2, [True])
