"""Expressions as LaTeX, for Markdown, Beamer and JSON; a format adds its colours by an ``Ink``."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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
from adcli.render.shown import Cell, entries, is_approximate, most_shown, one_number, shown

SIGNS = {"=": "=", "←": r"\leftarrow", "≈": r"\approx", "+=": r"\mathrel{+}=", "": "", "→": r"\to"}
SPECIAL = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "−": "-", "_": r"\_", "^": r"\hat{}", "~": r"\sim{}", "<": r"{<}", ">": r"{>}",
}  # fmt: skip
NEXT_ROW, TIMES, COMMA = r" \\ ", r" \times ", r",\,"
GAPS = {"⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots"}


def _plain(latex: str, role: Role) -> str:
    return latex


def _plain_cell(latex: str, cell: Cell, role: Role) -> str:
    return latex


def _plain_matrix(latex: str, matrix: Matrix) -> str:
    return latex


class Ink(NamedTuple):
    """How a format marks what it can mark: a role's colour, a cell (tinted, forced zero), brackets, new matrices."""

    role: Callable[[str, Role], str] = _plain
    cell: Callable[[str, Cell, Role], str] = _plain_cell
    matrix: Callable[[str, Matrix], str] = _plain_matrix
    shapes: bool = True
    rows: int = 6
    columns: int = 8


PLAIN_INK = Ink()  # of a page without an edge


def to_latex(expression: Expression, numbers: Numbers, ink: Ink = PLAIN_INK) -> str:
    """``expression`` in LaTeX's mathematics (amsmath), without dollar signs. Names are escaped."""
    return _Latex(numbers, ink).of(expression)


def sign_latex(sign: str, expression: Expression, numbers: Numbers) -> str:
    """The sign before ``expression``: an = becomes ≈ where what follows is shown rounded."""
    return SIGNS["≈" if sign == "=" and is_approximate(expression, numbers) else sign]


def escaped(text: str) -> str:
    """Untrusted text within mathematics."""
    return "".join(SPECIAL.get(character, character) for character in text)


def filled(template: str, arguments: tuple[tuple[str, Expression], ...], written: Callable[[Expression], str]) -> str:
    """``template`` with each ``⟦name⟧`` replaced by its expression as a format writes it."""
    for name, expression in arguments:
        template = template.replace(f"⟦{name}⟧", written(expression))
    return template


def stretched(latex: str) -> str:
    """``latex`` with round brackets that grow with what they hold."""
    if r"\left" in latex or latex.count("(") != latex.count(")"):
        return latex
    return latex.replace("(", r"\left(").replace(")", r"\right)")


def number_latex(text: str) -> str:
    """A number's text (``-1/21``, ``3.2e-05``, ``NaN``, ``∞``) in LaTeX."""
    minus, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    if "/" in digits:
        top, _, bottom = digits.partition("/")
        return rf"{minus}\tfrac{{{top}}}{{{bottom}}}"
    if "e" in digits:
        mantissa, _, exponent = digits.partition("e")
        return rf"{minus}{mantissa}\cdot 10^{{{int(exponent)}}}"
    return minus + {"∞": r"\infty", "NaN": r"\mathrm{NaN}"}.get(digits, digits)


