"""The derivation of forward mode: the matrices Ŵ as the lecture draws them, written out in full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Sink, Step, derivative, product_cost
from adcli.engines.reduction import each_example
from adcli.engines.seeds import Seed, places_of, written_out
from adcli.engines.structure import Structure
from adcli.trace import Node

Places: TypeAlias = list[tuple[Seed, slice]]  # directions of a name, and where they stand in a tangent


MOST_AT_ONCE = 2**20  # numbers of the identity, whose columns a Jacobian is made of


class Planned(Protocol):
    """What the recorder needs to know of a plan."""

    @property
    def structure(self) -> Structure: ...
    @property
    def seeds(self) -> list[Seed]: ...
    @property
    def by_rows(self) -> bool: ...


class Pushed(Protocol):
    """What the recorder needs to know of a JVP, or of a seed where ``jvp`` is None."""

    @property
    def jvp(self) -> Any: ...
    @property
    def argument(self) -> int: ...
    @property
    def read(self) -> Any: ...
    @property
    def seeds(self) -> tuple[int, ...]: ...
    @property
    def operand(self) -> str: ...
    @property
    def reads(self) -> tuple[str, ...]: ...


class Recorder:
    """Tells each step to a sink. Held are the tangents in full, until the last step that reads them, and the newest
    value."""

    def __init__(self, plan: Planned, values: list[Any], sink: Sink) -> None:
        self.plan = plan
        self.trace = plan.structure.trace
        self.slots = plan.structure.slots
        self.values = values
        self.sink = sink
        self.steps: list[Step] = []
        self.leaves = self.trace.leaves
        self.nodes = {self.slots[node.name]: node for node in self.trace.nodes}
        self.primitives = {n.name: p for n, p in zip(self.trace.nodes, plan.structure.primitives, strict=True)}
        self.shapes = self.trace.shapes
        self.tangents: dict[tuple[str, str], int] = {}  # name and value it is a tangent at → its numbers
        self.held = 0  # the numbers of all tangents
        self.last_reader: dict[str, str] = {}
        for node in self.trace.nodes:
            self.last_reader.update(dict.fromkeys(node.operands, node.name))

    def evaluated(self, out: int) -> None:
        """The value of a node was computed, and no tangent reaches it."""
        self._forward(self.nodes[out])
        self._finish(self.nodes[out])

    def _forward(self, node: Node) -> None:
        operands = tuple(self._value(name) for name in node.operands)
        value = self._value(node.name)
        self._tell("forward", node.name, node.name, operands, value, node.operands)
        each = each_example(node.name, self.primitives[node.name], operands)
        if each is not None:
            self._tell("reduce", node.name, node.name, (each,), value)

    def _finish(self, node: Node) -> None:
        """Hand over the steps of a node; after the last one go the values that no later node reads."""
        read = dict.fromkeys(node.operands)
        released = tuple(n for n in read if n not in self.leaves and self.last_reader[n] == node.name)
        self.steps[-1] = self.steps[-1]._replace(releases=released)
        for step in self.steps:
            self.sink(step)
        self.steps.clear()

    def pushed(self, out: int, pushes: Sequence[Pushed], tangents: dict[int, Array], pieces: list[Array]) -> None:
        """The tangents of a node were made: those that were there first, then the new one, as in the lecture."""
        self._forward(self.nodes[out])
        name = self.nodes[out].name
        so_far: dict[str, Operand] = {}
        begins = [push.jvp is None or push.operand in self.plan.structure.wrt for push in pushes]
        order = sorted(range(len(pushes)), key=lambda i: begins[i])
        for i in order:
            push = pushes[i]
            for of, own in self._places(push.seeds).items():
                value = self._tangent(of, pieces[i], own, name, last=True)
                self._one(name, of, push, begins[i], value, tangents, own)
                if of in so_far:
                    total = _sum(so_far[of], value)
                    self._tell("accumulate", of, name, (so_far[of], value), total)
                    value = total
                so_far[of] = value
        self._finish(self.nodes[out])

    def _places(self, seeds: Sequence[int]) -> dict[str, Places]:
        """Name → where its directions stand in a tangent of all ``seeds``."""
        found: dict[str, Places] = {}
        for seed, place in places_of(seeds, self.plan.seeds).items():
            found.setdefault(self.plan.seeds[seed].name, []).append((self.plan.seeds[seed], place))
        return found

    def _one(
        self, name: str, of: str, push: Pushed, begins: bool, value: Operand, tangents: dict[int, Array], own: Places
    ) -> None:
        if self.last_reader.get(push.operand) == name:
            self.held -= self.tangents.pop((of, push.operand), 0)
        if (of, name) not in self.tangents:
            self.tangents[of, name] = math.prod(value.shape)
            self.held += self.tangents[of, name]
        if begins and of == push.operand:
            jacobian = derivative(name, of, value.shape, value.array)
            self._tell("tangent.init", of, name, (jacobian,), value, push.reads)
            return
        before = self._tangent(of, tangents[push.argument], own, push.operand, last=False)
        jacobian = self._jacobian(name, push)
        cost = product_cost(jacobian.shape, before.shape)
        self._tell("tangent.update", of, name, (jacobian, before), value, push.reads, cost)

    def _tangent(self, of: str, array: Array, own: Places, at: str, last: bool) -> Operand:
        """Ŵ of the name ``of`` at the value ``at``: entries of the value × entries of the name."""
        shape = (math.prod(self.shapes[at]), math.prod(self.shapes[of]))
        by_rows = last and self.plan.by_rows and at == self.trace.output

        def written() -> Array:
            parts = [written_out(array[place], seed, self.values, by_rows) for seed, place in own]
            total: Array = np.sum([part.reshape(shape) for part in parts], axis=0)
            return total

        return Operand(f"{of}^", shape, written)

    def _jacobian(self, name: str, push: Pushed) -> Operand:
        """∂name/∂operand in full, by pushing the columns of the identity, some at once; made only when looked at."""
        rows, columns = math.prod(self.shapes[name]), math.prod(self.shapes[push.operand])
        read = push.read(self.values)

        def part(begin: int, count: int) -> Array:
            identity = np.eye(count, columns, begin).reshape(count, *self.shapes[push.operand])
            pushed = np.asarray(push.jvp(identity, *read))
            if self.plan.by_rows and name == self.trace.output:
                pushed = np.add.reduce(pushed, axis=-1)
            return pushed.reshape(count, rows).T

        def array() -> Array:
            most = max(1, MOST_AT_ONCE // max(1, columns))
            starts = range(0, columns, most)
            return np.concatenate([part(begin, min(most, columns - begin)) for begin in starts], axis=1)

        return derivative(name, push.operand, (rows, columns), array)

    def _value(self, name: str) -> Operand:
        value = np.asarray(self.values[self.slots[name]])
        return Operand(name, value.shape, lambda: value)

    def _tell(
        self,
        kind: str,
        target: str,
        at: str,
        operands: tuple[Operand, ...],
        value: Operand,
        reads: tuple[str, ...] = (),
        multiplications: int = 0,
    ) -> None:
        held = self.held + math.prod(self.shapes[at])
        self.steps.append(Step(kind, target, operands, value, reads, (), held, multiplications))


def _sum(left: Operand, right: Operand) -> Operand:
    return Operand(left.name, left.shape, lambda: left.array() + right.array())
