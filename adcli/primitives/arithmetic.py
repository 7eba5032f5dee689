"""Arithmetic entry by entry, with numpy's broadcasting: + − × ÷, powers, and the constant.

``shapes`` are those of the operands; without them all operands are numbers. An operand that is
repeated to fit the others has a derivative that is summed over its copies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import add as plus
from operator import mul
from typing import Any

import numpy as np

from adcli.arrays import Array, Shape
from adcli.primitives.base import (
    SUM_OF_ALL,
    SUM_OF_COLUMNS,
    SUM_OF_ROWS,
    Partial,
    Primitive,
    Rule,
    Spread,
    additive,
    elementwise,
    names_read,
)

Shapes = tuple[Shape, ...] | None


def in_brackets(operand: str) -> str:
    """A negative number in brackets, so that its minus is no operator."""
    return f"({operand})" if operand.startswith("-") else operand


def spread_over(shape: Shape, out: Shape) -> Spread | None:
    """How values of ``shape`` are repeated to fit ``out``, and how cotangents are summed back; None where they fit.

    Both take one leading axis of directions, or none.
    """
    if shape == out:
        return None
    padded = (1,) * (len(out) - len(shape)) + shape
    repeated = tuple(axis - len(out) for axis in range(len(out)) if padded[axis] != out[axis])

    def repeat(x: Array) -> Array:
        lead = x.shape[: x.ndim - len(shape)]
        return np.broadcast_to(x.reshape(lead + padded), lead + out)

    def add_up(x: Array) -> Array:
        lead = x.shape[: x.ndim - len(out)]
        total: Array = np.add.reduce(x, axis=repeated).reshape(lead + shape)
        return total

    one_axis: dict[tuple[int, ...], tuple[str, str]] = {(-2,): SUM_OF_ROWS, (-1,): SUM_OF_COLUMNS}
    return Spread(repeat, add_up, one_axis.get(repeated, SUM_OF_ALL) if len(out) == 2 else SUM_OF_ALL)


def _aligned(value: Rule, shapes: Shapes) -> Rule:
    """``value`` for operands that may carry a leading axis of perturbations: it stays the first one of the result."""
    if shapes is None or len(set(map(len, shapes))) == 1:
        return value
    rank = max(map(len, shapes))

    def aligned(xp: Any, *operands: Any) -> Any:
        lifted = []
        for operand, shape in zip(operands, shapes, strict=True):
            missing = rank - len(shape)
            leads = missing and np.ndim(operand) > len(shape)
            lifted.append(operand[(slice(None), *(None,) * missing)] if leads else operand)
        return value(xp, *lifted)

    return aligned


def _passing(sign: int, spread: Spread | None) -> Partial:
    """The derivative 1 or −1."""
    minus = "" if sign > 0 else "-"
    total = spread.sum if spread else ("", "")
    pullback = f"{minus}{total[0]}⟦bar⟧", f"{minus}{total[1]}⟦bar⟧"
    if spread is None:
        if sign > 0:
            return additive(lambda a_dot: a_dot, lambda out_bar: out_bar, pullback)
        return additive(lambda a_dot: -a_dot, lambda out_bar: -out_bar, pullback)
    if sign > 0:
        return additive(lambda a_dot: spread.repeat(a_dot), lambda out_bar: spread.add_up(out_bar), pullback)
    return additive(lambda a_dot: -spread.repeat(a_dot), lambda out_bar: -spread.add_up(out_bar), pullback)


def _scaling(
    slope: Rule, reads: tuple[str, ...], spread: Spread | None, formula: tuple[str, str] | None = None
) -> Partial:
    """The derivative ``slope``, entry by entry."""

    def scale(direction: Array, *read: Array) -> Array:
        scaled: Array = direction * slope(*read)
        return scaled

    if spread is None:
        return Partial(scale, scale, reads, reads, slope=slope, formula=formula)
    return Partial(
        lambda a_dot, *read: spread.repeat(a_dot) * slope(*read),
        lambda out_bar, *read: spread.add_up(out_bar * slope(*read)),
        reads,
        reads,
        slope=slope,
        spread=spread,
        formula=formula,
    )


def _spreads(shapes: Shapes, count: int) -> list[Spread | None]:
    if shapes is None:
        return [None] * count
    out = np.broadcast_shapes(*shapes)
    return [spread_over(shape, out) for shape in shapes]


def _entrywise(
    value: Rule,
    slopes: Mapping[str, Rule],
    formulas: Mapping[str, tuple[str, str]],
    shapes: Shapes,
    text: Callable[..., str],
    latex: Callable[..., str],
) -> Primitive:
    """A primitive of several operands that acts entry by entry; each slope names what it reads, and has a formula."""
    spreads = _spreads(shapes, len(slopes))
    partials = {
        name: _scaling(slope, names_read(slope, skip=0), spread, formulas[name])
        for (name, slope), spread in zip(slopes.items(), spreads, strict=True)
    }
    return Primitive(tuple(slopes), _aligned(value, shapes), partials, text, latex, stackable=True)


def _joined(sign: str) -> Callable[..., str]:
    return lambda first, *rest: sign.join((first, *map(in_brackets, rest)))


@cache
def add(shapes: Shapes = None, operands: int = 2) -> Primitive:
    """The sum of two or more operands."""
    names = [f"a{i}" for i in range(1, operands + 1)]
    partials = {name: _passing(1, spread) for name, spread in zip(names, _spreads(shapes, operands), strict=True)}
    value: Rule = (lambda xp, a, b: a + b) if operands == 2 else (lambda xp, *a: reduce(plus, a))
    return Primitive(tuple(names), _aligned(value, shapes), partials, _joined(" + "), _joined(" + "), stackable=True)


@cache
def subtract(shapes: Shapes = None) -> Primitive:
    spreads = _spreads(shapes, 2)
    partials = {"a": _passing(1, spreads[0]), "b": _passing(-1, spreads[1])}
    value = _aligned(lambda xp, a, b: a - b, shapes)
    return Primitive(("a", "b"), value, partials, _joined(" - "), _joined(" - "), stackable=True)


@cache
def multiply(shapes: Shapes = None, operands: int = 2) -> Primitive:
    """The product of two or more operands, entry by entry. The slope for one is the product of the others."""
    names = tuple(f"a{i}" for i in range(1, operands + 1))
    slope: Rule = (lambda other: other) if operands == 2 else (lambda *others: reduce(mul, others))
    partials = {}
    for name, spread in zip(names, _spreads(shapes, operands), strict=True):
        others = tuple(other for other in names if other != name)
        marks = [f"⟦{other}⟧" for other in others]
        partials[name] = _scaling(slope, others, spread, (" · ".join(marks), r" \cdot ".join(marks)))
    value: Rule = (lambda xp, a, b: a * b) if operands == 2 else (lambda xp, *a: reduce(mul, a))
    sign = r" \cdot " if shapes is None else r" \odot "
    return Primitive(names, _aligned(value, shapes), partials, _joined(" * "), _joined(sign), stackable=True)


@cache
def divide(shapes: Shapes = None) -> Primitive:
    """a / b. The slope for b is −out / b: unlike −a / b², its parts don't overflow where it doesn't."""
    return _entrywise(
        value=lambda xp, a, b: a / b,
        slopes={"a": lambda b: 1.0 / b, "b": lambda b, out: -out / b},
        formulas={"a": ("1 / ⟦b⟧", r"\frac{1}{⟦b⟧}"), "b": ("-⟦out⟧ / ⟦b⟧", r"-\frac{⟦out⟧}{⟦b⟧}")},
        shapes=shapes,
        text=_joined(" / "),
        latex=lambda a, b: rf"\frac{{{a}}}{{{b}}}",
    )


def _slope_for_base(a: Array, b: Array) -> Array:
    """b a^(b−1), and 0 where b = 0."""
    if isinstance(b, float):
        return b * a ** (b - 1.0) if b else np.zeros(np.shape(a))
    return np.where(b == 0.0, 0.0, b * a ** (b - 1.0))


def _slope_for_exponent(a: Array, b: Array, out: Array) -> Array:
    """a^b log a where a > 0; 0 where a = 0 < b; otherwise undefined."""
    at_edge = np.where((a == 0.0) & (b > 0.0), 0.0, math.nan)
    return np.where(a > 0.0, out * np.log(a), at_edge)


@cache
def power(shapes: Shapes = None) -> Primitive:
    return _entrywise(
        value=lambda xp, a, b: a**b,
        slopes={"a": _slope_for_base, "b": _slope_for_exponent},
        formulas={
            "a": ("⟦b⟧ · ⟦a⟧ ** (⟦b⟧ - 1)", r"⟦b⟧ \cdot ⟦a⟧^{⟦b⟧ - 1}"),
            "b": ("⟦out⟧ · log(⟦a⟧)", r"⟦out⟧ \cdot \log(⟦a⟧)"),
        },
        shapes=shapes,
        text=lambda a, b: f"{in_brackets(a)} ** {in_brackets(b)}",
        latex=lambda a, b: f"{in_brackets(a)}^{{{b}}}",
    )


@cache
def negate() -> Primitive:
    return elementwise(
        value=lambda xp, x: -x,
        slope=lambda: -1.0,
        text=lambda x: f"-{in_brackets(x)}",
        latex=lambda x: f"-{in_brackets(x)}",
    )


@cache
def constant() -> Primitive:
    """A number that stands alone. Nothing flows into it."""
    return Primitive(("x",), lambda xp, x: x, {}, text=lambda x: x, latex=lambda x: x)


RULES: dict[str, Callable[..., Primitive]] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "power": power,
    "negate": negate,
    "constant": constant,
}


def needs(operands: Sequence[Shape], many: bool = False) -> dict[str, Any]:
    """The settings of an operation on operands of these shapes; ``many``: they may be more than two."""
    settings: dict[str, Any] = {"shapes": tuple(operands)} if any(operands) else {}
    return {**settings, "operands": len(operands)} if many and len(operands) > 2 else settings
