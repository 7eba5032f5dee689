"""What each engine makes and holds for all gradients together, read off its plan without running it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from adcli.cost.chains import Graph, operand_shapes
from adcli.cost.storage import forward_stored, most_together, numeric_stored, reverse_stored
from adcli.engines import forward, forward_plan, numeric, reverse, reverse_plan
from adcli.engines.structure import Structure
from adcli.errors import AdcliError
from adcli.primitives import RULES
from adcli.primitives.base import one_an_entry
from adcli.trace import Node, Trace

MOST_SYMBOLIC_DERIVATIVES = 5_000  # the engine's own limit, which can't be read there without loading SymPy
MOST_SYMBOLIC_STEPS = 200  # SymPy differentiates a step in milliseconds


class ModeCost(NamedTuple):
    """What a mode takes; None where it is refused, or would take too long to find.

    Attributes:
        evaluations: of the function.
        operations: multiplications that the engine makes, the forward pass included.
        textbook: the same with every Jacobian a full matrix.
        stored: the most numbers that the engine holds after any step.
    """

    evaluations: int | None = None
    operations: int | None = None
    textbook: int | None = None
    stored: int | None = None


def mode_costs(graph: Graph, trace: Trace, wrt: Sequence[str], symbolic: bool = True) -> dict[str, ModeCost]:
    """The cost of every mode; of symbolic mode only where ``symbolic``, as it has to run for that."""
    return {
        "numeric": _unless_refused(lambda: numeric_cost(graph, trace, wrt)),
        "symbolic": symbolic_cost(trace, wrt) if symbolic else ModeCost(),
        "forward": _unless_refused(lambda: forward_cost(graph, trace, wrt)),
        "reverse": _unless_refused(lambda: reverse_cost(graph, trace, wrt)),
    }


def _unless_refused(cost: Callable[[], ModeCost]) -> ModeCost:
    try:
        return cost()
    except (AdcliError, MemoryError):
        return ModeCost()


def numeric_cost(graph: Graph, trace: Trace, wrt: Sequence[str]) -> ModeCost:
    """Central quotients: two evaluations for each scalar, each of the nodes alone that depend on it.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    numeric.plan(trace, wrt)
    once = sum(graph.multiplications.values())
    scalars = sum(graph.sizes[name] for name in wrt)
    nodes = {node.name: node for node in trace.nodes}
    again = 0
    if any(name in graph.readers and name not in graph.swept for name in wrt):
        return ModeCost(2 * scalars, None, 2 * scalars * once, None)
    for name in wrt:
        if name in graph.swept:
            shared = sum(_shared_cost(trace, nodes[reader], name) for reader in set(graph.readers[name]))
            size, together = graph.sizes[name], most_together(graph, name)
            again += size * graph.swept[name].multiplications - shared * (size - math.ceil(size / together))
    return ModeCost(2 * scalars, once + 2 * again, 2 * scalars * once, numeric_stored(graph, wrt))


def _shared_cost(trace: Trace, node: Node, name: str) -> int:
    """What the value of ``node`` takes once for many perturbations of ``name``: a product beside a bias."""
    primitive, shapes = node.primitive(RULES), operand_shapes(trace, node)
    for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
        if operand == name:
            cost = primitive.partials[argument].jvp_cost
            if cost is None or cost(node.shape, *shapes):
                return 0
    return primitive.multiplications(node.shape, *shapes)


def symbolic_cost(trace: Trace, wrt: Sequence[str]) -> ModeCost:
    """The operations of the formulas after and before common subexpressions."""
    rows = math.prod(trace.shapes[trace.output])
    derivatives = rows * sum(math.prod(trace.shapes[name]) for name in wrt)
    if derivatives > MOST_SYMBOLIC_DERIVATIVES or len(trace.nodes) > MOST_SYMBOLIC_STEPS:
        return ModeCost()  # before SymPy is loaded
    from adcli.engines import symbolic

    try:
        formulas = symbolic.run(symbolic.plan(trace, wrt)).formulas
    except AdcliError:
        return ModeCost()
    assert formulas is not None
    return ModeCost(0, formulas.after, formulas.before)


