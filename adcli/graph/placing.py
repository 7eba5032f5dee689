"""Where everything stands: the second half of a layered layout.

Along the way of the data one rank comes after the other. Across it, every item is drawn to what it is linked
to, and kept apart from its neighbours; the best places under these two wishes are a weighted isotonic
regression in each rank, solved by pooling adjacent violators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adcli.graph.layering import Pair, Ranks, rank

PORT = 18.0  # between two edges that end at the same vertex
APART = 22.0  # between vertices
BESIDE = 12.0  # between edges, or an edge and a vertex
ROUNDS = 12
FROM_LEAF = 0.01  # how much a leaf draws, where a computed value draws with 1


class Size(NamedTuple):
    """Along the way of the data, and across it."""

    along: float
    across: float


class Point(NamedTuple):
    along: float
    across: float


class Layout(NamedTuple):
    """Centres of vertices and of labels, and the straight parts of each edge as pairs of points, to be joined by curves."""

    size: Size
    vertices: list[Point]
    labels: list[Point]
    edges: list[list[tuple[Point, Point]]]


def arrange(vertices: Sequence[Size], edges: Sequence[Pair], labels: Sequence[Size]) -> Layout:
    """Places for vertices, for edges, and for a label on each edge, none of which overlap.

    An edge goes from a smaller number to a larger one, and is named once. Points are inside ``size``.
    """
    ranks = rank(len(vertices), edges)
    sizes = [*vertices, *([Size(0.0, 0.0)] * (len(ranks.above) - len(vertices)))]
    for chain, label in zip(ranks.chains, labels, strict=True):
        sizes[chain[-2]] = label
    ports = _ports(ranks)
    across = _across(ranks, sizes, ports, _pulls(ranks, len(vertices)), len(vertices))
    begins, ends, gaps_end = _along(ranks, sizes, across)
    level = {item: index for index, one in enumerate(ranks.order) for item in one}
    low = min((across[i] - sizes[i].across / 2 for i in range(len(sizes))), default=0.0)
    high = max((across[i] + sizes[i].across / 2 for i in range(len(sizes))), default=0.0)

    def centre(item: int) -> Point:
        return Point((begins[level[item]] + ends[level[item]]) / 2, across[item] - low)

    routes = []
    for chain in ranks.chains:
        source, target = chain[0], chain[-1]
        start, end = centre(source), centre(target)
        port = end.across + ports[chain[-2], target]
        straight = [
            (Point(start.along + sizes[source].along / 2, start.across), Point(ends[level[source]], start.across))
        ]
        for item in chain[1:-1]:
            y = centre(item).across
            straight.append((Point(begins[level[item]], y), Point(ends[level[item]], y)))
        straight.append((Point(begins[level[target]], port), Point(end.along - sizes[target].along / 2, port)))
        routes.append(straight)
    return Layout(
        Size(gaps_end, high - low),
        [centre(item) for item in range(len(vertices))],
        [centre(chain[-2]) for chain in ranks.chains],
        routes,
    )


def _ports(ranks: Ranks) -> dict[Pair, float]:
    """(link's begin, vertex) → how far from the middle of the vertex the edge ends."""
    place = {item: index for one in ranks.order for index, item in enumerate(one)}
    ports = {}
    for item, above in enumerate(ranks.above):
        near = sorted(above, key=place.__getitem__)
        for index, one in enumerate(near):
            ports[one, item] = (index - (len(near) - 1) / 2) * PORT
    return ports


def _pulls(ranks: Ranks, vertices: int) -> list[float]:
    """How much each item draws those after it: what comes from a leaf hardly does, so that the way of the data is straight."""
    pulls = [1.0 if ranks.above[item] else FROM_LEAF for item in range(vertices)]
    pulls += [1.0] * (len(ranks.above) - vertices)
    for chain in ranks.chains:
        for item in chain[1:-1]:
            pulls[item] = pulls[chain[0]]
    return pulls


def _across(
    ranks: Ranks, sizes: list[Size], ports: dict[Pair, float], pulls: list[float], vertices: int
) -> list[float]:
    across = [0.0] * len(sizes)
    margins = []
    for one in ranks.order:
        below = [0.0]
        for left, right in zip(one, one[1:], strict=False):
            gap = APART if left < vertices and right < vertices else BESIDE
            below.append(below[-1] + (sizes[left].across + sizes[right].across) / 2 + gap)
        margins.append(below)
        for item, offset in zip(one, below, strict=True):
            across[item] = offset - below[-1] / 2
    count = len(ranks.order)
    for turn in range(ROUNDS):
        for down in (True, False):
            both = turn >= ROUNDS // 2
            for index in range(count) if down else range(count - 1, -1, -1):
                wishes, weights = [], []
                for item in ranks.order[index]:
                    drawn = []
                    if down or both:
                        drawn += [(across[one] - ports[one, item], pulls[one]) for one in ranks.above[item]]
                    if not down or both:
                        drawn += [(across[one] + ports[item, one], pulls[item]) for one in ranks.below[item]]
                    weight = sum(pull for _, pull in drawn)
                    wishes.append(sum(y * pull for y, pull in drawn) / weight if drawn else across[item])
                    weights.append(weight or FROM_LEAF)
                placed = apart(wishes, weights, margins[index])
                for item, y in zip(ranks.order[index], placed, strict=True):
                    across[item] = y
    return [float(round(y)) for y in across]


def apart(wishes: Sequence[float], weights: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to ``wishes`` (weighted least squares) in this order and at least ``offsets`` apart."""
    blocks: list[tuple[float, float, int]] = []
    for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
        place, total, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > place:
            before, heavy, many = blocks.pop()
            place = (before * heavy + place * total) / (heavy + total)
            total, count = total + heavy, count + many
        blocks.append((place, total, count))
    places = [place for place, _, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]


def _along(ranks: Ranks, sizes: list[Size], across: list[float]) -> tuple[list[float], list[float], float]:
    """Where each rank begins and ends: steep links get more room before the next rank."""
    begins, ends = [], []
    at = 0.0
    for one in ranks.order:
        begins.append(at)
        at += max((sizes[item].along for item in one), default=0.0)
        ends.append(at)
        steepest = max((abs(across[i] - across[j]) for i in one for j in ranks.below[i]), default=0.0)
        at += min(64.0, 16.0 + 0.2 * steepest)
    return begins, ends, ends[-1] if ends else 0.0
