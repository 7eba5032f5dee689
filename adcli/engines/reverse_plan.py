"""What reverse mode works out before it runs: the VJPs on the way back, and what is let go when."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.checkpoints import Move, Schedule
from adcli.engines.structure import Reader, Structure, check_size, reader_of, structure
from adcli.primitives import RULES, Primitive, Rules
from adcli.primitives.base import Partial
from adcli.trace import Node, Trace

READS_NOTHING = reader_of([])


class Edge(NamedTuple):
    """The derivative of a primitive for the argument at ``position``; what its rules read, by positions (−1: out)."""

    position: int
    partial: Partial
    vjp_places: tuple[int, ...]
    slope_places: tuple[int, ...]


class Pulled(NamedTuple):
    """Which VJP a pull is: of ``node`` for ``operand``, reading ``reads``."""

    node: str
    operand: str
    reads: tuple[str, ...]


class Pull(NamedTuple):
    """One VJP: ``cotangents[argument] += vjp(cotangents[out], *read(values))``; the values ``lets_go`` go after it.

    ``edge`` of ``node``; ``place`` has the slots of the node's arguments, then its own.
    """

    vjp: Callable[..., Array]
    out: int
    read: Reader
    argument: int
    last_of_node: bool
    lets_go: tuple[int, ...]
    edge: Edge
    node: Node
    place: tuple[int, ...]

    @property
    def about(self) -> Pulled:
        """The pull in names. Most runs never ask."""
        names = (*self.node.arguments, self.node.name)
        reads = tuple(name for p in self.edge.vjp_places if isinstance(name := names[p], str))
        return Pulled(self.node.name, str(names[self.edge.position]), reads)

    def slope(self, values: Sequence[Any]) -> Any:
        """The diagonal of the Jacobian, or None where it is not diagonal."""
        rule = self.edge.partial.slope
        return rule and rule(*(values[self.place[p]] for p in self.edge.slope_places))


class Plan(NamedTuple):
    """What a run does, worked out once for a trace, the names asked for and a table of rules.

    Attributes:
        pulls: the VJPs in the order of the way back.
        pulled: how many of the pulls are those of a step and all later ones; the last entry is 0.
        moves: which steps are evaluated and pulled back, in order.
        schedule: that of the checkpoints, if there are any.
        cotangent: that of one VJP, if only one was asked for.
        dead: with a schedule, for each step the steps whose values the evaluation of no later one reads.
    """

    structure: Structure
    seed: Array
    pulls: list[Pull]
    pulled: list[int]
    wanted: list[tuple[str, int, tuple[int, ...]]]
    stored: tuple[str, ...]
    moves: tuple[Move, ...]
    cotangent: Array | None = None
    schedule: Schedule | None = None
    dead: Sequence[Sequence[int]] = ()


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES, cotangent: Array | None = None) -> Plan:
    """The VJPs that the gradients of ``wrt`` need, in the order of the way back; every value stays.

    With ``cotangent`` (of the output's shape) that one is pulled back in place of the identity: one VJP, and no
    derivation of it.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    base = structure(trace, wrt, rules, one_direction=cotangent is not None)
    shapes, flows = trace.shapes, base.flows
    inner = flows - set(wrt)
    steps = len(trace.nodes)
    pulls: list[Pull] = []
    pulled = [0] * (steps + 1)
    edges: dict[int, list[Edge]] = {}
    for step in range(steps - 1, -1, -1):
        node = trace.nodes[step]
        if node.name in flows:
            primitive = base.primitives[step]
            known = edges.get(id(primitive))
            if known is None:
                known = edges[id(primitive)] = _edges(primitive)
            pulls += _pulls(base, step, known, node.name in inner)
        pulled[step] = len(pulls)
    rows = math.prod(shapes[trace.output]) if cotangent is None else 1
    if rows > 1:
        largest = max((math.prod(shapes[name]) for name in flows), default=0)
        check_size(trace, rows * largest, f"the cotangents of {trace.output}")
    seed = cotangent if cotangent is not None else identity(shapes[trace.output]) if flows else np.zeros(())
    wanted = [(name, base.slots[name], _gradient_shape(shapes[name], rows)) for name in wrt]
    read = {pull.place[p] for pull in pulls for p in pull.edge.vjp_places}
    given = [*trace.inputs, *(node.name for node in trace.nodes)]
    stored = tuple(name for name in given if base.slots[name] in read)
    return Plan(base, seed, pulls, pulled, wanted, stored, (Move(0, steps, steps),), cotangent)


def _edges(primitive: Primitive) -> list[Edge]:
    place = {name: position for position, name in enumerate(primitive.arguments)} | {"out": -1}
    return [
        Edge(
            place[name],
            partial,
            tuple(place[read] for read in partial.vjp_reads),
            tuple(place[read] for read in partial.jvp_reads),
        )
        for name, partial in primitive.partials.items()
    ]


def _pulls(base: Structure, step: int, edges: list[Edge], lets_go: bool) -> list[Pull]:
    """The VJPs of a node, those of parameters first, as the lecture has them."""
    node, place, flows = base.trace.nodes[step], base.places[step], base.flows
    arguments = node.arguments
    reached = [edge for edge in edges if arguments[edge[0]] in flows]
    if len(reached) > 1:
        leaves = base.trace.leaves
        reached.sort(key=lambda edge: arguments[edge.position] not in leaves)
    last = len(reached) - 1 if lets_go else -1
    found = []
    for number, edge in enumerate(reached):
        position, partial, read, _ = edge
        reader = reader_of([place[p] for p in read]) if read else READS_NOTHING
        found.append(Pull(partial.vjp, place[-1], reader, place[position], number == last, (), edge, node, place))
    return found


class Reading(Protocol):
    """A VJP, of which only what it reads matters here."""

    @property
    def reads(self) -> tuple[str, ...]: ...


def last_readers(pulls: Iterable[Reading]) -> dict[str, int]:
    """The number of the last VJP that reads each name."""
    last: dict[str, int] = {}
    for number, pull in enumerate(pulls):
        for name in pull.reads:
            last[name] = number
    return last


def checkpointed(plan: Plan, schedule: Schedule) -> Plan:
    """``plan`` with values let go, and computed again, as ``schedule`` has it."""
    base, pulls = plan.structure, list(plan.pulls)
    nodes = base.trace.nodes[: schedule.steps]
    last = last_readers(pull.about for pull in pulls)
    dead: list[list[int]] = [[] for _ in nodes]
    last_evaluated = {operand: step for step, node in enumerate(nodes) for operand in node.operands}
    for step, node in enumerate(nodes):
        dead[last_evaluated.get(node.name, step)].append(step)
        if node.name in last and node.name != base.trace.output:
            number, slot = last[node.name], base.slots[node.name]
            pulls[number] = pulls[number]._replace(lets_go=(*pulls[number].lets_go, slot))
    return plan._replace(pulls=pulls, moves=schedule.moves, schedule=schedule, dead=dead)


def identity(shape: Shape) -> Array:
    """The cotangent to begin with: 1, or a row for each entry of the output on a leading axis."""
    if shape == ():
        return np.float64(1.0)  # type: ignore[return-value]  # a number is faster than an array without axes
    size = math.prod(shape)
    return np.ones(shape) if size == 1 else np.eye(size).reshape(size, *shape)


def _gradient_shape(shape: Shape, rows: int) -> Shape:
    """A gradient has the shape of its name; a Jacobian is output × name."""
    return shape if rows == 1 else (rows, math.prod(shape))
