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

C = Role.COTANGENT


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
    skipped: list[tuple[int, Told, list[str]]] = []
    examples = told_by_example(scene, told)
    last_use = _last_use(scene, told)
    done: list[str] = []
    before_it: dict[str, Expression] = {}
    for index, one in enumerate(told):
        if index in full and skipped:
            found.append(_summary(scene, skipped, len(told), [*done]))
            skipped = []
        finished = [name for name, last in last_use.items() if last == index]
        done += finished
        if index in full:
            following = told[index + 1].steps if index + 1 < len(told) else []
            before = ledger.take(one.steps)
            position = Position(scene.say.text("position.back", n=index + 1, of=len(told)), index + 1, len(told))
            moment = Moment(one, position, before, [*done], finished, {**before_it}, following)
            if one.steps[0].kind == "recompute":
                slide = computed_again(scene, moment, ledger)
            else:
                slide = step_back(scene, moment, ledger)
                if index - 1 in full:
                    earlier = told[index - 1]
                    ended = [name for name, last in last_use.items() if last == index - 1]
                    above = settled(scene, earlier.node, earlier.steps, ended, slide)
                    slide = slide._replace(stage=(*above, *slide.stage))
            found.append(slide)
            if index in examples:
                below = {name: Late(expression) for name, expression in (before_it | hung(scene, one)).items()}
                found.append(by_example(scene, one, Around(position, [*done], finished, below)))
        else:
            ledger.pass_over(one.steps)
            skipped.append((index, one, finished))
        before_it |= hung(scene, one)
    return found


def _last_use(scene: Scene, told: list[Told]) -> dict[str, int]:
    """For each name asked for, the place of the node whose pull finishes its gradient."""
    last: dict[str, int] = {}
    for index, one in enumerate(told):
        for step in one.steps:
            if step.target in scene.wrt:
                last[step.target] = index
    return last


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
