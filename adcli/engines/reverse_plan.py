"""What reverse mode works out before it runs: the VJPs on the way back, and what is let go when."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.checkpoints import Move, Schedule
from adcli.engines.structure import Reader, Structure, check_size, structure
from adcli.primitives import RULES, Primitive, Rules
from adcli.primitives.base import Spread
from adcli.trace import Node, Trace


class Pulled(NamedTuple):
    """Which VJP a pull is: of ``node`` for ``operand``, reading ``reads``; its slope where it is diagonal."""

    node: str
    operand: str
    reads: tuple[str, ...]
    slope: Callable[..., Array] | None
    slope_read: Reader
    spread: Spread | None


class Pull(NamedTuple):
    """One VJP: ``cotangents[argument] += vjp(cotangents[out], *read(values))``; the values ``lets_go`` go after it."""

    vjp: Callable[..., Array]
    out: int
    read: Reader
    argument: int
    last_of_node: bool
    lets_go: tuple[int, ...]
    about: Pulled


class Plan(NamedTuple):
    """What a run does, worked out once for a trace, the names asked for and a table of rules.

    Attributes:
        pulls: the VJPs in the order of the way back.
        pulled: how many of the pulls are those of a step and all later ones; the last entry is 0.
        moves: which steps are evaluated and pulled back, in order.
        schedule: that of the checkpoints, if there are any.
        dead: with a schedule, for each step the steps whose values the evaluation of no later one reads.
    """

    structure: Structure
    seed: Array
    pulls: list[Pull]
    pulled: list[int]
    wanted: list[tuple[str, int, tuple[int, ...]]]
    stored: tuple[str, ...]
    moves: tuple[Move, ...]
    schedule: Schedule | None = None
    dead: Sequence[Sequence[int]] = ()


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Plan:
    """The VJPs that the gradients of ``wrt`` need, in the order of the way back; every value stays.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    base = structure(trace, wrt, rules)
    shapes, flows = trace.shapes, base.flows
    inner = flows - set(wrt)
    steps = len(trace.nodes)
    pulls: list[Pull] = []
    pulled = [0] * (steps + 1)
    for step in range(steps - 1, -1, -1):
        node = trace.nodes[step]
        if node.name in flows:
            of_node = _pulls(base, node, base.primitives[step])
            if of_node:
                of_node[-1] = of_node[-1]._replace(last_of_node=node.name in inner)
                pulls += of_node
        pulled[step] = len(pulls)
    rows = math.prod(shapes[trace.output])
    largest = max((math.prod(shapes[name]) for name in flows), default=0)
    check_size(trace, rows * largest if rows > 1 else 0, f"the cotangents of {trace.output}")
    seed = np.zeros(()) if not flows else identity(shapes[trace.output])
    wanted = [(name, base.slots[name], _gradient_shape(shapes[name], shapes[trace.output])) for name in wrt]
    read = last_readers(pull.about for pull in pulls)
    stored = tuple(name for name in [*trace.inputs, *(node.name for node in trace.nodes)] if name in read)
    return Plan(base, seed, pulls, pulled, wanted, stored, (Move(0, steps, steps),))


def _pulls(base: Structure, node: Node, primitive: Primitive) -> list[Pull]:
    """The VJPs of a node, those of parameters first, as the lecture has them."""
    found = []
    place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
    for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
        if operand not in base.flows or not isinstance(operand, str):
            continue
        partial = primitive.partials[argument]
        reads = tuple(name for r in partial.vjp_reads if isinstance(name := place[r], str))
        slope_read = base.reader(node, primitive, partial.jvp_reads)
        about = Pulled(node.name, operand, reads, partial.slope, slope_read, partial.spread)
        read = base.reader(node, primitive, partial.vjp_reads)
        found.append(Pull(partial.vjp, base.slots[node.name], read, base.slots[operand], False, (), about))
    found.sort(key=lambda pull: pull.about.operand not in base.trace.leaves)
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


def _gradient_shape(shape: Shape, output: Shape) -> Shape:
    """A gradient has the shape of its name; a Jacobian is output × name."""
    rows = math.prod(output)
    return shape if rows == 1 else (rows, math.prod(shape))
