"""The network in characters: the strip that returns on every slide."""

from __future__ import annotations

from typing import NamedTuple

from adcli.explain.drawings import Box, Direction, Gap, Network, ParameterBox, Pill
from adcli.explain.maths import Listed, Number, Role
from adcli.explain.progress import State
from adcli.render.maths_text import NAME_LENGTHS, Pen
from adcli.render.segments import STYLES, Segments, length
from adcli.render.shown import entries

MOST_ARCS = 3
MOST_BELOW = (12, 9, 6, 3, 0)
ARROW = 2  # columns before an item, in which its arrow ends


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


class Picture(NamedTuple):
    """Lines, which of them is the ``wire``, at which column we are, and from which on the last item stands."""

    lines: list[Segments]
    wire: int
    now: int
    last: int

    @property
    def width(self) -> int:
        return max(map(length, self.lines), default=0)


def network(block: Network, pen: Pen, width: int) -> list[Segments]:
    """The strip, with shorter names where it is too wide; where that doesn't help, the part around where we are."""
    for pen.longest in (None, *NAME_LENGTHS):
        picture = _picture(block, pen, width)
        if picture.width <= width:
            break
    pen.longest = None
    return _window(picture, width)


def _picture(block: Network, pen: Pen, width: int) -> Picture:
    """Arcs of skips, the wire, values below it, cotangents and parameters below them."""
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
    now = (centre for item, centre in zip(block.wire, centres, strict=True) if _state(item) is State.NOW)
    return Picture(canvas.drawn(), top, next(now, 0), column - wire - room[-1] - ARROW)


def _state(item: Pill | Box | Gap) -> State:
    return State.PLAIN if isinstance(item, Gap) else item.progress.state


def _window(picture: Picture, width: int) -> list[Segments]:
    """Of a picture that is too wide the part around where we are, and the last item, with dots between."""
    lines, wire, now, last = picture
    longest = picture.width
    if longest <= width:
        return lines
    tail = longest - last
    room = width - tail - 1 if tail < width // 2 else width
    begin = _before_a_pill(lines[wire], max(0, now - room // 2), now)
    if begin + room >= last:  # the window reaches the last item
        begin, room = _before_a_pill(lines[wire], longest - width, now), width
    cut: list[Segments] = []
    for row, line in enumerate(lines):
        part = _cropped(line, begin, begin + room, whole=row != wire)
        if row == wire and begin:
            part = [("⋯", "dim"), *_cropped(part, 1, room)]
        if room < width:
            end = _cropped(line, last, longest, whole=row != wire)
            dots = "⋯" if row == wire else " "
            part = [*part, (" " * (room - length(part)), ""), (dots, "dim"), *end]
        cut.append(part)
    while not any(text.strip() for text, _ in cut[-1]):
        cut.pop()
    return cut


def _before_a_pill(wire: Segments, begin: int, at: int) -> int:
    """A column from ``begin`` on after which a whole pill stands, if there is one before ``at``."""
    text = "".join(piece for piece, _ in wire)
    pills = [place for place in range(begin + 1, at) if text[place] in "(‹"]
    return pills[0] - 1 if begin and pills else begin


def _cropped(line: Segments, begin: int, end: int, whole: bool = False) -> Segments:
    """The characters of a line from ``begin`` up to ``end``; of ``whole`` words those that lie between."""
    found: Segments = []
    column = 0
    for text, style in line:
        left, right = max(0, begin - column), max(0, end - column)
        piece = text[left:right]
        if whole and len(piece) < len(text.rstrip()) and piece.strip():
            piece = " " * len(piece)
        column += len(text)
        if piece:
            found.append((piece, style))
    return found


def _face(item: Pill | Box | Gap, pen: Pen, role: Role) -> Segments:
    if isinstance(item, Gap):
        return [(f"⋯ {item.left_out} ⋯", "dim")]
    if isinstance(item, Box):
        text = pen.short("".join(t for t, _ in pen.runs(item.label)))
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
    numbers = pen.inline(item.below.expression)
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
