"""The story of a program of numbers in reverse mode, as micrograd tells it: a node at a time, data and grad."""

from __future__ import annotations

import math

import numpy as np

from adcli.derivation import Step
from adcli.explain import opening as shared
from adcli.explain.blocks import Code, Column, Formula, Line, Part, Row, Slot, Storage, Table, Text, Words
from adcli.explain.deck import Block, Position, Slide
from adcli.explain.formulas import primitive_of, what_is_read
from adcli.explain.kinks import kink_told
from adcli.explain.maths import Dots, Expression, Label, Number, Partial, Product, Role, Sum
from adcli.explain.program_graph import Gift, Turn, program_graph
from adcli.explain.progress import DONE, NOW, PLAIN, Progress, State
from adcli.explain.scene import Scene
from adcli.explain.selection import shortened_rows, told_in_full
from adcli.explain.slopes import slope_parts
from adcli.explain.storage import left_out, shortened
from adcli.trace import Node

C = Role.COTANGENT
MOST_TERMS = 6  # of a sum so far that is written out
MOST_LEAVES = 4  # beside the nodes in the row of the order
MOST_LISTED = 16  # nodes of the order that are written out


def opening(scene: Scene) -> list[Slide]:
    """The code beside its graph, with the values running in, and the chain rule."""
    say = scene.say
    graph = program_graph(scene, {}, None, set(), runs_in=True)
    return [
        Slide(
            id="program",
            kind="program",
            head=say.text("head.program"),
            title=say("program.title"),
            sentence=say("program.sentence", n=len(scene.trace.nodes)),
            stage=(graph,) if graph else (_values(scene),),
            side=(_code(scene, None, set()),),
            note=say.text("program.note"),
            last_phase=len(scene.trace.nodes),
        ),
        *(slide._replace(side=(_code(scene, None, set()),)) for slide in shared.chain(scene)),
    ]


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """The order, then a slide for each node of a short program; of a long one a table of those in between."""
    there = tuple(step for step in steps if step.kind in ("forward", "store", "cotangent.init"))
    turns = _turns(scene, steps)
    found = [_order(scene, turns, there)]
    grads: dict[str, list[float]] = {scene.output: [1.0]}
    done: set[str] = set()
    full = told_in_full(len(turns), scene.detail)
    skipped: list[tuple[int, Turn]] = []
    for index, turn in enumerate(turns):
        if index in full and skipped:
            found.append(_summary(scene, skipped, grads, len(turns)))
            skipped = []
        before = {name: list(parts) for name, parts in grads.items()}
        for gift in turn.gifts:
            grads.setdefault(gift.to, []).append(gift.amount)
        if index in full:
            found.append(_slide(scene, turn, index, len(turns), before, grads, done))
        else:
            skipped.append((index, turn))
        done.add(turn.node.name)
    return found


def _turns(scene: Scene, steps: list[Step]) -> list[Turn]:
    nodes = {node.name: node for node in scene.trace.nodes}
    turns: list[Turn] = []
    for step in steps:
        if step.kind not in ("cotangent.update", "gradient", "accumulate"):
            continue
        if step.kind == "accumulate":
            turns[-1].steps.append(step)
            continue
        of = step.pulled_through
        if not turns or turns[-1].node.name != of:
            turns.append(Turn(nodes[of], [], []))
        local, amount = (float(o.array().reshape(())) for o in (step.operands[-1], step.value))
        turns[-1].gifts.append(Gift(step.target, local, amount))
        turns[-1].steps.append(step)
    return turns


def _order(scene: Scene, turns: list[Turn], steps: tuple[Step, ...]) -> Slide:
    say = scene.say
    graph = program_graph(scene, {scene.output: [1.0]}, None, set(), before={}, added_in=1)
    order: list[Expression] = [scene.names[turn.node.name] for turn in turns]
    if len(order) > MOST_LISTED:
        order = [*order[: MOST_LISTED - 2], Dots(), order[-1]]
    stage: list[Block] = [graph] if graph else [_values(scene)]
    one = Formula(Label(f"{scene.output}.grad"), (Part("=", Number(1, C), 1),), role=C, phase=1)
    return Slide(
        id="order",
        kind="program.order",
        head=say.text("head.program"),
        title=say("order.title"),
        sentence=say("order.sentence"),
        stage=(*stage, Text(say("order.list", names=say.listed(order))), one),
        side=(_code(scene, None, set()),),
        storage=_slots(scene, turns, None, set()) if scene.tracked else None,
        note=say.text("order.note"),
        last_phase=1,
        steps=steps,
    )


def _slide(
    scene: Scene,
    turn: Turn,
    index: int,
    count: int,
    before: dict[str, list[float]],
    grads: dict[str, list[float]],
    done: set[str],
) -> Slide:
    say, node = scene.say, turn.node
    names = scene.names
    receivers: list[Expression] = list(dict.fromkeys(names[gift.to] for gift in turn.gifts))
    graph = program_graph(scene, grads, turn, done, before=before)
    stage: list[Block] = [graph] if graph else []
    stage += [_local(scene, node, to) for to in dict.fromkeys(gift.to for gift in turn.gifts)]
    so_far = {name: list(parts) for name, parts in before.items()}
    for gift in turn.gifts:
        stage.append(_receives(gift, sum(before.get(node.name, [0.0])), so_far.get(gift.to, [])))
        so_far.setdefault(gift.to, []).append(gift.amount)
    stage += kink_told(scene, node, 1)
    line = node.name.split(".")[0]
    handled = {name.split(".")[0] for name in done}
    return Slide(
        id=f"node-{node.name}",
        kind="program.node",
        head=say.text("head.program"),
        title=say("node.title", c=names[node.name], to=say.listed(receivers)),
        sentence=say("node.sentence"),
        position=Position(say.text("position.node", n=index + 1, of=count), index + 1, count),
        stage=tuple(stage),
        side=(_code(scene, line, handled),),
        storage=_slots(scene, _turns_of(scene, done, turn), turn, done) if scene.tracked else None,
        note=_note(scene, turn, before),
        last_phase=2,
        steps=tuple(turn.steps),
    )


