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


class Carried:
    """``newest`` says at which value the last tangent of a name was made: that one is called Ŵ."""

    def __init__(self, scene: Scene) -> None:
        self.shapes: dict[Place, Shape] = {}
        self.newest: dict[str, str] = {}
        self.last_reader = {name: node.name for node in scene.trace.nodes for name in node.operands}

    def take(self, node: Node, steps: list[Step]) -> Carried:
        """Go on by the steps of ``node``: those tangents go that no later step reads. What was carried before."""
        before = copy(self)
        self.newest = dict(self.newest)
        self.shapes = dict(self.shapes)
        made = [step for step in steps if step.kind.startswith("tangent")]
        for step in made:
            self.shapes[Place(step.target, node.name)] = step.value.shape
            self.newest[step.target] = node.name
        read = {name for name in node.operands if self.last_reader[name] == node.name}
        self.shapes = {place: shape for place, shape in self.shapes.items() if place.at not in read}
        return before
