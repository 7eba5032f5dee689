"""Sums and means over all entries of a value; ``of`` is its shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from adcli.arrays import Array, Shape
from adcli.primitives.base import Partial, Primitive, additive


@cache
def total(of: Shape = ()) -> Primitive:
    """Σ x. Its Jacobian is a row of ones."""
    return _reduction(of, 1, "sum", r"\sum ")


@cache
def mean(of: Shape = ()) -> Primitive:
    """Σ x / n. Every entry of its Jacobian is 1 / n."""
    return _reduction(of, math.prod(of), "mean", r"\operatorname{mean} ")


def _reduction(shape: Shape, divisor: int, name: str, symbol: str) -> Primitive:
    axes = tuple(range(-len(shape), 0))

    def reduced(x: Any) -> Any:
        return x / float(divisor) if divisor > 1 else x

    def value(xp: Any, x: Any) -> Any:
        return reduced(xp.sum(x, axis=axes) if axes else x)

    def jvp(x_dot: Array) -> Array:
        total: Array = reduced(np.add.reduce(x_dot, axis=axes) if axes else x_dot)
        return total

    def vjp(out_bar: Array) -> Array:
        each = reduced(out_bar)
        return np.broadcast_to(each[(..., *(None,) * len(shape))], np.shape(each) + shape) if axes else each

    return Primitive(
        ("x",),
        value,
        {"x": Partial(jvp, vjp) if divisor > 1 else additive(jvp, vjp)},
        text=lambda x: f"{name}({x})",
        latex=lambda x: f"{symbol}{x}",
        rowwise=False,
    )


RULES: dict[str, Callable[..., Primitive]] = {"sum": total, "mean": mean}
