"""Formulas of symbolic mode as text and as LaTeX: the symbols inside get names that one can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from adcli.arrays import Array
from adcli.engines.formulas import Cotangent, Formulas, Meaning
from adcli.notation.names import SUBSCRIPTS, latex_name
from adcli.notation.numbers import latex_number, number_text


def text(formulas: Formulas, of: Array) -> Array:
    """The expressions ``of``, an object array, as texts."""
    return _written(of, text_writer(formulas))


def latex(formulas: Formulas, of: Array) -> Array:
    """The same in LaTeX."""
    return _written(of, latex_writer(formulas))


def text_writer(formulas: Formulas) -> Callable[[sp.Expr], str]:
    """Writes expressions as text, and remembers their parts: a part of one that was written costs nothing."""
    write: Callable[[sp.Expr], str] = _Text(formulas.meanings).doprint
    return write


def latex_writer(formulas: Formulas) -> Callable[[sp.Expr], str]:
    """The same in LaTeX."""
    write: Callable[[sp.Expr], str] = _Latex(formulas.meanings).doprint
    return write


def _written(formulas: Array, write: Callable[[sp.Expr], str]) -> Array:
    texts = np.empty(formulas.shape, dtype=object)
    for place in np.ndindex(formulas.shape):
        texts[place] = write(formulas[place])
    return texts


def label(meaning: Meaning) -> str:
    """``W1₂₁`` for the entry [2, 1] of W1, ``W1[2,11]`` where an index may have two digits."""
    if isinstance(meaning, float):
        return _bracketed(number_text(meaning, 15), meaning)
    if isinstance(meaning, Cotangent):
        return f"∂{label(meaning.output)}/∂{label(meaning.of)}"
    counted = [str(i + 1) for i in meaning.place]
    if max(meaning.shape, default=0) < 10:
        return meaning.name + "".join(counted).translate(SUBSCRIPTS)
    return f"{meaning.name}[{','.join(counted)}]"


def latex_label(meaning: Meaning) -> str:
    """``W^{(1)}_{21}``, as the lecture writes it."""
    if isinstance(meaning, float):
        return _bracketed(latex_number(meaning, 15), meaning)
    if isinstance(meaning, Cotangent):
        return rf"\frac{{\partial {latex_label(meaning.output)}}}{{\partial {latex_label(meaning.of)}}}"
    if not meaning.place:
        return latex_name(meaning.name)
    counted = ("" if max(meaning.shape) < 10 else ",").join(str(i + 1) for i in meaning.place)
    return f"{_with_layer_above(meaning.name)}_{{{counted}}}"


def _bracketed(written: str, number: float) -> str:
    """A negative number may stand after a sign or below a power."""
    return f"({written})" if number < 0 else written


def has_numbers(meanings: Mapping[sp.Symbol, Meaning]) -> bool:
    """Whether symbols stand for numbers, which need a dot between them."""
    return any(isinstance(meaning, float) for meaning in meanings.values())


def _with_layer_above(name: str) -> str:
    """``W1`` as ``W^{(1)}``, ``W_g`` as ``W^{g}``: what would stand below makes room for the indices."""
    whole = latex_name(name)
    letter, below, index = whole.partition("_")
    index = index.strip("{}") if index.count("{") < 2 else index[1:-1]
    return f"{letter}^{{({index})}}" if below and index.isdigit() else f"{letter}^{{{index}}}" if below else whole


def _remembered(write: Callable[..., str]) -> Callable[..., str]:
    """A printer's method that writes a part which stands in several places, or is written by itself too, only once."""

    def _print(printer: Any, expr: Any, **how: Any) -> str:
        if not isinstance(expr, sp.Basic):
            return write(printer, expr, **how)
        key = (expr, *how.items())
        if key not in printer.known:
            printer.known[key] = write(printer, expr, **how)
        return str(printer.known[key])

    return _print


class _Text(StrPrinter):  # type: ignore[misc]  # sympy has no types
    _print = _remembered(StrPrinter._print)

    def __init__(self, meanings: Mapping[sp.Symbol, Meaning]) -> None:
        super().__init__()
        self.meanings = meanings
        self.known: dict[Any, str] = {}

    def _print_Symbol(self, symbol: sp.Symbol) -> str:  # noqa: N802
        return label(self.meanings[symbol])

    def _print_IfPositive(self, choice: Any) -> str:  # noqa: N802
        return self._choice(choice, ">")

    def _print_IfNotNegative(self, choice: Any) -> str:  # noqa: N802
        return self._choice(choice, ">=")

    def _choice(self, choice: Any, relation: str) -> str:
        excess, then, otherwise = choice.args[:3]
        if _reads_better_negated(excess):
            excess, relation = -excess, relation.replace(">", "<")
        return f"({self._print(then)} if {self._print(excess)} {relation} 0 else {self._print(otherwise)})"


class _Latex(LatexPrinter):  # type: ignore[misc]
    _print = _remembered(LatexPrinter._print)

    def __init__(self, meanings: Mapping[sp.Symbol, Meaning]) -> None:
        super().__init__({"mul_symbol": "dot"} if has_numbers(meanings) else None)
        self.meanings = meanings
        self.known: dict[Any, str] = {}

    def _print_Symbol(self, symbol: sp.Symbol, style: str = "plain") -> str:  # noqa: N802
        return latex_label(self.meanings[symbol])

    def _print_IfPositive(self, choice: Any, exp: Any = None) -> str:  # noqa: N802
        return self._choice(choice, ">", exp)

    def _print_IfNotNegative(self, choice: Any, exp: Any = None) -> str:  # noqa: N802
        return self._choice(choice, r"\ge", exp)

    def _choice(self, choice: Any, relation: str, exp: Any) -> str:
        excess, then, otherwise = choice.args[:3]
        if _reads_better_negated(excess):
            excess, relation = -excess, {">": "<", r"\ge": r"\le"}[relation]
        condition = f"{self._print(excess)} {relation} 0"
        rows = rf"{self._print(then)} & {condition} \\ {self._print(otherwise)} & \text{{otherwise}}"
        cases = rf"\left\{{\begin{{array}}{{ll}} {rows} \end{{array}}\right."
        return cases if exp is None else rf"\left({cases}\right)^{{{exp}}}"


def _reads_better_negated(excess: sp.Expr) -> bool:
    return not excess.is_Add and bool(excess.could_extract_minus_sign())
