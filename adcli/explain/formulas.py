"""Lines that several stories write: a value, a Jacobian, one entry worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand
from adcli.engines.structure import mask_through
from adcli.explain.blocks import Formula, Part, Runs
from adcli.explain.maths import (
    Bracketed,
    Expression,
    Kronecker,
    Matrix,
    Name,
    Number,
    Product,
    Raw,
    Role,
    Sum,
    Symbols,
    Transposed,
)
from adcli.explain.scene import Scene
from adcli.primitives import Primitive
from adcli.primitives.base import Partial as Rule
from adcli.primitives.base import Reduction
from adcli.trace import Node

MOST_WRITTEN_OUT = 4096  # numbers of a Jacobian that is still drawn as a matrix
MOST_COLUMNS = 8


def primitive_of(scene: Scene, node: Node) -> Primitive:
    return scene.base.primitives[scene.trace.nodes.index(node)]


def has_weight(scene: Scene, node: Node) -> bool:
    """Whether a step multiplies what it is given by a parameter of its own, as a layer does."""
    return any(rule.outer is not None for rule in primitive_of(scene, node).partials.values())


def _weight_met(scene: Scene, node: Node, by: str) -> str | None:
    """The operand that ``by`` is multiplied with as a layer's weight, and that is the Jacobian for it then."""
    primitive, own = primitive_of(scene, node), argument_of(scene, node, by)
    met = (a for a, rule in primitive.partials.items() if rule.outer is not None and rule.outer.reads == own)
    return next((str(node.arguments[primitive.arguments.index(argument)]) for argument in met), None)


def rule_of(scene: Scene, node: Node, operand: str) -> Rule:
    """The declared derivative of ``node`` for the first argument that is ``operand``."""
    return primitive_of(scene, node).partials[argument_of(scene, node, operand)]


def argument_of(scene: Scene, node: Node, operand: str) -> str:
    """The first argument that is ``operand``."""
    return primitive_of(scene, node).arguments[node.arguments.index(operand)]


def guarded(e: Expression) -> Expression:
    """In brackets where it is a single negative number, so that its minus doesn't stand beside another sign."""
    number = (
        e.value if isinstance(e, Number) else e.array.item() if isinstance(e, Matrix) and e.array.size == 1 else 0.0
    )
    return Bracketed(e) if number < 0.0 else e


def filled_in(template: str, arguments: dict[str, Expression]) -> tuple[tuple[str, Expression], ...]:
    """The arguments of a ``Raw``: a negative number in brackets where it stands after something, or under a power."""
    found = []
    for name, expression in arguments.items():
        before, *rest = template.split(f"⟦{name}⟧")
        texts = [before, *rest]
        after_sign = any(t.rstrip() and t.rstrip()[-1] not in "([{,|" for t in texts[:-1])
        under_power = any(t.lstrip().startswith(("²", "**", "^")) for t in rest)
        found.append((name, guarded(expression) if after_sign or under_power else expression))
    return tuple(found)


def how_it_acts(scene: Scene, node: Node) -> Runs:
    """What the Jacobian of an entrywise step looks like, and of one that mixes entries; nothing of other steps."""
    if scene.size(node.name) == 1:  # a number has no diagonal
        return ()
    primitive = primitive_of(scene, node)
    rules = primitive.partials.values()
    if rules and all(rule.slope is not None and rule.spread is None for rule in rules):
        return scene.say("jacobian.diagonal", f=node.op)
    key = "jacobian.full.batch" if len(node.shape) > 1 else "jacobian.full"
    return scene.say(key, f=node.op) if primitive.mixes else ()


def places(scene: Scene, node: Node) -> dict[str, str | float]:
    """What stands for each name of a rule: the arguments of ``node``, and its own value as ``out``."""
    return dict(zip(primitive_of(scene, node).arguments, node.arguments, strict=True), out=node.name)


def slope_of(scene: Scene, node: Node, rule: Rule) -> Array:
    """The slope of an entrywise step at its numbers, in the step's own shape."""
    assert rule.slope is not None
    return np.broadcast_to(np.asarray(rule.slope(*what_is_read(scene, node, rule.jvp_reads)), float), node.shape)


def what_is_read(scene: Scene, node: Node, reads: Sequence[str]) -> list[Array | float]:
    """The values of what a rule of ``node`` names; a number as numpy's, which may be divided by 0."""
    place = places(scene, node)
    return [scene.value(given) if isinstance(given := place[name], str) else np.float64(given) for name in reads]


