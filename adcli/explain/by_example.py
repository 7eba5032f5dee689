"""A batch one example at a time: what each adds to a gradient, and the Jacobian that one of them has alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.blocks import Formula, Part, Text, Work
from adcli.explain.contributions import adding, contributions, letters, terms_are
from adcli.explain.deck import Block, Position, Slide
from adcli.explain.formulas import (
    MOST_COLUMNS,
    primitive_of,
    slope_of,
)
from adcli.explain.maths import (
    Listed,
    Matrix,
    Partial,
    Product,
    Raw,
    Relation,
    Role,
    Transposed,
)
from adcli.explain.pictures import cotangent_name, strip
from adcli.explain.progress import Late
from adcli.explain.scene import Scene
from adcli.explain.selection import Told
from adcli.trace import Node

MOST_LETTERS = 36  # of a row that is multiplied by its diagonal, in the column at the side
MOST_SLIDES = 3
C = Role.COTANGENT


def told_by_example(scene: Scene, told: Sequence[Told]) -> set[int]:
    """The steps back that get a slide on their examples; of many only the first of each kind."""
    sums = [place for place, one in enumerate(told) if adding(scene, one)]
    mixes = [place for place, one in enumerate(told) if _mixing(scene, one) is not None]
    if scene.detail == "full" or len(sums) + len(mixes) <= MOST_SLIDES:
        return {*sums, *mixes}
    return {*sums[:1], *mixes[:1]}


class Around(NamedTuple):
    """What the slide takes over from that of its step: the place, and what is done and hangs in the strip."""

    position: Position
    done: list[str]
    below: Mapping[str, Late]


def by_example(scene: Scene, told: Told, around: Around) -> Slide:
    """The slide after a step back: its sums over the examples written out, or the Jacobian of one example."""
    say, mixed, position = scene.say, _mixing(scene, told), around.position
    if mixed is None:
        stage, last_phase = contributions(scene, told, around.done)
        title, sentence = say("each.title", n=scene.examples()), terms_are(scene, told)
    else:
        stage, last_phase = _alone(scene, told.node, mixed)
        title, sentence = say("alone.title", i=1, f=told.node.op), say("alone.sentence", n=scene.examples())
    return Slide(
        id=f"examples-{position.step}",
        kind="backward.examples",
        head=say.text("head.reverse"),
        title=title,
        sentence=sentence,
        position=position._replace(text=say.text("position.back", n=position.step, of=position.steps)),
        strip=strip(scene, told.node.name, back=True, finished=True, done=around.done, below=around.below, role=C),
        stage=tuple(stage),
        note=say.text("each.note" if mixed is None else "alone.note"),
        last_phase=last_phase,
    )


# --- one example alone -----------------------------------------------------------------------------------------


def _mixing(scene: Scene, told: Told) -> Step | None:
    """The move of a cotangent back through a step that mixes the entries of a row, and says how."""
    node = told.node
    rules = [*primitive_of(scene, node).partials.values()]
    if len(node.shape) != 2 or scene.rows > 1 or len(rules) != 1 or rules[0].jacobian is None:
        return None
    if not 1 < node.shape[1] <= MOST_COLUMNS:
        return None
    return next((step for step in told.steps if step.kind == "cotangent.update"), None)


def _alone(scene: Scene, node: Node, step: Step) -> tuple[list[Block], int]:
    """``∂p/∂h = diag(p) − p pᵀ = […]`` for the first example, and its row times that; with the last phase."""
    (rule,) = primitive_of(scene, node).partials.values()
    assert rule.jacobian is not None
    text, latex = rule.jacobian
    say, of, size = scene.say, step.target, node.shape[1]
    out = Matrix(scene.value(node.name)[:1].T, Role.VALUE, Role.VALUE, shape=False)
    name = scene.names[node.name]._replace(rank=1)
    column, row = (Transposed(name), name) if scene.row_vectors else (name, Transposed(name))
    in_letters = Raw(text, latex, arguments=(("out", column), ("outᵀ", row)))
    numbers = Raw(text, latex, arguments=(("out", out), ("outᵀ", out._replace(array=out.array.T))))
    matrix = Matrix(step.operands[1].array()[:size, :size])
    partial = Partial(name, scene.names[of]._replace(rank=1))
    parts = (Part("=", in_letters), Part("=", numbers, 1), Part("=", matrix, 2))
    bar, made = (Matrix(a.array().reshape(node.shape)[:1], C, C) for a in (step.operands[0], step.value))
    tilde = cotangent_name(scene, node.name)._replace(rank=1)
    multiplied = (Part("=", Product((bar, matrix)), 3), Part("=", made._replace(new=True), 4))
    count = scene.examples()
    stage: list[Block] = [
        Formula(partial, parts),
        Formula(Product((tilde, partial)), multiplied, role=C, phase=3),
        Text(say("alone.row", i=1), phase=4),
    ]
    remark = f"back.alone.{node.op}"
    if remark in say.table:
        stage.insert(1, Text(say(remark), phase=1))
    if count > 1:
        stage.append(Text(say("alone.blocks", n=count, all=count * size, k=size), phase=4))
    return stage, 4


def row_by_diagonal(scene: Scene, told: Told, phase: int) -> Work | None:
    """``[8 6] diag(1, 0) = [8 0]``: what an entrywise step does to the row of one example, where that is short."""
    node, step = told.node, told.steps[0]
    rules = [*primitive_of(scene, node).partials.values()]
    if len(node.shape) != 2 or scene.rows > 1 or scene.detail == "low" or len(rules) != 1 or rules[0].slope is None:
        return None
    if node.shape[1] == 1 or step.kind != "cotangent.update":
        return None
    slope = slope_of(scene, node, rules[0])
    example = next((i for i, row in enumerate(slope) if len({*row}) > 1), 0)
    before, after = (
        Matrix(a.array().reshape(node.shape)[example : example + 1], C, C, shape=False)
        for a in (step.operands[0], step.value)
    )
    diagonal = Listed(slope[example], word="diag")
    head = scene.say.text("diagonal.head", n=example + 1)
    if letters(scene, before) + letters(scene, diagonal) + letters(scene, after) <= MOST_LETTERS:
        line = Relation(Product((before, diagonal)), "=", after)
        return Work(head, line, scene.say("diagonal.meaning"), phase, C)
    if letters(scene, diagonal) <= MOST_LETTERS:
        return Work(head, diagonal, scene.say("diagonal.alone"), phase, C)
    return None
