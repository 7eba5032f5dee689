"""Blocks of the stage and the side column: each becomes boxes of a given width, one under the other."""

from __future__ import annotations

import math

from adcli.explain.blocks import Code, Formula, Group, Line, Row, Style, Table, Text, Words, Work
from adcli.explain.deck import Block
from adcli.explain.drawings import Bars, Graph, Network, Plot, Tracker
from adcli.explain.maths import Role, largest_matrix
from adcli.explain.progress import State
from adcli.render.beamer.charts import bars, plot
from adcli.render.beamer.network import network
from adcli.render.beamer.pen import TICK, Pen, changing, coloured, from_phase, prose, states
from adcli.render.beamer.program import graph
from adcli.render.beamer.tracker import tracker

INDENT = 11  # mm left of formulas for their labels
GAP = "\n\\adgap\n"
GAP_HEIGHT, LINE_HEIGHT, LETTERS = 3.0, 4.2, 0.55  # mm, mm, and letters a mm of a line of prose
MOST_OF_A_PLOT = 58.0  # mm
MARKS = {State.NOW: r"$\blacktriangleright$", State.DONE: TICK}
WAYS = {Role.COTANGENT: r"$\blacktriangleleft$", Role.TANGENT: r"$\blacktriangleright$"}


def stack(pen: Pen, blocks: tuple[Block, ...], width: int, height: float) -> str:
    """``blocks`` under each other; labels of formulas make all of them begin at the same place."""
    labelled = any(isinstance(block, Formula) and block.label for block in blocks)
    labelled |= any(isinstance(block, Group) for block in blocks)
    words = sum(_height_of(block, width) for block in blocks if isinstance(block, Text))
    others = sum(not isinstance(block, Text) for block in blocks)
    share = (height - words) / max(1, others)
    return GAP.join(_block(pen, block, width, share, INDENT if labelled else 0) for block in blocks)


def _height_of(text: Text, width: int) -> float:
    """About how many mm a paragraph takes, with the gap beside it."""
    letters = len(text.head) + sum(len(run.text) if isinstance(run, Words) else 6 for run in text.runs)
    return GAP_HEIGHT + LINE_HEIGHT * math.ceil(letters / (LETTERS * width))


def _block(pen: Pen, block: Block, width: int, share: float, indent: int) -> str:
    match block:
        case Text():
            return _text(pen, block, width)
        case Formula():
            return _formula(pen, block, indent)
        case Group():
            return _group(pen, block)
        case Work():
            return _work(pen, block)
        case Table():
            return _table(pen, block, width)
        case Code():
            return _code(pen, block, width)
        case Network():
            return rf"\hbox{{{network(pen, block, width)}}}"
        case Graph():
            return rf"\hbox to \hsize{{\hss{graph(pen, block, width, share)}\hss}}"
        case Tracker():
            return tracker(pen, block, width)
        case Bars():
            return bars(pen, block, width)
        case Plot():
            return plot(pen, block, width, min(MOST_OF_A_PLOT, share))


def _text(pen: Pen, text: Text, width: int) -> str:
    head = rf"\textbf{{{prose(text.head)}}} " if text.head else ""
    body = head + pen.runs(text.runs)
    if text.style is Style.CHECK:
        body = rf"{TICK} {body}"
    elif text.style is Style.WARNING:
        body = rf"{{\color{{TANGENT}}\fontseries{{b}}\selectfont !}}\kern1mm {body}"
    elif text.style is Style.ASIDE:
        body = rf"\admute{{{body}}}"
    barred = text.role is not Role.PLAIN
    box = rf"\vbox{{\hsize={width - 3 * barred}mm\adparagraph {body}\par}}"
    return rf"\hbox{{{from_phase(text.phase, _barred(box, text.role) if barred else box)}}}"


def _barred(box: str, role: Role) -> str:
    return rf"\adbarred{{{role.name}}}{{{box}}}"


