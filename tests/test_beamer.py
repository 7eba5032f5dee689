"""Slides as Beamer: what pdflatex makes of them, with Debian's packages and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import needs, run_adcli
from sample_deck import deck

from adcli.engines.run import MODES
from adcli.explain.blocks import Code, Line, Style, Text, Words
from adcli.explain.deck import Deck, Slide
from adcli.explain.maths import Label, Name
from adcli.explain.progress import Progress, State
from adcli.render.beamer import rendered
from adcli.render.beamer.pen import changing

SPECS = sorted(Path(__file__).parent.parent.glob("specs/*.yaml"))
LARGEST_OVERFULL = 10.0  # pt
END = "\\end{document}\n"
HOSTILE = (
    r"\input{secret}",
    r"\immediate\write18{touch written}",
    r"\write18{touch written} \openin5=secret \read5 to\x \x",
    "^^5cinput{secret} ^^M ^^@ ^^",
    r"}\end{frame}\end{document} \csname end\endcsname { { \fi \else \iffalse \\",
    "% all of the line # 1 & 2 _ 3 ~ 4 ^ 5 $x $$ y $",
    "é ü ñ Ł ß 漢字 😀 ─│┌ ₁ ² × − σ ∂ ℓ ⁻⁵ → ≤ ½ ✓ ◂ ▸ Ω \u202e \u0301",
    "\x1b[31m \x00 \x07 \x7f \x0c \x9b tab\tline\nend",
)

needs_tex = needs("pdflatex", "pdftotext")


class Compiled(NamedTuple):
    code: int
    pages: int
    overfull: float
    log: str
    read: str


def compiled(latex: str, folder: Path, *options: str) -> Compiled:
    """One run of pdflatex in ``folder``, which is made."""
    folder.mkdir(parents=True)
    (folder / "deck.tex").write_text(latex, encoding="utf-8")
    command = ["pdflatex", "-recorder", "-halt-on-error", "-interaction=batchmode", *options, "deck.tex"]
    code = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL).returncode
    log = (folder / "deck.log").read_text(encoding="latin-1")
    pages = re.search(r"Output written on deck\.pdf \((\d+) pages?,", log.replace("\n", ""))
    overfull = [float(size) for size in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log)]
    read = (folder / "deck.fls").read_text(encoding="utf-8")
    return Compiled(code, int(pages.group(1)) if pages else 0, max(overfull, default=0.0), log, read)


def check(result: Compiled, pages: int, of: str) -> None:
    errors = "\n".join(line for line in result.log.splitlines() if line.startswith(("!", "l.")))
    assert result.code == 0, f"{of}: {errors}"
    assert result.pages == pages, of
    assert result.overfull <= LARGEST_OVERFULL, of
    assert "Missing character" not in result.log, of


def phases(slides: Iterable[Slide]) -> int:
    return sum(slide.last_phase + 1 for slide in slides)


@needs_tex
@pytest.mark.parametrize("handout", [False, True])
def test_every_kind_of_block_compiles(tmp_path: Path, handout: bool) -> None:
    sample = deck()
    result = compiled(rendered(sample, handout), tmp_path / "sample")
    check(result, len(sample.slides) if handout else phases(sample.slides), "sample")


@needs_tex
@pytest.mark.parametrize("mode", MODES)
def test_every_spec_compiles(tmp_path: Path, mode: str) -> None:
    """A page a slide, which is quick; half of the specs in each language."""
    tasks = {
        lang: joined([explained(spec, mode, "--lang", lang, "--handout") for spec in SPECS[place::2]])
        for place, lang in enumerate(("en", "id"))
    }
    with ThreadPoolExecutor(len(tasks)) as pool:
        runs = {lang: pool.submit(compiled, latex, tmp_path / lang) for lang, latex in tasks.items()}
    for lang, latex in tasks.items():
        check(runs[lang].result(), latex.count(r"\begin{frame}"), f"{mode} {lang}")


@needs_tex
@pytest.mark.parametrize(("name", "mode"), [("forward-mode", "forward"), ("classifier", "reverse")])
def test_a_phase_is_a_page(tmp_path: Path, name: str, mode: str) -> None:
    latex = explained(next(spec for spec in SPECS if spec.stem == name), mode)
    check(compiled(latex, tmp_path / name), sum(map(int, re.findall(r"\\adphases\{(\d+)\}", latex))), name)


@needs_tex
def test_a_page_shows_a_result_not_before_its_line(tmp_path: Path) -> None:
    """The lecture's step 3 back: h̃ = [272 204] stands in its line, under its value and in the storage at last only."""
    latex = explained(next(spec for spec in SPECS if spec.stem == "forward-mode"), "reverse")
    compiled(only(latex, "backward, step 3"), tmp_path / "deck")
    read = subprocess.run(
        ["pdftotext", "-layout", "deck.pdf", "-"], cwd=tmp_path / "deck", capture_output=True, text=True
    )
    step = [page for page in read.stdout.split("\f") if "backward, step 3" in page]
    assert [page.count("204") for page in step] == [0, 0, 0, 0, 3]
    assert [page.count("4 of 8") + 10 * page.count("2 of 8") for page in step] == [1, 1, 1, 1, 10]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_no_phase_lies_behind_the_last(spec: Path) -> None:
    """Else pdflatex would add pages on which all but one thing stands already."""
    for frame in explained(spec, "reverse").split(r"\begin{frame}")[1:]:
        last = re.search(r"\\adphases\{(\d+)\}", frame)
        used = re.findall(r"\\(?:(?:uncover|alt)<|adslots\{|adeither\{)(\d+)", frame)
        assert last and all(int(phase) <= int(last[1]) for phase in used), frame[:200]


