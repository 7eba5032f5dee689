"""Which steps of a long trace are told in full, and which rows of a long table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.blocks import Row, Words
from adcli.trace import Node, Trace

MOST_IN_FULL = 12
MOST_TURNED = 2000  # numbers that numeric mode's story turns, each by itself
SAMPLE = 40  # of more, so many; of each name at least two


class Told(NamedTuple):
    """A node, and the steps that are told with it, in order."""

    node: Node
    steps: list[Step]


def told_in_full(count: int, detail: str) -> set[int]:
    """All steps of a short trace; of a long one the first two, one in the middle, and the last two."""
    if detail == "full" or count <= MOST_IN_FULL:
        return set(range(count))
    return {0, 1, count // 2, count - 2, count - 1}


def shortened_rows(rows: list[Row], most: int = 12) -> tuple[Row, ...]:
    """At most so many rows; ⋯ stands for those in the middle."""
    if len(rows) <= most:
        return tuple(rows)
    dots = Row(tuple((Words("⋯"),) for _ in rows[0].cells))
    return (*rows[: most // 2], dots, *rows[-(most // 2 - 1) :])


def places_turned(trace: Trace, wrt: Sequence[str], detail: str) -> dict[str, Array] | None:
    """Of very many entries those that numeric mode's story turns: the first of each name, the last, and between
    them others at equal distances, as flat indices. None: all of them."""
    sizes = {name: int(np.prod(trace.shapes[name], dtype=int)) for name in wrt}
    if detail == "full" or sum(sizes.values()) <= MOST_TURNED:
        return None
    each = max(2, SAMPLE // len(wrt))
    return {name: np.linspace(0, size - 1, min(each, size)).astype(int) for name, size in sizes.items()}
