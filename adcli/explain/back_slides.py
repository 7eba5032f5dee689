"""The slides of the way back: a step through a node, and values that are computed again for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adcli.derivation import Step
from adcli.explain.back_words import headline, speakers_note
from adcli.explain.backward import gradient_lines, start_formula
from adcli.explain.blocks import Group, Text, Work
from adcli.explain.by_example import row_by_diagonal
from adcli.explain.chain_rule import tracker
from adcli.explain.deck import Block, Slide
from adcli.explain.formulas import value_formula
from adcli.explain.kinks import kink_told
from adcli.explain.maths import Expression, Matrix, Role
from adcli.explain.pictures import box_label, cotangent_name, strip
from adcli.explain.progress import NOW, Late, State
from adcli.explain.scene import Scene
from adcli.explain.selection import Told
from adcli.explain.storage import PULLS, Ledger, way_back
from adcli.explain.stretches import Stretch, factors

C = Role.COTANGENT


class Moment(NamedTuple):
    """A stretch of the way back, which is a slide, and what stands around it.

    Attributes:
        before: the states of the storage before its steps.
        done: the names whose gradient is complete after it; ``finished`` those that it completes.
        hung: the cotangents of the slides before, where they are short.
        following: the steps of the next one.
        is_read: whether a later step reads any of what this one computes again.
    """

    stretch: Stretch
    before: Mapping[str, State]
    done: list[str]
    finished: list[str]
    hung: dict[str, Expression]
    following: list[Step]
    is_read: bool


def hung(scene: Scene, told: Told) -> dict[str, Expression]:
    """The cotangents that the strip shows under their values, where they are short."""
    found: dict[str, Expression] = {}
    for step in told.steps:
        is_parameter = step.target in scene.trace.leaves and step.target not in scene.trace.inputs
        if is_parameter or step.kind not in (*PULLS, "accumulate"):
            continue
        if step.value.shape[0] == 1 and step.value.shape[1] <= 3:
            found[step.target] = Matrix(step.value.array(), C, C, shape=False)
    return found


def _below(scene: Scene, moment: Moment, made: Mapping[str, int]) -> dict[str, Late]:
    """What hangs under the values on this slide, and since when."""
    hanging = {name: Late(expression) for name, expression in moment.hung.items()}
    for name, expression in hung(scene, moment.stretch.told).items():
        hanging[name] = Late(expression, made.get(name, 0), moment.hung.get(name))
    return hanging


def step_back(scene: Scene, moment: Moment, ledger: Ledger) -> Slide:
    stretch, finished = moment.stretch, moment.finished
    told = stretch.told
    say, node = scene.say, told.node
    is_start = told.steps[0].kind == "cotangent.init"
    stage: list[Block] = []
    hand: Work | None = None
    if is_start:
        stage, phases = start_formula(scene, told.node, told.steps)
        made = {told.steps[0].target: phases}
    else:
        formulas, hand, made, phases, remarks = gradient_lines(scene, node, told.steps, finished)
        stage.append(Group(box_label(scene, node), tuple(formulas), NOW, C))
        stage += remarks
    stage += kink_told(scene, node, phases) if told.steps[0].operands else []
    side: list[Block] = []
    row = None
    if scene.tracked:
        ledger.pulled = node.name if told.steps[0].operands else None
        earlier, later = factors(scene, stretch.before), factors(scene, stretch.after)
        side.append(tracker(scene, ledger.pulled, back=True, last_phase=phases, earlier=earlier, later=later))
        row = way_back(scene, stretch, ledger, moment.before, moment.following, phases, made)
    hand = hand or (None if is_start else row_by_diagonal(scene, told, phases))
    side += [hand] if hand else []
    serves_all = scene.is_chain and len(scene.wrt) > 2 and bool(moment.following)
    if not hand and scene.tracked and serves_all and not is_start:
        serves = say("back.shared", h=cotangent_name(scene, node.name))
        side.append(Text(serves, head=say.text("back.shared.head"), role=C, phase=phases, spare=True))
    title, sentence = headline(scene, stretch, finished, is_start)
    return Slide(
        id=f"backward-{stretch.position.step}{stretch.suffix}",
        kind="backward.start" if is_start else "backward.step",
        head=say.text("head.reverse"),
        title=title,
        sentence=sentence,
        position=stretch.position,
        strip=strip(
            scene,
            node.name if told.steps[0].operands else None,
            back=True,
            finished=True,
            done=moment.done,
            below=_below(scene, moment, made),
            made=made,
            role=C,
        ),
        stage=tuple(stage),
        side=tuple(side),
        storage=row,
        note=speakers_note(scene, told, ledger, is_start),
        last_phase=phases,
        steps=tuple(told.steps),
    )


def computed_again(scene: Scene, moment: Moment, ledger: Ledger) -> Slide:
    """Values that were not kept are computed again, from the checkpoint before them."""
    say, names, told = scene.say, scene.names, moment.stretch.told
    nodes = {node.name: node for node in scene.trace.nodes}
    targets = [step.target for step in told.steps if step.kind == "recompute"]
    shown = targets if len(targets) <= 4 else [*targets[:2], *targets[-2:]]
    stage: list[Block] = [value_formula(scene, nodes[name], first=0, phase=1) for name in shown]
    if len(shown) < len(targets):
        stage.append(Text(say("again.more", n=len(targets) - len(shown))))
    sources = [name for name in told.node.operands if name not in scene.trace.parameters]
    row = None
    if scene.tracked:
        row = way_back(scene, moment.stretch, ledger, moment.before, moment.following, 1, {})
    missing: list[Expression] = [names[name] for name in (shown if len(targets) <= 3 else shown[:1])]
    key = "again.title" if len(targets) <= 3 else "again.many.title"
    total = len(scene.trace.nodes)
    return Slide(
        id=f"again-{moment.stretch.position.step}",
        kind="backward.recompute",
        head=say.text("head.reverse"),
        title=say(key, h=say.listed(missing), source=say.listed([names[n] for n in sources]), n=len(targets)),
        sentence=say(
            "again.sentence" if moment.is_read else "again.unread.sentence",
            e=ledger.evaluations,
            n=total,
            r=f"{ledger.evaluations / total:.4g}",
        ),
        position=moment.stretch.position,
        strip=strip(
            scene,
            told.node.name,
            finished=True,
            done=moment.done,
            below=_below(scene, moment, {}),
            made=dict.fromkeys(targets, 1),
            role=Role.VALUE,
        ),
        stage=tuple(stage),
        side=(tracker(scene, ledger.pulled, back=True, settled=True),) if scene.tracked else (),
        storage=row,
        note=say.text("again.note"),
        last_phase=1,
        steps=tuple(told.steps),
    )
