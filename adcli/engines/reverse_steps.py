"""The derivation of reverse mode: what is stored, what each VJP reads, and what can be let go after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Sink, Step, derivative, product_cost
from adcli.engines.reduction import each_example
from adcli.engines.reverse_plan import Plan, Pulled, last_readers
from adcli.engines.structure import Reader


class Recorder:
    """Tells each step to a sink.

    The storage holds every value of the trace, as the lecture fills it; with checkpoints, those that are kept or
    that wait for a VJP.
    """

    def __init__(self, plan: Plan, values: list[Any], sink: Sink) -> None:
        self.base = plan.structure
        self.trace = self.base.trace
        self.values = values
        self.sink = sink
        self.output = self.trace.output
        self.rows = math.prod(self.trace.shapes[self.output])
        self.has_loss = self.trace.has_loss
        self.sizes = {node.name: math.prod(node.shape) for node in self.trace.nodes}
        self.scheduled = plan.schedule is not None
        self.last_reader = last_readers(pull.about for pull in plan.pulls)
        self.number = 0
        self.evaluated_before = 0
        self.there: dict[str, int] = {}  # name of a value at hand → how many numbers of it are in the storage
        self.held = 0
        self.began = False
        self.released: tuple[str, ...] = ()

    def evaluated(self, step: int, held: bool) -> None:
        """A step was evaluated; its value is ``held`` in the storage, or only in hand for the steps that read it."""
        node = self.trace.nodes[step]
        value = self._value(node.name)
        operands = tuple(self._value(name) for name in node.operands)
        if step < self.evaluated_before:
            self._begin()
            self._take(node.name, held)
            self._tell("recompute", node.name, operands, value, node.operands, self._take_released())
            return
        self.evaluated_before = step + 1
        self._tell("forward", node.name, operands, value, node.operands)
        each = each_example(node.name, self.base.primitives[step], operands)
        if each is not None:
            self._tell("reduce", node.name, (each,), value)
        self._take(node.name, held)
        if held:
            self._tell("store", node.name, (value,), value)

    def ready(self, begin: int, end: int) -> None:
        """These steps were evaluated, and VJPs follow that read their values."""
        for step in range(begin, end):
            self.evaluated(step, held=True)
        self._begin()

    def let_go(self, step: int) -> None:
        """The value of a step is let go, unless a VJP was told to release it."""
        name = self.trace.nodes[step].name
        if name in self.there:
            value = self._value(name)
            self._tell("release", name, (value,), value, releases=self._dropped([name]))

    def _take(self, name: str, held: bool) -> None:
        self.there[name] = self.sizes[name] if held else 0
        self.held += self.there[name]

    def _dropped(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that were at hand, and now are not."""
        dropped = tuple(name for name in dict.fromkeys(names) if name in self.there)
        self.held -= sum(self.there.pop(name) for name in dropped)
        return dropped

    def _begin(self) -> None:
        """The way back begins: with a cotangent, unless the output is a loss, whose derivative is the beginning."""
        if self.began:
            return
        self.began = True
        useless = [self.output] if self.scheduled else self.sizes
        self.released = self._dropped(name for name in useless if name not in self.last_reader)
        if not self.has_loss:
            seed = derivative(self.output, self.output, (self.rows, self.rows), lambda: np.eye(self.rows))
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
        last = self._dropped(name for name in pull.reads if self.last_reader[name] == self.number)
        releases = self._take_released() + last
        self.number += 1
        first = self.has_loss and pull.node == self.output
        jacobian = self._jacobian(pull, vjp, read(self.values))
        row = self._cotangent(pull.node, out_bar)
        inner = pull.operand in self.sizes
        kind = ("cotangent.init" if first else "cotangent.update") if inner else "gradient"
        value = self._cotangent(pull.operand, contribution)
        operands = (jacobian,) if first else (row, jacobian)
        begins = pull.node == self.output  # with a slope, or with the identity, which is no product
        cost = 0 if begins else product_cost(row.shape, jacobian.shape)
        self._tell(kind, pull.operand, operands, value, pull.reads, releases, cost)
        if before is not None:
            so_far = self._cotangent(pull.operand, before)
            self._tell("accumulate", pull.operand, (so_far, value), self._cotangent(pull.operand, total))

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

        return derivative(pull.node, pull.operand, (rows, columns), array)

    def _cotangent(self, name: str, array: Array) -> Operand:
        """The cotangent of ``name`` in numerator layout: a row for each entry of the output."""
        shape = (self.rows, math.prod(self.trace.shapes[name]))
        return derivative(self.output, name, shape, lambda: np.asarray(array).reshape(shape))

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
