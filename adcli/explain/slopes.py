"""The slope of a step as its rule states it, with its numbers put in, and what it is made of."""

from __future__ import annotations

from adcli.arrays import Array
from adcli.explain.blocks import Formula, Part
from adcli.explain.deck import Block
from adcli.explain.formulas import filled_in, name_put_in, numbers_put_in, places, rule_of
from adcli.explain.maths import Expression, Matrix, Number, Raw, Role
from adcli.explain.scene import Scene, as_matrix
from adcli.primitives.base import Partial as Rule
from adcli.trace import Node

MOST_PUT_IN = 4  # numbers of an argument that is put into a slope on one line


def ingredients(scene: Scene, node: Node, of: str) -> list[Block]:
    """``softmax(h₂) = […]``, where the slope for ``of`` is made of it; with many numbers the other operands, too."""
    ingredient = rule_of(scene, node, of).ingredient
    if ingredient is None:
        return []
    place = places(scene, node)
    left = Raw(*ingredient.formula, arguments=tuple((key, name_put_in(scene, value)) for key, value in place.items()))
    shown: list[tuple[Expression, Array]] = [(left, ingredient.value(*map(scene.value, node.operands)))]
    if scene.size(of) > MOST_PUT_IN:
        shown += [(scene.names[name], scene.value(name)) for name in node.operands if name != of]
    return [Formula(name, (Part("=", _row(array), 1),), role=Role.VALUE) for name, array in shown]


def _row(array: Array) -> Matrix:
    return Matrix(as_matrix(array, row=True), Role.VALUE, Role.VALUE)


def slope_parts(scene: Scene, node: Node, operand: str, rule_phase: int, phase: int) -> list[Part]:
    """The slope of a primitive as its rule states it, then with its numbers put in."""
    formula = slope_formula(scene, node, rule_of(scene, node, operand))
    if formula is None:
        return []
    text, latex = (_unwrapped(template) for template in formula)
    place = places(scene, node)
    components = ("c", Number(scene.shape(operand)[-1] if scene.shape(operand) else 1))
    rule = Raw(text, latex, arguments=(*((k, name_put_in(scene, v)) for k, v in place.items()), components))
    parts = [Part("=", rule, rule_phase)]
    is_bare = text.startswith("⟦") and text.endswith("⟧") and text.count("⟦") == 1
    short = all(scene.size(v) <= MOST_PUT_IN for v in place.values() if isinstance(v, str))
    if not is_bare and "⟦" in text and short:
        numbers = filled_in(text, {k: _number(scene, v) for k, v in place.items()})
        put_in = Raw(text, latex, arguments=(*numbers, components))
        parts.append(Part("=", put_in, phase))
    return parts


def slope_formula(scene: Scene, node: Node, rule: Rule) -> tuple[str, str] | None:
    """The slope as text and in LaTeX: in its simpler form, where that holds."""
    if rule.formula is None:
        return None
    text, latex = rule.simpler.formula if rule.simpler and is_special(scene, node, rule) else rule.formula
    return text.replace(" - ", " − "), latex


def is_special(scene: Scene, node: Node, rule: Rule) -> bool:
    """Whether the special case of a slope holds for the numbers of ``node``."""
    return rule.simpler is not None and rule.simpler.holds(*(scene.value(name) for name in node.operands))


def _unwrapped(text: str) -> str:
    """``text`` without a pair of brackets around all of it."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if place and place == len(text) - 1 else text
    return text


def _number(scene: Scene, argument: str | float) -> Expression:
    if not isinstance(argument, str):
        return Number(argument)
    return scene.short(argument) or numbers_put_in(scene, argument)
