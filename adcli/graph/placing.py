"""Where everything stands: the second half of a layered layout.

Along the way of the data one rank comes after the other. Across it, every item is drawn to what it is linked
to, and kept apart from its neighbours; the best places under these two wishes are a weighted isotonic
regression in each rank, solved by pooling adjacent violators.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from adcli.graph.layering import Pair, Ranks

PORT = 18.0  # between two edges that end at the same vertex
CORNER = 12.0  # of a vertex, where no edge ends
APART = 22.0  # between vertices
BESIDE = 12.0  # between edges, or an edge and a vertex
STEEP = 64.0  # between ranks, where a link is steep
ROUNDS = 12
NEAR = 12.0
INFINITY = float("inf")
FROM_LEAF = 0.01  # how much a leaf draws, where a computed value draws with 1


class Size(NamedTuple):
    """Along the way of the data, and across it."""

    along: float
    across: float


class Point(NamedTuple):
    along: float
    across: float


class Layout(NamedTuple):
    """Centres of vertices and of labels, and the straight parts of each edge, to be joined by curves."""

    size: Size
    vertices: list[Point]
    labels: list[Point]
    edges: list[list[tuple[Point, Point]]]


def arrange(vertices: Sequence[Size], ranks: Ranks, labels: Sequence[Size | None], steep: float = STEEP) -> Layout:
    """Places for vertices, for edges, and for a label on each edge that has one, none of which overlap.

    The labels are in the order of the edges that ``ranks`` were made of. Points are inside ``size``.
    Between two ranks there is at most ``steep`` for links that are steep.
    """
    sizes = [*vertices, *([Size(0.0, 0.0)] * (len(ranks.above) - len(vertices)))]
    for chain, label in zip(ranks.chains, labels, strict=True):
        if label is not None:
            sizes[chain[-2]] = label
    places = _Places(ranks, sizes, len(vertices))
    places.relax()
    places.straighten()
    across = places.across
    begins, ends = _along(ranks, sizes, across, steep)
    level = {item: index for index, one in enumerate(ranks.order) for item in one}
    low = min((across[i] - sizes[i].across / 2 for i in range(len(sizes))), default=0.0)
    high = max((across[i] + sizes[i].across / 2 for i in range(len(sizes))), default=0.0)

    def centre(item: int) -> Point:
        return Point((begins[level[item]] + ends[level[item]]) / 2, across[item] - low)

    def route(chain: list[int]) -> list[tuple[Point, Point]]:
        start, end = centre(chain[0]), centre(chain[-1])
        port = end.across + places.ports[chain[-2], chain[-1]]
        points = [(start._replace(along=start.along + sizes[chain[0]].along / 2), ends[level[chain[0]]])]
        points += [(Point(begins[level[item]], centre(item).across), ends[level[item]]) for item in chain[1:-1]]
        points.append((Point(begins[level[chain[-1]]], port), end.along - sizes[chain[-1]].along / 2))
        return [(point, point._replace(along=along)) for point, along in points]

    return Layout(
        Size(ends[-1] if ends else 0.0, high - low),
        [centre(item) for item in range(len(vertices))],
        [centre(chain[-2]) for chain in ranks.chains],
        [route(chain) for chain in ranks.chains],
    )


class _Places:
    """Where each item stands across the way of the data."""

    def __init__(self, ranks: Ranks, sizes: list[Size], vertices: int) -> None:
        self.ranks = ranks
        self.vertices = vertices
        self.pulls = _pulls(ranks, vertices)
        self.ports = _ports(ranks, sizes, self.pulls)
        self.across = [0.0] * len(sizes)
        self.offsets = []
        for one in ranks.order:
            offsets = [0.0]
            for left, right in pairwise(one):
                gap = APART if left < vertices and right < vertices else BESIDE
                offsets.append(offsets[-1] + (sizes[left].across + sizes[right].across) / 2 + gap)
            self.offsets.append(offsets)
            for item, offset in zip(one, offsets, strict=True):
                self.across[item] = offset - offsets[-1] / 2

    def relax(self) -> None:
        """Draw items to those before them, then to those after them, in the end to both."""
        count = len(self.ranks.order)
        for turn in range(ROUNDS):
            both = turn >= ROUNDS // 2
            for index in range(count):
                self._draw(index, above=True, below=both)
            for index in range(count - 1, -1, -1):
                self._draw(index, above=both, below=True)
        self.across = [float(round(place)) for place in self.across]

    def _draw(self, index: int, above: bool, below: bool) -> None:
        across, pulls, ports = self.across, self.pulls, self.ports
        one = self.ranks.order[index]
        wishes: list[float] = []
        weights = []
        for item in one:
            drawn = [(across[n] - ports.get((n, item), 0.0), pulls[n]) for n in self.ranks.above[item] if above]
            drawn += [(across[n] + ports.get((item, n), 0.0), pulls[item]) for n in self.ranks.below[item] if below]
            weight = sum(pull for _, pull in drawn)
            alone = not self.ranks.above[item] and not self.ranks.below[item]
            stays = wishes[-1] if alone and wishes else across[item]
            wishes.append(sum(place * pull for place, pull in drawn) / weight if drawn else stays)
            weights.append(weight or FROM_LEAF)
        for item, place in zip(one, apart(wishes, weights, self.offsets[index]), strict=True):
            across[item] = place

    def straighten(self) -> None:
        """Put a step of a chain where it comes from if that is near; then take needless bends out of the edges."""
        room = {item: (index, at) for index, one in enumerate(self.ranks.order) for at, item in enumerate(one)}
        for chain in self.ranks.chains:
            target = chain[-1]
            wish = self.across[chain[0]]
            if self.ports[chain[-2], target] == 0.0 and abs(self.across[target] - wish) <= NEAR:
                low, high = self._free(room[target])
                if low <= wish <= high:
                    self.across[target] = wish
        for chain in self.ranks.chains:
            start = self.across[chain[0]]
            end = self.across[chain[-1]] + self.ports[chain[-2], chain[-1]]
            self._straighten(chain[1:-1], start, end, room)

    def _straighten(self, points: list[int], start: float, end: float, room: dict[int, Pair]) -> None:
        """Cut the points of an edge into as few straight parts as there is room for."""
        while points:
            low, high = self._free(room[points[0]])
            count = 1
            for point in points[1:]:
                lower, higher = self._free(room[point])
                if max(low, lower) > min(high, higher):
                    break
                low, high, count = max(low, lower), min(high, higher), count + 1
            part, points = points[:count], points[count:]
            wishes = [start, *([] if points else [end])]
            fits = [wish for wish in wishes if low <= wish <= high]
            mean = sum(self.across[point] for point in part) / count
            start = fits[-1] if fits else float(round(min(max(mean, low), high)))
            for point in part:
                self.across[point] = start

    def _free(self, room: Pair) -> tuple[float, float]:
        """Between which places an item can be moved while its neighbours stay."""
        index, at = room
        one, offsets = self.ranks.order[index], self.offsets[index]
        low = self.across[one[at - 1]] + offsets[at] - offsets[at - 1] if at else -INFINITY
        high = self.across[one[at + 1]] - offsets[at + 1] + offsets[at] if at + 1 < len(one) else INFINITY
        return low, high


def _ports(ranks: Ranks, sizes: list[Size], pulls: list[float]) -> dict[Pair, float]:
    """(link's begin, vertex) → how far from the middle of the vertex the edge ends.

    Where one computed value comes in, it comes in at the middle: a chain of layers is drawn straight.
    """
    place = {item: index for one in ranks.order for index, item in enumerate(one)}
    ports = {}
    for item, above in enumerate(ranks.above):
        near = sorted(above, key=place.__getitem__)
        computed = [index for index, one in enumerate(near) if pulls[one] == 1.0]
        middle = computed[0] if len(computed) == 1 else (len(near) - 1) / 2
        furthest = max(middle, len(near) - 1 - middle, 0.5)
        step = min(PORT, (sizes[item].across / 2 - CORNER) / furthest)
        for index, one in enumerate(near):
            ports[one, item] = (index - middle) * step
    return ports


def _pulls(ranks: Ranks, vertices: int) -> list[float]:
    """How much each item draws those after it: a leaf's hardly do, so that the way of the data is straight."""
    pulls = [1.0 if ranks.above[item] else FROM_LEAF for item in range(vertices)]
    pulls += [1.0] * (len(ranks.above) - vertices)
    for chain in ranks.chains:
        for item in chain[1:-1]:
            pulls[item] = pulls[chain[0]]
    return pulls


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


def _along(ranks: Ranks, sizes: list[Size], across: list[float], steep: float) -> tuple[list[float], list[float]]:
    """Where each rank begins and ends: steep links get more room before the next rank."""
    begins, ends = [], []
    at = 0.0
    for one in ranks.order:
        begins.append(at)
        at += max((sizes[item].along for item in one), default=0.0)
        ends.append(at)
        steepest = max((abs(across[i] - across[j]) for i in one for j in ranks.below[i]), default=0.0)
        at += min(steep, 16.0 + 0.2 * steepest)
    return begins, ends
