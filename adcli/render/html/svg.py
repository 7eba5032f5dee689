"""Words and names within pictures: SVG has no MathML, so an expression becomes one line of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Numbers
from adcli.explain.maths import (
    Bracketed,
    Dots,
    Expression,
    Fraction,
    Kronecker,
    Label,
    Listed,
    Mark,
    Matrix,
    Name,
    Number,
    Partial,
    Power,
    Product,
    Raw,
    Relation,
    Role,
    Sum,
    Symbols,
    Transposed,
)
from adcli.explain.progress import Late, Progress, State
from adcli.render.html.cells import CLASSES
from adcli.render.html.mathml import bold, shown_sign
from adcli.render.html.words import safe
from adcli.render.maths import filled
from adcli.render.shown import entries, number_texts, one_number

SMALL = 0.7
_MARKS = {Mark.NONE: "", Mark.HAT: "\u0302", Mark.TILDE: "\u0303"}
_SPOKEN = {Mark.NONE: "", Mark.HAT: " hat", Mark.TILDE: " tilde"}
_WIDE = frozenset("×+−=<>≈∂⋯◀▶⊗")
_NARROW = frozenset(" .,;:()[]|il⋅·")


class Piece(NamedTuple):
    """A run of one look: ``level`` −1 is a subscript, 1 a superscript; ``spoken`` where a reader says it otherwise."""

    text: str
    role: Role = Role.PLAIN
    level: int = 0
    spoken: str | None = None
    small: bool = False


def pieces(e: Expression, numbers: Numbers) -> list[Piece]:
    """``e`` on one line."""
    match e:
        case Name():
            return _name(e)
        case Number():
            return [Piece(_signed(one_number(e, numbers)), e.role)]
        case Matrix():
            return [Piece(_rows(e, numbers), e.role)]
        case Listed():
            return [Piece(f"{e.word}({', '.join(map(_signed, entries(e.array, e.most, numbers)))})", e.role)]
        case Partial():
            ends = [n if e.role is Role.PLAIN else n._replace(role=e.role) for n in (e.of, e.by)]
            return [Piece("∂", e.role), *_name(ends[0]), Piece("/∂", e.role), *_name(ends[1])]
        case Product():
            return _joined([pieces(f, numbers) for f in e.factors], "⋅" if e.dot else " ")
        case Sum():
            parts: list[Piece] = []
            for place, term in enumerate(e.terms):
                sign = "−" if place in e.minus else "+" if place else ""
                parts += [Piece(f" {sign} " if place else sign), *pieces(term, numbers)]
            return parts
        case Relation():
            return [
                *pieces(e.left, numbers),
                Piece(f" {shown_sign(e.sign, e.right, numbers)} "),
                *pieces(e.right, numbers),
            ]
        case Power():
            raised = [p._replace(level=1) for p in pieces(e.exponent, numbers)]
            return [*pieces(e.base, numbers), *raised]
        case Fraction():
            return [*_bracketed(pieces(e.top, numbers)), Piece(" / "), *_bracketed(pieces(e.bottom, numbers))]
        case Transposed():
            return [*pieces(e.of, numbers), Piece("⊤", level=1, spoken=" transposed")]
        case Bracketed():
            return _bracketed(pieces(e.of, numbers))
        case Kronecker():
            identity = [Piece("𝐈", spoken="I"), Piece(str(e.size), level=-1)]
            pair = [identity, pieces(e.of, numbers)]
            return _joined(pair if e.left else pair[::-1], " ⊗ ")
        case Symbols():
            return _bracketed(_joined([_joined([pieces(s, numbers) for s in row], " ") for row in e.rows], "; "))
        case Raw():
            return [Piece(filled(e.text, e.arguments, lambda argument: spoken(argument, numbers)), e.role)]
        case Label():
            return [Piece(e.text, e.role)]
        case Dots():
            return [Piece("⋯")]


def run_pieces(runs: Runs, numbers: Numbers) -> list[Piece]:
    """Words and expressions on one line."""
    return [p for run in runs for p in ([Piece(run.text)] if isinstance(run, Words) else pieces(run, numbers))]


def spoken(e: Expression, numbers: Numbers) -> str:
    """``e`` in words and signs for a screen reader: the text alternative of a formula."""
    return spoken_pieces(pieces(e, numbers))


def spoken_pieces(parts: Sequence[Piece]) -> str:
    return "".join(("^" if p.level > 0 and p.spoken is None else "") + (p.spoken or p.text) for p in parts)


def tspans(parts: Sequence[Piece]) -> str:
    """The inside of a ``text`` element."""
    written, shift = [], 0
    for p in parts:
        target = {0: 0, -1: 4, 1: -7}[p.level]
        kind = "sz" if p.small else CLASSES[p.role]
        attributes = f' class="{kind}"' if kind else ""
        attributes += ' font-size=".7em"' if p.level else ""
        attributes += f' dy="{target - shift}"' if target != shift else ""
        written.append(f"<tspan{attributes}>{safe(p.text)}</tspan>" if attributes else safe(p.text))
        shift = target
    return "".join(written)


def text_width(parts: Sequence[Piece], size: float) -> float:
    """About how wide the pieces are, in the unit of ``size``."""
    return sum(len_of(p.text) * (SMALL if p.level else 0.84 if p.small else 1) for p in parts) * size


def len_of(text: str) -> float:
    """About how many em ``text`` takes in Latin Modern Math."""
    return sum(_advance(c) for c in text)


def _advance(c: str) -> float:
    if c in _NARROW:
        return 0.3
    if c in _MARKS.values():
        return 0.0
    if c in _WIDE:
        return 0.78
    plain = unicodedata.normalize("NFKC", c)
    wide = 0.9 if plain in "MWmw" else 0.74 if plain.isupper() else 0.52
    return wide * (1.12 if c != plain else 1)


def state(progress: Progress) -> str:
    """The attributes from which a style sheet draws a state, and a script its change."""
    name = code(progress.state)
    if progress.before is None:
        return "" if progress.state is State.PLAIN else f' data-s="{name}"'
    return f' data-s="{name}" data-since="{progress.since}" data-after="{name}" data-before="{code(progress.before)}"'


def code(state: State) -> str:
    return state.value.replace(" ", "-")


def at(number: float) -> str:
    """A coordinate, short."""
    return (
        f"{number:.1f}".removesuffix(".0").replace("-0", "0")
        if abs(number) < 0.05
        else f"{number:.1f}".removesuffix(".0")
    )


def rect(x: float, y: float, width: float, height: float, radius: float) -> str:
    """A box whose upper edge has its middle at ``x``, ``y``."""
    round_ = f' rx="{at(radius)}"' if radius else ""
    return f'<rect x="{at(x - width / 2)}" y="{at(y)}" width="{at(width)}" height="{at(height)}"{round_}/>'


def text(x: float, y: float, parts: Sequence[Piece], kind: str = "") -> str:
    """A line of words with its middle at ``x``."""
    class_ = f' class="{kind}"' if kind else ""
    return f'<text{class_} x="{at(x)}" y="{at(y)}">{tspans(parts)}</text>'


def faces(late: Late | None, numbers: Numbers, mark: str = "") -> list[list[Piece]]:
    """What may stand in the place of ``late``, each with ``mark`` before it: the last first."""
    shown = (late.expression, late.before) if late is not None else ()
    return [[Piece(mark), *pieces(e, numbers)] if mark else pieces(e, numbers) for e in shown if e is not None]


def late_text(x: float, y: float, late: Late | None, numbers: Numbers, kind: str, mark: str = "") -> str:
    """A line with its middle at ``x`` for each of the ``faces``, of which a phase shows one."""
    if late is None:
        return ""
    turns = (Progress(State.NOW, late.since, State.TO_COME), Progress(State.LET_GO, late.since, State.NOW))
    lines = zip(turns, faces(late, numbers, mark), strict=False)
    return "".join(
        f'<text class="{kind}" x="{at(x)}" y="{at(y)}"{state(turn) if late.since else ""}>{tspans(parts)}</text>'
        for turn, parts in (lines if late.since else [*lines][:1])
    )


def _name(n: Name) -> list[Piece]:
    base = bold(n.base) if n.rank else _italic(n.base)
    said = n.base + _SPOKEN[n.mark]
    start = [Piece(base + _MARKS[n.mark], n.role, 0, said)]
    index = ("" if all(i < 10 for i in n.entry) else ",").join(map(str, n.entry))
    if n.sub and len(n.entry) > 1:
        entry = ",".join(map(str, n.entry))
        return [*start, Piece(n.sub, n.role, -1), Piece(f"[{entry}]", n.role, 0)]
    sub = n.sub + index
    return [*start, Piece(sub, n.role, -1)] if sub else start


def _italic(word: str) -> str:
    """A single letter as mathematics writes it."""
    if len(word) != 1 or not word.isascii() or not word.isalpha():
        return word
    if word == "h":
        return "ℎ"
    return chr((0x1D434 if word.isupper() else 0x1D44E) + ord(word) - ord("A" if word.isupper() else "a"))


def _rows(m: Matrix, numbers: Numbers) -> str:
    height, width = m.array.shape
    if m.array.size == 1:
        return _signed(number_texts([float(m.array[0, 0])], numbers)[0])
    if m.array.size > 48:
        return f"[{height}×{width}]"
    texts = [_signed(t) for t in number_texts([float(v) for v in m.array.reshape(-1)], numbers)]
    return f"[{'; '.join(' '.join(texts[i : i + width]) for i in range(0, len(texts), width))}]"


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _joined(parts: list[list[Piece]], between: str) -> list[Piece]:
    return [p for i, part in enumerate(parts) for p in ([Piece(between)] if i else []) + part]


def _bracketed(parts: list[Piece]) -> list[Piece]:
    return [Piece("("), *parts, Piece(")")]
