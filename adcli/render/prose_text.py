"""Paragraphs, worked entries, tables and programs of a slide in characters."""

from __future__ import annotations

from adcli.errors import printable
from adcli.explain.blocks import Code, State, Style, Table, Text, Work
from adcli.explain.maths import Role
from adcli.render.inline_text import LinePen
from adcli.render.segments import STYLES, Segments, length, wrapped

WIDEST = 78


def paragraph(text: Text, pen: LinePen, width: int) -> list[Segments]:
    mark = {Style.CHECK: "✓ ", Style.WARNING: "⚠ "}.get(text.style, "")
    head: Segments = [(mark, "bold")] * bool(mark) + ([(f"{printable(text.head)}: ", "bold")] if text.head else [])
    runs = pen.muted(text.runs) if text.style is Style.ASIDE else pen.runs(text.runs)
    return wrapped([*head, *runs], min(width, WIDEST))


def worked(work: Work, pen: LinePen, width: int) -> list[Segments]:
    line: Segments = [(f"{work.head}: ", "bold")]
    sum_line = pen.inline(work.line)
    room = min(width, WIDEST)
    head = [[*line, *sum_line]] if length(line) + length(sum_line) <= room else [line, [("  ", ""), *sum_line]]
    meaning = wrapped(pen.muted(work.meaning), room)
    return [*head, *meaning]


def table_lines(table: Table, pen: LinePen, width: int) -> list[Segments]:
    heads = [pen.runs(column.head) for column in table.columns]
    rows = [[pen.runs(cell) for cell in row.cells] for row in table.rows]
    widths = [max([length(head), *(length(row[k]) for row in rows)]) for k, head in enumerate(heads)]
    excess = sum(widths) + 2 * len(widths) - width
    if excess > 0:  # the widest column is wrapped
        widest = widths.index(max(widths))
        widths[widest] = max(12, widths[widest] - excess)
    rights = [column.right for column in table.columns]
    found: list[Segments] = [[(t, f"{s} dim".strip()) for t, s in _row(heads, widths, rights, "  ")[0]]]
    for row, cells in zip(table.rows, rows, strict=True):
        if row.rule:
            found.append([("  " + "─" * (sum(widths) + 2 * len(widths) - 2), "dim")])
        state = row.progress.state
        mark = {State.DONE: "✓ ", State.NOW: "▸ "}.get(state, "  ")
        style = {State.NOW: "reverse", State.TO_COME: "dim"}.get(state)
        lines = _row(cells, widths, rights, mark)
        found += [[(text, style) for text, _ in line] for line in lines] if style else lines
    if table.caption:
        found.append([(f"  {table.caption}", "dim")])
    return found


def program(code: Code) -> list[Segments]:
    found: list[Segments] = []
    for line in code.lines:
        state = line.progress.state
        style = {State.NOW: "bold reverse", State.DONE: "dim"}.get(state, "")
        mark = {State.NOW: "▸ ", State.DONE: "✓ "}.get(state, "  ")
        aside = f"  ◂ {line.aside}" if line.aside else ""
        found.append([(mark, ""), (printable(line.text), style), (aside, "dim")])
    return found


def _row(cells: list[Segments], widths: list[int], rights: list[bool], mark: str) -> list[Segments]:
    """A row of a table: its lines, as many as its longest cell takes."""
    wraps = [[cell] if length(cell) <= size else wrapped(cell, size) for cell, size in zip(cells, widths, strict=True)]
    found: list[Segments] = []
    for number in range(max(map(len, wraps))):
        line: Segments = [(mark if number == 0 else "  ", STYLES[Role.DONE] if mark == "✓ " else "")]
        for wrap, size, right in zip(wraps, widths, rights, strict=True):
            cell = wrap[number] if number < len(wrap) else []
            space = (" " * (size - length(cell)), "")
            line += [space, *cell, ("  ", "")] if right else [*cell, space, ("  ", "")]
        found.append(line)
    return found
