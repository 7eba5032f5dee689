"""The steps of a story as JSON: the interface's ``adcli explain --format json``."""

from __future__ import annotations

import math
from typing import Any

from adcli.derivation import Operand, Step
from adcli.explain.blocks import Deck, Part, Runs, Slide, Words
from adcli.explain.examples import reduced
from adcli.explain.formulas import product, value_formula
from adcli.explain.maths import Expression, Matrix, Name, Number, Partial, Product, Raw, Sum
from adcli.explain.pictures import cotangent_name
from adcli.explain.quotients import put_in
from adcli.explain.scene import Scene, as_matrix
from adcli.explain.slopes import slope_parts
from adcli.explain.thrift import MOST_TOLD
from adcli.render.json_format import one_line
from adcli.render.maths import sign_latex, to_latex
from adcli.render.maths_text import Pen
from adcli.render.steps_json import step_content
from adcli.trace import Node

SCHEMA = 1


def document(deck: Deck, scene: Scene) -> str:
    """All slides, one a line, with their steps. A matrix too large to be shown in full has the value null,
    unless everything is told (``--detail full``)."""
    pen = Pen(deck.numbers)
    most = None if scene.detail == "full" else MOST_TOLD
    head = {"schema": SCHEMA, "command": "explain", "title": scene.trace.title, "mode": deck.mode}
    lines = [f"  {one_line(key)}: {one_line(value)}" for key, value in head.items()]
    slides = ",\n".join(f"    {one_line(_slide(slide, pen, scene, most))}" for slide in deck.slides)
    return "{\n" + ",\n".join([*lines, f'  "slides": [\n{slides}\n  ]']) + "\n}\n"


def _slide(slide: Slide, pen: Pen, scene: Scene, most: int | None) -> dict[str, Any]:
    return {
        "id": slide.id,
        "kind": slide.kind,
        "title": _plain(slide.title, pen),
        "note": slide.note,
        "steps": [_step(step, pen, scene, most) for step in slide.steps],
    }


def _plain(runs: Runs, pen: Pen) -> str:
    return "".join(run.text if isinstance(run, Words) else pen.inline_flat(run) for run in runs)


def _step(step: Step, pen: Pen, scene: Scene, most: int | None) -> dict[str, Any]:
    """A step of the derivation, with its formula as text and in LaTeX after kind and target."""
    content = step_content(step, most)
    left, parts = formula_of(step, scene, most)
    text, latex = pen.inline_flat(left), to_latex(left, pen.numbers)
    for part in parts:
        text += f" {pen.sign(part.sign, part.expression)} {pen.inline_flat(part.expression)}"
        sign = sign_latex(part.sign, part.expression, pen.numbers)
        latex += f" {sign} {to_latex(part.expression, pen.numbers)}"
    return {"kind": content.pop("kind"), "target": content.pop("target"), "text": text, "latex": latex, **content}


def formula_of(step: Step, scene: Scene, most: int | None) -> tuple[Expression, list[Part]]:
    """``target sign rule = numbers = result``: the target, and what stands after it."""
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
