"""A graph as a drawing: one SVG file that needs no program, font, script or network."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from adcli.errors import AdcliError, Problem, printable
from adcli.graph.folding import Wire, folded
from adcli.graph.layering import Ranks, length, rank
from adcli.graph.model import Graph, Vertex
from adcli.graph.placing import Layout, Size, arrange
from adcli.render.graph_labels import brief, derivative, figure, fitted, head, short
from adcli.render.style import Style
from adcli.render.svg_arrows import arrow, flow, flow_size, flow_texts, turned, xy
from adcli.render.svg_parts import columns, cut, fixed, rect, safe, style_sheet, text_at

MOST_VERTICES = 300
MOST_LENGTH = 10_000  # layers that all arrows together may pass
PAGE = 1600.0, 900.0
BETTER = 1.2  # how much better a drawing from top to bottom must fit the page
MARGIN = 28.0
LINE = 18.0
WIDE = 8.43  # of one character, in the monospaced fonts named below, at 14 px
TITLE_WIDE = 12.0  # at most, at 20 px
PAD = 12.0
HEAD = 28.0
SIDE_BY_SIDE = 30  # characters of value and gradient together
LONGEST_HEAD = 36
BORDER = 4.0  # between the two borders of the output
CORNER = 14.0


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


class Drawing(NamedTuple):
    """The texts along the edges and their sizes, where everything stands, and which way the data goes."""

    flows: list[list[tuple[str, str]]]
    labels: list[tuple[float, float]]
    layout: Layout
    wires: list[Wire]
    upright: bool


def svg(graph: Graph, style: Style) -> str:
    """The drawing of ``graph``.

    Raises:
        AdcliError: it has too many vertices to be read.
    """
    _check_size(graph)
    boxes = [_blocks(vertex, style) for vertex in graph.vertices]
    sizes = [_size(vertex, blocks) for vertex, blocks in zip(graph.vertices, boxes, strict=True)]
    width, height = sizes[graph.output]
    sizes[graph.output] = width + 2 * BORDER, height + 2 * BORDER
    flows, labels, layout, wires, upright = _best(graph, style, sizes)
    parts = [arrow(edge, wire, upright) for edge, wire in zip(graph.edges, wires, strict=True)]
    for texts, size, point in zip(flows, labels, layout.labels, strict=True):
        parts += flow_texts(texts, size, xy(point, upright), upright)
    for index, vertex in enumerate(graph.vertices):
        centre = xy(layout.vertices[index], upright)
        parts.append(_vertex(vertex, boxes[index], sizes[index], centre, index == graph.output, style))
    kinds = {kind for texts in flows for _, kind in texts}
    return _page(graph, layout, parts, upright, kinds)


def _check_size(graph: Graph) -> None:
    count, edges = len(graph.vertices), graph.edges
    if count <= MOST_VERTICES and length(count, [(edge.source, edge.target) for edge in edges]) <= MOST_LENGTH:
        return
    message = f"the graph is too large to be drawn: it has {count:,} nodes and {len(edges):,} arrows"
    hint = f"up to {MOST_VERTICES} nodes are drawn, if few arrows are long; --format dot and mermaid have no limit"
    raise AdcliError(Problem(message, None, hint))


def _best(graph: Graph, style: Style, sizes: list[tuple[float, float]]) -> Drawing:
    """From left to right, in one row or several, or from top to bottom: whichever fits the page well."""
    ranks = rank(len(graph.vertices), [(edge.source, edge.target) for edge in graph.edges])
    flat, tall = (_arranged(graph, style, sizes, ranks, upright) for upright in (False, True))
    one = tall if _fit(tall.layout, True) > BETTER * _fit(flat.layout, False) else flat
    labels = [Size(*size) if texts else Size(0.0, 0.0) for texts, size in zip(flat.flows, flat.labels, strict=True)]
    vertices = [Size(*size) for size in sizes]
    in_rows = folded(vertices, ranks, labels, flat.layout.size, lambda layout: _fit(layout, False))
    if in_rows and _fit(in_rows.layout, False) > BETTER * _fit(one.layout, one.upright):
        return flat._replace(layout=in_rows.layout, wires=in_rows.wires)
    return one


def _arranged(graph: Graph, style: Style, sizes: list[tuple[float, float]], ranks: Ranks, upright: bool) -> Drawing:
    uses = graph.edges_from()
    flows = [
        flow(graph, edge, style, upright, alone=len(uses[edge.source]) == 1 and edge.source != graph.output)
        for edge in graph.edges
    ]
    labels = [flow_size(texts, upright) for texts in flows]
    layout = arrange([turned(one, upright) for one in sizes], ranks, [turned(one, upright) for one in labels])
    return Drawing(flows, labels, layout, [Wire([leg], []) for leg in layout.edges], upright)


def _fit(layout: Layout, upright: bool) -> float:
    """The scale at which a drawing fits the page."""
    width, height = turned(layout.size, upright)
    return min(PAGE[0] / width, PAGE[1] / height)


def _blocks(vertex: Vertex, style: Style) -> list[Block]:
    found = [Block(figure(vertex.value, style), "value")]
    if vertex.gradient is not None:
        found.append(Block(figure(vertex.gradient, style), "grad"))
    return found


def _size(vertex: Vertex, blocks: list[Block]) -> tuple[float, float]:
    title = len("".join(_head(vertex))) * WIDE + 2 * PAD
    widths = [block.width + 2 * PAD for block in blocks]
    if _stacked(blocks):
        return max(title, *widths), HEAD + sum(block.height + 8 for block in blocks) + 4
    return max(title, sum(widths)), HEAD + max(block.height for block in blocks) + 12


def _stacked(blocks: list[Block]) -> bool:
    return sum(block.width for block in blocks) > SIDE_BY_SIDE * WIDE


def _head(vertex: Vertex) -> tuple[str, str]:
    return fitted(vertex.name, head(vertex), brief(vertex), LONGEST_HEAD)


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
    corner = 0.0 if given else CORNER
    parts = []
    if is_output:
        parts.append(rect(left, top, width, height, "box inner", corner and corner + BORDER))
        left, top, width, height = left + BORDER, top + BORDER, width - 2 * BORDER, height - 2 * BORDER
    parts.append(rect(left, top, width, height, f"box {'given ' if given else ''}{vertex.role}", corner))
    name, rest = _head(vertex)
    spans = f'<tspan class="name">{escape(name)}</tspan><tspan class="op">{escape(rest)}</tspan>'
    parts.append(text_at(centre[0], top + 19, "", name + rest, WIDE, spans))
    parts += _cells(blocks, left, top + HEAD, width, height - HEAD)
    return f"<g><title>{safe(_told(vertex, style))}</title>{''.join(parts)}</g>"


def _cells(blocks: list[Block], left: float, top: float, width: float, height: float) -> list[str]:
    """Value and gradient in the area below a box's head, with lines between; side by side if there is room."""
    parts = []
    rules = [f"M{fixed(left + 1)},{fixed(top)} h{fixed(width - 2)}"]
    if _stacked(blocks):
        y = top
        for block in blocks:
            parts += _block(block, left + width / 2, y + 4 + block.height / 2)
            y += block.height + 8
        if len(blocks) > 1:
            y = top + blocks[0].height + 8
            rules.append(f"M{fixed(left + 1)},{fixed(y)} h{fixed(width - 2)}")
    else:
        spare = (width - sum(block.width + 2 * PAD for block in blocks)) / len(blocks)
        x = left
        for block in blocks:
            share = block.width + 2 * PAD + spare
            parts += _block(block, x + share / 2, top + height / 2)
            x += share
            if block is not blocks[-1]:
                rules.append(f"M{fixed(x)},{fixed(top)} V{fixed(top + height - 1)}")
    return [*parts, f'<path class="rule" d="{" ".join(rules)}"/>']


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
        text_at(x, top + LINE * index + 14, block.kind, line, WIDE) for index, line in enumerate(inner) if line.strip()
    ]
    if bracketed:
        half = len(inner[0]) * WIDE / 2 + 5
        tall = block.height - 2
        for side, hook in ((-1, 4), (1, -4)):
            path = f"M{fixed(x + side * half + hook)},{fixed(top + 1)} h{-hook} v{fixed(tall)} h{hook}"
            parts.append(f'<path class="bracket {block.kind[0]}" d="{path}"/>')
    return parts


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _along_arrows(kinds: set[str], upright: bool) -> str:
    told = [f"shape {'▾' if upright else '▸'}"] if "value" in kinds else []
    if "grad" in kinds:
        told.append(f"what flows back {'▴' if upright else '◂'}")
    return f" Along an arrow: {', and '.join(told)}." if told else ""


