"""The result of ``adcli check`` for people: the engines, each pair of them, and what stands apart."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.engines.check import Check
from adcli.engines.comparison import Index, Pair, Ran
from adcli.engines.diagnose import component
from adcli.errors import printable
from adcli.notation.numbers import number_text
from adcli.render.style import NAME, QUIET, Style

GOOD, BAD = "green", "bold red"
MOST_LISTED = 10
NARROW = 66
FEW_DIGITS = 3


def show(console: Console, title: str | None, found: Check, costs: Mapping[str, int | None], style: Style) -> None:
    """Print the result, ``console.width`` wide at most. ``costs``: the multiplications of each engine."""
    if title:
        console.print(Text(printable(title), NAME))
        console.print()
    console.print(_engines(found.engines, costs))
    for skipped in found.skipped:
        _wrapped(console, f"{skipped.mode} was skipped: {skipped.reason}")
    console.print()
    console.print(_pairs(found, style, console.width < NARROW))
    if found.kinks:  # no engine can be right or wrong there
        _listed(console, "At a kink, and not counted", found.kinks)
    if found.uncompared:
        _listed(console, "Not compared, as a value or a slope on the way is not finite", found.uncompared)
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


def _pairs(found: Check, style: Style, narrow: bool) -> Table:
    table = _table(
        "engines", "difference" if narrow else "largest difference", "digits", *([] if narrow else ["at"]), ""
    )
    for pair in found.pairs:
        names = f"{pair.a[:3]}–{pair.b[:3]}" if narrow else f"{pair.a} – {pair.b}"
        difference = number_text(pair.max_error, style.digits, style.fractions) if pair.compared else "–"
        at = [] if narrow else [Text(component(pair.name, pair.place) if pair.max_error else "", QUIET)]
        table.add_row(Text(names), difference, str(pair.digits), *at, _mark(pair))
    return table


def _mark(pair: Pair) -> Text:
    if not pair.agree:
        return Text("✗ differ", BAD)
    if not pair.compared:
        return Text("nothing compared", QUIET)
    return Text("✓ agree" if pair.digits >= FEW_DIGITS else "✓ within error", GOOD)


def _listed(console: Console, what: str, entries: list[tuple[str, Index]]) -> None:
    shown = ", ".join(component(name, index) for name, index in entries[:MOST_LISTED])
    rest = f" and {len(entries) - MOST_LISTED} more" if len(entries) > MOST_LISTED else ""
    console.print()
    _wrapped(console, f"{what}: {shown}{rest}")


def _verdict(console: Console, found: Check) -> None:
    odd = found.odd_one_out
    if not any(pair.compared for pair in found.pairs):
        text = "There was nothing to compare."
    elif found.agree:
        rest = " where they were compared" if found.kinks or found.uncompared else ""
        text = f"All {len(found.engines)} engines agree{rest}, as far as each one's own accuracy goes."
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
