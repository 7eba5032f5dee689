"""Where a formula may break on a page that is too narrow for it: between matrices, and before a sign."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from adcli.explain.maths import Bracketed, Expression, Fraction, Matrix, Number, Partial, Product, Sum


class Piece(NamedTuple):
    """A piece of a line that may stand on a line of its own; ``thin``: a thin space of TeX comes before it."""

    sign: str
    expression: Expression
    thin: bool = False


def pieces(e: Expression) -> list[Piece]:
    """A sum or a product with matrices in it, term by term and factor by factor; anything else is one piece."""
    if isinstance(e, Sum) and 0 not in e.minus and _has_matrix(e):
        found: list[Piece] = []
        for place, term in enumerate(e.terms):
            first, *rest = pieces(Bracketed(term)) if place and takes_brackets(term) else pieces(term)
            sign = "−" if place in e.minus else "+" if place else ""
            found += [first._replace(sign=sign), *rest]
        return found
    if isinstance(e, Product) and _has_matrix(e):
        factors = [Bracketed(factor) if takes_brackets(factor) else factor for factor in e.factors]
        between = "⋅" if e.dot else ""
        rest = [Piece(between, factor, is_thin(before, factor)) for before, factor in pairwise(factors)]
        return [Piece("", factors[0]), *rest]
    return [Piece("", e)]


def takes_brackets(factor: Expression) -> bool:
    """Whether a factor stands in round brackets."""
    return isinstance(factor, Sum) or (isinstance(factor, Number) and factor.value < 0)


def is_thin(one: Expression, other: Expression) -> bool:
    """Whether a thin space stands between two factors: a fraction keeps that of TeX around it."""
    return isinstance(one, Partial | Fraction) or isinstance(other, Partial | Fraction)


def _has_matrix(e: Expression) -> bool:
    """Whether there is a matrix in brackets, which is wide."""
    match e:
        case Matrix():
            return bool(e.array.size > 1)
        case Sum():
            return any(map(_has_matrix, e.terms))
        case Product():
            return any(map(_has_matrix, e.factors))
    return False
