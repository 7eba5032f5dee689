"""Expressions as MathML. Everything that a primitive doesn't state itself is written straight from the tree.

Classes say what a browser can't know: roles (v p t c d), tinted cells (hl), forced zeros (z), new matrices (new).
"""

from __future__ import annotations

import re
from itertools import pairwise

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
from adcli.render.html.cells import Extent, entry, number, role_class
from adcli.render.html.pieces import is_thin, takes_brackets
from adcli.render.html.words import safe
from adcli.render.maths import stretched
from adcli.render.shown import entries, is_approximate, one_number, shown

CUTS = ((6, 8), (4, 5), (3, 3))  # rows and columns of a matrix that are written out; fewer where many are
FULL = CUTS[0]
MARKS = {Mark.HAT: "^", Mark.TILDE: "~"}
_BOLD = str.maketrans(
    {
        **{chr(ord("A") + i): chr(0x1D400 + i) for i in range(26)},
        **{chr(ord("a") + i): chr(0x1D41A + i) for i in range(26)},
        **{chr(ord("0") + i): chr(0x1D7CE + i) for i in range(10)},
    }
)
_OPERATOR = re.compile(r"\\operatorname\{((?:[^{}\\]|\\_)*)\}")
_ARGUMENT = re.compile("⟦([^⟧]*)⟧")
_PRIVATE = 0xE000
_FUNCTION = re.compile(
    r"(&#x00028;</mo>)?<(?:mi|mo|mtext)>([A-Za-z_]{2,})</(?:mi|mo|mtext)>(?=((?:<mrow>)?<mo|<mi>[a-z]{2}|<mtext>)?)"
)
_FENCE = re.compile('<mo stretchy="true" fence="true" form="[a-z]*">(?=&#x0002[89])')
_TALL = re.compile("<(mfrac|mtable|munder|mover)")
_ORDINARY = re.compile("<mo>(&#x0002F;|&#x02202;)</mo>")  # / and ∂, beside which TeX leaves no room
OPEN, CLOSE = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
THIN = '<mspace width=".13em"></mspace>'
_MI = "<mi>{}</mi>"


def bold(text: str) -> str:
    """Letters and digits as the bold ones of mathematics, since browsers ignore ``mathvariant``."""
    return text.translate(_BOLD)


def mathml(expression: Expression, numbers: Numbers, most: tuple[int, int] = FULL) -> str:
    """``expression`` in MathML, without the ``math`` element around it; ``most`` rows and columns of a matrix."""
    return _Writer(numbers, most).of(expression)


def shown_sign(sign: str, expression: Expression, numbers: Numbers) -> str:
    """The sign before ``expression``: an = becomes ≈ where what follows is shown rounded."""
    return "≈" if sign == "=" and is_approximate(expression, numbers) else sign


