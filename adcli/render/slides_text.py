"""Slides in a terminal of 80 × 24, or wider; in a pipe without colour. Knows blocks only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.text import Text as RichText

from adcli.errors import printable
from adcli.explain.blocks import (
    Bars,
    Block,
    Code,
    Deck,
    Formula,
    Graph,
    Group,
    Labels,
    Network,
    Part,
    Plot,
    Slide,
    State,
    Style,
    Table,
    Text,
    Tracker,
    Work,
)
from adcli.explain.maths import Role
from adcli.render import charts_text as charts
from adcli.render import pictures_text as pictures
from adcli.render.maths_text import ASCII, STYLES, Box, Pen, Segments, beside, length, padded, wrapped
from adcli.render.storage_text import storage

STAGE = 46
GUTTER = 2
WIDEST = 120
SIDE = 33
BESIDE_PLOT = 48  # how wide the stage is beside a plot
HEIGHT = 24
COLUMNS = 6
TICK = Box([[(" ✓", STYLES[Role.DONE])]], 0)
PRODUCT = re.compile(r"(?<=\S)·(?=\S)")


def show(console: Console, deck: Deck, number: int | None = None, ascii_only: bool = False) -> None:
    """Print all slides, or the one of that number (from 1)."""
    for index, slide in enumerate(deck.slides, 1):
        if number is None or number == index:
            drawn = lines(slide, deck, console.width, ascii_only)
            if console.color_system is None:
                console.file.write("".join(f"{line.plain}\n" for line in drawn))
                continue
            for line in drawn:
                console.print(line, no_wrap=True, crop=False, soft_wrap=True)


def lines(slide: Slide, deck: Deck, width: int, ascii_only: bool = False) -> list[RichText]:
    """A slide, line by line."""
    page = _Page(deck, min(width, WIDEST), ascii_only)
    drawn = page.slide(slide)
    if len(drawn) > HEIGHT:
        slide = slide._replace(stage=tuple(b for b in slide.stage if not (isinstance(b, Group) and b.spare)))
        drawn = page.slide(slide)
    if len(drawn) > HEIGHT:  # what the foot of the slide says again may go first
        page.pen.shapes = False
        page.tight = True
        drawn = page.slide(slide)
    return [_rich(line, ascii_only) for line in drawn]


def _rich(line: Segments, ascii_only: bool) -> RichText:
    text = RichText()
    for style, pieces in groupby(_starred(line) if ascii_only else line, key=itemgetter(1)):
        piece = "".join(piece for piece, _ in pieces)
        text.append(piece.translate(ASCII) if ascii_only else piece, style or None)
    return text


def _starred(line: Segments) -> Iterator[tuple[str, str]]:
    """``line`` with a star for each dot of a product: in ASCII a dot between numbers would be a decimal point."""
    starred = PRODUCT.sub("*", "".join(piece for piece, _ in line))
    at = 0
    for piece, style in line:
        yield starred[at : at + len(piece)], style
        at += len(piece)


class _Page:
    def __init__(self, deck: Deck, width: int, ascii_only: bool) -> None:
        self.deck = deck
        self.width = width
        self.tight = False
        self.was_cut = False  # whether a matrix lost columns because the last blocks were too narrow for it
        self.signed: dict[tuple[int, int, bool], Box] = {}
        self.pen = Pen(deck.numbers, ascii_only, columns=COLUMNS)
        self.labels: Labels = deck.labels

    def slide(self, slide: Slide) -> list[Segments]:
        found = self._header(slide)
        if slide.strip is not None:
            found += [*([] if self.tight else [[]]), *pictures.network(slide.strip, self.pen, self.width)]
        found += [[], *self._middle(slide)]
        if slide.storage is not None:
            found += [[], *storage(slide.storage, self.pen, self.labels, self.width)]
        return [*found, []]

    def _header(self, slide: Slide) -> list[Segments]:
        place = [one.id for one in self.deck.slides].index(slide.id) + 1
        head = slide.head + (f" · {slide.position.text}" if slide.position else "")
        count = f"{place}/{len(self.deck.slides)}"
        title = printable(self.deck.title)
        room = self.width - len(head) - len(count) - 6
        middle = f" · {title}" if 0 < len(title) <= room else ""
        rule = "─" * max(0, self.width - len(head) - len(middle) - len(count) - 2)
        top: Segments = [(head + middle, "dim"), (f" {rule} ", "dim"), (count, "dim")]
        titles = [[(t, f"{s} bold") for t, s in line] for line in wrapped(self.pen.runs(slide.title), self.width)]
        sentence = wrapped([(t, s or "dim") for t, s in self.pen.runs(slide.sentence)], self.width)
        return [top, *titles, *(sentence if slide.sentence else [])]

    def _middle(self, slide: Slide) -> list[Segments]:
        """Stage and side next to each other where both have room; otherwise the side below."""
        if not slide.side:
            return self._blocks(slide.stage, self.width)
        has_plot = any(isinstance(block, Plot) for block in slide.side)
        side = self._blocks(slide.side, self.width - BESIDE_PLOT - GUTTER if has_plot else SIDE)
        room = self.width - max(length(line) for line in side) - GUTTER
        stage, fits, cut = self._stage(slide, room) if room >= STAGE - 10 else ([], False, True)
        if cut:
            wide, _, cut_too = self._stage(slide, self.width)
            if not (fits and cut_too):
                return [*wide, [], *self._blocks(slide.side, self.width)]
        return _columns(stage, side, room + GUTTER)

    def _stage(self, slide: Slide, room: int) -> tuple[list[Segments], bool, bool]:
        """The stage, whether it fits the room, and whether something of it is cut for that."""
        stage = self._blocks(slide.stage, room)
        fits = max((length(line) for line in stage), default=0) <= room
        return stage, fits, self.was_cut or not fits

    def _blocks(self, blocks: Sequence[Block], width: int) -> list[Segments]:
        """Blocks below each other, the rules of neighbouring formulas padded so that their numbers align."""
        found: list[Segments] = []
        self.was_cut = False
        rule = self._rule_width(blocks, width)
        for block in blocks:
            lines = self._block(block, width, rule)
            tall = len(lines) > 1 or not isinstance(block, Formula)
            if found and (tall or _was_tall(found)):
                found.append([])
            found += lines
        return found

    def _block(self, block: Block, width: int, rule: int = 0) -> list[Segments]:
        match block:
            case Formula():
                return self.formula(block, width, rule)
            case Group():
                return self.group(block, width)
            case Text():
                return self.text(block, width)
            case Work():
                return self.work(block, width)
            case Table():
                return self.table(block, width)
            case Code():
                return self.code(block)
            case Tracker():
                return pictures.tracker(block, self.pen, width)
            case Network():
                return pictures.network(block, self.pen, width)
            case Graph():
                return charts.graph(block, self.pen, width)
            case Bars():
                return charts.bars(block, self.pen, width)
            case Plot():
                return charts.plot(block, self.pen, width)

    # --- formulas --------------------------------------------------------------------------------------------

    def _rule(self, formula: Formula) -> Box:
        """The left side and the first sign's expression, if that has no matrix."""
        return beside([Box([self.pen.inline(formula.left)], 0), self._signed(formula.parts[0])])

    def _signed(self, part: Part) -> Box:
        """``= expression``."""
        key = id(part), self.pen.columns, self.pen.shapes  # the deck, and so its parts, lives longer than the page
        if key not in self.signed:
            sign = f" {self.pen.sign(part.sign, part.expression)} " if part.sign else ""
            self.signed[key] = beside([Box([[(sign, "")]], 0), self.pen.box(part.expression)])
        return self.signed[key]

    def _rule_width(self, blocks: Sequence[Block], width: int) -> int:
        rules = [self._rule(b) for b in blocks if isinstance(b, Formula) and len(b.parts) > 1]
        low = [box.width for box in rules if len(box.lines) == 1]
        padding = max((w for w in low if w <= width // 2), default=0)
        fits = all(
            len(self._rows(b, width, padding)) == len(self._rows(b, width, 0)) for b in blocks if isinstance(b, Formula)
        )
        return padding if fits else 0

    def _rows(self, formula: Formula, width: int, rule: int) -> list[list[Box]]:
        """The parts of a formula on one line of writing; where that is too long, broken before a sign."""
        first = self._rule(formula)
        if first.width > width:
            rows = [[Box([self.pen.inline(formula.left)], 0)], [Box([[("  ", "")]], 0), self._signed(formula.parts[0])]]
        elif len(first.lines) == 1 and len(formula.parts) > 1:
            first = padded(first, rule)
            rows = [[first]]
        else:
            rows = [[first]]
        rest = [self._signed(part) for part in formula.parts[1:]]
        if formula.done and rest:
            rest[-1] = beside([rest[-1], TICK])
        used = sum(box.width for box in rows[-1])
        for box in rest:
            if used + box.width > width:
                rows.append([Box([[("  ", "")]], 0)])
                used = 2
            rows[-1].append(box)
            used += box.width
        if formula.done and not rest:
            rows[-1].append(TICK)
        return rows

    def formula(self, formula: Formula, width: int, rule: int = 0) -> list[Segments]:
        """A formula, and its aside beside it where there is room, otherwise below."""
        drawn = [beside(row) for row in self._rows(formula, width, rule)]
        while self.pen.columns > 3 and max(box.width for box in drawn) > width:
            self.pen.columns -= 1
            self.was_cut = True
            drawn = [beside(row) for row in self._rows(formula, width, rule)]
        self.pen.columns = COLUMNS
        if formula.aside:
            room = width - drawn[-1].width - 3
            aside = wrapped(self._muted(formula.aside), room if room >= 14 else width - 2)
            if room >= 14:
                drawn[-1] = beside([drawn[-1], Box([[("   ", "")]], 0), Box(aside, 0)])
            else:
                drawn.append(Box([[("  ", ""), *line] for line in aside], 0))
        return [line for box in drawn for line in box.lines]

    def _muted(self, runs: tuple[object, ...]) -> Segments:
        return [(t, s or "dim") for t, s in self.pen.runs(runs)]  # type: ignore[arg-type]

    def group(self, group: Group, width: int) -> list[Segments]:
        """Formulas under each other, with their label and its state at the left."""
        mark = {State.DONE: "✓", State.NOW: "◂"}.get(group.progress.state, "")
        label = "".join(t for t, _ in self.pen.runs(group.label))
        style = STYLES[group.role]
        margin = max(len(label), 1) + 1
        inner: list[Segments] = []
        for formula in group.formulas:
            lines = self.formula(formula, width - margin)
            if inner and (len(lines) > 1 or _was_tall(inner)):
                inner.append([])
            inner += lines
        found: list[Segments] = []
        for index, line in enumerate(inner):
            text = label if index == 0 else mark if index == 1 else ""
            found.append([(text.ljust(margin), f"bold {style}".strip()), *line])
        return found

    # --- prose and tables ------------------------------------------------------------------------------------

    def text(self, text: Text, width: int) -> list[Segments]:
        mark = {Style.CHECK: "✓ ", Style.WARNING: "⚠ "}.get(text.style, "")
        head: Segments = [(mark, "bold")] * bool(mark) + ([(f"{printable(text.head)}: ", "bold")] if text.head else [])
        muted = "dim" if text.style is Style.ASIDE else ""
        runs = [(t, s or muted) for t, s in self.pen.runs(text.runs)]
        return wrapped([*head, *runs], min(width, 78))

    def work(self, work: Work, width: int) -> list[Segments]:
        line: Segments = [(f"{work.head}: ", "bold")]
        sum_line = self.pen.inline(work.line)
        room = min(width, 78)
        head = [[*line, *sum_line]] if length(line) + length(sum_line) <= room else [line, [("  ", ""), *sum_line]]
        meaning = wrapped(self._muted(work.meaning), room)
        return [*head, *meaning]

    def table(self, table: Table, width: int) -> list[Segments]:
        heads = [self.pen.runs(column.head) for column in table.columns]
        rows = [[self.pen.runs(cell) for cell in row.cells] for row in table.rows]
        widths = [max([length(head), *(length(row[k]) for row in rows)]) for k, head in enumerate(heads)]
        excess = sum(widths) + 2 * len(widths) - width
        if excess > 0:  # the widest column is wrapped
            widest = widths.index(max(widths))
            widths[widest] = max(12, widths[widest] - excess)
        rights = [column.right for column in table.columns]
        found: list[Segments] = [[(t, f"{s} dim".strip()) for t, s in _row(heads, widths, rights, "  ")[0]]]
        for row, cells in zip(table.rows, rows, strict=True):
            if row.rule:
                found.append([("  " + "─" * (sum(widths) + 2 * len(widths) - 2), "dim")])
            state = row.progress.state
            mark = {State.DONE: "✓ ", State.NOW: "▸ "}.get(state, "  ")
            style = {State.NOW: "reverse", State.TO_COME: "dim"}.get(state)
            lines = _row(cells, widths, rights, mark)
            found += [[(text, style) for text, _ in line] for line in lines] if style else lines
        if table.caption:
            found.append([(f"  {table.caption}", "dim")])
        return found

    def code(self, code: Code) -> list[Segments]:
        found: list[Segments] = []
        for line in code.lines:
            state = line.progress.state
            style = {State.NOW: "bold reverse", State.DONE: "dim"}.get(state, "")
            mark = {State.NOW: "▸ ", State.DONE: "✓ "}.get(state, "  ")
            aside = f"  ◂ {line.aside}" if line.aside else ""
            found.append([(mark, ""), (printable(line.text), style), (aside, "dim")])
        return found


def _row(cells: list[Segments], widths: list[int], rights: list[bool], mark: str) -> list[Segments]:
    """A row of a table: its lines, as many as its longest cell takes."""
    wraps = [[cell] if length(cell) <= size else wrapped(cell, size) for cell, size in zip(cells, widths, strict=True)]
    found: list[Segments] = []
    for number in range(max(map(len, wraps))):
        line: Segments = [(mark if number == 0 else "  ", STYLES[Role.DONE] if mark == "✓ " else "")]
        for wrap, size, right in zip(wraps, widths, rights, strict=True):
            cell = wrap[number] if number < len(wrap) else []
            space = (" " * (size - length(cell)), "")
            line += [space, *cell, ("  ", "")] if right else [*cell, space, ("  ", "")]
        found.append(line)
    return found


def _was_tall(found: list[Segments]) -> bool:
    """Whether the last block took more than one line, so that a space belongs after it."""
    return len(found) > 1 and bool(found[-2])


def _columns(left: list[Segments], right: list[Segments], at: int) -> list[Segments]:
    found: list[Segments] = []
    for row in range(max(len(left), len(right))):
        line = left[row] if row < len(left) else []
        other = right[row] if row < len(right) else []
        found.append([*line, (" " * (at - length(line)), ""), *other] if other else line)
    return found
