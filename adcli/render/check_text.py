"""The result of ``adcli check`` for people: the engines, each pair of them, and what stands apart."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.engines.check import Check
from adcli.engines.comparison import Ran
from adcli.engines.diagnose import component
from adcli.errors import printable
from adcli.render.style import NAME, QUIET

GOOD, BAD = "green", "bold red"
MOST_KINKS = 10


def show(console: Console, title: str | None, found: Check, costs: Mapping[str, int | None]) -> None:
    """Print the result, ``console.width`` wide at most. ``costs``: the multiplications of each engine."""
    if title:
        console.print(Text(printable(title), NAME))
        console.print()
    console.print(_engines(found.engines, costs))
    for skipped in found.skipped:
        _wrapped(console, f"{skipped.mode} was skipped: {skipped.reason}")
    console.print()
    console.print(_pairs(found))
    if found.kinks:
        console.print()
        _kinks(console, found)
    console.print()
    _verdict(console, found)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=QUIET)
    for number, heading in enumerate(headings):
        left = number == 0 or heading in ("time", "at")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    return table


def _engines(engines: list[Ran], costs: Mapping[str, int | None]) -> Table:
    table = _table("engine", "calls", "operations", "time")
    for ran in engines:
        formulas = ran.result.formulas
        calls = ran.result.evaluations if ran.mode == "numeric" else 0 if ran.mode == "symbolic" else 1
        operations = formulas.after if formulas else costs.get(ran.mode)
        counted = "" if operations is None else f"{operations:,}"
        table.add_row(Text(ran.mode, NAME), f"{calls:,}", counted, f"{1000 * ran.seconds:.1f} ms")
    return table


def _pairs(found: Check) -> Table:
    table = _table("engines", "largest difference", "digits", "at", "")
    for pair in found.pairs:
        mark = Text("✓ agree", GOOD) if pair.agree else Text("✗ differ", BAD)
        at = Text(component(pair.name, pair.place) if pair.max_error else "", QUIET)
        table.add_row(
            Text(f"{pair.a} – {pair.b}"), f"{pair.max_error:.1e}" if pair.max_error else "0", str(pair.digits), at, mark
        )
    return table


def _kinks(console: Console, found: Check) -> None:
    """Entries whose left and right derivatives differ; no engine can be right or wrong there."""
    shown = ", ".join(component(name, index) for name, index in found.kinks[:MOST_KINKS])
    rest = f" and {len(found.kinks) - MOST_KINKS} more" if len(found.kinks) > MOST_KINKS else ""
    _wrapped(console, f"At a kink, and not counted: {shown}{rest}")


def _verdict(console: Console, found: Check) -> None:
    odd = found.odd_one_out
    if len(found.engines) < 2:
        text = "There is nothing to compare."
    elif found.agree:
        text = f"All {len(found.engines)} engines agree, as far as each one's own accuracy goes."
    elif odd is None:
        text = "The engines differ, and no single one stands alone."
    elif odd.step is None:
        text = (
            f"{odd.mode} stands alone. It finds the derivative of each single step as the others do, "
            "so the fault is in how the steps are put together."
        )
    else:
        text = f"{odd.mode} stands alone: it differentiates the step {odd.step} in another way than the others do."
    _wrapped(console, text, NAME if found.agree else BAD)


def _wrapped(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(text, console.width):
        console.print(Text(line, style))
