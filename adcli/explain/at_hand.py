"""The values that forward mode has at hand beside the newest one: those that a step, or a later one, still reads."""

from __future__ import annotations

from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.scene import Scene
from adcli.explain.selection import Told


class AtHand(NamedTuple):
    """The earlier values at hand until the last portion of a step, and after it."""

    until: tuple[str, ...]
    after: tuple[str, ...]


def at_each_step(scene: Scene, told: list[Told]) -> list[AtHand]:
    read = {name for node in scene.trace.nodes for name in node.operands}
    found: list[AtHand] = []
    names: tuple[str, ...] = ()
    for one in told:
        released = {name for step in one.steps for name in step.releases}
        after = tuple(name for name in names if name not in released)
        found.append(AtHand(names, after))
        names = (*after, one.node.name) if one.node.name in read else after
    return found


def held(scene: Scene, step: Step, earlier: tuple[str, ...]) -> int:
    """How many numbers are held after ``step``: those that the engine counts, and the ``earlier`` values."""
    return step.held + sum(map(scene.size, earlier))


def peak(scene: Scene, told: list[Told], at_hand: list[AtHand]) -> int:
    """The most numbers that are held after any step, be it one of several of a node."""
    levels = [0]
    for one, (until, after) in zip(told, at_hand, strict=True):
        *first, last = one.steps
        levels.append(held(scene, last, after))
        if first:
            levels.append(held(scene, max(first, key=lambda step: step.held), until))
    return max(levels)
