"""The story of forward mode: a slide a step, every tangent pushed through it, a new one begun.

A step whose matrices are too high for one slide has several.
"""

from __future__ import annotations

from typing import NamedTuple

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.blocks import Column, Formula, Meter, Part, Row, Slot, Storage, Table, Text, Words
from adcli.explain.carried import Carried, Place
from adcli.explain.chain_rule import Factors, tracker
from adcli.explain.deck import Block, Position, Slide
from adcli.explain.drawings import Tracker
from adcli.explain.examples import value_formulas
from adcli.explain.forward_words import headline, speakers_note
from adcli.explain.kinks import kink_told
from adcli.explain.maths import Matrix, Name, Number, Partial, Role
from adcli.explain.pictures import becomes, strip
from adcli.explain.portions import Portion, portions
from adcli.explain.progress import Progress, State
from adcli.explain.scene import Scene, largest
from adcli.explain.selection import Told, shortened_rows, told_in_full
from adcli.explain.slopes import ingredients, slope_parts
from adcli.explain.storage import multiplications, slot
from adcli.explain.tangents import tangent_lines
from adcli.trace import Node

T = Role.TANGENT


class Moment(NamedTuple):
    """A portion of a step and what stands around it: the tangents before and after it, how many numbers are held."""

    portion: Portion
    position: Position
    before: Carried
    after: Carried
    meter: Meter


class Story:
    """What is carried, and held, as the steps go by."""

    def __init__(self, scene: Scene, told: list[Told]) -> None:
        self.scene = scene
        self.count = len(told)
        self.most = max((step.held for one in told for step in one.steps), default=0)
        self.carried = Carried(scene)
        self.zeros: dict[str, Array | None] = {}
        self.held = 0

    def skip(self, told: Told) -> None:
        """Go on by a step that has no slide of its own."""
        self.carried.take(told.node, told.steps)
        self.held = told.steps[-1].held

    def slides(self, index: int, told: Told) -> list[Slide]:
        """The slides of a step, in most cases one."""
        scene, node = self.scene, told.node
        lines = tangent_lines(scene, node, told.steps, self.zeros, self.carried.newest)
        values, has_slope = _values(scene, told)
        found: list[Slide] = []
        for portion in portions(scene, told, values, has_slope, lines, kink_told(scene, node, 1)):
            before = self.carried.take(node, portion.steps)
            moment = Moment(portion, self._position(index, portion), before, self.carried, self._meter(portion))
            found.append(_slide(scene, moment, values if portion.is_first else [], self.zeros))
        return found

    def _position(self, index: int, portion: Portion) -> Position:
        say = self.scene.say
        text = say.text("position.step", n=index + 1, of=self.count)
        if portion.of > 1:
            text = say.text("position.part", step=text, n=portion.number + 1, of=portion.of)
        return Position(text, index + 1, self.count)

    def _meter(self, portion: Portion) -> Meter:
        """How many numbers are held: with the numbers of a slide as many as after it, and until then as before it."""
        earlier, self.held = self.held, portion.steps[-1].held
        say = self.scene.say
        before, now = (Meter(n, self.most, say("storage.numbers", n=f"{n:,}")) for n in (earlier, self.held))
        return now if earlier == self.held else now._replace(since=1, before=before)


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """The slides of each step of the trace; where there are many, those in between as a table."""
    told = _by_node(scene, steps)
    story = Story(scene, told)
    found: list[Slide] = []
    full = told_in_full(len(told), scene.detail)
    skipped: list[tuple[int, Told]] = []
    for index, one in enumerate(told):
        if index not in full:
            skipped.append((index, one))
            story.skip(one)
            continue
        if skipped:
            found.append(_summary(scene, skipped, len(told)))
            skipped = []
        found += story.slides(index, one)
    return found


def _by_node(scene: Scene, steps: list[Step]) -> list[Told]:
    nodes = {node.name: node for node in scene.trace.nodes}
    told: list[Told] = []
    for step in steps:
        if step.kind == "forward":
            told.append(Told(nodes[step.target], []))
        told[-1].steps.append(step)
    return told


def _values(scene: Scene, told: Told) -> tuple[list[Block], bool]:
    """The value of a step; of the loss also its slope, whether that is written."""
    node = told.node
    pushed = next((step for step in told.steps if step.kind == "tangent.update"), None)
    is_loss = scene.has_loss and node.name == scene.output
    slope = _slope(scene, node, pushed) if is_loss and pushed else None
    brief = slope is not None and len(slope.parts) > 2
    values: list[Block] = [*value_formulas(scene, node, scene.say.text("label.value"), 0, 1, brief)]
    if slope is None or pushed is None:
        return values, False
    return [*values, *ingredients(scene, node, pushed.operands[0].of_by()[1]), slope], True


def _slope(scene: Scene, node: Node, step: Step) -> Formula:
    """∂ℓ/∂h₄ = 2 (h₄ − y) = 2 (36 − 2) = 68."""
    _, by = step.operands[0].of_by()
    left = Partial(scene.names[node.name], scene.names[by])
    result = Matrix(step.operands[0].array(), Role.PLAIN, Role.PLAIN, shape=False)
    parts = (*slope_parts(scene, node, by, 0, 1), Part("=", result, 1))
    return Formula(left, parts, scene.say.text("label.slope"), Role.VALUE)


