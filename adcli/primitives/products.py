"""Matrix products: the linear layer, in both conventions, for one example and for a batch."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.primitives.base import OuterProduct, Partial, Primitive, Rule, no_multiplication


class _Rules(NamedTuple):
    """The maps of one convention: value, and JVP and VJP for x and W; the last for one example and for a batch."""

    value: Rule
    x_jvp: Rule
    x_vjp: Rule
    weight_jvp: Rule
    weight_vjp: Rule
    batch_weight_vjp: Rule


_COLUMN = _Rules(
    value=lambda x, W: x @ W.mT,
    x_jvp=lambda x_dot, W: x_dot @ W.mT,
    x_vjp=lambda out_bar, W: out_bar @ W,
    weight_jvp=lambda W_dot, x: x @ W_dot.mT,
    weight_vjp=lambda out_bar, x: out_bar[..., None] * x,
    batch_weight_vjp=lambda out_bar, x: out_bar.mT @ x,
)
_ROW = _Rules(
    value=lambda x, W: x @ W,
    x_jvp=lambda x_dot, W: x_dot @ W,
    x_vjp=lambda out_bar, W: out_bar @ W.mT,
    weight_jvp=lambda W_dot, x: x @ W_dot,
    weight_vjp=lambda out_bar, x: x[:, None] * out_bar[..., None, :],
    batch_weight_vjp=lambda out_bar, x: x.mT @ out_bar,
)


@cache
def linear(convention: str = "column", batched: bool = False, bias: bool = False) -> Primitive:
    """W x + b with W out × in (``column``), or x W + b with W in × out (``row``).

    ``x`` has shape (in,), or (n, in) where it is a batch: then every row is mapped.
    The weight Jacobian is I ⊗ xᵀ for each example.
    """
    row = convention == "row"
    rules = _ROW if row else _COLUMN
    weight_vjp = rules.batch_weight_vjp if batched else rules.weight_vjp
    partials = {
        "x": Partial(rules.x_jvp, rules.x_vjp, jvp_cost=_product, vjp_cost=_product),
        "W": Partial(
            rules.weight_jvp,
            weight_vjp,
            outer=OuterProduct("x", transposed=row),
            jvp_cost=_product,
            vjp_cost=_product,
        ),
    }
    free = {"jvp_cost": no_multiplication, "vjp_cost": no_multiplication}
    if bias and batched:
        partials["b"] = Partial(jvp=_repeat_rows, vjp=lambda out_bar: np.add.reduce(out_bar, axis=-2), **free)
    elif bias:
        partials["b"] = Partial(jvp=lambda b_dot: b_dot, vjp=lambda out_bar: out_bar, **free)

    def value(xp: Any, x: Any, W: Any, *b: Any) -> Any:
        product = rules.value(x, W)
        if not b:
            return product
        return product + (b[0][..., None, :] if batched else b[0])

    def formula(x: str, W: str, *b: str) -> str:
        return " + ".join((f"{x} {W}" if row else f"{W} {x}", *b))

    return Primitive(tuple(partials), value, partials, formula, formula, multiplications=_product)


def _product(out: Shape, x: Shape, *parameters: Shape) -> int:
    """p · q · r: a sum of ``in`` products for each entry of the output; the outer product of a VJP takes as many."""
    return math.prod(out) * x[-1]


def _repeat_rows(b_dot: Array, x: Array) -> Array:
    """The tangent of a bias reaches every row of the batch ``x``."""
    return np.repeat(b_dot[..., None, :], x.shape[-2], axis=-2)


RULES = {"linear": linear}
