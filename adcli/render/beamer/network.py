"""The strip: values on a wire as round pills, primitives between them, parameters in square boxes below."""

from __future__ import annotations

from collections.abc import Iterator

from adcli.explain.drawings import Box, Direction, Gap, Network, ParameterBox, Pill, Skip
from adcli.explain.maths import Expression, Listed, Matrix, Name, Number, Role
from adcli.explain.progress import Progress, State
from adcli.render.beamer.pen import TICK, Pen, changing, late, prose, states
from adcli.render.shown import entries, shown

CHARACTER, DIGIT = 1.25, 1.9  # mm, of a digit in the strip, and of one in a matrix below it
PILL, BOX, GAP, LEAST = 10.0, 6.4, 9.0, 3.4  # mm: widths, and the least length of an arrow
WIDEST, TICK_WIDTH = 28.0, 2.6  # mm; what is wider gets smaller
PARAMETER_Y, BELOW_Y, LOWER_Y, VALUE_Y = -7.2, -5.4, -11.2, -10.0
APART, RISE = 0.9, 0.8  # mm between parameters, and before a stem turns
LONGEST = 26.0  # mm of what hangs under a pill
HEIGHT, LOWER, ARCS, LARGE = 15.2, 2.6, 3.2, 11.0  # mm of a strip with the air around it, and what some need more


def height(pen: Pen, block: Network, width: float) -> float:
    """What a strip takes of the slide, in mm."""
    centres, _ = _places(pen, block, width)
    lower = _room_below(pen, block, centres, _spans(pen, block, centres)) is None
    return HEIGHT + ARCS * bool(block.skips) + LARGE * block.large + LOWER * lower


def network(pen: Pen, block: Network, width: float) -> str:
    """A TikZ picture of at most ``width`` mm."""
    centres, halves = _places(pen, block, width)
    spans = _spans(pen, block, centres)
    lines = [*_items(pen, block, centres, halves), *_arrows(block), *_arcs(block), *_parameters(pen, block, spans)]
    lines += _below(pen, block, centres, spans)
    picture = "\n".join(f"  {line}" for line in lines)
    tall = height(pen, block, width) + 12 * block.large
    return f"\\adfit{{{width}mm}}{{{tall:.1f}mm}}{{\\begin{{tikzpicture}}[ad]\n{picture}\n\\end{{tikzpicture}}}}"


def _places(pen: Pen, block: Network, width: float) -> tuple[list[float], list[float]]:
    """Where each item of the wire stands, and half of its width: spread over the whole width where there is room."""
    halves = [_width(pen, item) / 2 for item in block.wire]
    gaps = max(1, len(halves) - 1)
    space = max(LEAST, min(14.0, (width - 2 * sum(halves)) / gaps))
    centres, left = [], max(0.0, (width - 2 * sum(halves) - gaps * space) / 2)
    for half in halves:
        centres.append(left + half)
        left += 2 * half + space
    return centres, halves


def _width(pen: Pen, item: Pill | Box | Gap) -> float:
    if isinstance(item, Gap):
        return GAP
    if isinstance(item, Box):
        letters = sum(_letters(run) if isinstance(run, Name) else len(getattr(run, "text", "f1")) for run in item.label)
        return min(max(BOX, 2.4 + CHARACTER * letters), WIDEST)
    times = 2 if item.times else 0
    if item.value is not None:
        letters = max(_letters(item.name), _length(pen, item.value) + times)
    else:
        letters = _letters(item.name) + 0.9 * (len(item.shape) + times)
    return min(max(PILL, 2.8 + CHARACTER * letters), WIDEST)


def _letters(name: Name) -> float:
    """About how many digits wide a name is; words of a spec stand in bold."""
    return len(name.base) * (1.0 if len(name.base) < 3 else 1.3) + len(name.sub) * 0.8


def _length(pen: Pen, expression: Expression) -> float:
    """About how many digits wide an expression is."""
    if isinstance(expression, Listed):
        return sum(len(text) + 1 for text in entries(expression.array, expression.most, pen.numbers)) + 1
    if isinstance(expression, Matrix):
        return max(sum(len(cell.text) + 1 for cell in row) for row in shown(expression, pen.numbers).cells) + 1
    return len(f"{expression.value:.{pen.numbers.digits}g}") if isinstance(expression, Number) else 4


