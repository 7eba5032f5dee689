"""A graph as a drawing: one SVG file that needs no program, font, script or network."""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple
from unicodedata import east_asian_width

from adcli.errors import AdcliError, Problem, printable
from adcli.graph.layering import length
from adcli.graph.model import Edge, Graph, Vertex
from adcli.graph.placing import Layout, Point, Size, arrange
from adcli.render.graph_labels import carried, derivative, figure, flowing_back, head, short
from adcli.render.style import Style

MOST_VERTICES = 300
MOST_LENGTH = 6000  # layers that all arrows together may pass
PAGE = 1600.0, 900.0
BETTER = 1.2  # how much better a drawing from top to bottom must fit the page
MARGIN = 28.0
LINE = 18.0
WIDE = 8.43  # of one character, in the monospaced fonts named below, at 14 px
SMALL = 7.23  # at 12 px
TITLE_WIDE = 12.0  # at most, at 20 px
PAD = 12.0
HEAD = 28.0
SIDE_BY_SIDE = 30  # characters of value and gradient together
LONGEST_HEAD = 36
ARROW = 8.0

STYLE = """
text { font: 14px "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; white-space: pre; fill: INK }
.title { font: bold 20px "Latin Modern Sans", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif }
.note { font: 14px "Latin Modern Sans", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; fill: MUTED }
.name { font-weight: bold }
.op { fill: MUTED }
.value { fill: VALUE }
.grad { fill: COTANGENT; font-weight: bold }
.flow { font-size: 12px }
.ground { fill: GROUND }
.box { stroke-width: 2; fill: PANEL; stroke: VALUE }
.given { fill: GROUND; stroke: PARAMETER }
.target { stroke-dasharray: 5 4 }
.inner { fill: none; stroke-width: 1.5 }
.rule { stroke: LINE; fill: none }
.edge, .bracket { fill: none; stroke-width: 1.5 }
.edge { stroke: MUTED }
.quiet { stroke-dasharray: 5 4 }
.arrow { fill: MUTED }
.v { stroke: VALUE } .g { stroke: COTANGENT }
"""
LIGHT = {
    "VALUE": "#106DB6", "PARAMETER": "#3F4752", "COTANGENT": "#BD0C89", "INK": "#1B2028", "MUTED": "#5C6470",
    "LINE": "#D3D6D9", "GROUND": "#FCFCFA", "PANEL": "#F2F2EE",
}  # fmt: skip
DARK = {
    "VALUE": "#7DB7F7", "PARAMETER": "#DDE2EA", "COTANGENT": "#FF6FBD", "INK": "#ECEFF4", "MUTED": "#A3ADBA",
    "LINE": "#3A434F", "GROUND": "#14181F", "PANEL": "#1C222B",
}  # fmt: skip
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


class Block(NamedTuple):
    """Lines of text in a box: the lines of a matrix lose their brackets, which are drawn."""

    lines: list[str]
    kind: str

    @property
    def width(self) -> float:
        return max(map(len, self.lines)) * WIDE

    @property
    def height(self) -> float:
        return len(self.lines) * LINE


def svg(graph: Graph, style: Style) -> str:
    """The drawing of ``graph``.

    Raises:
        AdcliError: it has too many vertices to be read.
    """
    _check_size(graph)
    boxes = [_blocks(vertex, style) for vertex in graph.vertices]
    sizes = [_size(vertex, blocks) for vertex, blocks in zip(graph.vertices, boxes, strict=True)]
    flows, labels, layout = _arranged(graph, style, sizes, upright=False)
    other = _arranged(graph, style, sizes, upright=True)
    upright = _fit(other[2], True) > BETTER * _fit(layout, False)
    if upright:
        flows, labels, layout = other
    parts: list[str] = []
    for edge, straight in zip(graph.edges, layout.edges, strict=True):
        parts.append(_edge(graph, edge, straight, upright))
    for flow, size, point in zip(flows, labels, layout.labels, strict=True):
        parts += _flow_texts(flow, size, _xy(point, upright), upright)
    for index, vertex in enumerate(graph.vertices):
        centre = _xy(layout.vertices[index], upright)
        parts.append(_vertex(vertex, boxes[index], sizes[index], centre, index == graph.output, style))
    return _page(graph, layout, parts, upright)


