"""A step back that is too high for one slide: the gradients first, then the next cotangent."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import slides_in

from adcli.explain.blocks import Group, Words
from adcli.explain.deck import Numbers, Slide
from adcli.explain.drawings import Tracker
from adcli.explain.maths import Mark, Name, Partial, Raw
from adcli.explain.names import plain
from adcli.explain.progress import State
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
LECTURE = ["forward-mode", "two-layers", "one-layer", "order", "reverse-mode", "skip", "checkpoint"]


def story(name: str, detail: str = "normal", digits: int = 4) -> list[Slide]:
    return of_trace(build_trace(read_spec(read_source(str(SPECS[0].parent / f"{name}.yaml")))), detail, digits)


def of_text(spec: str, wrt: tuple[str, ...] = ()) -> list[Slide]:
    return of_trace(build_trace(read_spec(Source("spec.yaml", spec, "."))), wrt=wrt)


def of_trace(trace: Trace, detail: str = "normal", digits: int = 4, wrt: tuple[str, ...] = ()) -> list[Slide]:
    numbers = Numbers(digits, trace.has_fractions)
    request = Request("reverse", wrt or tuple(trace.parameters or trace.inputs), "en", detail, numbers)
    return [*told(trace, request)[0].slides]


def pieces(slides: list[Slide] | str, step: int) -> list[Slide]:
    """The slides of a step back, of a story or of a spec of that name."""
    own = story(slides) if isinstance(slides, str) else slides
    return [s for s in own if s.kind == "backward.step" and s.position and s.position.step == step]


def words(runs: tuple[object, ...]) -> str:
    return "".join(map(word, runs))


def word(run: object) -> str:
    if isinstance(run, Words):
        return run.text
    if isinstance(run, Partial):
        return f"∂{word(run.of)}/∂{word(run.by)}"
    assert isinstance(run, Name)
    return plain(run) + "~" * (run.mark is Mark.TILDE)


@pytest.mark.parametrize("name", LECTURE)
def test_a_step_back_of_the_lecture_has_one_slide(name: str) -> None:
    texts = [slide.position.text for slide in story(name) if slide.kind == "backward.step" and slide.position]
    assert texts and not any("part" in text for text in texts)


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_slide_of_reverse_mode_fits_a_terminal(run, monkeypatch, spec: Path, lang: str) -> None:
    """With a line for the keys."""
    monkeypatch.setenv("COLUMNS", "80")
    text = run("explain", str(spec), "--mode", "reverse", "--lang", lang).stdout
    high = {head: slide.rstrip("\n").count("\n") + 1 for head, slide in slides_in(text).items()}
    assert [*high][-1].endswith(f" {len(high)}/{len(high)}")
    assert {head: lines for head, lines in high.items() if lines > 23} == {}


def test_gradients_come_first_then_the_move() -> None:
    titles = [(s.position.text, words(s.title), words(s.sentence)) for s in pieces("classifier", 2) if s.position]
    assert [(at, title) for at, title, _ in titles] == [
        ("backward, step 2 of 4, part 1 of 2", "∂ℓ/∂W₂ and ∂ℓ/∂b₂: done"),
        ("backward, step 2 of 4, part 2 of 2", "h~ moves to h₁"),
    ]
    assert "Nothing that we ask for" not in titles[0][2]  # the move follows
    last = pieces("classifier", 4)[-1]
    assert words(last.sentence) == "Nothing that we ask for lies further back."


def test_the_chain_rule_of_a_piece_is_at_its_own_factors() -> None:
    """While W₂ and b₂ are told, ∂h₂/∂h₁ is to come, and h̃ stands for ∂ℓ/∂h₂ alone."""

    def of(slide: Slide, phase: int) -> dict[str, list[State]]:
        (tracker,) = [block for block in slide.side if isinstance(block, Tracker)]
        return {
            plain(chain.factors[-1].expression.by): [f.progress.at(phase) for f in chain.factors]
            for chain in tracker.chains
        }

    def spans(slide: Slide) -> list[tuple[int, int] | None]:
        (tracker,) = [block for block in slide.side if isinstance(block, Tracker)]
        return [chain.span for chain in tracker.chains]

    done, now, to_come = State.DONE, State.NOW, State.TO_COME
    first, second = pieces("classifier", 2)
    assert of(first, 0) == {
        **{key: [done, to_come, to_come, to_come] for key in ("W₁", "b₁")},
        **{key: [done, now] for key in ("W₂", "b₂")},
    }
    assert of(first, first.last_phase)["W₂"] == [done, done]
    assert [span and span[1] - span[0] for span in spans(first)] == [0, 0, None, None]
    assert of(second, 0) == {
        **{key: [done, now, to_come, to_come] for key in ("W₁", "b₁")},
        **{key: [done, done] for key in ("W₂", "b₂")},
    }
    assert [span and span[1] - span[0] for span in spans(second)] == [1, 1, None, None]


def test_products_are_counted_on_the_slide_that_takes_them() -> None:
    """1·3·9 + 1·3·3 for W₂ and b₂, then 1·3·3 for h₁."""
    facts = [words(s.storage.facts) for s in pieces("classifier", 2) if s.storage]
    assert facts == [
        " · full Jacobians: 1·3·9 + 1·3·3 = 36 multiplications",
        " · here 1·3·3 = 9 multiplications",
    ]


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_pieces_tell_the_steps_of_the_whole_in_order(spec: Path, monkeypatch) -> None:
    def steps() -> list[tuple[str, str, int]]:
        return [(step.kind, step.target, step.held) for slide in story(spec.stem) for step in slide.steps]

    cut = steps()
    for most in ("MOST_LINES", "MOST_ABOVE"):
        monkeypatch.setattr(f"adcli.explain.stretches.{most}", 1000)
    assert steps() == cut
    assert not any("part" in slide.position.text for slide in story(spec.stem) if slide.position)


def test_one_use_of_a_shared_weight_is_told_before_the_move() -> None:
    first, second = pieces("shared-weight", 2)
    assert words(first.title) == "h₃~ gives its share to ∂ℓ/∂W"
    assert words(second.title) == "h₃~ moves to h₂"
    assert first.storage and second.storage
    assert [word(slot.name) for slot in first.storage.slots][-1] == "W~"
    assert first.storage.slots[-1].note == "∂ℓ/∂W so far"


def test_examples_of_a_batch_follow_the_gradients_that_they_add_up_to() -> None:
    slides = story("xor")
    ids = [slide.id for slide in slides]
    place = ids.index("examples-2")
    assert ids[place - 1] == "backward-2" and ids[place + 1] == "backward-2-part-2"
    assert ids.index("examples-4") == ids.index("backward-4") + 1
    assert [s.position.text for s in slides if s.position and s.kind == "backward.examples"][
        -1
    ] == "backward, step 4 of 4"


def test_the_row_that_moves_on_stays_in_hand() -> None:
    """h̃ = [1/3 1/3 −2/3] is read by W₂ and b₂, and again by the move."""
    first, _ = pieces("classifier", 2)
    assert first.storage
    (own,) = [slot for slot in first.storage.slots if slot.progress.at(0) is State.IN_HAND]
    assert word(own.name) == "h~" and own.shape == "1×3"


# --- what stays together ------------------------------------------------------------------------------------------

SKIP = """
input: {x: [[1, 2], [3, 4], [-1, 1]]}
target: {y: [[1, 0], [0, 1], [1, 1]]}
layers:
  - {type: linear, weight: [[1, 2], [3, 1]], bias: [1, -1], activation: relu}
  - {type: linear, weight: [[2, 1], [1, 1]], bias: [0, 1]}
  - {type: add, inputs: [h1, h2]}
