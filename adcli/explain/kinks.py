"""The warning on the slide of a step whose derivative is a convention, because it is taken exactly at a kink."""

from __future__ import annotations

import numpy as np

from adcli.explain.blocks import Style, Text, Words
from adcli.explain.maths import Expression
from adcli.explain.scene import Scene
from adcli.trace import Node

MOST_NAMED = 3


def kink_told(scene: Scene, node: Node, phase: int) -> list[Text]:
    """Which numbers stand at a kink of ``node``; nothing where none does."""
    places = [warning.index for warning in scene.warnings if (warning.code, warning.name) == ("kink", node.name)]
    argument = node.arguments[0] if node.arguments else None
    if not places or not isinstance(argument, str):
        return []
    shape = scene.shape(argument)
    flat = [int(np.ravel_multi_index(place, shape)) if place else 0 for place in places[:MOST_NAMED]]
    names: list[Expression] = [scene.names.entry(argument, place) for place in flat]
    told = scene.say.listed(names)
    if len(places) > MOST_NAMED:
        told = (*told, Words(" ⋯"))
    return [Text(scene.say("step.kink", z=told, f=node.op.replace("_", " ")), Style.WARNING, phase=phase)]


def crosses_kink(scene: Scene, by: str, of: str) -> bool:
    """Whether a step between ``by`` and ``of`` stands at a kink: then ∂of/∂by is a convention and no prediction."""
    at_kink = {warning.name for warning in scene.warnings if warning.code == "kink"}
    nodes = scene.trace.nodes
    leads_on = {of}
    for node in reversed(nodes):
        if node.name in leads_on:
            leads_on.update(node.operands)
    reached = {by}
    for node in nodes:
        if node.name in leads_on and not reached.isdisjoint(node.operands):
            if node.name in at_kink:
                return True
            reached.add(node.name)
    return False
