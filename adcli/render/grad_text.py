"""The result of ``adcli grad`` for people: the trace, what is stored, the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.arrays import Array, shape_text
from adcli.engines.checkpoints import Schedule
from adcli.engines.structure import Result
from adcli.errors import printable
from adcli.primitives import RULES
from adcli.render.numerals import inline, matrix
from adcli.trace import Node, Trace

NAME = "bold"
VALUE = "cyan"
GRADIENT = "magenta"
QUIET = "dim"
NARROW = 60
MOST_STEPS = 200

T = TypeVar("T")
U = TypeVar("U")


class Style(NamedTuple):
    """How numbers are written, and whether gradients are shown as rows of Jacobians."""

    digits: int = 6
    fractions: bool = False
    layout: str = "gradient"


def show(
    console: Console, trace: Trace, result: Result, mode: str, style: Style, updated: dict[str, Array] | None
) -> None:
    """Print the result, ``console.width`` wide at most."""
    if trace.title:
        console.print(Text(printable(trace.title), NAME))
        console.print()
    _heading(console, "Evaluation trace")
    _trace(console, trace, result, style)
    if mode == "reverse":
        stored = ", ".join(_ends(result.stored, "…")) or "nothing"
        console.print()
        what = "Stored for" if result.schedule is None else "Read on"
        console.print(Text(f"{what} the way back: {stored}"))
        if result.schedule is not None:
            _checkpoints(console, trace, result.schedule, style)
    console.print()
    _heading(console, f"{_kind(trace, result, style)} of {trace.output}, {mode} mode")
    for name, gradient in result.gradients.items():
        _gradient(console, trace, result, name, gradient, style)
    if mode == "numeric":
        _quotients(console, result)
    if updated is not None:
        console.print()
        _heading(console, "After one step of gradient descent")
        for name, value in updated.items():
            _labelled(console, Text(name, NAME), value, value.shape, style, VALUE)


def _ends(items: Sequence[T], gap: U) -> list[T | U]:
    """``items``, or of very many the first and the last, with ``gap`` between them."""
    if len(items) <= MOST_STEPS:
        return list(items)
    return [*items[: MOST_STEPS // 2], gap, *items[-MOST_STEPS // 2 :]]


def _heading(console: Console, text: str) -> None:
    console.print(Text(text, NAME))


def _trace(console: Console, trace: Trace, result: Result, style: Style) -> None:
    """A line a step: number, name, formula, shape, value. In a narrow terminal number and shape go."""
    narrow = console.width < NARROW
    nodes = _ends(list(enumerate(trace.nodes, 1)), None)
    shown_nodes = [node for numbered in nodes if numbered for node in numbered[1:]]
    formulas = [formula(node) for node in shown_nodes]
    shapes = [shape_text(node.shape) for node in shown_nodes]
    names = [node.name for node in shown_nodes]
    used = max(4, *map(len, names)) + 2 + (0 if narrow else 6 + max(5, *map(len, shapes)) + 2)
    least = max(len(inline(result.values[name], 8, style.digits, style.fractions)) for name in names)
    longest = max(7, min(max(map(len, formulas)), console.width - used - 2 - max(8, min(least, 24))))
    room = max(8, console.width - used - longest - 2)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=QUIET)
    if not narrow:
        table.add_column("step", justify="right", no_wrap=True)
    for heading in ("name", "formula", "value") if narrow else ("name", "formula", "shape", "value"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for numbered in nodes:
        if numbered is None:
            table.add_row(*[Text("⋮", QUIET)] * len(table.columns))
            continue
        step, node = numbered
        value = Text(inline(result.values[node.name], room, style.digits, style.fractions), VALUE)
        text = formula(node)
        shown = Text(text if len(text) <= longest else text[: longest - 1] + "…")
        if narrow:
            table.add_row(Text(node.name, NAME), shown, value)
        else:
            size = Text(shape_text(node.shape), QUIET)
            table.add_row(Text(str(step), QUIET), Text(node.name, NAME), shown, size, value)
    console.print(table)


def formula(node: Node) -> str:
    """The right-hand side of a line of the trace."""
    return node.primitive(RULES).text(*(str(argument) for argument in node.arguments))


def _checkpoints(console: Console, trace: Trace, schedule: Schedule, style: Style) -> None:
    """What was kept, what was computed again and how often, and what that cost."""
    again = [
        node.name if times == 2 else f"{node.name} ({times - 1} times)"
        for node, times in zip(trace.nodes, schedule.times, strict=False)
        if times > 1
    ]
    kept = ", ".join(_ends(schedule.kept, "…")) or "nothing"
    ratio = inline(np.asarray(schedule.ratio), 24, style.digits, style.fractions)
    console.print(Text(f"Kept by the first pass: {kept}"))
    console.print(Text(f"Computed again: {', '.join(_ends(again, '…')) or 'nothing'}"))
    console.print(Text(f"{schedule.evaluations} evaluations for {schedule.steps} steps, ratio {ratio}"))


def _quotients(console: Console, result: Result) -> None:
    """How many calls numeric differentiation took, and how far off it thinks that it is."""
    console.print()
    console.print(Text(f"{result.evaluations} evaluations, {result.scheme} differences"))
    errors = ", ".join(f"{name} {error:.1g}" for name, error in (result.errors or {}).items())
    console.print(Text(f"Estimated error at most: {errors}"))


def _kind(trace: Trace, result: Result, style: Style) -> str:
    jacobian = np.size(result.values[trace.output]) > 1 or style.layout == "jacobian"
    many = len(result.gradients) > 1
    return ("Jacobians" if many else "Jacobian") if jacobian else ("Gradients" if many else "Gradient")


def _gradient(console: Console, trace: Trace, result: Result, name: str, gradient: Array, style: Style) -> None:
    rows = np.size(result.values[trace.output])
    if style.layout == "jacobian" and rows == 1:
        gradient = gradient.reshape(1, -1)
    label = Text.assemble("∂", trace.output, "/∂", (name, NAME))
    _labelled(console, label, gradient, gradient.shape, style, GRADIENT)


def _labelled(console: Console, label: Text, array: Array, shape: Sequence[int], style: Style, colour: str) -> None:
    """``label = matrix``, the label in the middle row, the shape behind the last row.

    Where the matrix fits whole only below its label, it stands there.
    """
    head = Text("  ") + label + Text(" = ")
    size = f"  {shape_text(tuple(shape))}" if len(shape) > 1 or np.size(array) > 8 else ""
    beside = matrix(array, console.width - head.cell_len - len(size), style.digits, style.fractions)
    below = matrix(array, console.width - 4 - len(size), style.digits, style.fractions)
    lines = beside
    if "…" in "".join(beside) and ("…" not in "".join(below) or console.width < NARROW):
        console.print(head)
        head, lines = Text("    "), below
    middle = (len(lines) - 1) // 2
    for number, line in enumerate(lines):
        start = head if number == middle else Text(" " * head.cell_len)
        end = Text(size if number == len(lines) - 1 else "", QUIET)
        console.print(Text.assemble(start, (line, colour), end), no_wrap=True, crop=False, soft_wrap=True)
