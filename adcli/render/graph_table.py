"""A trace as a table of its graph: a row a leaf and a node, with what it is made of, its value and its gradient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.table import Table
from rich.text import Text

from adcli.arrays import Array
from adcli.engines.structure import Result
from adcli.render.numerals import aligned, inline
from adcli.render.style import GRADIENT, NAME, QUIET, VALUE, Style, ends
from adcli.trace import Trace, argument_text

HEADINGS = ("name", "operation", "arguments", "data", "grad")


def graph_table(trace: Trace, result: Result, style: Style, width: int) -> Table | None:
    """Leaves first, then nodes in the order of the trace; long values are shortened. None if wider than ``width``."""
    kinds = {"input": trace.inputs, "target": trace.targets, "parameter": trace.parameters}
    rows = [(name, kind, "") for kind, leaves in kinds.items() for name in leaves]
    rows += [(node.name, node.op, ", ".join(map(argument_text, node.arguments))) for node in trace.nodes]
    shown = ends(rows, None)
    names = [row[0] for row in shown if row]
    columns = [[heading, *(row[i] for row in shown if row)] for i, heading in enumerate(HEADINGS[:3])]
    left = width - sum(max(map(len, column)) + 2 for column in columns)
    data = _column(result.values, names, (left - 2) // 2, style)
    grads = _column(result.gradients, names, left - 2 - max(map(len, data.values())), style)
    if left < max(map(len, data.values())) + 2 + max(map(len, grads.values()), default=0):
        return None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=QUIET)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for row in shown:
        if row is None:
            table.add_row(*[Text("⋮", QUIET)] * 5)
            continue
        name, op, arguments = row
        what = Text(op, QUIET if name in trace.leaves else "")
        table.add_row(
            Text(name, NAME), what, Text(arguments), Text(data[name], VALUE), Text(grads.get(name, ""), GRADIENT)
        )
    return table


def _column(values: Mapping[str, Array], names: list[str], room: int, style: Style) -> dict[str, str]:
    """What stands in a column of the table by name; where all are numbers, their points stand under each other."""
    known = [name for name in names if name in values]
    texts = [inline(values[name], room, style.digits, style.fractions) for name in known]
    if not any(np.ndim(values[name]) for name in known):
        texts = aligned(texts)
    return dict(zip(known, texts, strict=True))
