"""A plot of characters, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.text import Text

from adcli.notation.numbers import RAISED


class Series(NamedTuple):
    """Points that belong together, drawn as ``mark``, with dots between them."""

    mark: str
    colour: str
    points: Sequence[tuple[float, float]]


def log_log(series: Sequence[Series], width: int, height: int) -> list[Text]:
    """The lines of the plot, ``width`` wide and about ``height`` high.

    Powers of ten stand at the left, the same number of lines apart; the sizes below.
    """
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    if not ys:
        return []
    left, right = math.log(min(xs)), math.log(max(xs))
    bottom, top = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    top = max(top, bottom + 1)
    height = max(1, round(height / (top - bottom))) * (top - bottom) + 1
    labels = {round((height - 1) * (top - power) / (top - bottom)): f"{power}" for power in range(bottom, top + 1)}
    margin = max(len(label) for label in labels.values()) + 5
    columns = width - margin - 1
    cells: list[list[tuple[str, str]]] = [[(" ", "")] * columns for _ in range(height)]

    def place(x: float, y: float) -> tuple[int, int]:
        across = (math.log(x) - left) / (right - left) if right > left else 0.0
        up = (math.log10(y) - bottom) / (top - bottom)
        return round((height - 1) * (1 - up)), round((columns - 1) * across)

    for one in series:
        places = [place(*point) for point in one.points]
        for (row, column), (next_row, next_column) in pairwise(places):
            for step in range(column + 1, next_column):
                share = (step - column) / (next_column - column)
                cells[round(row + share * (next_row - row))][step] = ("·", one.colour)
    for one in series:
        for row, column in (place(*point) for point in one.points):
            taken = cells[row][column][0] not in " ·"
            cells[row][column] = ("*" if taken and cells[row][column][0] != one.mark else one.mark, one.colour)
    lines = []
    for number, row_cells in enumerate(cells):
        label = labels.get(number)
        axis = f"10{label.translate(RAISED)}".rjust(margin - 1) + "┤" if label is not None else "│".rjust(margin)
        lines.append(Text.assemble((axis, "dim"), *(cell for cell in row_cells)))
    lines.append(Text(" " * (margin - 1) + "└" + "─" * columns, "dim"))
    low, high = f"{min(xs):,.0f}", f"{max(xs):,.0f}"
    lines.append(Text(" " * margin + low + high.rjust(columns - len(low)), "dim"))
    for line in lines:
        line.rstrip()
    return lines
