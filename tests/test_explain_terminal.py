"""What fits a terminal: slides of 24 lines, one of which names the keys, and no line wider than it."""

import io
import json
import re
from pathlib import Path

import pytest
from conftest import slides_in
from rich.console import Console

from adcli.cli.options import load_spec, trace_of
from adcli.engines.structure import default_wrt
from adcli.explain.deck import Deck, Numbers, Slide
from adcli.explain.drawings import Bars, Plot
from adcli.explain.messages import LANGUAGES
from adcli.explain.story import Request, told
from adcli.render.slides_text import show

HERE = Path(__file__).parent
SPECS = sorted((HERE.parent / "specs").glob("*.yaml"))
ROOM = 23


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    monkeypatch.delenv("COLUMNS", raising=False)


def deck_of(path: Path, mode: str, lang: str) -> Deck:
    trace = trace_of(load_spec(str(path), None, ()), ())
    return told(trace, Request(mode, default_wrt(trace), lang, "normal", Numbers(4, trace.has_fractions)))[0]


def lines_of(deck: Deck, number: int, width: int = 80) -> list[str]:
    file = io.StringIO()
    show(Console(file=file, width=width, color_system=None), deck, number)
    return [line.rstrip() for line in file.getvalue().rstrip("\n").split("\n")]


def with_charts(deck: Deck) -> list[tuple[int, Slide]]:
    slides = [(n, s) for n, s in enumerate(deck.slides, 1) if any(isinstance(b, Plot | Bars) for b in s.stage)]
    assert slides
    return slides


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("mode", ["numeric", "symbolic"])
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_slide_with_a_plot_or_bars_fits_a_terminal_with_the_strip_or_without(
    path: Path, mode: str, lang: str
) -> None:
    deck = deck_of(path, mode, lang)
    strip = next(slide.strip for slide in reversed(deck.slides) if slide.strip)
    for net in (None, strip):
        slides = tuple(slide._replace(strip=net) if slide.stage else slide for slide in deck.slides)
        for number, slide in with_charts(deck._replace(slides=slides)):
            lines = lines_of(deck._replace(slides=slides), number)
            assert len(lines) <= ROOM, slide.id
            if any(isinstance(b, Plot) for b in slide.stage):
                assert sum(bool(re.match(r" *[\de-]* [┤│]", line)) for line in lines) >= 9


def test_a_plot_gives_its_rows_to_the_strip_where_both_have_room() -> None:
    """The growth of formulas: two series, no remarks."""
    deck = deck_of(HERE.parent / "specs" / "forward-mode.yaml", "symbolic", "en")
    number, slide = next((n, s) for n, s in with_charts(deck) if s.id == "symbolic-growth")
    strip = next(s.strip for s in reversed(deck.slides) if s.strip)
    slides = (*deck.slides[: number - 1], slide._replace(strip=strip), *deck.slides[number:])
    lines = lines_of(deck._replace(slides=slides), number)
    assert any("─▶(ℓ)" in line for line in lines) and len(lines) <= ROOM


# --- which stored value a line reads ----------------------------------------------------------------------------

READ = {5: ("h₄, y",), 7: ("h₂", "W₃"), 8: ("h₁", "W₂"), 9: ("x",)}  # the lecture's way back, by slide


@pytest.mark.parametrize(("lang", "word"), [("en", "reads"), ("id", "membaca")])
@pytest.mark.parametrize("width", [50, 80, 120])
def test_text_says_what_each_line_of_the_way_back_reads(width: int, lang: str, word: str) -> None:
    deck = deck_of(HERE.parent / "specs" / "reverse-mode.yaml", "reverse", lang)
    for slide, names in READ.items():
        lines = lines_of(deck, slide, width)
        found = [re.search(rf"\b{word} (\w+(?:, \w+)*)(?: {{2}}|$)", line) for line in lines]
        said = tuple(match[1] for match in found if match)
        assert said[-len(names) :] == names  # a wide one says again what was before
        assert max(map(len, lines)) <= width


def test_markdown_and_ascii_say_what_a_line_reads(run) -> None:
    markdown = run("explain", "specs/reverse-mode.yaml", "--format", "markdown").stdout
    third = markdown.split("\n---\n")[7]
    assert r"\checkmark \qquad \text{reads }\mathbf{h}_{2}" in third
    assert r"\qquad \text{reads }\mathbf{W}_{3}" in third
    file = io.StringIO()
    deck = deck_of(HERE.parent / "specs" / "reverse-mode.yaml", "reverse", "en")
    show(Console(file=file, width=80), deck, 7, ascii_only=True)
    assert "reads h2 " in file.getvalue() and file.getvalue().isascii()


# --- long names -------------------------------------------------------------------------------------------------

