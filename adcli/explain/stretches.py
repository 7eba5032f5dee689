"""The way back in stretches, a slide each: a step through a node, or a part of one that is too high for a slide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.backward import gradient_lines
from adcli.explain.chain_rule import Factors
from adcli.explain.deck import Position
from adcli.explain.portions import Line, is_wide, shared_out
from adcli.explain.scene import Scene
from adcli.explain.selection import Told

MOST_HIGH = 9  # lines of writing that a slide has room for, beside all that stands around them
MOST_ABOVE = 4  # where formulas are so wide that chain rule and worked entry stand below them


class Stretch(NamedTuple):
    """What one slide of the way back tells.

    Attributes:
        told: the node, and those of its steps that this slide tells.
        before, after: its steps that slides before and after this one tell.
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
    steps, leaves = told.steps, scene.trace.leaves
    if len(steps) < 2 or not steps[0].operands or steps[0].kind in ("cotangent.init", "recompute"):
        return [steps]
    formulas = iter(gradient_lines(scene, told.node, steps, []).formulas)
    lines = [
        Line(step, None if step.kind == "release" else next(formulas), step.target in leaves or step.kind == "release")
        for step in steps
    ]
    most = MOST_ABOVE if any(is_wide(line.formula, scene.numbers) for line in lines) else MOST_HIGH
    return [[line.step for line in part] for part in shared_out(lines, scene.numbers, most)]


def factors(scene: Scene, steps: Sequence[Step]) -> set[Factors]:
    """The factors of the chain rule that ``steps`` back multiply by, in whichever row."""
    return {Factors(name, step.target) for name in scene.wrt for step in steps}
