"""Forward mode: beside every value its tangents, pushed through the JVPs from the inputs to the output.

All tangents of a value stand in one array, a direction on each entry of its leading axis, so that a
primitive pushes them in one call. A name asked for begins as the identity, a direction for each of its
entries. A weight needs fewer: since ∂h/∂W = I ⊗ xᵀ, its tangent is A ⊗ xᵀ with one direction for each
output of its layer; only A is pushed, and the product is written out at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.derivation import Sink
from adcli.engines.forward_steps import Recorder
from adcli.engines.seeds import Seed, places_of, written_out
from adcli.engines.structure import Reader, Result, Structure, mask_after, named, scaled_where, structure
from adcli.errors import AdcliError, Problem
from adcli.primitives import RULES, Primitive, Rules
from adcli.primitives.base import Partial
from adcli.spec.values import MOST_NUMBERS
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


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Plan:
    """The JVPs that the gradients of ``wrt`` need, in the order of the trace.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    return _Planner(structure(trace, wrt, rules)).plan()


class _Planner:
    """Decides the seeds, and which of them reach each node."""

    def __init__(self, base: Structure) -> None:
        self.base = base
        self.shapes = base.trace.shapes
        self.seeds: list[Seed] = []
        self.reaching: dict[str, tuple[int, ...]] = {}  # name → the seeds in its tangent, in their order there
        self.start: dict[int, Array] = {}
        self.by_rows = _ends_with_loss_of_batch(base)
        self.factored = self._factored_names()

    def plan(self) -> Plan:
        base = self.base
        trace = base.trace
        for name in base.wrt:
            if name in base.flows and name in trace.leaves and name not in self.factored:
                self.start[base.slots[name]] = self._seed_all(name)
        moves = [
            self._move(node, primitive, call_index)
            for call_index, (node, primitive) in enumerate(zip(trace.nodes, base.primitives, strict=True))
        ]
        self._check_size(moves)
        _let_go(moves, keep=base.slots[trace.output])
        places = places_of(self.reaching.get(trace.output, ()), self.seeds)
        rows = math.prod(self.shapes[trace.output])
        wanted = []
        for name in base.wrt:
            shape = self.shapes[name]
            own = [(self.seeds[index], place) for index, place in places.items() if self.seeds[index].name == name]
            wanted.append((name, shape if rows == 1 else (rows, math.prod(shape)), own))
        return Plan(base, self.seeds, self.start, moves, wanted, self.by_rows)

    def _check_size(self, moves: list[Move]) -> None:
        for node, move in zip(self.base.trace.nodes, moves, strict=True):
            numbers = move.directions * math.prod(node.shape)
            if numbers > MOST_NUMBERS:
                raise AdcliError(
                    Problem(
                        f"forward mode would hold {numbers:,} numbers as the tangent of {node.name}",
                        None,
                        "use --mode reverse, or ask for fewer names by --wrt",
                    )
                )

    def _seed_all(self, name: str) -> Array:
        """Directions for every entry of ``name``: the identity."""
        shape = self.shapes[name]
        size = math.prod(shape)
        self.reaching[name] = (*self.reaching.get(name, ()), len(self.seeds))
        self.seeds.append(Seed(name, size))
        return np.eye(size).reshape(size, *shape)

    def _factored_names(self) -> set[str]:
        """Weights for which the factor A has fewer directions than the weight has entries, at all its uses together."""
        base = self.base
        outputs = dict.fromkeys((n for n in base.wrt if n in base.flows and n in base.trace.leaves), 0)
        by_rows_to_the_end = _treats_rows_alone(base, self.by_rows)
        for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
            if node.name not in base.flows:
                continue
            for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
                if operand in outputs and isinstance(operand, str):
                    outer = primitive.partials[argument].outer
                    whole = outer is None or (len(node.shape) > 1 and node.name not in by_rows_to_the_end)
                    outputs[operand] += math.inf if whole else node.shape[-1]  # type: ignore[assignment]
        return {name for name, directions in outputs.items() if directions < math.prod(self.shapes[name])}

    def _move(self, node: Node, primitive: Primitive, index: int) -> Move:
        base = self.base
        call = base.calls[index]
        pushes: list[Push] = []
        if node.name in base.flows:
            for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
                if isinstance(operand, str) and operand in base.flows:
                    pushes.append(self._push(node, primitive, primitive.partials[argument], operand))
            if node.name in base.wrt:
                seed = self._seed_all(node.name)
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
        return Push(jvp, base.slots[operand], read, None, self.reaching[operand], operand, reads, partial.slope)


