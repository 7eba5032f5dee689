"""How results look as text: colours, and how numbers are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

NAME = "bold"
VALUE = "cyan"
GRADIENT = "magenta"
QUIET = "dim"
MOST_STEPS = 200

T = TypeVar("T")
U = TypeVar("U")


class Style(NamedTuple):
    """How numbers are written, and whether gradients are shown as rows of Jacobians."""

    digits: int = 6
    fractions: bool = False
    layout: str = "gradient"


def ends(items: Sequence[T], gap: U) -> list[T | U]:
    """``items``, or of very many the first and the last, with ``gap`` between them."""
    if len(items) <= MOST_STEPS:
        return list(items)
    return [*items[: MOST_STEPS // 2], gap, *items[-MOST_STEPS // 2 :]]
