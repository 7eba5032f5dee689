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
    items = [Item(line.kin, rows(line.formula, scene.numbers), line.step.kind == "accumulate") for line in lines]
    places = shared_out(items, MOST_HIGH, used, below, may_be_alone=has_slope)
    shares = [[lines[place] for place in own] for own in places]
    written = {id(line.step) for line in lines}
    begin = [step for step in told.steps if id(step) not in written]
    return [
        Portion(
            told.node, number, len(shares), share, [*(() if number else begin), *(s.step for s in share)], told.steps
        )
        for number, share in enumerate(shares)
    ]


class Item(NamedTuple):
    """What a slide holds whole: so many lines ``high``. Kin stand on one slide if they can.

    ``stays``: with what is before it, if need be in a line more than there is room for.
    """

    kin: Hashable
    high: float
    stays: bool = False


def shared_out(
    items: Sequence[Item], most_high: float, used: float = 0, below: float = 0, may_be_alone: bool = False
) -> list[list[int]]:
    """The places of the items of each slide, which has room for ``most_high`` lines.

    The first slide has ``used`` lines above its items, the last one needs ``below`` more under them. Kin begin a new
    slide where what is left of the old one is too small for all of them; but what stands above them has no slide for
    itself, unless it ``may_be_alone``, or there is no room at all.
    """
    found: list[list[int]] = [[]]
    for _, kin in groupby(range(len(items)), key=lambda place: items[place].kin):
        own = [*kin]
        is_first = not found[-1] and not may_be_alone
        under = below if own[-1] == len(items) - 1 else 0
        if not is_first and used + sum(items[place].high for place in own) + under > most_high:
            found.append([])
            used = 0
        for place in own:
            high = items[place].high
            if used and high and used + high > most_high + items[place].stays:
                found.append([])
                used = 0
            found[-1].append(place)
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


def widest(formula: Formula, numbers: Numbers) -> int:
    """Characters of its widest piece, which is not broken."""
    return max(SIGN + _width(part.expression, numbers) for part in formula.parts)


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
