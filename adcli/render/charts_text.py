"""Bars, plots and graphs of a slide in characters."""

from __future__ import annotations

import math

from adcli.explain.drawings import Bars, Direction, Graph, Plot, Vertex
from adcli.explain.maths import Role
from adcli.explain.progress import State
from adcli.render.bars import bar
from adcli.render.maths_text import Pen
from adcli.render.segments import STYLES, Segments, length, wrapped
from adcli.render.tracker_text import MARKS


def bars(block: Bars, pen: Pen, width: int) -> list[Segments]:
    """Horizontal bars, their numbers at the end."""
    lines = wrapped([(block.caption, "dim")], width)
    labels = [pen.runs(item.label) for item in block.bars]
    margin = max((length(label) for label in labels), default=0) + 2
    numbers = max((len(item.text) for item in block.bars), default=0)
    most = max((_scaled(item.value, block.log) for item in block.bars), default=0.0)
    room = max(4, min(40, width - margin - numbers - 2))
    for item, label in zip(block.bars, labels, strict=True):
        drawn = bar(_scaled(item.value, block.log), most, room)
        gap = " " * (margin - length(label))
        lines.append([*label, (gap, ""), (drawn, STYLES[item.role]), (f" {item.text}", "bold")])
    return lines


def _scaled(value: float, log: bool) -> float:
    return math.log10(1.0 + value) if log else value


PLOT_HEIGHT = 13  # lines of the grid, where there is room
MOST_TICKS = 4
MARGIN = 7  # columns left of the grid
POINTS = {"circle": "●", "triangle": "▲", "diamond": "◆"}


def plot(block: Plot, pen: Pen, width: int, height: int = PLOT_HEIGHT) -> list[Segments]:
    """Points on a grid of ``height`` lines, an axis with powers of ten, the names of the series above it."""
    points = [(x, y) for series in block.series for x, y in series.points if y > 0.0]
    if not points:
        return [[(block.y_label, "dim")]]
    low = math.floor(math.log10(min(y for _, y in points)))
    high = max(math.ceil(math.log10(max(y for _, y in points))), low + 1)
    columns = max(20, min(44, width - MARGIN))
    xs = [_along(x, block) for x, _ in points]
    least, largest = min(xs), max(xs)

    def column(x: float) -> int:
        share = (_along(x, block) - least) / ((largest - least) or 1.0)
        place = round((1.0 - share if block.falling_x else share) * (columns - 1))
        return min(max(place, 0), columns - 1)

    def row(y: float) -> int:
        return round((high - math.log10(y)) / (high - low) * (height - 1))

    grid: dict[tuple[int, int], tuple[str, str]] = {}
    floor = block.floor if block.floor and block.floor[0] >= 10.0**low else None
    if floor:
        grid.update({(row(floor[0]), place): ("┄", "dim") for place in range(columns)})
    if block.marker:
        grid.update({(line, column(block.marker[0])): ("┊", "dim") for line in range(height)})
    for series in block.series:
        for x, y in series.points:
            if y > 0.0:
                grid[row(y), column(x)] = (POINTS[series.shape], STYLES[series.role])
    ticks = {row(10.0**power): f"1e{power}" for power in range(high, low - 1, -math.ceil((high - low) / MOST_TICKS))}
    lines = _legend(block, width)
    for line in range(height):
        tick = ticks.get(line, "")
        cells: Segments = [(f"{tick:>{MARGIN - 2}} ", "dim"), ("┤" if tick else "│", "dim")]
        lines.append(cells + [grid.get((line, place), (" ", "")) for place in range(columns)])
    lines += _below(block, least, largest, columns)
    notes = [("┊", block.marker[1])] if block.marker else []
    notes += [("┄", floor[1])] if floor else []
    for mark, words in notes:
        start = " " * MARGIN + mark
        for line_of_words in wrapped([(words, "dim")], max(20, width - MARGIN - 2)):
            lines.append([(f"{start} ", "dim"), *line_of_words])
            start = " " * len(start)
    return lines


