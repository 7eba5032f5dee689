"""The one kind of array in adcli, and how its shape is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]  # of float64; masks are of bool
else:
    Array = Any

Shape = tuple[int, ...]

MOST_NUMBERS = 2**27  # that one array, or all values of a spec together, may hold: 1 GiB


def shape_text(shape: Shape) -> str:
    """``(2, 3)`` as ``2 × 3``; a number has no shape to write."""
    return " × ".join(map(str, shape))
