"""Arrows of a drawing, and the texts along them."""

from __future__ import annotations

from adcli.graph.folding import Wire
from adcli.graph.model import Edge, Graph
from adcli.graph.placing import Point, Size
from adcli.render.graph_labels import carried, flowing_back
from adcli.render.style import Style
from adcli.render.svg_parts import fixed, rect, text_at

SMALL = 7.23  # of one character, in the monospaced fonts at 12 px
TIP = 8.0
ROUND = 8.0  # of the corners of a way back


def turned(size: tuple[float, float], upright: bool) -> Size:
    return Size(size[1], size[0]) if upright else Size(*size)


def xy(point: Point, upright: bool) -> tuple[float, float]:
    return (point.across, point.along) if upright else (point.along, point.across)


def flow(graph: Graph, edge: Edge, style: Style, upright: bool, alone: bool) -> list[tuple[str, str]]:
    """The texts along an edge and their kinds: what goes with the data, and what flows back.

    Where the edge is ``alone`` in leaving its source, what flows back stands in the source's box already.
    """
    with_data = carried(graph, edge)
    found = [(f"{with_data} {'▾' if upright else '▸'}", "value")] if with_data else []
    if edge.gradient is not None and not alone:
        found.append((f"{'▴' if upright else '◂'} {flowing_back(graph, edge, style)}", "grad"))
    return found


def flow_size(flow: list[tuple[str, str]], upright: bool) -> tuple[float, float]:
    width = max((len(text) for text, _ in flow), default=0) * SMALL
    return width + 8, (16.0 * len(flow) + 4 if upright else 36.0)


def flow_texts(
    flow: list[tuple[str, str]], size: tuple[float, float], centre: tuple[float, float], upright: bool
) -> list[str]:
    """From left to right above and below the edge; from top to bottom on it."""
    x, y = centre
    found = []
    if upright and flow:
        found.append(rect(x - size[0] / 2, y - size[1] / 2, size[0], size[1], "ground"))
    for index, (text, kind) in enumerate(flow):
        at = y + 16 * index - 8 * len(flow) + 12 if upright else y - 6 if kind == "value" else y + 15
        found.append(text_at(x, at, f"flow {kind}", text, SMALL))
    return found


def arrow(edge: Edge, wire: Wire, upright: bool) -> str:
    start, tip = wire.legs[0][0][0], wire.legs[-1][-1][1]
    path = [f"M{_at(start, upright)}"]
    for number, leg in enumerate(wire.legs):
        if number:
            path += _cornered([wire.legs[number - 1][-1][1], *wire.turns[number - 1], leg[0][0]], upright)
        before = leg[0][0]
        for begin, end in leg:
            if begin != leg[0][0]:
                middle = (before.along + begin.along) / 2
                bends = (Point(middle, before.across), Point(middle, begin.across), begin)
                path.append("C" + " ".join(_at(point, upright) for point in bends))
            before = end._replace(along=end.along - TIP) if end == tip else end
            path.append(f"L{_at(before, upright)}")
    corners = [tip, Point(tip.along - TIP, tip.across - 4), Point(tip.along - TIP, tip.across + 4)]
    head = " ".join(_at(point, upright) for point in corners)
    quiet = " quiet" if edge.gradient is None else ""
    return f'<path class="edge{quiet}" d="{" ".join(path)}"/><polygon class="arrow" points="{head}"/>'


def _cornered(points: list[Point], upright: bool) -> list[str]:
    """A way through points, each side along or across, with round corners."""
    path = []
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        path.append(f"L{_at(_towards(corner, before), upright)}")
        path.append(f"Q{_at(corner, upright)} {_at(_towards(corner, after), upright)}")
    return [*path, f"L{_at(points[-1], upright)}"]


def _towards(corner: Point, other: Point) -> Point:
    """The point of a side at which the round corner begins."""
    away = abs(other.along - corner.along) + abs(other.across - corner.across)
    share = min(ROUND / away, 0.5) if away else 0.0
    return Point(
        corner.along + share * (other.along - corner.along), corner.across + share * (other.across - corner.across)
    )


def _at(point: Point, upright: bool) -> str:
    x, y = xy(point, upright)
    return f"{fixed(x)},{fixed(y)}"
