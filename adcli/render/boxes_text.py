"""Boxes of characters, put together on one line of writing: what formulas with tall brackets are made of."""

from __future__ import annotations

from collections.abc import Sequence

from adcli.render.segments import Segments, length


class Box:
    """Lines, the widest of which is ``width``, and which of them is the line of writing."""

    __slots__ = ("base", "lines", "width")

    def __init__(self, lines: list[Segments], base: int) -> None:
        self.lines = lines
        self.base = base
        self.width = max((length(line) for line in lines), default=0)


def beside(boxes: Sequence[Box]) -> Box:
    """Boxes next to each other on one line of writing."""
    above = max((box.base for box in boxes), default=0)
    below = max((len(box.lines) - box.base for box in boxes), default=1)
    lines: list[Segments] = []
    for row in range(above + below):
        line: Segments = []
        for box in boxes:
            inside = row - above + box.base
            own = box.lines[inside] if 0 <= inside < len(box.lines) else []
            line += [*own, (" " * (box.width - length(own)), "")]
        lines.append(line)
    return Box(lines, above)


def padded(box: Box, width: int) -> Box:
    """``box`` with spaces at its right."""
    return beside([box, Box([[(" " * (width - box.width), "")]], 0)]) if box.width < width else box


def word(text: str, style: str = "") -> Box:
    return Box([[(text, style)]], 0)


def bracketed(rows: list[Segments], style: str) -> Box:
    """Rows between tall brackets."""
    if len(rows) == 1:
        return Box([[("[", style), *rows[0], ("]", style)]], 0)
    lines = []
    for i, row in enumerate(rows):
        left, right = ("⎡", "⎤") if i == 0 else ("⎣", "⎦") if i == len(rows) - 1 else ("⎢", "⎥")
        lines.append([(left, style), *row, (right, style)])
    return Box(lines, (len(rows) - 1) // 2)


def at_the_point(texts: list[str]) -> list[str]:
    """One column: right-aligned, with the points under each other."""
    if any("/" in t or "e" in t for t in texts):
        width = max(map(len, texts))
        return [t.rjust(width) for t in texts]
    after = max((len(t) - t.index(".") for t in texts if "." in t), default=0)
    gaps = ("⋯", "⋮", "⋱")
    filled_up = [t if t in gaps else t + " " * (after - (len(t) - t.index(".") if "." in t else 0)) for t in texts]
    width = max(map(len, filled_up))
    return [t.center(width) if t in gaps else t.rjust(width) for t in filled_up]


def aligned(cells: list[list[Segments]]) -> list[Segments]:
    widths = [max(length(row[j]) for row in cells) for j in range(len(cells[0]))]
    rows: list[Segments] = []
    for row in cells:
        line: Segments = []
        for j, cell in enumerate(row):
            line += [("  ", "")] * bool(j) + [(" " * (widths[j] - length(cell)), "")] + cell
        rows.append(line)
    return rows
