"""What an engine did, as a list of steps in the order in which it did them. No prose, no format.

A step refers to arrays and never copies them; matrices that only a reader needs (a dense Jacobian)
are made when they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from adcli.arrays import Array, Shape


class Operand(NamedTuple):
    """A matrix or a value that a step works with; ``array()`` makes it. ``derivative``: ∂of/∂by, as (of, by)."""

    name: str
    shape: Shape
    array: Callable[[], Array]
    derivative: tuple[str, str] | None = None

    def of_by(self) -> tuple[str, str]:
        """The two names of a derivative."""
        assert self.derivative is not None, "a Jacobian or a cotangent"
        return self.derivative


def derivative(of: str, by: str, shape: Shape, array: Callable[[], Array]) -> Operand:
    """∂of/∂by, a Jacobian or a cotangent."""
    return Operand(f"∂{of}/∂{by}", shape, array, (of, by))


class Step(NamedTuple):
    """One step of a derivation.

    Attributes:
        kind: ``forward``, ``reduce`` (after it: what the examples of a batch come to is made one number), ``store``,
            ``tangent.init``, ``tangent.update``, ``cotangent.init``, ``cotangent.update``, ``gradient`` or
            ``accumulate``; with checkpoints also ``recompute`` (a value is
            computed again) and ``release`` (a value goes that no VJP is to read, or none before it is computed again).
        target: the name of the value, tangent or cotangent that is made.
        operands: what is multiplied or added, from left to right.
        value: the result. Tangents and cotangents are matrices in numerator layout.
        reads: the names of the trace whose values are read.
        releases: the names that nothing reads any more after this step.
        held: how many numbers are held after it (inputs and targets are not counted).
        multiplications: of full matrices, as the lecture counts them.
        entry: the place of the one number of the target, row by row, that the step is about; None: all of them.
    """

    kind: str
    target: str
    operands: tuple[Operand, ...]
    value: Operand
    reads: tuple[str, ...]
    releases: tuple[str, ...]
    held: int
    multiplications: int
    entry: int | None = None

    @property
    def pulled_through(self) -> str:
        """The node whose VJP makes a cotangent or a gradient: of ∂node/∂operand, the last operand."""
        return self.operands[-1].of_by()[0] if self.operands else self.target


Sink = Callable[[Step], None]


def product_cost(left: Shape, right: Shape) -> int:
    """Multiplications of (p × q)·(q × r)."""
    return left[0] * left[1] * right[1]
