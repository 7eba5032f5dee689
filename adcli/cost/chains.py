"""The Jacobians between a name and the output, each a full matrix, and what their product takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from adcli.arrays import Shape
from adcli.cost.order import Best, End, best_orders, bracketed
from adcli.primitives import RULES
from adcli.trace import Node, Trace

NO_ORDER = "0"  # nothing leads from the name to the output
IDENTITY = "I"  # the name is the output


class Chain(NamedTuple):
    """What the derivative of one name takes.

    Attributes:
        path: the names from the output to this one, along the only path; None where there are several.
        factor_names: ∂h3/∂h2, ∂h2/∂h1, … from the output on; none where there are several paths.
        forward: multiplications from the right (forward mode): one sweep, where there are several paths.
        reverse: the same from the left.
        best: the best order; None where there are several paths, or too many factors to search.
    """

    path: tuple[str, ...] | None
    factor_names: tuple[str, ...]
    forward: int
    reverse: int
    best: Best | None

    @property
    def optimal(self) -> int | None:
        """The multiplications in the best order."""
        if self.best is not None:
            return self.best.operations
        return 0 if self.path is not None and len(self.path) < 2 else None

    @property
    def order(self) -> str | None:
        """The best order with brackets."""
        if self.path is None or (self.best is None and len(self.path) > 1):
            return None
        if self.best is None:
            return IDENTITY if self.path else NO_ORDER
        return bracketed(self.factor_names, self.best.split)


class Swept(NamedTuple):
    """What lies on the ways from a name to the output, the name itself left out.

    Attributes:
        edges: Σ |u| |v| over the edges u → v.
        inner: the same without the edges that end in the output.
        multiplications: those of the values of the nodes.
        numbers: how many the nodes hold together.
        largest: how many the largest node holds.
    """

    edges: int = 0
    inner: int = 0
    multiplications: int = 0
    numbers: int = 0
    largest: int = 0

    def then(self, more: Swept) -> Swept:
        edges, inner, multiplications, numbers = (a + b for a, b in zip(self[:4], more[:4], strict=True))
        return Swept(edges, inner, multiplications, numbers, max(self.largest, more.largest))


class Graph:
    """The edges from operands to nodes that lead to the output, and what sweeps along them take."""

    def __init__(self, trace: Trace) -> None:
        self.output = trace.output
        self.sizes = {name: math.prod(shape) for name, shape in trace.shapes.items()}
        self.multiplications = {node.name: value_cost(trace, node) for node in trace.nodes}
        self.readers: dict[str, list[str]] = {trace.output: []}
        self.places = {node.name: place for place, node in enumerate(trace.nodes)}
        self.paths = {trace.output: 1}  # to the output; 2 stands for several
        self.lengths = {trace.output: 0}  # of the only path
        self.swept = {trace.output: Swept()}
        for node in reversed(trace.nodes):
            if node.name in self.readers:
                self._finish(node.name)
                for operand in node.operands:
                    self.readers.setdefault(operand, []).append(node.name)
        for name in trace.leaves:
            if name in self.readers:
                self._finish(name)

    def _finish(self, name: str) -> None:
        """All readers of ``name`` are known."""
        if name != self.output:
            readers = self.readers[name]
            self.paths[name] = min(2, sum(self.paths[reader] for reader in readers))
            self.lengths[name] = 1 + self.lengths[readers[0]]
            self.swept[name] = self._sweep(name)

    def _sweep(self, name: str) -> Swept:
        """Where all ways meet in one node, what follows it is known."""
        found = Swept()
        seen: set[str] = set()
        waiting: list[tuple[int, str]] = [(-1, name)]
        while waiting:
            _, source = heappop(waiting)
            if not waiting and source in self.swept:
                return found.then(self.swept[source])
            for reader in self.readers[source]:
                edge = self.sizes[source] * self.sizes[reader]
                found = found.then(Swept(edge, edge if reader != self.output else 0))
                if reader not in seen:
                    seen.add(reader)
                    heappush(waiting, (self.places[reader], reader))
                    size = self.sizes[reader]
                    found = found.then(Swept(0, 0, self.multiplications[reader], size, size))
        return found

    def forward(self, name: str) -> int:
        """A sweep from ``name``: each Jacobian times the tangents in full; the first edges need no product."""
        if name not in self.swept:
            return 0
        own = sum(self.sizes[name] * self.sizes[reader] for reader in self.readers[name])
        return self.sizes[name] * (self.swept[name].edges - own)

    def reverse(self, name: str) -> int:
        """A sweep back to ``name``: the cotangent times each Jacobian; the last edges need no product."""
        return self.sizes[self.output] * self.swept.get(name, Swept()).inner

    def path(self, name: str) -> tuple[str, ...] | None:
        """The only path from the output to ``name``; () where there is none, None where there are several."""
        if name not in self.paths:
            return ()
        if self.paths[name] > 1:
            return None
        path = [name]
        while path[-1] != self.output:
            path += self.readers[path[-1]]
        return tuple(reversed(path))


def value_cost(trace: Trace, node: Node) -> int:
    """The multiplications that the value of ``node`` takes."""
    return node.primitive(RULES).multiplications(node.shape, *operand_shapes(trace, node))


def operand_shapes(trace: Trace, node: Node) -> list[Shape]:
    """The shapes of the arguments; a number has none."""
    return [trace.shapes[argument] if isinstance(argument, str) else () for argument in node.arguments]


def chains(graph: Graph, names: Sequence[str]) -> dict[str, Chain]:
    """What the derivative of each name takes, every factor a full matrix."""
    paths = {name: graph.path(name) for name in names}
    best = _best(graph, {name: path for name, path in paths.items() if path is not None and len(path) > 1})
    known: dict[str, str] = {}
    return {
        name: Chain(path, _factor_names(path, known), graph.forward(name), graph.reverse(name), best.get(name))
        for name, path in paths.items()
    }


def _factor_names(path: tuple[str, ...] | None, known: dict[str, str]) -> tuple[str, ...]:
    """``known`` remembers the factor of each name that has been on a path: it has one reader only."""
    path = path or ()
    for out, into in pairwise(path):
        if into not in known:
            known[into] = f"∂{out}/∂{into}"
    return tuple(map(known.__getitem__, path[1:]))


def _best(graph: Graph, paths: Mapping[str, tuple[str, ...]]) -> dict[str, Best | None]:
    """The best order of each chain. Chains that begin alike share a trunk, and are searched together."""
    trunks: list[tuple[tuple[str, ...], list[str]]] = []
    trunk_of: dict[str, int] = {}  # the last name of a trunk that begins alike → that trunk
    for name, path in sorted(paths.items(), key=lambda item: -len(item[1])):
        before = path[-2]
        if before not in trunk_of:
            trunk_of.update({node: len(trunks) for node in path[:-1] if node not in trunk_of})
            trunks.append((path[:-1], []))
        trunks[trunk_of[before]][1].append(name)
    found: dict[str, Best | None] = {}
    for trunk, names in trunks:
        ends = [End(len(paths[name]) - 2, graph.sizes[name]) for name in names]
        found.update(zip(names, best_orders([graph.sizes[node] for node in trunk], ends), strict=True))
    return found