def _page(graph: Graph, layout: Layout, parts: list[str], upright: bool, kinds: set[str]) -> str:
    title = printable(graph.title or "Computational graph")
    output = graph.vertices[graph.output].name
    what = "Jacobian" if graph.has_jacobians else "gradient"
    notes = [
        f"{derivative(graph)}. In a box: value on the left or above, {what} on the right or below.",
        f"Square: given. Round: computed. Doubled: the output.{_along_arrows(kinds, upright)}",
    ]
    drawn = turned(layout.size, upright)
    texts = max(columns(title) * TITLE_WIDE, *(len(note) * 7.4 for note in notes))
    width = max(drawn.along, min(texts, 900.0)) + 2 * MARGIN
    top = MARGIN + 40
    height = top + drawn.across + 30 + 20 * len(notes) + MARGIN / 2
    room = int((width - 2 * MARGIN) / TITLE_WIDE)
    shift = (width - drawn.along) / 2
    size = f"{_counted(len(graph.vertices), 'node')} and {_counted(len(graph.edges), 'arrow')}"
    told = " ".join([f"{size}; the output is {output}.", *notes])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{fixed(width)}" height="{fixed(height)}" '
        f'viewBox="0 0 {fixed(width)} {fixed(height)}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{safe(title)}</title>',
        f'<desc id="desc">{safe(told)}</desc>',
        f"<style>{style_sheet()}</style>",
        rect(0, 0, width, height, "ground"),
        f'<text class="title" x="{fixed(MARGIN)}" y="{fixed(MARGIN + 14)}">{safe(cut(title, room))}</text>',
        f'<g transform="translate({fixed(shift)} {fixed(top)})">',
        *parts,
        "</g>",
    ]
    for index, note in enumerate(notes):
        y = height - MARGIN - 20 * (len(notes) - 1 - index)
        lines.append(f'<text class="note" x="{fixed(MARGIN)}" y="{fixed(y)}">{safe(note)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
