"""Numbers in place of symbols, in as many digits as it takes: float64 would lose them where a formula cancels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from mpmath import mp, mpf

from adcli.engines.symbols import IfNotNegative, IfPositive

FIRST_PRECISION = 106
LAST_PRECISION = 3400  # exp(−1074), the least float64, beside 1
_AGREE = 2.0**-58
_NAN = mpf("nan")
_INFINITY = mpf("inf")
_MOST_BITS = 4096  # of the whole part of what exp, sin or tanh is taken of: more would take all memory

Known = dict[Any, Any]
_CANCELLED = "cancelled"  # the key under which it is noted that the terms of a sum left nothing


def numbers(formulas: Sequence[sp.Expr], values: Mapping[sp.Symbol, float]) -> list[float]:
    """The value of each formula; what several have in common is evaluated once.

    The precision is doubled until two results agree to more digits than a float64 has, and nothing cancels wholly.
    """
    if all(formula.is_Symbol for formula in formulas):
        return [values[formula] for formula in formulas]
    precision = FIRST_PRECISION
    before, _ = _at(precision, formulas, values)
    while precision < LAST_PRECISION:
        precision *= 2
        after, cancelled = _at(precision, formulas, values)
        if not cancelled and all(map(_agree, before, after)):
            break
        before = after
    return [float(number) for number in after]


def _agree(a: Any, b: Any) -> bool:
    return not mp.isfinite(b) or abs(a - b) <= _AGREE * abs(b)


def _at(precision: int, formulas: Sequence[sp.Expr], values: Mapping[sp.Symbol, float]) -> tuple[list[Any], bool]:
    """The values, and whether a sum came out as 0 though its terms are not: with more digits it may not."""
    with mp.workprec(precision):
        known: Known = {symbol: mpf(value) for symbol, value in values.items()}
        return [_number(formula, known) for formula in formulas], _CANCELLED in known


def _number(formula: sp.Expr, known: Known) -> Any:
    found = known.get(formula)
    if found is None:
        if formula.is_Rational:
            found = mpf(formula.p) / formula.q
        else:
            rule = _RULES.get(formula.func)
            found = rule(formula, known) if rule else _constant(formula)
        known[formula] = found
    return found


def _constant(formula: sp.Expr) -> Any:
    if formula is sp.S.Infinity or formula is sp.S.NegativeInfinity:
        return _INFINITY if formula is sp.S.Infinity else -_INFINITY
    return {sp.pi: +mp.pi, sp.E: +mp.e}.get(formula, _NAN)


def _sum(formula: sp.Expr, known: Known) -> Any:
    terms = [_number(term, known) for term in formula.args]
    total = sum(terms, mpf(0))
    if total == 0 and any(terms):
        known[_CANCELLED] = True
    return total


def _product(formula: sp.Expr, known: Known) -> Any:
    total = mpf(1)
    for factor in formula.args:
        total *= _number(factor, known)
    return total


def _power(formula: sp.Expr, known: Known) -> Any:
    base, exponent = formula.args
    b, e = _number(base, known), _number(exponent, known)
    if mp.isnan(b) or mp.isnan(e):
        return _NAN
    if b == 0 and e != 0:
        return mpf(0) if e > 0 else _INFINITY
    if e == mp.floor(e) and abs(e) <= 1000:
        return b ** int(e)
    if b < 0:
        even = mp.isfinite(e) and e == 2 * mp.floor(e / 2)
        return (_exp(e * mp.log(-b)) * (1 if even else -1)) if e == mp.floor(e) else _NAN
    return mp.sqrt(b) if e == 0.5 else _exp(e * mp.log(b))


def _exp(x: Any) -> Any:
    if mp.isnan(x) or mp.mag(x) < _MOST_BITS:
        return mp.exp(x)
    return _INFINITY if x > 0 else mpf(0)


def _log(x: Any) -> Any:
    return mp.log(x) if x >= 0 else _NAN


def _of_angle(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x) if mp.isfinite(x) and mp.mag(x) < _MOST_BITS else _NAN


def _function(function: Callable[[Any], Any]) -> Callable[[sp.Expr, Known], Any]:
    return lambda formula, known: function(_number(formula.args[0], known))


def _choice(formula: sp.Expr, known: Known) -> Any:
    """Only the expression chosen is looked at."""
    excess, then, otherwise, *sign = formula.args
    difference = _number(sign[0] if sign else excess, known)
    if mp.isnan(difference):
        return _NAN
    chosen = difference > 0 or (difference == 0 and formula.func is IfNotNegative)
    return _number(then if chosen else otherwise, known)


_RULES: dict[Any, Callable[[sp.Expr, Known], Any]] = {
    sp.Add: _sum,
    sp.Mul: _product,
    sp.Pow: _power,
    sp.exp: _function(_exp),
    sp.log: _function(_log),
    sp.sin: _function(_of_angle(mp.sin)),
    sp.cos: _function(_of_angle(mp.cos)),
    sp.tan: _function(_of_angle(mp.tan)),
    sp.tanh: _function(lambda x: mp.tanh(x) if mp.mag(x) < _MOST_BITS else mp.sign(x)),
    sp.erf: _function(lambda x: mp.erf(x) if abs(x) < math.inf and mp.mag(x) < 30 else mp.sign(x)),
    sp.Abs: _function(abs),
    IfPositive: _choice,
    IfNotNegative: _choice,
}
