"""The formulas of symbolic mode in a LaTeX document: those that fit on a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from adcli.arrays import Array
from adcli.engines.formulas import Entry, Formulas
from adcli.render.formulas import latex, latex_label
from adcli.trace import Trace

WIDEST = 60  # letters on a line of 160 mm, beside the left side
MOST_OF_A_NAME = 9
_COMMAND = re.compile(r"\\[a-zA-Z]+|[{}_^ ]")


def paragraphs(trace: Trace, formulas: Formulas) -> Iterator[str]:
    """An equation an entry; formulas that are too wide are only counted."""
    yield "Formulas:"
    shape = trace.shapes[trace.output]
    outputs = [latex_label(Entry(trace.output, shape, place)) for place in np.ndindex(shape)]
    yield from _equations(outputs, latex(formulas, formulas.output))
    for name, gradient in formulas.gradients.items():
        own = trace.shapes[name]
        below = [latex_label(Entry(name, own, place)) for place in np.ndindex(own)]
        left = [rf"\frac{{\partial {above}}}{{\partial {entry}}}" for above in outputs for entry in below]
        yield from _equations(left, latex(formulas, gradient))


def _equations(left: list[str], right: Array) -> Iterator[str]:
    shown = [(a, b) for a, b in zip(left, right.reshape(-1), strict=True) if len(_COMMAND.sub("", b)) <= WIDEST]
    for a, b in shown[:MOST_OF_A_NAME]:
        yield f"\\[\n{a} = {b}\n\\]"
    missing = len(left) - len(shown[:MOST_OF_A_NAME])
    if missing:
        what = f"{missing} more formula{'s are' if missing > 1 else ' is'}"
        yield rf"${left[-1]}$ and the like: {what} not shown.\par" if missing > 1 else rf"${left[-1]}$: too long.\par"
