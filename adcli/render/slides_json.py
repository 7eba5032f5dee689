"""The steps of a story as JSON: the interface's ``adcli explain --format json``."""

from __future__ import annotations

import math
from typing import Any

from adcli.derivation import Operand, Step
from adcli.explain.blocks import Deck, Runs, Slide, Words
from adcli.explain.maths import Expression, Mark, Matrix, Name, Number, Partial, Product, Role, Sum
from adcli.explain.scene import Scene, as_matrix
from adcli.explain.thrift import MOST_TOLD
from adcli.render.json_format import one_line
from adcli.render.maths import SIGNS, to_latex
from adcli.render.maths_text import Pen
from adcli.render.steps_json import step_content

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
    formula = formula_of(step, scene, most)
    text = "".join((_inline(pen, e) if not isinstance(e, str) else f" {e} ") for e in formula)
    latex = " ".join(SIGNS[e] if isinstance(e, str) else to_latex(e, pen.numbers) for e in formula)
    return {"kind": content.pop("kind"), "target": content.pop("target"), "text": text, "latex": latex, **content}


def _inline(pen: Pen, e: Expression) -> str:
    return pen.inline_flat(e)


def formula_of(step: Step, scene: Scene, most: int | None) -> list[Expression | str]:
    """``target sign rule = numbers = result``, as expressions and the signs between them."""
    names = scene.names
    role = Role.TANGENT if step.kind.startswith("tangent") else Role.COTANGENT
    target = names[step.target]
    result = _matrix(step.value, most, target)
    match step.kind:
        case "forward" | "recompute" | "store" | "release":
            return [target, "=", result]
        case "tangent.init":
            return [names.tangent(step.target), "←", _partial(step.operands[0], scene), "=", result]
        case "tangent.update":
            tangent = names.tangent(step.target)
            rule = Product((_partial(step.operands[0], scene), tangent))
            return [tangent, "←", rule, "=", _product(step, most, tangent), "=", result]
        case "accumulate":
            is_tangent = step.value.derivative is None
            left: Expression = names.tangent(step.target) if is_tangent else Partial(names[scene.output], target)
            return [left, "←", Sum(tuple(_matrix(o, most, target) for o in step.operands)), "=", result]
        case "numeric.probe" | "symbolic.derivative":
            return [Partial(names[scene.output], target), "=", result]
        case _:
            left = Partial(names[scene.output], target)
            tilde = Name("h", mark=Mark.TILDE, rank=1, role=role)
            first: Expression = left if step.kind == "gradient" else tilde
            sign = "=" if step.kind == "gradient" else "←"
            if len(step.operands) < 2:
                return [first, sign, left, "=", result]
            rule = Product((tilde, _partial(step.operands[1], scene)))
            return [first, sign, rule, "=", _product(step, most, tilde), "=", result]


def _partial(operand: Operand, scene: Scene) -> Expression:
    of, by = operand.of_by()
    return Partial(scene.names[of], scene.names[by])


def _product(step: Step, most: int | None, name: Name) -> Expression:
    return Product(tuple(_matrix(operand, most, name) for operand in step.operands))


def _matrix(operand: Operand, most: int | None, name: Name) -> Expression:
    """The numbers of an operand, or its name where they are too many."""
    if most is not None and math.prod(operand.shape) > most:
        return name
    array = as_matrix(operand.array())
    return Number(float(array[0, 0])) if array.size == 1 else Matrix(array, shape=False)
