"""What every story looks at: the trace, its values and names, the language, and how much is to be told."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.diagnose import Warning
from adcli.engines.structure import Result, Structure
from adcli.explain.deck import Numbers
from adcli.explain.maths import Expression, Listed, Matrix, Number
from adcli.explain.messages import Say
from adcli.explain.names import Names
from adcli.notation.numbers import number_text
from adcli.trace import Node, Trace

if TYPE_CHECKING:
    from adcli.explain.story import Request

MOST_IN_A_PILL, MOST_LETTERS_IN_A_PILL = 4, 20


class Scene(NamedTuple):
    """``detail`` is low, normal or full; ``mode`` the engine whose story is told, ``request`` all that was asked."""

    trace: Trace
    base: Structure
    result: Result
    warnings: list[Warning]
    names: Names
    say: Say
    numbers: Numbers
    detail: str
    mode: str
    request: Request

    @property
    def wrt(self) -> tuple[str, ...]:
        return self.base.wrt

    @property
    def output(self) -> str:
        return self.trace.output

    @property
    def rows(self) -> int:
        """How many numbers the output holds: the rows of every Jacobian of it."""
        return self.size(self.output)

    @property
    def has_loss(self) -> bool:
        return self.trace.has_loss

    @property
    def is_batch(self) -> bool:
        """Whether values are batches: a row for each example."""
        return self.examples() > 0

    @property
    def adds_examples(self) -> bool:
        """Whether a gradient is a sum over several examples: all of them flow into one number."""
        return self.examples() > 1 and self.rows == 1

    @property
    def is_scalar_program(self) -> bool:
        """Whether every value on the way is a single number, as in micrograd."""
        return all(node.shape == () for node in self.trace.nodes) and all(
            self.shape(n) == () for n in self.trace.leaves
        )

    @property
    def is_program(self) -> bool:
        """Whether lines of a program are told, which have no weights."""
        return self.request.lines is not None

    @property
    def tells_program(self) -> bool:
        """Whether the story is that of a program of numbers, a node at a time."""
        return self.is_program and self.mode == "reverse" and self.is_scalar_program

    @property
    def is_chain(self) -> bool:
        """Whether every value flows on to one step only, and no parameter is used twice."""
        reads = [a for node in self.flowing for a in node.operands if a in self.base.flows]
        return len(reads) == len(set(reads))

    @property
    def flowing(self) -> list[Node]:
        """The nodes through which derivatives flow."""
        flows = self.base.flows
        return [n for n in self.trace.nodes if n.name in flows and any(a in flows for a in n.operands)]

    @property
    def row_vectors(self) -> bool:
        """In the row convention a vector is a row."""
        return any(dict(node.settings).get("convention") == "row" for node in self.trace.nodes)

    def are_weights(self, names: Collection[str]) -> bool:
        """Whether all of them are parameters of layers, so that their Jacobians are weight Jacobians."""
        return not self.is_program and all(name in self.trace.parameters for name in names)

    def uses(self, name: str) -> int:
        """How many operands of steps it is, of those through which derivatives flow."""
        return sum(node.operands.count(name) for node in self.flowing)

    def is_read(self, name: str) -> bool:
        """Whether a step of the trace uses the name."""
        return any(name in node.operands for node in self.trace.nodes)

    def shape(self, name: str) -> Shape:
        return self.trace.shapes[name]

    def size(self, name: str) -> int:
        return math.prod(self.trace.shapes[name])

    def value(self, name: str) -> Array:
        return np.asarray(self.result.values[name])

    def examples(self) -> int:
        """How many examples a batch holds: rows of an input that layers map one by one. 0 where values are no
        batches: the matrices of a program are none."""
        if self.is_program:
            return 0
        return next((node.shape[0] for node in self.trace.nodes if len(node.shape) == 2), 0)

    def shape_text(self, name: str) -> str:
        """``2×2``; nothing for one number. A vector is ``2×1``, or ``1×2``, as it is drawn: ``2`` would be a value."""
        shape = self.shape(name)
        if len(shape) == 1:
            shape = (1, *shape) if self.is_row(name) else (*shape, 1)
        return "×".join(map(str, shape)) if math.prod(shape) > 1 or len(self.shape(name)) > 1 else ""

    def is_row(self, name: str) -> bool:
        """Whether a vector of this name is a row: in the row convention, or added to the rows of a batch."""
        return self.row_vectors or (self.is_batch and name in self.trace.parameters)

    def matrix(self, name: str, shape: bool = True) -> Matrix:
        """The value of a name as a matrix: a vector is a column, unless it is a row (``is_row``)."""
        role = self.names[name].role
        return Matrix(as_matrix(self.value(name), self.is_row(name)), role, role, shape=shape)

    def short(self, name: str) -> Expression | None:
        """The value on one line where it is short: a number, or a list; None where it isn't."""
        value = self.value(name)
        role = self.names[name].role
        if value.size == 1:
            return Number(float(value.reshape(())), role)
        if value.ndim == 1 and value.size <= MOST_IN_A_PILL:
            return Listed(value, role)
        return None

    def brief(self, name: str) -> Expression | None:
        """The same for a picture: of a list that is long in letters, only how it begins."""
        value = self.short(name)
        if not isinstance(value, Listed):
            return value
        texts = (number_text(float(v), self.numbers.digits, self.numbers.fractions) for v in value.array)
        return value if sum(map(len, texts)) <= MOST_LETTERS_IN_A_PILL else value._replace(most=2)

    @property
    def tracked(self) -> bool:
        """Whether tracker and storage row are shown."""
        return self.detail != "low"


def largest(array: Array) -> float:
    """The entry that is largest in size, with its sign; 0 where there is none."""
    flat = np.asarray(array).reshape(-1)
    return float(flat[np.abs(flat).argmax()]) if flat.size else 0.0


def as_matrix(array: Array, row: bool = False) -> Array:
    """Two axes for any value: a number is 1 × 1, a vector a column, or a row."""
    array = np.asarray(array)
    if array.ndim < 2:
        return array.reshape((1, -1) if row else (-1, 1))
    return array.reshape(-1, array.shape[-1])
