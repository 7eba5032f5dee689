"""A program as a graph: leaves square, results round, each with data and grad; operations in circles between them."""

from __future__ import annotations

from collections.abc import Iterator

from adcli.explain.drawings import Direction, Edge, Graph, Vertex
from adcli.explain.maths import Expression, Role
from adcli.explain.progress import Late, State
from adcli.render.beamer.pen import TICK, Pen, changing, late, prose, states

PITCH, OPERATION, ROW = 32.0, 14.0, 12.5  # mm from column to column, from a vertex back to its circle, row to row


def size(block: Graph) -> tuple[float, float]:
    """Width and height in mm, before it is made smaller to fit."""
    columns = max((vertex.column for vertex in block.vertices), default=0)
    rows = max((vertex.row for vertex in block.vertices), default=0.0)
    return columns * PITCH + 18, rows * ROW + 16


def graph(pen: Pen, block: Graph, width: float, height: float) -> str:
    """A TikZ picture of at most ``width`` × ``height`` mm; heads say which compartment is which."""
    lines = [*_heads(block), *(_vertex(pen, block, place) for place in range(len(block.vertices)))]
    lines += [line for edge in block.edges for line in _edge(pen, block, edge)]
    lines += [_into(block, place) for place, vertex in enumerate(block.vertices) if vertex.op]
    picture = "\n".join(f"  {line}" for line in lines if line)
    return f"\\adfit{{{width}mm}}{{{height:.1f}mm}}{{\\begin{{tikzpicture}}[ad]\n{picture}\n\\end{{tikzpicture}}}}"


def _place(vertex: Vertex) -> tuple[float, float]:
    return vertex.column * PITCH, -vertex.row * ROW


def _role(block: Graph) -> Role:
    return Role.COTANGENT if block.direction is Direction.BACK else Role.VALUE


def _heads(block: Graph) -> Iterator[str]:
    if block.vertices:
        top = max((_place(v)[1], -_place(v)[0]) for v in block.vertices)
        data, grad = (prose(head) for head in block.heads)
        words = rf"{{\color{{VALUE}}{data}}} $\mid$ {{\color{{COTANGENT}}{grad}}}"
        yield rf"\node at ({-top[1]:.1f},{top[0] + 7.5:.1f}) {{\adsize{{6}}{words}}};"


def _vertex(pen: Pen, block: Graph, place: int) -> str:
    vertex = block.vertices[place]
    x, y = _place(vertex)
    name = f"${pen.maths(vertex.name)}$"
    cells = rf"{_late_cell(pen, vertex.data)}&{_late_cell(pen, vertex.grad)}"
    outline = "draw=PARAMETER,fill=PARAMETER-tint" if vertex.leaf else "rounded corners=1.8mm"
    outline += ",double,double distance=0.4mm" if vertex.output else ""
    operation = rf"\texttt{{{prose(vertex.op)}}}"

    def drawn(state: State) -> str:
        now = ",line width=0.6mm" if state is State.NOW else ",ad coming" if state is State.TO_COME else ""
        tick = rf" {TICK}" if state is State.DONE else ""
        content = rf"\advertex{{{name}{tick}}}{{{cells}}}"
        box = rf"\node[ad vertex,{outline}{now}] (v{place}) at ({x:.1f},{y:.1f}) {{{content}}};"
        if not vertex.op:
            return box
        lit = f",ad now={_role(block).name}" if state is State.NOW else ""
        return rf"{box}\node[ad operation{lit}] (o{place}) at ({x - OPERATION:.1f},{y:.1f}) {{{operation}}};"

    return changing(vertex.progress, *map(drawn, states(vertex.progress)))


def _cell(pen: Pen, expression: Expression | None) -> str:
    return r"\;\cdot\;" if expression is None else pen.maths(expression)


def _late_cell(pen: Pen, cell: Late | None) -> str:
    if cell is None or not cell.since:
        return _cell(pen, cell and cell.expression)
    return late(cell.since, f"${_cell(pen, cell.expression)}$", f"${_cell(pen, cell.before)}$")


def _edge(pen: Pen, block: Graph, edge: Edge) -> Iterator[str]:
    end = f"o{edge.target}" if block.vertices[edge.target].op else f"v{edge.target}"
    ends = (f"v{edge.source}", end) if block.direction is Direction.FORWARD else (end, f"v{edge.source}")
    drawn = [rf"\draw[->,{_line(block, state)}] ({ends[0]})--({ends[1]});" for state in states(edge.progress)]
    yield changing(edge.progress, *drawn)
    if edge.label is not None:
        near = "0.45" if block.direction is Direction.BACK else "0.55"
        words = late(edge.label.since, f"${pen.maths(edge.label.expression)}$", None)
        label = rf"{{\adsize{{6}}\color{{{_role(block).name}}}{words}}}"
        yield rf"\path ({ends[0]})--node[pos={near},fill=adground,inner sep=0.4mm]{{{label}}}({ends[1]});"


def _into(block: Graph, place: int) -> str:
    """The line between an operation's circle and its result."""
    ends = (f"o{place}", f"v{place}") if block.direction is Direction.FORWARD else (f"v{place}", f"o{place}")
    progress = block.vertices[place].progress
    drawn = [rf"\draw[->,{_line(block, state)}] ({ends[0]})--({ends[1]});" for state in states(progress)]
    return changing(progress, *drawn)


def _line(block: Graph, state: State) -> str:
    if state is State.NOW:
        return f"{_role(block).name},line width=0.5mm"
    return "admuted,densely dashed" if state is State.TO_COME else "admuted"
