"""Expressions in characters as formulas: matrices in tall brackets."""

from __future__ import annotations

from collections.abc import Callable

from adcli.explain.deck import Numbers
from adcli.explain.maths import Expression, Matrix, Product, Raw, Sum, Symbols
from adcli.render.boxes_text import Box, aligned, at_the_point, beside, bracketed, word
from adcli.render.inline_text import LinePen
from adcli.render.segments import STYLES, Segments, length
from adcli.render.shown import Cell

NAME_LENGTHS = (16, 12, 10, 8, 6, 5, 4)  # to which names are shortened, if they must be


class Pen(LinePen):
    """Writes expressions on one line, or as boxes. ``shapes``: whether the shape stands under a matrix."""

    def __init__(self, numbers: Numbers, ascii_only: bool = False) -> None:
        super().__init__(numbers, ascii_only)
        self.shapes = True
        self._drawn: dict[tuple[object, ...], Box] = {}  # of the deck, which lives longer

    def fitted(self, draw: Callable[[], list[Segments]], width: int) -> list[Segments]:
        """What ``draw`` draws, with names so short that no line is wider than ``width``; whole if that can't be."""
        first = draw()
        drawn = first
        for self.longest in NAME_LENGTHS:
            if max(map(length, drawn), default=0) <= width:
                break
            drawn = draw()
        self.longest = None
        return drawn if max(map(length, drawn), default=0) <= width else first

    def box(self, e: Expression) -> Box:
        """``e`` with matrices in tall brackets."""
        match e:
            case Matrix() if e.array.size > 1:
                key = id(e), self.narrowed, self.shapes, self.longest
                if key not in self._drawn:
                    self._drawn[key] = self._matrix(e)
                return self._drawn[key]
            case Symbols():
                cells = [[self.inline(entry) for entry in row] for row in e.rows]
                return bracketed(aligned(cells), STYLES[e.role])
            case Product() if any(_is_tall(f) for f in e.factors):
                first, *others = map(self._boxed_factor, e.factors)
                dot = [word("·")] * e.dot
                return beside([first, *(box for other in others for box in (*dot, other))])
            case Sum() if any(_is_tall(t) for t in e.terms):
                boxes: list[Box] = []
                for place, term in enumerate(e.terms):
                    sign = "−" if place in e.minus else "+"
                    boxes += [word(f" {sign} ")] if place else []
                    boxes.append(self.box(term))
                return beside(boxes)
            case Raw() if any(_is_tall(a) for _, a in e.arguments):
                return self._tall_template(e)
            case _:
                return Box([self.inline(e)], 0)

    def _boxed_factor(self, e: Expression) -> Box:
        return self.box(e) if _is_tall(e) else Box([self._factor(e)], 0)

    def _tall_template(self, e: Raw) -> Box:
        arguments = dict(e.arguments)
        boxes: list[Box] = []
        rest = self.words(e.text)
        while rest:
            before, opening, after = rest.partition("⟦")
            boxes.append(word(before))
            if not opening:
                break
            name, _, rest = after.partition("⟧")
            boxes.append(self.box(arguments[name]))
        return beside(boxes)

    def _matrix(self, e: Matrix) -> Box:
        seen = self.seen(e)
        columns = list(zip(*seen.cells, strict=True))
        texts = [at_the_point([cell.text for cell in column]) for column in columns]
        rows: list[Segments] = []
        for i, row in enumerate(seen.cells):
            line: Segments = []
            for j, cell in enumerate(row):
                line += [(" ", "")] * bool(j) + [self._cell(texts[j][i], cell, e)]
            rows.append(line)
        box = bracketed(rows, STYLES[e.role] + (" bold" if e.new else ""))
        label = seen.shape
        if not label or not self.shapes:
            return box
        lines = [*box.lines, [(label.center(box.width), "dim")]]
        return Box(lines, box.base)

    @staticmethod
    def _cell(text: str, cell: Cell, e: Matrix) -> tuple[str, str]:
        if cell.forced or cell.gap:
            return text, "dim"
        style = STYLES[e.entries] + (" bold" if e.new else "")
        return text, f"{style} reverse" if cell.tinted else style


def _is_tall(e: Expression) -> bool:
    match e:
        case Matrix():
            return e.array.size > 1
        case Product():
            return any(_is_tall(f) for f in e.factors)
        case Sum():
            return any(_is_tall(t) for t in e.terms)
        case Raw():
            return any(_is_tall(a) for _, a in e.arguments)
        case Symbols():
            return True
        case _:
            return False
