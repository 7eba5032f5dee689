"""Symbolic differentiation: SymPy differentiates each step of the trace, and the chain rule puts the results together.

Where it is small enough, the closed form of the output and of every derivative is made, in the symbols of inputs and
parameters, and the numbers are put into it. Its size is foreseen from the steps alone; where it would be too large,
the names of the trace stay symbols: each step's derivative gets the numbers, and these are multiplied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import add, mul
from typing import NamedTuple, TypeVar

import numpy as np
import sympy as sp
from sympy.simplify.cse_main import tree_cse

from adcli.arrays import Array
from adcli.engines.formulas import Cotangent, Entry, Formulas, operations
from adcli.engines.structure import Result, Structure, evaluate, named, structure
from adcli.engines.symbolic_factors import Factoring
from adcli.engines.symbolic_numbers import numbers
from adcli.engines.symbolic_steps import Bars, Sizes, SymbolicStep, Symbols, make_steps, pull_back
from adcli.engines.symbols import object_array
from adcli.errors import AdcliError, Problem
from adcli.primitives import RULES, Rules
from adcli.trace import Trace

MOST_DERIVATIVES = 5_000
MOST_OPERATIONS = 20_000
MOST_SYMBOLS = 20_000
MOST_PRODUCTS = 200_000  # in the formulas of all steps
_DEEPEST = 100  # SymPy walks formulas by recursion
_MOST_BITS = 4096  # of a whole number that SymPy would raise to a power

T = TypeVar("T")


class Plan(NamedTuple):
    """What will be made of symbols: the steps ``nodes``, and the names that they read and make.

    ``whole``: these are all steps that the output depends on, so that a closed form is possible.
    """

    structure: Structure
    nodes: frozenset[str]
    names: tuple[str, ...]
    whole: bool


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Plan:
    """Of ``rules`` only the textbook values are used.

    Raises:
        AdcliError: there are more than 5,000 derivatives, or the steps on the way hold too many numbers.
    """
    base = structure(trace, wrt, rules)
    shapes = trace.shapes
    rows = math.prod(shapes[trace.output])
    _refuse_beyond(MOST_DERIVATIVES, rows * sum(math.prod(shapes[name]) for name in base.wrt), "derivatives")
    upstream = _upstream(trace)
    made = frozenset(node.name for node in trace.nodes)
    if _count(trace, upstream) <= MOST_SYMBOLS and _products(base, upstream) <= MOST_PRODUCTS:
        return Plan(base, made & upstream, _in_order(trace, upstream), whole=True)
    flowing = [node for node in trace.nodes if node.name in base.flows]
    touched = frozenset(name for node in flowing for name in (*node.operands, node.name))
    _refuse_beyond(MOST_SYMBOLS, _count(trace, touched), "symbols")
    _refuse_beyond(MOST_PRODUCTS, _products(base, base.flows), "products")
    return Plan(base, made & base.flows, _in_order(trace, touched), whole=False)


def _refuse_beyond(most: int, count: int, what: str) -> None:
    if count > most:
        hint = "ask for fewer names by --wrt, or take another mode"
        raise AdcliError(Problem(f"symbolic mode takes at most {most:,} {what}, and here are {count:,}", None, hint))


def _count(trace: Trace, names: frozenset[str]) -> int:
    return sum(math.prod(trace.shapes[name]) for name in names)


def _products(base: Structure, names: frozenset[str]) -> int:
    """The multiplications in the values of ``names``."""
    shapes = base.trace.shapes
    pairs = zip(base.trace.nodes, base.primitives, strict=True)
    return sum(
        primitive.multiplications(node.shape, *(shapes[a] if isinstance(a, str) else () for a in node.arguments))
        for node, primitive in pairs
        if node.name in names
    )


def _in_order(trace: Trace, names: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in trace.shapes if name in names)


def _upstream(trace: Trace) -> frozenset[str]:
    """All that the output depends on, itself included."""
    needed = {trace.output}
    for node in reversed(trace.nodes):
        if node.name in needed:
            needed.update(node.operands)
    return frozenset(needed)


def run(plan: Plan) -> Result:
    """Values, gradients and their formulas."""
    base = plan.structure
    values = named(base, evaluate(base))
    symbols = Symbols(base, values, plan.names)
    steps = make_steps(base, symbols, plan.nodes)
    foreseen = _foreseen(base, steps, symbols) if plan.whole else None
    closed = _closed_form(base, steps, symbols) if foreseen is not None and foreseen <= MOST_OPERATIONS else None
    formulas, gradients = closed or _staged(base, steps, symbols, foreseen)
    return Result(values, gradients, formulas=formulas)


def _beginning(base: Structure, one: T) -> Bars[T]:
    """∂output/∂output: a row for each entry of the output."""
    output = base.trace.output
    return {output: [{row: one} for row in range(math.prod(base.trace.shapes[output]))]}


def _foreseen(base: Structure, steps: list[SymbolicStep], symbols: Symbols) -> int:
    """The operations that the closed forms of the output and of all derivatives would take."""
    sizes = Sizes(steps, symbols)
    if sizes.deepest > _DEEPEST:
        return Sizes.LARGEST
    bars = pull_back(steps, _beginning(base, 0), lambda d: sizes.of(d.formula), sizes.joined, sizes.joined)
    of_output = sum(sizes.of_symbol.get(symbol, 0) for symbol in symbols.flat(base.trace.output))
    return of_output + sum(size for name in base.wrt for row in bars.get(name, []) for size in row.values())


def _closed_form(
    base: Structure, steps: list[SymbolicStep], symbols: Symbols
) -> tuple[Formulas, dict[str, Array]] | None:
    """Formulas in the symbols of inputs and parameters, and the numbers put into them; None where they grow too large.

    An entry that is a mere number keeps the symbol of its name, so that SymPy never raises numbers to powers.
    """
    closed: dict[sp.Symbol, sp.Expr] = {}
    mapping: dict[sp.Symbol, sp.Expr] = {}
    for step in steps:
        for symbol, formula in zip(symbols.flat(step.name), step.formulas, strict=True):
            closed[symbol] = formula.xreplace(mapping)
            if closed[symbol].free_symbols:
                mapping[symbol] = closed[symbol]
            if any(max(abs(n.p), n.q).bit_length() > _MOST_BITS for n in closed[symbol].atoms(sp.Rational)):
                return None
    bars = pull_back(steps, _beginning(base, sp.S.One), lambda d: d.formula.xreplace(mapping), mul, add)
    output = [closed.get(symbol, symbol) for symbol in symbols.flat(base.trace.output)]
    factored = Factoring()
    found = {name: [factored(f) for f in _filled(base, bars, name, sp.S.Zero)] for name in base.wrt}
    everything = [*output, *(formula for formulas in found.values() for formula in formulas)]
    # Only to count: sp.cse would also look for common factors, which misreads the products that factoring leaves.
    shared, reduced = tree_cse(everything, sp.numbered_symbols("t", real=True))
    after = operations([formula for _, formula in shared] + reduced)
    if _undefined(base, symbols, steps):  # a formula may have a value outside the domain of a step
        gradients = _multiplied(base, steps)
    else:
        put_in = iter(numbers([f for formulas in found.values() for f in formulas], symbols.values))
        gradients = {name: [next(put_in) for _ in formulas] for name, formulas in found.items()}
    return _result(base, symbols, output, found, gradients, (operations(everything), after), staged=False)


def _undefined(base: Structure, symbols: Symbols, steps: list[SymbolicStep]) -> bool:
    return any(math.isnan(symbols.values[s]) for name in base.flows for s in symbols.flat(name)) or any(
        math.isnan(d.number) for step in steps for of in step.derivatives.values() for d in of
    )


def _multiplied(base: Structure, steps: list[SymbolicStep]) -> dict[str, list[float]]:
    """The chain rule on the numbers of the steps' derivatives."""
    bars = pull_back(steps, _beginning(base, 1.0), lambda d: d.number, mul, add)
    return {name: _filled(base, bars, name, 0.0) for name in base.wrt}


