"""What every picture of a slide decides alike, so that it looks like the same slide."""

from __future__ import annotations

from itertools import pairwise

from adcli.explain.blocks import Formula, Group
from adcli.explain.deck import Block, Slide
from adcli.explain.drawings import Chain, Tracker
from adcli.explain.maths import largest_matrix

MOST_ROWS, MOST_COLUMNS = 12, 6  # more rows of matrices stand in two columns, unless one written out in a row is wider


def in_two_columns(slide: Slide) -> bool:
    """Whether the stage is a list of short formulas, too many for one column, which stands in two."""
    blocks = slide.stage
    short = all(isinstance(block, Formula) and not block.label for block in blocks)
    return matrix_rows(blocks) > MOST_ROWS and short and not slide.side and not any(map(_is_wide, blocks))


def _is_wide(block: Block) -> bool:
    shapes = [largest_matrix(part.expression) for part in block.parts] if isinstance(block, Formula) else []
    return any(height == 1 and width > MOST_COLUMNS for height, width in shapes)


def matrix_rows(blocks: tuple[Block, ...]) -> int:
    """How many rows the matrices of all formulas have, those beside each other counted once."""
    groups = (block.formulas if isinstance(block, Group) else (block,) for block in blocks)
    formulas = [formula for group in groups for formula in group if isinstance(formula, Formula)]
    return sum(map(_formula_rows, formulas))


def _formula_rows(formula: Formula) -> int:
    """Parts of a formula with a wide matrix stand under each other."""
    shapes = [largest_matrix(part.expression) for part in formula.parts] or [(1, 1)]
    rows = [min(height, 6) for height, _ in shapes]
    return sum(rows) if max(width for _, width in shapes) > 6 else max(rows)


def bracketed(tracker: Tracker) -> list[tuple[Chain, bool]]:
    """Each row, and whether what its factors make so far stands under it: once for rows that share it, the last."""
    made = [(chain.result, chain.span) for chain in tracker.chains]
    is_last = [one != following for one, following in pairwise([*made, None])]
    return [
        (chain, shown and chain.result is not None and chain.span is not None)
        for chain, shown in zip(tracker.chains, is_last, strict=True)
    ]