def _slide(scene: Scene, moment: Moment, values: list[Block], zeros: dict[str, Array | None]) -> Slide:
    portion = moment.portion
    node = portion.node
    stage = [*values, *(line.formula for line in portion.lines if line.formula)]
    left_out = sum(line.formula is None for line in portion.lines)
    if left_out:
        stage.append(Text(scene.say("forward.likewise", n=left_out), phase=1))
    if portion.is_last and (portion.lines or portion.begun):
        stage += kink_told(scene, node, 1)
    side: list[Block] = []
    storage = None
    if scene.tracked:
        side.append(_tracker(scene, portion))
        storage = _storage(scene, moment)
    side += [line.hand for line in portion.lines if line.hand]
    finished, made = _finished(scene, portion)
    title, sentence = headline(scene, portion)
    return Slide(
        id=f"forward-{moment.position.step}" + (f"-part-{portion.number + 1}" if portion.number else ""),
        kind="forward.step",
        head=scene.say.text("head.forward"),
        title=title,
        sentence=sentence,
        position=moment.position,
        strip=strip(scene, node.name, done=finished, made=made, role=T),
        stage=tuple(stage),
        side=tuple(side),
        storage=storage,
        note=speakers_note(scene, portion, zeros),
        last_phase=_last_phase(portion),
        steps=tuple(portion.steps),
    )


def _last_phase(portion: Portion) -> int:
    return 2 if portion.lines else 1


def _finished(scene: Scene, portion: Portion) -> tuple[list[str], dict[str, int]]:
    """The parameters that have their gradient, and the phase of what this slide makes."""
    made = {portion.node.name: 1} if portion.is_first else {}
    if portion.node.name != scene.output:
        return [], made
    to_come = {step.target for step in _following(portion)}
    finished = [name for name in scene.wrt if name not in to_come]
    own = {step.target for step in portion.steps}
    return finished, made | {name: 2 for name in finished if name in own or portion.of == 1}


def _following(portion: Portion) -> list[Step]:
    """The steps of later portions."""
    last = portion.steps[-1]
    place = next(index for index, step in enumerate(portion.whole) if step is last)
    return portion.whole[place + 1 :]


def _tracker(scene: Scene, portion: Portion) -> Tracker:
    later = _factors(_following(portion))
    own = _factors(portion.steps)
    return tracker(
        scene,
        portion.node.name,
        last_phase=2,
        earlier=_factors(portion.whole) - own - later,
        later=later,
    )


def _factors(steps: list[Step]) -> set[Factors]:
    """The factors of the chain rule that ``steps`` multiply by, or begin with."""
    begun = {Factors(step.target, step.target) for step in steps if step.kind == "tangent.init"}
    return begun | {Factors(s.target, s.operands[0].of_by()[1]) for s in steps if s.kind == "tangent.update"}


def _storage(scene: Scene, moment: Moment) -> Storage:
    say, portion = scene.say, moment.portion
    name = portion.node.name
    places = list(moment.after.shapes)
    kept = places if len(places) <= 5 else [places[0], *places[-3:]]
    slots = [_tangent_slot(scene, moment, place) for place in kept]
    if len(kept) < len(places):
        slots.insert(1, Slot(Name("⋯"), None, f"+{len(places) - len(kept)}", Progress(State.HELD), T))
    value = becomes(State.HELD, 1, State.TO_COME) if portion.is_first else Progress(State.HELD)
    slots.append(slot(scene, name, value))
    released = [name for step in portion.whole for name in step.releases]
    slots += [slot(scene, name, _leaving(portion)) for name in released[:2]]
    costs = [step for step in portion.steps if step.multiplications]
    facts = multiplications(scene, costs, "storage.cost" if portion.of == 1 else "storage.cost.part")
    return Storage(say.text("storage.memory"), tuple(slots), moment.meter, facts)


def _leaving(portion: Portion) -> Progress:
    """How far a value is that the step lets go: no longer counted, but still read on later slides of the step."""
    before = State.HELD if portion.is_first else State.IN_HAND
    if portion.is_last:
        return Progress(State.LET_GO, _last_phase(portion), before)
    return Progress(State.IN_HAND, 1, before)


def _tangent_slot(scene: Scene, moment: Moment, place: Place) -> Slot:
    """A tangent that is carried on, was just begun, or waits at an earlier value."""
    of, at = place
    is_new = at == moment.portion.node.name and of not in moment.before.newest
    progress = becomes(State.NOW, 1, State.TO_COME) if is_new else Progress(State.HELD)
    waits = moment.after.newest[of] != at
    note = scene.say.text("tangent.waits", h=scene.names[at], W=scene.names[of]) if waits else ""
    size = moment.after.shapes[place]
    shape = "" if size == (1, 1) else "×".join(map(str, size))  # a number is told by its name
    return Slot(scene.names.tangent(of), None, shape, progress, T, note)


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