def _staged(
    base: Structure, steps: list[SymbolicStep], symbols: Symbols, foreseen: int | None
) -> tuple[Formulas, dict[str, Array]]:
    """The steps' derivatives as numbers, multiplied. A formula goes one step back: cotangents stay symbols, too."""
    output = base.trace.output
    cotangents = _Cotangents(base, symbols)
    written = pull_back(steps, _beginning(base, sp.S.One), lambda d: d.formula, mul, add, cotangents.symbol)
    last = {step.name: step.formulas for step in steps}.get(output) or symbols.flat(output)
    found = {name: _filled(base, written, name, sp.S.Zero) for name in base.wrt}
    local = operations(formula for step in steps for formula in step.formulas)
    local += operations(d.formula for step in steps for of in step.derivatives.values() for d in of)
    chained = len(written[output]) * 2 * sum(len(of) for step in steps for of in step.derivatives.values())
    return _result(base, symbols, last, found, _multiplied(base, steps), (foreseen, local + chained), staged=True)


class _Cotangents:
    """The symbols ∂output/∂entry of a staged result; the output's own cotangent is 1."""

    def __init__(self, base: Structure, symbols: Symbols) -> None:
        self.output = base.trace.output
        self.shapes = base.trace.shapes
        self.symbols = symbols

    def symbol(self, name: str, row: int, entry: int, bar: sp.Expr) -> sp.Expr:
        if name == self.output:
            return bar
        own = self.symbols.flat(name)[entry]
        meaning = Cotangent(self._entry(self.output, row), self._entry(name, entry))
        return self.symbols.added(f"{own.name}bar{row}", meaning)

    def _entry(self, name: str, entry: int) -> Entry:
        shape = self.shapes[name]
        return Entry(name, shape, tuple(int(i) for i in np.unravel_index(entry, shape)))


def _filled(base: Structure, bars: Bars[T], name: str, zero: T) -> list[T]:
    """The cotangents of ``name``, row by row, with the zeros of the structure."""
    rows = math.prod(base.trace.shapes[base.trace.output])
    size = math.prod(base.trace.shapes[name])
    found = bars.get(name, [{}] * rows)
    return [row.get(entry, zero) for row in found for entry in range(size)]


def _result(
    base: Structure,
    symbols: Symbols,
    output: list[sp.Expr],
    found: dict[str, list[sp.Expr]],
    gradients: dict[str, list[float]],
    operations: tuple[int | None, int],
    *,
    staged: bool,
) -> tuple[Formulas, dict[str, Array]]:
    shapes = base.trace.shapes
    rows = math.prod(shapes[base.trace.output])
    shape = {name: shapes[name] if rows == 1 else (rows, math.prod(shapes[name])) for name in base.wrt}
    formulas = Formulas(
        object_array(output, shapes[base.trace.output]),
        {name: object_array(found[name], shape[name]) for name in base.wrt},
        symbols.meanings,
        *operations,
        staged,
    )
    return formulas, {name: np.array(gradients[name], dtype=float).reshape(shape[name]) for name in base.wrt}
