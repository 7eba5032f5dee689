"""What the slides of forward mode say: title, sentence, and the speaker's note."""

from __future__ import annotations

from collections.abc import Mapping

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.explain.blocks import Runs
from adcli.explain.carried import goes_on
from adcli.explain.formulas import how_it_acts
from adcli.explain.maths import Expression, Partial
from adcli.explain.pictures import box_label
from adcli.explain.portions import Portion
from adcli.explain.scene import Scene
from adcli.explain.tangents import MOST_UPDATES


def headline(scene: Scene, portion: Portion) -> tuple[Runs, Runs]:
    """Title and sentence."""
    say, node = scene.say, portion.node
    if not portion.lines and portion.of > 1:
        return _value_first(scene, portion)
    if portion.updates and _is_loss(scene, portion):
        return _loss(scene, portion)
    updates = portion.updates + [step for step in portion.begun if goes_on(scene, step)]
    begun = [step for step in portion.begun if not goes_on(scene, step)]
    through, pushed = box_label(scene, node), _tangents(scene, updates)
    came = {step.target for step in portion.whole if step.kind == "tangent.update"}
    again = [step for step in begun if step.target in came]
    new = _tangents(scene, [step for step in begun if step not in again])
    of_weights = scene.are_weights([step.target for step in begun])
    own = say.listed([Partial(scene.names[node.name], scene.names[step.target]) for step in begun])
    if again and not new:
        used: Runs = say.listed([scene.names[step.target] for step in again])
        sentence = say("forward.again.sentence" if of_weights else "forward.again.plain", again=used, d=own)
        if not updates:
            return say("forward.again.alone.title", again=used), sentence
        return say("forward.again.title", pushed=pushed, f=through, again=used), sentence
    if updates and begun:
        title = say("forward.both.title", pushed=pushed, f=through, new=new)
        return title, say("forward.both.sentence" if of_weights else "forward.both.plain", n=len(begun), d=own)
    if portion.updates and _was_pushed(portion):
        key = "forward.other.title" if portion.sums else "forward.other.alone.title"
        return say(key, pushed=pushed, f=through), say("forward.other.sentence")
    if updates:
        title = say("forward.push.title", pushed=pushed, f=through)
        return title, how_it_acts(scene, node) or say("forward.push.sentence" if of_weights else "forward.push.plain")
    if begun:
        return say("forward.start.title", new=new), say(
            "forward.start.sentence" if of_weights else "forward.start.plain", n=len(begun), d=own
        )
    if portion.sums:
        return say("forward.sum.title", sum=_tangents(scene, portion.sums)), say("forward.sum.sentence")
    return say("forward.value.title", f=through), say("forward.value.sentence")


def _value_first(scene: Scene, portion: Portion) -> tuple[Runs, Runs]:
    """Of a slide that the value has for itself, though tangents follow."""
    say, h = scene.say, scene.names[portion.node.name]
    if not _is_loss(scene, portion):
        return say("forward.first.title", h=h), say("forward.first.sentence")
    return say("forward.first.loss.title", d=_slope(scene, portion)), say("forward.first.loss.sentence")


def _loss(scene: Scene, portion: Portion) -> tuple[Runs, Runs]:
    say, d = scene.say, _slope(scene, portion)
    is_whole, pushed = portion.of == 1, _tangents(scene, portion.updates)
    if portion.updates[0].operands[0].shape == (1, 1):
        title = say("forward.loss.title", d=d) if is_whole else say("forward.loss.part.title", pushed=pushed, d=d)
        return title, say("forward.loss.sentence")
    key = "forward.loss.batch.sentence" if scene.adds_examples else "forward.loss.row.sentence"
    count = len({step.target for step in portion.updates})
    title = say("forward.loss.row.title") if is_whole else say("forward.loss.row.part.title", pushed=pushed, n=count)
    return title, say(key, n=scene.examples())


def _was_pushed(portion: Portion) -> bool:
    """Whether a slide before has pushed the same tangents, along another way."""
    begin = next(index for index, step in enumerate(portion.whole) if step is portion.steps[0])
    before = {step.target for step in portion.whole[:begin] if step.kind == "tangent.update"}
    return before.issuperset(step.target for step in portion.updates)


def _is_loss(scene: Scene, portion: Portion) -> bool:
    return scene.has_loss and portion.node.name == scene.output


def _slope(scene: Scene, portion: Portion) -> Partial:
    of, by = next(step for step in portion.whole if step.kind == "tangent.update").operands[0].of_by()
    return Partial(scene.names[of], scene.names[by])


def _tangents(scene: Scene, steps: list[Step]) -> Runs:
    names: list[Expression] = list(dict.fromkeys(scene.names.tangent(step.target) for step in steps))
    return scene.say.listed(names) if len(names) <= MOST_UPDATES else scene.say("tangents", n=len(names))


def speakers_note(scene: Scene, portion: Portion, zeros: Mapping[str, Array | None]) -> str:
    say, h = scene.say, scene.names[portion.node.name]
    updates, begun = portion.updates, portion.begun
    count = sum(step.kind == "tangent.update" for step in portion.whole)
    if portion.is_first and count and _is_loss(scene, portion):
        return say.text("forward.loss.note")
    if not portion.lines and portion.of > 1:
        return say.text("forward.first.note", h=h)
    if begun and not updates:
        key = "forward.start.note" if zeros.get(begun[0].target) is not None else "forward.start.plain.note"
        return say.text(key, W=scene.names[begun[0].target], h=h)
    if scene.size(portion.node.name) == 1 and any(step.operands[0].shape[1] > 1 for step in updates):
        return say.text("forward.scalar.note", h=h)
    if portion.sums and not updates:
        return say.text("forward.sum.note")
    released = [scene.names[name] for step in portion.whole for name in step.releases]
    if released and count < 2:
        return say.text("forward.released.note", names=released)
    return say.text("forward.step.note", n=count) if updates else say.text("forward.value.note")
