"""What every picture of a slide decides alike, so that it looks like the same slide."""

from __future__ import annotations

from adcli.explain.blocks import Formula, Slide

TWO_COLUMNS = 4  # so many formulas without labels, and nothing else


def in_two_columns(slide: Slide) -> bool:
    """Whether the stage is a list of short formulas, which stands in two columns."""
    blocks = slide.stage
    short = all(isinstance(block, Formula) and not block.label for block in blocks)
    return len(blocks) >= TWO_COLUMNS and short and not slide.side
