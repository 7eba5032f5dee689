"""Numbers and matrices as text: aligned columns, tall brackets, long ones shortened."""

from __future__ import annotations

import numpy as np

from adcli.arrays import Array
from adcli.notation.numbers import number_text

MOST_ROWS = 8
_ELLIPSIS = "…"


def counted(count: int, noun: str) -> str:
    """``1 step``, ``2,400 steps``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def inline(array: Array, width: int, digits: int = 6, fractions: bool = False) -> str:
    """``array`` on one line: ``[1 2]``, ``[1 2; 3 4]``.

    Where ``width`` characters are too few, entries at the end give way to ``…``, but never a part of a number.
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return number_text(float(array), digits, fractions)
    flat = array.reshape(-1)
    row = array.shape[-1]
    taken: list[str] = []
    length = 2
    for index in range(flat.size):
        text = number_text(float(flat[index]), digits, fractions)
        divider = "" if not index else "; " if index % row == 0 and array.ndim > 1 else " "
        more = 2 if index + 1 < flat.size else 0
        if taken and length + len(divider) + len(text) + more > width:
            return f"[{''.join(taken)} {_ELLIPSIS}]"
        taken.append(divider + text)
        length += len(divider) + len(text)
    return f"[{''.join(taken)}]"


def matrix(array: Array, width: int, digits: int = 6, fractions: bool = False) -> list[str]:
    """The lines of a matrix with brackets and aligned columns, at most ``width`` wide.

    Rows and columns in the middle that don't fit give way to ``⋮`` and ``…``. A vector is a row.
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return [number_text(float(array), digits, fractions)]
    if array.ndim > 2:
        return [line for part in array for line in (*matrix(part, width, digits, fractions), "")][:-1]
    table = array.reshape(1, -1) if array.ndim == 1 else array
    rows = kept(len(table), MOST_ROWS)
    columns = table.shape[1]
    shown = columns if columns <= width // 2 else max(1, width // 2)
    while True:
        taken = kept(columns, shown)
        lines = _cells(table, rows, taken, digits, fractions)
        widest = max(map(len, lines))
        if widest + 2 <= width or shown == 1:
            break
        shown -= 1 if widest < 2 * width else shown // 2
    return _bracketed(lines)


def kept(count: int, most: int) -> list[int | None]:
    """Which of ``count`` indices are shown; None stands for those left out."""
    if count <= most:
        return list(range(count))
    if most <= 2:
        return [*range(most), None]
    last = max(1, (most - 1) // 3)
    return [*range(most - 1 - last), None, *range(count - last, count)]


def _cells(table: Array, rows: list[int | None], columns: list[int | None], digits: int, fractions: bool) -> list[str]:
    """The lines between the brackets, each column as wide as its widest entry and aligned at the point."""
    texts = []
    for column in columns:
        if column is None:
            texts.append([_ELLIPSIS] * len(rows))
            continue
        entries = ["" if row is None else number_text(float(table[row, column]), digits, fractions) for row in rows]
        cells = aligned(entries)
        texts.append([cell if row is not None else _centred("⋮", cell) for row, cell in zip(rows, cells, strict=True)])
    return [" ".join(column[line] for column in texts) for line in range(len(rows))]


def _centred(mark: str, cell: str) -> str:
    return mark.center(len(cell))


def aligned(entries: list[str]) -> list[str]:
    """Right-aligned, with the points under each other; fractions and powers of ten at the right."""
    if any("/" in e or "e" in e for e in entries):
        width = max(map(len, entries))
        return [e.rjust(width) for e in entries]
    after = max((len(e) - e.index(".") for e in entries if "." in e), default=0)
    padded = [e + " " * (after - (len(e) - e.index(".") if "." in e else 0)) for e in entries]
    width = max(map(len, padded))
    return [e.rjust(width) for e in padded]


def _bracketed(lines: list[str]) -> list[str]:
    if len(lines) == 1:
        return [f"[{lines[0]}]"]
    middle = [f"⎢{line}⎥" for line in lines[1:-1]]
    return [f"⎡{lines[0]}⎤", *middle, f"⎣{lines[-1]}⎦"]
