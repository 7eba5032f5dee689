"""Formulas of the symbolic engine as text and LaTeX: symbols of our own inside, readable names outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from adcli.arrays import Array, Shape

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Label(NamedTuple):
    """How a symbol is written."""

    text: str
    latex: str


Labels = dict[sp.Symbol, Label]


def entry_label(name: str, shape: Shape, index: tuple[int, ...]) -> Label:
    """``W1₂₁`` and ``W^{(1)}_{21}`` for the entry [2, 1] of ``W1``; ``W1[2,11]`` where an index has two digits."""
    if not shape:
        return Label(name, _latex_scalar(name))
    counted = [str(i + 1) for i in index]
    short = max(shape) < 10
    text = f"{name}{''.join(counted).translate(_SUBSCRIPTS)}" if short else f"{name}[{','.join(counted)}]"
    stem, number = _stem_and_number(name)
    upper = f"^{{({number})}}" if number else ""
    return Label(text, f"{stem}{upper}_{{{('' if short else ',').join(counted)}}}")


def cotangent_label(output: str, row: Label | None, of: Label) -> Label:
    """∂output/∂entry, where that stays a symbol; ``row`` is the entry of the output, None where it is one number."""
    top = row or Label(output, r"\ell" if output == "loss" else _latex_scalar(output))
    return Label(f"∂{top.text}/∂{of.text}", rf"\frac{{\partial {top.latex}}}{{\partial {of.latex}}}")


def _latex_scalar(name: str) -> str:
    stem, number = _stem_and_number(name)
    return f"{stem}_{{{number}}}" if number else stem


def _stem_and_number(name: str) -> tuple[str, str]:
    """``W1`` → W and 1; ``W_g`` → W and g; ``d.1`` → d and .1; what is left of a long stem is set upright."""
    stem = name.rstrip("0123456789.")
    number = name[len(stem) :]
    if not number and "_" in name.strip("_"):
        stem, _, number = name.partition("_")
    stem, number = stem.replace("_", r"\_"), number.replace("_", r"\_")
    if not number.isdecimal() and len(number) > 1 and "." not in number:
        number = rf"\mathrm{{{number}}}"
    return stem if len(stem) == 1 else rf"\mathrm{{{stem}}}", number


class _Text(StrPrinter):  # type: ignore[misc]  # sympy has no types
    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.labels = labels

    def _print_Symbol(self, symbol: sp.Symbol) -> str:  # noqa: N802
        return self.labels[symbol].text

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
    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.labels = labels

    def _print_Symbol(self, symbol: sp.Symbol, style: str = "plain") -> str:  # noqa: N802
        return self.labels[symbol].latex

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


class Formulas(NamedTuple):
    """What the symbolic engine found, as expressions.

    Attributes:
        output: an object array of the output's shape.
        gradients: name → object array, of the shape of the gradient or Jacobian in numbers.
        labels: how each symbol is written.
        before, after: operations before and after common subexpressions; where staged, those of the closed forms as
            foreseen (None where nobody could count them), and those of the steps.
        staged: whether the names of the trace stay symbols, since the closed form would be too large.
    """

    output: Array
    gradients: dict[str, Array]
    labels: Labels
    before: int | None
    after: int
    staged: bool

    def text(self, formulas: Array) -> Array:
        """The formulas as texts, in an array of their shape."""
        return _written(formulas, _Text(self.labels).doprint)

    def latex(self, formulas: Array) -> Array:
        """The same in LaTeX."""
        return _written(formulas, _Latex(self.labels).doprint)

    @staticmethod
    def entry(name: str, shape: Shape, index: tuple[int, ...]) -> str:
        """How the formulas write an entry of ``name``."""
        return entry_label(name, shape, index).text


def _written(formulas: Array, write: Callable[[sp.Expr], str]) -> Array:
    texts = np.empty(formulas.shape, dtype=object)
    for place in np.ndindex(formulas.shape):
        texts[place] = write(formulas[place])
    return texts


def operations(formulas: Iterable[sp.Expr]) -> int:
    """Additions, multiplications, powers and function calls, each formula written out in full."""
    return sum(int(formula.count_ops()) for formula in formulas)
