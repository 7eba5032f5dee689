"""The forward pass of reverse mode: the storage fills, some primitives a slide."""

from __future__ import annotations

from collections.abc import Mapping

from adcli.derivation import Step
from adcli.explain.blocks import Meter, Runs, Storage, Text
from adcli.explain.chain_rule import tracker
from adcli.explain.deck import Position, Slide
from adcli.explain.examples import value_formulas
from adcli.explain.maths import Role
from adcli.explain.pictures import becomes, strip
from adcli.explain.portions import rows
from adcli.explain.progress import TO_COME, Progress, State
from adcli.explain.scene import Scene
from adcli.explain.storage import Ledger, shortened, slot

MOST_ON_A_SLIDE, MOST_UNCUT = 6, 12  # nodes; of a trace that has more the middle is left out
HIGHEST, BETWEEN = 14, 1  # lines that a slide has room for, and of air between two nodes


def forward_pass(scene: Scene, steps: list[Step], ledger: Ledger) -> list[Slide]:
    """Some primitives a slide; of a long trace the first and the last."""
    ledger.take(steps)
    place = {node.name: index for index, node in enumerate(scene.trace.nodes)}
    gone = _let_go_with(steps, place)
    told: list[Slide] = []
    begin = 0
    for group in _groups(scene):
        own = [step for step in steps if begin <= place[step.target] <= group[-1]]
        slide = _fill(scene, group, own, ledger, gone)
        left_out = [Text(scene.say("pass.more", n=f"{group[0] - begin:,}"))] if group[0] > begin else []
        told.append(slide._replace(stage=(*left_out, *slide.stage)))
        begin = group[-1] + 1
    return told


def _groups(scene: Scene) -> list[list[int]]:
    """The nodes of each slide, by their places."""
    every = list(range(len(scene.trace.nodes)))
    if len(every) > MOST_UNCUT and scene.detail != "full":
        return [_fitting(scene, every), _fitting(scene, every[::-1])[::-1]]
    groups: list[list[int]] = []
    while every:
        groups.append(_fitting(scene, every))
        every = every[len(groups[-1]) :]
    return groups


def _fitting(scene: Scene, places: list[int]) -> list[int]:
    """As many of the nodes at ``places``, in this order, as a slide has room for: at least one."""
    fitting: list[int] = []
    used = 0.0
    for place in places[:MOST_ON_A_SLIDE]:
        formulas = value_formulas(scene, scene.trace.nodes[place])
        used += sum(rows(formula, scene.numbers) for formula in formulas) + BETWEEN
        if fitting and used > HIGHEST + BETWEEN:
            break
        fitting.append(place)
    return fitting


def _let_go_with(steps: list[Step], place: Mapping[str, int]) -> dict[str, int]:
    """The place of the step that is the last one to read a value that is not kept."""
    found: dict[str, int] = {}
    reader = 0
    for step in steps:
        reader = place[step.target] if step.kind == "forward" else reader
        found.update(dict.fromkeys(step.releases, reader))
    return found


def _progress(group: list[int], place: int, state: State, gone: int) -> Progress:
    """How far the value at ``place`` is, which ends in ``state``; one that is not kept is ``gone`` at a later one."""
    phases = {at: phase for phase, at in enumerate(group, 1)}
    if place > group[-1]:
        return TO_COME
    if gone > group[-1]:
        return becomes(State.IN_HAND, phases.get(place, 0), State.TO_COME)
    return becomes(state, phases.get(gone, 0), State.TO_COME if place in phases else State.IN_HAND)


def _fill(scene: Scene, group: list[int], steps: list[Step], ledger: Ledger, gone: Mapping[str, int]) -> Slide:
    say, nodes = scene.say, scene.trace.nodes
    formulas = [f for number, i in enumerate(group, 1) for f in value_formulas(scene, nodes[i], "", number, number)]
    now = nodes[group[-1]].name
    slots = [
        slot(scene, node.name, _progress(group, i, ledger.states[node.name], gone.get(node.name, i)))
        for i, node in enumerate(nodes)
    ]
    row = Storage(say.text("storage.stored"), shortened(slots, group[-1]), _meter(scene, group, ledger))
    made = {nodes[i].name: phase for phase, i in enumerate(group, 1)}
    key = "pass" if scene.request.schedule is None else "pass.checkpoint"
    sentence = _pass_sentence(scene, ledger) if scene.request.schedule is None else say(f"{key}.sentence")
    return Slide(
        id=f"forward-pass-{group[0] + 1}",
        kind="forward.pass",
        head=say.text("head.reverse"),
        title=say(f"{key}.title"),
        sentence=sentence,
        position=Position(
            say.text("position.pass", n=len(group), first=group[0] + 1, last=group[-1] + 1, of=len(nodes))
        ),
        strip=strip(scene, now, finished=group[-1] == len(nodes) - 1, made=made, role=Role.VALUE),
        stage=tuple(formulas),
        side=(tracker(scene, back=True),) if scene.tracked else (),
        storage=row if scene.tracked else None,
        note=say.text("pass.note"),
        last_phase=len(group),
        steps=tuple(steps),
    )


def _meter(scene: Scene, group: list[int], ledger: Ledger) -> Meter:
    """How many numbers are held, growing with each phase."""
    nodes = scene.trace.nodes
    meter: Meter | None = None
    for phase in range(len(group) + 1):
        known = [node.name for node in nodes[: group[0] + phase]]
        ledger.held = sum(scene.size(name) for name in known if ledger.states[name] is State.HELD)
        words = scene.say("storage.filled", n=f"{ledger.held:,}")
        if meter is None or meter.now != ledger.held:
            meter = Meter(ledger.held, ledger.most, words, phase, meter)
    assert meter is not None
    return meter


def _pass_sentence(scene: Scene, ledger: Ledger) -> Runs:
    """Which of the stored values the way back will read."""
    nodes = [node.name for node in scene.trace.nodes]
    unread = [name for name in nodes if name not in ledger.read]
    if not unread:
        return scene.say("pass.sentence")
    if len(unread) == len(nodes):
        return scene.say("pass.sentence.none")
    if len(unread) <= 2:
        return scene.say("pass.sentence.but", names=scene.say.listed([scene.names[name] for name in unread]))
    return scene.say("pass.sentence.some", read=len(nodes) - len(unread), of=len(nodes))
