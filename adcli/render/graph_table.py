"""A trace as a table of its graph: a row a leaf and a node, with what it is made of, its value and its gradient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.arrays import Array
from adcli.engines.structure import Result
from adcli.render.numerals import aligned, inline
from adcli.render.style import GRADIENT, NAME, QUIET, VALUE, Style, ends
from adcli.trace import Trace, argument_text

LEAST_ROOM = 8


def graph_table(console: Console, trace: Trace, result: Result, style: Style) -> None:
    """Leaves first, then nodes in the order of the trace. Long values are shortened."""
    kinds = {"input": trace.inputs, "target": trace.targets, "parameter": trace.parameters}
    rows = [(name, kind, "") for kind, leaves in kinds.items() for name in leaves]
    rows += [(node.name, node.op, ", ".join(map(argument_text, node.arguments))) for node in trace.nodes]
    shown = ends(rows, None)
    widths = [max(len(row[column]) for row in shown if row) for column in range(3)]
    room = max(LEAST_ROOM, (console.width - sum(max(w, 9) + 2 for w in widths)) // 2 - 2)
    names = [row[0] for row in shown if row]
    data, grads = (_column(of, names, room, style) for of in (result.values, result.gradients))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=QUIET)
    for heading in ("name", "operation", "arguments", "data", "grad"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for row in shown:
        if row is None:
            table.add_row(*[Text("⋮", QUIET)] * 5)
            continue
        name, op, arguments = row
        what = Text(op, QUIET if name in trace.leaves else "")
        table.add_row(
            Text(name, NAME), what, Text(arguments), Text(data[name], VALUE), Text(grads.get(name, ""), GRADIENT)
        )
    console.print(table)


def _column(values: Mapping[str, Array], names: list[str], room: int, style: Style) -> dict[str, str]:
    """What stands in a column of the table by name; where all are numbers, their points stand under each other."""
    known = [name for name in names if name in values]
    texts = [inline(values[name], room, style.digits, style.fractions) for name in known]
    if not any(np.ndim(values[name]) for name in known):
        texts = aligned(texts)
    return dict(zip(known, texts, strict=True))