def _ends_with_loss_of_batch(base: Structure) -> bool:
    """Whether the output is a sum over the examples of a batch, which can wait until the factors are multiplied."""
    for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
        if node.name == base.trace.output:
            partial = primitive.partials.get(primitive.arguments[0])
            argument = node.arguments[0]
            batch = isinstance(argument, str) and len(base.trace.shapes[argument]) == 2
            return batch and partial is not None and partial.rowwise_jvp is not None
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


def run(plan: Plan, sink: Sink | None = None, careful: bool = False) -> Result:
    """Values and gradients. With ``sink``, every step is told to it in the order in which it is done.

    ``careful`` keeps zeros that the structure forces apart from computed ones: slower,
    and of use only where a derivative is not finite.
    """
    base = plan.structure
    values = base.start.copy()
    tangents: dict[int, Array] = dict(plan.start)
    recorder = Recorder(plan, values, sink) if sink else None
    masks: dict[int, Array] | None = {slot: seed != 0.0 for slot, seed in plan.start.items()} if careful else None
    for evaluate, read, out, pushes, into, directions, done in plan.moves:
        values[out] = evaluate(*read(values))
        if pushes:
            if masks is None:
                pieces = [_pushed(push, tangents, values) for push in pushes]
            else:
                pairs = [_pushed_carefully(push, tangents, masks, values) for push in pushes]
                pieces = [piece for piece, _ in pairs]
                masks[out] = _merged([mask.astype(float) for _, mask in pairs], into, directions) != 0.0
            tangents[out] = _merged(pieces, into, directions)
            if recorder is not None:
                recorder.pushed(out, pushes, tangents, pieces)
        elif recorder is not None:
            recorder.evaluated(out)
        for slot in done:
            del tangents[slot]
    tangent = tangents.get(base.slots[base.trace.output])
    gradients = {
        name: np.zeros(shape) if tangent is None else _gradient(tangent, own, values, shape, plan.by_rows)
        for name, shape, own in plan.wanted
    }
    return Result(named(base, values), gradients)


def _pushed(push: Push, tangents: dict[int, Array], values: list[Any]) -> Array:
    if push.jvp is None:
        assert push.seed is not None
        return push.seed
    return push.jvp(tangents[push.argument], *push.read(values))


def _pushed_carefully(
    push: Push, tangents: dict[int, Array], masks: dict[int, Array], values: list[Any]
) -> tuple[Array, Array]:
    """The piece of a push, and where it can be other than zero."""
    piece = _pushed(push, tangents, values)
    if push.jvp is None:
        return piece, piece != 0.0
    mask, tangent = masks[push.argument], tangents[push.argument]
    axes = tangent.ndim - piece.ndim
    if push.slope is not None:
        piece = scaled_where(mask, tangent, push.slope(*push.read(values)), axes)
    return piece, mask_after(mask, piece.shape, diagonal=push.slope is not None and not axes)


def _merged(pieces: list[Array], into: list[list[tuple[slice, slice]]] | None, directions: int) -> Array:
    """The tangents of a node from those of its arguments: side by side, and added where they share directions."""
    if into is None:
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    merged = np.zeros((directions, *pieces[0].shape[1:]))
    for piece, places in zip(pieces, into, strict=True):
        for source, place in places:
            merged[place] += piece[source]
    return merged


def _gradient(tangent: Array, own: list[tuple[Seed, slice]], values: list[Any], shape: Shape, by_rows: bool) -> Array:
    """The gradient or Jacobian of one name from its directions of the output's tangent."""
    parts = [written_out(tangent[place], seed, values, by_rows) for seed, place in own]
    if not parts:
        return np.zeros(shape)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total.reshape(shape)
