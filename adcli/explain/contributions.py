"""The gradient of a batch as a sum over its examples, written out: what each of them adds."""

from __future__ import annotations

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.backward import compact
from adcli.explain.blocks import Formula, Part, Runs, Text
from adcli.explain.deck import Block
from adcli.explain.formulas import (
    MOST_COLUMNS,
    guarded,
    primitive_of,
    product,
    rule_of,
    source_of,
    turned,
    what_is_read,
)
from adcli.explain.maths import (
    Bracketed,
    Dots,
    Expression,
    Listed,
    Matrix,
    Partial,
    Product,
    Role,
    Sum,
    Transposed,
)
from adcli.explain.pictures import cotangent_name
from adcli.explain.scene import Scene
from adcli.explain.selection import Told
from adcli.notation.numbers import number_text
from adcli.primitives.base import Partial as Rule
from adcli.trace import Node

MOST_TERMS = 4  # of a sum over the examples that is written out
MOST_LETTERS = 75  # of such a sum, which has a line to itself
C = Role.COTANGENT


def adding(scene: Scene, told: Told) -> list[Step]:
    """The gradients of a step that are sums over the examples, where they are small enough to be written out."""
    if not scene.adds_examples or told.node.shape[:-1] != (scene.examples(),):
        return []
    found = [step for step in told.steps if step.kind == "gradient" and step.target in scene.trace.parameters]
    return [step for step in found if _is_a_sum(scene, told.node, step.target)]


def _is_a_sum(scene: Scene, node: Node, of: str) -> bool:
    """Whether a parameter meets every example: the weight of a layer, or a row that is repeated."""
    shape = scene.shape(of)
    meets_all = rule_of(scene, node, of).outer is not None or len(shape) < 2
    return meets_all and node.operands.count(of) == 1 and max(shape, default=1) <= MOST_COLUMNS


def contributions(scene: Scene, told: Told, finished: list[str]) -> tuple[list[Block], int]:
    """A line for each gradient, its terms one by one; with the last phase."""
    stage: list[Block] = []
    phase = 0
    steps = adding(scene, told)
    for step in steps:
        formula, phase = _written_out(scene, told.node, step, phase, step.target in finished)
        stage.append(formula)
        phase += 1
    phase -= 1
    shared: list[Expression] = [scene.names[step.target] for step in steps if scene.uses(step.target) > 1]
    if len(shared) < len(steps):
        reduction = primitive_of(scene, scene.trace.nodes[-1]).reduction
        key = "each.mean" if reduction is not None and reduction.mean else "each.sum"
        stage.append(Text(scene.say(key, n=scene.examples()), phase=phase))
    if shared:
        stage.append(Text(scene.say("each.use", W=scene.say.listed(shared)), phase=phase))
    return stage, phase


def terms_are(scene: Scene, told: Told) -> Runs:
    """``Column i of h̃ᵀ times row i of h₁ is the term of example i``."""
    rules = (rule_of(scene, told.node, step.target) for step in adding(scene, told))
    rule = next((rule for rule in rules if rule.outer is not None), None)
    if rule is None:
        return scene.say("each.rows.sentence")
    tilde, source = cotangent_name(scene, told.node.name), scene.names[source_of(scene, told.node, rule)]
    left, right = (source, tilde) if rule.outer is not None and rule.outer.transposed else (tilde, source)
    return scene.say("each.sentence", left=Transposed(left), right=right)


def _written_out(scene: Scene, node: Node, step: Step, first: int, finished: bool) -> tuple[Formula, int]:
    """``∂ℓ/∂W = h̃ᵀ h = […][…] + […][…] = […] + […] = […]``, and the phase in which it ends."""
    of, tilde = step.target, cotangent_name(scene, node.name)
    told = compact(scene, node, step, tilde)
    assert told is not None, "of a batch"
    alone = scene.uses(of) == 1
    shape = scene.shape(of)
    parts = [Part("=", told[0], first)]
    phase = first
    for terms in _terms(scene, node, step):
        phase += 1
        parts.append(Part("=", terms, phase))
    total = step.value.array().reshape(shape if len(shape) == 2 else (1, -1))
    parts.append(Part("=", Matrix(total, C, C, new=True), phase + 1))
    if alone:
        left: Expression = Partial(scene.names[scene.output], scene.names[of], C)
        return Formula(left, tuple(parts), role=C, done=finished, phase=first), phase + 1
    rule, *rest = parts
    return Formula(rule.expression, tuple(rest), role=C, phase=first), phase + 1


