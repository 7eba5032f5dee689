"""Multiplications of the chain alone, as the lecture counts them: every Jacobian a full matrix."""

from __future__ import annotations

from adcli.explain.scene import Scene


def chain_products(scene: Scene) -> tuple[int, int]:
    """Of forward mode (from the right, a product for every tangent) and of reverse mode (from the left)."""
    reaching: dict[str, set[str]] = {name: {name} for name in scene.wrt if name in scene.base.flows}
    forward = backward = 0
    for node in scene.flowing:
        out = scene.size(node.name)
        own = reaching.setdefault(node.name, set())
        begins = node.name == scene.output  # its row is given: a slope, or a row of the identity
        for operand in node.operands:
            if operand not in reaching:
                continue
            size = scene.size(operand)
            if operand not in scene.wrt:
                forward += sum(out * size * scene.size(name) for name in reaching[operand])
            own |= reaching[operand]
            backward += 0 if begins else scene.rows * out * size
    return forward, backward


def most_held(scene: Scene) -> tuple[int, int]:
    """The most numbers held at once: forward the full tangents, until their last step, and the newest value; reverse
    all values."""
    nodes = scene.trace.nodes
    reaching: dict[str, set[str]] = {name: {name} for name in scene.wrt if name in scene.base.flows}
    last_reader = {name: node.name for node in nodes for name in node.operands}
    held: dict[str, int] = {}  # value → the numbers of all tangents at it
    most = 0
    for node in nodes:
        for operand in node.operands:
            reaching.setdefault(node.name, set()).update(reaching.get(operand, ()))
            if last_reader[operand] == node.name:
                held.pop(operand, None)
        held[node.name] = scene.size(node.name) * sum(map(scene.size, reaching.get(node.name, ())))
        most = max(most, sum(held.values()) + scene.size(node.name))
    return most, sum(scene.size(node.name) for node in nodes)
