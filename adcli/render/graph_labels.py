"""What stands in a graph's vertices and along its edges, as text for every format."""

from __future__ import annotations

import numpy as np

from adcli.arrays import Array, shape_text
from adcli.graph.model import Edge, Graph, Vertex
from adcli.notation.numbers import number_text
from adcli.render.numerals import inline, matrix
from adcli.render.style import Style

MOST_ENTRIES = 9
MOST_ROWS = 4
MOST_COLUMNS = 4
LONGEST_FLOW = 14
LEAST_NAME = 8
LONGEST_OUTPUT = 24  # of its name in a heading
UNLIMITED = 10**6


def one_line(array: Array, room: int, style: Style) -> str | None:
    """``array`` on one line, where ``room`` characters hold it whole."""
    if np.size(array) > room:
        return None
    text = inline(array, UNLIMITED, style.digits, style.fractions)
    return text if len(text) <= room else None


def short(array: Array, room: int, style: Style, with_shape: bool = True) -> str:
    """``array`` on one line of ``room`` characters, or else its shape, its largest entry, or both; no number is cut.

    A shape stands in parentheses, so that nobody takes that of a vector for a number.
    """
    if not np.ndim(array):
        return number_text(float(array), style.digits, style.fractions)
    whole = one_line(array, room, style)
    told = (summary(array, style, with_shape), bracketed_shape(array) if with_shape else "…")
    return whole or next((text for text in told if len(text) <= room), "…")


def figure(array: Array, style: Style) -> list[str]:
    """The lines of a small matrix with its brackets; of a large one its shape and largest entry."""
    array = np.asarray(array)
    rows, columns = array.shape if array.ndim == 2 else (1, array.size)
    if array.ndim > 2 or array.size > MOST_ENTRIES or rows > MOST_ROWS or columns > MOST_COLUMNS:
        return [summary(array, style)]
    return matrix(array, UNLIMITED, style.digits, style.fractions)


def bracketed_shape(array: Array) -> str:
    """``(2)``, ``(2 × 3)``; nothing for a number."""
    return f"({shape_text(np.shape(array))})" if np.ndim(array) else ""


def summary(array: Array, style: Style, with_shape: bool = True) -> str:
    shape = f"{bracketed_shape(array)}, " if with_shape else ""
    return f"{shape}|max| {number_text(float(np.abs(array).max(initial=0.0)), style.digits, style.fractions)}"


def head(vertex: Vertex) -> str:
    """What follows a vertex's name: `` = formula``, or what kind of leaf it is."""
    return f" = {vertex.formula}" if vertex.role == "operation" else f"  {vertex.role}"


def brief(vertex: Vertex) -> str:
    """The same where the formula has no room: its operation alone."""
    return f" = {vertex.op}(…)" if vertex.role == "operation" else head(vertex)


def fitted(name: str, rest: str, short_rest: str, room: int) -> tuple[str, str]:
    """``name`` and what follows it, in ``room`` characters.

    Where ``rest`` has no room, ``short_rest`` stands in its place, and the name is cut in its middle if need be:
    names that differ in their ends stay apart.
    """
    if len(name + rest) <= room:
        return name, rest
    if not name:
        return "", _without_middle(rest, room)
    left = room - len(short_rest)
    if left >= min(len(name), LEAST_NAME):
        return _without_middle(name, left), short_rest
    text = (name + rest)[: room - 1] + "…"
    return text[: len(name)], text[len(name) :]


def _without_middle(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"


def carried(graph: Graph, edge: Edge) -> str:
    """What goes along an edge with the data: the shape of the value, and how often where that is not once."""
    shape = bracketed_shape(graph.vertices[edge.source].value)
    return " ".join(part for part in (shape, f"×{edge.times}" if edge.times > 1 else "") if part)


def flowing_back(graph: Graph, edge: Edge, style: Style) -> str:
    """An edge's share of the gradient, where it is short; else its largest entry, or the shape of the Jacobian."""
    share = np.asarray(edge.gradient)
    told = bracketed_shape(share) if graph.has_jacobians else summary(share, style, with_shape=False)
    return one_line(share, LONGEST_FLOW, style) or told


def quotient(graph: Graph) -> str:
    return f"∂{_without_middle(graph.vertices[graph.output].name, LONGEST_OUTPUT)}/∂…"


def derivative(graph: Graph) -> str:
    """What the gradients of this graph are, and which engine made them."""
    kind = "Jacobians" if graph.has_jacobians else "Gradients"
    return f"{kind} {quotient(graph)}, {graph.mode} mode"
