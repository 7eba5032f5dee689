"""What of a matrix is shown, the same for every format: its cells as text, cut to so many rows and columns."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.explain.deck import Numbers
from adcli.explain.maths import Listed, Matrix, Number, Raw, Tint, parts_of
from adcli.notation.numbers import number_text
from adcli.render.numerals import kept

MOST_ADDED = 2  # digits that a large number gets beyond those asked for, so that small ones keep theirs
MOST_WHOLE = 24  # rows, and columns, of a matrix that is shown whole where nothing is to be shortened
COMPARISON = re.compile(r"\[[^\[\]]*[<>][^\[\]]*\]")  # [x > 0] is 0 or 1 exactly, however x is shown
GAPS = {(False, True): "⋯", (True, False): "⋮", (True, True): "⋱"}


class Cell(NamedTuple):
    """One entry. ``gap``: its text is ⋯, ⋮ or ⋱; ``forced``: a zero of the structure; ``tinted``: worked by hand."""

    text: str
    gap: bool = False
    forced: bool = False
    tinted: bool = False


class Shown(NamedTuple):
    """The cells row by row; which column each is (None: left out); the shape under it, or ""; whether a number was
    rounded."""

    cells: tuple[tuple[Cell, ...], ...]
    columns: tuple[int | None, ...]
    shape: str
    rounded: bool


def shown(matrix: Matrix, numbers: Numbers, rows: int = 6, columns: int = 8) -> Shown:
    """At most ``rows`` × ``columns`` cells of ``matrix``, all in one format, with ⋯ where something is left out."""
    height, width = matrix.array.shape
    lines, heads = kept(height, rows), kept(width, columns)
    found = [(i, j) for i in lines for j in heads if i is not None and j is not None]
    values = [float(matrix.array[place]) for place in found]
    texts = number_texts(values, numbers)
    text_at = dict(zip(found, texts, strict=True))

    def cell(i: int | None, j: int | None) -> Cell:
        if i is None or j is None:
            return Cell(GAPS[i is None, j is None], gap=True)
        forced = matrix.zeros is not None and bool(matrix.zeros[i, j])
        return Cell(text_at[i, j], False, forced, _is_tinted(matrix.tint, i, j))

    rounded = any(is_rounded(value, text) for value, text in zip(values, texts, strict=True))
    cells = tuple(tuple(cell(i, j) for j in heads) for i in lines)
    return Shown(cells, tuple(heads), shape_label(matrix), rounded)


def most_shown(matrix: Matrix, numbers: Numbers, rows: int, columns: int) -> tuple[int, int]:
    """So many ``rows`` and ``columns``; all of a matrix that is not to be shortened, unless it is large."""
    height, width = matrix.array.shape
    is_whole = numbers.whole and height <= MOST_WHOLE and width <= MOST_WHOLE
    return (max(rows, height), max(columns, width)) if is_whole else (rows, columns)


def shape_label(matrix: Matrix) -> str:
    """``2×4``, and for a 1 × 1 matrix or one that wears no shape nothing."""
    height, width = matrix.array.shape
    return f"{height}×{width}" if matrix.shape and height * width > 1 else ""


def _is_tinted(tint: Tint, i: int, j: int) -> bool:
    return i == tint.row or j == tint.column or (i, j) == tint.entry


def one_number(number: Number, numbers: Numbers) -> str:
    """A number as text; where it looks whole but is not, an ≈ before it tells (``is_approximate``)."""
    return _text(number.value, number.digits or numbers.digits, numbers.fractions)


def _text(value: float, digits: int, fractions: bool) -> str:
    return number_text(value, digits, fractions).removesuffix(".")


def number_texts(values: list[float], numbers: Numbers) -> list[str]:
    """The numbers in one format: whole ones as they are, the others with as many decimals as the one that needs most.

    Where the large ones would so get many more digits than asked for, each has its own.
    """
    own = [_text(value, numbers.digits, numbers.fractions) for value in values]
    broken = [t for v, t in zip(values, own, strict=True) if math.isfinite(v) and not v.is_integer() and "/" not in t]
    if not broken or len(values) == 1:
        return own
    if numbers.fractions:  # fractions where all of them are, otherwise none
        return number_texts(values, numbers._replace(fractions=False))
    decimals = max(len(t.partition(".")[2]) for t in broken)
    largest = max(abs(v) for v in values if math.isfinite(v))
    digits = decimals + max(math.floor(math.log10(largest)) + 1, 0)
    if any("e" in t for t in own) or digits > numbers.digits + MOST_ADDED:
        return own
    return [
        f"{v:.{decimals}f}" if math.isfinite(v) and not v.is_integer() else t for v, t in zip(values, own, strict=True)
    ]


def is_rounded(value: float, text: str) -> bool:
    """Whether ``text`` shows less than the number's digits (a fraction is exact)."""
    return math.isfinite(value) and "/" not in text and float(text) != value


def is_approximate(expression: object, numbers: Numbers) -> bool:
    """Whether a number in it is shown rounded, so that ≈ belongs before it."""
    if isinstance(expression, Number):
        return is_rounded(expression.value, one_number(expression, numbers))
    if isinstance(expression, Matrix):
        return shown(expression, numbers, *most_shown(expression, numbers, 6, 8)).rounded
    if isinstance(expression, Listed):
        return shown(Matrix(expression.array.reshape(1, -1)), numbers, 1, expression.most).rounded
    if isinstance(expression, Raw):
        text = COMPARISON.sub("", expression.text)
        return any(is_approximate(part, numbers) for name, part in expression.arguments if f"⟦{name}⟧" in text)
    return any(is_approximate(part, numbers) for part in parts_of(expression))


def entries(array: Array, most: int, numbers: Numbers) -> list[str]:
    """The texts of the numbers in ``array``, row by row, with ⋯ in place of those beyond ``most``."""
    flat = np.asarray(array).reshape(-1)
    places = kept(flat.size, most)
    texts = iter(number_texts([float(flat[i]) for i in places if i is not None], numbers))
    return ["⋯" if i is None else next(texts) for i in places]