def _items(pen: Pen, block: Network, centres: list[float], halves: list[float]) -> Iterator[str]:
    for place, (item, x, half) in enumerate(zip(block.wire, centres, halves, strict=True)):
        at = f"(n{place}) at ({x:.1f},0)"
        if isinstance(item, Gap):
            yield rf"\node[admuted,minimum width={2 * half:.1f}mm] {at} {{$\cdots\,${item.left_out}$\,\cdots$}};"
            continue
        room = 2 * half - 2
        kind = "value" if isinstance(item, Pill) else "primitive"
        size = f"minimum width={2 * half:.1f}mm"
        nodes = [
            rf"\node[ad {kind},{size}{_style(item, state, block.role)}] {at} {{{_content(pen, item, state, room)}}};"
            for state in states(item.progress)
        ]
        yield changing(item.progress, *nodes)


def _below(pen: Pen, block: Network, centres: list[float], spans: list[tuple[float, float]]) -> Iterator[str]:
    """What hangs under the pills: between the boxes where there is room for all, else on a line below them."""
    mark = r"\blacktriangleleft" if block.direction is Direction.BACK else r"\blacktriangleright"
    room = _room_below(pen, block, centres, spans)
    y, room = (BELOW_Y, room) if room is not None else (LOWER_Y, LONGEST)
    for item, x in zip(block.wire, centres, strict=True):
        if isinstance(item, Pill) and item.below is not None:
            faces = [
                rf"\adsize{{5.6}}$\color{{{block.role.name}}}{mark}\,{pen.word(face)}$" if face is not None else None
                for face in (item.below.expression, item.below.before)
            ]
            below = late(item.below.since, faces[0] or "", faces[1])
            yield rf"\node at ({x:.1f},{y}) {{\adfit{{{room:.1f}mm}}{{4mm}}{{{below}}}}};"


def _room_below(pen: Pen, block: Network, centres: list[float], spans: list[tuple[float, float]]) -> float | None:
    """How wide what hangs under a pill may be beside the parameters; None where something is wider."""
    hanging = [
        (face, x)
        for item, x in zip(block.wire, centres, strict=True)
        if isinstance(item, Pill) and item.below is not None
        for face in (item.below.expression, item.below.before)
        if face is not None
    ]
    edges = [edge for span in spans for edge in span]
    room = min((2 * abs(x - edge) - 2.0 for _, x in hanging for edge in edges), default=LONGEST)
    widest = max((4 + CHARACTER * 0.85 * _length(pen, below) for below, _ in hanging), default=0.0)
    return max(room, 1.0) if widest <= room else None


def _content(pen: Pen, item: Pill | Box, state: State, room: float) -> str:
    if isinstance(item, Box):
        return rf"\adfit{{{room:.1f}mm}}{{5mm}}{{{pen.runs(item.label)}}}"
    return _pill(pen, item, room, known=state is not State.TO_COME)


def _pill(pen: Pen, pill: Pill, room: float, known: bool) -> str:
    times = rf"\admute{{{pill.times}$\,\times\,$}}" if pill.times else ""
    name = f"{times}${pen.maths(pill.name)}$"
    if pill.value is not None or pill.times:
        below = rf"${pen.word(pill.value)}$" if pill.value is not None else rf"\admute{{{prose(pill.shape)}}}"
        lines = (name, rf"\adsize{{6}}{below}" if known else rf"\phantom{{\adsize{{6}}{below}}}")
        return r"\\[-0.5mm]".join(rf"\adfit{{{room:.1f}mm}}{{4mm}}{{{line}}}" for line in lines)
    shape = rf"{{\adsize{{5}}\admute{{{prose(pill.shape)}}}}}" if pill.shape and pill.shape != "1" else ""
    return rf"\adfit{{{room:.1f}mm}}{{5mm}}{{{name} {shape}}}"


def _style(item: Pill | Box | ParameterBox, state: State, role: Role) -> str:
    if state is State.NOW:
        return ",ad new" if isinstance(item, Pill) else f",ad now={role.name}"
    if state is State.DONE and isinstance(item, ParameterBox):
        return ",ad done"
    coming = state is State.TO_COME and not isinstance(item, ParameterBox)
    return ",ad coming" if coming else ""