def _note(scene: Scene, turn: Turn, before: dict[str, list[float]]) -> str:
    """A question about adding where something is added, else about the local derivative."""
    to = [gift.to for gift in turn.gifts]
    key = "node.adds.note" if len(set(to)) < len(to) or any(before.get(name) for name in to) else "node.note"
    return scene.say.text(key, c=scene.names[turn.node.name], a=scene.names[to[0]])


def _local(scene: Scene, node: Node, to: str) -> Formula:
    """∂c/∂a = 2 c = 2·5 = 10: the local derivative."""
    left = Partial(scene.names[node.name], scene.names[to])
    total = 0.0
    primitive = primitive_of(scene, node)
    for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
        if operand == to:
            partial = primitive.partials[argument]
            total += float(partial.jvp(np.ones(()), *what_is_read(scene, node, partial.jvp_reads)))
    is_stated = node.arguments.count(to) == 1 and not math.isnan(total)  # a formula doesn't know where it has no value
    parts = slope_parts(scene, node, to, 0, 0) if is_stated else []
    return Formula(left, (*parts, Part("=", Number(total))), role=Role.VALUE)


def _receives(gift: Gift, grad: float, so_far: list[float]) -> Formula:
    """a.grad += 1·10 → 0 + 10 = 10: every contribution stays to be seen."""
    product = Product((Number(gift.local), Number(grad, C)), dot=True)
    terms: tuple[Expression, ...] = tuple(Number(value, C) for value in (so_far or [0.0]))
    if len(terms) > MOST_TERMS:
        terms = (*terms[:2], Dots(), terms[-1])
    total = sum(so_far) + gift.amount
    parts = (
        Part("+=", product, 1),
        Part("→", Sum((*terms, Number(gift.amount, C))), 2),
        Part("=", Number(total, C), 2),
    )
    return Formula(Label(f"{gift.to}.grad"), parts, role=C, phase=1)


def _turns_of(scene: Scene, done: set[str], now: Turn) -> list[Turn]:
    """The order as the storage row shows it: nodes in the order of the way back."""
    flowing = reversed(scene.flowing)
    return [now if node.name == now.node.name else Turn(node, [], []) for node in flowing]


def _slots(scene: Scene, turns: list[Turn], now: Turn | None, done: set[str]) -> Storage:
    slots = []
    for turn in turns:
        name = turn.node.name
        is_now = now is not None and name == now.node.name
        state = State.DONE if name in done else State.NOW if is_now else State.TO_COME
        slots.append(Slot(scene.names[name], None, "", Progress(state)))
    leaves = [name for name in scene.wrt if name in scene.trace.leaves]
    own = [Slot(scene.names[name], None, "", Progress(State.TO_COME), Role.PARAMETER) for name in leaves[:MOST_LEAVES]]
    if len(leaves) > MOST_LEAVES:
        own.append(left_out(len(leaves) - MOST_LEAVES))
    at = [turn.node.name for turn in turns].index(now.node.name) if now is not None else 0
    return Storage(scene.say.text("order.label"), (*shortened(slots, at), *own), None, ())


def _code(scene: Scene, now: str | None, done: set[str]) -> Code:
    """The program, with the line that is undone now."""
    lines = []
    for text in scene.request.lines or ():
        if "=" not in text:
            text = f"{scene.output} = {text}"
        name = text.split("=", 1)[0].strip()
        progress = NOW if name == now else DONE if name in done else PLAIN
        lines.append(Line(text, progress, scene.say.text("code.undo") if name == now else ""))
    if len(lines) > 14:
        at = next((i for i, line in enumerate(lines) if line.progress is NOW), 0)
        begin = max(0, min(at - 6, len(lines) - 13))
        lines = [*lines[begin : begin + 13], Line("…")]
    return Code(tuple(lines))


def _values(scene: Scene) -> Table:
    say = scene.say
    columns = tuple(
        Column((Words(say.text(f"table.{key}")),), key == "value") for key in ("name", "primitive", "value")
    )
    rows = [
        Row(((scene.names[n.name],), (Words(n.op),), (Number(float(scene.value(n.name)), Role.VALUE),)))
        for n in scene.trace.nodes
    ]
    return Table(columns, shortened_rows(rows))


def _summary(scene: Scene, skipped: list[tuple[int, Turn]], grads: dict[str, list[float]], count: int) -> Slide:
    say = scene.say
    columns = tuple(Column((Words(say.text(f"table.{key}")),)) for key in ("name", "primitive", "hands"))
    rows = []
    for _, turn in skipped:
        gifts: list[Words | Expression] = []
        for gift in turn.gifts:
            gifts += [scene.names[gift.to], Words(" += "), Number(gift.amount, C), Words("  ")]
        rows.append(Row(((scene.names[turn.node.name],), (Words(turn.node.op),), tuple(gifts))))
    first, last = skipped[0][0] + 1, skipped[-1][0] + 1
    return Slide(
        id=f"nodes-{first}-{last}",
        kind="program.summary",
        head=say.text("head.program"),
        title=say("summary.title", first=first, last=last),
        sentence=say("node.sentence"),
        position=Position(say.text("position.node", n=last, of=count), last, count),
        stage=(Table(columns, shortened_rows(rows)),),
        note=say.text("node.summary.note"),
        steps=tuple(step for _, turn in skipped for step in turn.steps),
    )
