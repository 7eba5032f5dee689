"""Slides as a Beamer document, for pdflatex as Debian packs it: knows blocks, no mode and no mathematics.

Packages: texlive-latex-base, texlive-latex-recommended, texlive-pictures and lmodern.
"""

from __future__ import annotations

from pathlib import Path

from adcli.explain.deck import Deck, Position, Slide
from adcli.explain.drawings import Graph, Tracker
from adcli.explain.maths import Role
from adcli.explain.progress import State
from adcli.render.beamer.network import height, network
from adcli.render.beamer.pen import Pen, once, prose, states
from adcli.render.beamer.program import graph, size
from adcli.render.beamer.stage import stack
from adcli.render.beamer.tracker import storage_row
from adcli.render.colours import LIGHT
from adcli.render.layout import in_two_columns, matrix_rows

THEME = Path(__file__).with_name("theme.tex")
WIDTH, STAGE, SIDE = 151, 100, 48  # mm
PAGE, HEAD, SENTENCE, FOOT, AIR = 90.0, 11.6, 4.0, 7.2, 6.2  # mm of a page, and what is no stage
AIR_BELOW_HEAD = 2.0  # mm, where there is no strip
MOST_DASHES = 12
SHADES = (
    ("faint", 38),
    ("worked", 20),
)  # of a role's colour: a zero of the structure, and the ground of a worked entry
GRAPH_SHARE = 0.62  # of the stage's height, for a graph with something below it
CROWDED = 16  # rows of matrices on a stage
CUTS = ((18, 3, 3), (CROWDED, 3, 5))  # beyond so many of them, each matrix shows so many rows and columns
LONGEST_TITLE = 70  # characters of the deck's title in a corner of each slide


def rendered(deck: Deck, handout: bool = False) -> str:
    """A whole ``.tex``: a frame a slide, a page a phase; with ``handout`` a page a slide, on white."""
    pen = Pen(deck.numbers, deck.labels)
    frames = "\n".join(_frame(pen, deck, place) for place in range(len(deck.slides)))
    options = "aspectratio=169,10pt" + (",handout" if handout else "")
    return (
        f"\\PassOptionsToPackage{{table}}{{xcolor}}\n\\documentclass[{options}]{{beamer}}\n"
        f"{_colours()}\n{THEME.read_text(encoding='utf-8')}\n\\begin{{document}}\n{frames}\\end{{document}}\n"
    )


def _colours() -> str:
    named = {f"ad{name}": getattr(LIGHT, name) for name in ("ground", "panel", "ink", "muted", "line")}
    named |= {role.name: colour for role, colour in LIGHT.roles.items()}
    named |= {f"{role.name}-tint": colour for role, colour in LIGHT.tints.items()}
    named |= {Role.PLAIN.name: LIGHT.ink, f"{Role.PLAIN.name}-tint": LIGHT.panel}
    whole = [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for name, colour in named.items()]
    shades = [
        rf"\colorlet{{{role.name}-{name}}}{{{role.name}!{share}!adground}}" for role in Role for name, share in SHADES
    ]
    return "\n".join([*whole, *shades])


