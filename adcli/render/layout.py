"""What every picture of a slide decides alike, so that it looks like the same slide."""

from __future__ import annotations

from adcli.explain.blocks import Block, Formula, Group, Slide
from adcli.explain.maths import largest_matrix

MOST_ROWS, MOST_COLUMNS = 12, 6  # of matrices: more rows than that stand in two columns, if none is wider


def in_two_columns(slide: Slide) -> bool:
    """Whether the stage is a list of short formulas, too many for one column, which stands in two."""
    blocks = slide.stage
    short = all(isinstance(block, Formula) and not block.label for block in blocks)
    narrow = max((largest_matrix(block)[1] for block in blocks), default=0) <= MOST_COLUMNS
    return matrix_rows(blocks) > MOST_ROWS and short and narrow and not slide.side


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
