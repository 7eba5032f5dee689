"""The losses: each per example, then reduced over the batch.

A loss states its value for one example (the last axis of ``h``) and its slope ∂/∂h; the sum or the
mean over the batch, and both directions of the derivative, are the same for all of them.
A target has the shape of the prediction; class indices are one-hot by then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.primitives.base import Ingredient, Partial, Primitive, Reduction, Rule, SpecialCase, names_read
from adcli.primitives.numerics import (
    log_softmax_value,
    positive_part,
    sides_of_zero,
    sigmoid_value,
    softmax_value,
    sum_of_others,
)

RULES: dict[str, Callable[..., Primitive]] = {}
FIELDS: dict[str, Callable[..., PerExample]] = {}


class Target(NamedTuple):
    """What a loss takes as its target: entries that ``allowed`` admits (a mask), in ``words`` for an error;
    ``classes``: or one class index for each example."""

    allowed: Callable[[Array], Array]
    words: str
    classes: bool = False


NUMBERS = Target(lambda y: np.isfinite(y), "must hold finite numbers")
PROBABILITIES = Target(lambda y: y >= 0.0, "must hold probabilities, none below 0", classes=True)
FRACTIONS = Target(lambda y: (y >= 0.0) & (y <= 1.0), "must lie between 0 and 1")
SIGNS = Target(lambda y: np.isin(y, (-1.0, 1.0)), "must hold only −1 and 1")


class PerExample(NamedTuple):
    """A loss before its reduction: as ``Primitive``, but for one example, with ``slope`` of the shape of h.
    It names what it reads, h or y or both.

    ``slope_formula`` states the slope for readers, as text and in LaTeX, with ``⟦h⟧`` and ``⟦y⟧``, and ``⟦c⟧`` for
    the number of components; ``simpler`` is what it comes to in a special case, ``ingredient`` what it is made of.
    ``positive``: the fields that must be above 0.
    """

    value: Rule
    slope: Rule
    text: Callable[[str, str], str]
    latex: Callable[[str, str], str]
    stable: Rule | None = None
    kink: Rule | None = None
    slope_formula: tuple[str, str] | None = None
    simpler: SpecialCase | None = None
    ingredient: Ingredient | None = None
    target: Target = NUMBERS
    positive: tuple[str, ...] = ()


def loss(declare: Callable[..., PerExample]) -> Callable[..., PerExample]:
    """Enter a loss in the table, with its reduction over ``examples`` examples (0: a vector or a number)."""

    @cache
    def factory(examples: int = 0, reduction: str = "mean", rank: int = 1, **fields: float) -> Primitive:
        return _reduced(declare(**fields), examples, reduction, rank)

    RULES[declare.__name__] = factory
    FIELDS[declare.__name__] = declare
    return declare


def _reduced(one: PerExample, examples: int, reduction: str, rank: int) -> Primitive:
    """The loss of a batch, or of one example where ``examples`` is 0. ``rank`` counts the axes of h."""
    mean = examples > 1 and reduction == "mean"
    weight = 1.0 / examples if mean else 1.0
    axes = 2 if examples else rank

    def reduce(per_example: Any) -> Any:
        total = per_example if not examples else per_example.sum(axis=-1)
        return total / float(examples) if mean else total

    def value(xp: Any, h: Any, y: Any) -> Any:
        return reduce(one.value(xp, h, y) if rank else one.value(xp, h[..., None], y[..., None]))

    def stable(h: Array, y: Array) -> Array:
        computed: Any = one.stable
        reduced: Array = reduce(computed(h, y) if rank else computed(h[..., None], y[..., None]))
        return reduced

    def slope(*read: Array) -> Array:
        entries: Array = one.slope(*read) if rank else one.slope(*(r[..., None] for r in read))[..., 0]
        return entries * weight if mean else entries

    def rowwise_jvp(h_dot: Array, *read: Array) -> Array:
        per_entry = h_dot * slope(*read)
        return np.add.reduce(per_entry, axis=-1) if rank else per_entry

    def jvp(h_dot: Array, *read: Array) -> Array:
        rows = rowwise_jvp(h_dot, *read)
        return np.add.reduce(rows, axis=-1) if examples else rows

    def vjp(out_bar: Array, *read: Array) -> Array:
        return out_bar[(..., *(None,) * axes)] * slope(*read) if out_bar.ndim else out_bar * slope(*read)

    prefix = "" if not examples else "mean of " if reduction == "mean" else "sum of "
    symbol = {"": "", "m": rf"\frac{{1}}{{{examples}}}\sum_i ", "s": r"\sum_i "}[prefix[:1]]

    def averaged(formula: tuple[str, str]) -> tuple[str, str]:
        if not mean:
            return formula
        return f"1/{examples} · {formula[0]}", rf"\tfrac{{1}}{{{examples}}}\cdot {formula[1]}"

    each = Primitive(("h", "y"), one.value, {}, one.text, one.latex, one.stable)
    formula = averaged(one.slope_formula) if one.slope_formula else None
    simpler = SpecialCase(one.simpler.holds, averaged(one.simpler.formula)) if one.simpler else None
    reads = names_read(one.slope, skip=0)
    partial = Partial(
        jvp,
        vjp,
        reads,
        reads,
        rowwise_jvp=rowwise_jvp,
        slope=slope,
        formula=formula,
        simpler=simpler,
        ingredient=one.ingredient,
    )
    return Primitive(
        ("h", "y"),
        value,
        {"h": partial},
        text=lambda h, y: prefix + one.text(h, y),
        latex=lambda h, y: symbol + one.latex(h, y),
        stable=stable if one.stable else None,
        kink=one.kink,
        rowwise=False,
        reduction=Reduction(each, mean) if examples > 1 else None,
    )


def _total(x: Any) -> Any:
    """The sum over the components of each example."""
    return np.add.reduce(x, axis=-1)


@loss
def squared_error() -> PerExample:
    return PerExample(
        value=lambda xp, h, y: _total(xp.square(h - y)),
        slope=lambda h, y: 2.0 * (h - y),
        text=lambda h, y: f"Σ ({h} − {y})²",
        latex=lambda h, y: rf"\sum ({h} - {y})^2",
        slope_formula=("2 (⟦h⟧ - ⟦y⟧)", r"2\,(⟦h⟧ - ⟦y⟧)"),
    )


@loss
def half_squared_error() -> PerExample:
    return PerExample(
        value=lambda xp, h, y: _total((h - y) * (h - y)) / 2.0,
        slope=lambda h, y: h - y,
        text=lambda h, y: f"½ Σ ({h} − {y})²",
        latex=lambda h, y: rf"\tfrac12 \sum ({h} - {y})^2",
        slope_formula=("(⟦h⟧ - ⟦y⟧)", r"(⟦h⟧ - ⟦y⟧)"),
    )


@loss
def mean_squared_error() -> PerExample:
    return PerExample(
        value=lambda xp, h, y: _total((h - y) * (h - y)) / float(h.shape[-1]),
        slope=lambda h, y: 2.0 * (h - y) / h.shape[-1],
        slope_formula=("2/⟦c⟧ (⟦h⟧ - ⟦y⟧)", r"\tfrac{2}{⟦c⟧}\,(⟦h⟧ - ⟦y⟧)"),
        simpler=SpecialCase(lambda h, y: h.shape[-1:] in ((), (1,)), ("2 (⟦h⟧ - ⟦y⟧)", r"2\,(⟦h⟧ - ⟦y⟧)")),
        text=lambda h, y: f"mean of ({h} − {y})²",
        latex=lambda h, y: rf"\operatorname{{mean}} ({h} - {y})^2",
    )


@loss
def absolute_error() -> PerExample:
    return PerExample(
        value=lambda xp, h, y: _total(xp.abs(h - y)),
        slope=lambda h, y: np.sign(h - y),
        kink=lambda h, y: h == y,
        text=lambda h, y: f"Σ |{h} − {y}|",
        latex=lambda h, y: rf"\sum \lvert {h} - {y} \rvert",
        slope_formula=("sign(⟦h⟧ - ⟦y⟧)", r"\operatorname{sign}(⟦h⟧ - ⟦y⟧)"),
    )


@loss
def huber(delta: float = 1.0) -> PerExample:
    def value(xp: Any, h: Any, y: Any) -> Any:
        d = h - y
        inside, below = d * d / 2.0, xp.less(d, 0.0)
        outside = delta * (xp.where(below, -d, d) - delta / 2.0)
        return _total(xp.where(xp.less_equal(xp.where(below, -d, d), delta), inside, outside))

    return PerExample(
        positive=("delta",),
        value=value,
        slope=lambda h, y: np.clip(h - y, -delta, delta),
        text=lambda h, y: f"huber({h} − {y})",
        latex=lambda h, y: rf"\operatorname{{huber}}({h} - {y})",
        slope_formula=(f"clip(⟦h⟧ - ⟦y⟧, ±{delta:g})", rf"\operatorname{{clip}}(⟦h⟧ - ⟦y⟧, \pm {delta:g})"),
    )


def _weighted(y: Array, x: Array) -> Array:
    """y x, and 0 where y is 0, whatever x: 0 · log 0 = 0."""
    return np.where(y == 0.0, 0.0, y * x)


@loss
def cross_entropy() -> PerExample:
    """−Σ y log softmax(h): h are logits, y probabilities or one-hot. The slope, p Σy − y, is summed uncancelled."""

    def slope(h: Array, y: Array) -> Array:
        p = softmax_value(h)
        gradient: Array = p * sum_of_others(y) - y * sum_of_others(p)
        return gradient

    return PerExample(
        target=PROBABILITIES,
        value=lambda xp, h, y: -_total(y * (h - xp.log(xp.sum(xp.exp(h), axis=-1, keepdims=True)))),
        stable=lambda h, y: -_total(_weighted(y, log_softmax_value(h))),
        slope=slope,
        text=lambda h, y: f"−Σ {y} log softmax({h})",
        latex=lambda h, y: rf"-\sum {y} \log\operatorname{{softmax}}({h})",
        slope_formula=("(Σ⟦y⟧ · softmax(⟦h⟧) - ⟦y⟧)", r"(\textstyle\sum ⟦y⟧ \cdot \operatorname{softmax}(⟦h⟧) - ⟦y⟧)"),
        simpler=SpecialCase(
            lambda h, y: bool(np.allclose(y.sum(axis=-1), 1.0, rtol=0.0, atol=1e-12)),
            ("(softmax(⟦h⟧) - ⟦y⟧)", r"(\operatorname{softmax}(⟦h⟧) - ⟦y⟧)"),
        ),
        ingredient=Ingredient(lambda h, y: softmax_value(h), ("softmax(⟦h⟧)", r"\operatorname{softmax}(⟦h⟧)")),
    )


@loss
def negative_log_likelihood() -> PerExample:
    return PerExample(
        target=PROBABILITIES,
        value=lambda xp, h, y: -_total(y * h),
        stable=lambda h, y: -_total(_weighted(y, h)),
        slope=lambda y: -y,
        text=lambda h, y: f"−Σ {y} {h}",
        latex=lambda h, y: rf"-\sum {y}\,{h}",
        slope_formula=("(-⟦y⟧)", r"(-⟦y⟧)"),
    )


def _bernoulli_log(p: Array, y: Array) -> Array:
    """y log p + (1 − y) log(1 − p), and NaN where p is no probability."""
    terms = _weighted(y, np.log(p)) + _weighted(1.0 - y, np.log1p(-p))
    return np.where((p < 0.0) | (p > 1.0), np.nan, terms)


def _bernoulli_slope(h: Array, y: Array) -> Array:
    """(h − y) / (h (1 − h)); where y is 1 or 0 one factor cancels, so that no 0 / 0 is left. −0 counts as 0."""
    h = h + 0.0
    slope = np.where(y == 1.0, -1.0 / h, (h - y) / (h * (1.0 - h)))
    slope = np.where(y == 0.0, 1.0 / (1.0 - h), slope)
    return np.where((h < 0.0) | (h > 1.0), np.nan, slope)


@loss
def binary_cross_entropy() -> PerExample:
    return PerExample(
        target=FRACTIONS,
        value=lambda xp, h, y: -_total(y * xp.log(h) + (1.0 - y) * xp.log(1.0 - h)),
        stable=lambda h, y: -_total(_bernoulli_log(h, y)),
        slope=_bernoulli_slope,
        text=lambda h, y: f"−Σ {y} log {h} + (1 − {y}) log(1 − {h})",
        latex=lambda h, y: rf"-\sum {y} \log {h} + (1 - {y}) \log(1 - {h})",
        slope_formula=("(⟦h⟧ - ⟦y⟧) / (⟦h⟧ (1 - ⟦h⟧))", r"\frac{⟦h⟧ - ⟦y⟧}{⟦h⟧\,(1 - ⟦h⟧)}"),
    )


@loss
def binary_cross_entropy_with_logits() -> PerExample:
    """Every term of value and slope has one sign, so that nothing cancels for a confident, right answer."""
    return PerExample(
        target=FRACTIONS,
        value=lambda xp, h, y: _total(xp.log(1.0 + xp.exp(h)) - h * y),
        stable=lambda h, y: _total(np.abs(h) * np.where(h >= 0.0, 1.0 - y, y) + np.log1p(np.exp(-np.abs(h)))),
        slope=lambda h, y: (1.0 - y) * sigmoid_value(h) - y * sigmoid_value(-h),
        text=lambda h, y: f"−Σ {y} log σ({h}) + (1 − {y}) log σ(−{h})",
        latex=lambda h, y: rf"-\sum {y} \log \sigma({h}) + (1 - {y}) \log \sigma(-{h})",
        slope_formula=("(σ(⟦h⟧) - ⟦y⟧)", r"(\sigma(⟦h⟧) - ⟦y⟧)"),
    )


@loss
def hinge() -> PerExample:
    return PerExample(
        target=SIGNS,
        value=lambda xp, h, y: _total(xp.where(xp.greater(1.0 - y * h, 0.0), 1.0 - y * h, 0.0)),
        stable=lambda h, y: _total(positive_part(1.0 - y * h)),
        slope=lambda h, y: sides_of_zero(1.0 - y * h, -y, 0.0),
        kink=lambda h, y: y * h == 1.0,
        text=lambda h, y: f"Σ max(0, 1 − {y} {h})",
        latex=lambda h, y: rf"\sum \max(0, 1 - {y}\,{h})",
        slope_formula=("(-⟦y⟧ [⟦y⟧ ⟦h⟧ < 1])", r"(-⟦y⟧\,[⟦y⟧\,⟦h⟧ < 1])"),
    )