def _legend(block: Plot, width: int) -> list[Segments]:
    """What the points are, on one line, or on as many as they take."""
    lines: list[Segments] = [[(block.y_label, "dim")]]
    for series in block.series:
        words = f"{POINTS[series.shape]} {series.name}"
        if length(lines[-1]) + 2 + len(words) > width:
            lines.append([])
        lines[-1] += [("  ", ""), (words, STYLES[series.role])]
    return lines


def _below(block: Plot, least: float, largest: float, columns: int) -> list[Segments]:
    """The horizontal axis with its ends, and between them, or below where there is no room, what it shows."""
    ends = [_tick(largest if block.falling_x else least, block), _tick(least if block.falling_x else largest, block)]
    room = columns - len(ends[0]) - len(ends[1])
    fits = len(block.x_label) + 2 <= room
    between = block.x_label.center(room) if fits else " " * room
    below = [ends[0] + between + ends[1], *([] if fits else [block.x_label])]
    return [
        [(" " * (MARGIN - 1) + "└" + "─" * columns, "dim")],
        *([(" " * MARGIN + line, "dim")] for line in below),
    ]


def _along(x: float, block: Plot) -> float:
    return x if block.linear_x else math.log10(x)


def _tick(position: float, block: Plot) -> str:
    return f"{position:g}" if block.linear_x else f"1e{round(position)}"


def graph(block: Graph, pen: Pen, width: int) -> list[Segments]:
    """Each vertex on a line: what it is made of, its data and its grad, and what flows along its edges."""
    names = [_vertex_name(v, pen) for v in block.vertices]
    margin = max((len(n) for n in names), default=0)
    sources = {i: [e for e in block.edges if e.target == i] for i in range(len(block.vertices))}
    rows: list[tuple[str, ...]] = []
    for i, vertex in enumerate(block.vertices):
        made = f"({vertex.op}) ← " + ", ".join(pen.name(block.vertices[e.source].name) for e in sources[i])
        rows.append((names[i], made if sources[i] else "", _short(vertex, pen, True), _short(vertex, pen, False)))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    widths[2], widths[3] = max(widths[2], len(block.heads[0])), max(widths[3], len(block.heads[1]))
    lines: list[Segments] = [
        [
            (" " * (margin + widths[1] + 6), ""),
            (block.heads[0].rjust(widths[2]), STYLES[Role.VALUE]),
            (" │ ", "dim"),
            (block.heads[1].rjust(widths[3]), STYLES[Role.COTANGENT]),
        ]
    ]
    for i, (vertex, row) in enumerate(zip(block.vertices, rows, strict=True)):
        mark = MARKS.get(vertex.progress.state, " ")
        style = {State.NOW: "bold reverse", State.TO_COME: "dim"}.get(vertex.progress.state, "")
        line: Segments = [
            (f"{mark} {row[0].ljust(margin)}  {row[1].ljust(widths[1])}  ", style),
            (row[2].rjust(widths[2]), STYLES[Role.VALUE]),
            (" │ ", "dim"),
            (row[3].rjust(widths[3]), STYLES[Role.COTANGENT]),
        ]
        lines.append(line)
        for place, flow in enumerate(_flows(block, i, pen)):
            if length(lines[-1]) + 3 + length(flow) > width:
                lines.append([(" " * (margin + 4), "")])
            lines[-1] += [("  " if place else "   ", ""), *flow]
    return lines


def _flows(block: Graph, target: int, pen: Pen) -> list[Segments]:
    """What flows along each edge of a vertex."""
    arrow = "◂" if block.direction is Direction.BACK else "▸"
    return [
        [(f"{arrow} {pen.name(block.vertices[edge.source].name)}: ", "dim"), *pen.inline(edge.label.expression)]
        for edge in block.edges
        if edge.target == target and edge.label is not None
    ]


def _vertex_name(vertex: Vertex, pen: Pen) -> str:
    name = pen.name(vertex.name)
    return f"[{name}]" if vertex.leaf else f"(({name}))" if vertex.output else f"({name})"


def _short(vertex: Vertex, pen: Pen, data: bool) -> str:
    value = vertex.data if data else vertex.grad
    return pen.inline_flat(value.expression) if value is not None else ""
