"""The evaluation trace as SVG: pills and boxes on a wire, parameters below; in full, large, or small for a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from adcli.explain.deck import Numbers
from adcli.explain.drawings import Box, Direction, Gap, Network, ParameterBox, Pill, Skip
from adcli.explain.maths import Matrix, Name
from adcli.explain.progress import PLAIN, Progress, State
from adcli.render.html.cells import CLASSES
from adcli.render.html.svg import Piece, at, faces, late_text, pieces, rect, run_pieces, state, text, text_width
from adcli.render.html.words import safe
from adcli.render.shown import shown

WIDTH = 1208.0
WIRE, PILL, BOX = 40.0, 56.0, 50.0
LEAST_GAP, MOST_GAP = 24.0, 56.0
LINE = 26.0
TICK = 27.0  # beside the words of a parameter, and as much at their other side


class Drawn(NamedTuple):
    """An item of the wire where it stands: ``x`` is its middle."""

    item: Pill | Box | Gap
    x: float
    width: float


class Frame(NamedTuple):
    """What all the strips of a deck share, so that nothing moves from slide to slide.

    Attributes:
        widths: how wide each value's pill is.
        low: parameters stand a line lower, because a cotangent under a pill would meet a box.
    """

    widths: Mapping[Name, float] = MappingProxyType({})
    low: bool = False


def common_frame(nets: Sequence[Network], numbers: Numbers) -> Frame:
    widths: dict[Name, float] = {}
    for pill in (item for net in nets for item in net.wire if isinstance(item, Pill)):
        widths[pill.name] = max(widths.get(pill.name, 0.0), _width(pill, numbers))
    return Frame(widths, any(_meets(net, numbers, Frame(widths)) for net in nets))


def _meets(net: Network, numbers: Numbers, frame: Frame) -> bool:
    """Whether what hangs under a pill meets the box of a parameter."""
    drawn, _ = _placed(net, numbers, frame)
    hanging = [(d.x, _below_width(d.item, numbers)) for d in drawn if isinstance(d.item, Pill)]
    boxes = _parameters(net, drawn, numbers, frame)
    return any(abs(x - b.x) < (width + b.width) / 2 + 4 for x, width in hanging if width for b in boxes)


def network_svg(net: Network, numbers: Numbers, frame: Frame) -> str:
    """The strip, or with ``net.large`` a picture whose parameters show their numbers."""
    drawn, width = _placed(net, numbers, frame)
    top = max((_rise(s) - 14 for s in net.skips), default=0.0)
    boxes = _parameters(net, drawn, numbers, frame)
    left = min([0.0, *(box.x - box.width / 2 - 4 for box in boxes)])
    right = max([width, *(box.x + box.width / 2 + 4 for box in boxes)])
    bottom = max([WIRE + PILL / 2 + 26, *(box.bottom + 4 for box in boxes)])
    parts = [*_wires(net, drawn), *_skips(net, drawn), *(_stems(box, drawn) for box in boxes)]
    parts += [_item(d, numbers) for d in drawn] + [_parameter(box, net, numbers) for box in boxes]
    size = f"{at(left)} {at(-top)} {at(right - left)} {at(bottom + top)}"
    kind = "net large" if net.large else "net full"
    return (
        f'<svg class="{kind} r-{CLASSES[net.role]}" viewBox="{size}" style="--w:{at(right - left)}px" role="img" '
        f'aria-label="{safe(net.alt)}">{"".join(parts)}</svg>'
    )


# --- the wire --------------------------------------------------------------------------------------------------


def _placed(net: Network, numbers: Numbers, frame: Frame) -> tuple[list[Drawn], float]:
    widths = [
        max(_width(item, numbers), frame.widths.get(item.name, 0.0) if isinstance(item, Pill) else 0.0)
        for item in net.wire
    ]
    gaps = max(1, len(widths) - 1)
    gap = min(MOST_GAP, max(LEAST_GAP, (WIDTH - 4 - sum(widths)) / gaps))
    total = sum(widths) + gap * (len(widths) - 1) + 4
    x = 2 + max(0.0, (WIDTH - total) / 2)
    drawn = []
    for item, width in zip(net.wire, widths, strict=True):
        drawn.append(Drawn(item, x + width / 2, width))
        x += width + gap
    return drawn, max(WIDTH, total)


def _width(item: Pill | Box | Gap, numbers: Numbers) -> float:
    match item:
        case Pill():
            inner = max(
                text_width(_pill_name(item), 21),
                text_width(_pill_value(item, numbers), 19),
                _below_width(item, numbers) - 20,
            )
            return max(62.0, inner + 30)
        case Box():
            return max(52.0, text_width(run_pieces(item.label, numbers), 21) + 20)
        case Gap():
            return text_width([Piece(_gap_text(item))], 19) + 8


def _gap_text(gap: Gap) -> str:
    return f"⋯ {gap.left_out} ⋯"


def _pill_name(pill: Pill) -> list[Piece]:
    named = pieces(pill.name, Numbers())
    return [Piece(f"{pill.times} × "), *named] if pill.times else named


def _pill_value(pill: Pill, numbers: Numbers) -> list[Piece]:
    if pill.value is None:
        return [Piece(pill.shape)] if pill.shape and pill.progress.state is not State.TO_COME else []
    return pieces(pill.value, numbers)


def _below_width(pill: Pill, numbers: Numbers) -> float:
    return max((text_width(face, 17) for face in faces(pill.below, numbers, "◀ ")), default=0.0)


def _item(d: Drawn, numbers: Numbers) -> str:
    match d.item:
        case Gap():
            return text(d.x, WIRE + 6, [Piece(_gap_text(d.item))], "sz")
        case Box():
            return (
                f'<g class="box"{state(d.item.progress)}>'
                f"{rect(d.x, WIRE - BOX / 2, d.width, BOX, 7)}"
                f"{text(d.x, WIRE + 7, run_pieces(d.item.label, numbers))}</g>"
            )
        case Pill():
            value = _pill_value(d.item, numbers)
            role = CLASSES[d.item.name.role] or "v"
            parts = [rect(d.x, WIRE - PILL / 2, d.width, PILL, PILL / 2)]
            parts.append(text(d.x, WIRE - 5 if value else WIRE + 7, _pill_name(d.item)))
            if value:
                parts.append(text(d.x, WIRE + 17, value, "val" if d.item.value is not None else "sz"))
            parts.append(late_text(d.x, WIRE + PILL / 2 + 21, d.item.below, numbers, "below", "◀ "))
            return f'<g class="pill {role}"{state(d.item.progress)}>{"".join(parts)}</g>'


def _wires(net: Network, drawn: list[Drawn]) -> list[str]:
    written = []
    for one, other in pairwise(drawn):
        if isinstance(other.item, Box) and not other.item.joined:
            continue
        box = next((d.item for d in (other, one) if isinstance(d.item, Box)), None)
        start, end = one.x + one.width / 2 + 2, other.x - other.width / 2 - 2
        if net.direction is Direction.BACK:
            start, end = end, start
        written.append(_arrow(start, end, box.progress if box else PLAIN))
    return written


def _arrow(start: float, end: float, progress: Progress) -> str:
    tip = 9 if end > start else -9
    return (
        f'<g class="wire"{state(progress)}><path d="M{at(start)} {at(WIRE)}H{at(end - tip)}"/>'
        f'<path class="head" d="M{at(end - tip)} {at(WIRE - 5)}l{tip} 5l{-tip} 5z"/></g>'
    )


def _rise(skip: Skip) -> float:
    """How far the handles of an arc stand above the wire's pills."""
    return min(84.0, 34.0 + 10 * (skip.target - skip.source))


