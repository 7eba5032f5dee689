"""The lines of a step in portions, a slide each, where they are too high for one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.blocks import Formula, Text, Words, Work
from adcli.explain.deck import Block, Numbers
from adcli.explain.maths import Listed, Matrix, Name, Number, Partial, Product, Raw, Sum, parts_of
from adcli.explain.scene import Scene
from adcli.explain.selection import Told
from adcli.notation.numbers import number_text
from adcli.trace import Node

FRACTION = 1.5  # lines that a ∂/∂ takes
MOST_HIGH = 13  # lines of writing that a slide has room for, beside all that stands around them
ROOM = 46  # characters of a line
SIGN, HANGING, LEAST_ASIDE = 3, 5, 17  # characters of `` = ``, of a line that goes on, and of a remark beside one
MOST_ROWS, MOST_COLUMNS, MOST_WHOLE = 4, 6, 24  # of a matrix that is shortened, and of one that is not to be


class Line(NamedTuple):
    """What is written of one step of a tangent: nothing, where it is one of many alike.

    ``kin``: lines that have it in common, and follow each other, stand on one slide if they can.
    """

    step: Step
    formula: Formula | None
    kin: Hashable
    hand: Work | None = None


class Portion(NamedTuple):
    """What one slide tells of the step of ``node``: the portion of this ``number``, from 0, ``of`` so many.

    Attributes:
        lines: what it writes of the tangents, and ``steps`` what it tells; the first one tells of the value, too.
        whole: all steps of the node.
    """

    node: Node
    number: int
    of: int
    lines: list[Line]
    steps: list[Step]
    whole: list[Step]

    @property
    def is_first(self) -> bool:
        return self.number == 0

    @property
    def is_last(self) -> bool:
        return self.number == self.of - 1

    @property
    def updates(self) -> list[Step]:
        return [step for step in self.steps if step.kind == "tangent.update"]

    @property
    def sums(self) -> list[Step]:
        return [step for step in self.steps if step.kind == "accumulate"]

    @property
    def begun(self) -> list[Step]:
        return [step for step in self.steps if step.kind == "tangent.init"]


def portions(
    scene: Scene, told: Told, values: Sequence[Block], has_slope: bool, lines: Sequence[Line], said: Sequence[Text] = ()
) -> list[Portion]:
    """What each slide tells of a step whose value is ``values``; the last one has room for what is ``said`` below."""
    used = sum(rows(block, scene.numbers) for block in values) + has_slope  # what is said of a loss takes a line more
    below = sum(_lines_of_words(text, scene.numbers) for text in said)
    shares = shared_out(lines, scene.numbers, MOST_HIGH, used, below, may_be_alone=has_slope)
    written = {id(line.step) for line in lines}
    begin = [step for step in told.steps if id(step) not in written]
    return [
        Portion(
            told.node, number, len(shares), share, [*(() if number else begin), *(s.step for s in share)], told.steps
        )
        for number, share in enumerate(shares)
    ]


def shared_out(
    lines: Sequence[Line],
    numbers: Numbers,
    most_high: float,
    used: float = 0,
    below: float = 0,
    may_be_alone: bool = False,
) -> list[list[Line]]:
    """The lines of each slide, which has room for ``most_high``; on the first one so many are ``used`` above them, and
    ``below`` the last one so many more are.

    Kin begin a new slide where what is left of the old one is too small for all of them. But what stands above has none
    for itself, unless it ``may_be_alone``, or there is no room at all.
    """
    found: list[list[Line]] = [[]]
    for _, kin in groupby(lines, key=lambda line: line.kin):
        own = [(line, rows(line.formula, numbers)) for line in kin]
        is_first = not found[-1] and not may_be_alone
        under = below if own[-1][0] is lines[-1] else 0
        if not is_first and used + sum(high for _, high in own) + under > most_high:
            found.append([])
            used = 0
        for line, high in own:
            # A sum stays with the last of its terms, if need be in a line more than there is room for.
            most = most_high + (line.step.kind == "accumulate")
            if used and high and used + high > most:
                found.append([])
                used = 0
            found[-1].append(line)
            used += high
    return found


def rows(block: Block | None, numbers: Numbers) -> float:
    """About how many lines of writing a formula takes, broken before a sign where it is too long for one."""
    if not isinstance(block, Formula):
        return 0
    used = _width(block.left, numbers)
    high = [1]
    for place, part in enumerate(block.parts):
        wide = SIGN + _width(part.expression, numbers)
        if place and used + wide > ROOM:
            high.append(1)
            used = HANGING - SIGN
        used += wide
        high[-1] = max(high[-1], _height(part.expression, numbers))
    return max(sum(high), FRACTION if _has_fraction(block) else 1) + (bool(block.aside) and used + LEAST_ASIDE > ROOM)


def is_wide(formula: Formula | None, numbers: Numbers) -> bool:
    """Whether a piece of a formula, which is not broken, is wider than the stage beside the chain rule."""
    return formula is not None and any(SIGN + _width(part.expression, numbers) > ROOM for part in formula.parts)


def _lines_of_words(text: Text, numbers: Numbers) -> int:
    wide = sum(len(run.text) if isinstance(run, Words) else _width(run, numbers) for run in text.runs)
    return -(-wide // ROOM)


def _has_fraction(thing: object) -> bool:
    return isinstance(thing, Partial) or any(map(_has_fraction, parts_of(thing)))


def _most(numbers: Numbers) -> tuple[int, int]:
    return (MOST_WHOLE, MOST_WHOLE) if numbers.whole else (MOST_ROWS, MOST_COLUMNS)


def _height(thing: object, numbers: Numbers) -> int:
    """Of the highest matrix in an expression, as it is shown."""
    if isinstance(thing, Matrix):
        return min(len(thing.array), _most(numbers)[0])
    return max((_height(part, numbers) for part in parts_of(thing)), default=1)


def _width(thing: object, numbers: Numbers) -> int:
    """Characters of an expression, as it is shown."""
    match thing:
        case Matrix():
            height, width = _most(numbers)
            columns = thing.array[:height, :width].T
            return 1 + sum(1 + max((_digits(n, numbers) for n in column), default=0) for column in columns)
        case Listed():
            return 1 + sum(2 + _digits(n, numbers) for n in thing.array[: thing.most])
        case Number():
            return _digits(thing.value, numbers)
        case Name():
            return len(thing.base) + len(thing.sub)
        case Raw():
            words = len(thing.text) - sum(
                thing.text.count(f"⟦{name}⟧") * (len(name) + 2) for name, _ in thing.arguments
            )
            return words + sum(thing.text.count(f"⟦{name}⟧") * _width(e, numbers) for name, e in thing.arguments)
        case Sum():
            return _width(thing.terms, numbers) + SIGN * (len(thing.terms) - 1)
        case Product():
            return _width(thing.factors, numbers) + len(thing.factors) - 1
        case Partial():
            return len("∂/∂") + _width(thing.of, numbers) + _width(thing.by, numbers)
    return sum(_width(part, numbers) for part in parts_of(thing))


def _digits(number: float, numbers: Numbers) -> int:
    return len(number_text(float(number), numbers.digits, numbers.fractions))
