"""How many numbers each engine holds: values still to be read, tangents and cotangents, after every step.

Inputs, targets, parameters and finished gradients are not counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from adcli.cost.chains import Graph
from adcli.engines import forward_plan, reverse_plan
from adcli.engines.numeric import MOST_NUMBERS_AT_ONCE


def numeric_stored(graph: Graph, wrt: Sequence[str]) -> int:
    """The values from which the perturbations start, and the perturbed ones that go through together."""
    values = sum(graph.sizes[name] for name in graph.multiplications)
    most = 0
    for name in wrt:
        if name in graph.swept:
            held_by_one = graph.sizes[name] + graph.swept[name].numbers
            most = max(most, most_together(graph, name) * held_by_one)
    return values + most


def most_together(graph: Graph, name: str) -> int:
    """How many perturbations of ``name`` go through together."""
    size = graph.sizes[name]
    return min(size, max(1, MOST_NUMBERS_AT_ONCE // max(size, graph.largest[name])))


def forward_stored(plan: forward_plan.Plan) -> int:
    """A value stays until the last JVP that reads it, or to the end where it is a factor of a gradient."""
    base = plan.structure
    trace = base.trace
    sizes = {node.name: math.prod(node.shape) for node in trace.nodes}
    last: dict[str, int] = {}
    factors: set[str] = set()
    for step, (node, move) in enumerate(zip(trace.nodes, plan.moves, strict=True)):
        for push in move.pushes:
            if push.jvp is None:
                factors.update(push.reads)
            else:  # its own value is in hand
                last.update((name, step) for name in push.reads if name != node.name)
        last.update(dict.fromkeys(node.operands, step))
    last.update(dict.fromkeys(factors, len(trace.nodes)))
    tangents = {slot: math.prod(seed.shape) for slot, seed in plan.start.items()}
    held = sum(tangents.values())
    most = held if tangents else 0
    let_go = _by_last_reader(last, sizes)
    for step, (node, move) in enumerate(zip(trace.nodes, plan.moves, strict=True)):
        if last.get(node.name, step) > step:
            held += sizes[node.name]
        if move.pushes:
            by_rows = plan.by_rows and node.name == trace.output
            entries = trace.shapes[str(node.arguments[0])][0] if by_rows else sizes[node.name]
            tangents[move.out] = move.directions * entries
            held += tangents[move.out]
        held -= sum(tangents[slot] for slot in move.done)
        held -= let_go.get(step, 0)
        most = max(most, held)
    return most


def _by_last_reader(last: dict[str, int], sizes: dict[str, int]) -> Counter[int]:
    """Step → how many numbers nothing reads any more after it."""
    gone: Counter[int] = Counter()
    for name, step in last.items():
        gone[step] += sizes.get(name, 0)
    return gone


def reverse_stored(plan: reverse_plan.Plan) -> int:
    """Values stay until the last VJP that reads them, a cotangent until its node's VJPs are done."""
    trace = plan.structure.trace
    sizes = {node.name: math.prod(node.shape) for node in trace.nodes}
    steps = len(trace.nodes)
    last: dict[str, int] = {}
    for step, node in enumerate(trace.nodes):
        last.update(dict.fromkeys(node.operands, step))
    for number, pull in enumerate(plan.pulls):
        last.update(dict.fromkeys(pull.about.reads, steps + number))
    let_go = _by_last_reader(last, sizes)
    held = most = 0
    for step, node in enumerate(trace.nodes):
        if last.get(node.name, step) > step:
            held += sizes[node.name]
        held -= let_go.get(step, 0)
        most = max(most, held)
    return max(most, _way_back(plan, held, let_go))


def _way_back(plan: reverse_plan.Plan, held: int, let_go: Counter[int]) -> int:
    """The most that is held on the way back, which begins with ``held`` numbers and the seed."""
    trace = plan.structure.trace
    shapes = trace.shapes
    rows = math.prod(shapes[trace.output])
    to_come = Counter(pull.about.operand for pull in plan.pulls)  # contributions to a cotangent
    uses = Counter(pull.about.node for pull in plan.pulls)
    cotangents = {trace.output: rows * rows}
    held += cotangents[trace.output] if plan.pulls else 0
    most = 0
    for number, pull in enumerate(plan.pulls):
        node, operand = pull.about.node, pull.about.operand
        to_come[operand] -= 1
        uses[node] -= 1
        if operand not in cotangents and (uses[operand] or to_come[operand]):
            cotangents[operand] = rows * math.prod(shapes[operand])
            held += cotangents[operand]
        for name in (node, operand):
            if name in cotangents and not uses[name] and not to_come[name]:
                held -= cotangents.pop(name)
        held -= let_go.get(len(trace.nodes) + number, 0)
        most = max(most, held)
    return most