def product(*factors: Expression) -> Product:
    """Factors side by side, with a · where a single number stands behind another factor."""
    first, *others = factors
    ends_in_number = any(isinstance(f, Number) or (isinstance(f, Matrix) and f.array.size == 1) for f in others)
    return Product((first, *map(guarded, others)), dot=ends_in_number)


def value_rule(scene: Scene, node: Node, put_in: Callable[[str | float], Expression]) -> Expression:
    """What a node computes, with ``put_in(argument)`` for each of its arguments: names, or their numbers."""
    primitive = primitive_of(scene, node)
    parts = dict(zip(primitive.arguments, node.arguments, strict=True))
    settings = dict(node.settings)
    if node.op == "linear":
        x, weight = put_in(parts["x"]), put_in(parts["W"])
        row = settings.get("convention") == "row"
        if settings.get("batched"):
            factors = (x, weight if row else turned(weight))
        else:
            factors = (x, weight) if row else (weight, x)
        if "b" not in parts:
            return product(*factors)
        bias = put_in(parts["b"])
        if settings.get("batched") and isinstance(bias, Matrix):
            bias = bias._replace(array=bias.array.reshape(1, -1))  # it is added to every row
        return Sum((product(*factors), guarded(bias)))
    first = node.arguments[0]
    values = {name: put_in(given) for name, given in parts.items()}
    if primitive.reduction is not None:
        of_one = scene.shape(node.operands[0])[-1] == 1
        each = stated(primitive.reduction.each, values, of_one)
        text, latex = share_of(primitive.reduction, node)
        return each._replace(text=f"{text}Σ{'' if of_one else '_i'} {each.text}", latex=rf"{latex}\sum_i {each.latex}")
    of_one = node.shape == () and not settings.get("examples") and isinstance(first, str) and scene.size(first) == 1
    return stated(primitive, values, of_one)


def share_of(reduction: Reduction, node: Node) -> tuple[str, str]:
    """What stands before the sum over the examples, as text and in LaTeX: ``1/4`` of a mean."""
    examples = dict(node.settings)["examples"]
    return (f"1/{examples} ", rf"\tfrac{{1}}{{{examples}}} ") if reduction.mean else ("", "")


def stated(primitive: Primitive, put_in: dict[str, Expression], of_one: bool) -> Raw:
    """The formula that a primitive states, with its arguments; ``of_one``: its sums have a single term, and no Σ."""
    placeholders = [f"⟦{argument}⟧" for argument in primitive.arguments]
    text, latex = primitive.text(*placeholders), primitive.latex(*placeholders)
    if of_one:
        text, latex = text.replace("Σ ", ""), latex.replace(r"\sum ", "")
    return Raw(text, latex, arguments=filled_in(text, put_in))


def turned(weight: Expression) -> Expression:
    """The transposed: of a matrix its numbers turned, of anything else with a sign."""
    return weight._replace(array=weight.array.T) if isinstance(weight, Matrix) else Transposed(weight)


def name_put_in(scene: Scene, argument: str | float) -> Expression:
    return scene.names[argument] if isinstance(argument, str) else Number(argument)


def numbers_put_in(scene: Scene, argument: str | float) -> Expression:
    """The numbers of an argument: of a linear layer's as matrices."""
    return scene.matrix(argument, shape=False) if isinstance(argument, str) else Number(argument)


def value_formula(scene: Scene, node: Node, label: str = "", first: int = 0, phase: int = 0) -> Formula:
    """``h₃ = W₃ h₂ = […][…] = […]``: the rule at once, its numbers from ``phase``, and the result after it."""
    rule = value_rule(scene, node, lambda argument: name_put_in(scene, argument))
    parts = [Part("=", rule, first)]
    if can_be_put_in(scene, node, rule):
        parts.append(Part("=", value_rule(scene, node, lambda argument: numbers_put_in(scene, argument)), phase))
    parts.append(Part("=", scene.matrix(node.name, shape=False), phase))
    return Formula(scene.names[node.name], tuple(parts), label, Role.VALUE, phase=first)


def can_be_put_in(scene: Scene, node: Node, rule: Expression) -> bool:
    """Whether a rule is also written with the numbers of its arguments: none is large, or repeated in it."""
    repeats = isinstance(rule, Raw) and rule.text.count("⟦") > len(rule.arguments) + 1
    return not repeats and all(scene.size(name) <= MOST_WRITTEN_OUT for name in node.operands)