def explained(spec: Path, mode: str, *options: str) -> str:
    ran = run_adcli("explain", str(spec), "--mode", mode, "--format", "beamer", *options)
    assert ran.code == 0, ran.stderr
    return ran.stdout


def only(latex: str, words: str) -> str:
    """The document with none but the slide that has these words; pdflatex takes a third of a second a page."""
    preamble, *frames = latex.split("\\begin{frame}")
    (frame,) = (frame for frame in frames if words in frame)
    return f"{preamble}\\begin{{frame}}{frame.removesuffix(END)}{END}"


def joined(documents: list[str]) -> str:
    """The slides of all documents in one, which saves loading the packages each time."""
    preamble = documents[0].partition("\\begin{document}")[0]
    frames = (re.search(r"\\begin\{document\}(.*)\\end\{document\}", one, re.DOTALL) for one in documents)
    return f"{preamble}\\begin{{document}}{''.join(found[1] for found in frames if found)}\\end{{document}}\n"


def hostile_deck() -> Deck:
    sample = deck()
    first = sample.slides[0]
    runs = tuple(run for text in HOSTILE for run in (Words(text), Name(text, text), Label(text)))
    program = Code(tuple(Line(text, aside=text) for text in HOSTILE))
    stage = (*(Text((Words(text),), Style.WARNING, text) for text in HOSTILE), program)
    slide = Slide("x", "x", HOSTILE[0], runs, runs, stage=stage, side=first.side, note=" ".join(HOSTILE), last_phase=2)
    slides = [*(slide._replace(head=text, note=text) for text in HOSTILE), first]
    return sample._replace(title=" ".join(HOSTILE), slides=tuple(slides))


@needs_tex
def test_text_of_a_spec_is_printed_and_never_obeyed(tmp_path: Path) -> None:
    hostile = hostile_deck()
    folder = tmp_path / "hostile"
    (tmp_path / "secret.tex").write_text(r"\errmessage{read}", encoding="utf-8")
    result = compiled(rendered(hostile), folder, "-shell-escape")
    check(result, phases(hostile.slides), "hostile")
    assert not (folder / "written").exists()
    assert "secret" not in result.read


@needs_tex
def test_long_names_stay_in_their_column(tmp_path: Path) -> None:
    name = "a_layer_with_a_very_long_name_abcdefghij"
    layers = [{"type": "linear", "name": name, "weight": [[1, 2], [3, 4]], "bias": [1, 1]}, {"type": "softmax"}]
    (tmp_path / "long.json").write_text(
        json.dumps({"input": [1, 2], "target": [0, 1], "layers": layers, "loss": "squared_error"}), encoding="utf-8"
    )
    latex = explained(tmp_path / "long.json", "reverse", "--handout")
    check(compiled(latex, tmp_path / "long"), latex.count(r"\begin{frame}"), "long names")


def test_fractions_of_a_matrix_lie_on_the_line() -> None:
    latex = explained(next(spec for spec in SPECS if spec.stem == "xor"), "reverse")
    assert r"1/2 & -1/2" in latex
    rows = re.findall(r"\\begin\{bmatrix.*?\\end\{bmatrix", latex)
    assert rows and not any("frac" in row for row in rows)


def test_a_document_is_plain_ascii_and_the_same_each_time() -> None:
    once, again = rendered(hostile_deck()), rendered(hostile_deck())
    assert once == again
    assert once.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", once)


def test_what_changes_does_so_on_the_page_of_its_phase() -> None:
    """Phases count from 0, pages from 1."""
    assert changing(Progress(State.DONE, 2, State.NOW), "now", "done") == r"\alt<3->{done}{now}"
    assert changing(Progress(State.DONE), "now", "done") == "done"


def test_a_handout_says_so() -> None:
    assert r"\documentclass[aspectratio=169,10pt,handout]{beamer}" in rendered(deck(), handout=True)
    assert "handout]" not in rendered(deck())


def test_the_command_writes_a_document_by_its_ending(tmp_path: Path) -> None:
    spec = next(spec for spec in SPECS if spec.stem == "forward-mode")
    target = tmp_path / "deck.tex"
    ran = run_adcli("explain", str(spec), "--mode", "forward", "-o", str(target))
    assert ran.code == 0, ran.stderr
    text = target.read_text(encoding="utf-8")
    assert text.startswith(r"\PassOptionsToPackage") and text.endswith("\\end{document}\n")
    assert r"\note{" in text and r"\uncover<2->" in text


def forward_pass(latex: str) -> str:
    return next(frame for frame in latex.split(r"\begin{frame}") if "Forward pass" in frame)