def _arrows(block: Network) -> Iterator[str]:
    for place, (a, b) in enumerate(zip(block.wire, block.wire[1:], strict=False)):
        if isinstance(b, Box) and not b.joined:
            continue
        ends = (place, place + 1) if block.direction is Direction.FORWARD else (place + 1, place)
        box = next((item.progress for item in (a, b) if isinstance(item, Box)), Progress())
        drawn = [_arrow(ends, _line(state, block.role)) for state in states(box)]
        yield changing(box, *drawn)


def _line(state: State, role: Role) -> str:
    if state is State.NOW:
        return f"{role.name},line width=0.5mm"
    return "admuted,densely dashed" if state is State.TO_COME else "admuted"


def _arrow(ends: tuple[int, int], style: str) -> str:
    return rf"\draw[->,{style}] (n{ends[0]})--(n{ends[1]});"


def _arcs(block: Network) -> Iterator[str]:
    for skip in block.skips:
        drawn = [_arc(skip, block, state) for state in states(skip.progress)]
        yield changing(skip.progress, *drawn)


def _arc(skip: Skip, block: Network, state: State) -> str:
    ends = (skip.source, skip.target) if block.direction is Direction.FORWARD else (skip.target, skip.source)
    out, into = (40, 140) if block.direction is Direction.FORWARD else (140, 40)
    bend = f"out={out},in={into},looseness=0.35"
    return rf"\draw[->,{_line(state, block.role)}] (n{ends[0]}.north) to[{bend}] (n{ends[1]}.north);"


def _parameters(pen: Pen, block: Network, spans: list[tuple[float, float]]) -> Iterator[str]:
    for place, (box, (left, right)) in enumerate(zip(block.parameters, spans, strict=True)):
        centre = (left + right) / 2
        at = f"(p{place}) at ({centre:.1f},{PARAMETER_Y})"
        shape = rf"{{\adsize{{5}}\admute{{{prose(box.shape)}}}}}" if box.shape else ""
        nodes, stems = [], []
        for state in states(box.progress):
            tick = rf" {TICK}" if state is State.DONE else ""
            content = rf"\adfit{{{right - left - 1.2:.1f}mm}}{{4mm}}{{${pen.maths(box.name)}$ {shape}{tick}}}"
            nodes.append(rf"\node[ad parameter{_style(box, state, block.role)}] {at} {{{content}}};")
            lines = (
                rf"\draw[{_stem(state, block.role)}] (p{place}.north)--++(0,{RISE})-|(n{use}.south);"
                for use in box.uses
            )
            stems.append("".join(lines))
        yield changing(box.progress, *nodes)
        yield changing(box.progress, *stems)
        if block.large and box.value is not None:
            value = rf"\adfit{{{right - left - 0.8:.1f}mm}}{{12mm}}{{${pen.maths(box.value)}$}}"
            yield rf"\node[anchor=north] at ({centre:.1f},{VALUE_Y}) {{{value}}};"


def _spans(pen: Pen, block: Network, centres: list[float]) -> list[tuple[float, float]]:
    """From where to where each parameter's box reaches: centred under what uses it, beside others of the same place."""
    wanted = [sum(centres[use] for use in box.uses) / max(1, len(box.uses)) for box in block.parameters]
    widths = [_parameter_width(pen, box, block.large) for box in block.parameters]
    spans: list[tuple[float, float]] = []
    for place, x in enumerate(wanted):
        beside = [width for width, other in zip(widths, wanted, strict=True) if other == x]
        together = sum(beside) + APART * (len(beside) - 1)
        first = place == 0 or wanted[place - 1] != x
        left = x - together / 2 if first else spans[-1][1] + APART
        left = max(left, spans[-1][1] + APART) if spans else left
        spans.append((left, left + widths[place]))
    return spans


def _parameter_width(pen: Pen, box: ParameterBox, large: bool) -> float:
    """Of the box itself, or of its numbers below it where it shows them."""
    letters = _letters(box.name) + 0.9 * len(box.shape)
    own = min(3.4 + CHARACTER * letters + TICK_WIDTH * (box.progress.state is State.DONE), WIDEST)
    if not large or box.value is None:
        return own
    return max(own, min(4.0 + DIGIT * _length(pen, box.value), WIDEST))


def _stem(state: State, role: Role) -> str:
    return f"{role.name},line width=0.4mm" if state is State.NOW else "PARAMETER"
