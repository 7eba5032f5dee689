"""The namespace in which a primitive's value is taken on symbols: numpy's names, on object arrays of SymPy expressions.

No text is ever given to SymPy to read: expressions are put together from objects only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp

from adcli.arrays import Array, Shape

LARGEST_WRITTEN = 1000  # a larger number of a program stays a symbol: SymPy would write out its powers
_MOST_DENOMINATOR = 10**6


@dataclass(frozen=True, slots=True)
class Condition:
    """``excess`` > 0, or ≥ 0 where ``or_equal``. No tuple: numpy would take that for a row of two."""

    excess: sp.Expr
    or_equal: bool


class Choice(sp.Function):  # type: ignore[misc]  # sympy has no types
    """One of two expressions, by the sign of the first argument; the derivative is that of the one chosen.

    A fourth argument, a symbol, stands for that sign at the point of the trace: so a kink is met just where the
    trace meets it, whatever the rounding on the way there.
    """

    nargs = (3, 4)

    @classmethod
    def eval(cls, excess: sp.Expr, then: sp.Expr, otherwise: sp.Expr, *sign: sp.Expr) -> sp.Expr | None:
        return then if then == otherwise else None

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        excess, then, otherwise, *sign = self.args
        return self.func(excess, then.diff(symbol), otherwise.diff(symbol), *sign)


class IfPositive(Choice):
    """The second argument where the first is > 0, else the third."""


class IfNotNegative(Choice):
    """The second argument where the first is ≥ 0, else the third."""


def _where(condition: Condition, then: Any, otherwise: Any) -> sp.Expr:
    choice = IfNotNegative if condition.or_equal else IfPositive
    return choice(condition.excess, then, otherwise)


def _abs(x: sp.Expr) -> sp.Expr:
    """A choice, so that its derivative at 0 is 0; SymPy's own would ask whether x is real."""
    return _where(_greater(x, 0), x, _where(_greater(0, x), -x, sp.Integer(0)))


def _greater(a: Any, b: Any) -> Condition:
    return Condition(exact(a - b), False)


def _greater_equal(a: Any, b: Any) -> Condition:
    return Condition(exact(a - b), True)


def _elementwise(function: Any, arguments: int = 1) -> Any:
    return np.frompyfunc(function, arguments, 1)


namespace = SimpleNamespace(
    **{name: _elementwise(getattr(sp, name)) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "erf")},
    square=_elementwise(lambda x: x**2),
    power=_elementwise(lambda x, y: x**y, 2),
    where=_elementwise(_where, 3),
    greater=_elementwise(_greater, 2),
    greater_equal=_elementwise(_greater_equal, 2),
    less=_elementwise(lambda a, b: _greater(b, a), 2),
    less_equal=_elementwise(lambda a, b: _greater_equal(b, a), 2),
    abs=_elementwise(_abs),
    maximum=_elementwise(lambda a, b: _where(_greater_equal(a, b), a, b), 2),
    minimum=_elementwise(lambda a, b: _where(_greater_equal(b, a), a, b), 2),
    sum=np.sum,
    matmul=np.matmul,
)


def exact(expression: Any) -> sp.Expr:
    """``expression`` with its floats as whole numbers and fractions."""
    expression = sp.Float(expression) if isinstance(expression, float) else sp.Integer(0) + expression
    return expression.xreplace({number: rational(float(number)) for number in expression.atoms(sp.Float)})


def rational(number: float) -> sp.Rational:
    """The fraction that reads back to ``number``: a short one where there is one, else its exact value."""
    whole = Fraction(number)
    short = whole.limit_denominator(_MOST_DENOMINATOR)
    fraction = short if float(short) == number else whole
    return sp.Rational(fraction.numerator, fraction.denominator)


def object_array(entries: Any, shape: Shape) -> Array:
    """``entries`` as an object array of ``shape``; numpy must not look inside them."""
    array = np.empty(len(entries), dtype=object)
    for index, entry in enumerate(entries):
        array[index] = entry
    return array.reshape(shape)
