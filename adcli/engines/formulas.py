"""Formulas as the symbolic engine finds them: SymPy's expressions, in symbols of which we know what they stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sympy as sp

from adcli.arrays import Array, Shape


class Entry(NamedTuple):
    """An entry of a value of the trace; ``shape`` is that of the whole value."""

    name: str
    shape: Shape = ()
    place: tuple[int, ...] = ()


class Cotangent(NamedTuple):
    """∂output/∂entry, where that stays a symbol."""

    output: Entry
    of: Entry


Meaning = Entry | Cotangent | float


class Formulas(NamedTuple):
    """What the symbolic engine found, as expressions.

    Attributes:
        output: an object array of the output's shape.
        gradients: name → object array, of the shape of the gradient or Jacobian in numbers.
        meanings: what each symbol stands for.
        before, after: operations before and after common subexpressions; where staged, those of the closed forms as
            foreseen (None where nobody could count them), and those of the steps.
        staged: whether the names of the trace stay symbols, since the closed form would be too large.
    """

    output: Array
    gradients: dict[str, Array]
    meanings: dict[sp.Symbol, Meaning]
    before: int | None
    after: int
    staged: bool


def operations(formulas: Iterable[sp.Expr]) -> int:
    """Additions, multiplications, powers and function calls, each formula written out in full."""
    return sum(int(formula.count_ops()) for formula in formulas)
