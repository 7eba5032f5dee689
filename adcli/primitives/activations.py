"""The layers without parameters: elementwise activations, softmax and log-softmax.

Each is a factory; its parameters are the fields that a spec may set. To add one, write it here.
Where the textbook form loses digits or overflows, ``stable`` gives the form that is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from adcli.arrays import Array, Shape
from adcli.primitives.base import Partial, Primitive, elementwise
from adcli.primitives.numerics import (
    log_softmax_value,
    positive_part,
    sides_of_zero,
    sigmoid_value,
    softmax_value,
    sum_of_others,
)

RULES: dict[str, Callable[..., Primitive]] = {}


def activation(factory: Callable[..., Primitive]) -> Callable[..., Primitive]:
    """Enter ``factory`` in the table under its own name; equal fields share one primitive."""
    RULES[factory.__name__] = cache(factory)
    return factory


@activation
def relu() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.where(xp.greater(x, 0.0), x, 0.0),
        stable=positive_part,
        slope=lambda x: sides_of_zero(x, 1.0, 0.0),
        kink=lambda x: x == 0.0,
        text=lambda x: f"relu({x})",
        latex=lambda x: rf"\operatorname{{relu}}({x})",
        slope_formula=("[⟦x⟧ > 0]", r"[⟦x⟧ > 0]"),
    )


@activation
def leaky_relu(slope: float = 0.01) -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.where(xp.greater(x, 0.0), x, slope * x),
        slope=lambda x: sides_of_zero(x, 1.0, slope),
        kink=None if slope == 1.0 else lambda x: x == 0.0,
        text=lambda x: f"leaky_relu({x})",
        latex=lambda x: rf"\operatorname{{leaky\_relu}}({x})",
        slope_formula=(f"[⟦x⟧ > 0] + {slope:g} [⟦x⟧ ≤ 0]", rf"[⟦x⟧ > 0] + {slope:g}\,[⟦x⟧ \le 0]"),
    )


@activation
def elu(alpha: float = 1.0) -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.where(xp.greater_equal(x, 0.0), x, alpha * (xp.exp(x) - 1.0)),
        stable=lambda x: np.where(x >= 0.0, x, alpha * np.expm1(np.minimum(x, 0.0))),
        slope=lambda x: np.where(x >= 0.0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),
        kink=None if alpha == 1.0 else lambda x: x == 0.0,
        text=lambda x: f"elu({x})",
        latex=lambda x: rf"\operatorname{{elu}}({x})",
        slope_formula=(f"[⟦x⟧ ≥ 0] + {alpha:g} exp(⟦x⟧) [⟦x⟧ < 0]", rf"[⟦x⟧ \ge 0] + {alpha:g}\,e^{{⟦x⟧}}\,[⟦x⟧ < 0]"),
    )


_erfc = np.frompyfunc(math.erfc, 1, 1)
_ROOT_HALF = math.sqrt(0.5)


def _normal_cdf(x: Array) -> Array:
    """Φ(x) = erfc(−x / √2) / 2, which keeps its digits in the lower tail."""
    return 0.5 * np.asarray(_erfc(-_ROOT_HALF * x), dtype=np.float64)


@activation
def gelu() -> Primitive:
    """The exact form, x Φ(x) (Hendrycks & Gimpel 2016)."""
    return elementwise(
        value=lambda xp, x: x * (1.0 + xp.erf(x / xp.sqrt(2))) / 2.0,
        stable=lambda x: x * _normal_cdf(x),
        slope=lambda x: _normal_cdf(x) + x * np.exp(-0.5 * np.square(x)) / math.sqrt(2.0 * math.pi),
        text=lambda x: f"gelu({x})",
        latex=lambda x: rf"\operatorname{{gelu}}({x})",
        slope_formula=("Φ(⟦x⟧) + ⟦x⟧ φ(⟦x⟧)", r"\Phi(⟦x⟧) + ⟦x⟧\,\varphi(⟦x⟧)"),
    )


def _sigmoid_slope(x: Array) -> Array:
    """σ(x) σ(−x)."""
    e = np.exp(-np.abs(x))
    return e / np.square(1.0 + e)


def _where_saturated(saturated: Array, exact: Callable[[Array], Array], x: Array, slope: Array) -> Array:
    """``slope``, a new array, with ``exact(x)`` written into it where it has lost its digits."""
    places = np.flatnonzero(saturated)
    if places.size:
        slope = np.asarray(slope)
        slope.put(places, exact(np.take(x, places)))
    return slope


@activation
def silu() -> Primitive:
    return elementwise(
        value=lambda xp, x: x / (1.0 + xp.exp(-x)),
        stable=lambda x: x * sigmoid_value(x),
        slope=lambda x: sigmoid_value(x) * (1.0 + x * sigmoid_value(-x)),
        text=lambda x: f"silu({x})",
        latex=lambda x: rf"\operatorname{{silu}}({x})",
        slope_formula=("σ(⟦x⟧) (1 + ⟦x⟧ σ(-⟦x⟧))", r"\sigma(⟦x⟧)\,(1 + ⟦x⟧\,\sigma(-⟦x⟧))"),
    )


@activation
def sigmoid() -> Primitive:
    return elementwise(
        value=lambda xp, x: 1.0 / (1.0 + xp.exp(-x)),
        stable=sigmoid_value,
        slope=lambda x, out: _where_saturated(out > 0.9, _sigmoid_slope, x, out * (1.0 - out)),
        text=lambda x: f"sigmoid({x})",
        latex=lambda x: rf"\sigma({x})",
        slope_formula=("⟦out⟧ (1 - ⟦out⟧)", r"⟦out⟧\,(1 - ⟦out⟧)"),
    )


def _sech_squared(x: Array) -> Array:
    """1 / cosh² x = 4 e / (1 + e)² with e = exp(−2|x|)."""
    e = np.exp(-2.0 * np.abs(x))
    return 4.0 * e / np.square(1.0 + e)


def _tanh_slope(x: Array, out: Array) -> Array:
    """1 − out², and from x where abs(out) > 0.9, so where that difference is below 0.19."""
    slope = 1.0 + -(out * out)  # 1 - out², where numpy writes both times into the memory of out * out
    return _where_saturated(slope < 0.19, _sech_squared, x, slope)


@activation
def tanh() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.tanh(x),
        slope=_tanh_slope,
        text=lambda x: f"tanh({x})",
        latex=lambda x: rf"\tanh({x})",
        slope_formula=("1 - ⟦out⟧²", r"1 - ⟦out⟧^2"),
    )


@activation
def softplus() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.log(1.0 + xp.exp(x)),
        stable=lambda x: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))),
        slope=lambda x: sigmoid_value(x),
        text=lambda x: f"softplus({x})",
        latex=lambda x: rf"\operatorname{{softplus}}({x})",
        slope_formula=("σ(⟦x⟧)", r"\sigma(⟦x⟧)"),
    )


@activation
def identity() -> Primitive:
    return elementwise(
        value=lambda xp, x: x,
        slope=lambda: 1.0,
        text=lambda x: x,
        latex=lambda x: x,
        slope_formula=("1", r"1"),
    )


@activation
def square() -> Primitive:
    return elementwise(
        value=lambda xp, x: x * x,
        slope=lambda x: 2.0 * x,
        text=lambda x: f"{x}²",
        latex=lambda x: f"{x}^2",
        slope_formula=("2 ⟦x⟧", r"2\,⟦x⟧"),
    )


@activation
def exp() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.exp(x),
        slope=lambda out: out,
        text=lambda x: f"exp({x})",
        latex=lambda x: rf"\exp({x})",
        slope_formula=("⟦out⟧", r"⟦out⟧"),
    )


@activation
def log() -> Primitive:
    """The natural logarithm. Below 0 value and slope are both NaN; at −0 the slope is +∞, as at 0."""
    return elementwise(
        value=lambda xp, x: xp.log(x),
        slope=lambda x: np.where(x < 0.0, math.nan, 1.0 / (x + 0.0)),
        text=lambda x: f"log({x})",
        latex=lambda x: rf"\log({x})",
        slope_formula=("1 / ⟦x⟧", r"\frac{1}{⟦x⟧}"),
    )


@activation
def sqrt() -> Primitive:
    """The square root. At 0 and −0 the slope is +∞."""
    return elementwise(
        value=lambda xp, x: xp.sqrt(x),
        slope=lambda out: 0.5 / np.abs(out),
        text=lambda x: f"sqrt({x})",
        latex=lambda x: rf"\sqrt{{{x}}}",
        slope_formula=("1 / (2 ⟦out⟧)", r"\frac{1}{2\,⟦out⟧}"),
    )


@activation
def sin() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.sin(x),
        slope=lambda x: np.cos(x),
        text=lambda x: f"sin({x})",
        latex=lambda x: rf"\sin({x})",
        slope_formula=("cos(⟦x⟧)", r"\cos(⟦x⟧)"),
    )


@activation
def cos() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.cos(x),
        slope=lambda x: -np.sin(x),
        text=lambda x: f"cos({x})",
        latex=lambda x: rf"\cos({x})",
        slope_formula=("-sin(⟦x⟧)", r"-\sin(⟦x⟧)"),
    )


@activation
def tan() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.tan(x),
        slope=lambda out: 1.0 + out * out,
        text=lambda x: f"tan({x})",
        latex=lambda x: rf"\tan({x})",
    )


@activation
def abs() -> Primitive:
    return elementwise(
        value=lambda xp, x: xp.abs(x),
        slope=lambda x: np.sign(x),
        kink=lambda x: x == 0.0,
        text=lambda x: f"|{x}|",
        latex=lambda x: rf"\lvert {x} \rvert",
        slope_formula=("sign(⟦x⟧)", r"\operatorname{sign}(⟦x⟧)"),
    )


def _two_an_entry(out: Shape, x: Shape) -> int:
    return 2 * math.prod(x)


def _three_an_entry(out: Shape, x: Shape) -> int:
    return 3 * math.prod(x)


_SOFTMAX_PULLBACK = (
    "⟦out⟧ ∘ (⟦bar⟧ − Σ_columns ⟦out⟧ ∘ ⟦bar⟧)",
    r"⟦out⟧ \circ (⟦bar⟧ - \textstyle\sum_{\mathrm{columns}} ⟦out⟧ \circ ⟦bar⟧)",
)
_SOFTMAX_JACOBIAN = "diag(⟦out⟧) − ⟦out⟧ ⟦outᵀ⟧", r"\operatorname{diag}(⟦out⟧) - ⟦out⟧ \, ⟦outᵀ⟧"
_LOG_SOFTMAX_JACOBIAN = "I − 1 exp(⟦outᵀ⟧)", r"\mathbf{I} - \mathbf{1} \exp(⟦outᵀ⟧)"
_LOG_SOFTMAX_PULLBACK = (
    "⟦bar⟧ − exp(⟦out⟧) ∘ Σ_columns ⟦bar⟧",
    r"⟦bar⟧ - e^{⟦out⟧} \circ \textstyle\sum_{\mathrm{columns}} ⟦bar⟧",
)


def _textbook_softmax(xp: Any, x: Any) -> Any:
    e = xp.exp(x)
    return e / xp.sum(e, axis=-1, keepdims=True)


@activation
def softmax() -> Primitive:
    """J = diag(p) − p pᵀ, symmetric: row i is p_i Σ_{j≠i} p_j (v_i − v_j)."""

    def product(direction: Array, out: Array) -> Array:
        image: Array = out * (direction * sum_of_others(out) - sum_of_others(direction * out))
        return image

    return Primitive(
        ("x",),
        value=_textbook_softmax,
        stable=softmax_value,
        partials={
            "x": Partial(
                product,
                product,
                pullback=_SOFTMAX_PULLBACK,
                jacobian=_SOFTMAX_JACOBIAN,
                jvp_cost=_three_an_entry,
                vjp_cost=_three_an_entry,
            )
        },
        text=lambda x: f"softmax({x})",
        latex=lambda x: rf"\operatorname{{softmax}}({x})",
    )


@activation
def log_softmax() -> Primitive:
    """J = I − 1 pᵀ with p = softmax(x) = exp(out)."""

    def jvp(x_dot: Array, out: Array) -> Array:
        p = np.exp(out)
        return x_dot * sum_of_others(p) - sum_of_others(x_dot * p)

    def vjp(out_bar: Array, out: Array) -> Array:
        p = np.exp(out)
        x_bar: Array = out_bar * sum_of_others(p) - p * sum_of_others(out_bar)
        return x_bar

    return Primitive(
        ("x",),
        value=lambda xp, x: x - xp.log(xp.sum(xp.exp(x), axis=-1, keepdims=True)),
        stable=log_softmax_value,
        partials={
            "x": Partial(
                jvp,
                vjp,
                pullback=_LOG_SOFTMAX_PULLBACK,
                jacobian=_LOG_SOFTMAX_JACOBIAN,
                jvp_cost=_two_an_entry,
                vjp_cost=_two_an_entry,
            )
        },
        text=lambda x: f"log_softmax({x})",
        latex=lambda x: rf"\log\operatorname{{softmax}}({x})",
    )
