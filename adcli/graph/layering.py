"""Layers of a drawing, and the order within each: the first half of a layered layout.

After Sugiyama, Tagawa & Toda, *Methods for visual understanding of hierarchical system structures* (1981):
every edge is cut into links between neighbouring ranks, and each rank is sorted until few links cross.
Vertices stand on even ranks, the labels of edges on odd ones, so that a label has a place of its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

SWEEPS = 24
PATIENCE = 8  # sweeps without a better order
STARTS = 40
EFFORT = 16_000  # links sorted, all sweeps of all starts together

Pair = tuple[int, int]


class Ranks(NamedTuple):
    """Items in ranks. An item is a vertex, or a point at which an edge passes a rank.

    Attributes:
        order: the items of each rank, in their order.
        above, below: for each item those it is linked to on the rank before and after.
        chains: for each edge its items, both vertices included.
    """

    order: list[list[int]]
    above: list[list[int]]
    below: list[list[int]]
    chains: list[list[int]]


def layers(count: int, edges: Sequence[Pair]) -> list[int]:
    """The layer of each vertex: one more than the last of its arguments', or for a leaf, one less than its first use.

    An edge goes from a smaller number to a larger one.
    """
    found = [0] * count
    arguments: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        arguments[target].append(source)
    for vertex, sources in enumerate(arguments):
        found[vertex] = 1 + max((found[source] for source in sources), default=-1)
    first_use: dict[int, int] = {}
    for source, target in edges:
        if not arguments[source]:
            first_use[source] = min(found[target], first_use.get(source, found[target]))
    for leaf, layer in first_use.items():
        found[leaf] = layer - 1
    return found


def length(count: int, edges: Sequence[Pair]) -> int:
    """How many layers all edges together pass: what a drawing costs."""
    layer = layers(count, edges)
    return sum(layer[target] - layer[source] for source, target in edges)


def rank(count: int, edges: Sequence[Pair]) -> Ranks:
    """Items in ranks, sorted so that few links cross. The item before the last of a chain is its label's place."""
    layer = layers(count, edges)
    ranks = [2 * one for one in layer]
    chains = []
    for source, target in edges:
        first = len(ranks)
        ranks += range(ranks[source] + 1, ranks[target])
        chains.append([source, *range(first, len(ranks)), target])
    above: list[list[int]] = [[] for _ in ranks]
    below: list[list[int]] = [[] for _ in ranks]
    for chain in chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    order: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for item in _in_reading_order(above, below):
        order[ranks[item]].append(item)
    _uncross(order, above, below)
    for one in order:
        one.sort(key=lambda item: not above[item] and not below[item])  # what has no edges stands last
    return Ranks(order, above, below, chains)


def _in_reading_order(above: list[list[int]], below: list[list[int]]) -> list[int]:
    """Every item, arguments before what is made of them and from first to last: a tree is drawn without crossings."""
    found: list[int] = []
    seen = [False] * len(above)
    ends = [item for item in range(len(above)) if not below[item]]
    for end in sorted(ends, key=lambda item: not above[item]):  # what nothing uses comes last
        waiting = [end]
        while waiting:
            item = waiting[-1]
            if not seen[item]:
                seen[item] = True
                waiting += [one for one in reversed(above[item]) if not seen[one]]
                if waiting[-1] != item:
                    continue
            waiting.pop()
            found.append(item)
    return list(dict.fromkeys(found))


def crossings(order: list[list[int]], below: list[list[int]]) -> int:
    """How many pairs of links between neighbouring ranks cross."""
    total = 0
    for upper, lower in pairwise(order):
        place = {item: index for index, item in enumerate(lower)}
        passed: list[int] = []
        for item in upper:
            ends = sorted(place[end] for end in below[item])
            total += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
            for end in ends:
                insort(passed, end)
    return total


def _uncross(order: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Sort the ranks from several starts, within a bounded effort; keep the order with fewest crossings."""
    best = [rank.copy() for rank in order]
    fewest = crossings(order, below)
    links = sum(map(len, below))
    left = EFFORT
    shuffled = Random(0)
    for start in range(STARTS):
        if not fewest or (start and left < links * SWEEPS):
            break
        tried = [rank[::-1] if start == 1 else rank.copy() for rank in order]
        if start > 1:
            for one in tried:
                shuffled.shuffle(one)
        count, sweeps = _sweep(tried, above, below, by_median=start % 2 == 1)
        left -= links * sweeps
        if count < fewest:
            fewest, best = count, tried
    order[:] = best


def _sweep(order: list[list[int]], above: list[list[int]], below: list[list[int]], by_median: bool) -> tuple[int, int]:
    """Sort the ranks by their neighbours, down and up again, to the best order found: its crossings, and the sweeps."""
    best = [rank.copy() for rank in order]
    fewest = crossings(order, below)
    found_at = sweep = 0
    while fewest and sweep < SWEEPS and sweep - found_at < PATIENCE:
        down = sweep % 2 == 0
        neighbours = above if down else below
        steps = range(1, len(order)) if down else range(len(order) - 2, -1, -1)
        for index in steps:
            fixed = order[index - 1 if down else index + 1]
            _sort(order[index], fixed, neighbours, turned=sweep % 4 >= 2, by_median=by_median)
            _swap(order, index, above, below, equal=sweep % 4 >= 2)
        for index in reversed(steps):
            _swap(order, index, above, below, equal=False)
        sweep += 1
        count = crossings(order, below)
        if count < fewest:
            fewest, found_at, best = count, sweep, [rank.copy() for rank in order]
    order[:] = best
    return fewest, sweep


def _sort(rank: list[int], fixed: list[int], neighbours: list[list[int]], turned: bool, by_median: bool) -> None:
    """Sort by the mean or median place of the neighbours; ``turned``: equal ones in reverse, a way out of dead ends."""
    place = {item: index for index, item in enumerate(fixed)}
    middles: dict[int, float] = {}
    for index, item in enumerate(rank):
        near = sorted(place[one] for one in neighbours[item])
        if by_median:
            near = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
        middles[item] = sum(near) / len(near) if near else index
    if turned:
        rank.reverse()
    rank.sort(key=middles.__getitem__)


def _swap(order: list[list[int]], index: int, above: list[list[int]], below: list[list[int]], equal: bool) -> None:
    """Swap neighbours in a rank as long as that takes crossings away, on both sides; once also if it ``equal``s."""
    sides = []
    for other, neighbours in ((index - 1, above), (index + 1, below)):
        if 0 <= other < len(order):
            place = {item: number for number, item in enumerate(order[other])}
            sides.append({item: sorted(place[one] for one in neighbours[item]) for item in order[index]})
    rank = order[index]
    for turn in range(len(rank)):
        swapped = False
        for left in range(len(rank) - 1):
            a, b = rank[left], rank[left + 1]
            gain = sum(_crossed(side[a], side[b]) - _crossed(side[b], side[a]) for side in sides)
            if gain > 0 or (equal and turn == 0 and gain == 0):
                rank[left], rank[left + 1] = b, a
                swapped = swapped or gain > 0
        if not swapped:
            break


def _crossed(left: list[int], right: list[int]) -> int:
    """How many links of two neighbours cross, their ends on the other rank given in order."""
    return sum(bisect_left(right, end) for end in left)
