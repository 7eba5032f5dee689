"""Slides in a terminal of 80 × 24, or wider; in a pipe without colour. Knows blocks only."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from rich.console import Console
from rich.text import Text as RichText

from adcli.errors import printable
from adcli.explain.blocks import Code, Formula, Group, Storage, Table, Text, Work
from adcli.explain.deck import Block, Deck, Slide
from adcli.explain.drawings import Bars, Graph, Network, Plot, Tracker
from adcli.render import charts_text as charts
from adcli.render import pictures_text as pictures
from adcli.render.equations_text import Equations, put_below
from adcli.render.maths_text import Pen
from adcli.render.prose_text import paragraph, program, table_lines, worked
from adcli.render.segments import Segments, length, rich_text, wrapped
from adcli.render.storage_text import storage
from adcli.render.tracker_text import tracker

STAGE = 46
NARROWEST = 30  # that a stage gets where its formulas may be broken between words
GUTTER = 2
WIDEST = 120
SIDE = 33
LEAST_TITLE = 12  # characters of the deck's title that still say something
BESIDE_PLOT = 48  # how wide the stage is beside a plot
HEIGHT = 24
LEAST_PLOT = 9  # lines of a plot in which its points can still be told apart
CLOSE = (Formula, Group, Tracker, Work)  # may stand without a gap between them


class Gaps(IntEnum):
    """Where empty lines stand: fewer and fewer, the higher a slide is."""

    ALL = 0
    NOT_ABOVE_STRIP = 1
    BETWEEN_TEXTS = 2  # none between formulas, nor above the storage
    ABOVE_PICTURES = 3  # nor above the stage
    FEWEST = 4  # nor between paragraphs


def show(console: Console, deck: Deck, number: int | None = None, ascii_only: bool = False) -> None:
    """Print all slides, or the one of that number (from 1)."""
    numbers = range(1, len(deck.slides) + 1) if number is None else (number,)
    for place in numbers:
        drawn = _lines(deck, place, console.width, ascii_only)
        if console.color_system is None:
            console.file.write("".join(f"{line.plain}\n" for line in drawn))
            continue
        for line in drawn:
            console.print(line, no_wrap=True, crop=False, soft_wrap=True)


def _lines(deck: Deck, number: int, width: int, ascii_only: bool) -> list[RichText]:
    """A slide, line by line; denser, and without what was told before, where it would be higher than a terminal."""
    page = _Page(deck, number, min(width, WIDEST), ascii_only)
    slide = deck.slides[number - 1]
    drawn = page.slide(slide)
    if len(drawn) > HEIGHT:
        slide = slide._replace(stage=_without_spare(slide.stage), side=_without_spare(slide.side))
        drawn = page.slide(slide)
    if len(drawn) > HEIGHT and _has(slide, Graph):  # which says line by line what the program does, too
        slide = slide._replace(side=tuple(block for block in slide.side if not isinstance(block, Code)))
        drawn = page.slide(slide)
    if len(drawn) > HEIGHT and _has(slide, Plot):
        slide, drawn = _with_a_lower_plot(page, slide, len(drawn))
    if len(drawn) > HEIGHT:  # what the foot of the slide says again may go first
        page.pen.shapes = False
        page.gaps = Gaps.NOT_ABOVE_STRIP
        drawn = page.slide(slide)
    drawn = _denser(page, slide, drawn)
    if len(drawn) > HEIGHT:  # rather a formula that is broken between words than a side below the stage
        densest = page.slide(slide)
        page.breaks = True
        broken = page.slide(slide)
        drawn = broken if len(broken) < len(densest) else drawn
    return [rich_text(line, ascii_only) for line in drawn]


def _without_spare(blocks: Sequence[Block]) -> tuple[Block, ...]:
    return tuple(block for block in blocks if not (isinstance(block, Group | Text) and block.spare))


def _with_a_lower_plot(page: _Page, slide: Slide, height: int) -> tuple[Slide, list[Segments]]:
    """A slide of so many lines with a plot that leaves it room; where that is too low, without the strip."""
    if slide.strip is not None and height - HEIGHT > charts.PLOT_HEIGHT - LEAST_PLOT:
        slide = slide._replace(strip=None)
        height = len(page.slide(slide))
    page.plot_height = min(charts.PLOT_HEIGHT, max(LEAST_PLOT, charts.PLOT_HEIGHT - (height - HEIGHT)))
    return slide, page.slide(slide)


def _denser(page: _Page, slide: Slide, drawn: list[Segments]) -> list[Segments]:
    """The slide with as few gaps as it takes to fit, bars and tables at last without the strip; as ``drawn`` where
    none fits."""
    is_large = slide.strip is not None and slide.strip.large
    bare = (slide._replace(strip=None),) if _has(slide, Bars) or (_has(slide, Table) and not is_large) else ()
    for denser in (slide, *bare) if len(drawn) > HEIGHT else ():
        for page.gaps in (Gaps.BETWEEN_TEXTS, Gaps.ABOVE_PICTURES, Gaps.FEWEST):
            lines = page.slide(denser)
            if len(lines) <= HEIGHT:
                return lines
    return drawn


def _has(slide: Slide, kind: type[Block]) -> bool:
    return any(isinstance(block, kind) for block in slide.stage)


class _Page:
    def __init__(self, deck: Deck, number: int, width: int, ascii_only: bool) -> None:
        self.deck = deck
        self.number = number
        self.width = width
        self.gaps = Gaps.ALL
        self.breaks = False
        self.plot_height = charts.PLOT_HEIGHT
        self.bare = deck.labels.bare
        self.pen = Pen(deck.numbers, ascii_only)
        self.equations = Equations(self.pen, deck.labels.reads)

    def slide(self, slide: Slide) -> list[Segments]:
        found = self._header(slide)
        if slide.strip is not None:
            found += [*self._gap(Gaps.ALL), *pictures.network(slide.strip, self.pen, self.width)]
        found += [*self._gap(Gaps.BETWEEN_TEXTS), *self._middle(slide)]
        if slide.storage is not None:
            found += [*self._gap(Gaps.NOT_ABOVE_STRIP), *self._storage(slide.storage)]
        return [*found, []]

    def _storage(self, block: Storage) -> list[Segments]:
        return self.pen.fitted(lambda: storage(block, self.pen, self.deck.labels, self.width), self.width)

    def _gap(self, last: Gaps) -> list[Segments]:
        """An empty line, unless there are fewer of them than ``last``."""
        return [[]] if self.gaps <= last else []

    def _header(self, slide: Slide) -> list[Segments]:
        count = f"{self.number}/{len(self.deck.slides)}"
        where = " · ".join(filter(None, (slide.head, slide.position.text if slide.position else "")))
        if len(where) + len(count) + 3 > self.width and slide.position:
            where = slide.position.text
        title = self.pen.words(printable(self.deck.title))
        room = self.width - len(where) - len(count) - 6
        is_cut = len(title) > room
        dots = self.pen.words("…")
        short = title[: room - len(dots)].rstrip() + dots if is_cut and room >= LEAST_TITLE else "" if is_cut else title
        head = f"{where} · {short}" if short else where
        rule = "─" * max(0, self.width - len(head) - len(count) - 2)
        top: Segments = [(f"{head} {rule} {count}", "dim")]
        titles = [[(t, f"{s} bold") for t, s in line] for line in wrapped(self.pen.runs(slide.title), self.width)]
        sentence = wrapped(self.pen.muted(slide.sentence), self.width)
        whole = wrapped([(title, "dim")], self.width) if is_cut and self.number == 1 else []
        return [top, *whole, *titles, *(sentence if slide.sentence else [])]

    def _middle(self, slide: Slide) -> list[Segments]:
        """Stage and side, with all of the chain rule's ∂ where neither gets higher by them."""
        if not slide.side:
            return self._blocks(slide.stage, self.width)
        plain, height = self._beside(slide)
        if not any(isinstance(block, Tracker) for block in slide.side):
            return plain
        self.bare = ""
        whole, height_by_whole = self._beside(slide)
        self.bare = self.deck.labels.bare
        fits = max(map(length, whole)) <= self.width
        return whole if fits and len(whole) <= len(plain) and height_by_whole <= height else plain

    def _beside(self, slide: Slide) -> tuple[list[Segments], int]:
        """Stage and side next to each other where both have room, otherwise the side below; the stage's height."""
        has_plot = any(isinstance(block, Plot) for block in slide.side)
        side = self._blocks(slide.side, self.width - BESIDE_PLOT - GUTTER if has_plot else SIDE)
        room = self.width - max(length(line) for line in side) - GUTTER
        stage, fits, cut = (
            self._stage(slide, room) if room >= (NARROWEST if self.breaks else STAGE - 10) else ([], False, True)
        )
        if cut:
            wide, _, cut_too = self._stage(slide, self.width)
            if not (fits and cut_too):
                return [*wide, [], *self._blocks(slide.side, self.width)], len(wide)
        return _columns(stage, side, room + GUTTER), len(stage)

    def _stage(self, slide: Slide, room: int) -> tuple[list[Segments], bool, bool]:
        """The stage, whether it fits the room, and whether something of it is cut for that."""
        stage = self._blocks(slide.stage, room)
        fits = max((length(line) for line in stage), default=0) <= room
        was_broken = self.equations.was_broken and not self.breaks
        return stage, fits, self.equations.was_cut or was_broken or not fits

    def _blocks(self, blocks: Sequence[Block], width: int) -> list[Segments]:
        """Blocks below each other, the rules of neighbouring formulas padded so that their numbers align."""
        found: list[Segments] = []
        self.equations.was_cut = self.equations.was_broken = False
        rule = self.equations.rule_width(blocks, width)
        for before, block in zip((None, *blocks), blocks, strict=False):
            drawn = self._block(block, width, rule)
            if self._is_close(before, block):
                found += drawn
            else:
                put_below(found, drawn, not isinstance(block, Formula))
        return found

    def _is_close(self, above: Block | None, below: Block) -> bool:
        """Whether two neighbours stand without a gap between them."""
        if isinstance(above, Text) and isinstance(below, Text):
            return self.gaps >= Gaps.FEWEST
        return self.gaps >= Gaps.BETWEEN_TEXTS and isinstance(above, CLOSE) and isinstance(below, CLOSE)

    def _block(self, block: Block, width: int, rule: int) -> list[Segments]:
        """A block; where the page has no room for it, with shorter names."""
        if width < self.width:
            return self._drawn(block, width, rule)
        return self.pen.fitted(lambda: self._drawn(block, width, rule), width)

    def _drawn(self, block: Block, width: int, rule: int) -> list[Segments]:
        match block:
            case Formula():
                return self.equations.formula(block, width, rule)
            case Group():
                return self.equations.group(block, width)
            case Text():
                return paragraph(block, self.pen, width)
            case Work():
                return worked(block, self.pen, width)
            case Table():
                return table_lines(block, self.pen, width)
            case Code():
                return program(block, width)
            case Tracker():
                return tracker(block, self.pen, width, self.width, "" if block.large else self.bare)
            case Network():
                return pictures.network(block, self.pen, width)
            case Graph():
                return charts.graph(block, self.pen, self.width)
            case Bars():
                return charts.bars(block, self.pen, width)
            case Plot():
                return charts.plot(block, self.pen, width, self.plot_height)


def _columns(left: list[Segments], right: list[Segments], at: int) -> list[Segments]:
    found: list[Segments] = []
    for row in range(max(len(left), len(right))):
        line = left[row] if row < len(left) else []
        other = right[row] if row < len(right) else []
        found.append([*line, (" " * (at - length(line)), ""), *other] if other else line)
    return found