def _check_size(graph: Graph) -> None:
    count, edges = len(graph.vertices), graph.edges
    if count <= MOST_VERTICES and length(count, [(edge.source, edge.target) for edge in edges]) <= MOST_LENGTH:
        return
    message = f"the graph is too large to be drawn: it has {count:,} nodes and {len(edges):,} arrows"
    hint = f"up to {MOST_VERTICES} nodes are drawn, if few arrows are long; --format dot and mermaid have no limit"
    raise AdcliError(Problem(message, None, hint))


def _arranged(
    graph: Graph, style: Style, sizes: list[tuple[float, float]], upright: bool
) -> tuple[list[list[tuple[str, str]]], list[tuple[float, float]], Layout]:
    flows = [_flow(graph, edge, style, upright) for edge in graph.edges]
    labels = [_flow_size(flow, upright) for flow in flows]
    pairs = [(edge.source, edge.target) for edge in graph.edges]
    layout = arrange([_turned(one, upright) for one in sizes], pairs, [_turned(one, upright) for one in labels])
    return flows, labels, layout


def _fit(layout: Layout, upright: bool) -> float:
    """The scale at which a drawing fits the page."""
    width, height = _turned(layout.size, upright)
    return min(PAGE[0] / width, PAGE[1] / height)


def _turned(size: tuple[float, float], upright: bool) -> Size:
    return Size(size[1], size[0]) if upright else Size(*size)


def _xy(point: Point, upright: bool) -> tuple[float, float]:
    return (point.across, point.along) if upright else (point.along, point.across)


def _blocks(vertex: Vertex, style: Style) -> list[Block]:
    found = [Block(figure(vertex.value, style), "value")]
    if vertex.gradient is not None:
        found.append(Block(figure(vertex.gradient, style), "grad"))
    return found


def _size(vertex: Vertex, blocks: list[Block]) -> tuple[float, float]:
    title = len(_head(vertex)) * WIDE + 2 * PAD
    widths = [block.width + 2 * PAD for block in blocks]
    if _stacked(blocks):
        return max(title, *widths), HEAD + sum(block.height + 8 for block in blocks) + 4
    return max(title, sum(widths)), HEAD + max(block.height for block in blocks) + 12


def _stacked(blocks: list[Block]) -> bool:
    return sum(block.width for block in blocks) > SIDE_BY_SIDE * WIDE


def _head(vertex: Vertex) -> str:
    text = vertex.name + head(vertex)
    return text if len(text) <= LONGEST_HEAD else text[: LONGEST_HEAD - 1] + "…"


def _flow(graph: Graph, edge: Edge, style: Style, upright: bool) -> list[tuple[str, str]]:
    """The texts along an edge and their kinds: what goes with the data, and what flows back."""
    with_data = carried(graph, edge)
    found = [(f"{with_data} {'▾' if upright else '▸'}", "value")] if with_data else []
    if edge.gradient is not None:
        found.append((f"{'▴' if upright else '◂'} {flowing_back(graph, edge, style)}", "grad"))
    return found


def _flow_size(flow: list[tuple[str, str]], upright: bool) -> tuple[float, float]:
    width = max((len(text) for text, _ in flow), default=0) * SMALL
    return width + 8, (16.0 * len(flow) + 4 if upright else 36.0)


