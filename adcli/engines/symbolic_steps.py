"""Each step of a trace on symbols: the formulas of its entries, and SymPy's derivatives of them for its operands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import sympy as sp

from adcli.arrays import Array
from adcli.engines.formulas import Entry, Meaning, operations
from adcli.engines.structure import Structure
from adcli.engines.symbolic_numbers import numbers
from adcli.engines.symbols import LARGEST_WRITTEN, Choice, exact, namespace, object_array, rational
from adcli.errors import AdcliError, Problem
from adcli.primitives import Primitive
from adcli.trace import Node

MOST_WORK = 100_000  # some five seconds of SymPy

T = TypeVar("T")
Bars = dict[str, list[dict[int, T]]]  # name → for each entry of the output: entry of the name → cotangent


class Derivative(NamedTuple):
    """∂ (entry ``out`` of a step) / ∂ (entry ``into`` of an operand): a formula, and its value at this point."""

    out: int
    into: int
    formula: sp.Expr
    number: float


class SymbolicStep(NamedTuple):
    """A step: the formula of each entry in the symbols of its operands, and operand → derivatives that flow."""

    name: str
    formulas: list[sp.Expr]
    derivatives: dict[str, list[Derivative]]


class Symbols:
    """A symbol for every entry of some names. Inside they have names of our own, in the same order."""

    def __init__(self, base: Structure, values: Mapping[str, Array], names: Iterable[str]) -> None:
        self.arrays: dict[str, Array] = {}
        self.meanings: dict[sp.Symbol, Meaning] = {}
        self.values: dict[sp.Symbol, float] = {}
        self.signs: dict[sp.Expr, int] = {}
        shapes = base.trace.shapes
        entries = [Entry(name, shapes[name], index) for name in names for index in np.ndindex(shapes[name])]
        width = len(str(len(entries)))
        symbols: list[Any] = [None] * len(entries)
        for rank, i in enumerate(sorted(range(len(entries)), key=lambda i: (entries[i].name, entries[i].place))):
            symbols[i] = sp.Symbol(f"s{rank:0{width}}", real=True)
        of_name: dict[str, list[sp.Symbol]] = {}
        for symbol, entry in zip(symbols, entries, strict=True):
            self.meanings[symbol] = entry
            of_name.setdefault(entry.name, []).append(symbol)
        for name, own in of_name.items():
            self.arrays[name] = object_array(own, shapes[name])
            self.values.update(zip(own, np.asarray(values[name], dtype=float).reshape(-1).tolist(), strict=True))

    def flat(self, name: str) -> list[sp.Symbol]:
        return list(self.arrays[name].reshape(-1))

    def number(self, number: float) -> Array:
        """A number of the trace. A large one stays a symbol, so that nobody writes out its powers; so does 0.

        By a written 0 SymPy would divide at once, and the derivative of what it puts there is 0.
        """
        if 0.0 < abs(number) <= LARGEST_WRITTEN:
            return object_array([rational(number)], ())
        symbol = self.added(f"n{number!r}", float(number))
        self.values[symbol] = number
        return object_array([symbol], ())

    def added(self, own_name: str, meaning: Meaning) -> sp.Symbol:
        symbol = sp.Symbol(own_name, real=True)
        self.meanings[symbol] = meaning
        return symbol

    def here(self, formula: sp.Expr) -> dict[sp.Symbol, float]:
        """The values of the symbols in ``formula``."""
        return {symbol: self.values[symbol] for symbol in formula.free_symbols}

    def with_signs(self, formula: sp.Expr) -> sp.Expr:
        """``formula`` with the sign that decides each choice in it, as the trace has it."""
        if not formula.has(Choice):
            return formula
        return formula.replace(lambda part: isinstance(part, Choice), self._signed)

    def _signed(self, choice: Choice) -> sp.Expr:
        excess, then, otherwise = choice.args
        sign = sp.Symbol(f"c{self.signs.setdefault(excess, len(self.signs))}", real=True)
        self.values[sign] = float(np.sign(numbers([excess], self.here(excess))[0]))
        return choice.func(excess, then, otherwise, sign)


def make_steps(base: Structure, symbols: Symbols, names: frozenset[str]) -> list[SymbolicStep]:
    """The steps that make ``names``, in the order of the trace. One of numbers only has its own symbols as formulas."""
    steps = []
    work = 0
    for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
        if node.name not in names:
            continue
        formulas = _formulas(symbols, node, primitive)
        places = _places(base, symbols, node)
        work += sum(_work(formula, places) for formula in formulas)
        if work > MOST_WORK:
            message = (
                f"symbolic mode would take too long: up to {node.name} alone there are too many derivatives of steps"
            )
            raise AdcliError(Problem(message, None, "take another mode, or a smaller net"))
        steps.append(_differentiated(symbols, node, formulas, places))
    return steps


def _work(formula: sp.Expr, places: Mapping[sp.Symbol, tuple[str, int]]) -> int:
    """About how much it takes to differentiate ``formula`` for each of its symbols, term by term."""
    terms = sp.Add.make_args(formula)
    return sum((4 + operations([term])) * sum(s in places for s in term.free_symbols) for term in terms)


def _formulas(symbols: Symbols, node: Node, primitive: Primitive) -> list[sp.Expr]:
    if not node.operands:
        return symbols.flat(node.name)
    operands = [symbols.arrays[a] if isinstance(a, str) else symbols.number(a) for a in node.arguments]
    value = primitive.value(namespace, *operands)
    entries = value.reshape(-1) if isinstance(value, np.ndarray) else [value]
    return [symbols.with_signs(exact(entry)) for entry in entries]


def _places(base: Structure, symbols: Symbols, node: Node) -> dict[sp.Symbol, tuple[str, int]]:
    """Where the symbols stand for which a derivative flows through ``node``."""
    flowing = [name for name in dict.fromkeys(node.operands) if name in base.flows and node.name in base.flows]
    return {symbol: (name, into) for name in flowing for into, symbol in enumerate(symbols.flat(name))}


def _differentiated(
    symbols: Symbols, node: Node, formulas: list[sp.Expr], places: Mapping[sp.Symbol, tuple[str, int]]
) -> SymbolicStep:
    derivatives: dict[str, list[Derivative]] = {name: [] for name, _ in places.values()}
    for out, (formula, symbol) in enumerate(zip(formulas, symbols.flat(node.name), strict=True)):
        here = symbols.here(formula)
        undefined = math.isnan(symbols.values[symbol]) and not any(map(math.isnan, here.values()))
        found = _derivatives(formula, places, here, undefined)
        for (name, into), (derivative, number) in found.items():
            derivatives[name].append(Derivative(out, into, derivative, number))
    return SymbolicStep(node.name, formulas, derivatives)


def _derivatives(
    formula: sp.Expr, places: Mapping[sp.Symbol, tuple[str, int]], here: Mapping[sp.Symbol, float], undefined: bool
) -> dict[tuple[str, int], tuple[sp.Expr, float]]:
    """The derivative of one entry for each symbol in it, term by term, with its value (NaN where ``undefined``)."""
    terms: dict[sp.Symbol, list[sp.Expr]] = {}
    for term in sp.Add.make_args(formula):
        for symbol in term.free_symbols:
            if symbol in places:
                terms.setdefault(symbol, []).append(term.diff(symbol))
    in_order = sorted(terms, key=lambda symbol: symbol.name)
    derivatives = [_joined(sp.Add(*terms[symbol])) for symbol in in_order]
    found = [math.nan] * len(derivatives) if undefined else numbers(derivatives, here)
    for i, number in enumerate(found):
        if not undefined and (math.isnan(number) or _infinite_by_exponent(number, formula, in_order[i])):
            derivatives[i], found[i] = _others_as_numbers(formula, in_order[i], derivatives[i], here)
    triples = zip(in_order, derivatives, found, strict=True)
    return {places[symbol]: (d, number) for symbol, d, number in triples if d != 0}


def _infinite_by_exponent(number: float, formula: sp.Expr, symbol: sp.Symbol) -> bool:
    """x^y log x at x = 0, which is no slope but a convention's place."""
    return math.isinf(number) and any(symbol in power.exp.free_symbols for power in formula.atoms(sp.Pow))


