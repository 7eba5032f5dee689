"""Which shapes fit each other, and what comes out. Those that don't fit give None."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from adcli.arrays import Shape, shape_text


def broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """Numpy's broadcasting: axes are compared from the last one, and 1 fits everything."""
    if len(set(shapes)) == 1:
        return shapes[0]
    sizes = []
    for axis in zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1):
        wide = {size for size in axis if size != 1}
        if len(wide) > 1:
            return None
        sizes.append(wide.pop() if wide else 1)
    return tuple(reversed(sizes))


def product(left: Shape, right: Shape) -> Shape | None:
    """The shape of a matrix product of vectors and matrices; two vectors give a number."""
    if not (1 <= len(left) <= 2 and 1 <= len(right) <= 2) or left[-1] != right[0]:
        return None
    return left[:-1] + right[1:]


def describe_entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def described(shape: Shape) -> str:
    """A shape in an error: ``2 × 3``, ``a vector of 3 entries``, ``a number``."""
    if len(shape) == 1:
        return f"a vector of {describe_entries(shape[0])}"
    return shape_text(shape) or "a number"
