"""The derivation of reverse mode: what is stored, what each VJP reads, and what can be let go after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Sink, Step, product_cost
from adcli.engines.structure import Reader, Structure


class Pulled(Protocol):
    """What the recorder needs to know of a VJP: of which node, for which operand, and the values that it reads."""

    @property
    def node(self) -> str: ...
    @property
    def operand(self) -> str: ...
    @property
    def reads(self) -> tuple[str, ...]: ...


class Recorder:
    """Tells each step to a sink. The storage holds every value of the trace, as the lecture fills it."""

    def __init__(self, base: Structure, pulls: Sequence[Pulled], values: list[Any], sink: Sink) -> None:
        self.base = base
        self.trace = base.trace
        self.values = values
        self.sink = sink
        self.output = base.trace.output
        self.rows = math.prod(base.trace.shapes[self.output])
        self.sizes = {node.name: math.prod(node.shape) for node in base.trace.nodes}
        self.held = 0
        self.last_reader: dict[str, int] = {}
        for number, pull in enumerate(pulls):
            self.last_reader.update(dict.fromkeys(pull.reads, number))
        self.number = 0
        self._forward_pass()
        self._begin()

    def _forward_pass(self) -> None:
        for node in self.trace.nodes:
            value = self._value(node.name)
            operands = tuple(self._value(name) for name in node.operands)
            self._tell("forward", node.name, operands, value, node.operands)
            self.held += self.sizes[node.name]
            self._tell("store", node.name, (value,), value)

    def _begin(self) -> None:
        """The cotangent to begin with, unless the output is a loss: then its own derivative is the beginning."""
        never = [name for name in self.sizes if name not in self.last_reader]
        self.held -= sum(self.sizes[name] for name in never)
        self.released = tuple(never)
        if self.trace.shapes[self.output] != ():
            seed = Operand(self._cotangent(self.output), (self.rows, self.rows), lambda: np.eye(self.rows))
            self._tell("cotangent.init", self.output, (), seed, releases=self._take_released())

    def pulled(
        self,
        pull: Pulled,
        vjp: Callable[..., Array],
        read: Reader,
        out_bar: Array,
        contribution: Array,
        before: Array | None,
        total: Array,
    ) -> None:
        """One VJP was done: ``contribution`` is what it gave, ``total`` its sum with what was there before."""
        released = [*self._take_released(), *(n for n in pull.reads if self.last_reader[n] == self.number)]
        in_trace = tuple(dict.fromkeys(name for name in released if name in self.sizes))
        self.held -= sum(self.sizes[name] for name in in_trace if self.last_reader.get(name) == self.number)
        self.number += 1
        first = pull.node == self.output and self.trace.shapes[self.output] == ()
        jacobian = self._jacobian(pull, vjp, read(self.values))
        row = self._matrix(self._cotangent(pull.node), out_bar, pull.node)
        inner = pull.operand in self.sizes
        kind = ("cotangent.init" if first else "cotangent.update") if inner else "gradient"
        value = self._matrix(self._cotangent(pull.operand), contribution, pull.operand)
        operands = (jacobian,) if first else (row, jacobian)
        cost = 0 if first else product_cost(row.shape, jacobian.shape)
        self._tell(kind, pull.operand, operands, value, pull.reads, in_trace, cost)
        if before is not None:
            so_far = self._matrix(value.name, before, pull.operand)
            self._tell("accumulate", pull.operand, (so_far, value), self._matrix(value.name, total, pull.operand))

    def _take_released(self) -> tuple[str, ...]:
        released, self.released = self.released, ()
        return released

    def _jacobian(self, pull: Pulled, vjp: Callable[..., Array], read: Sequence[Any]) -> Operand:
        """∂node/∂operand in full, by pulling back the rows of the identity; made only when looked at."""
        shapes = self.trace.shapes
        rows, columns = math.prod(shapes[pull.node]), math.prod(shapes[pull.operand])

        def array() -> Array:
            identity = np.eye(rows).reshape(rows, *shapes[pull.node])
            return np.asarray(vjp(identity, *read)).reshape(rows, columns)

        return Operand(f"∂{pull.node}/∂{pull.operand}", (rows, columns), array)

    def _cotangent(self, name: str) -> str:
        return f"∂{self.output}/∂{name}"

    def _matrix(self, name: str, array: Array, of: str) -> Operand:
        """A cotangent in numerator layout: a row for each entry of the output."""
        shape = (self.rows, math.prod(self.trace.shapes[of]))
        return Operand(name, shape, lambda: np.asarray(array).reshape(shape))

    def _value(self, name: str) -> Operand:
        value = np.asarray(self.values[self.base.slots[name]])
        return Operand(name, value.shape, lambda: value)

    def _tell(
        self,
        kind: str,
        target: str,
        operands: tuple[Operand, ...],
        value: Operand,
        reads: tuple[str, ...] = (),
        releases: tuple[str, ...] = (),
        multiplications: int = 0,
    ) -> None:
        self.sink(Step(kind, target, operands, value, reads, releases, self.held, multiplications))
