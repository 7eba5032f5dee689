"""Slides as Marp's Markdown: ``marp: true``, ``---`` between slides, formulas in ``$$``; readable as it stands."""

from __future__ import annotations

import json

from adcli.errors import printable
from adcli.explain.blocks import Code, Formula, Group, Runs, Slot, Storage, Style, Table, Text, Words, Work
from adcli.explain.deck import Block, Deck, Slide
from adcli.explain.drawings import Bars, Graph, Network, Plot, Tracker
from adcli.explain.maths import Dots, Expression, Raw, largest_matrix
from adcli.explain.progress import State
from adcli.render import charts_text as charts
from adcli.render import pictures_text as pictures
from adcli.render.maths import sign_latex, to_latex
from adcli.render.maths_text import Pen
from adcli.render.segments import Segments
from adcli.render.storage_text import filling

SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|$~&!"})
WIDTH = 78
MOST_ROWS = 6  # of a matrix that are shown
# For Marp, whose letters are otherwise too large for a slide that holds formulas and the chain rule.
STYLE = """style: |
  section { font-size: 19px; padding: 28px 48px; place-content: start stretch }
  section.tight { font-size: 15px }
  section.tighter { font-size: 12px }
  section.tightest { font-size: 10px }
  section h1 { font-size: 32px; margin: 0 }
  section :is(p, pre, table, blockquote) { margin: 0.4em 0 0 }
  section pre { font-size: 0.95em; line-height: 1.2; padding: 0.4em 0.7em }
  section table { font-size: 0.84em }
  section :is(td, th) { padding: 1px 0.6em }
  section mjx-container[display] { margin: 0.3em 0 !important }
"""
TIGHT = (("", 1.0), ("tight", 1.3), ("tighter", 1.6))
LINES = 23.0  # of prose that a slide holds under its title


def rendered(deck: Deck) -> str:
    """The whole document."""
    writer = _Writer(deck)
    title = json.dumps(escaped(deck.title), ensure_ascii=False)  # Markdown within YAML, as Quarto and pandoc read it
    front = f"---\nmarp: true\ntitle: {title}\nmath: mathjax\nlang: {deck.lang}\npaginate: true\n{STYLE}---\n"
    return front + "\n---\n".join(writer.slide(slide) for slide in deck.slides)


