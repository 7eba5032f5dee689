"""How far two results are apart, entry by entry, and whether their accuracies explain it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Result

MOST_DIGITS = 15
_RELATIVE = 1e-10  # of a name's largest entry: wrong rules are farther off

Index = tuple[int, ...]


class Ran(NamedTuple):
    """An engine's gradients, how far off each may be, and how long it took."""

    mode: str
    result: Result
    accuracy: dict[str, float]
    seconds: float


class Pair(NamedTuple):
    """Two engines: the largest difference, relative to the largest entry of its name; where; whether it matters."""

    a: str
    b: str
    max_error: float
    name: str
    place: Index
    agree: bool

    @property
    def digits(self) -> int:
        """How many decimal digits agree, 0 to 15."""
        if self.max_error == 0.0:
            return MOST_DIGITS
        return (
            0
            if not math.isfinite(self.max_error)
            else max(0, min(MOST_DIGITS, math.floor(-math.log10(self.max_error))))
        )


def set_aside(engines: Sequence[Ran], kinks: Sequence[tuple[str, Index]] = ()) -> dict[str, Array]:
    """The entries that are not compared: kinks, and those for which two engines find no number."""
    aside: dict[str, Array] = {}
    if engines:
        for name in engines[0].result.gradients:
            lost = [~np.isfinite(ran.result.gradients[name]) for ran in engines]
            aside[name] = np.asarray(np.sum(lost, axis=0) >= 2)
    for name, index in kinks:
        aside[name][index] = True
    return aside


def compare(a: Ran, b: Ran, aside: dict[str, Array]) -> Pair:
    """The entries where ``aside`` is true are not compared."""
    worst = Pair(a.mode, b.mode, 0.0, next(iter(aside), ""), (), True)
    agree = True
    for name, skip in aside.items():
        left, right = a.result.gradients[name], b.result.gradients[name]
        distance = np.where(skip, 0.0, _distance(left, right))
        largest = max(_largest(left), _largest(right))
        index = tuple(int(i) for i in np.unravel_index(np.argmax(distance), distance.shape)) if distance.size else ()
        farthest = float(distance[index]) if distance.size else 0.0
        error = farthest / largest if farthest > 0.0 and largest > 0.0 else farthest
        allowed = a.accuracy[name] + b.accuracy[name] + _RELATIVE * largest
        agree = agree and farthest <= allowed
        if error > worst.max_error or worst.place == ():
            worst = worst._replace(max_error=max(error, worst.max_error), name=name, place=index)
    return worst._replace(agree=agree)


def _distance(left: Array, right: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(left - right)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def _largest(gradient: Array) -> float:
    finite = np.abs(gradient[np.isfinite(gradient)])
    return float(np.max(finite, initial=0.0))