class _Writer:
    def __init__(self, numbers: Numbers, most: tuple[int, int]) -> None:
        self.numbers = numbers
        self.most = most

    def of(self, e: Expression) -> str:
        match e:
            case Name():
                return name(e)
            case Number():
                return number(one_number(e, self.numbers), e.role)
            case Matrix():
                return self.matrix(e)
            case Partial():
                return self.partial(e)
            case Product():
                return self.product(e)
            case Sum():
                return _row("".join(self.term(e, place) for place in range(len(e.terms))))
            case Listed():
                return self.listed(e)
            case Symbols():
                rows = "".join(f"<mtr>{''.join(f'<mtd>{self.of(s)}</mtd>' for s in row)}</mtr>" for row in e.rows)
                return _brackets(f"<mtable>{rows}</mtable>", e.role)
            case Relation():
                sign = safe(shown_sign(e.sign, e.right, self.numbers))
                return _row(f"{self.of(e.left)}<mo>{sign}</mo>{self.of(e.right)}")
            case Power():
                return f"<msup>{self.of(e.base)}{self.of(e.exponent)}</msup>"
            case Fraction():
                return f"<mfrac>{self.of(e.top)}{self.of(e.bottom)}</mfrac>"
            case Transposed(Name() as n) if n.sub and not n.entry:
                base = name(n._replace(sub=""))
                return f"<msubsup{role_class(n.role)}>{base}{_index(n.sub)}<mo>⊤</mo></msubsup>"
            case Transposed():
                return f"<msup>{self.of(e.of)}<mo>⊤</mo></msup>"
            case Bracketed():
                return self.bracketed(e.of)
            case Kronecker():
                identity = f"<msub><mi>𝐈</mi><mn>{e.size}</mn></msub>"
                left, right = (identity, self.of(e.of)) if e.left else (self.of(e.of), identity)
                return _row(f"{left}<mo>⊗</mo>{right}")
            case Raw():
                return self.raw(e)
            case Label():
                return f"<mtext{role_class(e.role)}>{safe(e.text)}</mtext>"
            case Dots():
                return "<mo>⋯</mo>"

    def product(self, e: Product) -> str:
        """Factors side by side; a fraction keeps the thin space of TeX around it."""
        written = [self.factor(factor) for factor in e.factors]
        parts = written[:1]
        for (one, other), text in zip(pairwise(e.factors), written[1:], strict=True):
            parts.append(("<mo>⋅</mo>" if e.dot else THIN if is_thin(one, other) else "") + text)
        return _row("".join(parts))

    def factor(self, e: Expression) -> str:
        return self.bracketed(e) if takes_brackets(e) else self.of(e)

    def bracketed(self, e: Expression) -> str:
        """Round brackets, as tall as what they hold where that is more than a line."""
        body = self.of(e)
        return _row(f"<mo>(</mo>{body}<mo>)</mo>" if _TALL.search(body) else f"{OPEN}{body}{CLOSE}")

    def term(self, e: Sum, place: int) -> str:
        sign = "−" if place in e.minus else "+" if place else ""
        return (f"<mo>{sign}</mo>" if sign else "") + (self.factor if place else self.of)(e.terms[place])

    def partial(self, e: Partial) -> str:
        top, bottom = (n if e.role is Role.PLAIN else n._replace(role=e.role) for n in (e.of, e.by))
        halves = "".join(_row(f"<mi>∂</mi>{name(n)}") for n in (top, bottom))
        return f"<mfrac{role_class(e.role)}>{halves}</mfrac>"

    def listed(self, e: Listed) -> str:
        texts = [f"<mo>{t}</mo>" if t == "⋯" else number(t) for t in entries(e.array, e.most, self.numbers)]
        word = f"<mtext>{safe(e.word)}</mtext>" if e.word else ""
        return f"<mrow{role_class(e.role)}>{word}{OPEN}{'<mo>,</mo>'.join(texts)}{CLOSE}</mrow>"

    def matrix(self, e: Matrix) -> str:
        seen = shown(e, self.numbers, *self.most)
        if e.array.size == 1:
            return number(seen.cells[0][0].text, e.role)
        columns = [Extent.of(column) for column in zip(*seen.cells, strict=True)]
        lines = "".join(
            f"<mtr>{''.join(entry(c, e, x) for c, x in zip(row, columns, strict=True))}</mtr>" for row in seen.cells
        )
        heads = [None if j is None else e.heads[j] for j in seen.columns] if e.heads else []
        widest = max((len(c.text) for row in seen.cells for c in row), default=1)
        wide = f'style="--c:{max(1.75, 0.5 * widest + 0.75):g}"'
        kind = f' class="wide" {wide}' if heads else ""
        new = "new" if e.new else ""
        body = _brackets(f"<mtable{kind}>{lines}</mtable>", e.role, new)
        if heads:
            cells = "".join(f"<mtd>{name(h) if h else '<mo>⋯</mo>'}</mtd>" for h in heads)
            body = f'<mover>{body}<mtable class="heads wide" {wide}><mtr>{cells}</mtr></mtable></mover>'
        if not seen.shape:
            return body
        return f"<munder>{body}<mtext>{seen.shape.replace('×', ' × ')}</mtext></munder>"

    def raw(self, e: Raw) -> str:
        """What a primitive states in LaTeX; its arguments are put in where it left places for them."""
        from latex2mathml.converter import convert

        arguments = {name: self.of(argument) for name, argument in e.arguments}
        tall = any(map(_TALL.search, arguments.values()))
        places: list[str] = []

        def place(found: re.Match[str]) -> str:
            places.append(arguments[found[1]])
            return chr(_PRIVATE + len(places) - 1)

        latex = _OPERATOR.sub(lambda found: rf"\text{{{found[1].replace(chr(92) + '_', '_')}}}", e.latex)
        converted = convert(_ARGUMENT.sub(place, stretched(latex) if tall else latex))
        inner = converted[converted.index(">") + 1 : -len("</math>")]
        for index, written in enumerate(places):
            mark = _PRIVATE + index
            inner = inner.replace(_MI.format(f"&#x{mark:05X};"), written).replace(_MI.format(chr(mark)), written)
        if tall:
            inner = inner.replace('<mo stretchy="false">', "<mo>")
        elif not _TALL.search(inner):
            inner = _FENCE.sub('<mo stretchy="false">', inner)
        inner = _ORDINARY.sub(
            lambda found: f'<mo lspace="0" rspace="0">{found[1]}</mo>', _FUNCTION.sub(_function, inner)
        )
        return f"<mrow{role_class(e.role)}>{inner}</mrow>"


def name(n: Name) -> str:
    """A letter or a word with its mark and indices: W₁ with a hat, the entry W^{(1)}_{21}."""
    colour = role_class(n.role)
    base = f"<mi{colour}>{safe(bold(n.base) if n.rank else n.base)}</mi>"
    if n.mark is not Mark.NONE:
        base = f'<mover accent="true"{colour}>{base}<mo stretchy="false">{MARKS[n.mark]}</mo></mover>'
    short = all(i < 10 for i in n.entry) and (not n.sub or n.sub.isdigit())
    index = ("" if short else ",").join(map(str, n.entry))
    if n.sub and len(n.entry) > 1:
        return f"<msubsup{colour}>{base}{_index(index)}{_row(OPEN + _index(n.sub) + CLOSE)}</msubsup>"
    sub = n.sub + ("," if n.sub and index and not short else "") + index
    return f"<msub{colour}>{base}{_index(sub)}</msub>" if sub else base


def _function(found: re.Match[str]) -> str:
    """The name of a function with the space that TeX gives an operator, none beside a bracket."""
    before, name_, after = found[1] or "", found[2], found[3]
    return f'{before}<mo lspace="{"0" if before else ".17em"}" rspace="{"0" if after else ".17em"}">{name_}</mo>'


def _index(text: str) -> str:
    return f"<mn>{text}</mn>" if text.isdigit() else f"<mtext>{safe(text)}</mtext>"


def _brackets(body: str, role: Role, *more: str) -> str:
    return f"<mrow{role_class(role, 'm', *more)}><mo>[</mo>{body}<mo>]</mo></mrow>"


def _row(body: str) -> str:
    return f"<mrow>{body}</mrow>"
