"""What forward mode will do: which directions each name begins with, and which of them reach each node."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.seeds import Seed, places_of
from adcli.engines.structure import Reader, Structure, check_size, structure
from adcli.primitives import RULES, Primitive, Rules
from adcli.primitives.base import Partial, Spread
from adcli.trace import Node, Trace


class Push(NamedTuple):
    """One JVP of a node, or the seed itself where ``jvp`` is None; its directions belong to ``seeds``."""

    jvp: Callable[..., Array] | None
    argument: int
    read: Reader
    seed: Array | None
    seeds: tuple[int, ...]
    operand: str
    reads: tuple[str, ...] = ()
    slope: Callable[..., Array] | None = None
    spread: Spread | None = None


class Move(NamedTuple):
    """What a run does at one node: evaluate, push, and let go of tangents that no later node reads.

    ``into`` says where each push's directions stand in the node's tangent where they overlap, else None.
    """

    evaluate: Callable[..., Any]
    read: Reader
    out: int
    pushes: list[Push]
    into: list[list[tuple[slice, slice]]] | None
    directions: int
    done: list[int]


class Plan(NamedTuple):
    """What a run does, worked out once for a trace, the names asked for and a table of rules."""

    structure: Structure
    seeds: list[Seed]
    start: dict[int, Array]
    moves: list[Move]
    wanted: list[tuple[str, Shape, list[tuple[Seed, slice]]]]
    by_rows: bool
    tangents: Mapping[str, Array] | None


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES, tangents: Mapping[str, Array] | None = None) -> Plan:
    """The JVPs that the gradients of ``wrt`` need, in the order of the trace.

    With ``tangents`` (a tangent of its own shape for each name of ``wrt``) those make one direction together:
    one JVP, and no derivation of it.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    return _Planner(structure(trace, wrt, rules, one_direction=tangents is not None), tangents).plan()


class _Planner:
    """Decides the seeds, and which of them reach each node."""

    def __init__(self, base: Structure, tangents: Mapping[str, Array] | None) -> None:
        self.base = base
        self.shapes = base.trace.shapes
        self.seeds: list[Seed] = []
        self.reaching: dict[str, tuple[int, ...]] = {}  # name → the seeds in its tangent, in their order there
        self.start: dict[int, Array] = {}
        self.tangents = tangents
        self.by_rows = tangents is None and _ends_with_loss_of_batch(base)
        self.factored = self._factored_names() if tangents is None else set()

    def plan(self) -> Plan:
        base = self.base
        trace = base.trace
        for name in base.wrt:
            if name in base.flows and name in trace.leaves and name not in self.factored:
                self.start[base.slots[name]] = self._seed(name)
        moves = [
            self._move(node, primitive, call_index)
            for call_index, (node, primitive) in enumerate(zip(trace.nodes, base.primitives, strict=True))
        ]
        self._check_sizes(moves)
        _let_go(moves, keep=base.slots[trace.output])
        if self.tangents is not None:
            return Plan(base, self.seeds, self.start, moves, [], False, self.tangents)
        own: dict[str, list[tuple[Seed, slice]]] = {name: [] for name in base.wrt}
        for index, place in places_of(self.reaching.get(trace.output, ()), self.seeds).items():
            own[self.seeds[index].name].append((self.seeds[index], place))
        rows = math.prod(self.shapes[trace.output])
        wanted = []
        for name in base.wrt:
            shape = self.shapes[name]
            wanted.append((name, shape if rows == 1 else (rows, math.prod(shape)), own[name]))
        return Plan(base, self.seeds, self.start, moves, wanted, self.by_rows, None)

    def _check_sizes(self, moves: list[Move]) -> None:
        for node, move in zip(self.base.trace.nodes, moves, strict=True):
            numbers = move.directions * math.prod(node.shape)
            check_size(self.base.trace, numbers, f"the tangent of {node.name} in forward mode")

    def _seed(self, name: str) -> Array:
        """The tangent given for ``name``, else directions for every entry of it: the identity."""
        if self.tangents is not None:  # all names share the one direction
            self.seeds = [Seed("", 1)]
            self.reaching[name] = (0,)
            return self.tangents[name][None]
        shape = self.shapes[name]
        size = math.prod(shape)
        self.reaching[name] = (*self.reaching.get(name, ()), len(self.seeds))
        self.seeds.append(Seed(name, size))
        return np.eye(size).reshape(size, *shape)

    def _factored_names(self) -> set[str]:
        """Weights for which the factor A has fewer directions than the weight has entries, at all its uses together."""
        base = self.base
        outputs = dict.fromkeys((n for n in base.wrt if n in base.flows and n in base.trace.leaves), 0.0)
        by_rows_to_the_end = _treats_rows_alone(base, self.by_rows)
        for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
            if node.name not in base.flows:
                continue
            for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
                if operand in outputs and isinstance(operand, str):
                    outer = primitive.partials[argument].outer
                    whole = outer is None or (len(node.shape) > 1 and node.name not in by_rows_to_the_end)
                    outputs[operand] += math.inf if whole else node.shape[-1]
        outputs.pop(base.trace.output, None)
        return {name for name, directions in outputs.items() if 0 < directions < math.prod(self.shapes[name])}

    def _move(self, node: Node, primitive: Primitive, index: int) -> Move:
        base = self.base
        call = base.calls[index]
        pushes: list[Push] = []
        if node.name in base.flows:
            for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
                if isinstance(operand, str) and operand in base.flows:
                    pushes.append(self._push(node, primitive, primitive.partials[argument], operand))
            if node.name in base.wrt:
                seed = self._seed(node.name)
                pushes.append(Push(None, 0, call.read, seed, (len(self.seeds) - 1,), node.name))
        reached = tuple(dict.fromkeys(seed for push in pushes for seed in push.seeds))
        self.reaching[node.name] = reached
        into = None
        if sum(len(push.seeds) for push in pushes) > len(reached):
            places = places_of(reached, self.seeds)
            into = [_overlaps(push.seeds, places, self.seeds) for push in pushes]
        directions = sum(self.seeds[seed].directions for seed in reached)
        return Move(call.evaluate, call.read, call.out, pushes, into, directions, [])

    def _push(self, node: Node, primitive: Primitive, partial: Partial, operand: str) -> Push:
        base = self.base
        if operand in self.factored and partial.outer is not None:
            place = dict(zip(primitive.arguments, node.arguments, strict=True))
            factor = base.slots[str(place[partial.outer.reads])]
            outputs = node.shape[-1]
            seed = np.eye(outputs)
            if len(node.shape) > 1:
                seed = np.broadcast_to(seed[:, None, :], (outputs, *node.shape))
            self.seeds.append(Seed(operand, outputs, factor, partial.outer.transposed))
            return Push(
                None, 0, base.calls[0].read, seed, (len(self.seeds) - 1,), operand, (str(place[partial.outer.reads]),)
            )
        jvp = partial.jvp
        if self.by_rows and node.name == base.trace.output and partial.rowwise_jvp is not None:
            jvp = partial.rowwise_jvp
        read = base.reader(node, primitive, partial.jvp_reads)
        place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
        reads = tuple(name for r in partial.jvp_reads if isinstance(name := place[r], str))
        return Push(
            jvp, base.slots[operand], read, None, self.reaching[operand], operand, reads, partial.slope, partial.spread
        )