class _Writer:
    def __init__(self, deck: Deck) -> None:
        self.deck = deck
        self.numbers = deck.numbers
        self.pen = Pen(deck.numbers)

    def slide(self, slide: Slide) -> str:
        head = escaped(slide.head) + (f" · {escaped(slide.position.text)}" if slide.position else "")
        parts = [f"<!-- {_comment(slide.note)} -->" if slide.note else "", f"# {self.runs(slide.title)}"]
        tight = self.tightness(slide)
        if tight:
            parts.insert(0, f"<!-- _class: {tight} -->")
        if slide is self.deck.slides[0]:
            parts.insert(-1, f"**{escaped(self.deck.title)}**")
        parts.append(f"*{head}*" + (f" — {self.runs(slide.sentence)}" if slide.sentence else ""))
        if slide.strip is not None:
            parts.append(self.drawn(pictures.network(slide.strip, self.pen, WIDTH)))
        told = (b for b in (*slide.stage, *slide.side) if not _is_spare(b))
        parts += map(self.block, told)
        if slide.storage is not None:
            parts.append(self.storage(slide.storage))
        body = "\n\n".join(part for part in parts if part)
        return f"\n{body}\n"  # right after a rule, pandoc would take it for metadata

    def tightness(self, slide: Slide) -> str:
        """How much smaller the letters must be, so that a slide holds all of it."""
        strip = len(pictures.network(slide.strip, self.pen, WIDTH)) + 1 if slide.strip else 0
        lines = 2 + strip + sum(_lines(block) for block in (*slide.stage, *slide.side) if not _is_spare(block))
        lines += 1 + len(filling(slide.storage)) if slide.storage else 0
        return next((name for name, most in TIGHT if lines <= most * LINES), "tightest")

    def runs(self, runs: Runs) -> str:
        return "".join(self._run(run) for run in runs)

    def _run(self, run: Words | Expression) -> str:
        if not isinstance(run, Words):
            return f"${to_latex(run, self.numbers)}$"
        text = escaped(run.text)
        if not run.strong or not text.strip():
            return text
        inner = text.strip()
        return text.replace(inner, f"**{inner}**")

    def block(self, block: Block) -> str:
        match block:
            case Formula():
                return self.formula(block)
            case Group():
                mark = {State.DONE: " ✓", State.NOW: " ◂"}.get(block.progress.state, "")
                head = f"**{self.runs(block.label)}{mark}**"
                return "\n\n".join([head, *(self.formula(f) for f in block.formulas)])
            case Text():
                mark = {Style.CHECK: "✓ ", Style.WARNING: "⚠ "}.get(block.style, "")
                head = f"**{escaped(block.head)}:** " if block.head else ""
                return f"{mark}{head}{self.runs(block.runs)}"
            case Work():
                line = f"> **{escaped(block.head)}:** ${to_latex(block.line, self.numbers)}$"
                return line + (f" — {self.runs(block.meaning)}" if block.meaning else "")
            case Table():
                return self.table(block)
            case Code():
                marks = {State.NOW: "▸ ", State.DONE: "✓ "}
                lines = [
                    f"{marks.get(line.progress.state, '  ')}{printable(line.text)}"
                    + (f"   ◂ {line.aside}" if line.aside else "")
                    for line in block.lines
                ]
                return _fenced(lines)
            case Tracker():
                return self.tracker(block)
            case Network():
                return self.drawn(pictures.network(block, self.pen, WIDTH))
            case Graph():
                return self.drawn(charts.graph(block, self.pen, WIDTH))
            case Bars():
                return self.drawn(charts.bars(block, self.pen, WIDTH))
            case Plot():
                return self.drawn(charts.plot(block, self.pen, WIDTH))

    def formula(self, formula: Formula) -> str:
        pieces = [to_latex(formula.left, self.numbers)]
        for part in formula.parts:
            sign = sign_latex(part.sign, part.expression, self.numbers)
            pieces.append(f"{sign} {to_latex(part.expression, self.numbers)}")
        done = r" \;\checkmark" if formula.done else ""
        aside = rf" \qquad {self.aside(formula.aside)}" if formula.aside else ""
        return f"$$\n{' '.join(pieces)}{done}{aside}{self.reads(formula)}\n$$"

    def reads(self, formula: Formula) -> str:
        """The values that a line reads, at its end."""
        names = ", ".join(to_latex(name, self.numbers) for name in formula.reads)
        return rf" \qquad \text{{{printable(self.deck.labels.reads)} }}{names}" if names else ""

    def aside(self, runs: Runs) -> str:
        """Words and formulas within a formula."""
        return "".join(
            rf"\text{{{printable(run.text)}}}" if isinstance(run, Words) else to_latex(run, self.numbers)
            for run in runs
        )

    def table(self, table: Table) -> str:
        heads = [self.runs(column.head) for column in table.columns]
        rule = ["---:" if column.right else "---" for column in table.columns]
        lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(rule)} |"]
        for row in table.rows:
            mark = {State.DONE: " ✓", State.NOW: " ◂"}.get(row.progress.state, "")
            cells = [self.runs(cell) for cell in row.cells]
            cells[0] += mark
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def tracker(self, tracker: Tracker) -> str:
        """A row a path, a column for the factors that are the same matrix; after those done so far what they make."""
        marks = {State.DONE: "✓ ", State.NOW: "▸ ", State.TO_COME: "· "}
        lines = [
            f"| {escaped(tracker.caption)} | {' | '.join([' '] * tracker.columns)} | |",
            "|" + " --- |" * (tracker.columns + 2),
        ]
        for chain in tracker.chains:
            cells = [" "] * tracker.columns
            for factor in chain.factors:
                latex = r"\cdots" if isinstance(factor.expression, Dots) else to_latex(factor.expression, self.numbers)
                mark = marks.get(factor.progress.state, "")
                cells[factor.column] = f"{'' if tracker.large and mark == '· ' else mark}${latex}$"
            if chain.result is not None and chain.span is not None:
                first, last = chain.span
                if first < last:
                    cells[first], cells[last] = f"({cells[first]}", f"{cells[last]})"
                cells[last] += rf" $\to {to_latex(chain.result, self.numbers)}$"
            end = "✓" if chain.progress.state is State.DONE else ""
            left = "+" if chain.plus else f"${to_latex(chain.left, self.numbers)} =$"
            lines.append(f"| {left} | {' | '.join(cells)} | {end} |")
        more = f"\n\n{self.runs(tracker.left_out)}" if tracker.left_out else ""
        return "\n".join(lines) + more

    def storage(self, storage: Storage) -> str:
        """One line: slots, their states in words, meter and facts. While it fills, a line a phase before it."""
        earlier = [self._filling(row) for row in filling(storage)]
        return "\\\n".join([*earlier, self._storage(storage)])

    def _filling(self, storage: Storage) -> str:
        """``[ h₁ = (2, 2) | · | · ]``."""
        slots = ["·" if s.progress.state is State.TO_COME else self._slot(s) for s in storage.slots]
        return f"**{escaped(storage.label)}:** [ " + " | ".join(slots) + " ]"

    def _slot(self, slot: Slot) -> str:
        value = to_latex(slot.value, self.numbers) if slot.value is not None else ""
        shape = f" {escaped(slot.shape)}" if slot.shape and not value else ""
        name = "⋯" if slot.name.base == "⋯" else f"${to_latex(slot.name, self.numbers)}$"
        return name + (f" = ${value}$" if value else shape)

    def _storage(self, storage: Storage) -> str:
        slots = []
        for slot in storage.slots:
            state = slot.progress.state
            word = self.deck.labels.states.get(state, "") if state is not State.HELD else ""
            text = self._slot(slot)
            if state in (State.LET_GO, State.NEVER_READ):
                text = f"~~{text}~~"
            note = slot.note or word
            slots.append(text + (f" ({escaped(note)})" if note else ""))
        meter = f" — {self.runs(storage.meter.text)}" if storage.meter else ""
        facts = f" — {self.runs(storage.facts).removeprefix(' · ')}" if storage.facts else ""
        return f"**{escaped(storage.label)}:** " + " · ".join(slots) + meter + facts

    def drawn(self, lines: list[Segments]) -> str:
        return _fenced(["".join(text for text, _ in line) for line in lines])


