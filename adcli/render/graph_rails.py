"""A graph as lines of text: a row a vertex, and at its left the values on their way down to where they are used."""

from __future__ import annotations

from typing import NamedTuple

from adcli.graph.model import Graph

GIVEN, COMPUTED, OUTPUT = "■", "●", "◎"
# Which character joins lines from above, below, left and right.
_JOINTS = {
    (1, 1, 0, 1): "├", (1, 1, 1, 0): "┤", (1, 1, 1, 1): "┼", (0, 1, 0, 1): "╭", (0, 1, 1, 0): "╮",
    (0, 1, 1, 1): "┬", (1, 0, 0, 1): "╰", (1, 0, 1, 0): "╯", (1, 0, 1, 1): "┴", (0, 0, 1, 1): "─",
}  # fmt: skip


class Row(NamedTuple):
    """A line of the drawing; ``vertex`` is the one whose mark it holds, or None where values only meet."""

    rails: str
    vertex: int | None
    below: str


def rows(graph: Graph) -> list[Row]:
    """Every vertex once, an operation below its arguments; ``below`` are the rails of a further line under a row."""
    into = [[edge.source for edge in edges] for edges in graph.edges_into()]
    waiting = [len(edges) for edges in graph.edges_from()]
    rails: list[int | None] = []
    found: list[Row] = []

    def enter(vertex: int, column: int) -> None:
        rails[column] = vertex
        mark = OUTPUT if vertex == graph.output else COMPUTED if graph.vertices[vertex].role == "operation" else GIVEN
        line = _drawn(rails, {column: mark})
        if not waiting[vertex]:
            rails[column] = None
        found.append(Row(line, vertex, _drawn(rails, {})))

    for vertex, info in enumerate(graph.vertices):
        if info.role != "operation" and not waiting[vertex]:
            enter(vertex, _free(rails))
    for vertex, info in enumerate(graph.vertices):
        if info.role != "operation":
            continue
        for argument in into[vertex]:
            if argument not in rails:
                enter(argument, _free(rails))
        columns = [rails.index(argument) for argument in into[vertex]]
        before = rails.copy()
        for argument, column in zip(into[vertex], columns, strict=True):
            waiting[argument] -= 1
            if not waiting[argument]:
                rails[column] = None
        ended = [column for column in columns if rails[column] is None]
        column = min(ended) if ended else _free(rails)
        before += [None] * (len(rails) - len(before))
        rails[column] = vertex
        if columns and set(columns) != {column}:
            found.append(Row(_meeting(before, rails, {*columns, column}), None, ""))
        enter(vertex, column)
    return found


def _free(rails: list[int | None]) -> int:
    if None not in rails:
        rails.append(None)
    return rails.index(None)


def _drawn(rails: list[int | None], marks: dict[int, str]) -> str:
    cells = (marks.get(column, " " if value is None else "│") for column, value in enumerate(rails))
    return " ".join(cells).rstrip()


def _meeting(before: list[int | None], after: list[int | None], joined: set[int]) -> str:
    """The line in which arguments turn to the column of their operation; other values pass through it."""
    first, last = min(joined), max(joined)
    text = ""
    for column, (above, below) in enumerate(zip(before, after, strict=True)):
        if column in joined:
            key = (int(above is not None), int(below is not None), int(column > first), int(column < last))
            text += _JOINTS[key]
        elif above is not None:
            text += "│"
        else:
            text += "─" if first < column < last else " "
        text += "─" if first <= column < last else " "
    return text.rstrip()
