"""Which steps of a long trace are told in full."""

from __future__ import annotations

MOST_IN_FULL = 12


def told_in_full(count: int, detail: str) -> set[int]:
    """All steps of a short trace; of a long one the first two, one in the middle, and the last two."""
    if detail == "full" or count <= MOST_IN_FULL:
        return set(range(count))
    return {0, 1, count // 2, count - 2, count - 1}