def test_many_high_formulas_get_the_room_of_a_chain_rule_that_has_not_begun(tmp_path: Path) -> None:
    """Beside it six products of 64 × 64 matrices would be set in some 4 pt."""
    matrix = {"random": "normal", "shape": [64, 64], "seed": 1, "scale": 0.1}
    vector = {"random": "normal", "shape": [64], "seed": 2}
    layers = [{"type": "linear", "weight": matrix, "activation": "tanh"}] * 3
    spec = tmp_path / "wide.json"
    spec.write_text(json.dumps({"input": vector, "target": vector, "layers": layers, "loss": "squared_error"}))
    crowded = forward_pass(explained(spec, "reverse"))
    assert r"\adhalves" in crowded and "chain rule" not in crowded
    lecture = forward_pass(explained(next(spec for spec in SPECS if spec.stem == "reverse-mode"), "reverse"))
    assert r"\adcolumns" in lecture and "chain rule" in lecture


def test_numbers_of_neighbouring_parameters_do_not_meet(tmp_path: Path) -> None:
    """Below the large network a matrix of 3 × 3 long numbers stands beside a bias."""
    weight = {"random": "normal", "shape": [3, 3], "seed": 1}
    layer = {"type": "linear", "weight": weight, "bias": [0.1, 0.2, 0.3]}
    (tmp_path / "spec.json").write_text(json.dumps({"input": {"x": [1, 2, 3]}, "layers": [layer, layer]}))
    latex = explained(tmp_path / "spec.json", "reverse")
    below = re.findall(r"\\node\[anchor=north\] at \(([\d.]+),-10\.0\) \{\\adfit\{([\d.]+)mm\}", latex)
    edges = [(float(x) - float(width) / 2, float(x) + float(width) / 2) for x, width in below]
    assert len(edges) == 4
    assert all(right <= left for (_, right), (left, _) in pairwise(edges))
    assert all(right - left > 15 for left, right in edges[::2])  # else nobody could read them


def test_a_storage_row_of_long_numbers_shows_shapes(tmp_path: Path) -> None:
    layers = [{"type": "linear", "weight": {"random": "normal", "shape": [3, 3], "seed": i}} for i in range(6)]
    (tmp_path / "spec.json").write_text(json.dumps({"input": {"x": [1, 2, 3]}, "layers": layers}))
    _, *frames = explained(tmp_path / "spec.json", "reverse").split(r"\begin{frame}")
    rows = [frame.split(r"\adstorage{")[1] for frame in frames if r"\adstorage{" in frame]
    assert rows
    for row in rows:
        assert r"3$\times$1" in row, row[:300]


@needs_tex
def test_a_wide_parameter_beside_its_gradient_sticks_out_of_no_page(tmp_path: Path) -> None:
    layer = {"type": "linear", "weight": {"random": "normal", "shape": [3, 3], "seed": 99, "scale": 1.7}}
    spec = tmp_path / "wide.json"
    spec.write_text(
        json.dumps({"input": [0.31, -1.27, 0.85], "target": [1, 2, 3], "layers": [layer], "loss": "squared_error"})
    )
    latex = run_adcli("explain", spec, "--handout", "-o", "-", "--format", "beamer").stdout
    assert compiled(latex, tmp_path / "tex").overfull <= LARGEST_OVERFULL


@pytest.mark.parametrize("mode", ["numeric", "symbolic"])
def test_a_plot_is_as_high_as_the_words_below_it_let_it_be(mode: str) -> None:
    """What head, sentence and network (15 mm) leave of a page of 90 mm, less 12 mm for a paragraph of two lines."""
    latex = explained(next(spec for spec in SPECS if spec.stem == "forward-mode"), mode, "--handout")
    stages = re.findall(r"\\adwide\{([\d.]+)mm\}\{\n(.*?)\\adphases", latex, re.DOTALL)
    plots = [(float(room), stage) for room, stage in stages if r"\adfit{151mm}" in stage and "tikzpicture" in stage]
    for room, stage in plots:
        (height,) = map(float, re.findall(r"\\adfit\{151mm\}\{([\d.]+)mm\}\{\\begin\{tikzpicture\}", stage))
        assert room >= 53.0 and room - 12.0 * stage.count(r"\adparagraph") <= height <= room
    assert plots


def test_the_words_of_the_floor_stand_below_every_line_and_point() -> None:
    latex = explained(next(spec for spec in SPECS if spec.stem == "xor"), "numeric", "--handout")
    picture = next(p for p in latex.split(r"\begin{tikzpicture}") if "nothing can be seen" in p)
    (words,) = re.findall(r"\\node\[anchor=south east,admuted\] at \([\d.]+,([\d.]+)\)", picture)
    lines = [float(up) for up in re.findall(r"\\draw\[adline\] \(0,([\d.]+)\)", picture)]
    points = [float(up) for up in re.findall(r"^  \\fill\[(?!adpanel)\w+\] \([\d.]+,([\d.]+)\)", picture, re.MULTILINE)]
    assert len(points) > 20
    assert float(words) + 2.4 < min(lines + points)  # mm
