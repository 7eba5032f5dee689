"""Matrix products: the linear layer, in both conventions, for one example and for a batch; matmul and dot."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.primitives.base import SUM_OF_ROWS, UNCHANGED, OuterProduct, Partial, Primitive, Rule, additive


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
        "x": Partial(
            rules.x_jvp,
            rules.x_vjp,
            pullback=_juxtaposed("bar", "Wᵀ" if row else "W"),
            jvp_cost=_multiplications,
            vjp_cost=_multiplications,
        ),
        "W": Partial(
            rules.weight_jvp,
            weight_vjp,
            outer=OuterProduct("x", transposed=row),
            pullback=_juxtaposed(*(("xᵀ", "bar") if row else ("barᵀ", "x" if batched else "xᵀ"))),
            jvp_cost=_multiplications,
            vjp_cost=_multiplications,
        ),
    }
    if bias and batched:
        partials["b"] = additive(jvp=_repeat_rows, vjp=_add_rows, pullback=_SUM_OF_EXAMPLES)
    elif bias:
        partials["b"] = additive(jvp=lambda b_dot: b_dot, vjp=lambda out_bar: out_bar, pullback=UNCHANGED)

    def value(xp: Any, x: Any, W: Any, *b: Any) -> Any:
        product = rules.value(x, W)
        if not b:
            return product
        return product + (b[0][..., None, :] if batched else b[0])

    def formula(x: str, W: str, *b: str) -> str:
        return " + ".join((f"{x} {W}" if row else f"{W} {x}", *b))

    return Primitive(tuple(partials), value, partials, formula, formula, multiplications=_multiplications)


def _multiplications(out: Shape, x: Shape, *others: Shape) -> int:
    """p · q · r: a sum of ``in`` products for each entry of the output; the outer product of a VJP takes as many."""
    return math.prod(out) * x[-1]


_SUM_OF_EXAMPLES = SUM_OF_ROWS[0] + "⟦bar⟧", SUM_OF_ROWS[1] + "⟦bar⟧"


def _juxtaposed(left: str, right: str) -> tuple[str, str]:
    """A product of two matrices for readers."""
    return f"⟦{left}⟧ ⟦{right}⟧", rf"⟦{left}⟧\,⟦{right}⟧"


def _add_rows(out_bar: Array) -> Array:
    """The cotangent of a bias is the sum over the examples."""
    total: Array = np.add.reduce(out_bar, axis=-2)
    return total


def _repeat_rows(b_dot: Array, x: Array) -> Array:
    """The tangent of a bias reaches every row of the batch ``x``."""
    return np.repeat(b_dot[..., None, :], x.shape[-2], axis=-2)


def _as_matrix(x: Any, rank: int, *, row: bool) -> Any:
    """A vector as a matrix of one row or one column; leading axes stay."""
    if rank == 2:
        return x
    return x[..., None, :] if row else x[..., None]


@cache
def matmul(left: int = 1, right: int = 1) -> Primitive:
    """a b for vectors and matrices of the ranks ``left`` and ``right``, as in numpy; two vectors give a number.

    Where one is a vector, the Jacobian of the matrix is an outer product, as a weight's.
    """
    return _product(
        left, right, lambda a, b: f"{a} @ {b}", lambda a, b: f"{a} {b}" if left + right > 2 else f"{a}^\\top {b}"
    )


@cache
def dot() -> Primitive:
    """aᵀ b for two vectors."""
    return _product(1, 1, lambda a, b: f"dot({a}, {b})", lambda a, b: f"{a}^\\top {b}")


def _product(left: int, right: int, text: Callable[[str, str], str], latex: Callable[[str, str], str]) -> Primitive:
    def inner(c: Any) -> Any:
        """The result without the axes that vectors were given to be matrices."""
        c = c[..., 0] if right == 1 else c
        return (c[..., 0] if right == 1 else c[..., 0, :]) if left == 1 else c

    def outer(c: Any) -> Any:
        """A cotangent with these axes."""
        c = (c[..., None] if right == 1 else c[..., None, :]) if left == 1 else c
        return c[..., None] if right == 1 else c

    def product(a: Any, b: Any) -> Any:
        return inner(_as_matrix(a, left, row=True) @ _as_matrix(b, right, row=False))

    def a_vjp(out_bar: Array, b: Array) -> Array:
        a_bar: Array = outer(out_bar) @ _as_matrix(b, right, row=False).mT
        return a_bar[..., 0, :] if left == 1 else a_bar

    def b_vjp(out_bar: Array, a: Array) -> Array:
        b_bar: Array = _as_matrix(a, left, row=True).mT @ outer(out_bar)
        return b_bar[..., 0] if right == 1 else b_bar

    a_outer = OuterProduct("b", transposed=False) if (left, right) == (2, 1) else None
    b_outer = OuterProduct("a", transposed=True) if (left, right) == (1, 2) else None
    b_pulled = {(2, 2): ("aᵀ", "bar"), (2, 1): ("bar", "a"), (1, 2): ("a", "bar"), (1, 1): ("bar", "aᵀ")}
    partials = {
        "a": Partial(
            lambda a_dot, b: product(a_dot, b),
            a_vjp,
            outer=a_outer,
            pullback=_juxtaposed("barᵀ" if (left, right) == (2, 1) else "bar", "bᵀ"),
            jvp_cost=_multiplications,
            vjp_cost=_multiplications,
        ),
        "b": Partial(
            lambda b_dot, a: product(a, b_dot),
            b_vjp,
            outer=b_outer,
            pullback=_juxtaposed(*b_pulled[left, right]),
            jvp_cost=_multiplications,
            vjp_cost=_multiplications,
        ),
    }
    return Primitive(
        ("a", "b"),
        lambda xp, a, b: product(a, b),
        partials,
        text,
        latex,
        rowwise=False,
        stackable=True,
        multiplications=_multiplications,
    )


RULES: dict[str, Callable[..., Primitive]] = {"linear": linear, "matmul": matmul, "dot": dot}
