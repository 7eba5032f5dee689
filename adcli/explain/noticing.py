"""What the last slide of every story says: sentences that the numbers choose."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from adcli.arrays import Array
from adcli.engines.comparison import SAFETY, Ran, compare
from adcli.engines.diagnose import Warning
from adcli.engines.run import differentiate
from adcli.explain.blocks import Style, Text, Words
from adcli.explain.deck import Block, Slide
from adcli.explain.formulas import primitive_of, slope_of
from adcli.explain.kinks import crosses_kink
from adcli.explain.maths import Expression, Number, Partial
from adcli.explain.opening import head
from adcli.explain.pictures import finished_strip
from adcli.explain.quotients import differences
from adcli.explain.scene import Scene, largest
from adcli.trace import Node

VANISHING = 1e-3
SMALL_STEP = 0.001
MOST_CHECKED = 1_000_000  # numbers asked for, times numbers of the trace: up to which another engine is run as well
QUOTIENTS_AGREE = 1e-6  # relative difference
AGREES = 0.1  # relative error up to which two modes tell the same
MIN_DIGITS = 8  # two exact engines that agree to less deserve a second look


def notice(scene: Scene) -> Slide:
    """Sentences that the numbers choose."""
    dead = _dead_units(scene)
    sentences: list[Block] = [*_sizes_of_gradients(scene), *_largest_derivative(scene), *dead]
    sentences += [Text((Words(warning_text(scene, w)),), Style.WARNING) for w in scene.warnings[:4]]
    has_kinks = any(primitive_of(scene, node).kink is not None for node in _entrywise(scene))
    if not sentences or (has_kinks and not dead and not scene.warnings):
        sentences.append(Text(scene.say("notice.nothing")))
    return Slide(
        id="notice",
        kind="notice",
        head=head(scene),
        title=scene.say("notice.title"),
        strip=finished_strip(scene),
        stage=(*sentences, Text(scene.say(f"notice.{scene.mode}", n=scene.rows)), *_other_engine(scene)),
        note=scene.say.text("notice.note"),
    )


def warning_text(scene: Scene, warning: Warning) -> str:
    """A warning in the story's language."""
    if scene.say.lang == "en":
        return warning.message
    name = warning.name
    if warning.code == "kink":  # which the argument is at
        name = next(str(node.arguments[0]) for node in scene.trace.nodes if node.name == warning.name)
    where = name if warning.index is None else f"{name}[{', '.join(str(i + 1) for i in warning.index)}]"
    return scene.say.text(f"warning.{warning.code}", where=where)


def _sizes_of_gradients(scene: Scene) -> list[Block]:
    """Which gradients are 0, and how the others change on their way."""
    say = scene.say
    known = _derivatives_known(scene)
    found_by = {name: largest(known[name]) for name in scene.wrt if name in scene.base.flows}
    zero = [name for name, entry in found_by.items() if entry == 0.0]
    of_rounding = zero if any(scene.result.gradients[name].any() for name in zero) else []
    by_convention = [name for name in zero if crosses_kink(scene, name, scene.output)]
    if zero and len(zero) == len(found_by) and not of_rounding and len(by_convention) in (0, len(zero)):
        return [Text(say("notice.all_zero.kink" if by_convention else "notice.all_zero"))]
    told = (
        ("notice.rounding", of_rounding),
        ("notice.zero", [name for name in zero if name not in (*of_rounding, *by_convention)]),
        ("notice.zero.kink", [name for name in by_convention if name not in of_rounding]),
    )
    of = scene.names[scene.output]
    sentences: list[Block] = [
        Text(say(key, names=say.listed([Partial(of, scene.names[name]) for name in names[:4]])))
        for key, names in told
        if names
    ]
    if sentences:
        return sentences
    return _way_of_the_gradient(scene, found_by)


def _derivatives_known(scene: Scene) -> dict[str, Array]:
    """The gradients; of quotients, 0 where that is within their error, and NaN at a kink or where none is known."""
    result = scene.result
    known = {name: np.array(result.gradients[name], dtype=float, order="C") for name in scene.wrt}
    for name, error in (result.errors or {}).items():
        known[name][np.abs(known[name]) <= SAFETY * error] = 0.0
        known[name][np.isinf(error)] = np.nan
    for kink in result.kinks:
        place = int(np.ravel_multi_index(kink.place, scene.shape(kink.name))) if kink.place else 0
        known[kink.name].reshape(scene.rows, -1)[kink.row, place] = np.nan
    return known


def _rounding(scene: Scene) -> float:
    """By what share of itself a quotient may be off, and still be as large as another; 0 of exact derivatives."""
    return 0.0 if scene.result.errors is None else QUOTIENTS_AGREE