def _skips(net: Network, drawn: list[Drawn]) -> list[str]:
    written = []
    for skip in net.skips:
        start, end = drawn[skip.source].x, drawn[skip.target].x - 8
        y, high = WIRE - PILL / 2 - 2, _rise(skip)
        back = net.direction is Direction.BACK
        tip, foot = (start, WIRE - PILL / 2 - 2) if back else (end, WIRE - BOX / 2 - 2)
        lift = y - high
        written.append(
            f'<g class="wire"{state(skip.progress)}><path fill="none" d="M{at(start)} {at(y)}'
            f'C{at(start)} {at(lift)} {at(end)} {at(lift)} {at(end)} {at(WIRE - BOX / 2 - 2)}"/>'
            f'<path class="head" d="M{at(tip - 5)} {at(foot - 8)}h10l-5 9z"/></g>'
        )
    return written


# --- parameters ------------------------------------------------------------------------------------------------


class Placed(NamedTuple):
    """A parameter's box: ``x`` its middle, ``lines`` its matrix row by row where it shows numbers."""

    box: ParameterBox
    x: float
    width: float
    top: float
    bottom: float
    lines: tuple[tuple[str, ...], ...]


def _parameters(net: Network, drawn: list[Drawn], numbers: Numbers, frame: Frame) -> list[Placed]:
    top = 108.0 if frame.low else 86.0
    placed: list[Placed] = []
    for box in net.parameters:
        lines: tuple[tuple[str, ...], ...] = ()
        if net.large and isinstance(box.value, Matrix) and box.value.array.size > 1:
            seen = shown(box.value, numbers, 4, 4)
            lines = tuple(tuple(cell.text.replace("-", "−") for cell in row) for row in seen.cells)
        head = text_width(_parameter_head(box, numbers), 19) + 2 * TICK
        width = max(64.0, head, sum(w + 12 for w in _column_widths(lines)) + 40)
        x = sum(drawn[use].x for use in box.uses) / len(box.uses) if box.uses else WIDTH / 2
        placed.append(Placed(box, x, width, top, top + 34 + LINE * len(lines), lines))
    return _spread(placed)


