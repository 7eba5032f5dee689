"""How much of each matrix is written out, when many share a stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adcli.explain.blocks import Formula, Group
from adcli.explain.deck import Block
from adcli.explain.maths import Matrix, parts_of
from adcli.render.html.mathml import CUTS


def room(blocks: Sequence[Block]) -> tuple[int, int]:
    """How many rows and columns of each matrix there is room for, when these blocks share a stage."""
    formulas = [f for b in blocks for f in (b.formulas if isinstance(b, Group) else (b,))]
    shapes = [[m.array.shape for m in _matrices(f)] for f in formulas if isinstance(f, Formula)]
    for most in CUTS:
        rows = sum(max((min(h, most[0]) for h, _ in one), default=1) for one in shapes)
        columns = max((sum(min(w, most[1]) for _, w in one) for one in shapes), default=0)
        if rows <= 16 and columns <= 18:
            return most
    return CUTS[-1]


def _matrices(thing: object) -> Iterator[Matrix]:
    if isinstance(thing, Matrix):
        yield thing
    else:
        for part in parts_of(thing):
            yield from _matrices(part)
