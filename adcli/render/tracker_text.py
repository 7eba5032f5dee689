"""The chain rule in characters: how much of it is done."""

from __future__ import annotations

from adcli.explain.drawings import Chain, Factor, Tracker
from adcli.explain.maths import Name, Partial, Product, Role
from adcli.explain.progress import State
from adcli.render.layout import bracketed
from adcli.render.maths_text import Pen
from adcli.render.segments import STYLES, Segments, length, wrapped

MARKS = {State.DONE: "✓", State.NOW: "▸", State.TO_COME: "·"}
DONE_AT_THE_END = " ✓"


def tracker(block: Tracker, pen: Pen, width: int, most: int, bare: str = "") -> list[Segments]:
    """A row for each path, equal factors under each other, and below it what they make so far.

    Prose is as wide as ``width``; rows may be wider, but are broken where they don't fit ``most``. With the words
    ``bare`` the factors have no ∂, and the words say so.
    """
    rows = [{f.column: _factor(f, pen, block, not bare) for f in chain.factors} for chain in block.chains]
    widths = [0] * (max((column for row in rows for column in row), default=0) + 1)
    for row in rows:
        for column, text in row.items():
            widths[column] = max(widths[column], length(text))
    left = [_left(chain, pen, block.large) for chain in block.chains]
    margin = max((length(text) for text in left), default=0) + 1
    brackets = [_bracket(c, pen, widths, margin, row) for c, row in zip(block.chains, rows, strict=True)]
    lines = wrapped([(f"{block.caption}, {bare}" if bare else block.caption, "dim")], width)
    is_broken = not block.large and margin + sum(widths) + len(DONE_AT_THE_END) > most
    for (chain, shown), row, name, bracket in zip(bracketed(block), rows, left, brackets, strict=True):
        start: Segments = [*name, (" " * (margin - length(name)), "")]
        drawn = _large_row(start, row, widths, width) if block.large else [[*start, *_aligned(row, widths)]]
        if is_broken:
            drawn = _broken_row(start, row, most - len(DONE_AT_THE_END))
            bracket = [(" " * margin, ""), *_so_far(chain, pen)]
        if chain.progress.state is State.DONE:
            drawn[-1].append((DONE_AT_THE_END, STYLES[Role.DONE]))
        lines += drawn
        if shown and not block.large:
            lines.append(bracket)
    return [*lines, *wrapped(pen.muted(block.left_out), width)] if block.left_out else lines


def _left(chain: Chain, pen: Pen, large: bool) -> Segments:
    if chain.plus:
        return [("+", "bold")]
    if large:
        return [(f"{pen.inline_flat(chain.left)} =", "bold")]
    name = pen.name(chain.left.by) if isinstance(chain.left, Partial) else pen.inline_flat(chain.left)
    return [(name, "bold")]


def _factor(factor: Factor, pen: Pen, block: Tracker, with_partials: bool) -> Segments:
    mark = MARKS.get(factor.progress.state, "·")
    if factor.progress.state is State.PLAIN or (block.large and factor.progress.state is State.TO_COME):
        # nothing has begun: a product, without marks
        mark = ""
    elif pen.ascii:  # marks that look like signs of a formula stand apart from the factor before
        mark = f" {mark}"
    parts = factor.expression.factors if isinstance(factor.expression, Product) else (factor.expression,)
    text = (mark or "·").join(map(pen.inline_flat, parts))  # after ⋯ a dot would look like the mark of what is to come
    style = {State.DONE: STYLES[Role.DONE], State.NOW: f"{STYLES[block.role]} bold reverse"}.get(
        factor.progress.state, "dim"
    )
    return [(f"{mark}{text if with_partials else text.replace('∂', '')}", style)]


def _aligned(row: dict[int, Segments], widths: list[int]) -> Segments:
    line: Segments = []
    for column in range(max(row, default=-1) + 1):
        text = row.get(column, [])
        line += [*text, (" " * (widths[column] - length(text)), "")]
    return line


def _large_row(start: Segments, row: dict[int, Segments], widths: list[int], width: int) -> list[Segments]:
    """A product in columns; where that is too wide, broken before its dots."""
    first = min(row, default=0)
    line = list(start)
    for column in range(max(row, default=-1) + 1):
        text = row.get(column, [])
        times = " · " if column > first and text else "   " if column else ""
        line += [(times, "dim"), *text, (" " * (widths[column] - length(text)), "")]
    if length(line) <= width:
        return [line]
    lines = [list(start)]
    for column in sorted(row):
        times = " · " if column > first else ""
        if length(lines[-1]) + len(times) + length(row[column]) > width:
            lines.append([(" " * (length(start) - 3), "")])
        lines[-1] += [(times, "dim"), *row[column]]
    return lines


def _broken_row(start: Segments, row: dict[int, Segments], width: int) -> list[Segments]:
    """Factors in as many lines as they take, none of them broken."""
    lines = [list(start)]
    for column in sorted(row):
        if lines[-1] and length(lines[-1]) + length(row[column]) > width and length(lines[-1]) > length(start):
            lines.append([(" " * length(start), "")])
        lines[-1] += row[column]
    return lines


def _so_far(chain: Chain, pen: Pen) -> Segments:
    """The marks of the factors that are multiplied so far, and what they make: ✓ = h~."""
    return [(f"{marks_so_far(chain)} = ", "dim"), *(pen.inline(chain.result) if chain.result is not None else [])]


def marks_so_far(chain: Chain) -> str:
    """The marks of the factors that are multiplied so far."""
    states = {factor.progress.state for factor in chain.factors} - {State.TO_COME}
    return "".join(mark for state, mark in MARKS.items() if state in states)


def _bracket(chain: Chain, pen: Pen, widths: list[int], margin: int, row: dict[int, Segments]) -> Segments:
    """What the factors done make so far, under them; nothing where none is done."""
    if chain.span is None or chain.result is None:
        return []
    begin = margin + sum(widths[: chain.span[0]])
    size = sum(widths[chain.span[0] : chain.span[1]]) + length(row.get(chain.span[1], []))
    name = f" {pen.inline_flat(chain.result)} "
    style = STYLES[chain.result.role] if isinstance(chain.result, Name) else ""
    rest = max(0, size - len(name) - 2)
    return [(" " * begin, ""), ("└" + "─" * (rest // 2) + name + "─" * (rest - rest // 2) + "┘", style)]