loss: squared_error
"""
SQUARE = """
parameters: {W: [[-1.463, 1.39], [1.055, -0.98]]}
program: [A = W @ W, B = A @ A, C = B * W + A]
"""


@pytest.mark.parametrize(
    "slides", [of_text(SKIP), of_text(SQUARE), story("shared-weight", digits=8)], ids=["skip", "square", "shared"]
)
def test_a_contribution_and_the_sum_that_adds_it_share_a_slide(slides: list[Slide]) -> None:
    """Else the first would seem to overwrite what came along another way."""
    back = [slide for slide in slides if slide.kind == "backward.step" and slide.position]
    assert any("part" in slide.position.text for slide in back if slide.position)
    for step in {slide.position.step for slide in back if slide.position}:
        made = [{one.target for one in slide.steps} for slide in pieces(slides, step)]
        assert sum(map(len, made)) == len(set().union(*made)), step
    assert not any(words(slide.title).endswith(("to ", "ke ")) for slide in back)


def test_two_ways_that_meet_are_added_where_the_second_comes() -> None:
    """∂ℓ/∂h₁ = h̃₃ + h̃₂ W₂: along ``add`` it came already."""
    slides = pieces(of_text(SKIP), 3)
    moves = [s for s in slides if any(one.kind == "cotangent.update" for one in s.steps)]
    assert [[one.kind for one in s.steps] for s in moves] == [["cotangent.update", "accumulate"]]
    (group,) = [block for block in moves[0].stage if isinstance(block, Group) and not block.spare]
    term, total = group.formulas
    assert isinstance(term.left, Raw) and word(total.left) == "h₁~"
    states = [slot.progress.at(s.last_phase) for s in moves if s.storage for slot in s.storage.slots]
    assert states.count(State.IN_HAND) == 1


def test_without_chain_rule_and_storage_there_is_room_for_a_whole_step() -> None:
    for name in ("classifier", "xor", "shared-weight"):
        assert not any("part" in slide.position.text for slide in story(name, "low") if slide.position), name


def test_where_only_a_bias_is_left_nothing_moves_on() -> None:
    weight = [[1.5, 1.25, 3], [1, 2.5, 1], [1, 2.25, 3], [2.5, 1, 1], [1, 2, 3], [4, 5, 6]]
    layer = f"{{type: linear, weight: {weight}, bias: [1, 2, 3, 4, 5, 6]}}"
    first, second = pieces(of_text(f"input: {{x: [1, 2, 3]}}\nlayers: [{layer}]\n"), 2)
    assert "moves on" not in words(first.sentence) and "move on" not in words(first.sentence)
    assert words(second.sentence) == "Nothing that we ask for lies further back."


def test_a_value_that_is_computed_again_does_not_finish_its_gradient(run) -> None:
    """h₂ is asked for, and let go and computed again after its gradient is there."""
    layers = "".join(f"  - {{type: linear, weight: [[1, {n}], [1, 1]]}}\n" for n in range(1, 5))
    spec = f"input: {{x: [1, 2]}}\ntarget: {{y: [1, 1]}}\nlayers:\n{layers}loss: squared_error\n"
    asked = ("--checkpoint", "h3", "--wrt", "h1", "--wrt", "W1", "--wrt", "h2")
    titles = [line for line in run("explain", "-", *asked, stdin=spec).stdout.splitlines() if ": done" in line]
    assert titles == ["∂ℓ/∂h₂: done; h~ moves to h₂", "∂ℓ/∂h₁: done; h~ moves to h₁", "∂ℓ/∂W₁: done"]


def test_the_step_before_stays_ticked_above_the_rest_of_it() -> None:
    """While h̃₃ moves on, ∂ℓ/∂W, to which it gave its share, stands above."""
    _, second = pieces("shared-weight", 2)
    (earlier,) = [block for block in second.stage if isinstance(block, Group) and block.spare]
    assert [plain(formula.left.by) for formula in earlier.formulas if isinstance(formula.left, Partial)] == ["W"]
