"""What a primitive is: one operation with its value and its derivative, declared together.

A derivative is stated as a linear map for each argument, in two directions:

- the JVP pushes a tangent forward: ``jvp(x_dot, …) = J x_dot``;
- the VJP pulls a cotangent back: ``vjp(out_bar, …) = out_barᵀ J``.

After the tangent or cotangent, the parameters of a rule name what it reads: arguments of the
primitive, or ``out`` for its output. That signature is all that an engine goes by: what no VJP
names need not be stored. Tangents and cotangents may carry one leading axis, so that a rule
treats many of them in one call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from adcli.arrays import Array, Shape
from adcli.primitives.numerics import numbers

Rule = Callable[..., Any]
Cost = Callable[..., int]  # multiplications, from the shapes of the output and of all operands


def one_an_entry(out: Shape, own: Shape) -> int:
    """What a JVP or a VJP takes unless it states its own: a multiplication for each entry of the larger side."""
    return max(math.prod(out), math.prod(own))


def no_multiplication(*shapes: Shape) -> int:
    return 0


def names_read(rule: Rule, *, skip: int) -> tuple[str, ...]:
    """The parameters of ``rule`` after the first ``skip``: what it reads."""
    code = rule.__code__
    return code.co_varnames[skip : code.co_argcount]


@dataclass(frozen=True, slots=True)
class OuterProduct:
    """A weight Jacobian in factors, I ⊗ hᵀ: entry (k, l) of the weight touches output k only, by the factor h[l].

    ``reads`` names h. ``transposed``: the weight is in × out, as in the row convention.
    """

    reads: str
    transposed: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """How an operand is repeated to fit the shape of a result, and how a cotangent of the result is summed back.

    ``sum`` is the sign of that sum, as text and in LaTeX.
    """

    repeat: Rule
    add_up: Rule
    sum: tuple[str, str]


@dataclass(frozen=True, slots=True)
class SpecialCase:
    """A simpler statement of a slope, true only where ``holds(*operands)``."""

    holds: Rule
    formula: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A value that the formula of a slope is made of, shown before it: ``value(*operands)``, and its own formula."""

    value: Rule
    formula: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Partial:
    """The derivative of a primitive for one argument: a linear map in two directions.

    ``jvp_reads`` and ``vjp_reads`` are taken from the rules' own parameters unless given.
    ``outer`` states that the Jacobian is an outer product, where it is.
    ``rowwise_jvp`` is the JVP before the sum over a batch's examples, for an operation that ends with one.
    ``slope`` is the diagonal of the Jacobian, where that is diagonal, or where its rows are then summed;
    it reads what the JVP reads. ``spread``: the operand is repeated before that slope, as in broadcasting.
    ``formula`` states the slope as text and in LaTeX, with ``⟦x⟧`` for a name that it reads;
    ``simpler`` is what it comes to in a special case, ``ingredient`` what it is made of.
    ``pullback`` states the VJP in the same way where there is no slope, with ``⟦bar⟧`` for the cotangent and
    ``⟦xᵀ⟧`` for what is transposed. A vector is a column (in the row convention a row), its cotangent a row.
    ``jacobian`` states the Jacobian of one row, where its entries mix, with the output as a column ``⟦out⟧`` or as
    a row ``⟦outᵀ⟧``.
    ``jvp_cost`` and ``vjp_cost`` count the multiplications for one tangent or cotangent, from the shapes of the
    output and of all operands; default: one an entry.
    """

    jvp: Rule
    vjp: Rule
    jvp_reads: tuple[str, ...] = ("*",)
    vjp_reads: tuple[str, ...] = ("*",)
    outer: OuterProduct | None = None
    rowwise_jvp: Rule | None = None
    slope: Rule | None = None
    formula: tuple[str, str] | None = None
    simpler: SpecialCase | None = None
    ingredient: Ingredient | None = None
    pullback: tuple[str, str] | None = None
    jacobian: tuple[str, str] | None = None
    spread: Spread | None = None
    jvp_cost: Cost | None = None
    vjp_cost: Cost | None = None

    def __post_init__(self) -> None:
        if self.jvp_reads == ("*",):
            object.__setattr__(self, "jvp_reads", names_read(self.jvp, skip=1))
        if self.vjp_reads == ("*",):
            object.__setattr__(self, "vjp_reads", names_read(self.vjp, skip=1))


