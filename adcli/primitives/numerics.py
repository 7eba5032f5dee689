"""Values that several primitives share, in forms that keep their digits."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from adcli.arrays import Array


def where(condition: Any, chosen: Any, other: Any) -> Any:
    """As numpy's; for a single condition on single numbers a choice between two, which is many times faster."""
    if isinstance(condition, np.bool_):
        number = chosen if condition else other
        if isinstance(number, float):
            return np.float64(number)
    return np.where(condition, chosen, other)


numbers = SimpleNamespace(**{**vars(np), "where": where})  # numpy, as the value of a primitive sees it


def positive_part(x: Array) -> Array:
    """max(0, x), and NaN at NaN."""
    part: Array = where(x <= 0.0, 0.0, x)
    return part


def sides_of_zero(x: Array, above: Any, otherwise: Any) -> Array:
    """``above`` where x > 0, ``otherwise`` where x ≤ 0, and NaN at NaN."""
    side: Array = where(x > 0.0, above, otherwise)
    if isinstance(x, float):  # a single number, for which a reduction costs many times the choice
        return np.float64(np.nan) if math.isnan(x) else side
    return np.where(np.isnan(x), np.nan, side) if np.isnan(np.min(x)) else side


def sigmoid_value(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), by an exponential that can't overflow; near 1 as 1 less the small rest."""
    e = np.exp(-np.abs(x))
    rest = e / (1.0 + e)
    return np.where(x >= 0.0, 1.0 - rest, rest)


def sum_of_others(p: Array) -> Array:
    """For each entry of the last axis the sum of all others.

    Not the whole sum less the entry: where one entry is nearly all of it, that difference has no digits left.
    """
    out = np.zeros(p.shape)
    out[..., 1:] = np.cumsum(p[..., :-1], axis=-1)
    out[..., :-1] += np.cumsum(p[..., :0:-1], axis=-1)[..., ::-1]
    return out


def softmax_value(z: Array) -> Array:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return np.asarray(e / np.sum(e, axis=-1, keepdims=True))


def log_softmax_value(z: Array) -> Array:
    """z − max − log(1 + Σ others), so that the largest entry keeps its digits near 0."""
    largest = np.argmax(z, axis=-1)[..., None]
    shifted = z - np.take_along_axis(z, largest, axis=-1)
    e = np.exp(shifted)
    np.put_along_axis(e, largest, 0.0, axis=-1)
    return np.asarray(shifted - np.log1p(np.sum(e, axis=-1, keepdims=True)))
