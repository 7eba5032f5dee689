"""Paragraphs, worked entries, tables and programs of a slide in characters."""

from __future__ import annotations

from adcli.errors import printable
from adcli.explain.blocks import Code, Style, Table, Text, Work
from adcli.explain.maths import Role
from adcli.explain.progress import State
from adcli.render.inline_text import LinePen
from adcli.render.segments import STYLES, Segments, length, wrapped

WIDEST = 78
MOST_OF_A_WORD = 20  # a longer one is broken where a table has no room


def paragraph(text: Text, pen: LinePen, width: int) -> list[Segments]:
    mark = {Style.CHECK: "✓ ", Style.WARNING: "⚠ "}.get(text.style, "")
    head: Segments = [(mark, "bold")] * bool(mark) + ([(f"{printable(text.head)}: ", "bold")] if text.head else [])
    runs = pen.muted(text.runs) if text.style is Style.ASIDE else pen.runs(text.runs)
    return wrapped([*head, *runs], min(width, WIDEST))


def worked(work: Work, pen: LinePen, width: int) -> list[Segments]:
    head: Segments = [(f"{work.head}: ", "bold")]
    by_hand = pen.inline(work.line)
    room = min(width, WIDEST)
    meaning = wrapped(pen.muted(work.meaning), room)
    if length(head) + length(by_hand) <= room:
        return [[*head, *by_hand], *meaning]
    return [head, *([("  ", ""), *line] for line in wrapped(by_hand, room - 2)), *meaning]


def table_lines(table: Table, pen: LinePen, width: int) -> list[Segments]:
    heads = [pen.runs(column.head) for column in table.columns]
    rows = [[pen.runs(cell) for cell in row.cells] for row in table.rows]
    widths = _widths([*rows, heads], width)
    rights = [column.right for column in table.columns]
    found = [[(t, f"{s} dim".strip()) for t, s in line] for line in _row(heads, widths, rights, "  ")]
    for row, cells in zip(table.rows, rows, strict=True):
        if row.rule:
            found.append([("  " + "─" * (sum(widths) + 2 * len(widths) - 2), "dim")])
        state = row.progress.state
        mark = {State.DONE: "✓ ", State.NOW: "▸ "}.get(state, "  ")
        style = {State.NOW: "reverse", State.TO_COME: "dim"}.get(state)
        lines = _row(cells, widths, rights, mark)
        found += [[(text, style) for text, _ in line] for line in lines] if style else lines
    return found


def program(code: Code, width: int) -> list[Segments]:
    found: list[Segments] = []
    for line in code.lines:
        state = line.progress.state
        style = {State.NOW: "bold reverse", State.DONE: "dim"}.get(state, "")
        mark = {State.NOW: "▸ ", State.DONE: "✓ "}.get(state, "  ")
        found.append([(mark, ""), (printable(line.text), style)])
        if line.aside:
            aside = f"  ◂ {printable(line.aside)}"
            if length(found[-1]) + len(aside) > width:
                found.append([])
            found[-1].append((aside, "dim"))
    return found


def _widths(rows: list[list[Segments]], width: int) -> list[int]:
    """How wide each column is: as its cells are, where there is room; else the widest are wrapped between words."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(length, column)) for column in columns]
    words = [max(max(map(len, "".join(t for t, _ in cell).split(" "))) for cell in column) for column in columns]
    while sum(widths) + 2 * len(widths) > width:
        wide = [k for k, size in enumerate(widths) if size > min(words[k], MOST_OF_A_WORD)]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


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
