"""The result of ``adcli cost`` for people: the chain, the modes, checkpointing, and what to conclude."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcli.cost.chains import Chain
from adcli.cost.order import from_left
from adcli.cost.report import Checkpointing, Report
from adcli.errors import printable
from adcli.notation.numbers import number_text
from adcli.render.bars import bar
from adcli.render.cost_conclusions import conclusions
from adcli.render.style import Style

NAME, QUIET, BEST = "bold", "dim", "bold green"
COLOURS = {"numeric": "yellow", "symbolic": "blue", "forward": "magenta", "reverse": "cyan"}
MOST_NAMES = 12
NARROW = 60


class Bar(NamedTuple):
    """A line of a bar chart; ``terms`` is the sum that makes the amount."""

    label: str
    terms: str
    amount: int
    colour: str


def show(console: Console, found: Report, style: Style) -> None:
    """Print the result, ``console.width`` wide at most."""
    if found.trace.title:
        console.print(Text(printable(found.trace.title), NAME))
        console.print()
    if found.names:
        _one_chain(console, found)
        _all_chains(console, found)
        console.print()
    _modes(console, found)
    if found.checkpointing[-1].slots:
        console.print()
        _checkpointing(console, found, style)
    console.print()
    for text in conclusions(found):
        for line in textwrap.wrap(text, console.width):
            console.print(Text(line))


def count(number: int | None, width: int = 19) -> str:
    """A count with commas; a longer one as a power of ten, one that nobody knows as a dash."""
    if number is None:
        return "–"
    text = f"{number:,}"
    return text if len(text) <= width else f"{number:.2e}"


def table(*headings: str, right: bool = True) -> Table:
    """A table without lines: the first column on the left, the others on the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style=QUIET)
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="right" if number and right else "left", no_wrap=True)
    return made


def _one_chain(console: Console, found: Report) -> None:
    """The longest chain, drawn: its factors with their shapes, and the products of each order."""
    name, chain = found.longest
    if chain.path is None or len(chain.path) < 3:
        return
    sizes = [found.graph.sizes[of] for of in chain.path]
    console.print(Text(f"The chain of {name}", NAME))
    console.print()
    _factors(console, chain, sizes)
    console.print()
    left = [(sizes[0], a, b) for a, b in pairwise(sizes[1:])]
    right = [(a, b, sizes[-1]) for a, b in zip(sizes[-3::-1], sizes[-2:0:-1], strict=True)]
    terms = console.width // 2 - 4
    rows = [
        Bar("from the right", _terms(right, terms), chain.forward or 0, COLOURS["forward"]),
        Bar("from the left", _terms(left, terms), chain.reverse or 0, COLOURS["reverse"]),
    ]
    if chain.optimal is not None:
        rows.append(Bar("in the best order", "", chain.optimal, BEST))
    _bars(console, rows)
    _whole_order(console, chain)
    console.print()


def _factors(console: Console, chain: Chain, sizes: Sequence[int]) -> None:
    """The product, with the shape of each factor below it; the middle of a long one is left out."""
    names = chain.factor_names
    shapes = [f"{a} × {b}" for a, b in pairwise(sizes)]
    shown = list(zip(names, shapes, strict=True))
    middle: list[tuple[str, str]] = []
    while True:
        half = (len(shown) + 1) // 2
        pieces = [*shown[:half], *middle, *shown[half:]]
        widths = [max(len(a), len(b)) for a, b in pieces]
        if sum(widths) + 3 * (len(widths) - 1) + 2 <= console.width or len(shown) <= 2:
            break
        shown = [*shown[: half - 1], *shown[half:]] if len(shown) % 2 else [*shown[:half], *shown[half + 1 :]]
        middle = [("…", "")]
    above = " · ".join(name.center(width) for (name, _), width in zip(pieces, widths, strict=True))
    below = "   ".join(shape.center(width) for (_, shape), width in zip(pieces, widths, strict=True))
    console.print(Text(f"  {above}".rstrip()))
    console.print(Text(f"  {below}".rstrip(), QUIET))


def _terms(products: Sequence[tuple[int, int, int]], width: int) -> str:
    """``2·2·4 + 1·2·4``, as the products are made; of many the first ones."""
    texts = [f"{a}·{b}·{c}" for a, b, c in products[:width]]
    if len(whole := " + ".join(texts)) <= width and len(products) <= width:
        return whole
    while len(texts) > 1 and len(" + ".join([*texts, "…"])) > width:
        texts.pop()
    return " + ".join([*texts, "…"])


def _bars(console: Console, rows: Sequence[Bar]) -> None:
    """A line each: label, terms, number, bar."""
    labels = max(len(row.label) for row in rows)
    terms = max(len(row.terms) for row in rows)
    if console.width < NARROW:
        terms = 0
    numbers = [count(row.amount) for row in rows]
    wide = max(map(len, numbers))
    most = max(row.amount for row in rows)
    for row, number in zip(rows, numbers, strict=True):
        line = Text(f"  {row.label.ljust(labels)}  ")
        if terms:
            line.append(f"{row.terms.rjust(terms)} {'=' if row.terms else ' '} ", QUIET)
        line.append(f"{number.rjust(wide)}  ")
        line.append(bar(row.amount, most, console.width - line.cell_len), row.colour)
        line.rstrip()
        console.print(line, no_wrap=True, crop=False)


