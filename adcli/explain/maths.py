"""Expressions of a slide: a small tree that says what is meant, from which each format makes its own writing.

Every name is text from a spec and untrusted: a renderer escapes it.

Expressions are named tuples, but for three: a type checker compares named tuples field by field, and with these three
among them it takes minutes for a union of types that hold each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from adcli.arrays import Array


class Role(Enum):
    """What a thing is, which decides its colour, its brackets' colour and its mark."""

    PLAIN = "plain"
    VALUE = "value"
    PARAMETER = "parameter"
    TANGENT = "tangent"
    COTANGENT = "cotangent"
    DONE = "done"


class Mark(Enum):
    """What stands over a letter."""

    NONE = ""
    HAT = "hat"
    TILDE = "tilde"


class Name(NamedTuple):
    """A letter with its index: ``Name("W", "1")`` is W₁, and with ``entry=(2, 1)`` it is its entry, W₁[2,1].

    Attributes:
        base, sub: as in W_1. ``base`` may be a whole word of a spec (``hidden``). The loss is ``ℓ``.
        mark: the hat of a tangent, the tilde of a cotangent.
        rank: axes of what it names: 0 is written in italics, 1 and 2 in bold upright.
        entry: the indices of one entry, from 1: written W^{(1)}_{21} in LaTeX and MathML, ``W₁[2,1]`` in text.
    """

    base: str
    sub: str = ""
    mark: Mark = Mark.NONE
    rank: int = 0
    role: Role = Role.PLAIN
    entry: tuple[int, ...] = ()


class Partial(NamedTuple):
    """∂of/∂by, as a fraction; ``∂h₃/∂h₂`` in running text and in the terminal. ``by`` None: ∂of alone."""

    of: Name
    by: Name
    role: Role = Role.PLAIN


class Number(NamedTuple):
    """One number. ``digits`` significant ones instead of the deck's, where given."""

    value: float
    role: Role = Role.PLAIN
    digits: int | None = None


class Tint(NamedTuple):
    """What is highlighted in a matrix, from 0: a row, a column, one entry; each None where it isn't."""

    row: int | None = None
    column: int | None = None
    entry: tuple[int, int] | None = None


class Matrix(NamedTuple):
    """A matrix with brackets; ``array`` has two axes (a column vector is n × 1), and is never copied.

    Attributes:
        array: the numbers, all of them: a renderer cuts what is too large (``render.maths.shown``).
        role: of the brackets: what the matrix is.
        entries: role of the numbers: where they come from.
        zeros: where the structure forces a zero (true: dimmed); None: nowhere.
        tint: what the worked entry uses.
        shape: whether the shape stands under it.
        new: it was made in this step: drawn heavier, on a tinted ground.
        heads: what stands over the columns, where there is room; may be empty.
    """

    array: Array
    role: Role = Role.PLAIN
    entries: Role = Role.PLAIN
    zeros: Array | None = None
    tint: Tint = Tint()
    shape: bool = True
    new: bool = False
    heads: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbols:
    """A matrix of expressions, as a Jacobian before its numbers are put in."""

    rows: tuple[tuple[Expression, ...], ...]
    role: Role = Role.PLAIN


@dataclass(frozen=True, slots=True)
class Product:
    """Factors side by side; ``dot``: with a · between (numbers, and names in running text)."""

    factors: tuple[Expression, ...]
    dot: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with + between; a term in ``minus`` (by its place) with −."""

    terms: tuple[Expression, ...]
    minus: tuple[int, ...] = ()


class Power(NamedTuple):
    base: Expression
    exponent: Expression


class Fraction(NamedTuple):
    top: Expression
    bottom: Expression


class Transposed(NamedTuple):
    of: Expression


class Bracketed(NamedTuple):
    """Round brackets around an expression."""

    of: Expression


class Listed(NamedTuple):
    """Numbers in a row in round brackets, ``(6, 4)``, cut after ``most``; with ``word``: ``diag(1, 0, 1)``."""

    array: Array
    role: Role = Role.PLAIN
    word: str = ""
    most: int = 6


class Kronecker(NamedTuple):
    """I_n ⊗ of, the structure of a weight Jacobian; ``left`` false: of ⊗ I_n."""

    size: int
    of: Expression
    left: bool = True


class Raw(NamedTuple):
    """A formula that a primitive states, as text and in LaTeX.

    In both, ``⟦x⟧`` stands for the expression of that name in ``arguments``. The rest is the primitive's, and trusted.
    """

    text: str
    latex: str
    role: Role = Role.PLAIN
    arguments: tuple[tuple[str, Expression], ...] = ()


class Label(NamedTuple):
    """Words within a formula, upright."""

    text: str
    role: Role = Role.PLAIN


class Relation(NamedTuple):
    """``left sign right``, the sign one of = ← ≈ +=."""

    left: Expression
    sign: str
    right: Expression


class Dots(NamedTuple):
    """⋯: something is left out."""


Expression: TypeAlias = (
    Name
    | Partial
    | Number
    | Matrix
    | Symbols
    | Product
    | Sum
    | Power
    | Fraction
    | Transposed
    | Bracketed
    | Listed
    | Kronecker
    | Raw
    | Label
    | Relation
    | Dots
)


def parts_of(thing: object) -> tuple[object, ...]:
    """What an expression, a block of a slide or a tuple of them is made of; nothing, of anything else."""
    if isinstance(thing, Product | Sum | Symbols):
        return tuple(getattr(thing, field) for field in thing.__match_args__)
    return thing if isinstance(thing, tuple) else ()


def largest_matrix(thing: object) -> tuple[int, int]:
    """The most rows and the most columns of the matrices in a formula or an expression; 1 × 1 where there is none."""
    if isinstance(thing, Matrix):
        height, width = thing.array.shape
        return height, width
    inner = [largest_matrix(part) for part in parts_of(thing)]
    return max((h for h, _ in inner), default=1), max((w for _, w in inner), default=1)