def _flow_texts(
    flow: list[tuple[str, str]], size: tuple[float, float], centre: tuple[float, float], upright: bool
) -> list[str]:
    """From left to right above and below the edge; from top to bottom on it."""
    x, y = centre
    found = []
    if upright and flow:
        found.append(_rect(x - size[0] / 2, y - size[1] / 2, size[0], size[1], "ground"))
    for index, (text, kind) in enumerate(flow):
        at = y + 16 * index - 8 * len(flow) + 12 if upright else y - 6 if kind == "value" else y + 15
        found.append(_text(x, at, f"flow {kind}", text, SMALL))
    return found


def _edge(graph: Graph, edge: Edge, straight: list[tuple[Point, Point]], upright: bool) -> str:
    x, y = _xy(straight[0][0], upright)
    path = [f"M{_n(x)},{_n(y)}"]
    before = straight[0][0]
    for begin, end in straight:
        if begin != straight[0][0]:
            middle = (before.along + begin.along) / 2
            bends = (Point(middle, before.across), Point(middle, begin.across), begin)
            path.append("C" + " ".join(f"{_n(a)},{_n(b)}" for a, b in (_xy(point, upright) for point in bends)))
        before = end
        if end == straight[-1][1]:
            before = end._replace(along=end.along - ARROW)
        x, y = _xy(before, upright)
        path.append(f"L{_n(x)},{_n(y)}")
    tip = straight[-1][1]
    corners = [tip, Point(tip.along - ARROW, tip.across - 4), Point(tip.along - ARROW, tip.across + 4)]
    arrow = " ".join(f"{_n(a)},{_n(b)}" for a, b in (_xy(point, upright) for point in corners))
    quiet = " quiet" if edge.gradient is None else ""
    return f'<path class="edge{quiet}" d="{" ".join(path)}"/><polygon class="arrow" points="{arrow}"/>'


def _vertex(
    vertex: Vertex,
    blocks: list[Block],
    size: tuple[float, float],
    centre: tuple[float, float],
    is_output: bool,
    style: Style,
) -> str:
    width, height = size
    left, top = centre[0] - width / 2, centre[1] - height / 2
    given = vertex.role != "operation"
    kind = f"box {'given ' if given else ''}{vertex.role}"
    corner = 0.0 if given else 14.0
    parts = [_rect(left, top, width, height, kind, corner)]
    if is_output:
        outside = max(corner + 4, 4.0) if not given else 0.0
        parts.insert(0, _rect(left - 4, top - 4, width + 8, height + 8, "box inner", outside))
    text = _head(vertex)
    name = f'<tspan class="name">{escape(text[: len(vertex.name)])}</tspan>'
    rest = f'<tspan class="op">{escape(text[len(vertex.name) :])}</tspan>'
    parts.append(_text(centre[0], top + 19, "", text, WIDE, name + rest))
    parts.append(f'<path class="rule" d="M{_n(left + 1)},{_n(top + HEAD)} h{_n(width - 2)}"/>')
    stacked = _stacked(blocks)
    spare = (width - sum(block.width + 2 * PAD for block in blocks)) / len(blocks)
    cells = [block.width + 2 * PAD + spare for block in blocks]
    x, y = left, top + HEAD
    for index, block in enumerate(blocks):
        if stacked:
            parts += _block(block, centre[0], y + 4 + block.height / 2)
            y += block.height + 8
        else:
            parts += _block(block, x + cells[index] / 2, top + (HEAD + height) / 2)
            x += cells[index]
    if len(blocks) > 1:
        rule = (
            f"M{_n(left + 1)},{_n(top + HEAD + blocks[0].height + 8)} h{_n(width - 2)}"
            if stacked
            else f"M{_n(left + cells[0])},{_n(top + HEAD)} V{_n(top + height - 1)}"
        )
        parts.append(f'<path class="rule" d="{rule}"/>')
    return f"<g><title>{_safe(_told(vertex, style))}</title>{''.join(parts)}</g>"


def _told(vertex: Vertex, style: Style) -> str:
    """A vertex in a sentence, for those who hear the drawing, and as a tip."""
    value = short(vertex.value, 200, style)
    gradient = "" if vertex.gradient is None else f"; gradient {short(vertex.gradient, 200, style)}"
    return f"{vertex.name}{head(vertex)}: value {value}{gradient}"


