"""A plot as SVG: powers of ten on the axes, series told apart by their marks and named at their ends."""

from __future__ import annotations

import math
import re

from adcli.explain.drawings import Plot, Series
from adcli.render.html.cells import CLASSES
from adcli.render.html.svg import Piece, at, tspans
from adcli.render.html.words import safe

WIDTH, HEIGHT = 560.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 14.0, 16.0, 58.0
MOST_TICKS = 7
_RAISED = re.compile("([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")


def plot_svg(plot: Plot) -> str:
    """Points that are not positive, or below the floor, sit on the floor; what is not finite is left out."""
    axes = _Axes(plot)
    parts = [axes.frame()]
    if plot.floor is not None:
        y = axes.y(plot.floor[0])
        parts.append(
            f'<rect class="floor" x="{at(LEFT)}" y="{at(y)}" width="{at(WIDTH - LEFT - RIGHT)}" '
            f'height="{at(HEIGHT - BOTTOM - y)}"/>'
        )
        parts.append(_words((LEFT + WIDTH - RIGHT) / 2, min(y + 17, HEIGHT - BOTTOM - 5), plot.floor[1], "tiny"))
    if plot.marker is not None:
        x = axes.x(plot.marker[0])
        right = x > (LEFT + WIDTH) / 2
        foot = axes.y(plot.floor[0]) if plot.floor else HEIGHT - BOTTOM
        parts.append(f'<path class="here" d="M{at(x)} {at(TOP)}V{at(foot)}"/>')
        parts.append(_words(x + (-6 if right else 6), TOP + 14, plot.marker[1], "end" if right else "start"))
    parts += [axes.series(s) for s in plot.series]
    parts += [axes.key(i, s) for i, s in enumerate(plot.series)]
    return (
        f'<svg class="plot" viewBox="0 0 {at(WIDTH)} {at(HEIGHT + 26)}" style="--w:{at(WIDTH)}px" role="img" '
        f'aria-label="{safe(plot.alt)}">{"".join(parts)}</svg>'
    )


class _Axes:
    def __init__(self, plot: Plot) -> None:
        points = [p for s in plot.series for p in s.points if all(map(math.isfinite, p))]
        self.plot = plot
        floor = plot.floor[0] if plot.floor else min((y for _, y in points if y > 0), default=0.1)
        self.lowest = floor
        ys = [floor, *(max(y, floor) for _, y in points)]
        self.ys = _decades(min(ys), max(ys))
        if plot.floor and 10.0 ** self.ys[0] > floor / 3:
            self.ys = (self.ys[0] - 1, self.ys[1])
        xs = [x for x, _ in points if x > 0 or plot.linear_x] or [1.0]
        self.xs = (min(xs), max(xs)) if plot.linear_x else _decades(min(xs), max(xs))

    def x(self, value: float) -> float:
        low, high = self.xs
        scaled = value if self.plot.linear_x else math.log10(value)
        share = (scaled - low) / ((high - low) or 1)
        share = 1 - share if self.plot.falling_x else share
        return LEFT + 12 + share * (WIDTH - LEFT - RIGHT - 24)

    def y(self, value: float) -> float:
        low, high = self.ys
        share = (math.log10(max(value, 10.0**low)) - low) / ((high - low) or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def frame(self) -> str:
        plot, parts = self.plot, []
        for k in _ticks(*self.ys):
            y = self.y(10.0**k)
            parts.append(f'<path class="grid" d="M{at(LEFT)} {at(y)}H{at(WIDTH - RIGHT)}"/>')
            parts.append(f'<text class="end" x="{at(LEFT - 8)}" y="{at(y + 5)}">{_power(k)}</text>')
        if plot.linear_x:
            values = sorted({x for s in plot.series for x, _ in s.points})
            step = max(1, -(-len(values) // MOST_TICKS))
            ticks = [(v, safe(f"{v:g}")) for v in values[::step]]
        else:
            ticks = [(10.0**k, _power(k)) for k in _ticks(*self.xs)]
        for value, text in ticks:
            parts.append(f'<text x="{at(self.x(value))}" y="{at(HEIGHT - BOTTOM + 20)}">{text}</text>')
        parts.append(f'<path class="axis" d="M{at(LEFT)} {at(TOP)}V{at(HEIGHT - BOTTOM)}H{at(WIDTH - RIGHT)}"/>')
        parts.append(_words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, plot.x_label))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        parts.append(f'<text transform="translate(16 {at(middle)}) rotate(-90)">{safe(plot.y_label)}</text>')
        return "".join(parts)

    def series(self, s: Series) -> str:
        places = [
            (self.x(x), self.y(max(y, self.lowest)))
            for x, y in s.points
            if math.isfinite(x) and math.isfinite(y) and (x > 0 or self.plot.linear_x)
        ]
        line = " ".join(f"{at(x)},{at(y)}" for x, y in places)
        return (
            f'<g class="{CLASSES[s.role]}"><polyline points="{line}"/>{"".join(_mark(s.shape, *p) for p in places)}</g>'
        )

    def key(self, index: int, s: Series) -> str:
        x = LEFT + 14 + index * 170
        words = _words(x + 12, HEIGHT + 17, s.name, "start")
        return f'<g class="key {CLASSES[s.role]}">{_mark(s.shape, x, HEIGHT + 12)}{words}</g>'


def _decades(low: float, high: float) -> tuple[int, int]:
    bottom, top = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return (bottom, top) if top > bottom else (bottom, bottom + 1)


def _ticks(low: float, high: float) -> range:
    span = int(high) - int(low)
    return range(int(low), int(high) + 1, max(1, -(-span // MOST_TICKS)))


def _power(k: int) -> str:
    if 0 <= k <= 2:
        return str(10**k)
    return f'10<tspan font-size=".7em" dy="-7">{str(k).replace("-", "−")}</tspan>'


def _words(x: float, y: float, text: str, kind: str = "") -> str:
    class_ = f' class="{kind}"' if kind else ""
    return f'<text{class_} x="{at(x)}" y="{at(y)}">{tspans(_levels(text))}</text>'


def _levels(text: str) -> list[Piece]:
    """Raised digits apart: Latin Modern has no signs of their own for them."""
    return [Piece(part.translate(_DIGITS), level=place % 2) for place, part in enumerate(_RAISED.split(text)) if part]


def _mark(shape: str, x: float, y: float) -> str:
    if shape == "triangle":
        return f'<path d="M{at(x)} {at(y - 5.5)}l5 9h-10z"/>'
    if shape == "diamond":
        return f'<path d="M{at(x)} {at(y - 5.5)}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'
    return f'<circle cx="{at(x)}" cy="{at(y)}" r="4"/>'
