"""Bars and plots in plain TikZ."""

from __future__ import annotations

import math
from collections.abc import Iterator

from adcli.explain.drawings import Bar, Bars, Plot, Series
from adcli.explain.maths import Role
from adcli.render.beamer.pen import Pen, from_phase, prose

MARKS = {
    "circle": r"\fill[{role}] ({x:.2f},{y:.2f}) circle[radius=0.6];",
    "triangle": r"\fill[{role}] ({x:.2f},{y:.2f}) +(90:0.85)--+(210:0.85)--+(330:0.85)--cycle;",
    "diamond": r"\fill[{role}] ({x:.2f},{y:.2f}) +(0:0.8)--+(90:0.8)--+(180:0.8)--+(270:0.8)--cycle;",
}
LEFT, BOTTOM, TOP = 10.0, 7.5, 5.0  # mm around a plot for its words
FLOOR = 3.2  # mm below all points and lines, for the words of the floor
TICKS = 6


def bars(pen: Pen, block: Bars, width: float) -> str:
    """A line a bar: its label, the bar and its number."""
    longest = width * 0.45
    lengths = _lengths(block, longest)
    rows = "\n".join(_bar(pen, bar, length) for bar, length in zip(block.bars, lengths, strict=True))
    caption = rf"\hbox{{\adsize{{6.5}}\admute{{\strut {prose(block.caption)}}}}}\vskip0.8mm " if block.caption else ""
    table = rf"\adtable{{{width}mm}}{{l@{{\kern2mm}}l}}{{{rows}}}"
    both = rf"\vbox{{{caption}\hbox{{{table}}}}}"
    return rf"\hbox{{{from_phase(block.phase, both)}}}"


def _lengths(block: Bars, longest: float) -> list[float]:
    values = [max(bar.value, 0.0) if math.isfinite(bar.value) else 0.0 for bar in block.bars]
    if block.log:
        values = [math.log10(1.0 + value) for value in values]
    most = max(values, default=0.0) or 1.0
    return [value / most * longest for value in values]


def _bar(pen: Pen, bar: Bar, length: float) -> str:
    colour = "adline" if bar.role is Role.PLAIN else bar.role.name
    return rf"& {pen.runs(bar.label)} & \adbar{{{colour}}}{{{max(length, 0.15):.2f}mm}}{prose(bar.text)} \\"


def plot(pen: Pen, block: Plot, width: float, height: float) -> str:
    """Axes, series told apart by the shape of their points, a marker and a floor."""
    lines = "\n".join(f"  {line}" for line in _drawing(block, width - LEFT - 2, height - BOTTOM - TOP))
    picture = f"\\begin{{tikzpicture}}[ad]\n{lines}\n\\end{{tikzpicture}}"
    return rf"\hbox{{\adfit{{{width}mm}}{{{height:.1f}mm}}{{{from_phase(block.phase, picture)}}}}}"


class _Axis:
    """From numbers to millimetres, linear or in powers of ten."""

    def __init__(
        self, numbers: list[float], length: float, log: bool, falling: bool = False, start: float = 0.0
    ) -> None:
        self.log, self.falling, self.start, self.length = log, falling, start, length - start
        scaled = [self._scaled(n) for n in numbers if math.isfinite(n) and (n > 0 or not log)] or [0.0]
        self.low, self.high = min(scaled), max(scaled)
        if log:
            self.low, self.high = math.floor(self.low), math.ceil(self.high)
        self.high += self.high == self.low

    def _scaled(self, number: float) -> float:
        return math.log10(number) if self.log else number

    def at(self, number: float) -> float | None:
        """Where ``number`` stands; at the edge if it is beyond; None if it can't be drawn."""
        if not math.isfinite(number):
            return None
        scaled = self.low if self.log and number <= 0 else self._scaled(number)
        share = min(max((scaled - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.start + self.length * (1 - share if self.falling else share)

    def ticks(self) -> list[tuple[float, str]]:
        step = max(1, math.ceil((self.high - self.low) / TICKS))
        first, last = math.ceil(self.low), math.floor(self.high)
        numbers = range(last, first - 1, -step)
        ticks = [(10.0**k, f"$10^{{{k}}}$") if self.log else (float(k), f"${k}$") for k in numbers]
        return [(at, text) for number, text in ticks if (at := self.at(number)) is not None]


def _drawing(block: Plot, width: float, height: float) -> Iterator[str]:
    points = [point for series in block.series for point in series.points]
    floor = [block.floor[0]] if block.floor else []
    x = _Axis([p[0] for p in points], width, not block.linear_x, block.falling_x)
    y = _Axis([*(p[1] for p in points if p[1] > 0), *floor], height, True, start=FLOOR if floor else 0.0)
    foot = 0.0
    if block.floor and (level := y.at(block.floor[0])) is not None:
        foot = level
        yield rf"\fill[adpanel] (0,0) rectangle ({width:.2f},{foot:.2f});"
        yield rf"\node[anchor=south east,admuted] at ({width:.2f},0.2) {{\adsize{{5.4}}{prose(block.floor[1])}}};"
    for at, text in y.ticks():
        yield rf"\draw[adline] (0,{at:.2f})--({width:.2f},{at:.2f});"
        yield rf"\node[left,admuted] at (-0.8,{at:.2f}) {{\adsize{{5.4}}{text}}};"
    for at, text in x.ticks():
        yield rf"\node[below,admuted] at ({at:.2f},-0.8) {{\adsize{{5.4}}{text}}};"
    yield rf"\node[below,admuted] at ({width / 2:.2f},-3.8) {{\adsize{{5.8}}{prose(block.x_label)}}};"
    yield rf"\node[rotate=90,above,admuted] at (-7.2,{height / 2:.2f}) {{\adsize{{5.8}}{prose(block.y_label)}}};"
    if block.marker and (here := x.at(block.marker[0])) is not None:
        side = "right" if here < width / 2 else "left"
        yield rf"\draw[adink,densely dotted] ({here:.2f},{foot:.2f})--({here:.2f},{height:.2f});"
        yield rf"\node[{side}=0.8mm] at ({here:.2f},{height - 1.2:.2f}) {{\adsize{{5.4}}{prose(block.marker[1])}}};"
    for series in block.series:
        yield from _series(series, x, y)
    yield _legend(block, height)


def _series(series: Series, x: _Axis, y: _Axis) -> Iterator[str]:
    role = "adink" if series.role is Role.PLAIN else series.role.name
    placed = [(x.at(a), y.at(b)) for a, b in series.points]
    drawn = [(across, up) for across, up in placed if across is not None and up is not None]
    if drawn:
        line = "--".join(f"({across:.2f},{up:.2f})" for across, up in drawn)
        yield rf"\draw[{role}!60!adground,line width=0.25mm] {line};"
    for across, up in drawn:
        yield MARKS[series.shape].format(role=role, x=across, y=up)


def _legend(block: Plot, height: float) -> str:
    parts = []
    for series in block.series:
        role = "adink" if series.role is Role.PLAIN else series.role.name
        mark = rf"\tikz[ad]{MARKS[series.shape].format(role=role, x=0, y=0)}"
        parts.append(rf"{mark}\kern0.8mm{{\color{{{role}}}{prose(series.name)}}}")
    words = r"\kern3mm ".join(parts)
    return rf"\node[anchor=south west] at (0,{height + 1.2:.2f}) {{\adsize{{6}}{words}}};"
