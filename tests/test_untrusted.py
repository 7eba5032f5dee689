"""What others wrote is shown and never obeyed, whatever slide or drawing it reaches."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import sample_deck
from rich.console import Console

from adcli.explain.blocks import Code, Line
from adcli.explain.deck import Deck
from adcli.render import html, slides_markdown, slides_text

CONTROLS = "a\x1b[31m\x9b\x00\u202eb"
COMMENT = "--> <script>alert(1)</script> <!-- -- >"


def deck(title: str = "title", note: str = "note") -> Deck:
    """The sample's first slide under another title, with another note."""
    sample = sample_deck.deck()
    return sample._replace(title=title, slides=(sample.slides[0]._replace(note=note),))


@dataclass
class Comments(HTMLParser):
    """What a reader of HTML takes for a comment, and for an element."""

    comments: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def test_a_page_has_no_control_characters_and_no_marks_of_direction() -> None:
    page = html.rendered(deck(title=CONTROLS))
    assert "<title>a[31mb</title>" in page
    assert not set("\x1b\x9b\x00\u202e") & set(page)


def test_a_note_cannot_leave_its_comment_in_markdown() -> None:
    page = Comments()
    page.feed(slides_markdown.rendered(deck(note=COMMENT)))
    page.close()
    *classes, note = page.comments
    assert "alert(1)" in note and [text.strip().partition(":")[0] for text in classes] in ([], ["_class"])
    assert "script" not in page.tags


def program(text: str) -> Deck:
    """The sample's first slide with a line of a program, and what stands beside it."""
    sample = sample_deck.deck()
    line = Line(text, aside=text)
    return sample._replace(slides=(sample.slides[0]._replace(stage=(Code((line,)),), side=(), note=""),))


def test_a_line_of_a_program_is_no_markup() -> None:
    page = Comments()
    page.feed(html.rendered(program("</span><marquee>c</marquee> = a < b")))
    assert "marquee" not in page.tags and page.tags.count("pre") == 1
    console = Console(file=io.StringIO(), width=80)
    slides_text.show(console, program(CONTROLS))
    assert not set("\x1b\x9b\x00\u202e") & set(console.file.getvalue())  # type: ignore[attr-defined]


def test_entities_in_a_title_stay_letters_for_graphviz(run: Callable) -> None:
    """Graphviz reads &lt; as <, so that an ampersand is written &amp;."""
    spec = '{"title": "&lt;b&gt; & c", "input": [1], "layers": [{"type": "relu"}]}'
    assert 'label="&amp;lt;b&amp;gt; &amp; c' in run("graph", "-", "--format", "dot", stdin=spec).stdout
