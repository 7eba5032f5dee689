"""The story of forward mode: a slide a step, every tangent pushed through it, a new one begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.blocks import (
    Block,
    Column,
    Formula,
    Meter,
    Part,
    Position,
    Progress,
    Row,
    Runs,
    Slide,
    Slot,
    State,
    Storage,
    Table,
    Text,
    Words,
)
from adcli.explain.carried import Carried, Place
from adcli.explain.chain_rule import tracker
from adcli.explain.examples import value_formulas
from adcli.explain.formulas import how_it_acts
from adcli.explain.kinks import kink_told
from adcli.explain.maths import Expression, Matrix, Name, Number, Partial, Role
from adcli.explain.pictures import becomes, box_label, strip
from adcli.explain.scene import Scene, largest
from adcli.explain.selection import Told, shortened_rows, told_in_full
from adcli.explain.slopes import ingredients, slope_parts
from adcli.explain.storage import multiplications, slot
from adcli.explain.tangents import MOST_UPDATES, tangent_formulas
from adcli.trace import Node

T = Role.TANGENT


class Moment(NamedTuple):
    """A step forward and what stands around it: the tangents before and after it, and how many numbers are held."""

    told: Told
    position: Position
    before: Carried
    after: Carried
    meter: Meter


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """A slide for each step of the trace; where there are many, those in between as a table."""
    told = _by_node(scene, steps)
    zeros: dict[str, Array | None] = {}
    carried = Carried(scene)
    found: list[Slide] = []
    full = told_in_full(len(told), scene.detail)
    skipped: list[tuple[int, Told]] = []
    most = max((step.held for step in steps), default=0)
    for index, one in enumerate(told):
        before = carried.take(one.node, one.steps)
        if index in full:
            if skipped:
                found.append(_summary(scene, skipped, len(told)))
                skipped = []
            position = Position(scene.say.text("position.step", n=index + 1, of=len(told)), index + 1, len(told))
            moment = Moment(one, position, before, carried, _meter(scene, told, index, most))
            found.append(_slide(scene, moment, zeros))
        else:
            skipped.append((index, one))
    return found


def _by_node(scene: Scene, steps: list[Step]) -> list[Told]:
    nodes = {node.name: node for node in scene.trace.nodes}
    told: list[Told] = []
    for step in steps:
        if step.kind == "forward":
            told.append(Told(nodes[step.target], []))
        told[-1].steps.append(step)
    return told


def _slide(scene: Scene, moment: Moment, zeros: dict[str, Array | None]) -> Slide:
    say, told = scene.say, moment.told
    node = told.node
    updates = [step for step in told.steps if step.kind == "tangent.update"]
    begun = [step for step in told.steps if step.kind == "tangent.init"]
    formulas, hand = tangent_formulas(scene, node, told.steps, zeros, moment.before.newest)
    is_loss = scene.has_loss and node.name == scene.output
    slope = _slope(scene, node, updates[0]) if is_loss and updates else None
    brief = slope is not None and len(slope.parts) > 2
    stage: list[Block] = [*value_formulas(scene, node, say.text("label.value"), 0, 1, brief)]
    if slope:
        stage += [*ingredients(scene, node, updates[0].operands[0].of_by()[1]), slope]
    stage += formulas
    if len(updates) > MOST_UPDATES and scene.detail != "full":
        stage.append(Text(say("forward.likewise", n=len(updates) - MOST_UPDATES), phase=1))
    if updates or begun:
        stage += kink_told(scene, node, 1)
    side: list[Block] = []
    storage = None
    if scene.tracked:
        side.append(tracker(scene, node.name, last_phase=2))
        storage = _storage(scene, moment)
    side += [hand] if hand else []
    gradients = scene.wrt if node.name == scene.output else ()
    title, sentence = _title(scene, node, updates, begun, is_loss)
    return Slide(
        id=f"forward-{moment.position.step}",
        kind="forward.step",
        head=say.text("head.forward"),
        title=title,
        sentence=sentence,
        position=moment.position,
        strip=strip(scene, node.name, done=gradients, made=dict.fromkeys(gradients, 2) | {node.name: 1}, role=T),
        stage=tuple(stage),
        side=tuple(side),
        storage=storage,
        note=_note(scene, node, updates, begun, zeros),
        last_phase=2 if updates or begun else 1,
        steps=tuple(told.steps),
    )


def _slope(scene: Scene, node: Node, step: Step) -> Formula:
    """∂ℓ/∂h₄ = 2 (h₄ − y) = 2 (36 − 2) = 68."""
    _, by = step.operands[0].of_by()
    left = Partial(scene.names[node.name], scene.names[by])
    result = Matrix(step.operands[0].array(), Role.PLAIN, Role.PLAIN, shape=False)
    parts = (*slope_parts(scene, node, by, 0, 1), Part("=", result, 1))
    return Formula(left, parts, scene.say.text("label.slope"), Role.VALUE)


def _title(scene: Scene, node: Node, updates: list[Step], begun: list[Step], is_loss: bool) -> tuple[Runs, Runs]:
    say = scene.say
    through = box_label(scene, node)
    pushed = _tangents(scene, updates)
    again = [step for step in begun if any(step.target == other.target for other in updates)]
    new = _tangents(scene, [step for step in begun if step not in again])
    if is_loss and updates:
        slope = updates[0].operands[0]
        if slope.shape == (1, 1):
            of, by = slope.of_by()
            d = Partial(scene.names[of], scene.names[by])
            return say("forward.loss.title", d=d), say("forward.loss.sentence")
        key = "forward.loss.batch.sentence" if scene.adds_examples else "forward.loss.row.sentence"
        return say("forward.loss.row.title"), say(key, n=scene.examples())
    of_weights = scene.are_weights([step.target for step in begun])
    own = say.listed([Partial(scene.names[node.name], scene.names[step.target]) for step in begun])
    if again and not new:
        used: Runs = say.listed([scene.names[step.target] for step in again])
        title = say("forward.again.title", pushed=pushed, f=through, again=used)
        return title, say("forward.again.sentence" if of_weights else "forward.again.plain", again=used, d=own)
    if updates and begun:
        title = say("forward.both.title", pushed=pushed, f=through, new=new)
        return title, say("forward.both.sentence" if of_weights else "forward.both.plain", n=len(begun), d=own)
    if updates:
        title = say("forward.push.title", pushed=pushed, f=through)
        return title, how_it_acts(scene, node) or say("forward.push.sentence" if of_weights else "forward.push.plain")
    if begun:
        return say("forward.start.title", new=new), say(
            "forward.start.sentence" if of_weights else "forward.start.plain", n=len(begun), d=own
        )
    return say("forward.value.title", f=through), say("forward.value.sentence")


def _tangents(scene: Scene, steps: list[Step]) -> Runs:
    names: list[Expression] = list(dict.fromkeys(scene.names.tangent(step.target) for step in steps))
    return scene.say.listed(names) if len(names) <= MOST_UPDATES else scene.say("tangents", n=len(names))


def _note(scene: Scene, node: Node, updates: list[Step], begun: list[Step], zeros: Mapping[str, Array | None]) -> str:
    say, h = scene.say, scene.names[node.name]
    if updates and scene.has_loss and node.name == scene.output:
        return say.text("forward.loss.note")
    if begun and not updates:
        key = "forward.start.note" if zeros.get(begun[0].target) is not None else "forward.start.plain.note"
        return say.text(key, W=scene.names[begun[0].target], h=h)
    if scene.size(node.name) == 1 and any(step.operands[0].shape[1] > 1 for step in updates):
        return say.text("forward.scalar.note", h=h)
    released = [scene.names[name] for step in [*updates, *begun] for name in step.releases]
    if released and len(updates) < 2:
        return say.text("forward.released.note", names=released)
    return say.text("forward.step.note", n=len(updates)) if updates else say.text("forward.value.note")


def _storage(scene: Scene, moment: Moment) -> Storage:
    say, told, node = scene.say, moment.told, moment.told.node
    shapes = moment.after.shapes
    names = list(shapes)
    kept = names if len(names) <= 5 else [names[0], *names[-3:]]
    slots = [_tangent_slot(scene, moment, place) for place in kept]
    if len(kept) < len(names):
        slots.insert(1, Slot(Name("⋯"), None, f"+{len(names) - len(kept)}", Progress(State.HELD), T))
    slots.append(slot(scene, node.name, becomes(State.HELD, 1, State.TO_COME)))
    released = [name for step in told.steps for name in step.releases]
    slots += [slot(scene, name, Progress(State.LET_GO, 2, State.HELD)) for name in released[:2]]
    costs = [step for step in told.steps if step.multiplications]
    return Storage(say.text("storage.memory"), tuple(slots), moment.meter, multiplications(scene, costs))


def _tangent_slot(scene: Scene, moment: Moment, place: Place) -> Slot:
    """A tangent that is carried on, was just begun, or waits at an earlier value."""
    of, at = place
    is_new = at == moment.told.node.name and of not in moment.before.newest
    progress = becomes(State.NOW, 1, State.TO_COME) if is_new else Progress(State.HELD)
    waits = moment.after.newest[of] != at
    note = scene.say.text("tangent.waits", h=scene.names[at], W=scene.names[of]) if waits else ""
    shape = "×".join(map(str, moment.after.shapes[place]))
    return Slot(scene.names.tangent(of), None, shape, progress, T, note)


def _meter(scene: Scene, told: list[Told], index: int, most: int) -> Meter:
    """How many numbers are held: with the numbers of a step as many as after it, and until then as before it."""
    levels = [0 if at < 0 else told[at].steps[-1].held for at in (index - 1, index)]
    before, now = (Meter(held, most, scene.say("storage.numbers", n=f"{held:,}")) for held in levels)
    return now if levels[0] == levels[1] else now._replace(since=1, before=before)


def _summary(scene: Scene, skipped: list[tuple[int, Told]], count: int) -> Slide:
    """Steps alike, a row each."""
    say = scene.say
    columns = tuple(
        Column((Words(say.text(f"table.{key}")),), key != "name") for key in ("name", "shape", "norm", "cost")
    )
    rows = []
    for _, told in skipped:
        cost = sum(step.multiplications for step in told.steps)
        rows.append(
            Row(
                (
                    (scene.names[told.node.name], Words(f" {told.node.op}", muted=True)),
                    (Words(scene.shape_text(told.node.name)),),
                    (Number(abs(largest(scene.value(told.node.name)))),),
                    (Words(f"{cost:,}"),),
                )
            )
        )
    first, last = skipped[0][0] + 1, skipped[-1][0] + 1
    return Slide(
        id=f"forward-{first}-{last}",
        kind="forward.summary",
        head=say.text("head.forward"),
        title=say("summary.title", first=first, last=last),
        sentence=say("forward.summary.sentence"),
        position=Position(say.text("position.steps", first=first, last=last, of=count), last, count),
        strip=strip(scene, skipped[-1][1].node.name, role=T),
        stage=(Table(columns, shortened_rows(rows)),),
        note=say.text("summary.note"),
        steps=tuple(step for _, told in skipped for step in told.steps),
    )
