"""The two pictures that return on every slide: the network as a strip, and the chain rule with what is done of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from adcli.explain.blocks import Runs, Words
from adcli.explain.drawings import Box, Direction, Gap, Network, ParameterBox, Pill, Skip
from adcli.explain.formulas import has_weight
from adcli.explain.maths import Mark, Name, Role
from adcli.explain.progress import DONE, NOW, PLAIN, TO_COME, Late, Progress, State
from adcli.explain.scene import Scene
from adcli.primitives import losses
from adcli.trace import Node

NOTHING: Mapping[str, Any] = MappingProxyType({})
MOST_BOXES = 6
SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "negate": "−", "power": "**", "matmul": "@"}


def strip(
    scene: Scene,
    now: str | None = None,
    *,
    back: bool = False,
    finished: bool = False,
    done: Collection[str] = (),
    below: Mapping[str, Late] = NOTHING,
    made: Mapping[str, int] = NOTHING,
    large: bool = False,
    role: Role = Role.VALUE,
) -> Network:
    """The trace on a wire; ``now`` is the node that is worked at, ``done`` are parameters that have their gradient.

    ``back``: all values are known and arrows point back. ``finished``: nothing is to come. ``below`` hangs
    something under a value. ``made``: the phase from which stands what this slide makes: values, and on the way
    back gradients.
    """
    nodes = scene.trace.nodes
    at = next((i for i, node in enumerate(nodes) if node.name == now), len(nodes) if finished else -1)
    plain = large or (finished and not done and now is None)
    wire: list[Pill | Box | Gap] = []
    places: dict[str, int] = {}
    uses: dict[str, list[int]] = {}
    skips: list[Skip] = []
    values = NOTHING if back else made

    def pill(name: str, index: int) -> None:
        known = back or finished or large or index <= at
        state = (DONE if known else TO_COME) if index != at or back else NOW
        progress = becomes(state.state, values.get(name, 0), State.TO_COME) if known else state
        places[name] = len(wire)
        value = scene.brief(name) if known else None
        shape = scene.shape_text(name) if known else ""
        times = scene.examples() if known and scene.shape(name) else 0  # a reduced loss is one number
        wire.append(Pill(scene.names[name], value, shape, progress, below.get(name), times))

    head = _head(scene)
    if head is not None:
        pill(head, -1)
    before = head
    for index in _shown(len(nodes), at):
        if index is None:
            wire.append(Gap(len(nodes) - sum(i is not None for i in _shown(len(nodes), at))))
            before = None
            continue
        node = nodes[index]
        joined = isinstance(wire[-1], Gap) if before is None and wire else before in node.arguments
        at_box = PLAIN if plain else _box_progress(index, at, back, values.get(node.name, 0))
        wire.append(Box(box_label(scene, node), at_box, joined))
        for name in dict.fromkeys(node.operands):
            if name in scene.trace.leaves and name != head:
                if name not in scene.trace.targets:
                    uses.setdefault(name, []).append(len(wire) - 1)
            elif name != before and name in places:
                skips.append(Skip(places[name], len(wire) - 1, at_box))
        pill(node.name, index)
        before = node.name
    boxes = tuple(_parameter(scene, name, used, wire, done, large, made.get(name, 0)) for name, used in uses.items())
    direction = Direction.BACK if back else Direction.FORWARD
    return Network(tuple(wire), boxes, tuple(skips), direction, role, large, _alt(scene, now))


def finished_strip(scene: Scene, role: Role = Role.VALUE) -> Network | None:
    """The finished network; a program has had its graph."""
    return None if scene.tells_program else strip(scene, finished=True, done=scene.wrt, role=role)


def _head(scene: Scene) -> str | None:
    """The input that the first node reads."""
    first = scene.trace.nodes[0] if scene.trace.nodes else None
    return next((a for a in first.operands if a in scene.trace.inputs), None) if first else None


def _shown(count: int, at: int) -> list[int | None]:
    """Which of ``count`` nodes are drawn; None where some are left out."""
    if count <= MOST_BOXES:
        return list(range(count))
    middle = min(max(at, 1), count - 2)
    wanted = sorted({0, middle - 1, middle, middle + 1, count - 1} | ({1, 2} if at <= 0 else set()))
    shown: list[int | None] = []
    for index in wanted:
        if shown and shown[-1] != index - 1:
            shown.append(None)
        shown.append(index)
    return shown


def becomes(state: State, since: int, before: State) -> Progress:
    """``state`` from phase ``since`` on, ``before`` until then."""
    return Progress(state, since, before) if since > 0 else Progress(state)


def _box_progress(index: int, at: int, back: bool, made: int) -> Progress:
    """Where a primitive stands; one whose value this slide makes is worked at from the phase before."""
    if index == at:
        return becomes(State.NOW, made - 1, State.TO_COME)
    return becomes(State.DONE, made, State.TO_COME) if (index > at if back else index < at) else TO_COME


def _parameter(
    scene: Scene,
    name: str,
    uses: list[int],
    wire: list[Pill | Box | Gap],
    done: Collection[str],
    large: bool,
    since: int,
) -> ParameterBox:
    used = [box.progress for index in uses if isinstance(box := wire[index], Box)]
    now = next((becomes(State.NOW, p.since, State.PLAIN) for p in used if p.state is State.NOW), PLAIN)
    progress = becomes(State.DONE, since, now.state) if name in done else now
    small = scene.size(name) <= 9 and all(n <= 3 for n in scene.shape(name))
    value = scene.matrix(name, shape=False) if large and small else None
    return ParameterBox(scene.names[name], scene.shape_text(name), tuple(uses), progress, value)


def box_label(scene: Scene, node: Node) -> Runs:
    """``loss`` for a loss, a sign, f₃ for the step of h₃ or z₃ that has a weight, else its own name."""
    if node.op in losses.RULES:
        return (Words("loss"),)
    if node.op in SIGNS:
        return (Words(SIGNS[node.op]),)
    return (function_name(scene, node.name),) if has_weight(scene, node) else (Words(node.op),)


def function_name(scene: Scene, name: str) -> Name:
    """The function that makes a value: f₃ makes h₃ and z₃; a layer called g is the function g itself."""
    own = scene.names[name]
    return Name("f", own.sub) if own.base in ("h", "z") and own.sub.isdigit() else Name(own.base, own.sub)


def _alt(scene: Scene, now: str | None) -> str:
    nodes = scene.trace.nodes
    names = [node.name for node in nodes]
    names = names if len(nodes) <= MOST_BOXES else [*names[:3], "⋯", *names[-2:]]
    told = " → ".join(filter(None, (_head(scene), *names)))
    return scene.say.text("alt.network.now", names=told, now=now) if now else scene.say.text("alt.network", names=told)


def cotangent_name(scene: Scene, name: str) -> Name:
    """h̃, the one cotangent of a chain; of the value ``name`` where there are several."""
    own = scene.names[name]
    if scene.is_chain:
        is_number = scene.rows == 1 and scene.size(name) == 1
        rank = 0 if is_number else 2 if scene.is_batch or scene.rows > 1 else 1
        return Name("h", mark=Mark.TILDE, rank=rank, role=Role.COTANGENT)
    return own._replace(mark=Mark.TILDE, role=Role.COTANGENT)
