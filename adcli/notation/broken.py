"""A long formula in pieces between which a line may be broken: before each + and −, in brackets too."""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy as sp

from adcli.engines.formulas import Entry, Formulas
from adcli.engines.symbols import IfNotNegative, IfPositive
from adcli.notation.formulas import has_numbers, latex_writer, text_writer

SHORT = 40  # characters of a formula that stays on one line
_PLACE = sp.Symbol("place")
_MARK = "place"  # how it is written, in both ways


class Piece(NamedTuple):
    """The same as text and in LaTeX; brackets may be opened in one piece and closed in a later one."""

    text: str
    latex: str


def pieces(formulas: Formulas, expression: Any) -> list[Piece]:
    """``expression`` whole where it is short; otherwise in pieces, of which all but the first begin with + or −."""
    with_place = formulas._replace(meanings={**formulas.meanings, _PLACE: Entry(_MARK)})
    return _Breaker(with_place).of(expression)


class _Breaker:
    def __init__(self, formulas: Formulas) -> None:
        self.text, self.latex = text_writer(formulas), latex_writer(formulas)
        self.times = r" \cdot " if has_numbers(formulas.meanings) else r"\, "

    def whole(self, e: Any) -> Piece:
        return Piece(self.text(e), self.latex(e))

    def of(self, e: Any) -> list[Piece]:
        if len(self.text(e)) <= SHORT:
            return [self.whole(e)]
        if e.is_Add:
            return self.sum(e)
        if e.is_Mul:
            return self.product(e)
        if e.is_Pow and e.exp.is_Integer and e.exp.is_positive:
            return _enclosed("(", self.of(e.base), f")**{e.exp}", f")^{{{e.exp}}}")
        if e.func is sp.exp:
            return _enclosed("exp(", self.of(e.args[0]), ")", ")", r"\exp(")
        return self.function(e) if e.is_Function and len(e.args) == 1 else [self.whole(e)]

    def sum(self, e: Any) -> list[Piece]:
        found: list[Piece] = []
        for term in e.as_ordered_terms():
            negative = _is_negative(term)
            own = self.factor(-term) if negative else self.of(term)
            sign = "-" if negative else "+" if found else ""
            found += _prefixed(f"{sign} " if found else sign, f"{{}} {sign} " if found else sign, own)
        return found

    def product(self, e: Any) -> list[Piece]:
        if _is_negative(e):
            return _prefixed("-", "-", self.factor(-e))
        above, below = sp.fraction(e)
        if below != 1:
            divided = _enclosed("(", self.of(below), ")", ")") if below.is_Mul else self.factor(below)
            return _chained(self.of(above) if above.is_Mul else self.factor(above), divided, "/", "/")
        found, *others = map(self.factor, e.as_ordered_factors())
        for own in others:
            found = _chained(found, own, "*", self.times)
        return found

    def factor(self, e: Any) -> list[Piece]:
        if e.is_Add:
            return _enclosed("(", self.of(e), ")", ")")
        own = self.of(e)
        if isinstance(e, IfPositive | IfNotNegative):  # its text has brackets already
            return _enclosed("", own, "", r"\right)", r"\left(")
        return own

    def function(self, e: Any) -> list[Piece]:
        """``tanh(`` and its argument in pieces: how the function is written is seen at a short argument."""
        short = self.whole(e.func(_PLACE))
        before, _, after = short.text.partition(_MARK)
        head, _, _ = short.latex.partition(r"\left(")
        head = head.rstrip("{ ")
        if not head or "{" in head.replace(r"\operatorname{", "").replace(r"\mathrm{", ""):
            return [self.whole(e)]
        return _enclosed(before, self.of(e.args[0]), after, ")", f"{head}(")


def _is_negative(e: Any) -> bool:
    return bool(not e.is_Add and e.as_coeff_Mul()[0].is_negative)


def _chained(one: list[Piece], other: list[Piece], between: str, latex_between: str) -> list[Piece]:
    """No break comes between the two."""
    last, (first, *more) = one[-1], other
    joined = Piece(last.text + between + first.text, last.latex + latex_between + first.latex)
    return [*one[:-1], joined, *more]


def _enclosed(before: str, inner: list[Piece], after: str, latex_after: str, latex_before: str = "(") -> list[Piece]:
    return _suffixed(_prefixed(before, latex_before, inner), after, latex_after)


def _prefixed(before: str, latex_before: str, inner: list[Piece]) -> list[Piece]:
    return [Piece(before + inner[0].text, latex_before + inner[0].latex), *inner[1:]]


def _suffixed(inner: list[Piece], after: str, latex_after: str) -> list[Piece]:
    return [*inner[:-1], Piece(inner[-1].text + after, inner[-1].latex + latex_after)]
