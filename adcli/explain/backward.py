"""The lines of one step back: where it begins, a gradient, the next cotangent, and what is added up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adcli.derivation import Operand, Step
from adcli.explain.blocks import Formula, Part, Runs, Style, Text, Work
from adcli.explain.by_hand import Place, effect, work
from adcli.explain.deck import Block
from adcli.explain.formulas import (
    MOST_COLUMNS,
    guarded,
    heads_of,
    jacobian,
    name_put_in,
    numbers_put_in,
    places,
    primitive_of,
    product,
    rule_of,
    slope_of,
    turned,
)
from adcli.explain.maths import (
    Expression,
    Matrix,
    Name,
    Number,
    Partial,
    Product,
    Raw,
    Role,
    Sum,
    Transposed,
)
from adcli.explain.pictures import cotangent_name
from adcli.explain.scene import Scene, as_matrix
from adcli.explain.slopes import ingredients, is_special, slope_formula, slope_parts
from adcli.primitives.base import UNCHANGED
from adcli.primitives.base import Partial as Rule
from adcli.trace import Node

C = Role.COTANGENT


def start_formula(scene: Scene, node: Node, steps: list[Step]) -> tuple[list[Block], int]:
    """``h̃ ← ∂ℓ/∂h₄ = 2 (h₄ − y) = 2 (36 − 35) = 2``; without a loss the identity. With the last phase."""
    step = steps[0]
    tilde = cotangent_name(scene, step.target)
    partial = Partial(scene.names[scene.output], scene.names[step.target])
    if not step.operands:
        identity = Matrix(step.value.array(), C, Role.PLAIN, ~np.eye(scene.rows, dtype=bool), new=True)
        return [Formula(tilde, (Part("←", partial), Part("=", identity, 1)), scene.say.text("label.start"), C)], 1
    result = _cotangent(scene, step.target, step.value, new=True)
    parts = [Part("←", partial), *slope_parts(scene, node, step.target, 1, 2), Part("=", result, 3)]
    start = Formula(tilde, tuple(parts), scene.say.text("label.start"), C, tuple(_read_names(scene, step)))
    blocks: list[Block] = [*ingredients(scene, node, step.target), start]
    remark = f"back.simpler.{node.op}"
    if remark in scene.say.table and is_special(scene, node, rule_of(scene, node, step.target)):
        blocks.append(Text(scene.say(remark), phase=2))
    reduction = primitive_of(scene, node).reduction
    if reduction is not None and reduction.mean:
        blocks.append(Text(scene.say("back.mean", n=dict(node.settings)["examples"]), phase=2))
    return blocks, 3


def _cotangent(scene: Scene, name: str, operand: Operand, new: bool = False) -> Matrix:
    """A cotangent or a gradient as the story draws it: a row; of one output, in the shape of a matrix."""
    array, shape = operand.array(), scene.shape(name)
    return Matrix(array.reshape(shape) if scene.rows == 1 and len(shape) == 2 else array, C, C, new=new)


def _read_names(scene: Scene, step: Step) -> list[Name]:
    return [scene.names[name] for name in step.reads]


def as_term(formula: Formula) -> Formula:
    """The line of a contribution, which is to be added: its rule stands at the left, not what it is a part of."""
    rule, *rest = formula.parts
    return formula._replace(left=rule.expression, parts=tuple(rest) or formula.parts)


class Lines(NamedTuple):
    """The lines of one step back, and when what they make is there.

    Attributes:
        formulas: each in a phase or two of its own.
        hand: an entry worked by hand.
        made: the phase from which each cotangent and gradient stands.
        last_phase: of them all.
        remarks: what is to be said below.
    """

    formulas: list[Formula]
    hand: Work | None
    made: dict[str, int]
    last_phase: int
    remarks: list[Block]


def gradient_lines(scene: Scene, node: Node, steps: list[Step], finished: list[str]) -> Lines:
    formulas: list[Formula] = []
    hand: Work | None = None
    phase = 0
    made: dict[str, int] = {}
    remarks: list[Block] = []
    for place, step in enumerate(steps):
        if step.kind == "release":  # the storage row tells it
            continue
        if step.kind == "accumulate":
            phase += 1
            formulas.append(_added(scene, step, phase, step.target in finished))
            made[step.target] = phase
            continue
        adds = any(s.kind == "accumulate" and s.target == step.target for s in steps[place + 1 :])
        done = step.target in finished and not adds
        formula, block, used = _pulled(scene, node, step, phase, done, hand is None)
        hand = hand or block
        formulas.append(as_term(formula) if adds else formula)
        phase += used
        made[step.target] = phase
    killed = _kills(scene, node)
    if killed:
        remarks.append(Text(scene.say("slope.dead", f=node.op, n=killed), Style.ASIDE, phase=phase))
    return Lines(formulas, hand, made, phase, remarks)


def _kills(scene: Scene, node: Node) -> int:
    """How many entries an activation stops on the way back, its slope being 0 there."""
    (rule, *others) = primitive_of(scene, node).partials.values()
    if others or rule.slope is None or node.name == scene.output:
        return 0
    return int((slope_of(scene, node, rule) == 0.0).sum())


def _pulled(
    scene: Scene, node: Node, step: Step, phase: int, done: bool, by_hand: bool
) -> tuple[Formula, Work | None, int]:
    of, row = step.target, step.operands[0]
    leaf = of in scene.trace.leaves
    made = _cotangent(scene, of, step.value, new=True)
    if len(step.operands) == 1:  # the output's own derivative for a leaf: nothing is multiplied yet
        whole = Partial(scene.names[scene.output], scene.names[of], C)
        pieces = (*slope_parts(scene, node, of, phase, phase + 1), Part("=", made, phase + 2))
        return Formula(whole, pieces, "", C, tuple(_read_names(scene, step)), done, phase=phase), None, 2
    reads = tuple(_read_names(scene, step))
    tilde = cotangent_name(scene, node.name)
    partial = Partial(scene.names[node.name], scene.names[of])
    left: Expression = Partial(scene.names[scene.output], scene.names[of], C) if leaf else cotangent_name(scene, of)
    shared = scene.uses(of) > 1
    sign = "=" if leaf and not shared else "←"
    told = compact(scene, node, step, tilde)
    if told is not None:
        rule, numbers = told
        parts = [Part(sign, rule, phase)]
        if numbers is not None:
            parts.append(Part("=", numbers, phase + 1))
        parts.append(Part("=", made, phase + 2))
        return Formula(left, tuple(parts), "", C, reads, done, phase=phase), None, 2
    right = jacobian(scene, step.operands[1], node, of, heads=heads_of(scene, of) if leaf else ())
    if rule_of(scene, node, of).pullback == UNCHANGED and row.shape[1] > 1:
        right = Name("I", str(row.shape[1]), rank=2)
    bar: Expression = Matrix(row.array(), C, C)
    result = Matrix(step.value.array(), C, C, new=True)
    hand = None
    if by_hand:

        def meaning(at: tuple[int, int], value: float) -> Runs:
            return effect(scene, Place(of, at[1]), Place(scene.output, at[0]), value, C, shared)

        bar, right, result, hand = work(scene, bar, right, result, meaning, C, phase + 2)
    if step.operands[0].shape[1] == 1 and row.shape[0] == 1:
        bar = Number(float(row.array()[0, 0]), C)
    parts = [
        Part(sign, Product((tilde, partial)), phase),
        Part("=", product(bar, right), phase + 1),
        Part("=", result, phase + 2),
    ]
    return Formula(left, tuple(parts), "", C, reads, done, phase=phase), hand, 2


def is_told_compactly(scene: Scene, node: Node, step: Step) -> bool:
    """Whether a pull is told as code does it, and no Jacobian is drawn."""
    if len(step.operands) < 2 or scene.rows > 1:
        return False
    rows, columns = step.operands[1].shape
    wide = columns > MOST_COLUMNS and rows > 1 and scene.detail != "full"
    return len(node.shape) == 2 or wide or rows > MOST_COLUMNS


def compact(scene: Scene, node: Node, step: Step, tilde: Name) -> tuple[Expression, Expression | None] | None:
    """The product as code does it, where the Jacobian is too large to be drawn: for a batch, or a wide layer.

    The rule, and the same with numbers (None where it has none); None where the Jacobian itself is shown.
    """
    if not is_told_compactly(scene, node, step):
        return None
    rule = rule_of(scene, node, step.target)
    bar = Matrix(as_matrix(step.operands[0].array().reshape(node.shape), row=True), C, C)
    if rule.slope is not None and node.shape != ():
        return _scaled(scene, node, rule, tilde, bar)
    if rule.pullback is None:
        return Raw("vjp(⟦h⟧)", r"\operatorname{vjp}(⟦h⟧)", arguments=(("h", tilde),)), None
    return _pulled_back(scene, node, rule.pullback, tilde, bar)


def _scaled(scene: Scene, node: Node, rule: Rule, tilde: Name, bar: Matrix) -> tuple[Expression, Expression]:
    """``h̃ ∘ [z > 0]``: entry by entry, and added up over the copies of an operand that was repeated."""
    place = places(scene, node)
    slope = Matrix(as_matrix(slope_of(scene, node, rule), row=True))
    formula = slope_formula(scene, node, rule) or ("φ′(⟦x⟧)", r"\varphi'(⟦x⟧)")
    text, latex = (template if _is_closed(template) else f"({template})" for template in formula)
    sums = rule.spread.sum if rule.spread else ("", "")
    named = (("bar", tilde), *((key, name_put_in(scene, value)) for key, value in place.items()))
    letters = Raw(f"{sums[0]}⟦bar⟧ ∘ {text}", rf"{sums[1]}⟦bar⟧ \circ {latex}", arguments=named)
    put_in = (("bar", bar), ("slope", slope))
    return letters, Raw(f"{sums[0]}⟦bar⟧ ∘ ⟦slope⟧", rf"{sums[1]}⟦bar⟧ \circ ⟦slope⟧", arguments=put_in)


def _is_closed(template: str) -> bool:
    """Whether a formula needs no brackets within a product: a name, a function of something, [x > 0]."""
    return " " not in template or (template[0], template[-1], template.count("[")) == ("[", "]", 1)


def _pulled_back(
    scene: Scene, node: Node, pullback: tuple[str, str], tilde: Name, bar: Matrix
) -> tuple[Expression, Expression | None]:
    """The VJP as its primitive states it; with numbers where each matrix stands in it once."""
    text, latex = pullback
    values = {k: v for k, v in places(scene, node).items() if f"⟦{k}⟧" in text or f"⟦{k}ᵀ⟧" in text}
    letters: list[tuple[str, Expression]] = [("bar", tilde), ("barᵀ", Transposed(tilde))]
    numbers: list[tuple[str, Expression]] = [("bar", bar), ("barᵀ", bar._replace(array=bar.array.T))]
    for key, value in values.items():
        name, matrix = name_put_in(scene, value), numbers_put_in(scene, value)
        letters += [(key, name), (f"{key}ᵀ", Transposed(name))]
        numbers += [(key, matrix), (f"{key}ᵀ", turned(matrix))]
    told_once = text.count("⟦") == len({"bar", *values}) and text != "⟦bar⟧"
    rule = Raw(text, latex, arguments=tuple(letters))
    return rule, Raw(text, latex, arguments=tuple(numbers)) if told_once else None


def _added(scene: Scene, step: Step, phase: int, done: bool) -> Formula:
    of = step.target
    leaf = of in scene.trace.leaves
    left: Expression = Partial(scene.names[scene.output], scene.names[of], C) if leaf else cotangent_name(scene, of)
    first, *others = (_cotangent(scene, of, operand) for operand in step.operands)
    terms = (first, *map(guarded, others))
    total = _cotangent(scene, of, step.value, new=True)
    parts = (Part("=" if leaf and done else "←", Sum(terms), phase), Part("=", total, phase))
    return Formula(left, parts, "", C, (), done, phase=phase)
