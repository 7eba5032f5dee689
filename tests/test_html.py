"""Slides as a web page, read as text here; ``test_html_browser.py`` opens them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import sample_deck
from conftest import Ran
from fontTools.ttLib import TTFont

from adcli.engines.run import MODES
from adcli.explain.blocks import Formula, Meter, Part, Words
from adcli.explain.deck import Numbers
from adcli.explain.maths import Label, Mark, Matrix, Name, Number, Partial, Raw, Relation, Role, Sum, Transposed
from adcli.explain.progress import Progress, State
from adcli.render.html import rendered
from adcli.render.html.mathml import mathml
from adcli.render.html.page import slide_html
from adcli.render.html.parts import Writer
from adcli.render.html.svg import spoken

SPECS = Path(__file__).resolve().parent.parent / "specs"
NUMBERS = Numbers()


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text of each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)


@pytest.fixture(scope="module")
def sample() -> str:
    return rendered(sample_deck.deck())


def test_every_element_is_closed_where_it_should_be(sample: str) -> None:
    page = Page(sample)
    assert page.open == []
    assert sum(tag == "section" for tag, _ in page.tags) == len(sample_deck.deck().slides)


def test_text_of_a_spec_stays_text(sample: str) -> None:
    page = Page(sample)
    assert sum(tag == "script" for tag, _ in page.tags) == 2  # reveal.js and ours
    assert not any(tag in {"b", "img", "iframe"} and attributes for tag, attributes in page.tags)
    assert page.texts["h1"] == page.texts["title"] == ["Sample & <b>title</b> \\end{document}"]
    assert "<script>alert(1)</script>" in "".join(page.texts["h2"])
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_nothing_is_fetched(sample: str) -> None:
    page = Page(sample)
    policies = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; img-src data:"
    ]
    assert not any({"src", "href", "srcset", "action"} & set(attributes) for _, attributes in page.tags)
    styles = "".join(page.texts["style"])
    assert set(re.findall(r"url\((?!data:)[^)]*", styles)) == set()
    assert "@import" not in styles


def test_formulas_and_pictures_have_a_text(sample: str) -> None:
    page = Page(sample)
    formulas = [attributes for tag, attributes in page.tags if tag == "math"]
    assert len(formulas) > 100
    assert all(attributes.get("alttext") for attributes in formulas)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert all(a.get("aria-label") or a.get("aria-hidden") for a in pictures)


def test_the_same_deck_gives_the_same_bytes(sample: str) -> None:
    assert rendered(sample_deck.deck()) == sample


@pytest.mark.parametrize("mode", MODES)
def test_the_lecture_takes_less_than_600_kb(mode: str, run: Callable[..., Ran]) -> None:
    ran = run("explain", SPECS / "forward-mode.yaml", "--mode", mode, "--format", "html")
    assert ran.code == 0, ran.stderr
    assert len(ran.stdout.encode()) < 600_000


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_becomes_a_page_whose_glyphs_are_there(
    spec: Path, mode: str, lang: str, run: Callable[..., Ran]
) -> None:
    ran = run("explain", spec, "--mode", mode, "--lang", lang, "--format", "html")
    assert ran.code == 0, ran.stderr
    assert f'<html lang="{lang}">' in ran.stdout
    page = Page(ran.stdout)
    assert page.open == []
    assert missing(page.texts["math"], "math", "sans") == set()
    assert missing(page.texts.get("text", []), "math") == set()
    assert missing(page.texts.get("code", []) + page.texts.get("pre", []), "mono", "sans") == set()
    assert missing(page.texts["h2"] + page.texts["p"] + page.texts.get("td", []), "sans", "math") == set()


def test_the_sample_has_its_glyphs(sample: str) -> None:
    page = Page(sample)
    assert missing(page.texts["math"], "math", "sans") == set()
    assert missing(page.texts["text"], "math") <= {"¹", "⁰", "⁵", "⁶", "⁻"}  # typed so in its labels


@cache
def glyphs(font: str) -> frozenset[int]:
    with resources.as_file(resources.files("adcli.render.html") / "assets" / f"{font}.woff2") as path:
        return frozenset(TTFont(path).getBestCmap())


def missing(texts: list[str], *fonts: str) -> set[str]:
    """The characters of ``texts`` that none of ``fonts`` has."""
    known = frozenset().union(*map(glyphs, fonts))
    return {c for c in "".join(texts) if ord(c) not in known and c not in "\n⚠"}


def test_the_fonts_are_small_and_have_no_name_of_their_own() -> None:
    folder = resources.files("adcli.render.html") / "assets"
    assert len((folder / "math.woff2").read_bytes()) < 60_000
    with resources.as_file(folder / "math.woff2") as path:
        assert TTFont(path)["name"].names == []
    assert "GUST" in (folder / "fonts.LICENSE").read_text()
    assert "Hakim El Hattab" in (folder / "reveal.LICENSE").read_text()


def test_names_are_written_as_in_the_lecture() -> None:
    hat = Name("W", "1", Mark.HAT, 2, Role.TANGENT)
    assert mathml(hat, NUMBERS) == (
        '<msub class="t"><mover accent="true" class="t"><mi class="t">𝐖</mi><mo stretchy="false">^</mo></mover>'
        "<mn>1</mn></msub>"
    )
    entry = Name("W", "1", entry=(2, 1))
    assert mathml(entry, NUMBERS) == (
        '<msubsup><mi>W</mi><mn>21</mn><mrow><mo stretchy="false">(</mo><mn>1</mn><mo stretchy="false">)</mo></mrow>'
        "</msubsup>"
    )
    assert spoken(Partial(Name("ℓ"), hat), NUMBERS) == "∂ℓ/∂W hat1"
    assert spoken(Transposed(Name("h", "2", rank=1)), NUMBERS) == "h2 transposed"
    assert spoken(Label("x < y"), NUMBERS) == "x < y"


def test_numbers_are_written_as_mathematics() -> None:
    assert mathml(Number(-2.5), NUMBERS) == "<mrow><mo>−</mo><mn>2.5</mn></mrow>"
    assert mathml(Number(3.2e-5), NUMBERS) == (
        "<mrow><mn>3.2</mn><mo>⋅</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>5</mn></mrow></msup></mrow>"
    )
    assert mathml(Number(1 / 3), Numbers(4, True)) == "<mrow><mfrac><mn>1</mn><mn>3</mn></mfrac></mrow>"
    assert "odd" in mathml(Number(float("nan")), NUMBERS)


def test_points_of_a_column_stand_under_each_other() -> None:
    written = mathml(Matrix(np.array([[-1.5], [12.25]]), shape=False), NUMBERS)
    texts = re.findall(r"<mtd>(.*?)</mtd>", written)
    widths = [re.sub("<[^>]*>", "", text) for text in texts]
    assert widths == ["0−1.50", "−12.25"]


def test_a_formula_of_a_primitive_takes_its_arguments() -> None:
    raw = Raw("relu(⟦x⟧)", r"\operatorname{leaky\_relu}(⟦x⟧)^2", arguments=(("x", Name("h", "1", rank=1)),))
    written = mathml(raw, NUMBERS)
    assert ">leaky_relu</mo>" in written
    assert "<msub><mi>𝐡</mi><mn>1</mn></msub>" in written
    assert spoken(raw, NUMBERS) == "relu(h1)"


def test_brackets_with_a_power_grow_together() -> None:
    tall = Matrix(np.ones((2, 1)), shape=False)
    square = Raw("(⟦h⟧)²", r"\tfrac{1}{2}\sum (⟦h⟧)^2", arguments=(("h", tall),))
    assert re.search(r"<msup><mrow><mo [^>]*>&#x00028;</mo>.*<mo [^>]*>&#x00029;</mo></mrow>", mathml(square, NUMBERS))
    flat = square._replace(arguments=(("h", Name("h")),))
    assert 'stretchy="true"' not in mathml(flat, NUMBERS)


def test_a_fraction_lies_on_the_line_within_a_matrix_only() -> None:
    thirds = Numbers(4, True)
    assert "mfrac" not in mathml(Matrix(np.array([[1 / 3, 1.0]])), thirds)
    assert "mfrac" in mathml(Number(1 / 3), thirds)


def test_lowered_digits_in_words_are_markup() -> None:
    written = Writer(sample_deck.deck()).runs((Words("W1₁₂*x₁"),))
    assert written == "W1<sub>12</sub>*x<sub>1</sub>"


def test_formulas_too_many_for_one_column_stand_in_two_unless_they_are_wide() -> None:
    slide, writer = sample_deck.deck().slides[0], Writer(sample_deck.deck())

    def written(count: int, *shape: int) -> str:
        line = Formula(Name("W"), (Part("=", Matrix(np.ones(shape))), Part("→", Matrix(np.ones((3, 3))))))
        return slide_html(slide._replace(stage=(line,) * count, side=()), writer)

    assert 'class="stage halves" style="--rows:3"' in written(5, 3, 3)
    assert "halves" not in written(4, 3, 3)
    assert "halves" not in written(5, 1, 9)


def test_a_worked_sum_may_break_before_each_term() -> None:
    terms = (Number(2.0), Number(3.0))
    line = Relation(Sum(terms), "=", Number(5.0))
    assert Writer(sample_deck.deck()).worked(line).count("</math> <math") == 2


def test_a_remark_comes_with_the_last_part_of_its_line() -> None:
    line = Formula(Name("W"), (Part("←", Name("h")), Part("=", Number(2.0), 2)), aside=(Words("why"),))
    written = Writer(sample_deck.deck()).formula(line)
    assert '<span class="remark fragment" data-fragment-index="1">why</span>' in written


def test_a_gauge_is_filled_by_its_share_and_a_slot_says_what_it_was() -> None:
    writer = Writer(sample_deck.deck())
    assert 'style="width:25%"' in writer.meter(Meter(2, 8, ()))
    words = writer.state_words(Progress(State.LET_GO, 1, State.READ_NEXT))
    told = writer.labels.states
    assert f'<span class="after">{told[State.LET_GO]}</span>' in words
    assert f'<span class="before">{told[State.READ_NEXT]}</span>' in words


def test_crowded_slides_write_out_less_of_each_matrix() -> None:
    big = Formula(Name("W"), (Part("=", Matrix(np.ones((64, 64)))),))
    writer = Writer(sample_deck.deck())
    rows = [writer.stage((big,) * count).count("<mtr>") // count for count in (1, 3, 5)]
    assert rows == [6, 4, 3]
    assert "64 × 64" in writer.stage((big,) * 5)


def test_reveal_is_the_version_that_the_script_renews() -> None:
    script = (Path(__file__).resolve().parent.parent / "docs" / "vendor.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^REVEAL = "(.*)"$', script, re.MULTILINE)
    assert version in (resources.files("adcli.render.html") / "assets" / "reveal.js").read_text(encoding="utf-8")


def test_a_rounded_number_that_looks_whole_has_no_bare_point(run) -> None:
    """Numeric mode finds 1088.0000000…: in a sentence a point after it would end that."""
    page = run("explain", "specs/forward-mode.yaml", "--mode", "numeric", "--format", "html").stdout
    assert "<mn>1088</mn>" in page and not re.search(r"<mn>\d+\.</mn>", page)


def test_a_long_formula_in_a_sentence_may_break_between_its_factors() -> None:
    """On a phone the formulas of symbolic mode were up to twice as wide as the page."""
    formula = Raw("2*x₁*(a + b)", r"2\, x_{1} \left(a + b\right)")
    found = re.findall('<math alttext="(.*?)">(.*?)</math>', Writer(sample_deck.deck()).run(formula))
    assert [text for text, _ in found] == ["2", "*x₁", "*(a", "+ b)"]
    assert [re.sub("<.*?>", "", body) for _, body in found] == ["2", "x1", "&#x00028;a", "&#x0002B;b&#x00029;"]
