"""A long drawing folded into rows, like lines of text.

The ranks are cut where few edges pass. An edge that passes leaves at the right end of its row, goes back through
the gap between the rows, and enters the next row from the left. Both rows hold the passing edges in the same
order, so that the ways back, the first outermost on the right and innermost on the left, do not cross.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from adcli.graph.layering import Ranks
from adcli.graph.placing import Layout, Point, Size, arrange

MOST_PASSING = 6  # edges at a cut
LEAST_VERTICES = 13
TRACK = 12.0  # between two ways back
CLEAR = 26.0  # between a row and the ways back
GAP = 32.0  # of two ranks, about
PASSING = 0.2  # what an edge that passes a cut costs, where a row half as long as the others costs 0.25
STEEP = 32.0  # between ranks: rows are to be short
PAGE = 16 / 9
AROUND = 3  # how many more or fewer rows than is likely are tried

Leg = list[tuple[Point, Point]]


class Wire(NamedTuple):
    """An edge: its straight parts in each row, to be joined by curves, and between two rows the corners of its way."""

    legs: list[Leg]
    turns: list[list[Point]]


class Folded(NamedTuple):
    layout: Layout
    wires: list[Wire]


class _Row(NamedTuple):
    """The items of some ranks, numbered anew: the vertices first."""

    items: list[int]
    vertices: int
    ranks: Ranks
    edges: list[int]


def folded(
    vertices: Sequence[Size], ranks: Ranks, labels: Sequence[Size], flat: Size, fit: Callable[[Layout], float]
) -> Folded | None:
    """The drawing in the number of rows that has the largest ``fit``; None where it is small or has no good cut.

    ``flat``: the size of the same drawing in one row.
    """
    if len(vertices) < LEAST_VERTICES:
        return None
    likely = round(sqrt(flat.along / (flat.across + 2 * CLEAR) / PAGE))
    every = [_cuts(ranks, vertices, labels, count) for count in range(max(2, likely - AROUND), likely + AROUND + 1)]
    found = [_in_rows(vertices, ranks, labels, cuts) for cuts in every if cuts]
    return max(found, key=lambda one: fit(one.layout), default=None)


def _cuts(ranks: Ranks, vertices: Sequence[Size], labels: Sequence[Size], count: int) -> list[int] | None:
    """The ranks of passing edges at which ``count`` rows of like length meet and few edges pass."""
    along = [size.along for size in vertices] + [0.0] * (len(ranks.above) - len(vertices))
    for chain, label in zip(ranks.chains, labels, strict=True):
        along[chain[-2]] = label.along
    at = [0.0]
    for one in ranks.order:
        at.append(at[-1] + max((along[item] for item in one), default=0.0) + GAP)
    likely = [index for index in range(1, len(ranks.order), 2) if len(ranks.order[index]) <= MOST_PASSING]
    ideal = at[-1] / count

    def cost(begin: int, end: int) -> float:
        passing = len(ranks.order[end]) - 1 if end < len(ranks.order) else 0
        return ((at[end] - at[begin]) / ideal - 1) ** 2 + PASSING * passing

    ways: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for left in range(count - 1, -1, -1):
        ways = {
            end: min((before + cost(begin, end), [*cuts, end]) for begin, (before, cuts) in ways.items() if begin < end)
            for end in (likely if left else [len(ranks.order)])
            if min(ways, default=end) < end
        }
    return next(iter(ways.values()))[1][:-1] if ways else None


def _in_rows(vertices: Sequence[Size], ranks: Ranks, labels: Sequence[Size], cuts: list[int]) -> Folded:
    places = [Point(0.0, 0.0)] * len(vertices)
    marks = [Point(0.0, 0.0)] * len(labels)
    wires = [Wire([], []) for _ in ranks.chains]
    top = left = right = 0.0
    passing: list[int] = []
    for begin, end in pairwise([0, *cuts, len(ranks.order) - 1]):
        row = _row(ranks, len(vertices), begin, end)
        ending = [chain[-1] < row.vertices for chain in row.ranks.chains]
        texts = [labels[edge] if ends else None for edge, ends in zip(row.edges, ending, strict=True)]
        layout = arrange([vertices[item] for item in row.items[: row.vertices]], row.ranks, texts, STEEP)
        for item, place in zip(row.items, layout.vertices, strict=False):
            places[item] = _down(place, top)
        for edge, place, leg in zip(row.edges, layout.labels, layout.edges, strict=True):
            marks[edge] = _down(place, top)
            if wires[edge].legs:
                leg[0] = (leg[0][0]._replace(along=0.0), leg[0][1])
            wires[edge].legs.append([(_down(start, top), _down(stop, top)) for start, stop in leg])
        for number, edge in enumerate(passing):
            _turn(wires[edge], number, len(passing), top - CLEAR)
        leaving = [edge for edge, ends in zip(row.edges, ending, strict=True) if not ends]
        passing = sorted(leaving, key=lambda edge: wires[edge].legs[-1][-1][1].across)
        right = max(right, layout.size.along + (CLEAR + TRACK * len(passing) if passing else 0.0))
        left = max(left, CLEAR + TRACK * len(passing) if passing else 0.0)
        bottom = top + layout.size.across
        top = bottom + 2 * CLEAR + TRACK * (len(passing) - 1)
    wires = [Wire([[(_right(a, left), _right(b, left)) for a, b in leg] for leg in wire.legs],
                  [[_right(corner, left) for corner in turn] for turn in wire.turns]) for wire in wires]  # fmt: skip
    layout = Layout(
        Size(left + right, bottom),
        [_right(place, left) for place in places],
        [_right(place, left) for place in marks],
        [[part for leg in wire.legs for part in leg] for wire in wires],
    )
    return Folded(layout, wires)


def _row(ranks: Ranks, vertices: int, begin: int, end: int) -> _Row:
    """The ranks from ``begin`` to ``end``, both included: where two rows meet, both have the passing edges."""
    items = sorted(item for one in ranks.order[begin : end + 1] for item in one)
    number = {item: index for index, item in enumerate(items)}
    chains = [[number[item] for item in chain if item in number] for chain in ranks.chains]
    edges = [index for index, chain in enumerate(chains) if len(chain) > 1]
    return _Row(
        items,
        sum(item < vertices for item in items),
        Ranks(
            [[number[item] for item in one] for one in ranks.order[begin : end + 1]],
            [[number[one] for one in ranks.above[item] if one in number] for item in items],
            [[number[one] for one in ranks.below[item] if one in number] for item in items],
            [chains[edge] for edge in edges],
        ),
        edges,
    )


def _turn(wire: Wire, number: int, count: int, lowest: float) -> None:
    """The corners from the end of the last row's leg to the begin of this row's."""
    leave, enter = wire.legs[-2][-1][1], wire.legs[-1][0][0]
    right = leave.along + CLEAR / 2 + TRACK * (count - 1 - number)
    back = lowest - TRACK * number
    left = enter.along - CLEAR / 2 - TRACK * number
    corners = [Point(right, leave.across), Point(right, back), Point(left, back), Point(left, enter.across)]
    wire.turns.append(corners)


def _down(point: Point, by: float) -> Point:
    return point._replace(across=point.across + by)


def _right(point: Point, by: float) -> Point:
    return point._replace(along=point.along + by)
