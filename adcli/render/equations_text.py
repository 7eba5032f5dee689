"""The formulas of a slide in characters: numbers under each other, long ones broken before a sign, remarks beside."""

from __future__ import annotations

from collections.abc import Sequence

from adcli.explain.blocks import Formula, Group, Part, Words
from adcli.explain.deck import Block
from adcli.explain.maths import Matrix, Role, parts_of
from adcli.explain.progress import State
from adcli.render.boxes_text import Box, beside, padded
from adcli.render.maths_text import Pen
from adcli.render.segments import STYLES, Segments, length, without_spaces_at_the_end, wrapped
from adcli.render.shown import most_shown

FEWEST_COLUMNS = 3
LONGEST_LABEL = 16  # characters of the label beside formulas
LONGEST_LEFT = 8  # characters of a left side that stays with a rule which is broken between words
BREAK = "     "
APART = "   "  # between a formula and what is said beside it
TICK = Box([[(" ✓", STYLES[Role.DONE])]], 0)


class Equations:
    """Draws the formulas of a deck with ``pen``; the word ``reads`` stands before the values that one reads."""

    def __init__(self, pen: Pen, reads: str) -> None:
        self.pen = pen
        self.reads = reads
        self.was_cut = False  # whether a matrix lost columns because the last blocks were too narrow for it
        self.was_broken = False  # whether a line was broken between words for the same reason
        self.signed: dict[tuple[object, ...], Box] = {}

    def _rule(self, formula: Formula) -> Box:
        """The left side and the first sign's expression, if that has no matrix."""
        return beside([Box([self.pen.inline(formula.left)], 0), self._signed(formula.parts[0])])

    def _signed(self, part: Part) -> Box:
        """``= expression``."""
        pen = self.pen
        key = id(part), pen.narrowed, pen.shapes, pen.longest  # the deck, and so its parts, lives longer than the page
        if key not in self.signed:
            sign = f" {self.pen.sign(part.sign, part.expression)} " if part.sign else ""
            self.signed[key] = beside([Box([[(sign, "")]], 0), self.pen.box(part.expression)])
        return self.signed[key]

    def rule_width(self, blocks: Sequence[Block], width: int) -> int:
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
        left = Box([self.pen.inline(formula.left)], 0)
        if first.width > width and (left.width > LONGEST_LEFT or len(first.lines) > 1):
            rows = [[left], [Box([[("  ", "")]], 0), self._signed(formula.parts[0])]]
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
        """A formula; what it reads and its aside beside it where there is room, otherwise below."""
        drawn = [beside(row) for row in self._rows(formula, width, rule)]
        whole = max(box.width for box in drawn)
        columns = self.pen.columns if whole <= width else self._most_columns(formula)
        while columns > FEWEST_COLUMNS and max(box.width for box in drawn) > width:
            columns -= 1
            self.pen.narrowed = columns
            drawn = [beside(row) for row in self._rows(formula, width, rule)]
        self.was_cut |= max(box.width for box in drawn) < whole
        self.pen.narrowed = None
        if formula.aside:
            room = width - drawn[-1].width - len(APART)
            said = self.pen.muted(formula.aside)
            most = room if room >= 14 else width - 2
            aside = wrapped(said, most)
            if length(said) > most and not any(isinstance(run, Words) for run in formula.aside):
                pass  # numbers are not broken in the middle of a row
            elif room >= 14:
                drawn[-1] = beside([drawn[-1], Box([[(APART, "")]], 0), Box(aside, 0)])
            else:
                drawn.append(Box([[("  ", ""), *line] for line in aside], 0))
        lines = [line for box in drawn for line in self._fitted(box, width)]
        return self._with_reads(lines, formula, width) if formula.reads else lines

    def _with_reads(self, lines: list[Segments], formula: Formula, width: int) -> list[Segments]:
        """``lines`` with the values that are read at the end of the first one that has room for them."""
        said: Segments = [(f"{self.pen.words(self.reads)} ", "dim")]
        for name in formula.reads:
            said += [(", ", "dim")] * (len(said) > 1) + self.pen.inline(name)
        for place, line in enumerate(lines):
            stripped = without_spaces_at_the_end(line)
            if length(stripped) + len(APART) + length(said) <= width:
                return [*lines[:place], [*stripped, (APART, ""), *said], *lines[place + 1 :]]
        return [*lines, *([("  ", ""), *line] for line in wrapped(said, width - 2))]

    def _most_columns(self, thing: object) -> int:
        """The most columns that a matrix has as it is drawn."""
        if isinstance(thing, Matrix):
            return most_shown(thing, self.pen.numbers, self.pen.rows, self.pen.columns)[1]
        return max(map(self._most_columns, parts_of(thing)), default=self.pen.columns)

    def _fitted(self, box: Box, width: int) -> list[Segments]:
        """The lines of ``box``; a single one that is too long, broken between words."""
        if box.width <= width or len(box.lines) > 1:
            return box.lines
        self.was_broken = True
        text = "".join(piece for piece, _ in box.lines[0])
        indent = " " * (len(text) - len(text.lstrip()))
        first, *rest = wrapped(box.lines[0], width - len(BREAK))
        return [[(indent, ""), *first], *([(BREAK, ""), *line] for line in rest)]

    def group(self, group: Group, width: int) -> list[Segments]:
        """Formulas under each other, with their label and its state at the left."""
        mark = {State.DONE: "✓", State.NOW: "◂"}.get(group.progress.state, "")
        label = "".join(t for t, _ in self.pen.runs(group.label))
        label = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
        style = STYLES[group.role]
        margin = max(len(label), 1) + 1
        inner: list[Segments] = []
        for formula in group.formulas:
            put_below(inner, self.formula(formula, width - margin))
        found: list[Segments] = []
        for index, line in enumerate(inner):
            text = label if index == 0 else mark if index == 1 else ""
            found.append([(text.ljust(margin), f"bold {style}".strip()), *line])
        return found


def put_below(found: list[Segments], lines: list[Segments], apart: bool = False) -> None:
    """Add ``lines``, after a gap where they or those above are tall, or are to stand ``apart``."""
    was_tall = len(found) > 1 and bool(found[-2])
    if found and (apart or len(lines) > 1 or was_tall):
        found.append([])
    found += lines
