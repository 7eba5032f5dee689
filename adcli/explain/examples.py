"""The loss of a batch as a lecturer shows it: the loss of each example, then their mean, or their sum."""

from __future__ import annotations

import numpy as np

from adcli.arrays import Array
from adcli.explain.blocks import Formula, Part
from adcli.explain.formulas import (
    can_be_put_in,
    name_put_in,
    numbers_put_in,
    primitive_of,
    share_of,
    stated,
    value_formula,
)
from adcli.explain.maths import Dots, Expression, Matrix, Name, Number, Raw, Role, Sum
from adcli.explain.scene import Scene, as_matrix
from adcli.primitives.base import Reduction
from adcli.trace import Node

MOST_TERMS = 4  # of the sum over the examples that is written out


def value_formulas(
    scene: Scene, node: Node, label: str = "", first: int = 0, phase: int = 0, brief: bool = False
) -> list[Formula]:
    """The lines of a value, as in ``value_formula``: one, or where examples are reduced two.

    ``brief``: the numbers of the examples stand elsewhere on the slide, and what each comes to stands in a row.
    """
    reduction = primitive_of(scene, node).reduction
    if reduction is None:
        return [value_formula(scene, node, label, first, phase)]
    return [_each(scene, node, reduction, label, first, phase, brief), reduced(scene, node, first, phase)]


def _each(scene: Scene, node: Node, reduction: Reduction, label: str, first: int, phase: int, brief: bool) -> Formula:
    """``ℓ_i = Σ (h₁ − y)² = Σ ([…] − […])² = […]``: a number for each example."""
    of_one = scene.shape(node.operands[0])[-1] == 1
    arguments = reduction.each.arguments
    names, numbers = (
        stated(reduction.each, {a: put_in(scene, v) for a, v in zip(arguments, node.arguments, strict=True)}, of_one)
        for put_in in (name_put_in, numbers_put_in)
    )
    parts = [Part("=", names, first)]
    if not brief and can_be_put_in(scene, node, names):
        parts.append(Part("=", numbers, phase))
    results = as_matrix(_results(scene, node, reduction), row=brief)
    parts.append(Part("=", Matrix(results, Role.VALUE, Role.VALUE, shape=False), phase))
    aside = scene.say("examples.each")
    return Formula(_one_of(scene, node), tuple(parts), label, Role.VALUE, aside=aside, phase=first)


def reduced(scene: Scene, node: Node, first: int = 0, phase: int = 0) -> Formula:
    """``ℓ = 1/4 Σ ℓ_i = 1/4 (4 + 9 + 16 + 25) = 13.5``."""
    reduction = primitive_of(scene, node).reduction
    assert reduction is not None, "of a step that reduces"
    results = _results(scene, node, reduction)
    share = share_of(reduction, node)
    rule = Raw(f"{share[0]}Σ ⟦one⟧", rf"{share[1]}\sum_i ⟦one⟧", arguments=(("one", _one_of(scene, node)),))
    terms: list[Expression] = [Number(float(result), Role.VALUE) for result in results]
    shown = terms if len(terms) <= MOST_TERMS else [*terms[:2], Dots(), terms[-1]]
    text, latex = (f"{way}(⟦sum⟧)" if reduction.mean else "⟦sum⟧" for way in share)
    numbers = Raw(text, latex, arguments=(("sum", Sum(tuple(shown))),))
    total = scene.matrix(node.name, shape=False)
    parts = (Part("=", rule, first), Part("=", numbers, phase), Part("=", total, phase))
    return Formula(scene.names[node.name], parts, role=Role.VALUE, phase=first)


def _results(scene: Scene, node: Node, reduction: Reduction) -> Array:
    """What the reduction adds up, a number for each example."""
    with np.errstate(all="ignore"):
        return np.asarray(reduction.each.evaluate(*(scene.value(name) for name in node.operands)))


def _one_of(scene: Scene, node: Node) -> Name:
    """ℓ with the index i."""
    return scene.names[node.name]._replace(sub="i")
