"""The formulas of symbolic mode in a LaTeX document: on a line, or broken over a few."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from adcli.arrays import Array
from adcli.engines.formulas import Entry, Formulas
from adcli.notation.formulas import latex, latex_label
from adcli.trace import Trace

WIDEST = 60  # letters on a line of 160 mm, beside the left side
LONGEST = 12 * WIDEST
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
    """Of many entries the first ones; of those that are too long, the number."""
    missing = []
    for number, (a, b) in enumerate(zip(left, right.reshape(-1), strict=True)):
        letters = len(_COMMAND.sub("", b))
        if number >= MOST_OF_A_NAME or letters > LONGEST:
            missing.append(a)
        elif letters <= WIDEST:
            yield f"\\[\n{a} = {b}\n\\]"
        else:
            yield f"\\begin{{flushleft}}\n$\\displaystyle {a} = {_breakable(b)}$\n\\end{{flushleft}}"
    if missing:
        rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield rf"${missing[0]}${rest}: not shown.\par"


def _breakable(formula: str) -> str:
    """TeX breaks a line after an operator, but never between ``\\left`` and ``\\right``."""
    return formula.replace(r"\left(", "(").replace(r"\right)", ")")
