"""A graph in the terminal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

from adcli.arrays import Array, shape_text
from adcli.errors import printable
from adcli.graph.model import Edge, Graph
from adcli.render.graph_labels import LEAST_NAME, UNLIMITED, brief, derivative, fitted, head, quotient, short, summary
from adcli.render.graph_rails import COMPUTED, GIVEN, OUTPUT, Row, rows
from adcli.render.numerals import aligned
from adcli.render.style import GRADIENT, NAME, QUIET, VALUE, Style, ends

FEW_ENTRIES = 4
FEWEST_DIGITS = 3
LEAST_LABEL = 16
LEAST_ROOM = 12
LONGEST_HEADING = 12
GAP = 2


class _Line(NamedTuple):
    """A line of the picture: rails, a name and what follows it, and the columns shape, value, gradient.

    ``brief`` follows the name where ``rest`` has no room.
    """

    rails: str
    name: str = ""
    rest: str = ""
    brief: str = ""
    shape: str = ""
    value: Array | None = None
    gradient: Array | None = None


def graph_text(console: Console, graph: Graph, style: Style) -> None:
    """Print the graph from the leaves down to the output, ``console.width`` wide at most."""
    if graph.title:
        console.print(Text(printable(graph.title), NAME))
        console.print()
    drawn = rows(graph)
    rails = max(len(row.rails) for row in drawn)
    if rails > console.width // 3:
        drawn = [Row(row.rails.strip("│ ")[0], row.vertex, "") for row in drawn if row.vertex is not None]
    out_of = graph.edges_from()
    _table(console, [line for row in ends(drawn, None) for line in _lines(graph, row, out_of)], graph, style)
    console.print()
    shares = "   ◂ its share of the gradient" if any(len(edges) > 1 for edges in out_of) else ""
    console.print(Text(f"{GIVEN} given   {COMPUTED} computed   {OUTPUT} the output{shares}", QUIET))
    if rails > console.width // 3:
        console.print(Text("No arrows are drawn: too many values are on their way at once.", QUIET))


def _lines(graph: Graph, row: Row | None, out_of: list[list[Edge]]) -> list[_Line]:
    """A row with its vertex, and a line for each share of a gradient that several operations have a share in."""
    if row is None:
        return [_Line("⋮", "⋮")]
    if row.vertex is None:
        return [_Line(row.rails)]
    vertex = graph.vertices[row.vertex]
    shape = shape_text(np.shape(vertex.value))
    lines = [_Line(row.rails, vertex.name, head(vertex), brief(vertex), shape, vertex.value, vertex.gradient)]
    edges = out_of[row.vertex]
    if len(edges) > 1 and vertex.gradient is not None:
        for edge in edges:
            times = f", ×{edge.times}" if edge.times > 1 else ""
            rest = f"  ◂ {graph.vertices[edge.target].name}{times}"
            lines.append(_Line(row.below, "", rest, gradient=edge.gradient))
    return lines


class _Fit(NamedTuple):
    """Widths of the columns, and how entries are written; ``shapes`` is 0 where that column is left out."""

    shapes: int
    value: int
    gradient: int
    style: Style


def _fit(lines: list[_Line], spare: int, style: Style, shapes: int, with_shape: bool) -> _Fit:
    """Where vectors of a few entries have no room, first the shapes give way, then digits, then the longest vectors."""
    longest = max(len(line.name + line.rest) for line in lines)
    fewer = range(style.digits - 1, FEWEST_DIGITS - 1, -1)
    styles = [style, *(style._replace(digits=digits) for digits in fewer)]
    ways = [(shape_width, one) for one in styles for shape_width in sorted({shapes, 0}, reverse=True)]
    for few in range(FEW_ENTRIES, 0, -1):
        for shape_width, written in ways:
            room = spare - shape_width - GAP
            value = _needed([line.value for line in lines], few, written, not shape_width)
            gradient = _needed([line.gradient for line in lines], few, written, not shape_width or with_shape)
            room -= min(longest, max(LEAST_LABEL, room - value - gradient))
            if value + gradient <= room:
                value = max(value, min(room // 2, room - gradient))
                return _Fit(shape_width, value, room - value, written)
    room = max(LEAST_ROOM, (spare - GAP - longest) // 2)
    return _Fit(0, room, room, ways[-1][1])


def _needed(arrays: list[Array | None], most: int, style: Style, with_shape: bool) -> int:
    """How wide what has ``most`` entries at most is, and the summary of all else."""
    texts = [
        short(array, UNLIMITED, style) if np.size(array) <= most else summary(array, style, with_shape)
        for array in arrays
        if array is not None
    ]
    if all(np.ndim(array) == 0 for array in arrays if array is not None):
        texts = aligned(texts)
    return max(map(len, texts))


def _table(console: Console, lines: list[_Line], graph: Graph, style: Style) -> None:
    rails = max(len(line.rails) for line in lines) + 1
    spare = console.width - rails - GAP
    shapes = max(len("shape"), *(len(line.shape) for line in lines)) + GAP if any(line.shape for line in lines) else 0
    fit = _fit(lines, spare, style, shapes, graph.has_jacobians)
    shapes = fit.shapes
    values = _column([line.value for line in lines], fit.value, fit.style, not shapes)
    gradients = _column([line.gradient for line in lines], fit.gradient, fit.style, not shapes or graph.has_jacobians)
    width = max(len("value"), *map(len, values)) + GAP
    longest = max(len(line.name + line.rest) for line in lines)
    heading = _heading(graph, gradients)
    names = min(longest, spare - shapes - width - max(len(heading), *map(len, gradients)))
    names = max(names, LEAST_NAME)
    console.print(Text(derivative(graph), NAME))
    top = " " * rails + " " * (names + GAP) + ("shape".ljust(shapes) if shapes else "") + "value".ljust(width)
    console.print(Text(f"{top}{heading}", QUIET), no_wrap=True, crop=False, soft_wrap=True)
    for line, value, gradient in zip(lines, values, gradients, strict=True):
        name, rest = fitted(line.name, line.rest, line.brief, names)
        text = Text.assemble(
            line.rails.ljust(rails),
            (name, NAME),
            (rest, "" if rest.startswith(" =") else QUIET),
            " " * (names + GAP - len(name + rest)),
            (line.shape.ljust(shapes) if shapes else "", QUIET),
            (value.ljust(width), VALUE),
            (gradient, GRADIENT),
        )
        text.rstrip()
        console.print(text, no_wrap=True, crop=False, soft_wrap=True)


def _heading(graph: Graph, gradients: list[str]) -> str:
    """``∂d/∂…``, or a word where the name of the output is so long that it would take room from the names."""
    heading = quotient(graph)
    if len(heading) <= max(LONGEST_HEADING, *map(len, gradients)):
        return heading
    return "Jacobian" if graph.has_jacobians else "gradient"


def _column(arrays: list[Array | None], room: int, style: Style, with_shape: bool) -> list[str]:
    """The texts of a column; where all are numbers, their points stand under each other."""
    known = [short(array, room, style, with_shape) for array in arrays if array is not None]
    if all(np.ndim(array) == 0 for array in arrays if array is not None):
        known = aligned(known)
    texts = iter(known)
    return ["" if array is None else next(texts) for array in arrays]
