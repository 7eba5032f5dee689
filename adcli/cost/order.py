"""The best order in which to multiply a chain of matrices.

A chain of n matrices has n + 1 dimensions, t_0 × t_1, t_1 × t_2, …; its product of the first k and of the other
n - k takes t_0 · t_k · t_n multiplications. Seen as a polygon with the dimensions as corners, an order is a division
into triangles (Hu & Shing, *Computation of matrix chain products*, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array

LONGEST_SEARCHED = 1_500
LONGEST_SEARCHED_EXACTLY = 150  # with numbers that no float64 holds
CHAINS_AT_ONCE = 64

Split = Callable[[int, int], int]


class End(NamedTuple):
    """A chain that begins with the first ``at`` matrices of the trunk and ends with one that has ``size`` columns."""

    at: int
    size: int


class Best(NamedTuple):
    """The fewest multiplications of a chain; ``split(a, b)``: its matrices a … b-1 end with the product split there."""

    operations: int
    split: Split


def from_left(a: int, b: int) -> int:
    return b - 1


def best_orders(trunk: Sequence[int], ends: Sequence[End]) -> list[Best | None]:
    """The best order of each chain; of equal ones the one whose last product splits furthest to the right.

    ``trunk`` are the dimensions that the chains share. None where a chain is too long to be searched.
    """
    found: list[Best | None] = []
    totals = _totals_from_left(trunk)
    searched: list[int] = []
    for number, (end, is_best) in enumerate(zip(ends, _from_left_is_best(trunk, ends), strict=True)):
        if is_best:
            last = trunk[0] * trunk[end.at] * end.size if end.at else 0
            found.append(Best(totals[end.at] + last, from_left))
        else:
            found.append(None)
            searched.append(number)
    if searched:
        some = [ends[number] for number in searched]
        dimensions = [*trunk[: max(end.at for end in some) + 1]]
        for number, best in zip(searched, _search(dimensions, some), strict=True):
            found[number] = best
    return found


def _totals_from_left(trunk: Sequence[int]) -> list[int]:
    """The multiplications from the left of the first k matrices of the trunk, for each k."""
    totals = [0, 0]
    for left, right in pairwise(trunk[1:]):
        totals.append(totals[-1] + trunk[0] * left * right)
    return totals


def _from_left_is_best(trunk: Sequence[int], ends: Sequence[End]) -> list[bool]:
    """Whether no order can beat the one from the left: then it is the best that splits furthest to the right, too.

    From the left all triangles meet in corner 0. Any other order has a triangle (0, x, y) on a triangle (x, z, y);
    to turn their common side to (0, z) costs nothing where 1/x + 1/y ≤ 1/t_0 + 1/z, and ends, repeated, from the
    left. So it is enough that this holds for all x before z before y.
    """
    whole = Fraction(1, trunk[0])
    room = [whole + 1] * (min(3, len(trunk)) + 1)  # for each corner y the most that 1/y may be
    holds = [True] * min(3, len(trunk))
    smallest = trunk[1] if len(trunk) > 1 else 1
    for corner in range(2, len(trunk)):
        if corner >= 3:
            holds.append(holds[-1] and Fraction(1, trunk[corner]) <= room[corner])
        beyond = whole + Fraction(1, trunk[corner]) - Fraction(1, smallest)
        known = min(beyond, room[corner]) if corner >= 3 else beyond
        room[corner + 1 :] = [known]
        smallest = min(smallest, trunk[corner])
    return [holds[end.at] and (end.at < 2 or Fraction(1, end.size) <= room[end.at + 1]) for end in ends]


class _Table(NamedTuple):
    """The fewest multiplications of every stretch of the trunk: by its first corner, and by its last, and length."""

    corners: Array
    by_first: Array
    by_last: Array


def _search(trunk: Sequence[int], ends: Sequence[End]) -> list[Best] | list[None]:
    """The dynamic programme over all splits."""
    largest = max(*trunk, *(end.size for end in ends))
    exact_in_float = len(trunk) * largest**3 < 2**53
    if len(trunk) > (LONGEST_SEARCHED if exact_in_float else LONGEST_SEARCHED_EXACTLY):
        return [None] * len(ends)
    table = _table(np.array(trunk, dtype=np.float64 if exact_in_float else object))
    rest = _rest(table, ends)
    splits: dict[tuple[int, int], int] = {}
    return [Best(int(rest[0, i]), _splitter(table, rest[:, i], end, splits)) for i, end in enumerate(ends)]


def _table(t: Array) -> _Table:
    """Stretches in the order of their lengths, all of one length at once."""
    count = len(t)
    by_first = np.zeros((count, count), dtype=t.dtype)
    by_last = np.zeros((count, count), dtype=t.dtype)
    for length in range(2, count):
        inner = np.lib.stride_tricks.sliding_window_view(t[1:-1], length - 1)
        costs: Any = inner * (t[:-length] * t[length:])[:, None]
        costs += by_first[:-length, 1:length]
        costs += by_last[length:, length - 1 : 0 : -1]
        least = costs.min(axis=1)
        by_first[:-length, length] = least
        by_last[length:, length] = least
    return _Table(t, by_first, by_last)


def _rest(table: _Table, ends: Sequence[End]) -> Array:
    """For each corner (rows) and each chain (columns) the fewest multiplications from there to the chain's end.

    A few chains at once, so that what is added up stays in the processor's cache.
    """
    t, by_first, _ = table
    sizes = np.array([end.size for end in ends], dtype=t.dtype)
    at = np.array([end.at for end in ends])
    rest = np.full((len(t), len(ends)), math.inf, dtype=t.dtype)
    rest[at, np.arange(len(ends))] = 0
    for few in (slice(begin, begin + CHAINS_AT_ONCE) for begin in range(0, len(ends), CHAINS_AT_ONCE)):
        last = int(at[few].max())
        some = rest[: last + 1, few].copy()
        room = np.empty_like(some)
        for corner in range(last - 1, -1, -1):
            costs: Any = np.multiply(
                (t[corner] * t[corner + 1 : last + 1])[:, None], sizes[few], out=room[: last - corner]
            )
            costs += by_first[corner, 1 : last - corner + 1, None]
            costs += some[corner + 1 :]
            some[corner] = np.where(at[few] > corner, costs.min(axis=0), some[corner])
        rest[: last + 1, few] = some
    return rest


def _splitter(table: _Table, rest: Array, end: End, splits: dict[tuple[int, int], int]) -> Split:
    """Where the last product of a stretch splits, furthest to the right; ``splits`` remembers those of the trunk."""
    t, by_first, by_last = table

    def split(a: int, b: int) -> int:
        if b == end.at + 1:
            costs = by_first[a, 1 : b - a] + rest[a + 1 : b] + t[a + 1 : b] * (t[a] * end.size)
            return b - 1 - int(np.argmin(costs[::-1]))
        if (a, b) not in splits:
            length = b - a
            costs = by_first[a, 1:length] + by_last[b, length - 1 : 0 : -1] + t[a + 1 : b] * (t[a] * t[b])
            splits[a, b] = b - 1 - int(np.argmin(costs[::-1]))
        return splits[a, b]

    return split


def bracketed(names: Sequence[str], split: Split) -> str:
    """The product with brackets: ``((A · B) · C)``."""
    if split is from_left:
        return "(" * (len(names) - 1) + names[0] + "".join(f" · {name})" for name in names[1:])
    parts: list[str] = []
    todo: list[str | tuple[int, int]] = [(0, len(names))]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            parts.append(item)
        elif item[1] - item[0] == 1:
            parts.append(names[item[0]])
        else:
            a, b = item
            middle = split(a, b)
            todo += [")", (middle, b), " · ", (a, middle), "("]
    return "".join(parts)