def forward_cost(graph: Graph, trace: Trace, wrt: Sequence[str]) -> ModeCost:
    """The JVPs of all directions, and the factors written out at the end.

    Raises:
        AdcliError: the tangents would hold more numbers than a machine can.
    """
    plan = forward.plan(trace, wrt)
    base = plan.structure
    once = sum(graph.multiplications.values())
    directions = {slot: len(seed) for slot, seed in plan.start.items()}
    pushed = 0
    for step, move in enumerate(plan.moves):
        pushed += sum(
            directions[push.argument] * _jvp_cost(base, step, push) for push in move.pushes if push.jvp is not None
        )
        directions[move.out] = move.directions
    swept = [graph.forward(name) for name in wrt]
    known = [amount for amount in swept if amount is not None]
    textbook = once + sum(known) if len(known) == len(swept) else None
    operations = once + pushed + _written_out_cost(plan)
    return ModeCost(1, operations, textbook, forward_stored(plan))


def _jvp_cost(base: Structure, step: int, push: forward_plan.Push) -> int:
    node, primitive = base.trace.nodes[step], base.primitives[step]
    shapes = operand_shapes(base.trace, node)
    for argument, operand, shape in zip(primitive.arguments, node.arguments, shapes, strict=True):
        partial = primitive.partials.get(argument)
        if operand == push.operand and partial and push.jvp in (partial.jvp, partial.rowwise_jvp):
            return partial.jvp_cost(node.shape, *shapes) if partial.jvp_cost else one_an_entry(node.shape, shape)
    raise AssertionError("a push is that of an argument of its node")


def _written_out_cost(plan: forward_plan.Plan) -> int:
    """The products A ⊗ xᵀ, or A x where the sum over the examples of a batch has waited."""
    names = list(plan.structure.slots)
    shapes = plan.structure.trace.shapes
    rows = math.prod(shapes[plan.structure.trace.output])
    total = 0
    for _, _, own in plan.wanted:
        for seed, _ in own:
            if seed.factor is not None:
                x = shapes[names[seed.factor]]
                total += seed.directions * (math.prod(x) if plan.by_rows else rows * x[-1])
    return total


def reverse_cost(graph: Graph, trace: Trace, wrt: Sequence[str]) -> ModeCost:
    """One VJP for each edge along which derivatives flow, for all rows of the output.

    Raises:
        AdcliError: the cotangents would hold more numbers than a machine can.
    """
    plan = reverse.plan(trace, wrt)
    base = plan.structure
    once = sum(graph.multiplications.values())
    rows = graph.sizes[trace.output]
    steps = {node.name: step for step, node in enumerate(trace.nodes)}
    pulled = sum(rows * _vjp_cost(base, steps[pull.about.node], pull) for pull in plan.pulls)
    textbook = sum(
        rows * graph.sizes[pull.about.node] * graph.sizes[pull.about.operand]
        for pull in plan.pulls
        if pull.about.node != trace.output
    )
    return ModeCost(1, once + pulled, once + textbook, reverse_stored(plan))


def _vjp_cost(base: Structure, step: int, pull: reverse_plan.Pull) -> int:
    node, primitive = base.trace.nodes[step], base.primitives[step]
    shapes = operand_shapes(base.trace, node)
    for argument, operand, shape in zip(primitive.arguments, node.arguments, shapes, strict=True):
        partial: Any = primitive.partials.get(argument)
        if operand == pull.about.operand and partial and pull.vjp is partial.vjp:
            return int(partial.vjp_cost(node.shape, *shapes) if partial.vjp_cost else one_an_entry(node.shape, shape))
    raise AssertionError("a pull is that of an argument of its node")