def _frame(pen: Pen, deck: Deck, place: int) -> str:
    slide = deck.slides[place]
    note = rf"\note{{{prose(slide.note)}}}" if slide.note else ""
    parts = [
        r"\begin{frame}[t]",
        rf"\frametitle{{{pen.runs(slide.title)}}}",
        rf"\adhead{{{_head(slide)}}}{{{prose(_cut(deck.title))}}}",
        rf"\adprogress{{{place + 1}}}{{{len(deck.slides)}}}",
        rf"\adsentence{{{pen.runs(slide.sentence)}}}" if slide.sentence else "",
        rf"\adstrip{{{once('strip', network(pen, slide.strip, WIDTH))}}}"
        if slide.strip
        else rf"\vskip{AIR_BELOW_HEAD}mm",
        _columns(pen, slide, _room(pen, slide)),
        storage_row(pen, slide.storage) if slide.storage else "",
        rf"\adphases{{{slide.last_phase + 1}}}",
        note,
        r"\end{frame}",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def _head(slide: Slide) -> str:
    head = prose(slide.head)
    if slide.position is None:
        return head
    return rf"{head}\quad\textperiodcentered\quad {prose(slide.position.text)}{_dashes(slide.position)}"


def _dashes(position: Position) -> str:
    """A dash for each step: done, now (the heavy one) and to come."""
    if not 1 < position.steps <= MOST_DASHES:
        return ""
    looks = [
        ("adink", "1.3mm") if step == position.step else ("DONE" if step < position.step else "adline", "0.7mm")
        for step in range(1, position.steps + 1)
    ]
    return r"\kern3mm " + "".join(rf"\addash{{{colour}}}{{{thick}}}" for colour, thick in looks)


def _room(pen: Pen, slide: Slide) -> float:
    """How high the stage may be, in mm."""
    room = PAGE - HEAD - AIR
    room -= SENTENCE * bool(slide.sentence) + FOOT * bool(slide.storage)
    room -= height(pen, slide.strip, WIDTH) if slide.strip else 0
    return room if slide.strip else room - AIR_BELOW_HEAD


def _columns(pen: Pen, slide: Slide, room: float) -> str:
    slide = _uncrowded(slide)
    rows, columns = next((cut for beyond, *cut in CUTS if matrix_rows(slide.stage) > beyond), (pen.rows, pen.columns))
    pen = pen._replace(rows=rows, columns=columns)
    if len(slide.stage) > 1 and isinstance(slide.stage[0], Graph):
        return _with_graph(pen, slide.stage[0], slide._replace(stage=slide.stage[1:]), room)
    if slide.stage and slide.side:
        stage, side = stack(pen, slide.stage, STAGE, room), stack(pen, slide.side, SIDE, room)
        return f"\\adcolumns{{{room:.1f}mm}}{{\n{stage}}}{{\n{side}}}"
    blocks = slide.stage or slide.side
    if in_two_columns(slide):
        half = (len(blocks) + 1) // 2
        left, right = (stack(pen, part, WIDTH // 2, room) for part in (blocks[:half], blocks[half:]))
        return f"\\adhalves{{{room:.1f}mm}}{{\n{left}}}{{\n{right}}}"
    return f"\\adwide{{{room:.1f}mm}}{{\n{stack(pen, blocks, WIDTH, room)}}}" if blocks else ""


def _uncrowded(slide: Slide) -> Slide:
    """Where formulas are many and high, a chain rule of which nothing is done yet gives its room to them."""
    if matrix_rows(slide.stage) <= CROWDED or not in_two_columns(slide._replace(side=())):
        return slide
    return slide._replace(side=tuple(b for b in slide.side if not isinstance(b, Tracker) or _has_begun(b)))


def _has_begun(chain_rule: Tracker) -> bool:
    factors = [factor for chain in chain_rule.chains for factor in chain.factors]
    return any(state is not State.TO_COME for factor in factors for state in states(factor.progress))


def _with_graph(pen: Pen, picture: Graph, slide: Slide, room: float) -> str:
    """The other blocks stand beside a graph; below it where it is so wide that it is seen better alone."""
    width, height = size(picture)
    beside = min(1.0, STAGE / width, room / height)
    above = min(1.0, WIDTH / width, room * GRAPH_SHARE / height)
    if above <= beside:
        return _columns(pen, slide._replace(stage=(picture,), side=slide.side + slide.stage), room)
    high = height * above
    drawn = rf"\nointerlineskip\vbox to {high:.1f}mm{{\hbox{{{graph(pen, picture, WIDTH, high)}}}\vss}}\vskip2mm"
    return f"{drawn}\n{_columns(pen, slide, room - high - 2)}"