def _way_of_the_gradient(scene: Scene, found_by: dict[str, float]) -> list[Block]:
    """Whether it grows or falls from each parameter to the next: said of a chain of layers only, where all agree."""
    is_told = not scene.is_program and scene.is_chain and scene.rows == 1
    named = [[a for a in node.operands if a in found_by and a in scene.trace.parameters] for node in scene.flowing]
    layers = [names for names in named if names]
    sizes = [sorted(abs(found_by[name]) for name in names) for names in layers]
    if not is_told or len(layers) < 2 or not np.isfinite([size for own in sizes for size in own]).all():
        return []
    slack = 1.0 + _rounding(scene)
    grows = all(one[-1] <= slack * other[0] for one, other in pairwise(sizes))
    falls = all(slack * one[0] >= other[-1] for one, other in pairwise(sizes))
    names = (layers[0][0], layers[-1][0])
    ratio = abs(found_by[names[0]] / found_by[names[1]])
    if grows:
        key = "equal" if falls else "vanish" if ratio < VANISHING else "grow"
    elif falls:
        key = "explode" if ratio > 1 / VANISHING else "fall"
    else:
        return []
    ends: dict[str, Expression] = {}
    for which, entry, name in (("first", "a", names[0]), ("last", "b", names[1])):
        ends[which] = Partial(scene.names[scene.output], scene.names[name])
        ends[entry] = Number(found_by[name])
    return [Text(scene.say(f"notice.{key}", **ends))]


def _entrywise(scene: Scene) -> list[Node]:
    """The activations: steps of one argument that act entry by entry."""
    rules = {node: [*primitive_of(scene, node).partials.values()] for node in scene.flowing if node.shape}
    return [node for node, own in rules.items() if len(own) == 1 and own[0].slope is not None and own[0].spread is None]


def _dead_units(scene: Scene) -> list[Block]:
    """Units that are 0, and so is their slope, for every example: nothing flows back through them."""
    found: list[Block] = []
    for node in _entrywise(scene):
        (rule,) = primitive_of(scene, node).partials.values()
        is_dead = (scene.value(node.name) == 0.0) & (slope_of(scene, node, rule) == 0.0)
        dead = int(is_dead.reshape(-1, node.shape[-1]).all(axis=0).sum())
        if dead and len(found) < 3:
            key = "notice.dead.batch" if len(node.shape) == 2 else "notice.dead"
            found.append(Text(scene.say(key, n=dead, of=node.shape[-1], name=scene.names[node.name])))
    return found


def _largest_derivative(scene: Scene) -> list[Block]:
    """The number that moves the output most, and by how much a small step there would move it."""
    gradients = _derivatives_known(scene)
    if scene.rows > 1 or sum(g.size for g in gradients.values()) < 2:
        return []
    sizes = {name: np.abs(gradient.reshape(-1)) for name, gradient in gradients.items()}
    tops = [size.max() for size in sizes.values()]
    most = max(tops) / (1.0 + _rounding(scene))
    if not np.isfinite(tops).all() or most == 0.0:
        return []
    name = next(name for name, size in sizes.items() if size.max() >= most)
    if crosses_kink(scene, name, scene.output):
        return []
    place = int((sizes[name] >= most).argmax())
    slope = float(gradients[name].reshape(-1)[place])
    output = scene.names[scene.output]
    entry = scene.names.entry(name, place) if scene.size(name) > 1 else scene.names[name]
    step, change = Number(SMALL_STEP), Number(slope * SMALL_STEP)
    return [Text(scene.say("notice.largest", W=entry, of=output, v=Number(slope), h=step, change=change))]


def _other_engine(scene: Scene) -> list[Block]:
    """The same gradients by another engine, where that is cheap: how many digits the two have in common."""
    other = "forward" if scene.mode == "reverse" else "reverse"
    numbers = sum(scene.size(name) for name in scene.wrt)
    told_by_other = scene.result.sampled is not None
    is_finite = all(np.isfinite(gradient).all() for gradient in scene.result.gradients.values())
    if told_by_other or not is_finite or numbers * sum(map(scene.size, scene.trace.shapes)) > MOST_CHECKED:
        return []
    check, _ = differentiate(scene.trace, other, scene.wrt)
    mode = scene.say.text(f"mode.{other}")
    if scene.mode == "numeric":
        apart = differences(scene, check.gradients)
        error = float(np.max([own.max(initial=0.0) for own in apart.values()], initial=0.0))
        style = Style.CHECK if error < AGREES else Style.WARNING
        return [Text(scene.say("notice.differs", mode=mode, e=Number(error, digits=1)), style)]
    exact = {name: np.zeros(gradient.shape) for name, gradient in scene.result.gradients.items()}
    aside = {name: gradient != 0.0 for name, gradient in exact.items()}
    pair = compare(Ran(scene.mode, scene.result, exact, 0.0), Ran(other, check, exact, 0.0), aside)
    style = Style.CHECK if pair.digits >= MIN_DIGITS else Style.WARNING
    return [Text(scene.say("notice.agrees", mode=mode, n=pair.digits), style)]
