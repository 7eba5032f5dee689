"""What the slides of the way back say: title, sentence, and the speaker's note."""

from __future__ import annotations

from adcli.derivation import Step
from adcli.explain.backward import is_told_compactly
from adcli.explain.blocks import Runs
from adcli.explain.formulas import how_it_acts, rule_of
from adcli.explain.maths import Expression, Partial, Role
from adcli.explain.pictures import cotangent_name
from adcli.explain.progress import State
from adcli.explain.scene import Scene
from adcli.explain.selection import Told
from adcli.explain.storage import Ledger
from adcli.explain.stretches import Stretch
from adcli.trace import Node

C = Role.COTANGENT


def headline(scene: Scene, stretch: Stretch, finished: list[str], is_start: bool) -> tuple[Runs, Runs]:
    say, told = scene.say, stretch.told
    if is_start:
        return _start_title(scene, told)
    loss = scene.names[scene.output]
    partials: list[Expression] = [Partial(loss, scene.names[name], C) for name in finished]
    moved = list(dict.fromkeys(s.target for s in told.steps if s.kind == "cotangent.update"))
    shared = [s.target for s in told.steps if s.kind == "accumulate" and s.target in scene.wrt]
    targets = say.listed([scene.names[name] for name in moved])
    h = cotangent_name(scene, told.node.name)
    if shared and finished:
        title = say("back.shared.title", W=scene.names[shared[0]], n=scene.uses(shared[0]))
        return title, _shared_sentence(scene)
    if scene.adds_examples and partials:
        key = "back.both.title" if moved else "back.done.title"
        return say(key, done=say.listed(partials), h=h, to=targets), say("back.batch.sentence", n=scene.examples())
    if partials and moved:
        own = "plain" if scene.is_program else "sentence" if scene.rows == 1 else "rows"
        outer = any(_is_outer_product(scene, told.node, s) for s in told.steps if s.target in finished)
        both = say("back.outer.sentence" if outer else f"back.both.{own}")
        if len(partials) > 3:
            return say("back.many.title", n=len(partials), h=h, to=targets), both
        return say("back.both.title", done=say.listed(partials), h=h, to=targets), both
    if partials:
        return say("back.done.title", done=say.listed(partials)), _done_sentence(scene, stretch, finished)
    if not moved:
        shares: list[Expression] = [Partial(loss, scene.names[s.target], C) for s in told.steps if s.kind == "gradient"]
        return say("back.share.title", h=h, to=say.listed(list(dict.fromkeys(shares)))), _move_sentence(scene, told)
    return say("back.move.title", h=h, to=targets), _move_sentence(scene, told)


def _done_sentence(scene: Scene, stretch: Stretch, finished: list[str]) -> Runs:
    if not stretch.after:
        return scene.say("back.done.sentence")
    told = stretch.told
    if any(_is_outer_product(scene, told.node, step) for step in told.steps if step.target in finished):
        return scene.say("back.outer.sentence")
    goes_on = any(step.kind == "cotangent.update" for step in stretch.after)
    rows = "plain" if scene.is_program else "sentence" if scene.rows == 1 else "rows"
    return scene.say(f"back.{'first' if goes_on else 'others'}.{rows}")


def _is_outer_product(scene: Scene, node: Node, step: Step) -> bool:
    """Whether a gradient is told as an outer product, without its Jacobian."""
    is_outer = rule_of(scene, node, step.target).outer is not None and node.shape[-1] > 1
    return is_outer and is_told_compactly(scene, node, step)


def _shared_sentence(scene: Scene) -> Runs:
    if scene.adds_examples:
        return scene.say("back.shared.batch.sentence", n=scene.examples())
    if scene.has_loss:
        return scene.say("back.shared.sentence")
    return scene.say("back.shared.plain.sentence", y=scene.names[scene.output])


def _move_sentence(scene: Scene, told: Told) -> Runs:
    acts = how_it_acts(scene, told.node)
    if acts:
        return acts
    added = list(dict.fromkeys(step.target for step in told.steps if step.kind == "accumulate"))
    if any(name not in scene.trace.leaves for name in added):
        return scene.say("back.meet.sentence")
    if added:
        return scene.say("back.add.sentence", W=scene.say.listed([scene.names[name] for name in added]))
    used = list(dict.fromkeys(step.target for step in told.steps if step.kind == "gradient"))
    if used:
        key = "back.partly.batch.sentence" if scene.adds_examples else "back.partly.sentence"
        return scene.say(key, W=scene.say.listed([scene.names[name] for name in used]), n=scene.examples())
    return scene.say("back.move.sentence")


def _start_title(scene: Scene, told: Told) -> tuple[Runs, Runs]:
    say, step = scene.say, told.steps[0]
    name = cotangent_name(scene, step.target)
    partial = Partial(scene.names[scene.output], scene.names[step.target], C)
    if not step.operands:
        key = "back.identity" if scene.rows > 1 else "back.one"
        return say(f"{key}.title", h=name), say(f"{key}.sentence", n=scene.rows)
    sentence = "back.start.sentence" if step.value.shape == (1, 1) else "back.start.row.sentence"
    return say("back.start.title", h=name, d=partial), say(sentence)


def speakers_note(scene: Scene, told: Told, ledger: Ledger, is_start: bool) -> str:
    say = scene.say
    released = [n for s in told.steps for n in s.releases if n not in ledger.never]
    if is_start:
        return say.text("back.start.note" if scene.has_loss else "back.start.plain.note")
    if released:
        return say.text("back.released.note", names=[scene.names[name] for name in released])
    return say.text("back.step.note" if any(one is State.HELD for one in ledger.states.values()) else "back.last.note")