def additive(jvp: Rule, vjp: Rule, pullback: tuple[str, str] | None = None) -> Partial:
    """The derivative of a sum for one of its terms: it takes no multiplication."""
    return Partial(jvp, vjp, pullback=pullback, jvp_cost=no_multiplication, vjp_cost=no_multiplication)


UNCHANGED = "⟦bar⟧", "⟦bar⟧"  # the pullback of what is added as it is: its Jacobian is the identity
SUM_OF_ROWS = "Σ_rows ", r"\sum_{\mathrm{rows}} "
SUM_OF_COLUMNS = "Σ_columns ", r"\sum_{\mathrm{columns}} "
SUM_OF_ALL = "Σ ", r"\sum "


@dataclass(frozen=True, slots=True)
class Reduction:
    """How an operation on a batch ends: what ``each`` example comes to is added up, or its ``mean`` is taken."""

    each: Primitive
    mean: bool


@dataclass(frozen=True, slots=True)
class Primitive:
    """One operation.

    Attributes:
        arguments: the names of its operands, in order.
        value: ``value(xp, *operands)``, the textbook form, written against numpy or a namespace
            of the same functions on symbols.
        partials: argument → its derivative. An argument without one is not differentiated.
        text: the formula, as a function of the operands' texts.
        latex: the same in LaTeX.
        stable: ``stable(*operands)``, the form that is safe in float64, where the textbook's is not.
        kink: ``kink(*operands)``, a mask over the first operand of where the derivative is a convention.
        rowwise: each row of a batch is treated by itself, so that no output row reads another input row.
        stackable: several operands at once may carry a leading axis of perturbations.
        multiplications: how many a value takes, from the shapes of the output and of all operands.
        reduction: what comes last, where one number is made of those of several examples.
    """

    arguments: tuple[str, ...]
    value: Rule
    partials: Mapping[str, Partial]
    text: Callable[..., str]
    latex: Callable[..., str]
    stable: Rule | None = None
    kink: Rule | None = None
    rowwise: bool = True
    stackable: bool = False
    multiplications: Cost = no_multiplication
    reduction: Reduction | None = None
    evaluate: Rule = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "evaluate", self.stable or partial(self.value, numbers))

    @property
    def mixes(self) -> bool:
        """Whether every entry of a row depends on all of that row, as in softmax: it takes no single number."""
        rules = [*self.partials.values()]
        return len(rules) == 1 and self.rowwise and rules[0].slope is None


Rules = Mapping[str, Callable[..., Primitive]]


def elementwise(
    value: Rule,
    slope: Rule,
    text: Callable[[str], str],
    latex: Callable[[str], str],
    *,
    stable: Rule | None = None,
    kink: Rule | None = None,
    slope_formula: tuple[str, str] | None = None,
) -> Primitive:
    """A primitive of one argument ``x`` that acts entry by entry: its Jacobian is diagonal, with ``slope`` on it.

    ``slope`` names what it reads, ``x`` or ``out`` or both, and serves both directions;
    ``slope_formula`` states it for readers, as text and in LaTeX, with ``⟦x⟧`` and ``⟦out⟧`` for what it reads.
    """

    def scale(direction: Array, *read: Array) -> Array:
        scaled: Array = direction * slope(*read)
        return scaled

    reads = names_read(slope, skip=0)
    return Primitive(
        ("x",),
        value,
        {"x": Partial(scale, scale, reads, reads, slope=slope, formula=slope_formula)},
        text,
        latex,
        stable,
        kink,
    )
