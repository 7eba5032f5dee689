"""The result of ``adcli grad`` as CSV: a row an entry, with its name and its indices, counted from 0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from adcli.arrays import Array

INDICES = ["row", "column"]


def content(arrays: Mapping[str, Array]) -> str:
    """The table, with a header and ``\\n`` as line end: name, row, column, value.

    A vector has no column and a number neither: these fields are empty. Arrays of more axes add ``axis3``, …
    """
    rank = max(len(INDICES), *(array.ndim for array in arrays.values()), 0)
    indices = INDICES + [f"axis{axis}" for axis in range(len(INDICES) + 1, rank + 1)]
    lines = [["name", *indices, "value"]]
    for name, array in arrays.items():
        lines += ([name, *index, number(value)] for index, value in _entries(array, rank))
    return "".join(",".join(line) + "\n" for line in lines)


def _entries(array: Array, rank: int) -> Iterator[tuple[list[str], float]]:
    blank = [""] * (rank - array.ndim)
    for index, value in zip(np.ndindex(array.shape), array.reshape(-1).tolist(), strict=True):
        yield [*map(str, index), *blank], value


def number(value: float) -> str:
    """The shortest text that reads back to the same float64; NaN and infinities as pandas and numpy read them."""
    return "NaN" if math.isnan(value) else repr(value)
