"""The story of reverse mode: a forward pass that fills the storage, then a slide for each step back."""

from __future__ import annotations

from adcli.derivation import Step
from adcli.explain.back_slides import Moment, computed_again, hung, step_back
from adcli.explain.blocks import Column, Row, Table, Words
from adcli.explain.by_example import Around, by_example, told_by_example
from adcli.explain.deck import Position, Slide
from adcli.explain.forward_pass import forward_pass
from adcli.explain.maths import Expression, Number, Partial, Role
from adcli.explain.pictures import strip
from adcli.explain.progress import Late
from adcli.explain.scene import Scene, largest
from adcli.explain.selection import Told, shortened_rows, told_in_full
from adcli.explain.settled import settled
from adcli.explain.storage import PULLS, Ledger
from adcli.explain.stretches import Stretch, stretches

C = Role.COTANGENT
MAKES = (*PULLS, "accumulate")  # a cotangent or a gradient


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


def _way_back(scene: Scene, steps: list[Told], ledger: Ledger) -> list[Slide]:
    full = told_in_full(len(steps), scene.detail)
    way = stretches(scene, steps, full)
    examples = {_with_its_gradients(way, place): steps[place] for place in told_by_example(scene, steps)}
    found: list[Slide] = []
    skipped: list[tuple[int, Told, list[str]]] = []
    earlier: Moment | None = None
    done: list[str] = []
    below: dict[str, Expression] = {}
    for number, (one, finished) in enumerate(zip(way, _finished(scene, way), strict=True)):
        if one.place in full and skipped:
            found.append(_summary(scene, skipped, len(steps), done))
            skipped = []
        done = [*done, *finished]
        if one.place in full:
            following = way[number + 1].told.steps if number + 1 < len(way) else []
            before, is_read = ledger.take(one.told.steps), _is_read_later(way, number)
            moment = Moment(one, before, done, finished, below, following, is_read)
            found.append(_slide(scene, moment, earlier, ledger))
            earlier = moment
            if number in examples:
                hanging = {name: Late(expression) for name, expression in (below | hung(scene, one.told)).items()}
                found.append(by_example(scene, examples[number], Around(one.position, done, hanging)))
        else:
            ledger.pass_over(one)
            skipped.append((one.place, one.told, finished))
            earlier = None
        below = below | hung(scene, one.told)
    return found


def _slide(scene: Scene, moment: Moment, earlier: Moment | None, ledger: Ledger) -> Slide:
    """The slide of a stretch, below what is left of the ``earlier`` one."""
    if moment.stretch.told.steps[0].kind == "recompute":
        return computed_again(scene, moment, ledger)
    slide = step_back(scene, moment, ledger)
    above = settled(scene, earlier.stretch.told, earlier.finished, slide) if earlier else []
    return slide._replace(stage=(*above, *slide.stage))


def _with_its_gradients(way: list[Stretch], place: int) -> int:
    """The number of the stretch with which all gradients of the step at ``place`` are told."""
    own = [number for number, one in enumerate(way) if one.place == place]
    gradients = [number for number in own if any(step.kind == "gradient" for step in way[number].told.steps)]
    return (gradients or own)[-1]


def _is_read_later(way: list[Stretch], number: int) -> bool:
    """Whether a later step reads any of what the one of this ``number`` computes again, before that is let go."""
    own = way[number].told.steps
    there = {step.target for step in own if step.kind == "recompute"}
    there.difference_update(name for step in own for name in step.releases)
    place = number + 1
    while there and place < len(way):
        for step in way[place].told.steps:
            if there.intersection(step.reads):
                return True
            there.difference_update(step.releases)
        place += 1
    return False


def _finished(scene: Scene, way: list[Stretch]) -> list[list[str]]:
    """The names asked for whose gradient each stretch finishes."""
    parts = [(step.target, number) for number, one in enumerate(way) for step in one.told.steps if step.kind in MAKES]
    last = dict(parts)
    names = dict.fromkeys(name for name, _ in parts if name in scene.wrt)
    return [[name for name in names if last[name] == number] for number in range(len(way))]


def _summary(scene: Scene, skipped: list[tuple[int, Told, list[str]]], count: int, done: list[str]) -> Slide:
    """Steps back that are alike, a row each."""
    say = scene.say
    keys = (("name", False), ("done", False), ("sent", True), ("cost", True))
    columns = tuple(Column((Words(say.text(f"table.{key}")),), right) for key, right in keys)
    loss = scene.names[scene.output]
    rows = []
    for _, told, ended in skipped:
        targets = [s.target for s in told.steps if s.kind == "cotangent.update"]
        moved = [s for s in told.steps if s.target in targets]
        cost = sum(step.multiplications for step in told.steps)
        finished = say.listed([Partial(loss, scene.names[name], C) for name in ended])
        again = [scene.names[s.target] for s in told.steps if s.kind == "recompute"]
        if again:
            finished = say("again.row", names=say.listed([*again[:1], *again[1:][-1:]]))
        rows.append(
            Row(
                (
                    (scene.names[told.node.name], Words(f" {told.node.op}", muted=True)),
                    finished,
                    (Number(abs(largest(moved[-1].value.array()))),) if moved else (),
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
        strip=strip(scene, skipped[-1][1].node.name, back=True, done=done, role=C),
        stage=(Table(columns, shortened_rows(rows)),),
        note=say.text("summary.note"),
        steps=tuple(step for _, told, _ in skipped for step in told.steps),
    )
