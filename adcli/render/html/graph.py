"""A program as SVG: a node a box with data and grad, an operation a circle before it, arrows between."""

from __future__ import annotations

from adcli.explain.deck import Numbers
from adcli.explain.drawings import Direction, Edge, Graph, Vertex
from adcli.render.html.cells import CLASSES
from adcli.render.html.svg import Piece, at, faces, late_text, pieces, state, text_width, tspans
from adcli.render.html.words import safe

BOX, HEIGHT, HEAD = 128.0, 66.0, 30.0
ROW = 104.0
OP = 24.0


def graph_svg(graph: Graph, numbers: Numbers) -> str:
    widths = [_width(v, numbers) for v in graph.vertices]
    widest = max(widths, default=BOX)
    op = max((_op_width(v) for v in graph.vertices), default=2 * OP)
    label = max((text_width(face, 18) for e in graph.edges for face in faces(e.label, numbers)), default=0.0)
    step = widest + op + 34 + max(44.0, label + 16)
    places = [(widest / 2 + 4 + step * v.column, 30 + HEIGHT / 2 + ROW * v.row) for v in graph.vertices]
    right = max((x for x, _ in places), default=0.0) + widest / 2 + 8
    bottom = max((y for _, y in places), default=0.0) + HEIGHT / 2 + 8
    parts = [_edge(e, graph, places, widths, numbers) for e in graph.edges]
    parts += [_vertex(v, *places[i], widths[i], graph, numbers) for i, v in enumerate(graph.vertices)]
    if places:
        top = min(range(len(places)), key=lambda i: (places[i][0], places[i][1]))
        x, y = places[top]
        heads = [Piece(f"{graph.heads[0]} | {graph.heads[1]}")]
        parts.append(f'<text class="cap" x="{at(x)}" y="{at(y - HEIGHT / 2 - 10)}">{tspans(heads)}</text>')
    return (
        f'<svg class="graph" viewBox="0 0 {at(right)} {at(bottom)}" style="--w:{at(right)}px" role="img" '
        f'aria-label="{safe(graph.alt)}">{"".join(parts)}</svg>'
    )


def _width(v: Vertex, numbers: Numbers) -> float:
    half = max((text_width(face, 21) for late in (v.data, v.grad) for face in faces(late, numbers)), default=0.0)
    return max(BOX, text_width(pieces(v.name, numbers), 21) + 24, 2 * half + 32)


def _op_width(v: Vertex) -> float:
    return max(2 * OP, text_width([Piece(v.op)], 20) + 22) if v.op else 0.0


def _op_x(v: Vertex, x: float, width: float) -> float:
    return x - width / 2 - 34 - _op_width(v) / 2


def _edge(edge: Edge, graph: Graph, places: list[tuple[float, float]], widths: list[float], numbers: Numbers) -> str:
    """From the right side of its source to the operation before its target, bent where it runs uphill or down."""
    target = graph.vertices[edge.target]
    x1, y1 = places[edge.source][0] + widths[edge.source] / 2 + 2, places[edge.source][1]
    x2, y2 = places[edge.target]
    x2 = (
        _op_x(target, x2, widths[edge.target]) - _op_width(target) / 2 if target.op else x2 - widths[edge.target] / 2
    ) - 2
    middle = (x1 + x2) / 2
    back = graph.direction is Direction.BACK
    tip, y, length = (x1, y1, -9) if back else (x2, y2, 9)
    start, end = (x1 + 9, x2) if back else (x1, x2 - 9)
    path = f"M{at(start)} {at(y1)}C{at(middle)} {at(y1)} {at(middle)} {at(y2)} {at(end)} {at(y2)}"
    parts = [
        f'<path fill="none" d="{path}"/>',
        f'<path class="head" d="M{at(tip - length)} {at(y - 5)}l{length} 5l{-length} 5z"/>',
    ]
    if edge.label is not None:
        rise = -8 if y1 <= y2 else 20
        where = y1 if y1 == y2 else y1 + (y2 - y1) * 0.2
        kind = "flow" if y1 == y2 else "flow start"
        x = middle + (0 if y1 == y2 else 6)
        parts.append(late_text(x, where + rise, edge.label, numbers, kind))
    return f'<g class="wire"{state(edge.progress)}>{"".join(parts)}</g>'


def _vertex(v: Vertex, x: float, y: float, width: float, graph: Graph, numbers: Numbers) -> str:
    left, top, role = x - width / 2, y - HEIGHT / 2, CLASSES[v.name.role] or "v"
    radius = 0 if v.leaf else 20
    parts = []
    if v.op:
        ox, ow = _op_x(v, x, width), _op_width(v)
        forward = graph.direction is Direction.FORWARD
        tip, length = (left - 2, 9) if forward else (ox + ow / 2 + 2, -9)
        parts.append(f'<g class="wire"{state(v.progress)}><path d="M{at(ox + ow / 2)} {at(y)}H{at(left)}"/>')
        parts.append(f'<path class="head" d="M{at(tip - length)} {at(y - 5)}l{length} 5l{-length} 5z"/></g>')
        parts.append(
            f'<g class="op"{state(v.progress)}><rect x="{at(ox - ow / 2)}" y="{at(y - OP)}" width="{at(ow)}" '
            f'height="{at(2 * OP)}" rx="{at(OP)}"/><text x="{at(ox)}" y="{at(y + 7)}">{safe(v.op)}</text></g>'
        )
    parts.append(f'<g class="node {role}"{state(v.progress)}>')
    if v.output:
        parts.append(
            f'<rect class="outer" x="{at(left - 4)}" y="{at(top - 4)}" width="{at(width + 8)}" '
            f'height="{at(HEIGHT + 8)}" rx="{radius + 4 if radius else 0}"/>'
        )
    parts.append(f'<rect x="{at(left)}" y="{at(top)}" width="{at(width)}" height="{at(HEIGHT)}" rx="{radius}"/>')
    parts.append(
        f'<path class="rule" d="M{at(left)} {at(top + HEAD)}h{at(width)}m{at(-width / 2)} 0v{at(HEIGHT - HEAD)}"/>'
    )
    parts.append(f'<text x="{at(x)}" y="{at(top + 22)}">{tspans(pieces(v.name, numbers))}</text>')
    parts.append(late_text(x - width / 4, top + 56, v.data, numbers, "val"))
    parts.append(late_text(x + width / 4, top + 56, v.grad, numbers, "val"))
    return "".join(parts) + "</g>"