def jacobian(
    scene: Scene, operand: Operand, node: Node, by: str, heads: tuple[Name, ...] = (), new: bool = False
) -> Expression:
    """∂node/∂by as it is drawn: a matrix with its forced zeros; where it is too wide to be read, its structure."""
    rule = rule_of(scene, node, by)
    rows, columns = operand.shape
    wide = columns > MOST_COLUMNS and rows > 1
    if rule.outer is not None and wide and len(node.shape) == 1 and scene.detail != "full":
        source = source_of(scene, node, rule)
        factor = scene.names[source] if rule.outer.transposed else Transposed(scene.names[source])
        return Kronecker(node.shape[-1], factor, left=not rule.outer.transposed)
    role, entries = jacobian_roles(scene, node, rule, by)
    zeros = forced_zeros(scene, node, by, operand) if rows * columns <= MOST_WRITTEN_OUT else None
    array = operand.array() if zeros is None else np.where(zeros, 0.0, operand.array())  # not 0 · ∞
    return Matrix(array, role, entries, zeros, new=new, heads=heads)


def source_of(scene: Scene, node: Node, rule: Rule) -> str:
    """The name of x in a weight Jacobian I ⊗ xᵀ."""
    assert rule.outer is not None
    primitive = primitive_of(scene, node)
    return str(dict(zip(primitive.arguments, node.arguments, strict=True))[rule.outer.reads])


def jacobian_roles(scene: Scene, node: Node, rule: Rule, by: str) -> tuple[Role, Role]:
    """Brackets say what the matrix is, entries where its numbers come from: those of a weight Jacobian are values."""
    if rule.outer is not None:
        return Role.PLAIN, Role.VALUE
    weight = _weight_met(scene, node, by)
    role = Role.PLAIN if weight is None else scene.names[weight].role
    return role, role


def forced_zeros(scene: Scene, node: Node, by: str, operand: Operand) -> Array | None:
    """Where the structure of a Jacobian forces a zero, whatever the values; None where it forces none."""
    rule = rule_of(scene, node, by)
    if operand.shape[0] == 1 or (node.name == scene.output and scene.has_loss):
        return None
    reached = _reached(scene, node, rule, by, operand)
    return None if reached.all() else ~reached


def _reached(scene: Scene, node: Node, rule: Rule, by: str, operand: Operand) -> Array:
    """Where a Jacobian may hold a number: known of an entrywise step and of one with a weight, else tried out."""
    rows, columns = operand.shape
    if rule.slope is not None and rows == columns:
        return np.eye(rows, dtype=bool)
    if rule.outer is not None and len(node.shape) == 1 and columns % rows == 0:
        own, inputs = np.eye(rows, dtype=bool), np.ones((1, columns // rows), dtype=bool)
        return np.kron(inputs, own) if rule.outer.transposed else np.kron(own, inputs)
    if _weight_met(scene, node, by) is not None and len(node.shape) == 1 and node.arguments.count(by) == 1:
        return np.ones((rows, columns), dtype=bool)
    identity = np.eye(rows).reshape(rows, *node.shape)
    return mask_through(rule.vjp, identity, what_is_read(scene, node, rule.vjp_reads)).reshape(rows, columns)


def heads_of(scene: Scene, by: str) -> tuple[Name, ...]:
    """W₁₁ W₁₂ …: what the columns of a Jacobian stand for, where they are few."""
    size = scene.size(by)
    return tuple(scene.names.entry(by, i) for i in range(size)) if 1 < size <= MOST_COLUMNS else ()


def symbolic_weight_jacobian(scene: Scene, node: Node, by: str, example: int = 0) -> Symbols | None:
    """A weight Jacobian in letters, with x₁ x₂ where its numbers will stand, of a batch that of one ``example``;
    None where it is too wide."""
    rule = rule_of(scene, node, by)
    size = scene.size(by)
    if rule.outer is None or size > MOST_COLUMNS or node.shape == () or node.shape[-1] == 1:
        return None
    source = source_of(scene, node, rule)
    inputs, outputs = scene.shape(source)[-1], node.shape[-1]
    rows: list[tuple[Expression, ...]] = []
    for out in range(outputs):
        row: list[Expression] = [Number(0)] * size
        for i in range(inputs):
            row[i * outputs + out if rule.outer.transposed else out * inputs + i] = scene.names.entry(
                source, example * inputs + i
            )
        rows.append(tuple(row))
    return Symbols(tuple(rows))
