"""A program as a graph: where its values stand, and what flows back along its edges."""

from __future__ import annotations

from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.drawings import Direction, Edge, Graph, Vertex
from adcli.explain.maths import Number, Product, Role
from adcli.explain.pictures import SIGNS
from adcli.explain.progress import DONE, NOW, PLAIN, TO_COME, Late, Progress, State
from adcli.explain.scene import Scene
from adcli.trace import Node

C = Role.COTANGENT
MOST_VERTICES = 16


class Gift(NamedTuple):
    """What a node hands to one of its operands: local derivative times its own grad."""

    to: str
    local: float
    amount: float


class Turn(NamedTuple):
    """A node on the way back: what it hands on, and the steps of the derivation."""

    node: Node
    gifts: list[Gift]
    steps: list[Step]


def program_graph(
    scene: Scene,
    grads: dict[str, list[float]],
    now: Turn | None,
    done: set[str],
    *,
    runs_in: bool = False,
    before: dict[str, list[float]] | None = None,
    added_in: int = 2,
) -> Graph | None:
    """The program as a graph; None where it has too many nodes to be drawn. ``before``: the grads that stand until
    those of this slide are added up, in phase ``added_in``; ``runs_in``: a value a phase."""
    trace = scene.trace
    used = [name for name in trace.leaves if any(name in node.operands for node in trace.nodes)]
    names = [*used, *(node.name for node in trace.nodes)]
    if len(names) > MOST_VERTICES:
        return None
    columns = _columns(scene, used)
    rows = _rows(names, columns)
    nodes = {node.name: node for node in trace.nodes}
    vertices = []
    for index, name in enumerate(names):
        node = nodes.get(name)
        made = index - len(used) + 1 if runs_in and node is not None else 0
        data = Late(Number(float(scene.value(name)), Role.VALUE), made)
        grad = _grad(name, grads, grads if before is None else before, added_in)
        state = PLAIN
        if now is not None:
            state = NOW if name == now.node.name else DONE if name in done else TO_COME if name in nodes else PLAIN
        elif made:
            state = Progress(State.PLAIN, made, State.TO_COME)
        op = _op(node) if node else ""
        vertices.append(
            Vertex(
                scene.names[name], op, data, grad, columns[name], rows[name], node is None, name == scene.output, state
            )
        )
    edges = _edges(scene, names, grads, now, done)
    direction = Direction.BACK if grads else Direction.FORWARD
    alt = scene.say.text("alt.graph", n=len(names))
    return Graph(tuple(vertices), edges, direction, alt=alt)


def _edges(
    scene: Scene, names: list[str], grads: dict[str, list[float]], now: Turn | None, done: set[str]
) -> tuple[Edge, ...]:
    """From each operand to its node; on those that are undone now, what flows back."""
    edges = []
    for node in scene.trace.nodes:
        is_now = now is not None and node.name == now.node.name
        for operand in dict.fromkeys(node.operands):
            progress = DONE if node.name in done else PLAIN
            label: Late | None = None
            gift = next((g for g in now.gifts if g.to == operand), None) if now is not None and is_now else None
            if gift is not None:
                arriving = Number(sum(grads.get(node.name, [0.0])), C)
                label, progress = Late(Product((Number(gift.local), arriving), dot=True), 1), NOW
            edges.append(Edge(names.index(operand), names.index(node.name), label, progress))
    return tuple(edges)


def _grad(name: str, grads: dict[str, list[float]], before: dict[str, list[float]], phase: int) -> Late | None:
    """What is added up in a grad; where this slide adds to it, from ``phase`` on."""
    if name not in grads:
        return None
    total = Number(sum(grads[name]), C)
    if grads[name] == before.get(name):
        return Late(total)
    return Late(total, phase, Number(sum(before[name]), C) if name in before else None)


def _columns(scene: Scene, leaves: list[str]) -> dict[str, int]:
    """How many steps lie before each name."""
    columns = dict.fromkeys(leaves, 0)
    for node in scene.trace.nodes:
        columns[node.name] = 1 + max((columns[name] for name in node.operands), default=0)
    return columns


def _rows(names: list[str], columns: dict[str, int]) -> dict[str, float]:
    """Names of one column under each other, every column centred."""
    most = max(sum(columns[n] == c for n in names) for c in columns.values())
    rows: dict[str, float] = {}
    for column in set(columns.values()):
        own = [name for name in names if columns[name] == column]
        for place, name in enumerate(own):
            rows[name] = place + (most - len(own)) / 2
    return rows


def _op(node: Node) -> str:
    """``+``, ``**2``: the operation with its constants."""
    sign = SIGNS.get(node.op, node.op)
    constants = [f"{a:g}" for a in node.arguments if not isinstance(a, str)]
    return sign + "".join(constants) if constants and node.op in SIGNS else sign