def _formula(pen: Pen, formula: Formula, indent: int) -> str:
    pieces = [(formula.phase, pen.maths(formula.left))]
    pieces += [(max(p.phase, formula.phase), pen.signed(p.sign, p.expression)) for p in formula.parts]
    if len(pieces) > 1 and pieces[1][0] == formula.phase:
        (_, left), (_, right), *others = pieces
        pieces = [(formula.phase, f"{left} {right}"), *others]  # no line breaks here
    last, end = pieces[-1]
    if formula.done:
        pieces[-1] = (last, rf"{end}\;{TICK}")
    written = [from_phase(phase, rf"\adpiece{{{latex}}}") for phase, latex in pieces]
    if formula.aside:
        macro = "adaside" if largest_matrix(formula.aside) == (1, 1) else "admatrixaside"
        written.append(from_phase(last, rf"\{macro}{{{pen.runs(formula.aside)}}}"))
    label = rf"\adlabel{{{formula.role.name}}}{{{prose(formula.label)}}}" if formula.label else ""
    first_phase = [from_phase(formula.phase, latex) for latex in (label, _reads(pen, formula))]
    body = "%\n  ".join(written)
    return rf"\adformula{{{indent}mm}}{{{first_phase[0]}}}{{{body}}}{{{first_phase[1]}}}"


def _reads(pen: Pen, formula: Formula) -> str:
    if not formula.reads:
        return ""
    names = ", ".join(f"${pen.maths(name)}$" for name in formula.reads)
    return rf"\adreads{{{prose(pen.labels.reads)} {names}}}"


def _group(pen: Pen, group: Group) -> str:
    before, after = (_group_label(pen, group, state) for state in states(group.progress))
    label = changing(group.progress, before, after)
    colour = Role.DONE.name if group.progress.state is State.DONE else group.role.name
    formulas = "\\adinnergap\n".join(_formula(pen, formula, 0) for formula in group.formulas)
    return rf"\adgroup{{{colour}}}{{{label}}}{{{formulas}}}"


def _group_label(pen: Pen, group: Group, state: State) -> str:
    mark = TICK if state is State.DONE else WAYS.get(group.role, "") if state is State.NOW else ""
    return rf"\shortstack{{{pen.runs(group.label)}\\{coloured(mark, group.role)}}}"


def _work(pen: Pen, work: Work) -> str:
    lines = [
        rf"\textbf{{{prose(work.head)}}}",
        rf"{{\adsize{{8}}\binoppenalty=0 $\displaystyle {pen.maths(work.line)}$\par}}",
    ]
    if work.meaning:
        lines.append(rf"\admute{{{pen.runs(work.meaning)}}}")
    body = r"\par\vskip0.6mm ".join(lines)
    box = rf"\vbox{{\hsize=45mm\adparagraph {body}\par}}"
    return rf"\hbox{{{from_phase(work.phase, _barred(box, work.role))}}}"


def _table(pen: Pen, table: Table, width: int) -> str:
    columns = "".join("r" if column.right else "l" for column in table.columns)
    heads = " & ".join(rf"\admute{{{pen.runs(column.head)}}}" for column in table.columns)
    rows = "\n".join(_row(pen, row, len(table.columns)) for row in table.rows)
    heading = rf"& {heads} \\[0.3mm] \hline" if any(column.head for column in table.columns) else ""
    body = rf"\adtable{{{width}mm}}{{{columns}}}{{{heading}{rows}}}"
    return rf"\hbox{{{from_phase(table.phase, body)}}}"


def _row(pen: Pen, row: Row, columns: int) -> str:
    cells = [*map(pen.runs, row.cells), *[""] * (columns - len(row.cells))]
    at_first, at_last = states(row.progress)
    written = [changing(row.progress, _in_state(c, at_first), _in_state(c, at_last)) for c in cells]
    mark = changing(row.progress, *(rf"\admarked{{{MARKS.get(state, '')}}}" for state in (at_first, at_last)))
    shown = " & ".join(from_phase(row.phase, cell) for cell in (mark, *written))
    return (r"\hline " if row.rule else "") + shown + r" \\"


def _in_state(cell: str, state: State) -> str:
    if state is State.NOW:
        return rf"\cellcolor{{TANGENT-tint}}{cell}"
    return rf"\admute{{{cell}}}" if state is State.TO_COME else cell


def _code(pen: Pen, code: Code, width: int) -> str:
    lines = r"\\".join(_code_line(line) for line in code.lines)
    panel = rf"\adcode{{{width - 3}mm}}{{{lines}}}"
    return rf"\hbox{{{from_phase(code.phase, panel)}}}"


def _code_line(line: Line) -> str:
    text = rf"\texttt{{{prose(line.text).replace('  ', '~~')}}}"
    aside = rf"\kern2mm\admute{{\adsize{{6}}{prose(line.aside)}}}" if line.aside else ""

    def drawn(state: State) -> str:
        if state is State.NOW:
            return rf"\adframed{{{text}}} $\blacktriangleleft$"
        return rf"\admute{{{text}}} {TICK}" if state is State.DONE else text

    return changing(line.progress, *map(drawn, states(line.progress))) + aside