class _Latex:
    def __init__(self, numbers: Numbers, ink: Ink) -> None:
        self.numbers = numbers
        self.ink = ink

    def of(self, e: Expression) -> str:
        match e:
            case Name():
                return self.ink.role(name_latex(e), e.role)
            case Number():
                return self.ink.role(number_latex(one_number(e, self.numbers)), e.role)
            case Matrix():
                return self.matrix(e)
            case Partial():
                top, bottom = (self.of(n if e.role is Role.PLAIN else n._replace(role=e.role)) for n in (e.of, e.by))
                d = self.ink.role(r"\partial ", e.role)
                return rf"\frac{{{d}{top}}}{{{d}{bottom}}}"
            case Product():
                return (r" \cdot " if e.dot else r"\,").join(self._factor(f) for f in e.factors)
            case Sum():
                return self.sum(e)
            case Listed():
                return self.listed(e)
            case Symbols():
                rows = NEXT_ROW.join(" & ".join(map(self.of, row)) for row in e.rows)
                return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
            case Relation():
                return f"{self.of(e.left)} {sign_latex(e.sign, e.right, self.numbers)} {self.of(e.right)}"
            case Power():
                return f"{self.of(e.base)}^{{{self.of(e.exponent)}}}"
            case Fraction():
                return rf"\frac{{{self.of(e.top)}}}{{{self.of(e.bottom)}}}"
            case Transposed(Name() as n) if n.sub and not n.entry:
                return self.ink.role(rf"{name_latex(n)}^{{\top}}", n.role)
            case Transposed():
                return rf"{{{self.of(e.of)}}}^{{\top}}"
            case Bracketed():
                return rf"\left({self.of(e.of)}\right)"
            case Kronecker():
                identity = rf"\mathbf{{I}}_{{{e.size}}}"
                left, right = (identity, self.of(e.of)) if e.left else (self.of(e.of), identity)
                return rf"{left} \otimes {right}"
            case Raw():
                tall = any(isinstance(argument, Matrix) and len(argument.array) > 1 for _, argument in e.arguments)
                template = stretched(e.latex) if tall else e.latex
                return self.ink.role(filled(template, e.arguments, self.of), e.role)
            case Label():
                return self.ink.role(rf"\mathrm{{{escaped(e.text).replace(' ', '~')}}}", e.role)
            case Dots():
                return r"\cdots"

    def _factor(self, e: Expression) -> str:
        negative = isinstance(e, Number) and e.value < 0
        return rf"({self.of(e)})" if negative or isinstance(e, Sum) else self.of(e)

    def sum(self, e: Sum) -> str:
        text = ""
        for place, term in enumerate(e.terms):
            sign = "-" if place in e.minus else "+" if place else ""
            text += f" {sign} {self._factor(term)}" if place else f"{sign}{self.of(term)}"
        return text

    def listed(self, e: Listed) -> str:
        texts = [GAPS.get(t) or number_latex(t) for t in entries(e.array, e.most, self.numbers)]
        word = rf"\operatorname{{{escaped(e.word)}}}" if e.word else ""
        return self.ink.role(rf"{word}({COMMA.join(texts)})", e.role)

    def matrix(self, e: Matrix) -> str:
        most = self.ink.rows, self.ink.columns
        seen = shown(e, self.numbers, *(most_shown(e, self.numbers, *most) if self.ink is PLAIN_INK else most))
        if e.array.size == 1:
            return self.ink.role(number_latex(seen.cells[0][0].text), e.role)
        lines = [" & ".join(self._cell(cell, e) for cell in row) for row in seen.cells]
        latex = rf"\begin{{bmatrix}} {NEXT_ROW.join(lines)} \end{{bmatrix}}"
        latex = self.ink.matrix(latex, e)
        if not (seen.shape and self.ink.shapes):
            return latex
        return rf"\underset{{{seen.shape.replace('×', TIMES)}}}{{{latex}}}"

    def _cell(self, cell: Cell, e: Matrix) -> str:
        latex = GAPS[cell.text] if cell.gap else number_latex(cell.text)
        return self.ink.cell(latex, cell, e.entries)


def name_latex(name: Name) -> str:
    """A name without its colour: ``\\widehat{\\mathbf{W}}_{1}``, ``W^{(1)}_{21}``, ``h_{32}``."""
    base = r"\ell" if name.base == "ℓ" else escaped(name.base)
    if name.rank:
        base = rf"\mathbf{{{base}}}"
    elif len(name.base) > 1:
        base = rf"\mathit{{{base}}}"
    if name.mark is Mark.HAT:
        base = rf"\widehat{{{base}}}"
    elif name.mark is Mark.TILDE:
        base = rf"\tilde{{{base}}}"
    sub = escaped(name.sub)
    if sub and not sub.isdigit():
        sub = rf"\mathrm{{{sub}}}" if len(sub) > 1 else sub
    if not name.entry:
        return f"{base}_{{{sub}}}" if sub else base
    short = all(i < 10 for i in name.entry) and (not sub or sub.isdigit())
    index = ("" if short else ",").join(map(str, name.entry))
    if not sub:
        return f"{base}_{{{index}}}"
    if len(name.entry) > 1:
        return f"{base}^{{({sub})}}_{{{index}}}"
    return f"{base}_{{{sub}{'' if short else ','}{index}}}"
