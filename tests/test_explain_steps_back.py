"""A step back that is too high for one slide: the gradients first, then the next cotangent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adcli.explain.blocks import Words
from adcli.explain.deck import Numbers, Slide
from adcli.explain.drawings import Tracker
from adcli.explain.maths import Mark, Name, Partial
from adcli.explain.names import plain
from adcli.explain.progress import State
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
LECTURE = ["forward-mode", "two-layers", "one-layer", "order", "reverse-mode", "skip", "checkpoint"]


def story(name: str, lang: str = "en", detail: str = "normal") -> list[Slide]:
    trace = build_trace(read_spec(read_source(str(SPECS[0].parent / f"{name}.yaml"))))
    numbers = Numbers(4, trace.has_fractions)
    return [*told(trace, Request("reverse", tuple(trace.parameters or trace.inputs), lang, detail, numbers))[0].slides]


def pieces(name: str, step: int) -> list[Slide]:
    """The slides of a step back."""
    return [s for s in story(name) if s.kind == "backward.step" and s.position and s.position.step == step]


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
    heads = [*re.finditer(r"^.*─ \d+/\d+$", text, re.MULTILINE)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    high = {h[0]: text[h.start() : end].rstrip("\n").count("\n") + 1 for h, end in zip(heads, ends, strict=True)}
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
    assert [span and span[1] - span[0] for span in spans(first)][:2] == [0, 0]
    assert of(second, 0) == {
        **{key: [done, now, to_come, to_come] for key in ("W₁", "b₁")},
        **{key: [done, done] for key in ("W₂", "b₂")},
    }
    assert [span and span[1] - span[0] for span in spans(second)][:2] == [1, 1]


def test_products_are_counted_on_the_slide_that_takes_them() -> None:
    """1·3·9 + 1·3·3 for W₂ and b₂, then 1·3·3 for h₁."""
    facts = [words(s.storage.facts) for s in pieces("classifier", 2) if s.storage]
    assert ["1·3·9 + 1·3·3 = 36" in facts[0], "1·3·3 = 9" in facts[1]] == [True, True]


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_pieces_tell_the_steps_of_the_whole_in_order(spec: Path, monkeypatch) -> None:
    def steps() -> list[tuple[str, str, int]]:
        return [(step.kind, step.target, step.held) for slide in story(spec.stem) for step in slide.steps]

    cut = steps()
    monkeypatch.setattr("adcli.explain.stretches.MOST_HIGH", 1000)
    assert steps() == cut


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
    assert ids.index("examples-4") == ids.index("backward-4-part-2") + 1  # W₁ and b₁ have a slide each
    assert [s.position.text for s in slides if s.position and s.kind == "backward.examples"][
        -1
    ] == "backward, step 4 of 4"


def test_the_row_that_moves_on_stays_in_hand() -> None:
    """h̃ = [1/3 1/3 −2/3] is read by W₂ and b₂, and again by the move."""
    first, _ = pieces("classifier", 2)
    assert first.storage
    (own,) = [slot for slot in first.storage.slots if slot.progress.at(0) is State.IN_HAND]
    assert word(own.name) == "h~" and own.shape == "1×3"
