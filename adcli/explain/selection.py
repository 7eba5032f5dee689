"""Which steps of a long trace are told in full, and which rows of a long table."""

from __future__ import annotations

from adcli.explain.blocks import Row, Words

MOST_IN_FULL = 12


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