def _lines(block: Block) -> float:
    """About how many lines of prose a block is high."""
    match block:
        case Formula():
            return 1.1 + 1.1 * max(1, min(largest_matrix(block)[0], MOST_ROWS))
        case Group():
            return 1.4 + sum(map(_lines, block.formulas))
        case Tracker():
            return 1.4 + 1.6 * len(block.chains)
        case Table():
            return 1.5 * (1 + len(block.rows))
        case Code():
            return 1.2 * len(block.lines) + 1
        case Bars():
            return 1.2 * (1 + len(block.bars)) + 1
        case Graph():
            return 1.2 * len(block.vertices) + 3
        case Plot() | Network():
            return 22
        case Text():
            long = sum(len(run.text) for run in block.runs if isinstance(run, Words | Raw)) / 110
            return 1.5 + long * (
                3 if any(r"\begin{array}" in run.latex for run in block.runs if isinstance(run, Raw)) else 1.2
            )
    return 1.5


def _is_spare(block: Block) -> bool:
    """What another slide shows as well: a step before, and a chain rule of which nothing is done yet."""
    if isinstance(block, Tracker):
        factors = [factor for chain in block.chains for factor in chain.factors]
        return not block.large and all(factor.progress.state is State.TO_COME for factor in factors)
    return isinstance(block, Group) and block.spare


def escaped(text: str) -> str:
    """Untrusted text in Markdown's prose."""
    return printable(text).translate(SPECIAL)


def _comment(text: str) -> str:
    """Text within a comment can't end it."""
    return printable(text).replace("--", "- -").replace(">", "›")


def _fenced(lines: list[str]) -> str:
    """Lines as they are; a fence longer than any run of backquotes inside."""
    body = "\n".join(line.rstrip() for line in lines)
    fence = "```"
    while fence in body:
        fence += "`"
    return f"{fence}text\n{body}\n{fence}"