def _block(block: Block, x: float, y: float) -> list[str]:
    """Lines of text centred at a point, with brackets where they are a matrix's."""
    lines = block.lines
    bracketed = lines[0][0] in "[⎡"
    inner = [line[1:-1] for line in lines] if bracketed else lines
    top = y - block.height / 2
    parts = [
        _text(x, top + LINE * index + 14, block.kind, line, WIDE) for index, line in enumerate(inner) if line.strip()
    ]
    if bracketed:
        half = len(inner[0]) * WIDE / 2 + 5
        tall = block.height - 2
        for side, hook in ((-1, 4), (1, -4)):
            path = f"M{_n(x + side * half + hook)},{_n(top + 1)} h{-hook} v{_n(tall)} h{hook}"
            parts.append(f'<path class="bracket {block.kind[0]}" d="{path}"/>')
    return parts


def _page(graph: Graph, layout: Layout, parts: list[str], upright: bool) -> str:
    title = printable(graph.title or "Computational graph")
    output = graph.vertices[graph.output].name
    what = "Jacobian" if graph.has_jacobians else "gradient"
    notes = [
        f"{derivative(graph)}. In a box: value on the left or above, {what} on the right or below.",
        f"Square: given. Round: computed. Doubled: the output. Along an arrow: shape {'▾' if upright else '▸'}, "
        f"and what flows back {'▴' if upright else '◂'}.",
    ]
    drawn = _turned(layout.size, upright)
    texts = max(_columns(title) * TITLE_WIDE, *(len(note) * 7.4 for note in notes))
    width = max(drawn.along, min(texts, 900.0)) + 2 * MARGIN
    top = MARGIN + 40
    height = top + drawn.across + 30 + 20 * len(notes) + MARGIN / 2
    room = int((width - 2 * MARGIN) / TITLE_WIDE)
    heading = title if _columns(title) <= room else title[: room // 2 if not title.isascii() else room - 1] + "…"
    shift = (width - drawn.along) / 2
    told = f"{len(graph.vertices)} nodes and {len(graph.edges)} arrows; the output is {output}. " + " ".join(notes)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{_safe(title)}</title>',
        f'<desc id="desc">{_safe(told)}</desc>',
        f"<style>{_style()}</style>",
        _rect(0, 0, width, height, "ground"),
        f'<text class="title" x="{_n(MARGIN)}" y="{_n(MARGIN + 14)}">{_safe(heading)}</text>',
        f'<g transform="translate({_n(shift)} {_n(top)})">',
        *parts,
        "</g>",
    ]
    for index, note in enumerate(notes):
        y = height - MARGIN - 20 * (len(notes) - 1 - index)
        lines.append(f'<text class="note" x="{_n(MARGIN)}" y="{_n(y)}">{_safe(note)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _style() -> str:
    def coloured(colours: dict[str, str]) -> str:
        return re.sub(r"\b[A-Z]{3,}\b", lambda role: colours.get(role[0], role[0]), STYLE)

    return f"{coloured(LIGHT)}@media (prefers-color-scheme: dark) {{{coloured(DARK)}}}\n"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _safe(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def _rect(x: float, y: float, width: float, height: float, kind: str, corner: float = 0.0) -> str:
    rounded = f' rx="{_n(corner)}"' if corner else ""
    return f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{rounded}/>'


def _text(x: float, y: float, kind: str, text: str, wide: float, inner: str | None = None) -> str:
    """Text of a fixed width around ``x``, whichever of the fonts there is."""
    named = f' class="{kind}"' if kind else ""
    return (
        f'<text{named} x="{_n(x)}" y="{_n(y)}" text-anchor="middle" xml:space="preserve" '
        f'textLength="{_n(len(text) * wide)}">{_safe(text) if inner is None else inner}</text>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
