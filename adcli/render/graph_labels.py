"""What stands in a graph's vertices and along its edges, as text for every format."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adcli.arrays import Array, shape_text
from adcli.graph.model import Edge, Graph, Vertex
from adcli.render.numerals import inline, matrix, number_text

MOST_ENTRIES = 9
MOST_ROWS = 4
MOST_COLUMNS = 4
LONGEST_FLOW = 14
_UNLIMITED = 10**6


class Numbers(NamedTuple):
    """How numbers are written."""

    digits: int = 6
    fractions: bool = False

    def inline(self, array: Array, room: int) -> str | None:
        """``array`` on one line, where ``room`` characters hold it whole."""
        if np.size(array) > room:
            return None
        text = inline(array, _UNLIMITED, *self)
        return text if len(text) <= room else None

    def short(self, array: Array, room: int) -> str:
        """``array`` on one line of ``room`` characters, or else its shape and largest entry."""
        return self.inline(array, room) or self._summary(array)

    def figure(self, array: Array) -> list[str]:
        """The lines of a small matrix with its brackets; of a large one its shape and largest entry."""
        array = np.asarray(array)
        rows, columns = (array.shape if array.ndim == 2 else (1, array.size)) if array.ndim < 3 else (array.size, 1)
        if array.size > MOST_ENTRIES or rows > MOST_ROWS or columns > MOST_COLUMNS:
            return [self._summary(array)]
        return matrix(array, _UNLIMITED, *self)

    def largest(self, array: Array) -> str:
        return f"|max| {number_text(float(np.abs(array).max(initial=0.0)), *self)}"

    def _summary(self, array: Array) -> str:
        return f"{shape_text(np.shape(array))}, {self.largest(array)}"


def head(vertex: Vertex) -> str:
    """What follows a vertex's name: `` = formula``, or what kind of leaf it is."""
    return f" = {vertex.formula}" if vertex.role == "operation" else f"  {vertex.role}"


def carried(graph: Graph, edge: Edge) -> str:
    """What goes along an edge with the data: the shape of the value, and how often where that is not once."""
    shape = shape_text(np.shape(graph.vertices[edge.source].value))
    return " ".join(part for part in (shape, f"×{edge.times}" if edge.times > 1 else "") if part)


def flowing_back(graph: Graph, edge: Edge, numbers: Numbers) -> str:
    """An edge's share of the gradient, where it is short; else its largest entry, or the shape of the Jacobian."""
    share = np.asarray(edge.gradient)
    text = numbers.inline(share, LONGEST_FLOW)
    if text is None:
        text = shape_text(share.shape) if graph.has_jacobians else numbers.largest(share)
    return text


def derivative(graph: Graph) -> str:
    """What a gradient of this graph is, for an unnamed value."""
    return f"∂{graph.vertices[graph.output].name}/∂…"
