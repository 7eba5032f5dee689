"""How far two results are apart, entry by entry, and whether their accuracies explain it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Result

MOST_DIGITS = 15
SAFETY = 16.0  # times its estimated error, that an entry may be off
_RELATIVE = 1e-10  # of an entry: wrong rules are farther off
_FLOOR = 4e-15  # of a name's largest entry: less than that may have been lost beside a larger number

Index = tuple[int, ...]


class Ran(NamedTuple):
    """An engine's result, how far off each entry of its gradients may be, and how long it took."""

    mode: str
    result: Result
    accuracy: Mapping[str, Array]
    seconds: float


class Pair(NamedTuple):
    """Two engines: the largest difference, relative to the largest entry of its name; where; whether it matters.

    ``compared`` counts the entries that were not set aside.
    """

    a: str
    b: str
    max_error: float
    name: str
    place: Index
    agree: bool
    compared: int

    @property
    def digits(self) -> int:
        """How many decimal digits agree, 0 to 15; none where nothing was compared."""
        if not self.compared or not math.isfinite(self.max_error):
            return 0
        if self.max_error == 0.0:
            return MOST_DIGITS
        return max(0, min(MOST_DIGITS, math.floor(-math.log10(self.max_error))))


def compare(a: Ran, b: Ran, aside: Mapping[str, Array]) -> Pair:
    """The entries where ``aside`` is true are not compared, nor those of which an engine knows nothing."""
    worst = Pair(a.mode, b.mode, 0.0, next(iter(aside), ""), (), True, 0)
    for name, skipped in aside.items():
        left, right = a.result.gradients[name], b.result.gradients[name]
        allowed = a.accuracy[name] + b.accuracy[name]
        taken = ~(skipped | np.isinf(allowed))
        if not taken.any():
            continue
        distance = np.where(taken, distances(left, right), -1.0)  # what is not compared is never the farthest
        larger = np.maximum(np.abs(left), np.abs(right))
        largest = float(np.max(larger, where=np.isfinite(larger), initial=0.0))
        allowed = allowed + _RELATIVE * larger + _FLOOR * largest
        agree = worst.agree and bool(np.all((distance <= allowed) | (distance <= 0.0)))
        place = tuple(int(i) for i in np.unravel_index(np.argmax(distance), distance.shape))
        farthest = float(distance[place])
        error = farthest / largest if farthest > 0.0 and largest > 0.0 else farthest
        if error > worst.max_error or not worst.compared:
            worst = worst._replace(max_error=error, name=name, place=place)
        worst = worst._replace(agree=agree, compared=worst.compared + int(np.count_nonzero(taken)))
    return worst


def distances(left: Array, right: Array) -> Array:
    """abs(left − right): 0 where both are the same infinity or NaN, infinite where only one of them is finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(left - right)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