def _joined(derivative: sp.Expr) -> sp.Expr:
    """x^y / x as x^(y − 1), which has a value at 0."""
    if any(not power.exp.is_number for power in derivative.atoms(sp.Pow)):
        return sp.powsimp(derivative, combine="exp")
    return derivative


def _others_as_numbers(
    formula: sp.Expr, symbol: sp.Symbol, derivative: sp.Expr, here: Mapping[sp.Symbol, float]
) -> tuple[sp.Expr, float]:
    """The partial derivative with the numbers of all others put in first: so 0 · log x is 0 for all x, and 0^y is 0."""
    if not all(math.isfinite(value) for value in here.values()):
        return derivative, math.nan
    own = sp.Symbol(symbol.name, positive=True) if here[symbol] > 0 else symbol
    others = {s: rational(value) for s, value in here.items() if s != symbol and abs(value) <= LARGEST_WRITTEN}
    terms = (term for term in sp.Add.make_args(formula) if symbol in term.free_symbols)
    alone = sp.Add(*(term.xreplace({**others, symbol: own}) for term in terms))
    again = alone.diff(own).xreplace({own: symbol})
    number = numbers([again], here)[0]
    return (derivative, math.nan) if math.isnan(number) else (again, number)


def pull_back(
    steps: Sequence[SymbolicStep],
    bars: Bars[T],
    of: Callable[[Derivative], T],
    times: Callable[[T, T], T],
    plus: Callable[[T, T], T],
    seen: Callable[[str, int, int, T], T] | None = None,
) -> Bars[T]:
    """The chain rule from the output backwards, for numbers, formulas and sizes of formulas alike.

    ``bars`` holds the beginning, and is filled. What is not there is zero by structure. ``seen`` is given each
    cotangent of a step (name, row, entry, cotangent) and may put another in its place before it is used.
    """
    rows = len(next(iter(bars.values())))
    for step in reversed(steps):
        if step.name not in bars:
            continue
        of_step = bars[step.name]
        if seen:
            of_step = [{i: seen(step.name, r, i, bar) for i, bar in row.items()} for r, row in enumerate(of_step)]
        for operand, derivatives in step.derivatives.items():
            into = bars.setdefault(operand, [{} for _ in range(rows)])
            factors = [of(derivative) for derivative in derivatives]
            for row, target in zip(of_step, into, strict=True):
                for derivative, factor in zip(derivatives, factors, strict=True):
                    if derivative.out in row:
                        term = times(row[derivative.out], factor)
                        at = derivative.into
                        target[at] = plus(target[at], term) if at in target else term
    return bars


class Sizes:
    """How large closed forms would be, foreseen from the steps: operations, and how deep they nest."""

    LARGEST = 10**15

    def __init__(self, steps: Sequence[SymbolicStep], symbols: Symbols) -> None:
        self.of_symbol: dict[sp.Symbol, int] = {}
        self.deepest = 0
        depth: dict[sp.Symbol, int] = {}
        for step in steps:
            below = max((depth.get(s, 0) for formula in step.formulas for s in formula.free_symbols), default=0)
            self.deepest = max(self.deepest, below + 1)
            for symbol, formula in zip(symbols.flat(step.name), step.formulas, strict=True):
                self.of_symbol[symbol] = self.of(formula)
                depth[symbol] = below + 1

    def of(self, formula: sp.Expr) -> int:
        """The operations of ``formula`` with closed forms in place of its symbols."""
        size = operations([formula])
        counts: Counter[Any] = Counter()
        counts.update(part for part in sp.preorder_traversal(formula) if part.is_Symbol)
        size += sum(times * self.of_symbol.get(symbol, 0) for symbol, times in counts.items())
        return min(size, self.LARGEST)

    def joined(self, a: int, b: int) -> int:
        """A sum or a product of two."""
        return min(a + b + 1, self.LARGEST)
