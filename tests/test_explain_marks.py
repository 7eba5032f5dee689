"""What slides mark: zeros that the structure forces, ticks of the step before, what is finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adcli.explain.blocks import Formula, Group
from adcli.explain.deck import Slide
from adcli.explain.drawings import ParameterBox
from adcli.explain.maths import Matrix
from adcli.explain.progress import State
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))


def slides(spec: str, mode: str, detail: str = "normal") -> tuple[Slide, ...]:
    trace = build_trace(read_spec(Source("spec.yaml", spec, ".")))
    return told(trace, Request(mode, tuple(trace.parameters), detail=detail))[0].slides


def formulas(slide: Slide) -> Iterator[Formula]:
    for block in slide.stage:
        if isinstance(block, Formula):
            yield block


def forced(slide: Slide) -> list[list[list[int]]]:
    """Where the last matrix of each line is forced to be zero."""
    last = [formula.parts[-1].expression for formula in formulas(slide)]
    return [m.zeros.astype(int).tolist() for m in last if isinstance(m, Matrix) and m.zeros is not None]


@pytest.mark.parametrize(
    ("convention", "zeros"),
    [("column", [[0, 0, 1, 1], [1, 1, 0, 0]]), ("row", [[0, 1, 0, 1], [1, 0, 1, 0]])],
)
def test_a_weight_reaches_its_own_output_only_and_a_diagonal_keeps_that(convention: str, zeros: list) -> None:
    """W₁₁ W₁₂ make h₁[1], W₂₁ W₂₂ make h₁[2]; in the row convention W₁₁ W₂₁ do. So it is after a tanh."""
    spec = (
        f"convention: {convention}\ninput: [1, 2]\nlayers: [{{type: linear, weight: [[1, 2], [3, 4]]}}, {{type: tanh}}]"
    )
    first, second = (slide for slide in slides(spec, "forward") if slide.kind == "forward.step")
    assert forced(first) == [zeros]
    assert forced(second) == [zeros]


def test_after_a_full_matrix_nothing_is_forced() -> None:
    spec = "input: [1, 2]\nlayers: [{type: linear, weight: [[1, 2], [3, 4]]}, {type: linear, weight: [[1, 2], [3, 4]]}]"
    _, second = (slide for slide in slides(spec, "forward") if slide.kind == "forward.step")
    assert forced(second) == [[[0, 0, 1, 1], [1, 1, 0, 0]]]  # of the new tangent alone


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_step_before_stands_as_it_ended(spec: Path) -> None:
    """All of it from the start, its gradients with their ticks."""
    trace = build_trace(read_spec(read_source(str(spec))))
    before: dict[str, bool] = {}
    for slide in told(trace, Request("reverse", tuple(trace.parameters)))[0].slides:
        groups = [block for block in slide.stage if isinstance(block, Group)]
        for formula in (formula for group in groups if group.spare for formula in group.formulas):
            assert formula.phase == 0 and all(part.phase == 0 for part in formula.parts)
            assert before.get(str(formula.left), False) == formula.done, (slide.id, formula.left)
        own = [formula for group in groups if not group.spare for formula in group.formulas]
        before = {str(formula.left): formula.done for formula in own}


def test_a_summary_of_steps_back_keeps_the_ticks_of_what_is_finished() -> None:
    """Of 20 layers those from 12 on are done at the end of the first table, those from 3 on at that of the second."""
    layers = ", ".join(["{type: linear, weight: [[1]]}"] * 20)
    spec = f"{{input: [1], target: [0], layers: [{layers}], loss: squared_error}}"
    summaries = [slide for slide in slides(spec, "reverse") if slide.kind == "backward.summary"]
    for slide, first_done in zip(summaries, (12, 3), strict=True):
        boxes: tuple[ParameterBox, ...] = slide.strip.parameters if slide.strip else ()
        ticked = {int(box.name.sub): box.progress.state is State.DONE for box in boxes}
        assert ticked == {number: number >= first_done for number in ticked}
        assert set(ticked.values()) == {True, False}


def test_numbers_of_a_matrix_do_not_decide_what_is_forced() -> None:
    """A zero that is a number like others is none of the structure."""
    spec = "input: [0, 2]\nlayers: [{type: linear, weight: [[0, 0], [3, 4]]}]"
    (step,) = (slide for slide in slides(spec, "forward") if slide.kind == "forward.step")
    (matrix,) = (f.parts[-1].expression for f in formulas(step) if f.parts[-1].expression.zeros is not None)
    assert np.argwhere(~matrix.zeros).tolist() == [[0, 0], [0, 1], [1, 2], [1, 3]]


def test_every_step_of_a_short_net_shows_its_large_tangents() -> None:
    """16 × 256 numbers of a tangent are cut on a slide, but they are there at the last layer as at the first."""
    weight = "{random: normal, shape: [16, 16], seed: 1}"
    layers = ", ".join([f"{{type: linear, weight: {weight}}}"] * 5)
    spec = f"{{input: {{random: normal, shape: [16], seed: 2}}, layers: [{layers}]}}"
    steps = [slide for slide in slides(spec, "forward") if slide.kind == "forward.step"]
    counts = [0] * 5
    for slide in steps:
        updates = [f.parts[-1].expression for f in formulas(slide) if f.parts[0].sign == "←" and len(f.parts) == 3]
        shapes = [m.array.shape for m in updates if isinstance(m, Matrix)]
        counts[slide.position.step - 1 if slide.position else 0] += shapes.count((16, 256))
    assert counts == [1, 2, 3, 3, 3]  # the new one, and two that go on


# --- what the factors done so far make stands under them, never as what the row is equal to -----------------------


@pytest.mark.parametrize(("mode", "result"), [("reverse", r"\tilde{\mathbf{h}}"), ("forward", r"\widehat{\mathbf{W}}")])
def test_an_unfinished_row_of_the_chain_rule_is_equal_to_nothing(run, mode: str, result: str) -> None:
    """∂ℓ/∂W₁ is not h̃: only the factors from the left up to there are; nor is it Ŵ₁ before the last factor is done."""
    spec = next(path for path in SPECS if path.stem == "forward-mode")
    for format_, equal in (
        ("markdown", rf"^\| .*\| *\$= {re.escape(result)}"),
        ("beamer", rf"^.*\\adrow.*= *({{.color{{\w+}})?{re.escape(result)}"),
        ("html", r'<span class="res"'),
    ):
        text = run("explain", str(spec), "--mode", mode, "--format", format_).stdout
        assert not re.search(equal, text, re.MULTILINE), format_


def test_markdown_says_of_which_factors_it_is(run) -> None:
    """The lecture's third step back: h̃ is what is ticked; and forward, step 2: Ŵ₁ of two factors, Ŵ₂ of one.

    It stands beside the last of them, several are in brackets; a tick at the end is that of a row which is done.
    """

    def cells(slide: str) -> list[list[str]]:
        rows = [line for line in slide.splitlines() if line.startswith(r"| $\frac{\partial \ell}")]
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    def partial(of: str, by: str) -> str:
        return rf"$\frac{{\partial {of}}}{{\partial {by}}}$"

    back = run("explain", "specs/reverse-mode.yaml", "--format", "markdown").stdout.split("\n---\n")
    h1, h2, h3, h4, w1, w2 = (
        *(rf"\mathbf{{h}}_{{{n}}}" for n in (1, 2, 3)),
        "h_{4}",
        r"\mathbf{W}_{1}",
        r"\mathbf{W}_{2}",
    )
    first, second = cells(back[7])[:2]
    assert [row[-1] for row in cells(back[7])] == ["", "", "✓", "✓"]
    begin = [f"(✓ {partial(r'ℓ', h4)}", f"✓ {partial(h4, h3)}", rf"✓ {partial(h3, h2)}) $\to \tilde{{\mathbf{{h}}}}$"]
    assert [cell.replace(r"\ell", "ℓ") for cell in first[1:5]] == [*begin, f"· {partial(h2, h1)}"]
    assert [cell.replace(r"\ell", "ℓ") for cell in second[1:5]] == [*begin, f"· {partial(h2, w2)}"]
    forward = run("explain", "specs/forward-mode.yaml", "--mode", "forward", "--format", "markdown").stdout
    first, second = cells(forward.split("\n---\n")[5])[:2]
    assert first[4:] == [f"(▸ {partial(h2, h1)}", rf"✓ {partial(h1, w1)}) $\to \widehat{{\mathbf{{W}}}}_{{1}}$", ""]
    assert second[4:] == [rf"▸ {partial(h2, w2)} $\to \widehat{{\mathbf{{W}}}}_{{2}}$", "", ""]