def _spread(placed: list[Placed]) -> list[Placed]:
    """Boxes that overlap move apart, those under one primitive to both sides of it."""
    placed = sorted(placed, key=lambda p: p.x)
    xs = [p.x for p in placed]
    for _ in range(40):
        moved = False
        for i in range(len(placed) - 1):
            overlap = (placed[i].width + placed[i + 1].width) / 2 + 10 - (xs[i + 1] - xs[i])
            if overlap > 0.5:
                xs[i] -= overlap / 2
                xs[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    return [p._replace(x=x) for p, x in zip(placed, xs, strict=True)]


def _parameter_head(box: ParameterBox, numbers: Numbers) -> list[Piece]:
    head = pieces(box.name, numbers)
    if box.value is not None and not (isinstance(box.value, Matrix) and box.value.array.size > 1):
        return [*head, Piece(" = "), *pieces(box.value, numbers)]
    return [*head, Piece(f" {box.shape}", small=True)] if box.shape else head


def _stems(p: Placed, drawn: list[Drawn]) -> str:
    top, foot = p.top, WIRE + BOX / 2
    paths = []
    for use in p.box.uses:
        x = drawn[use].x
        inside = min(max(x, p.x - p.width / 2 + 8), p.x + p.width / 2 - 8)
        paths.append(
            f"M{at(x)} {at(foot)}" + (f"V{at(top)}" if inside == x else f"V{at(top - 8)}H{at(inside)}V{at(top)}")
        )
    return f'<path class="stem" fill="none"{state(p.box.progress)} d="{"".join(paths)}"/>'


def _parameter(p: Placed, net: Network, numbers: Numbers) -> str:
    top = p.top
    name: Name = p.box.name
    parts = [rect(p.x, top, p.width, p.bottom - top, 0)]
    parts.append(text(p.x, top + 23, _parameter_head(p.box, numbers), "pn"))
    parts.append(f'<text class="tick" x="{at(p.x + p.width / 2 - 13)}" y="{at(top + 23)}">✓</text>')
    parts.append(_matrix(p, top + 34))
    return f'<g class="par {CLASSES[name.role] or "p"}"{state(p.box.progress)}>{"".join(parts)}</g>'


def _column_widths(lines: tuple[tuple[str, ...], ...]) -> list[float]:
    return [max(text_width([Piece(cell)], 18) for cell in column) for column in zip(*lines, strict=True)]


def _matrix(p: Placed, top: float) -> str:
    """The numbers of a parameter between brackets, columns aligned at the right."""
    if not p.lines:
        return ""
    widths = _column_widths(p.lines)
    half = (sum(widths) + 12 * (len(widths) - 1)) / 2 + 8
    height = LINE * len(p.lines) - 8
    written = []
    for i, row in enumerate(p.lines):
        x = p.x - half + 8
        for cell, width in zip(row, widths, strict=True):
            x += width
            written.append(f'<text class="num" x="{at(x)}" y="{at(top + 17 + LINE * i)}">{safe(cell)}</text>')
            x += 12
    for x, tip in ((p.x - half, 5), (p.x + half, -5)):
        written.append(f'<path class="brk" fill="none" d="M{at(x + tip)} {at(top)}h{-tip}v{at(height)}h{tip}"/>')
    return "".join(written)
