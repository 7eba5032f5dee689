"""The lines of one step back: where it begins, a gradient, the next cotangent, and what is added up."""

from __future__ import annotations

import math

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.blocks import Block, Formula, Part, Runs, Style, Text, Work
from adcli.explain.formulas import (
    MOST_COLUMNS,
    effect,
    heads_of,
    jacobian,
    numbers_put_in,
    primitive_of,
    product,
    rule_of,
    work,
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
from adcli.trace import Node

C = Role.COTANGENT
MOST_PUT_IN = 4  # numbers of an argument that is put into a slope on one line


def start_formula(scene: Scene, node: Node, steps: list[Step]) -> tuple[list[Block], int]:
    """``h̃ ← ∂ℓ/∂h₄ = 2 (h₄ − y) = 2 (36 − 35) = 2``; for a vector output the identity. With the last phase."""
    step = steps[0]
    tilde = cotangent_name(scene, step.target)
    partial = Partial(scene.names[scene.output], scene.names[step.target])
    result = _shaped(scene, step, new=True)
    if not step.operands:
        identity = Matrix(step.value.array(), C, Role.PLAIN, ~np.eye(scene.rows, dtype=bool), new=True)
        return [Formula(tilde, (Part("←", partial), Part("=", identity, 1)), scene.say.text("label.start"), C)], 1
    parts = [Part("←", partial), *slope_parts(scene, node, step.target, 1, 2), Part("=", result, 3)]
    start = Formula(tilde, tuple(parts), scene.say.text("label.start"), C, tuple(_read_names(scene, step)))
    blocks: list[Block] = [*probabilities(scene, node), start]
    if node.op == "cross_entropy" and _is_distribution(scene, node):
        blocks.append(Text(scene.say("back.softmax"), phase=2))
    if dict(node.settings).get("examples", 0) > 1 and dict(node.settings).get("reduction") == "mean":
        blocks.append(Text(scene.say("back.mean", n=dict(node.settings)["examples"]), phase=2))
    return blocks, 3


def probabilities(scene: Scene, node: Node) -> list[Block]:
    """``softmax(h₂) = […]``, which the slope of a cross-entropy needs; with many numbers the target, too."""
    if node.op != "cross_entropy":
        return []
    logits, target = (str(name) for name in node.arguments[:2])
    rule = Raw("softmax(⟦h⟧)", r"\operatorname{softmax}(⟦h⟧)", arguments=(("h", scene.names[logits]),))
    array = scene.value(logits)
    odds = np.exp(array - array.max(axis=-1, keepdims=True))
    softmax = Matrix(as_matrix(odds / odds.sum(axis=-1, keepdims=True), row=True), Role.VALUE, Role.VALUE)
    found: list[Block] = [Formula(rule, (Part("=", softmax, 1),), role=Role.VALUE)]
    if array.size > MOST_PUT_IN:
        y = Matrix(as_matrix(scene.value(target), row=True), Role.VALUE, Role.VALUE)
        found.append(Formula(scene.names[target], (Part("=", y, 1),), role=Role.VALUE))
    return found


def slope_parts(scene: Scene, node: Node, operand: str, rule_phase: int, phase: int) -> list[Part]:
    """The slope of a primitive as its rule states it, then with its numbers put in."""
    formula = _slope_formula(scene, node, operand)
    if formula is None:
        return []
    primitive = primitive_of(scene, node)
    place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
    rule = Raw(*formula, arguments=tuple((k, _named(scene, v)) for k, v in place.items()))
    parts = [Part("=", rule, rule_phase)]
    is_bare = formula[0].startswith("⟦") and formula[0].endswith("⟧") and formula[0].count("⟦") == 1
    if (
        not is_bare
        and "⟦" in formula[0]
        and all(scene.size(v) <= MOST_PUT_IN for v in place.values() if isinstance(v, str))
    ):
        parts.append(Part("=", Raw(*formula, arguments=tuple((k, _number(scene, v)) for k, v in place.items())), phase))
    return parts


def _slope_formula(scene: Scene, node: Node, operand: str) -> tuple[str, str] | None:
    """The slope as text and in LaTeX, without brackets around the whole; a count of components is a number in it."""
    formula = rule_of(scene, node, operand).formula
    if formula is None:
        return None
    text, latex = formula[0].replace(" - ", " − "), formula[1]
    if node.op == "mean_squared_error":
        count = str(scene.shape(operand)[-1]) if scene.shape(operand) else "1"
        text, latex = text.replace("2/c", f"2/{count}"), latex.replace("{c}", f"{{{count}}}")
    if node.op == "cross_entropy" and not _is_distribution(scene, node):
        text = text.replace("softmax", "Σ⟦y⟧ · softmax")
        latex = latex.replace(r"\operatorname", r"\textstyle\sum ⟦y⟧ \cdot \operatorname")
    return _unwrapped(text), _unwrapped(latex)


def _unwrapped(text: str) -> str:
    """``text`` without a pair of brackets around all of it."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if place and place == len(text) - 1 else text
    return text


def _is_distribution(scene: Scene, node: Node) -> bool:
    """Whether the target of a cross-entropy adds up to 1 for every example."""
    return bool(np.allclose(scene.value(str(node.arguments[1])).sum(axis=-1), 1.0, rtol=0.0, atol=1e-12))


def _named(scene: Scene, argument: str | float) -> Expression:
    return scene.names[argument] if isinstance(argument, str) else Number(argument)


def _number(scene: Scene, argument: str | float) -> Expression:
    if not isinstance(argument, str):
        return Number(argument)
    return scene.short(argument) or numbers_put_in(scene, argument)


def _shaped(scene: Scene, step: Step, **look: object) -> Matrix:
    """A cotangent as the story draws it: a row, or for a batch in the shape of its value."""
    array = step.value.array()
    shape = scene.shape(step.target)
    if len(shape) == 2 and scene.rows == 1:
        array = array.reshape(shape)
    return Matrix(array, C, C, **look)  # type: ignore[arg-type]


def _read_names(scene: Scene, step: Step) -> list[Name]:
    return [scene.names[name] for name in step.reads]


def gradient_formulas(
    scene: Scene, node: Node, steps: list[Step], finished: list[str]
) -> tuple[list[Formula], Work | None, int, list[Block]]:
    """The lines of one node, each in a phase or two of its own; an entry worked by hand; the last phase."""
    formulas: list[Formula] = []
    hand: Work | None = None
    phase = 0
    extra: list[Block] = []
    for place, step in enumerate(steps):
        if step.kind == "release":  # the storage row tells it
            continue
        if step.kind == "accumulate":
            phase += 1
            formulas.append(_added(scene, step, phase, step.target in finished))
            continue
        adds = any(s.kind == "accumulate" and s.target == step.target for s in steps[place + 1 :])
        done = step.target in finished and not adds
        formula, block, used = _pulled(scene, node, step, phase, done, hand is None)
        hand = hand or block
        formulas.append(formula)
        phase += used
    if _kills(scene, node):
        extra.append(Text(scene.say("relu.dead", n=_kills(scene, node)), Style.ASIDE, phase=phase))
    return formulas, hand, phase, extra


def _kills(scene: Scene, node: Node) -> int:
    """How many entries a relu sets to 0 on the way back."""
    if node.op != "relu":
        return 0
    return int((scene.value(node.operands[0]) <= 0.0).sum())


def _pulled(
    scene: Scene, node: Node, step: Step, phase: int, done: bool, by_hand: bool
) -> tuple[Formula, Work | None, int]:
    of, row = step.target, step.operands[0]
    leaf = of in scene.trace.leaves
    if len(step.operands) == 1:  # the output's own derivative for a leaf: nothing is multiplied yet
        whole = Partial(scene.names[scene.output], scene.names[of], C)
        pieces = (*slope_parts(scene, node, of, phase, phase + 1), Part("=", _shaped_like(scene, step), phase + 2))
        return Formula(whole, pieces, "", C, tuple(_read_names(scene, step)), done, phase=phase), None, 2
    reads = tuple(_read_names(scene, step))
    tilde = cotangent_name(scene, node.name)
    partial = Partial(scene.names[node.name], scene.names[of])
    left: Expression = Partial(scene.names[scene.output], scene.names[of], C) if leaf else cotangent_name(scene, of)
    sign = "=" if leaf else "←"
    compact = _compact(scene, node, step, tilde)
    if compact is not None:
        rule, numbers = compact
        parts = [Part(sign, rule, phase)]
        if numbers is not None:
            parts.append(Part("=", numbers, phase + 1))
        parts.append(Part("=", _shaped_like(scene, step), phase + 2))
        return Formula(left, tuple(parts), "", C, reads, done, phase=phase), None, 2
    right = jacobian(scene, step.operands[1], node, of, heads=heads_of(scene, of) if leaf else ())
    if _is_bias(scene, node, of):
        right = Name("I", str(row.shape[1]), rank=2)
    bar: Expression = Matrix(row.array(), C, C)
    result = Matrix(step.value.array(), C, C, new=True)
    hand = None
    if by_hand:

        def meaning(at: tuple[int, int], value: float) -> Runs:
            return effect(scene, scene.names.entry(of, at[1]), scene.names.entry(scene.output, at[0]), value, C)

        bar, right, result, hand = work(scene, bar, right, result, meaning, C, phase + 2)
    if step.operands[0].shape[1] == 1 and row.shape[0] == 1:
        bar = Number(float(row.array()[0, 0]), C)
    parts = [
        Part(sign, Product((tilde, partial)), phase),
        Part("=", product(bar, right), phase + 1),
        Part("=", result, phase + 2),
    ]
    return Formula(left, tuple(parts), "", C, reads, done, phase=phase), hand, 2


def _is_bias(scene: Scene, node: Node, name: str) -> bool:
    """Whether ``name`` is added as it is, so that its Jacobian is the identity."""
    place = dict(zip(primitive_of(scene, node).arguments, node.arguments, strict=True))
    return node.op == "linear" and place.get("b") == name and scene.size(node.name) > 1


def _compact(scene: Scene, node: Node, step: Step, tilde: Name) -> tuple[Expression, Expression | None] | None:
    """The product as code does it, where the Jacobian is too large to be drawn: for a batch, or a wide layer.

    The rule, and the same with numbers (None where it has none); None where the Jacobian itself is shown.
    """
    rows, columns = step.operands[1].shape
    rule = rule_of(scene, node, step.target)
    batch = len(node.shape) == 2
    wide = columns > MOST_COLUMNS and rows > 1 and scene.detail != "full"
    if scene.rows > 1 or not (batch or wide or rows > MOST_COLUMNS):
        return None
    out_bar = step.operands[0].array().reshape(node.shape)
    bar = Matrix(as_matrix(out_bar), C, C)
    if node.op == "linear":
        return _linear_compact(scene, node, step, tilde, bar)
    if rule.slope is not None and math.prod(node.shape) == columns:
        place = dict(zip(primitive_of(scene, node).arguments, node.arguments, strict=True), out=node.name)
        read = [scene.value(v) if isinstance(v := place[name], str) else v for name in rule.jvp_reads]
        slope = np.broadcast_to(np.asarray(rule.slope(*read), float), node.shape)
        text = Raw(
            "⟦h⟧ ∘ φ′(⟦z⟧)", r"⟦h⟧ \circ \varphi'(⟦z⟧)", arguments=(("h", tilde), ("z", scene.names[step.target]))
        )
        put = Raw("⟦h⟧ ∘ ⟦z⟧", r"⟦h⟧ \circ ⟦z⟧", arguments=(("h", bar), ("z", Matrix(as_matrix(slope)))))
        return text, put
    rows_text = Raw("vjp(⟦h⟧)", r"\operatorname{vjp}(⟦h⟧)", arguments=(("h", tilde),))
    return rows_text, None


def _linear_compact(scene: Scene, node: Node, step: Step, tilde: Name, bar: Matrix) -> tuple[Expression, Expression]:
    """∂ℓ/∂W = G̃ᵀ X, ∂ℓ/∂X = G̃ W and the column sums for b; transposed in the row convention."""
    parts = dict(zip(primitive_of(scene, node).arguments, node.arguments, strict=True))
    row_convention = dict(node.settings).get("convention") == "row"
    batch = len(node.shape) == 2
    x, weight = str(parts["x"]), str(parts["W"])
    if step.target == parts.get("b"):
        if not batch:
            return tilde, bar
        sums = Raw("Σ ⟦h⟧", r"\sum_{\mathrm{rows}} ⟦h⟧", arguments=(("h", tilde),))
        return sums, Raw("Σ ⟦h⟧", r"\sum_{\mathrm{rows}} ⟦h⟧", arguments=(("h", bar),))
    inputs = Matrix(as_matrix(scene.value(x), row=True), Role.VALUE, Role.VALUE)
    if step.target == weight:
        if batch:
            rule: Expression = Product(
                (Transposed(scene.names[x]), tilde) if row_convention else (Transposed(tilde), scene.names[x])
            )
            turned, plain = (inputs, bar) if row_convention else (bar, inputs)
            return rule, Product((turned._replace(array=turned.array.T), plain))
        column = bar._replace(array=bar.array.reshape(-1, 1))
        x_column = inputs._replace(array=inputs.array.T)
        if row_convention:
            return Product((scene.names[x], tilde)), Product((x_column, bar._replace(array=bar.array.reshape(1, -1))))
        return Product((Transposed(tilde), Transposed(scene.names[x]))), Product((column, inputs))
    w = scene.matrix(weight)
    flat = bar if batch else bar._replace(array=bar.array.reshape(1, -1))
    if row_convention:
        return Product((tilde, Transposed(scene.names[weight]))), Product((flat, w._replace(array=w.array.T)))
    return Product((tilde, scene.names[weight])), Product((flat, w))


def _shaped_like(scene: Scene, step: Step) -> Matrix:
    shape = scene.shape(step.target)
    array = step.value.array()
    if len(shape) == 2:
        array = array.reshape(shape)
    return Matrix(array, C, C, new=True)


def _added(scene: Scene, step: Step, phase: int, done: bool) -> Formula:
    of = step.target
    leaf = of in scene.trace.leaves
    left: Expression = Partial(scene.names[scene.output], scene.names[of], C) if leaf else cotangent_name(scene, of)
    shape = scene.shape(of)
    as_shape = scene.rows == 1 and len(shape) == 2

    def matrix(array: Array, **look: object) -> Matrix:
        return Matrix(array.reshape(shape) if as_shape else array, C, C, **look)  # type: ignore[arg-type]

    terms = tuple(matrix(operand.array()) for operand in step.operands)
    parts = (Part("=" if leaf else "←", Sum(terms), phase), Part("=", matrix(step.value.array(), new=True), phase))
    return Formula(left, parts, "", C, (), done, phase=phase)
