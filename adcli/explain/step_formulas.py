"""A step of a derivation as one formula: its target, the rule, the numbers put in, the result."""

from __future__ import annotations

import math

from adcli.derivation import Operand, Step
from adcli.explain.blocks import Part
from adcli.explain.examples import reduced
from adcli.explain.formulas import product, value_formula
from adcli.explain.maths import Expression, Matrix, Name, Number, Partial, Product, Raw, Sum
from adcli.explain.pictures import cotangent_name
from adcli.explain.quotients import put_in
from adcli.explain.scene import Scene, as_matrix
from adcli.explain.slopes import slope_parts
from adcli.trace import Node


def formula_of(step: Step, scene: Scene, most: int | None) -> tuple[Expression, list[Part]]:
    """``target sign rule = numbers = result``: the target, and what stands after it.

    A matrix of more than ``most`` numbers has its name instead; none has where ``most`` is None.
    """
    names = scene.names
    target = names[step.target]
    result = Part("=", _matrix(step.value, most, target))
    match step.kind:
        case "store" | "release":
            return target, [result]
        case "forward" | "recompute":
            return _value(step, scene)
        case "reduce":
            formula = reduced(scene, _node(step.target, scene))
            return formula.left, list(formula.parts)
        case "tangent.init":
            return names.tangent(step.target), [Part("←", _partial(step.operands[0], scene)), result]
        case "tangent.update":
            tangent = names.tangent(step.target)
            rule = Product((_partial(step.operands[0], scene), tangent))
            return tangent, [Part("←", rule), _product(step, most, tangent), result]
        case "accumulate":
            terms = Sum(tuple(_matrix(operand, most, target) for operand in step.operands))
            return _accumulated(step, scene), [Part("←", terms), result]
        case "numeric.probe":
            _, *numbers = (float(operand.array()) for operand in step.operands)
            return _entry_partial(step, scene), [Part("≈", put_in(scene, *numbers)), result]
        case "symbolic.derivative":
            return _entry_partial(step, scene), [*_closed_form(step, scene), result]
        case _:
            return _pulled(step, scene, most, result)


def _value(step: Step, scene: Scene) -> tuple[Expression, list[Part]]:
    """``h₁ = relu(z₁) = relu([-1; 2]) = [0; 2]``."""
    formula = value_formula(scene, _node(step.target, scene))
    return formula.left, list(formula.parts)


def _node(name: str, scene: Scene) -> Node:
    return next(node for node in scene.trace.nodes if node.name == name)


def _accumulated(step: Step, scene: Scene) -> Expression:
    """What contributions are added to: a tangent, a gradient, or a cotangent on its way."""
    if step.value.derivative is None:
        return scene.names.tangent(step.target)
    if step.target in scene.wrt:
        return Partial(scene.names[scene.output], scene.names[step.target])
    return cotangent_name(scene, step.target)


def _pulled(step: Step, scene: Scene, most: int | None, result: Part) -> tuple[Expression, list[Part]]:
    """A gradient or the next cotangent: the cotangent of a node times a Jacobian; the first is given, or a slope."""
    whole = Partial(scene.names[scene.output], scene.names[step.target])
    is_gradient = step.kind == "gradient"
    left: Expression = whole if is_gradient else cotangent_name(scene, step.target)
    if len(step.operands) == 2:
        tilde = cotangent_name(scene, step.pulled_through)
        rule = Product((tilde, _partial(step.operands[1], scene)))
        if scene.uses(step.target) > 1:  # a contribution, to which others are added
            return rule, [_product(step, most, tilde), result]
        return left, [Part("=" if is_gradient else "←", rule), _product(step, most, tilde), result]
    begin = [] if is_gradient else [Part("←", whole)]
    if step.operands:
        begin += slope_parts(scene, _node(step.pulled_through, scene), step.target, 0, 0)
    return left, [*begin, result]


def _entry_partial(step: Step, scene: Scene) -> Expression:
    """∂ℓ/∂W₁[2,1]: of the first number of the output."""
    entry = step.entry or 0
    return Partial(scene.names.entry(scene.output, 0), scene.names.entry(step.target, entry))


def _closed_form(step: Step, scene: Scene) -> list[Part]:
    """The derivative as a formula; none where the names of the trace stayed symbols."""
    formulas = scene.result.formulas
    if formulas is None or step.entry is None:
        return []
    from adcli.notation.formulas import latex, text  # with SymPy, which only symbolic mode needs

    own = formulas.gradients[step.target].reshape(-1)[step.entry : step.entry + 1]
    return [Part("=", Raw(str(text(formulas, own)[0]), str(latex(formulas, own)[0])))]


def _partial(operand: Operand, scene: Scene) -> Expression:
    of, by = operand.of_by()
    return Partial(scene.names[of], scene.names[by])


def _product(step: Step, most: int | None, name: Name) -> Part:
    return Part("=", product(*(_matrix(operand, most, name) for operand in step.operands)))


def _matrix(operand: Operand, most: int | None, name: Name) -> Expression:
    """The numbers of an operand, or its name where they are too many."""
    if most is not None and math.prod(operand.shape) > most:
        return name
    array = as_matrix(operand.array())
    return Number(float(array[0, 0])) if array.size == 1 else Matrix(array, shape=False)
