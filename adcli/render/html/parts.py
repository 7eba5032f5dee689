"""Blocks as HTML, each with its state, and the phase in which it appears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log10

from adcli.explain.blocks import Code, Formula, Group, Meter, Part, Runs, Slot, Storage, Style, Table, Text, Work
from adcli.explain.deck import Block, Deck, Labels
from adcli.explain.drawings import Bars, Chain, Direction, Graph, Network, Plot, Tracker
from adcli.explain.maths import Expression, Matrix, Relation, Sum
from adcli.explain.progress import Progress, State
from adcli.render.html.cells import CLASSES
from adcli.render.html.graph import graph_svg
from adcli.render.html.mathml import FULL
from adcli.render.html.network import common_frame, network_svg
from adcli.render.html.network_small import small_svg
from adcli.render.html.plot import plot_svg
from adcli.render.html.prose import Prose
from adcli.render.html.room import room
from adcli.render.html.svg import state
from adcli.render.html.words import safe
from adcli.render.layout import bracketed

# The states that a slot tells in words as well.
TOLD = (State.LET_GO, State.NOT_KEPT, State.NEVER_READ, State.READ_NEXT, State.IN_HAND, State.RECOMPUTED, State.DONE)
MARKS = {Style.WARNING: "⚠", Style.CHECK: "✓"}


class Writer(Prose):
    """Writes the blocks of one deck."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck.numbers)
        self.title = deck.title
        self.labels: Labels = deck.labels
        nets = [b for s in deck.slides for b in (s.strip, *s.stage) if isinstance(b, Network)]
        self.frame = common_frame(nets, deck.numbers)

    def stage(self, blocks: Sequence[Block]) -> str:
        """The blocks of a stage; where many or wide matrices share it, less of each is written out."""
        self.most = room(blocks)
        written = "".join(map(self.block, blocks))
        self.most = FULL
        return written

    def block(self, b: Block) -> str:
        match b:
            case Text():
                return self.text(b)
            case Formula():
                return self.formula(b)
            case Group():
                return self.group(b)
            case Work():
                return self.work(b)
            case Table():
                return self.table(b)
            case Code():
                return self.code(b)
            case Storage():
                return self.storage(b)
            case Network():
                return network_svg(b, self.numbers, self.frame) + ("" if b.large else small_svg(b))
            case Graph():
                return graph_svg(b, self.numbers)
            case Tracker():
                return self.tracker(b)
            case Bars():
                return self.bars(b)
            case Plot():
                return f"<figure{appears(b.phase)}>{plot_svg(b)}</figure>"
            case Matrix():
                return f'<div class="eq">{self.math(b)}</div>'

    # --- words and formulas ---

    def text(self, t: Text) -> str:
        head = f"<b>{safe(t.head)}</b> " if t.head else ""
        mark = f'<i class="mark">{MARKS[t.style]}</i> ' if t.style in MARKS else ""
        classes = " ".join(filter(None, ("text", t.style.value, CLASSES[t.role] and f"bar {CLASSES[t.role]}")))
        return f"<p{appears(t.phase, classes)}>{mark}{head}{self.runs(t.runs)}</p>"

    def formula(self, f: Formula) -> str:
        tag = f'<span class="tag {CLASSES[f.role]}">{safe(f.label)}</span>' if f.label else ""
        last = max([f.phase, *(p.phase for p in f.parts)])
        at_last = last if last > f.phase else 0
        done = f"<span{appears(at_last, 'ok')}>✓</span>" if f.done else ""
        parts = [self.part(p, f.phase, done if p is f.parts[-1] else "") for p in f.parts]
        aside = f"<span{appears(at_last, 'remark')}>{self.runs(f.aside)}</span>" if f.aside else ""
        reads = ""
        if f.reads:
            names = ", ".join(self.inline(n) for n in f.reads)
            reads = f'<span class="reads">{safe(self.labels.reads)} {names}</span>'
        kind = "eq labelled" if f.label else "eq"
        line = f'<span class="line">{self.math(f.left)}{"".join(parts) or done}</span>'
        return f"<div{appears(f.phase, kind)}>{tag}{line}{aside}{reads}</div>"

    def part(self, p: Part, from_phase: int, end: str) -> str:
        """A piece of a line with what closes it."""
        attributes = appears(p.phase if p.phase > from_phase else 0, "part")
        return f"<span{attributes}>{self.pieces(p.expression, p.sign, end)}</span>"

    def group(self, g: Group) -> str:
        inside = "".join(map(self.formula, g.formulas))
        return (
            f'<div class="group {CLASSES[g.role]}"{state(g.progress)}>'
            f'<div class="grouplabel">{self.runs(g.label)}</div><div>{inside}</div></div>'
        )

    def work(self, w: Work) -> str:
        meaning = f"<br>{self.runs(w.meaning)}" if w.meaning else ""
        kind = f"work bar {CLASSES[w.role]}"
        return f"<p{appears(w.phase, kind)}><b>{safe(w.head)}</b> {self.worked(w.line)}{meaning}</p>"

    def worked(self, line: Expression) -> str:
        """A sum with its result, which may break before each term."""
        if not isinstance(line, Relation) or not isinstance(line.left, Sum):
            return self.math(line, display=False)
        terms = [self.math(term, "+" if place else "", display=False) for place, term in enumerate(line.left.terms)]
        return " ".join([*terms, self.math(line.right, line.sign, display=False)])

    # --- tables, code, bars ---

    def table(self, t: Table) -> str:
        def cells(tag: str, contents: Iterable[Runs]) -> str:
            pairs = zip(contents, t.columns, strict=False)
            return "".join(f"<{tag}{' class=r' if c.right else ''}>{self.runs(runs)}</{tag}>" for runs, c in pairs)

        head = (
            f"<thead><tr>{cells('th', (c.head for c in t.columns))}</tr></thead>"
            if any(c.head for c in t.columns)
            else ""
        )
        body = "".join(
            f"<tr{appears(r.phase if r.phase > t.phase else 0, 'rule' if r.rule else '')}{state(r.progress)}>"
            f"{cells('td', r.cells)}</tr>"
            for r in t.rows
        )
        return f"<div{appears(t.phase, 'table')}><table>{head}<tbody>{body}</tbody></table></div>"

    def code(self, c: Code) -> str:
        lines = []
        for line in c.lines:
            aside = f"<i>{safe(line.aside)}</i>" if line.aside else ""
            lines.append(f"<span{state(line.progress)}>{safe(line.text)}</span>{aside}")
        return f"<pre{appears(c.phase, 'code')}>{chr(10).join(lines)}</pre>"

    def bars(self, b: Bars) -> str:
        most = max((bar.value for bar in b.bars), default=1.0) or 1.0
        rows = "".join(
            f'<span>{self.runs(bar.label)}</span><span class="rail"{state(bar.progress)}>'
            f'<i class="{CLASSES[bar.role]}" style="width:{_share(bar.value, most, b.log):.1f}%"></i> '
            f"<b>{safe(bar.text)}</b></span>"
            for bar in b.bars
        )
        caption = f"<figcaption>{safe(b.caption)}</figcaption>" if b.caption else ""
        longest = max((len(bar.text) for bar in b.bars), default=0)
        return f'<figure{appears(b.phase, "bars")} style="--n:{longest}">{caption}<div>{rows}</div></figure>'

    # --- storage, tracker ---

    def storage(self, s: Storage) -> str:
        slots = "".join(map(self.slot, s.slots))
        meter = self.meter(s.meter) if s.meter else ""
        facts = f'<span class="facts">{self.runs(s.facts)}</span>' if s.facts else ""
        return (
            f'<footer class="storage"><span class="label">{safe(s.label)}</span><span class="slots">{slots}</span>'
            f'<span class="meter">{meter}{" " if meter and facts else ""}{facts}</span></footer>'
        )

    def meter(self, m: Meter) -> str:
        """The gauge and its words; where it moves, each of its levels, of which a script shows one."""
        share = min(100.0, 100 * m.now / (m.most or 1))
        now = f'<span class="gauge" aria-hidden="true"><i style="width:{share:.0f}%"></i></span>{self.runs(m.text)}'
        if m.before is None:
            return now
        levels = f'<span class="after">{now}</span><span class="before">{self.meter(m.before)}</span>'
        return f'<span{state(Progress(State.HELD, m.since, State.HELD))}><span class="words">{levels}</span></span>'

    def slot(self, s: Slot) -> str:
        value = f'<span class="val">{self.inline(s.value)}</span>' if s.value is not None else ""
        shape = f"<small>{safe(s.shape)}</small>" if s.shape and s.value is None else ""
        words = f"<small>{safe(s.note)}</small>" if s.note else self.state_words(s.progress)
        role = CLASSES[s.role] or "v"
        return f'<span class="slot {role}"{state(s.progress)}>{self.inline(s.name)}{value}{shape}{words}</span>'

    def state_words(self, progress: Progress) -> str:
        """What a slot says of itself; where that changes, both are there and a script shows one."""
        now = self.told(progress.state)
        if progress.before is None:
            return f"<small>{now}</small>" if now else ""
        before = self.told(progress.before)
        return f'<small class="words"><span class="after">{now}</span><span class="before">{before}</span></small>'

    def told(self, s: State) -> str:
        mark = {State.RECOMPUTED: "↻ ", State.DONE: "✓ "}.get(s, "")
        return mark + safe(self.labels.states[s]) if s in TOLD else ""

    def tracker(self, t: Tracker) -> str:
        """All rows in one grid: equal factors share a column, and what they give so far is braced together."""
        rows: list[str] = []
        line = 0
        for chain, is_braced in bracketed(t):
            line += 1
            rows += self.chain(chain, line)
            if is_braced and chain.result is not None and chain.span is not None:
                line += 1
                start, end = chain.span
                area = f"{line}/{start + 2}/auto/{end + 3}"
                result = self.math(chain.result, display=False)
                rows.append(f'<span class="brace" style="grid-area:{area}">{result}</span>')
        more = f'<p class="more">{self.runs(t.left_out)}</p>' if t.left_out else ""
        size = " large" if t.large else ""
        return (
            f'<div class="tracker r-{CLASSES[t.role]}{size}">{self.tracker_caption(t)}'
            f'<div class="chains">{"".join(rows)}</div>{more}</div>'
        )

    def chain(self, chain: Chain, line: int) -> list[str]:
        last = max((f.column for f in chain.factors), default=0)
        sign = "+" if chain.plus else "="
        left = "" if chain.plus else self.math(chain.left)
        equals = f'<math alttext="{sign}"><mo lspace="0" rspace="0">{sign}</mo></math>'
        start = f'<span class="left" style="grid-area:{line}/1">{left}{equals}</span>'
        factors = [
            f'<span class="fac" style="grid-area:{line}/{f.column + 2}"{state(f.progress)}>'
            f"{self.math(f.expression)}</span>"
            for f in chain.factors
        ]
        done = f'<span class="res ok" style="grid-area:{line}/{last + 3}"{state(chain.progress)}>✓</span>'
        return [start, *factors, done if chain.progress.state is State.DONE else ""]

    def tracker_caption(self, t: Tracker) -> str:
        """The direction of reading, and what the marks of the factors mean."""
        seen = {s for c in t.chains for f in c.factors for s in (f.progress.state, f.progress.before)}
        legend = "".join(
            f'<span class="fac"{state(Progress(s))}>{safe(self.labels.states[s])}</span>'
            for s in (State.DONE, State.NOW, State.TO_COME)
            if s in seen
        )
        arrows = {Direction.FORWARD: ' <i class="arrow">◀</i>', Direction.BACK: ' <i class="arrow">▶</i>', None: ""}
        return (
            f'<p class="caption"><span>{safe(t.caption)}{arrows[t.direction]}</span>'
            f'<span class="legend" aria-hidden="true">{legend}</span></p>'
        )


def appears(phase: int, classes: str = "") -> str:
    """The attributes of what appears in ``phase``: from 1 on, a fragment."""
    names = " ".join(filter(None, (classes, "fragment" if phase else "")))
    order = f' data-fragment-index="{phase - 1}"' if phase else ""
    return (f' class="{names}"' if names else "") + order


def _share(value: float, most: float, log: bool) -> float:
    if value <= 0:
        return 0.0
    return 100 * (log10(1 + value) / log10(1 + most) if log else value / most)