def _all_chains(console: Console, found: Report) -> None:
    """A line for each name: what each order takes, and the best one with brackets."""
    console.print(Text("Multiplications for each name, every Jacobian a full matrix", NAME))
    narrow = console.width < NARROW
    headings = ("name", "right", "left", "best") if narrow else ("name", "from the right", "from the left", "best")
    rows = [(name, count(c.forward), count(c.reverse), count(c.optimal)) for name, c in found.chains.items()]
    together = ("together", count(found.chained("forward")), count(found.chained("reverse")), "")
    widths = [max(map(len, column)) for column in zip(headings, *rows, together, strict=True)]
    room = console.width - sum(widths) - 2 * len(widths)
    made = table(*headings)
    if not narrow:
        made.add_column("best order", no_wrap=True)
    gap = len(rows) // 2 if len(rows) < len(found.names) else None
    for number, (name, right, left, best) in enumerate(rows):
        if number == gap:
            made.add_row(*[Text("⋮", QUIET)] * len(headings))
        order = [] if narrow else [Text(_order(found.chains[name], room, found.graph.paths.get(name) == 1), QUIET)]
        made.add_row(Text(name, NAME), right, left, Text(best, BEST), *order)
    if len(found.names) > 1:
        shared = [] if narrow else [Text("what is shared counts once" if room > 26 else "", QUIET)]
        made.add_row(Text("together", QUIET), *together[1:], *shared)
    console.print(made)


def _order(chain: Chain, room: int, single: bool) -> str:
    """The best order, in full where it fits."""
    if chain.path is None:
        return "too many factors to list" if single else "several paths"
    order = chain.order
    if order is None:
        return "too long to search"
    if len(order) <= room:
        return order
    if chain.best is not None and chain.best.split is from_left:
        return "from the left"
    return order[: max(1, room - 1)].rstrip() + "…"


def _whole_order(console: Console, chain: Chain) -> None:
    """The best order on lines of its own, where these are few."""
    if chain.order is None or len(chain.order) > 4 * console.width:
        return
    console.print()
    for line in textwrap.wrap(chain.order, console.width - 2):
        console.print(Text(f"  {line}", BEST))


def _modes(console: Console, found: Report) -> None:
    console.print(Text("Each mode, for all gradients together, the forward pass included", NAME))
    narrow = console.width < NARROW
    if narrow:
        made = table("mode", "calls", "products", "held")
    else:
        made = table("mode", "evaluations", "multiplications", "full matrices", "numbers held")
    for mode, cost in found.modes.items():
        numbers = [count(number, 15) for number in cost]
        made.add_row(Text(mode, COLOURS[mode]), *(numbers[:2] + numbers[3:] if narrow else numbers))
    console.print(made)
    if found.modes["symbolic"].operations is not None:
        note = "symbolic: operations of the formulas, after and before common subexpressions"
        for line in textwrap.wrap(note, console.width):
            console.print(Text(line, QUIET))
    products = {mode: cost.operations for mode, cost in found.modes.items() if mode != "symbolic"}
    _mode_bars(console, "Multiplications", products)
    _mode_bars(console, "Numbers held at most", {mode: cost.stored for mode, cost in found.modes.items()})


def _mode_bars(console: Console, heading: str, amounts: dict[str, int | None]) -> None:
    known = [Bar(mode, "", amount, COLOURS[mode]) for mode, amount in amounts.items() if amount is not None]
    if known:
        console.print()
        console.print(Text(heading, NAME))
        _bars(console, known)


def _checkpointing(console: Console, found: Report, style: Style) -> None:
    console.print(Text("Checkpointing in reverse mode: at most so many values kept", NAME))
    narrow = console.width < NARROW
    made = table("slots", "evaluations", "ratio")
    made.columns[0].justify = "right"
    if not narrow:
        made.add_column("", no_wrap=True)
    made.add_column("kept at first", no_wrap=True)
    rows = _no_repeats(found.checkpointing)
    most = max(row.ratio for row in rows)
    evaluations = [count(row.evaluations) for row in rows]
    ratios = [_ratio(row.ratio, style) for row in rows]
    used = 11 + max(11, *map(len, evaluations)) + 2 + max(5, *map(len, ratios)) + (0 if narrow else 18)
    for row, evaluated, ratio in zip(rows, evaluations, ratios, strict=True):
        drawn = [] if narrow else [Text(bar(row.ratio, most, 16), COLOURS["reverse"])]
        kept = Text(_listed(row.kept, console.width - used), QUIET)
        made.add_row(str(row.slots), evaluated, ratio, *drawn, kept)
    console.print(made)


def _ratio(ratio: float, style: Style) -> str:
    return number_text(ratio, style.digits, True) if style.fractions else f"{ratio:.{style.digits - 1}f}"


def _no_repeats(rows: Sequence[Checkpointing]) -> list[Checkpointing]:
    """Without the rows whose added slots change nothing."""
    return [*rows[:1], *(row for before, row in pairwise(rows) if before[1:] != row[1:])]


def _listed(names: Sequence[str], room: int) -> str:
    """The names, as many as fit."""
    text = ""
    for number, name in enumerate(names):
        longer = f"{text}, {name}" if text else name
        last = number == len(names) - 1
        if len(longer) + (0 if last else 3) > room:
            return f"{text}, …" if text else "…"
        text = longer
    return text or "nothing"
