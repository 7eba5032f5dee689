"""The lines of one step forward: where a tangent begins, what it is multiplied by, and what is added up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.backward import as_term
from adcli.explain.blocks import Formula, Part, Runs, Work
from adcli.explain.by_hand import Place, effect, work
from adcli.explain.carried import goes_on
from adcli.explain.formulas import MOST_COLUMNS, heads_of, jacobian, product, rule_of, source_of
from adcli.explain.maths import Expression, Matrix, Name, Partial, Product, Role, Sum
from adcli.explain.portions import Line
from adcli.explain.scene import Scene
from adcli.explain.thrift import is_kept
from adcli.trace import Node

MOST_UPDATES = 4
MOST_CUT = 2  # of those whose matrices are too large to be shown whole: they fill a slide each
T = Role.TANGENT


def tangent_lines(
    scene: Scene, node: Node, steps: list[Step], zeros: dict[str, Array | None], newest: Mapping[str, str]
) -> list[Line]:
    """A line for each step of a tangent: rule, numbers, result; the first product has one entry worked by hand.

    Where several contributions to a tangent meet, each has its own line, and a line of the tangent adds them.
    ``newest`` says at which value the tangent of a name is that is called Ŵ: one that waited is written ∂h/∂W.
    """
    found: list[Line] = []
    hand: Work | None = None
    updates = 0
    most = _most_updates(scene, steps)
    added = {step.target for step in steps if step.kind == "accumulate"}
    terms: dict[str, list[Expression]] = {}
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        block: Work | None = None
        formula: Formula | None = None
        if step.kind == "tangent.init":
            formula = _started(scene, node, step)
            mask = formula.parts[-1].expression
            zeros[step.target] = mask.zeros if isinstance(mask, Matrix) else None
        elif step.kind == "tangent.update":
            updates += 1
            if updates <= most:
                formula, block = _updated(scene, node, step, zeros, hand is None, step.target in added, newest)
                hand = hand or block
        elif step.kind == "accumulate":
            formula = _added(scene, step, terms.get(step.target, []))
            zeros[step.target] = None
        else:
            continue
        if formula is not None and step.kind != "accumulate" and step.target in added:
            formula = _as_term(formula, terms.setdefault(step.target, []))
        is_summed = "accumulate" in (step.kind, following.kind if following else "")
        kin = (step.target, is_summed) if step.target in added else _layer(scene, step)
        found.append(Line(step, formula, kin, block))
    return found


def _most_updates(scene: Scene, steps: list[Step]) -> int:
    """How many tangents are written out on their way through a step."""
    if scene.detail == "full":
        return len(steps)
    high = max((step.operands[0].shape[1] for step in steps if step.kind == "tangent.update"), default=0)
    return MOST_CUT if high > MOST_COLUMNS else MOST_UPDATES


def _layer(scene: Scene, step: Step) -> Hashable:
    """What the tangents of one layer have in common, those that go on as well as those that begin."""
    return next((n.name for n in scene.trace.nodes if step.target in n.operands), ""), step.kind


def _as_term(formula: Formula, terms: list[Expression]) -> Formula:
    """The line of a contribution, whose rule is remembered for the sum."""
    terms.append(formula.parts[0].expression)
    return as_term(formula)


def _started(scene: Scene, node: Node, step: Step) -> Formula:
    name, of = scene.names, step.target
    if of == node.name:
        matrix: Expression = Matrix(step.value.array(), T, Role.PLAIN, ~np.eye(scene.size(of), dtype=bool), new=True)
    else:
        matrix = jacobian(scene, step.operands[0], node, of, new=True, heads=heads_of(scene, of))
        if isinstance(matrix, Matrix):
            matrix = matrix._replace(role=T)
    parts = [Part("←", Partial(name[node.name], name[of])), Part("=", matrix, 1)]
    if not isinstance(matrix, Matrix) and is_kept(step.value):
        parts.append(Part("=", Matrix(step.value.array(), T, Role.VALUE, new=True), 2))
    aside: Runs = ()
    rule = rule_of(scene, node, of) if of != node.name else None
    if rule is not None and rule.outer is not None and isinstance(matrix, Matrix) and matrix.array.shape[0] > 1:
        aside = scene.say("forward.same", W=name[of], h=name[source_of(scene, node, rule)])
    label = "label.update" if goes_on(scene, step) else "label.start"
    return Formula(name.tangent(of), tuple(parts), scene.say.text(label), T, aside=aside)


def _updated(
    scene: Scene,
    node: Node,
    step: Step,
    zeros: dict[str, Array | None],
    by_hand: bool,
    alone: bool,
    newest: Mapping[str, str],
) -> tuple[Formula, Work | None]:
    of = step.target
    left_operand, right_operand = step.operands
    _, by = left_operand.of_by()
    tangent = scene.names.tangent(of)
    carried = tangent if newest.get(of, by) == by else Partial(scene.names[by], scene.names[of], T)
    rule = Part("←", Product((Partial(scene.names[node.name], scene.names[by]), carried)))
    if not all(is_kept(operand) for operand in (left_operand, right_operand, step.value)):
        zeros[of] = None
        return _huge(scene, step, tangent, rule), None
    left = jacobian(scene, left_operand, node, by)
    mask = zeros.get(of)
    if mask is not None and mask.shape != right_operand.shape:
        mask = None
    right: Expression = Matrix(right_operand.array(), T, T, mask)
    result = Matrix(step.value.array(), T, T, _through(left, mask), new=True)
    zeros[of] = result.zeros
    hand = None
    if by_hand:

        def meaning(at: tuple[int, int], value: float) -> Runs:
            return effect(scene, Place(of, at[1]), Place(node.name, at[0]), value, T, alone)

        left, right, result, hand = work(scene, left, right, result, meaning, T, 2)
    parts = (
        rule,
        Part("=", product(left, right), 1),
        Part("=", result, 2),
    )
    return Formula(tangent, parts, scene.say.text("label.update"), T), hand


def _huge(scene: Scene, step: Step, tangent: Name, rule: Part) -> Formula:
    """A line whose matrices are too large to be written out, except perhaps its result."""
    if is_kept(step.value):
        return Formula(tangent, (rule, Part("=", Matrix(step.value.array(), T, T, new=True), 2)), role=T)
    aside = scene.say("forward.huge", shape="×".join(f"{n:,}" for n in step.value.shape))
    return Formula(tangent, (rule,), role=T, aside=aside)


def _through(left: Expression, mask: Array | None) -> Array | None:
    """The forced zeros of a product of matrices."""
    if mask is None or not isinstance(left, Matrix):
        return None
    reaches = np.ones(left.array.shape) if left.zeros is None else (~left.zeros).astype(float)
    zero: Array = reaches @ (~mask).astype(float) == 0.0
    return zero if zero.any() else None


def _added(scene: Scene, step: Step, terms: list[Expression]) -> Formula:
    """``Ŵ ← ∂h₂/∂h₁ Ŵ + ∂h₂/∂W``, with numbers; ``terms`` are those that are not added yet, and are taken."""
    tangent = scene.names.tangent(step.target)
    if not all(is_kept(operand) for operand in (*step.operands, step.value)):
        return _huge(scene, step, tangent, Part("←", Sum((tangent, tangent)), 1))
    rule = Sum(tuple(terms) if len(terms) > 1 else (tangent, *terms))
    terms.clear()
    numbers = Sum(tuple(Matrix(operand.array(), T, T) for operand in step.operands))
    result = Matrix(step.value.array(), T, T, new=True)
    parts = (Part("←", rule, 1), Part("=", numbers, 1), Part("=", result, 2))
    return Formula(tangent, parts, scene.say.text("label.add"), T)
