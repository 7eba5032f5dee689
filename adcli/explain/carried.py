"""The tangents that forward mode carries: the newest of each name, and those that wait for a later step."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

from adcli.arrays import Shape
from adcli.derivation import Step
from adcli.explain.scene import Scene
from adcli.trace import Node


class Place(NamedTuple):
    """The tangent of the name ``of`` at the value ``at``: ∂at/∂of."""

    of: str
    at: str


def goes_on(scene: Scene, step: Step) -> bool:
    """Whether a tangent that seems to begin was there: that of a value, ∂h/∂h, which ∂h'/∂h takes the place of."""
    of, by = step.operands[0].of_by()
    return step.kind == "tangent.init" and by == step.target != of and by not in scene.trace.leaves


class Carried:
    """``newest`` says at which value the last tangent of a name was made: that one is called Ŵ."""

    def __init__(self, scene: Scene) -> None:
        self.shapes: dict[Place, Shape] = {}
        self.newest: dict[str, str] = {}
        self.last_reader = {name: node.name for node in scene.trace.nodes for name in node.operands}

    def take(self, node: Node, steps: list[Step]) -> Carried:
        """Go on by ``steps`` of ``node``, some or all: a tangent that no later step reads goes, and what was made of it
        takes its place. What was carried before."""
        before = copy(self)
        self.newest = dict(self.newest)
        made = {step.target: step.value.shape for step in steps if step.kind.startswith("tangent")}
        gone = {Place(s.target, s.operands[0].of_by()[1]) for s in steps if s.kind.startswith("tangent")}
        shapes: dict[Place, Shape] = {}
        for place, shape in self.shapes.items():
            if place not in gone or self.last_reader[place.at] != node.name:
                shapes[place] = shape
            else:
                shapes[Place(place.of, node.name)] = made[place.of]
        for of, shape in made.items():
            shapes[Place(of, node.name)] = shape
            self.newest[of] = node.name
        self.shapes = shapes
        return before
