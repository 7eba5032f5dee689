"""The result of ``adcli grad`` for people: the trace, what is stored, the gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.arrays import Array, shape_text
from adcli.engines.checkpoints import Schedule
from adcli.engines.structure import Result
from adcli.errors import printable
from adcli.primitives import RULES
from adcli.render.graph_table import graph_table
from adcli.render.numerals import counted, inline, matrix
from adcli.render.style import GRADIENT, NAME, QUIET, VALUE, Style, ends
from adcli.trace import Node, Trace, argument_text

NARROW = 60


def show(
    console: Console,
    trace: Trace,
    result: Result,
    mode: str,
    style: Style,
    updated: dict[str, Array] | None,
    listed: Sequence[str] | None = None,
) -> None:
    """Print the result, ``console.width`` wide at most, with the gradients of ``listed`` (default: all)."""
    _title(console, trace)
    _heading(console, "Evaluation trace")
    _trace(console, trace, result, style)
    if mode == "reverse":
        stored = ", ".join(ends(result.stored, "…")) or "nothing"
        console.print()
        what = "Stored for" if result.schedule is None else "Read on"
        console.print(Text(f"{what} the way back: {stored}"))
        if result.schedule is not None:
            _checkpoints(console, trace, result.schedule, style)
    _gradients(console, trace, result, mode, style, list(result.gradients) if listed is None else listed)
    _after(console, trace, result, mode, style, updated)


def show_graph(
    console: Console,
    trace: Trace,
    result: Result,
    mode: str,
    style: Style,
    updated: dict[str, Array] | None,
    listed: Sequence[str],
) -> None:
    """Print the result as a graph: a row a leaf and a node, each with its value and its gradient.

    The gradients of ``listed`` that are no numbers follow in full. Where the table is too wide, it is that of ``show``.
    """
    table = graph_table(trace, result, style, console.width)
    if table is None:
        show(console, trace, result, mode, style, updated, listed)
        return
    _title(console, trace)
    _heading(console, f"Graph of {trace.output}, {mode} mode")
    console.print(table)
    arrays = [name for name in listed if trace.shapes[name]]
    if arrays:
        _gradients(console, trace, result, mode, style, arrays)
    _after(console, trace, result, mode, style, updated)


def _title(console: Console, trace: Trace) -> None:
    if trace.title:
        console.print(Text(printable(trace.title), NAME))
        console.print()


def _gradients(console: Console, trace: Trace, result: Result, mode: str, style: Style, names: Sequence[str]) -> None:
    console.print()
    along = f" along {', '.join(ends(list(result.tangents), '…'))}" if result.tangents else ""
    _heading(console, f"{_kind(trace, result, style, len(names))} of {trace.output}{along}, {mode} mode")
    if result.jvp is not None:
        _directions(console, "tangent", {**(result.tangents or {}), trace.output: result.jvp}, style)
    elif result.cotangent is not None:
        _directions(console, "cotangent", {trace.output: result.cotangent, **result.gradients}, style)
    else:
        for name in names:
            _gradient(console, trace, result, name, result.gradients[name], style)


def _after(
    console: Console, trace: Trace, result: Result, mode: str, style: Style, updated: dict[str, Array] | None
) -> None:
    """What stands below the gradients."""
    if mode == "numeric":
        _quotients(console, result)
    if result.formulas is not None:
        from adcli.render.formulas_text import show_formulas  # needs SymPy, which only symbolic mode has imported

        show_formulas(console, trace, result.formulas)
    if updated is not None:
        console.print()
        _heading(console, "After one step of gradient descent")
        for name, value in updated.items():
            _labelled(console, Text(name, NAME), value, value.shape, style, VALUE)


def _heading(console: Console, text: str) -> None:
    console.print(Text(text, NAME))


def _trace(console: Console, trace: Trace, result: Result, style: Style) -> None:
    """A line a step: number, name, formula, shape, value. In a narrow terminal number and shape go."""
    narrow = console.width < NARROW
    nodes = ends(list(enumerate(trace.nodes, 1)), None)
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
    return node.primitive(RULES).text(*map(argument_text, node.arguments))


def _checkpoints(console: Console, trace: Trace, schedule: Schedule, style: Style) -> None:
    """What was kept, what was computed again and how often, and what that cost."""
    again = [
        node.name if times == 2 else f"{node.name} ({times - 1} times)"
        for node, times in zip(trace.nodes, schedule.times, strict=False)
        if times > 1
    ]
    kept = ", ".join(ends(schedule.kept, "…")) or "nothing"
    ratio = inline(np.asarray(schedule.ratio), 24, style.digits, style.fractions)
    evaluations = counted(schedule.evaluations, "evaluation")
    console.print(Text(f"Kept by the first pass: {kept}"))
    console.print(Text(f"Computed again: {', '.join(ends(again, '…')) or 'nothing'}"))
    console.print(Text(f"{evaluations} for {counted(schedule.steps, 'step')}, ratio {ratio}"))


def _quotients(console: Console, result: Result) -> None:
    """How many calls numeric differentiation took, and how far off it thinks that it is."""
    console.print()
    console.print(Text(f"{counted(result.evaluations or 0, 'evaluation')}, {result.scheme} differences"))
    errors = ", ".join(f"{name} {_largest(error)}" for name, error in (result.errors or {}).items())
    console.print(Text(f"Estimated error at most: {errors}"))


def _largest(error: Array) -> str:
    largest = float(np.max(error, initial=0.0))
    return f"{largest:.1g}" if np.isfinite(largest) else "unknown"


def _kind(trace: Trace, result: Result, style: Style, count: int) -> str:
    if result.jvp is not None or result.cotangent is not None:
        return "JVP" if result.cotangent is None else "VJP"
    jacobian = result.holds_jacobians(trace.output) or style.layout == "jacobian"
    many = count > 1
    return ("Jacobians" if many else "Jacobian") if jacobian else ("Gradients" if many else "Gradient")


def _gradient(console: Console, trace: Trace, result: Result, name: str, gradient: Array, style: Style) -> None:
    if style.layout == "jacobian" and not result.holds_jacobians(trace.output):
        gradient = gradient.reshape(1, -1)
    label = Text.assemble("∂", trace.output, "/∂", (name, NAME))
    _labelled(console, label, gradient, gradient.shape, style, GRADIENT)


def _directions(console: Console, kind: str, directions: dict[str, Array], style: Style) -> None:
    """Tangents or cotangents by name."""
    for name, array in directions.items():
        _labelled(console, Text.assemble(f"{kind} of ", (name, NAME)), array, array.shape, style, GRADIENT)


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
