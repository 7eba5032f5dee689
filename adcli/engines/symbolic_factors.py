"""Common factors taken out of formulas that share most of their parts, as derivatives by the chain rule do."""

from __future__ import annotations

import sympy as sp
from sympy.core.parameters import distribute


class Factoring:
    """SymPy's ``factor_terms``, one sum at a time: what several formulas share is worked on once.

    While the terms of a sum are looked at, the sums inside them are symbols.
    """

    def __init__(self) -> None:
        self._done: dict[sp.Expr, sp.Expr] = {}
        self._symbol_of: dict[sp.Expr, sp.Dummy] = {}
        self._sum_of: dict[sp.Dummy, sp.Expr] = {}

    def __call__(self, formula: sp.Expr) -> sp.Expr:
        found = self._done.get(formula)
        if found is None:
            with distribute(False):  # 2 (a + b) stays a product
                found = self._done[formula] = self._factored(formula)
        return found

    def _factored(self, formula: sp.Expr) -> sp.Expr:
        if formula.is_Mul:
            return sp.Mul(*(self(factor) for factor in formula.args))
        if _is_power(formula):
            return sp.Pow(self(formula.base), formula.exp)
        if not formula.is_Add:
            return sp.factor_terms(formula)
        factored = sp.factor_terms(sp.Add(*(self._opaque(self(term)) for term in formula.args)))
        return factored.xreplace({symbol: self._sum_of[symbol] for symbol in factored.atoms(sp.Dummy)})

    def _opaque(self, term: sp.Expr) -> sp.Expr:
        """``term`` with symbols for the sums that it multiplies."""
        if term.is_Mul:
            return sp.Mul(*(self._opaque(factor) for factor in term.args))
        if _is_power(term):
            return sp.Pow(self._opaque(term.base), term.exp)
        if not term.is_Add:
            return term
        symbol = self._symbol_of.get(term)
        if symbol is None:
            symbol = self._symbol_of[term] = sp.Dummy(real=True)
            self._sum_of[symbol] = term
        return symbol


def _is_power(formula: sp.Expr) -> bool:
    return bool(formula.is_Pow and formula.exp.is_Integer)
