"""The way back in stretches, a slide each: a step through a node, or a part of one that is too high for a slide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.backward import gradient_lines
from adcli.explain.chain_rule import Factors
from adcli.explain.deck import Position
from adcli.explain.portions import Item, rows, shared_out, widest
from adcli.explain.scene import Scene
from adcli.explain.selection import Told

MOST_LINES = 11  # of formulas that a slide has room for, beside all that stands around them
MOST_ABOVE = 5  # where they are so wide that chain rule and worked entry stand below them
MOST_ALONE = 17  # where nothing stands beside them, nor at the foot of the slide
BETWEEN = 0.5  # lines of air below each
MOST_BESIDE = 48  # characters of a formula that has the chain rule beside it


class Stretch(NamedTuple):
    """What one slide of the way back tells.

    Attributes:
        told: the node, and those of its steps that this slide tells.
        before, after: its steps that slides before and after this one tell; none of them makes what this one makes.
        place: that of the node's step on the way back, from 0.
        position: it in words; ``suffix`` sets the parts of a step apart in the names of slides.
    """

    told: Told
    before: Sequence[Step]
    after: Sequence[Step]
    place: int
    position: Position
    suffix: str

    @property
    def is_part(self) -> bool:
        return bool(self.before or self.after)


def stretches(scene: Scene, steps: Sequence[Told], full: Collection[int]) -> list[Stretch]:
    """The slides of the steps back, of which those at the places ``full`` are cut if need be."""
    say = scene.say
    found: list[Stretch] = []
    for place, told in enumerate(steps):
        parts = _cut(scene, told) if place in full else [told.steps]
        text = say.text("position.back", n=place + 1, of=len(steps))
        begin = 0
        for number, part in enumerate(parts, 1):
            said = text if len(parts) == 1 else say.text("position.part", step=text, n=number, of=len(parts))
            end = begin + len(part)
            position = Position(said, place + 1, len(steps))
            suffix = f"-part-{number}" if number > 1 else ""
            own = Told(told.node, part)
            found.append(Stretch(own, told.steps[:begin], told.steps[end:], place, position, suffix))
            begin = end
    return found


def _cut(scene: Scene, told: Told) -> list[list[Step]]:
    """The steps of each slide: of a step that is too high first its gradients, then the next cotangents."""
    steps, numbers = told.steps, scene.numbers
    units = _units(steps)
    if len(units) < 2 or not steps[0].operands or steps[0].kind in ("cotangent.init", "recompute"):
        return [steps]
    lines = gradient_lines(scene, told.node, steps, []).formulas
    formulas = dict(zip((id(step) for step in steps if step.kind != "release"), lines, strict=True))
    written = [[formulas[id(step)] for step in unit if id(step) in formulas] for unit in units]
    is_wide = any(widest(formula, numbers) > MOST_BESIDE for own in written for formula in own)
    most = MOST_ALONE if not scene.tracked else MOST_ABOVE if is_wide else MOST_LINES
    items = [
        Item(unit[0].target in scene.trace.leaves, sum(rows(formula, numbers) + BETWEEN for formula in own))
        for unit, own in zip(units, written, strict=True)
    ]
    return [[step for place in own for step in units[place]] for own in shared_out(items, most)]


def _units(steps: Sequence[Step]) -> list[list[Step]]:
    """What stays together: all that makes a cotangent or a gradient, its terms and their sum."""
    units: list[list[Step]] = []
    for place, step in enumerate(steps):
        goes_on = {earlier.target for earlier in steps[:place]} & {later.target for later in steps[place:]}
        if units and (goes_on or step.kind == "release"):
            units[-1].append(step)
        else:
            units.append([step])
    return units


def factors(scene: Scene, steps: Sequence[Step]) -> set[Factors]:
    """The factors of the chain rule that ``steps`` back multiply by, in whichever row."""
    return {Factors(name, step.target) for name in scene.wrt for step in steps}
