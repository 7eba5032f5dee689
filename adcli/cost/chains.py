"""The Jacobians between a name and the output, each a full matrix, and what their product takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adcli.arrays import Shape
from adcli.cost.order import Best, End, best_orders, bracketed
from adcli.primitives import RULES
from adcli.trace import Node, Trace

NO_ORDER = "0"  # nothing leads from the name to the output
IDENTITY = "I"  # the name is the output
MOST_NODES = 20_000
LIMB = 40  # bits
LIMB_MASK = (1 << LIMB) - 1


class Chain(NamedTuple):
    """What the derivative of one name takes.

    Attributes:
        path: the names from the output to this one, along the only path; None where there are several, or where all
            chains together are too long.
        forward: multiplications from the right (forward mode): one sweep, where there are several paths.
        reverse: the same from the left. Both are None where the graph is too large to be swept for each name.
        best: the best order; None where there are several paths, or too many factors to search.
    """

    path: tuple[str, ...] | None
    forward: int | None
    reverse: int | None
    best: Best | None

    @property
    def factor_names(self) -> tuple[str, ...]:
        """∂h3/∂h2, ∂h2/∂h1, … from the output on; none where there are several paths."""
        return tuple(factor_name(out, into) for out, into in pairwise(self.path or ()))

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


def factor_name(out: str, into: str) -> str:
    return f"∂{out}/∂{into}"


class Swept(NamedTuple):
    """What lies on the ways from a name to the output, the name itself left out.

    Attributes:
        edges: Σ |u| |v| over the edges u → v.
        inner: the same without the edges that end in the output.
        multiplications: those of the values of the nodes.
        numbers: how many the nodes hold together.
    """

    edges: int = 0
    inner: int = 0
    multiplications: int = 0
    numbers: int = 0


class Graph:
    """The edges from operands to nodes that lead to the output, and what sweeps along them take.

    ``swept`` has the names asked for that lead to the output. Where several ways do, in a graph of more than
    ``MOST_NODES`` nodes, to find out which nodes these have in common would take too long: such a name is left out.
    """

    def __init__(self, trace: Trace, names: Iterable[str]) -> None:
        self.output = trace.output
        self.sizes = {name: math.prod(shape) for name, shape in trace.shapes.items()}
        self.multiplications = {node.name: value_cost(trace, node) for node in trace.nodes}
        self.readers: dict[str, list[str]] = {trace.output: []}
        self.paths = {trace.output: 1}  # to the output; 2 stands for several
        self.lengths = {trace.output: 0}  # of the only path
        self.largest = {trace.output: 0}  # what the largest node on the ways holds
        self.operands: dict[str, tuple[str, ...]] = {}
        self.ways: dict[str, tuple[tuple[str, ...], int]] = {}  # a path found, and how much of it leads to that node
        self.nodes: list[str] = []  # on the way to the output, from there on
        for node in reversed(trace.nodes):
            if node.name in self.readers:
                self._finish(node.name)
                self.nodes.append(node.name)
                self.operands[node.name] = node.operands
                for operand in node.operands:
                    self.readers.setdefault(operand, []).append(node.name)
        for name in trace.leaves:
            if name in self.readers:
                self._finish(name)
        self.swept = self._along_chains()
        rest = {name for name in names if name in self.readers and name not in self.swept}
        if rest and len(self.nodes) <= MOST_NODES:
            self.swept.update(self._along_all_ways(trace, rest))

    def _finish(self, name: str) -> None:
        """All readers of ``name`` are known."""
        if name != self.output:
            readers = self.readers[name]
            self.paths[name] = min(2, sum(self.paths[reader] for reader in readers))
            self.lengths[name] = 1 + self.lengths[readers[0]]
            self.largest[name] = max(max(self.sizes[reader], self.largest[reader]) for reader in readers)

    def _edges(self, name: str) -> tuple[int, int]:
        """Σ |name| |v| over the edges name → v, and the same without those that end in the output."""
        edges = [(self.sizes[reader], reader != self.output) for reader in self.readers[name]]
        size = self.sizes[name]
        return size * sum(to for to, _ in edges), size * sum(to for to, inner in edges if inner)

    def _along_chains(self) -> dict[str, Swept]:
        """Of each name with one reader, and that the same, …: what follows the reader, and the reader."""
        swept = {self.output: Swept()}
        for name in self.readers:
            ahead = swept.get(self.readers[name][0]) if len(self.readers[name]) == 1 else None
            if ahead is not None:
                (reader,) = self.readers[name]
                edges, inner = self._edges(name)
                swept[name] = Swept(
                    ahead.edges + edges,
                    ahead.inner + inner,
                    ahead.multiplications + self.multiplications[reader],
                    ahead.numbers + self.sizes[reader],
                )
        return swept

    def _along_all_ways(self, trace: Trace, names: set[str]) -> Iterator[tuple[str, Swept]]:
        """The nodes on all ways from a name are the bits of a number; what they take is added up at once."""
        own = [(*self._edges(node), self.multiplications.get(node, 0), self.sizes[node]) for node in self.nodes]
        limbs = max(1, -(-max(map(max, own)).bit_length() // LIMB))  # so that no sum is too large for 64 bits
        parts = np.array([[amount >> LIMB * k & LIMB_MASK for k in range(limbs) for amount in row] for row in own])
        bits = {node: 1 << place for place, node in enumerate(self.nodes)}
        ways: dict[str, int] = {}  # those of the nodes ahead, only for names that are yet to come
        length = (len(self.nodes) + 7) // 8
        for name in [*self.nodes, *(name for name in trace.leaves if name in self.readers)]:
            ahead = ways.pop(name, 0)
            if name in names:
                found = np.frombuffer(ahead.to_bytes(length, "little"), np.uint8)
                places = np.flatnonzero(np.unpackbits(found, bitorder="little"))
                sums = parts[places].sum(axis=0).tolist()
                edges, inner, multiplications, numbers = (
                    sum(part << LIMB * k for k, part in enumerate(sums[column::4])) for column in range(4)
                )
                more, more_inner = self._edges(name)
                yield name, Swept(edges + more, inner + more_inner, multiplications, numbers)
            if name in bits:
                for operand in self.operands[name]:
                    ways[operand] = ways.get(operand, 0) | ahead | bits[name]

    def forward(self, name: str) -> int | None:
        """A sweep from ``name``: each Jacobian times the tangents in full; the first edges need no product."""
        if name not in self.swept:
            return None if name in self.readers else 0
        return self.sizes[name] * (self.swept[name].edges - self._edges(name)[0])

    def reverse(self, name: str) -> int | None:
        """A sweep back to ``name``: the cotangent times each Jacobian; the last edges need no product."""
        if name not in self.swept:
            return None if name in self.readers else 0
        return self.sizes[self.output] * self.swept[name].inner

    def path(self, name: str) -> tuple[str, ...] | None:
        """The only path from the output to ``name``; () where there is none, None where there are several."""
        if name not in self.paths:
            return ()
        if self.paths[name] > 1:
            return None
        if name == self.output:
            return (name,)
        (reader,) = self.readers[name]
        if reader not in self.ways:
            nodes = [reader]
            while nodes[-1] != self.output:
                nodes += self.readers[nodes[-1]]
            way = tuple(reversed(nodes))
            self.ways.update((node, (way, place)) for place, node in enumerate(way, 1) if node not in self.ways)
        way, place = self.ways[reader]
        return (*way[:place], name)


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
    return {name: Chain(path, graph.forward(name), graph.reverse(name), best.get(name)) for name, path in paths.items()}


def swept_only(graph: Graph, names: Sequence[str]) -> dict[str, Chain]:
    """What both sweeps take for each name, the chains themselves left out."""
    return {name: Chain(None, graph.forward(name), graph.reverse(name), None) for name in names}


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