def _ends_with_loss_of_batch(base: Structure) -> bool:
    """Whether the output is a sum over the examples of a batch, which can wait until the factors are multiplied."""
    for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
        if node.name == base.trace.output:
            partial = primitive.partials.get(primitive.arguments[0])
            argument = node.arguments[0]
            batch = isinstance(argument, str) and len(base.trace.shapes[argument]) == 2
            sums = partial is not None and partial.rowwise_jvp is not None
            return batch and sums and node.name not in base.wrt
    return False


def _treats_rows_alone(base: Structure, by_rows: bool) -> set[str]:
    """The nodes from which on to the output each row of a batch is treated by itself."""
    output = base.trace.output
    alone = {output}
    mixed: set[str] = set()
    for node, primitive in zip(reversed(base.trace.nodes), reversed(base.primitives), strict=True):
        if node.name not in base.flows:
            continue
        keeps_rows = (primitive.rowwise and node.name not in mixed) or (node.name == output and by_rows)
        for operand in node.operands:
            same = base.trace.shapes[operand][:1] == node.shape[:1] and len(base.trace.shapes[operand]) == len(
                node.shape
            )
            if keeps_rows and (same or node.name == output) and operand not in mixed:
                alone.add(operand)
            else:
                mixed.add(operand)
                alone.discard(operand)
    return alone


def _overlaps(seeds: tuple[int, ...], into: dict[int, slice], all_seeds: list[Seed]) -> list[tuple[slice, slice]]:
    return [(place, into[seed]) for seed, place in places_of(seeds, all_seeds).items()]


def _let_go(moves: list[Move], keep: int) -> None:
    """Note after which move each tangent has been read for the last time."""
    seen = {keep}
    for move in reversed(moves):
        for push in move.pushes:
            if push.jvp is not None and push.argument not in seen:
                seen.add(push.argument)
                move.done.append(push.argument)
