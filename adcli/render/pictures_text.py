"""The pictures of a slide in characters: the network, the chain rule, the storage row, bars, plots and graphs."""

from __future__ import annotations

import math

from adcli.explain.blocks import (
    Bars,
    Box,
    Chain,
    Direction,
    Factor,
    Gap,
    Graph,
    Labels,
    Network,
    ParameterBox,
    Pill,
    Plot,
    Progress,
    Slot,
    State,
    Storage,
    Tracker,
    Vertex,
)
from adcli.explain.maths import Listed, Name, Number, Partial, Role
from adcli.render.bars import bar
from adcli.render.maths_text import STYLES, Pen, Segments, length
from adcli.render.shown import entries

MOST_ARCS = 3
MOST_BELOW = (12, 9, 6, 3, 0)
MARKS = {State.DONE: "✓", State.NOW: "▸", State.TO_COME: "·"}


class Canvas:
    """Lines on which text is placed at a column; what would cover other text moves right."""

    def __init__(self) -> None:
        self.lines: dict[int, list[tuple[int, Segments]]] = {}

    def put(self, row: int, column: int, segments: Segments) -> None:
        self.lines.setdefault(row, []).append((max(0, column), segments))

    def centred(self, row: int, centre: int, segments: Segments) -> None:
        self.put(row, centre - length(segments) // 2, segments)

    def drawn(self) -> list[Segments]:
        """The lines from the first to the last."""
        found: list[Segments] = []
        for row in range(max(self.lines, default=-1) + 1):
            line: Segments = []
            for column, segments in sorted(self.lines.get(row, []), key=lambda item: item[0]):
                at = length(line)
                gap = column - at if column >= at else 1
                line += [(" " * gap, ""), *segments] if gap else segments
            found.append(line)
        return found


# --- the network ---------------------------------------------------------------------------------------------------


def network(block: Network, pen: Pen, width: int) -> list[Segments]:
    """The strip: arcs of skips, the wire, values below it, cotangents and parameters below them."""
    faces = [_face(item, pen, block.role) for item in block.wire]
    for most in MOST_BELOW:
        below = [_below(item, pen, most) for item in block.wire]
        hanging = [_hanging(item, pen, most) for item in block.wire]
        room = [max(length(part) for part in item) for item in zip(faces, below, hanging, strict=True)]
        if sum(room) + 2 * len(room) - 2 <= width:
            break
    else:
        faces = [[(text.strip(), style) for text, style in face] for face in faces]
        room = [max(length(face), length(other)) for face, other in zip(faces, hanging, strict=True)]
    wire = min(5, max(2, (width - sum(room)) // max(1, len(faces) - 1)))
    canvas = Canvas()
    top = len(block.skips[:MOST_ARCS])
    centres: list[int] = []
    column = end = 0
    for index, (face, size) in enumerate(zip(faces, room, strict=True)):
        start = column + (size - length(face)) // 2
        if index:
            canvas.put(top, end, _wire(block, index, start - end))
        canvas.put(top, start, face)
        centres.append(start + length(face) // 2)
        end = start + length(face)
        column += size + wire
    for centre, text, other in zip(centres, below, hanging, strict=True):
        if text:
            canvas.centred(top + 1, centre, text)
        if other:
            canvas.centred(top + 2, centre, other)
    _arcs(canvas, block, centres)
    _parameters(canvas, block, pen, centres, top)
    return canvas.drawn()


def _face(item: Pill | Box | Gap, pen: Pen, role: Role) -> Segments:
    if isinstance(item, Gap):
        return [(f"⋯ {item.left_out} ⋯", "dim")]
    if isinstance(item, Box):
        text = "".join(t for t, _ in pen.runs(item.label))
        if item.progress.state is State.NOW:
            return [(f"[{text}]", f"{STYLES[role]} bold reverse")]
        return [(f" {text} ", "dim" if item.progress.state is State.TO_COME else "")]
    name = pen.name(item.name)
    if item.progress.state is State.TO_COME:
        return [(f"‹{name}›", "dim")]
    return [(f"({name})", STYLES[item.name.role])]


def _below(item: Pill | Box | Gap, pen: Pen, most: int) -> Segments:
    """The numbers under a pill, at most so many characters; else its shape."""
    if not isinstance(item, Pill):
        return []
    numbers = ""
    if isinstance(item.value, Number):
        numbers = pen.inline_flat(item.value)
    elif isinstance(item.value, Listed):
        numbers = " ".join(entries(item.value.array, item.value.most, pen.numbers))
    if 0 < len(numbers) <= most:
        return [(numbers, "")]
    return [(item.shape, "dim")] if item.shape else []


def _hanging(item: Pill | Box | Gap, pen: Pen, most: int) -> Segments:
    """What hangs under a value: its cotangent, at most so many characters."""
    if not isinstance(item, Pill) or item.below is None:
        return []
    numbers = pen.inline(item.below)
    if length(numbers) > most:  # then the stage shows it
        return [("◂", STYLES[Role.COTANGENT])]
    return [("◂", STYLES[Role.COTANGENT]), *numbers]


def _line(block: Network, box: Box) -> tuple[str, str]:
    """The wire at both sides of a box."""
    if box.progress.state is State.NOW:
        return "━", STYLES[block.role]
    to_come = box.progress.state is State.TO_COME
    return "┄" if to_come and block.direction is Direction.FORWARD else "─", "dim" if to_come else ""


def _wire(block: Network, index: int, width: int) -> Segments:
    """The wire before item ``index``: into a box from the left, or out of a box into a pill."""
    before, after = block.wire[index - 1], block.wire[index]
    if isinstance(before, Gap) or isinstance(after, Gap):
        return [("─" * width, "dim")]
    if isinstance(after, Box) and not after.joined:
        return [(" " * width, "")]
    box = after if isinstance(after, Box) else before
    assert isinstance(box, Box)
    to_come = box.progress.state is State.TO_COME
    line, style = _line(block, box)
    if block.direction is Direction.BACK:
        if isinstance(after, Box):
            head = "" if to_come else "◀"
            return [(head + line * (width - len(head)), style)]
        return [(line * width, style)]
    if isinstance(after, Pill):
        return [(line * (width - 1) + ("▷" if to_come else "▶"), style)]
    return [(line * width, style)]


def _arcs(canvas: Canvas, block: Network, centres: list[int]) -> None:
    """Each skip on a line of its own above the wire."""
    for row, skip in enumerate(block.skips[:MOST_ARCS]):
        a, b = centres[skip.source], centres[skip.target]
        style = STYLES[block.role] if skip.progress.state is State.NOW else "dim"
        heads = ("▾", "╮") if block.direction is Direction.BACK else ("╭", "▾")
        canvas.put(row, a, [(heads[0] + "─" * max(0, b - a - 1) + heads[1], style)])


def _parameters(canvas: Canvas, block: Network, pen: Pen, centres: list[int], first: int) -> None:
    taken: dict[int, int] = {}
    for box in block.parameters:
        for use in box.uses:
            centre = centres[use]
            row = first + 2 + taken.get(use, 0)
            if not taken.get(use):
                canvas.centred(first + 1, centre, [("│", "dim")])
            lines = _parameter_lines(box, pen, block.role)
            for offset, line in enumerate(lines):
                canvas.centred(row + offset, centre, line)
            taken[use] = taken.get(use, 0) + len(lines)


def _parameter_lines(box: ParameterBox, pen: Pen, role: Role) -> list[Segments]:
    state = box.progress.state
    name = pen.name(box.name)
    mark = "✓" if state is State.DONE else ""
    style = {State.NOW: f"{STYLES[role]} bold", State.DONE: STYLES[Role.DONE]}.get(state, STYLES[box.name.role])
    lines: list[Segments] = [[(f"[{name}{mark}]", style)]]
    if box.value is not None:
        lines += pen.box(box.value).lines
    return lines


# --- the chain rule ------------------------------------------------------------------------------------------------


def tracker(block: Tracker, pen: Pen, width: int) -> list[Segments]:
    """A row for each path, equal factors under each other, and below it what they make so far."""
    texts = [[_factor(f, pen, block) for f in chain.factors] for chain in block.chains]
    widths = [0] * (max((f.column for c in block.chains for f in c.factors), default=0) + 1)
    for chain, row in zip(block.chains, texts, strict=True):
        for factor, text in zip(chain.factors, row, strict=True):
            widths[factor.column] = max(widths[factor.column], length(text))
    left = [_left(chain, pen, block.large) for chain in block.chains]
    margin = max((length(text) for text in left), default=0) + 1
    lines: list[Segments] = [[(block.caption, "dim")]]
    for chain, row, name in zip(block.chains, texts, left, strict=True):
        line: Segments = [*name, (" " * (margin - length(name)), "")]
        by_column = {f.column: text for f, text in zip(chain.factors, row, strict=True)}
        last = max(by_column, default=0)
        for column, size in enumerate(widths[: last + 1]):
            text = by_column.get(column, [])
            line += [*text, (" " * (size - length(text)), "")]
        if chain.progress.state is State.DONE:
            line += [(" ✓", STYLES[Role.DONE])]
        lines.append(line)
        if chain.result is not None and chain.span is not None and not block.large:
            lines.append(_bracket(chain, pen, widths, margin, by_column))
    if block.left_out:
        lines.append([("dim" and text, "dim") for text, _ in pen.runs(block.left_out)])
    return lines


def _left(chain: Chain, pen: Pen, large: bool) -> Segments:
    plus = "+" if chain.plus else ""
    if large:
        return [(f"{plus or pen.inline_flat(chain.left)} {'' if plus else '='}".strip(), "bold")]
    name = pen.name(chain.left.by) if isinstance(chain.left, Partial) else pen.inline_flat(chain.left)
    return [(plus or name, "bold")]


def _factor(factor: Factor, pen: Pen, block: Tracker) -> Segments:
    mark = MARKS.get(factor.progress.state, "·")
    if isinstance(factor.expression, Partial):
        of, by = pen.name(factor.expression.of), pen.name(factor.expression.by)
        text = f"∂{of}/∂{by}" if block.large else f"{of}/{by}"
    else:
        text = pen.inline_flat(factor.expression).replace("∂", "")
    style = {State.DONE: STYLES[Role.DONE], State.NOW: f"{STYLES[block.role]} bold reverse"}.get(
        factor.progress.state, "dim"
    )
    return [(f" {mark}{text}" if block.large else f"{mark}{text}", style)]


def _bracket(chain: Chain, pen: Pen, widths: list[int], margin: int, shown: dict[int, Segments]) -> Segments:
    assert chain.span is not None and chain.result is not None
    begin = margin + sum(widths[: chain.span[0]])
    size = sum(widths[chain.span[0] : chain.span[1]]) + length(shown.get(chain.span[1], []))
    name = f" {pen.inline_flat(chain.result)} "
    style = STYLES[chain.result.role] if isinstance(chain.result, Name) else ""
    rest = max(0, size - len(name) - 2)
    return [(" " * begin, ""), ("└" + "─" * (rest // 2) + name + "─" * (rest - rest // 2) + "┘", style)]


# --- the storage row -----------------------------------------------------------------------------------------------


def storage(block: Storage, pen: Pen, labels: Labels, width: int) -> list[Segments]:
    """Slots on one line, their states under them; then the meter and the facts."""
    label = f"{block.label} "
    rows: list[tuple[Segments, Segments]] = [([(label, "dim")], [(" " * len(label), "")])]
    for slot in block.slots:
        face, word = _slot(slot, pen, labels)
        size = max(length(face), length(word)) + 1
        if length(rows[-1][0]) + size > width + 1:
            rows.append(([(" " * len(label), "")], [(" " * len(label), "")]))
        top, bottom = rows[-1]
        top += [*face, (" " * (size - length(face)), "")]
        bottom += [*word, (" " * (size - length(word)), "")]
    lines: list[Segments] = []
    for top, bottom in rows:
        lines.append(top)
        if any(text.strip() for text, _ in bottom):
            lines.append(bottom)
    closing = [*_meter(block, pen), *pen.runs(block.facts)]
    if closing:
        if length(_stripped(lines[-1])) + length(closing) + 2 <= width:
            last = _stripped(lines[-1])
            lines[-1] = [*last, (" " * (width - length(last) - length(closing)), ""), *closing]
        elif length(_stripped(lines[0])) + length(closing) + 2 <= width:
            first = _stripped(lines[0])
            lines[0] = [*first, (" " * (width - length(first) - length(closing)), ""), *closing]
        else:
            lines.append([(" " * max(0, width - length(closing)), ""), *closing])
    return lines


def _stripped(line: Segments) -> Segments:
    """``line`` without the spaces at its end."""
    kept = list(line)
    while kept and not kept[-1][0].strip():
        kept.pop()
    return kept


def _slot(slot: Slot, pen: Pen, labels: Labels) -> tuple[Segments, Segments]:
    state = slot.progress.state
    name = pen.name(slot.name)
    numbers = _slot_numbers(slot, pen)
    text = f"[{name}{' ' + numbers if numbers else ''}]"
    styles = {
        State.LET_GO: "dim strike", State.NEVER_READ: "dim strike", State.NOT_KEPT: "dim", State.TO_COME: "dim",
        State.NOW: f"bold {STYLES[slot.role]}", State.READ_NEXT: f"bold {STYLES[slot.role]}",
    }  # fmt: skip
    if state is State.TO_COME:
        text = f"[{name} ·]"
    if state is State.NOT_KEPT:
        text = f"[{name} /]"
    style = styles.get(state, STYLES[slot.role])
    word = slot.note if slot.note else labels.states.get(state, "") if state not in (State.HELD, State.TO_COME) else ""
    return [(text, style)], [(word, "dim")]


def _slot_numbers(slot: Slot, pen: Pen) -> str:
    if slot.progress.state is State.RECOMPUTED:
        return "↻"
    if isinstance(slot.value, Listed):
        return " ".join(entries(slot.value.array, slot.value.most, pen.numbers))
    return pen.inline_flat(slot.value) if slot.value is not None else slot.shape


def _meter(block: Storage, pen: Pen) -> Segments:
    if block.meter is None:
        return []
    full = 10
    filled = round(full * min(1.0, block.meter.now / block.meter.most)) if block.meter.most else 0
    bar = [("█" * filled, STYLES[Role.VALUE]), ("░" * (full - filled), "dim"), (" ", "")]
    return [*bar, *pen.runs(block.meter.text)]


# --- bars, plots, graphs -------------------------------------------------------------------------------------------


def bars(block: Bars, pen: Pen, width: int) -> list[Segments]:
    """Horizontal bars, their numbers at the end."""
    lines: list[Segments] = [[(block.caption, "dim")]]
    labels = [pen.runs(item.label) for item in block.bars]
    margin = max((length(label) for label in labels), default=0) + 2
    numbers = max((len(item.text) for item in block.bars), default=0)
    most = max((_scaled(item.value, block.log) for item in block.bars), default=0.0)
    room = max(10, min(40, width - margin - numbers - 2))
    for item, label in zip(block.bars, labels, strict=True):
        drawn = bar(_scaled(item.value, block.log), most, room)
        gap = " " * (margin - length(label))
        lines.append([*label, (gap, ""), (drawn, STYLES[item.role]), (f" {item.text}", "bold")])
    return lines


def _scaled(value: float, log: bool) -> float:
    return math.log10(1.0 + value) if log else value


PLOT_HEIGHT = 13
POINTS = {"circle": "●", "triangle": "▲", "diamond": "◆"}


def plot(block: Plot, pen: Pen, width: int) -> list[Segments]:
    """Points on a grid of characters, an axis with powers of ten, the names of the series above it."""
    points = [(x, y) for series in block.series for x, y in series.points if y > 0.0]
    if not points:
        return [[(block.y_label, "dim")]]
    low = math.floor(math.log10(min(y for _, y in points)))
    high = math.ceil(math.log10(max(y for _, y in points)))
    high = max(high, low + 1)
    margin, columns = 7, max(20, min(44, width - 7))
    grid: dict[tuple[int, int], tuple[str, str]] = {}
    xs = [_along(x, block) for x, _ in points]
    least, largest = min(xs), max(xs)

    def column(x: float) -> int:
        share = (_along(x, block) - least) / ((largest - least) or 1.0)
        return round((1.0 - share if block.falling_x else share) * (columns - 1))

    def row(y: float) -> int:
        return round((high - math.log10(y)) / (high - low) * (PLOT_HEIGHT - 1))

    if block.marker:
        for line in range(PLOT_HEIGHT):
            grid[line, min(max(column(block.marker[0]), 0), columns - 1)] = ("┊", "dim")
    for series in block.series:
        for x, y in series.points:
            if y > 0.0:
                grid[row(y), column(x)] = (POINTS[series.shape], STYLES[series.role])
    legend: Segments = [(block.y_label, "dim")]
    for series in block.series:
        legend += [("  ", ""), (f"{POINTS[series.shape]} {series.name}", STYLES[series.role])]
    lines = [legend]
    for line in range(PLOT_HEIGHT):
        power = high - line * (high - low) / (PLOT_HEIGHT - 1)
        tick = f"1e{round(power)}" if line % 3 == 0 else ""
        cells: Segments = [(f"{tick:>{margin - 2}} ", "dim"), ("┤" if tick else "│", "dim")]
        cells += [grid.get((line, c), (" ", "")) for c in range(columns)]
        lines.append(cells)
    ends = [_tick(largest if block.falling_x else least, block), _tick(least if block.falling_x else largest, block)]
    lines.append([(" " * (margin - 1) + "└" + "─" * columns, "dim")])
    space = " " * max(1, columns - len(ends[0]) - len(ends[1]) - len(block.x_label)) if columns > 20 else " "
    half = len(space) // 2
    lines.append([(" " * margin + ends[0] + space[:half] + block.x_label + space[half:] + ends[1], "dim")])
    if block.marker:
        lines.append([(" " * margin + "┊ " + block.marker[1], "dim")])
    return lines


def _along(x: float, block: Plot) -> float:
    return x if block.linear_x else math.log10(x)


def _tick(position: float, block: Plot) -> str:
    return f"{position:g}" if block.linear_x else f"1e{round(position)}"


def graph(block: Graph, pen: Pen, width: int) -> list[Segments]:
    """Each vertex on a line: what it is made of, its data and its grad, and what flows along its edges."""
    names = [_vertex_name(v, pen) for v in block.vertices]
    margin = max((len(n) for n in names), default=0)
    sources = {i: [e for e in block.edges if e.target == i] for i in range(len(block.vertices))}
    rows: list[tuple[str, ...]] = []
    for i, vertex in enumerate(block.vertices):
        made = f"({vertex.op}) ← " + ", ".join(pen.name(block.vertices[e.source].name) for e in sources[i])
        rows.append((names[i], made if sources[i] else "", _short(vertex, pen, True), _short(vertex, pen, False)))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    widths[2], widths[3] = max(widths[2], len(block.heads[0])), max(widths[3], len(block.heads[1]))
    lines: list[Segments] = [
        [
            (" " * (margin + widths[1] + 6), ""),
            (block.heads[0].rjust(widths[2]), STYLES[Role.VALUE]),
            (" │ ", "dim"),
            (block.heads[1].rjust(widths[3]), STYLES[Role.COTANGENT]),
        ]
    ]
    for i, (vertex, row) in enumerate(zip(block.vertices, rows, strict=True)):
        mark = MARKS.get(vertex.progress.state, " ")
        style = {State.NOW: "bold reverse", State.TO_COME: "dim"}.get(vertex.progress.state, "")
        line: Segments = [
            (f"{mark} {row[0].ljust(margin)}  {row[1].ljust(widths[1])}  ", style),
            (row[2].rjust(widths[2]), STYLES[Role.VALUE]),
            (" │ ", "dim"),
            (row[3].rjust(widths[3]), STYLES[Role.COTANGENT]),
        ]
        flows = [e for e in block.edges if e.target == i and e.label is not None]
        for place, edge in enumerate(flows):
            assert edge.label is not None
            arrow = "◂" if block.direction is Direction.BACK else "▸"
            line += [
                ("   " if not place else "  ", ""),
                (f"{arrow} {pen.name(block.vertices[edge.source].name)}: ", "dim"),
            ]
            line += pen.inline(edge.label)
        lines.append(line)
    return lines


def _vertex_name(vertex: Vertex, pen: Pen) -> str:
    name = pen.name(vertex.name)
    return f"[{name}]" if vertex.leaf else f"(({name}))" if vertex.output else f"({name})"


def _short(vertex: Vertex, pen: Pen, data: bool) -> str:
    value = vertex.data if data else vertex.grad
    return pen.inline_flat(value) if value is not None else ""


def progress_mark(progress: Progress) -> str:
    """✓, ▸, · or nothing."""
    return MARKS.get(progress.state, "")