def _terms(scene: Scene, node: Node, step: Step) -> list[Sum]:
    """The sum over the examples, as many of them as there is room for."""
    count = node.shape[0]
    ways: list[list[int]] = [[*range(count)]] if count <= MOST_TERMS else []
    ways += [[0, count - 1]] if count > 2 else []
    for chosen in ways:
        lines = _lines(scene, node, step, chosen)
        if all(letters(scene, line) <= MOST_LETTERS for line in lines):
            return lines
    return _lines(scene, node, step, [_telling(scene, node, step)])


def _telling(scene: Scene, node: Node, step: Step) -> int:
    """The example that adds to the most entries."""
    rule = rule_of(scene, node, step.target)
    entries = np.count_nonzero(step.operands[0].array().reshape(node.shape), axis=1)
    if rule.outer is not None:
        entries *= np.count_nonzero(scene.value(source_of(scene, node, rule)), axis=1)
    return int(entries.argmax())


def _lines(scene: Scene, node: Node, step: Step, chosen: list[int]) -> list[Sum]:
    """The terms of the chosen examples: of a weight as outer products, and then as what they come to."""
    rule, shape = rule_of(scene, node, step.target), scene.shape(step.target)
    bar = step.operands[0].array().reshape(node.shape)
    shares = (a.reshape(shape if len(shape) == 2 else (1, -1)) for a in _shares(scene, node, rule, bar, chosen))
    lines: list[list[Expression]] = [[guarded(Matrix(share, C, C, shape=False)) for share in shares]]
    if rule.outer is not None:
        lines.insert(0, [_outer_product(scene, node, rule, bar[i], i) for i in chosen])
    return [Sum(_with_dots(line, chosen, len(bar))) for line in lines]


def _with_dots(terms: list[Expression], chosen: list[int], count: int) -> tuple[Expression, ...]:
    """The terms, with ⋯ wherever examples are left out."""
    found: list[Expression] = []
    for before, here, term in zip([-1, *chosen], chosen, terms, strict=False):
        found += [Dots(), term] if here > before + 1 else [term]
    return (*found, Dots()) if chosen[-1] < count - 1 else tuple(found)


def _shares(scene: Scene, node: Node, rule: Rule, bar: Array, chosen: list[int]) -> Array:
    """What each of the chosen examples sends to an operand: the VJP of its row alone."""
    alone = np.zeros((len(chosen), *bar.shape))
    alone[range(len(chosen)), chosen] = bar[chosen]
    return np.asarray(rule.vjp(alone, *what_is_read(scene, node, rule.vjp_reads)))


def _outer_product(scene: Scene, node: Node, rule: Rule, bar: Array, example: int) -> Product:
    assert rule.outer is not None
    source = source_of(scene, node, rule)
    role = scene.names[source].role
    back = Matrix(bar.reshape(1, -1), C, C, shape=False)
    value = Matrix(scene.value(source)[example].reshape(1, -1), role, role, shape=False)
    column, row = (value, back) if rule.outer.transposed else (back, value)
    return product(guarded(turned(column)), row)


def letters(scene: Scene, e: Expression) -> int:
    """How many letters wide a sum over examples is written, or a row times a diagonal, at most."""
    match e:
        case Sum():
            return sum(letters(scene, term) + 3 for term in e.terms) - 3
        case Product():
            return sum(letters(scene, factor) for factor in e.factors)
        case Bracketed():
            return letters(scene, e.of) + 2
        case Matrix():
            return _width(scene, e.array)
        case Listed():
            return _width(scene, e.array.reshape(1, -1)) + len(e.word) + e.array.size - 1
        case _:
            return 1


def _width(scene: Scene, matrix: Array) -> int:
    """How many letters wide a matrix is at most: its numbers stand under each other with the same decimals."""
    for fractions in (scene.numbers.fractions, False):
        columns = [[number_text(float(v), scene.numbers.digits, fractions).partition(".") for v in c] for c in matrix.T]
        decimals = max(len(after) for column in columns for _, _, after in column)
        if not decimals:
            break
    widths = (
        max(len(whole) for whole, _, _ in column) + any(after for _, _, after in column) * (1 + decimals)
        for column in columns
    )
    return sum(width + 1 for width in widths) + 1
