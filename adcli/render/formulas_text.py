"""The formulas of symbolic mode in the terminal: those that are short enough to be read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.text import Text

from adcli.arrays import Shape
from adcli.engines.formulas import Entry, Formulas
from adcli.notation.formulas import label, text
from adcli.render.style import NAME, QUIET
from adcli.trace import Trace

MOST_OF_A_NAME = 9
MOST_LINES = 6


def show_formulas(console: Console, trace: Trace, formulas: Formulas) -> None:
    """The output and each derivative as a formula, and how many operations they take."""
    console.print()
    console.print(Text("Formulas", NAME))
    shape = trace.shapes[trace.output]
    outputs = [label(Entry(trace.output, shape, place)) for place in np.ndindex(shape)]
    _entries(console, zip(outputs, text(formulas, formulas.output).reshape(-1), strict=True), len(outputs))
    for name, gradient in formulas.gradients.items():
        labels = _labels(outputs, name, trace.shapes[name])
        _entries(console, zip(labels, text(formulas, gradient).reshape(-1), strict=True), gradient.size)
    console.print()
    for line in textwrap.wrap(_operations(formulas), console.width):
        console.print(Text(line))


def _labels(outputs: list[str], name: str, shape: Shape) -> Iterator[str]:
    for output in outputs:
        for place in np.ndindex(shape):
            yield f"∂{output}/∂{label(Entry(name, shape, place))}"


def _entries(console: Console, entries: Iterator[tuple[str, str]], count: int) -> None:
    """A formula an entry, of many the first ones; of long formulas the first, and of very long ones the length."""
    for number, (left, formula) in enumerate(entries, 1):
        start = f"  {left} = "
        lines = textwrap.wrap(formula, max(20, console.width - len(start)))
        if len(lines) > MOST_LINES:
            lines = [f"… ({len(formula):,} characters)"]
        for line in lines:
            console.print(Text(start + line), no_wrap=True, crop=False, soft_wrap=True)
            start = " " * len(start)
        if (len(lines) > 1 or "…" in lines[0] or number == MOST_OF_A_NAME) and number < count:
            console.print(Text(f"  … and {count - number} more", QUIET))
            return


def _operations(formulas: Formulas) -> str:
    if not formulas.staged:
        return f"Operations: {formulas.before:,} in all formulas, {formulas.after:,} after common subexpressions."
    closed = "too many operations to count" if formulas.before is None else f"{_rounded(formulas.before)} operations"
    return (
        f"The closed forms would take {closed}, so the names of the trace stay symbols: each step is "
        f"differentiated, and the results are multiplied, {formulas.after:,} operations in all."
    )


def _rounded(count: int) -> str:
    """A large count with its first digits only."""
    if count < 10**6:
        return f"{count:,}"
    power = len(str(count)) - 1
    return f"some {count / 10**power:.1f}·10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
