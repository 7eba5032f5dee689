"""The strip: values on a wire as round pills, primitives between them, parameters in square boxes below."""

from __future__ import annotations

from collections.abc import Iterator

from adcli.explain.blocks import Box, Direction, Gap, Network, ParameterBox, Pill, Progress, Skip, State
from adcli.explain.maths import Expression, Listed, Matrix, Number, Role
from adcli.render.beamer.pen import TICK, Pen, changing, prose, states
from adcli.render.shown import entries, shown

CHARACTER = 1.25  # mm, of a digit in the strip
PILL, BOX, GAP, LEAST = 10.0, 6.4, 9.0, 3.4  # mm: widths, and the least length of an arrow
PARAMETER_Y, BELOW_Y, VALUE_Y = -7.2, -5.4, -10.0
HEIGHT, ARCS, LARGE = 15.2, 3.2, 11.0  # mm of a strip with the air around it, and what some need more


def height(network: Network) -> float:
    """What a strip takes of the slide, in mm."""
    return HEIGHT + ARCS * bool(network.skips) + LARGE * network.large


def network(pen: Pen, block: Network, width: float) -> str:
    """A TikZ picture of at most ``width`` mm."""
    centres, halves = _places(pen, block, width)
    lines = [*_items(pen, block, centres, halves), *_arrows(block), *_arcs(block), *_parameters(pen, block, centres)]
    picture = "\n".join(f"  {line}" for line in lines)
    scale = r"\adfit" + f"{{{width}mm}}{{{height(block) + 12 * block.large:.1f}mm}}"
    return f"{scale}{{\\begin{{tikzpicture}}[ad]\n{picture}\n\\end{{tikzpicture}}}}"


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
        letters = sum(len(getattr(run, "text", "f1")) for run in item.label)
        return max(BOX, 2.4 + CHARACTER * letters)
    name = len(item.name.base) + len(item.name.sub) * 0.7
    second = _length(pen, item.value) if item.value is not None else len(item.shape)
    return max(PILL, 2.8 + CHARACTER * max(name, second + (2 if item.times else 0)))


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
        kind, content = ("value", _pill(pen, item)) if isinstance(item, Pill) else ("primitive", pen.runs(item.label))
        size = f"minimum width={2 * half:.1f}mm"
        nodes = [
            rf"\node[ad {kind},{size}{_style(item, state, block.role)}] {at} {{{content}}};"
            for state in states(item.progress)
        ]
        yield changing(item.progress, *nodes)
        if isinstance(item, Pill) and item.below is not None:
            mark = r"\blacktriangleleft" if block.direction is Direction.BACK else r"\blacktriangleright"
            below = rf"$\color{{{block.role.name}}}{mark}\,{pen.word(item.below)}$"
            yield rf"\node at ({x:.1f},{BELOW_Y}) {{\adsize{{5.6}}{below}}};"


def _pill(pen: Pen, pill: Pill) -> str:
    name = f"${pen.maths(pill.name)}$"
    times = rf"\admute{{{pill.times}$\,\times\,$}}" if pill.times else ""
    if pill.value is not None:
        return rf"{name}\\[-0.5mm]\adsize{{6}}{times}${pen.word(pill.value)}$"
    shape = rf"{{\adsize{{5}}{times}\admute{{{prose(pill.shape)}}}}}" if pill.shape and pill.shape != "1" else ""
    return rf"{name} {shape}".rstrip()


def _style(item: Pill | Box | ParameterBox, state: State, role: Role) -> str:
    if state is State.NOW:
        return f",ad now={role.name}"
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
    return (
        rf"\draw[->,{_line(state, block.role)}] (n{ends[0]}.north) to[out={out},in={into},looseness=0.35] (n{ends[1]}.north);"
    )


def _parameters(pen: Pen, block: Network, centres: list[float]) -> Iterator[str]:
    right = -1e9
    wanted = [(sum(centres[use] for use in box.uses) / max(1, len(box.uses)), box) for box in block.parameters]
    shared: dict[float, int] = {}
    for x, _ in wanted:
        shared[x] = shared.get(x, 0) + 1
    taken: dict[float, float] = {}
    for place, (x, box) in enumerate(wanted):
        wide = 2.6 + CHARACTER * (len(box.name.base) + len(box.name.sub) + 0.9 * len(box.shape))
        if shared[x] > 1:  # several of one primitive stand side by side
            group = sum(2.6 + CHARACTER * (len(b.name.base) + len(b.name.sub) + 0.9 * len(b.shape)) + 0.8
                        for y, b in wanted if y == x)  # fmt: skip
            taken.setdefault(x, x - group / 2)
            centre = taken[x] + wide / 2
            taken[x] += wide + 0.8
        else:
            centre = x
        centre = max(centre, right + 0.8 + wide / 2)
        right = centre + wide / 2
        at = f"(p{place}) at ({centre:.1f},{PARAMETER_Y})"
        shape = rf"{{\adsize{{5}}\admute{{{prose(box.shape)}}}}}" if box.shape else ""
        nodes = []
        for state in states(box.progress):
            tick = rf" {TICK}" if state is State.DONE else ""
            content = f"${pen.maths(box.name)}$ {shape}{tick}"
            nodes.append(rf"\node[ad parameter{_style(box, state, block.role)}] {at} {{{content}}};")
        yield changing(box.progress, *nodes)
        for use in box.uses:
            stems = [rf"\draw[{_stem(state, block.role)}] (p{place}.north)--(n{use}.south);" for state in states(box.progress)]
            yield changing(box.progress, *stems)
        if block.large and box.value is not None:
            yield rf"\node[anchor=north] at ({centre:.1f},{VALUE_Y}) {{$\arraycolsep=0.8mm {pen.maths(box.value)}$}};"


def _stem(state: State, role: Role) -> str:
    return f"{role.name},line width=0.4mm" if state is State.NOW else "PARAMETER"
