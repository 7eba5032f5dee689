"""How cost grows, for people: operations and times at each size, and a plot of both."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from adcli.cost.sweep import MODES, Point, Range, slope
from adcli.errors import printable
from adcli.notation.numbers import number_text
from adcli.render.cost_text import COLOURS, NAME, NARROW, QUIET, count, table
from adcli.render.plot import Series, log_log
from adcli.render.style import Style

HEIGHT = 14


def show(console: Console, title: str | None, wanted: Range, points: Sequence[Point], style: Style) -> None:
    """Print the growth, ``console.width`` wide at most."""
    if title:
        console.print(Text(printable(title), NAME))
        console.print()
    operations: dict[str, list[float | None]] = {m: [point.operations[m] for point in points] for m in MODES}
    seconds = {m: [point.seconds[m] for point in points] for m in MODES if m != "symbolic"}
    what = "width" if wanted.vary == "width" else "number"
    console.print(Text(f"Multiplications by the {what} of the hidden layers", NAME))
    if console.width < NARROW:
        del operations["symbolic"]
    texts = {m: [count(point.operations[m], 13) for point in points] for m in operations}
    _table(console, wanted, points, operations, texts, style)
    _plot(console, wanted, operations)
    console.print()
    console.print(Text("Measured times, drawn in seconds", NAME))
    _table(console, wanted, points, seconds, {m: [_time(s) for s in times] for m, times in seconds.items()}, style)
    _plot(console, wanted, seconds)
    console.print()
    for text in _conclusions(wanted, operations, points):
        for line in textwrap.wrap(text, console.width):
            console.print(Text(line))


def _table(
    console: Console,
    wanted: Range,
    points: Sequence[Point],
    amounts: Mapping[str, Sequence[float | None]],
    texts: Mapping[str, Sequence[str]],
    style: Style,
) -> None:
    narrow = console.width < NARROW
    shown = list(amounts)
    made = table(wanted.vary, *([] if narrow else ["parameters"]), *shown)
    made.columns[0].justify = "right"
    for number, point in enumerate(points):
        cells = [Text(texts[mode][number], COLOURS[mode]) for mode in shown]
        made.add_row(str(point.size), *([] if narrow else [Text(count(point.parameters, 13), QUIET)]), *cells)
    if len(points) < 2:
        console.print(made)
        return
    slopes = [slope(wanted.sizes, amounts[mode]) for mode in shown]
    written = ["–" if s is None else number_text(s, style.digits, style.fractions) for s in slopes]
    made.add_row("slope", *([] if narrow else [""]), *(Text(text, NAME) for text in written))
    console.print(made)


def _plot(console: Console, wanted: Range, amounts: Mapping[str, Sequence[float | None]]) -> None:
    if len(wanted.sizes) < 2:
        return
    console.print()
    series = [
        Series(mode[0], COLOURS[mode], [(size, a) for size, a in zip(wanted.sizes, of, strict=True) if a])
        for mode, of in amounts.items()
    ]
    legend = Text("  ")
    for mode in amounts:
        legend.append(f"{mode[0]} {mode}  ", COLOURS[mode])
    if console.width >= NARROW:
        legend.append("* several", QUIET)
    legend.rstrip()
    console.print(legend)
    for line in log_log(series, min(console.width, 100), HEIGHT):
        console.print(line, no_wrap=True, crop=False)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{1000 * seconds:,.3f} ms"


def _conclusions(wanted: Range, operations: Mapping[str, Sequence[float | None]], points: Sequence[Point]) -> list[str]:
    slopes = {mode: slope(wanted.sizes, of) for mode, of in operations.items()}
    grows = [f"{mode} {2**s:.1f} ×" for mode, s in slopes.items() if s is not None]
    twice = "Twice the width" if wanted.vary == "width" else "Twice as many layers"
    found = [f"{twice}: {', '.join(grows)} the multiplications."] if grows else []
    last = points[-1]
    forward, reverse = last.operations["forward"], last.operations["reverse"]
    if forward and reverse:
        least, most = sorted((forward, reverse))
        winner, other = ("reverse", "forward") if reverse <= forward else ("forward", "reverse")
        ratio = most / least
        text = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
        found.append(f"At {wanted.vary} {last.size:,} {winner} mode does {text} × less work than {other} mode.")
    if len(points) > 1:
        found.append(
            "Times follow the multiplications only where these are many; below that each step costs the same. "
            "The slopes of measured times are rough."
        )
    if any(
        None in (*point.operations.values(), *(s for m, s in point.seconds.items() if m != "symbolic"))
        for point in points
    ):
        found.append("–: left out, since it would take too long or hold too much.")
    return found