HOSTILE = """
input: {x: [1, 1]}
target: {y_b_c: 2}
parameters: {input_end_frame: [[1, 2], [3, -1]], AND: [1, 1]}
layers:
  - {type: linear, weight: input_end_frame, bias: AND, activation: relu, name: W1_hat}
  - {type: linear, weight: input_end_frame, name: endgroup}
  - {type: linear, name: script_1_2, weight: [[2, 1]]}
loss: squared_error
"""
LONG = """
input: {the_picture_of_a_digit: [1, 1]}
target: {the_label_of_the_digit: 2}
layers:
  - {type: linear, weight: [[1, 2], [3, -1]], name: first_hidden_layer_of_all_of_them, activation: relu}
  - {type: linear, weight: [[1, 2], [3, -1]], name: second_hidden_layer_of_all_of_them, activation: tanh}
  - {type: linear, name: output_layer_after_all_of_them, weight: [[2, 1]]}
loss: squared_error
"""


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("spec", [HOSTILE, LONG], ids=["hostile", "long"])
def test_long_names_fit_and_the_loss_is_drawn(tmp_path: Path, spec: str, width: int, mode: str) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(spec)
    deck = deck_of(path, mode, "en")
    for number, slide in enumerate(deck.slides, 1):
        lines = lines_of(deck, number, width)
        assert [line for line in lines if len(line) > width] == []
        if slide.strip is not None or slide.kind == "network":
            assert any(re.search(r"[─━┄▶▷◀][(‹]ℓ[)›]$", line) for line in lines), slide.id


def test_long_factors_stand_whole_on_their_lines_with_what_they_make_below(tmp_path: Path) -> None:
    """The way back through ``endgroup``: two factors of a path are done, and its row goes on below."""
    path = tmp_path / "names.yaml"
    path.write_text(HOSTILE)
    lines = lines_of(deck_of(path, "reverse", "en"), 8)
    row = next(place for place, line in enumerate(lines) if line.startswith("AND "))
    assert lines[row].split()[1:] == ["✓ℓ/script_1_2✓script_1_2/endgroup✓endgroup/W1_hat"]
    assert lines[row + 1].split() == ["·W1_hat/z_W1_hat·z_W1_hat/AND"]
    assert lines[row + 2].split() == ["✓", "=", "W1_hat~"]


def test_a_parameter_beside_its_gradient_is_not_broken_in_a_row_of_its_numbers() -> None:
    """``W2 = [1 0 0; 0 1 0; 0 0`` stood over ``1]``: without the room for it, it is left away."""
    deck = deck_of(HERE.parent / "specs" / "classifier.yaml", "reverse", "en")
    (number,) = [n for n, slide in enumerate(deck.slides, 1) if slide.kind == "gradients"]
    text = "\n".join(lines_of(deck, number))
    assert [line for line in text.split("\n") if line.count("[") != line.count("]")] == []
    assert "W₁ = [1 -1; 1 1; 0 1]" in text
    assert "W₂ = [" not in text


@pytest.mark.parametrize(
    ("loss", "reads", "kept"), [("negative_log_likelihood", "y", ["x"]), ("huber", "h₁, y", ["x", "h1"])]
)
@pytest.mark.parametrize("batch", [False, True])
def test_a_loss_reads_what_its_slope_is_made_of(
    run, run_json, tmp_path, loss: str, reads: str, kept: list, batch
) -> None:
    """The slope of −Σ y h for h is −y, whatever h is: it need not be stored."""
    x, y = ([[1, 2]], [[0, 1, 0]]) if batch else ([1, 2], [0, 1, 0])
    layers = [{"type": "linear", "weight": [[-1, 0], [0, -1], [-1, -1]]}]
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"input": x, "target": y, "layers": layers, "loss": loss}))
    assert run_json("grad", str(spec))["stored"] == kept
    text = run("explain", str(spec)).stdout
    assert re.search(rf"reads {reads}(?: {{2}}|$)", text, re.MULTILINE)
    assert ("here the way back will read none of them.\n" in text) == ("h1" not in kept)


TWELVE = """
parameters: {a: 2, b: -3, c: 10, d: 0.5}
program:
  - t1 = a * b
  - t2 = t1 + c
  - t3 = t2 * d
  - t4 = tanh(t3)
  - t5 = t4 * a
  - t6 = t5 + b
  - t7 = t6 ** 2
  - t8 = t7 * d
  - t9 = exp(t4)
  - t10 = t9 + t8
  - t11 = t10 * c
  - L = t11 - a
"""


def test_a_long_program_is_not_written_twice_on_a_slide(run) -> None:
    """Each node has a line of the table, which says what it is made of; a short program stands below as code, too."""
    slides = slides_in(run("explain", "-", stdin=TWELVE).stdout)
    nodes = [slide for head, slide in slides.items() if "· node " in head]
    assert len(nodes) == 12
    for slide in nodes:
        assert "(t₃)   (×) ← t₂, d" in slide and "t3 = t2 * d" not in slide
        assert slide.count("\n") <= 31
    short = run("explain", "specs/micrograd.yaml").stdout
    assert "(c)" in short and "◂ undo this line" in short
