"""The story of reverse mode: a forward pass that fills the storage, then a slide for each step back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.backward import gradient_formulas, start_formula
from adcli.explain.blocks import (
    NOW,
    Block,
    Column,
    Group,
    Position,
    Row,
    Runs,
    Slide,
    State,
    Table,
    Text,
    Words,
    Work,
)
from adcli.explain.formulas import how_it_acts, value_formula
from adcli.explain.forward_pass import forward_pass
from adcli.explain.maths import Expression, Matrix, Number, Partial, Role
from adcli.explain.pictures import box_label, cotangent_name, strip, tracker
from adcli.explain.scene import Scene, largest
from adcli.explain.selection import shortened_rows, told_in_full
from adcli.explain.settled import settled
from adcli.explain.storage import PULLS, Ledger, products, way_back
from adcli.trace import Node

C = Role.COTANGENT


class Told(NamedTuple):
    """The pulls through one node, and the storage before them: who is still held."""

    node: Node
    steps: list[Step]


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """The forward pass, and the way back."""
    begin = next((i for i, step in enumerate(steps) if step.kind in (*PULLS, "recompute")), len(steps))
    ledger = Ledger(scene, steps)
    there = forward_pass(scene, steps[:begin], ledger)
    return [*there, *_way_back(scene, _by_node(scene, steps[begin:]), ledger)]


def _by_node(scene: Scene, steps: list[Step]) -> list[Told]:
    nodes = {node.name: node for node in scene.trace.nodes}
    told: list[Told] = []
    for step in steps:
        if step.kind in ("accumulate", "release") and told:
            told[-1].steps.append(step)
            continue
        if step.kind == "recompute":
            if not told or told[-1].steps[-1].kind != "recompute":
                told.append(Told(nodes[step.target], []))
            told[-1].steps.append(step)
            continue
        of = step.pulled_through
        last = told[-1].steps[-1] if told else None
        if last is None or told[-1].node.name != of or not last.operands or last.kind == "recompute":
            told.append(Told(nodes[of], []))
        told[-1].steps.append(step)
    return told


def _way_back(scene: Scene, told: list[Told], ledger: Ledger) -> list[Slide]:
    found: list[Slide] = []
    full = told_in_full(len(told), scene.detail)
    skipped: list[tuple[int, Told]] = []
    last_use = _last_use(scene, told)
    done: list[str] = []
    below: dict[str, Expression] = {}
    for index, one in enumerate(told):
        if index in full and skipped:
            found.append(_summary(scene, skipped, len(told)))
            skipped = []
        finished = [name for name, last in last_use.items() if last == index]
        done += finished
        _hang(scene, one, below)
        if index in full:
            following = told[index + 1] if index + 1 < len(told) else None
            before = ledger.take(one.steps)
            told_here = _again if one.steps[0].kind == "recompute" else _slide
            slide = told_here(scene, one, index, len(told), ledger, before, done, below, finished, following)
            if index - 1 in full and told_here is _slide:
                earlier = told[index - 1]
                ended = [name for name, last in last_use.items() if last == index - 1]
                above = settled(scene, earlier.node, earlier.steps, ended, slide)
                slide = slide._replace(stage=(*above, *slide.stage))
            found.append(slide)
        else:
            ledger.take(one.steps)
            skipped.append((index, one))
    return found


def _last_use(scene: Scene, told: list[Told]) -> dict[str, int]:
    """For each name asked for, the place of the node whose pull finishes its gradient."""
    last: dict[str, int] = {}
    for index, one in enumerate(told):
        for step in one.steps:
            if step.target in scene.wrt:
                last[step.target] = index
    return last


def _hang(scene: Scene, told: Told, below: dict[str, Expression]) -> None:
    """The cotangents that the strip shows under their values, where they are short."""
    for step in told.steps:
        is_parameter = step.target in scene.trace.leaves and step.target not in scene.trace.inputs
        if is_parameter or step.kind not in (*PULLS, "accumulate"):
            continue
        if step.value.shape[0] == 1 and step.value.shape[1] <= 3:
            below[step.target] = Matrix(step.value.array(), C, C, shape=False)


def _slide(
    scene: Scene,
    told: Told,
    index: int,
    count: int,
    ledger: Ledger,
    before: Mapping[str, State],
    done: list[str],
    below: dict[str, Expression],
    finished: list[str],
    following: Told | None,
) -> Slide:
    say, node = scene.say, told.node
    is_start = told.steps[0].kind == "cotangent.init"
    stage: list[Block] = []
    hand: Work | None = None
    if is_start:
        stage, phases = start_formula(scene, told.node, told.steps)
    else:
        formulas, hand, phases, warnings = gradient_formulas(scene, node, told.steps, finished)
        stage.append(Group(box_label(scene, node), tuple(formulas), NOW, C))
        stage += warnings
    side: list[Block] = []
    row = None
    if scene.tracked:
        ledger.pulled = node.name if told.steps[0].operands else None
        side.append(tracker(scene, ledger.pulled, back=True, last_phase=phases))
        row = way_back(scene, node.name, told.steps, ledger, before, following.steps if following else [], phases)
    side += [hand] if hand else []
    serves_all = scene.is_chain and len(scene.wrt) > 2 and following is not None
    if not hand and scene.tracked and serves_all and not is_start:
        serves = say("back.shared", h=cotangent_name(scene, node.name))
        side.append(Text(serves, head=say.text("back.shared.head"), role=C, phase=phases))
    title, sentence = _title(scene, told, finished, is_start)
    return Slide(
        id=f"backward-{index + 1}",
        kind="backward.start" if is_start else "backward.step",
        head=say.text("head.reverse"),
        title=title,
        sentence=sentence,
        position=Position(say.text("position.back", n=index + 1, of=count), index + 1, count),
        strip=strip(scene, node.name, back=True, done=done, below=below, role=C),
        stage=tuple(stage),
        side=tuple(side),
        storage=row,
        note=_note(scene, told, ledger, is_start),
        last_phase=phases,
        steps=tuple(told.steps),
    )


def _again(
    scene: Scene,
    told: Told,
    index: int,
    count: int,
    ledger: Ledger,
    before: Mapping[str, State],
    done: list[str],
    below: dict[str, Expression],
    finished: list[str],
    following: Told | None,
) -> Slide:
    """Values that were not kept are computed again, from the checkpoint before them."""
    say, names = scene.say, scene.names
    nodes = {node.name: node for node in scene.trace.nodes}
    targets = [step.target for step in told.steps if step.kind == "recompute"]
    shown = targets if len(targets) <= 4 else [*targets[:2], *targets[-2:]]
    stage: list[Block] = [value_formula(scene, nodes[name], first=0, phase=1) for name in shown]
    if len(shown) < len(targets):
        stage.append(Text(say("again.more", n=len(targets) - len(shown))))
    sources = [name for name in told.node.operands if name not in scene.trace.parameters]
    row = None
    if scene.tracked:
        row = way_back(scene, told.node.name, told.steps, ledger, before, following.steps if following else [], 1)
    missing: list[Expression] = [names[name] for name in (shown if len(targets) <= 3 else shown[:1])]
    key = "again.title" if len(targets) <= 3 else "again.many.title"
    total = len(scene.trace.nodes)
    return Slide(
        id=f"again-{index + 1}",
        kind="backward.recompute",
        head=say.text("head.reverse"),
        title=say(key, h=say.listed(missing), source=say.listed([names[n] for n in sources]), n=len(targets)),
        sentence=say("again.sentence", e=ledger.evaluations, n=total, r=f"{ledger.evaluations / total:.4g}"),
        position=Position(say.text("position.back", n=index + 1, of=count), index + 1, count),
        strip=strip(scene, told.node.name, finished=True, done=done, below=below, role=Role.VALUE),
        stage=tuple(stage),
        side=(tracker(scene, ledger.pulled, back=True, settled=True),) if scene.tracked else (),
        storage=row,
        note=say.text("again.note"),
        last_phase=1,
        steps=tuple(told.steps),
    )


def _title(scene: Scene, told: Told, finished: list[str], is_start: bool) -> tuple[Runs, Runs]:
    say = scene.say
    if is_start:
        return _start_title(scene, told)
    loss = scene.names[scene.output]
    partials: list[Expression] = [Partial(loss, scene.names[name], C) for name in finished]
    moved = list(dict.fromkeys(s.target for s in told.steps if s.kind == "cotangent.update"))
    shared = [s.target for s in told.steps if s.kind == "accumulate" and s.target in scene.wrt]
    targets = say.listed([scene.names[name] for name in moved])
    h = cotangent_name(scene, told.node.name)
    if shared and finished:
        uses = sum(node.operands.count(shared[0]) for node in scene.flowing)
        return say("back.shared.title", W=scene.names[shared[0]], n=uses), say("back.shared.sentence")
    if scene.is_batch and partials:
        key = "back.both.title" if moved else "back.done.title"
        return say(key, done=say.listed(partials), h=h, to=targets), say("back.batch.sentence", n=scene.examples())
    if partials and moved:
        both = say("back.both.sentence" if scene.rows == 1 else "back.both.rows")
        if len(partials) > 3:
            return say("back.many.title", n=len(partials), h=h, to=targets), both
        return say("back.both.title", done=say.listed(partials), h=h, to=targets), both
    if partials:
        return say("back.done.title", done=say.listed(partials)), say("back.done.sentence")
    if not moved:
        shares: list[Expression] = [Partial(loss, scene.names[s.target], C) for s in told.steps if s.kind == "gradient"]
        return say("back.share.title", h=h, to=say.listed(list(dict.fromkeys(shares)))), _move_sentence(scene, told)
    return say("back.move.title", h=h, to=targets), _move_sentence(scene, told)


def _move_sentence(scene: Scene, told: Told) -> Runs:
    acts = how_it_acts(scene, told.node)
    if acts:
        return acts
    added = list(dict.fromkeys(step.target for step in told.steps if step.kind == "accumulate"))
    if any(name not in scene.trace.leaves for name in added):
        return scene.say("back.meet.sentence")
    if added:
        return scene.say("back.add.sentence", W=scene.say.listed([scene.names[name] for name in added]))
    if any(step.kind == "gradient" for step in told.steps):
        return scene.say("back.partly.sentence")
    return scene.say("back.move.sentence")


def _start_title(scene: Scene, told: Told) -> tuple[Runs, Runs]:
    say, step = scene.say, told.steps[0]
    name = cotangent_name(scene, step.target)
    partial = Partial(scene.names[scene.output], scene.names[step.target], C)
    if not step.operands:
        key = "back.identity" if scene.rows > 1 else "back.one"
        return say(f"{key}.title", h=name), say(f"{key}.sentence", n=scene.rows)
    if not scene.has_loss:
        return say("back.start.title", h=name, d=partial), say("back.start.plain.sentence")
    if step.value.shape == (1, 1):
        value = Number(float(step.value.array()[0, 0]), C)
        return say("back.start.value.title", h=name, d=partial, v=value), say("back.start.sentence")
    return say("back.start.title", h=name, d=partial), say("back.start.row.sentence")


def _note(scene: Scene, told: Told, ledger: Ledger, is_start: bool) -> str:
    say = scene.say
    released = [n for s in told.steps for n in s.releases if n not in ledger.never]
    if is_start:
        return say.text("back.start.note")
    if released:
        return say.text("back.released.note", names=", ".join(released))
    return say.text("back.step.note" if any(one is State.HELD for one in ledger.states.values()) else "back.last.note")


def _summary(scene: Scene, skipped: list[tuple[int, Told]], count: int) -> Slide:
    """Steps back that are alike, a row each."""
    say = scene.say
    keys = (("name", False), ("done", False), ("norm", True), ("cost", True))
    columns = tuple(Column((Words(say.text(f"table.{key}")),), right) for key, right in keys)
    loss = scene.names[scene.output]
    rows = []
    for _, told in skipped:
        done = [s.target for s in told.steps if s.target in scene.wrt]
        moved = [s for s in told.steps if s.kind == "cotangent.update"]
        size = abs(largest(moved[-1].value.array())) if moved else 0.0
        cost = sum(step.multiplications for step in products(scene, told.steps))
        finished = say.listed([Partial(loss, scene.names[name], C) for name in done])
        again = [scene.names[s.target] for s in told.steps if s.kind == "recompute"]
        if again:
            finished = say("again.row", names=say.listed([*again[:1], *again[1:][-1:]]))
        rows.append(
            Row(
                (
                    (scene.names[told.node.name], Words(f" {told.node.op}", muted=True)),
                    finished,
                    () if again else (Number(size),),
                    (Words(f"{cost:,}"),),
                )
            )
        )
    first, last = skipped[0][0] + 1, skipped[-1][0] + 1
    return Slide(
        id=f"backward-{first}-{last}",
        kind="backward.summary",
        head=say.text("head.reverse"),
        title=say("summary.title", first=first, last=last),
        sentence=say("back.summary.sentence"),
        position=Position(say.text("position.back", n=last, of=count), last, count),
        strip=strip(scene, skipped[-1][1].node.name, back=True, role=C),
        stage=(Table(columns, shortened_rows(rows)),),
        note=say.text("summary.note"),
        steps=tuple(step for _, told in skipped for step in told.steps),
    )
