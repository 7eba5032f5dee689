"""The story of symbolic mode: the output as a formula, derivatives as formulas, and how both grow."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from adcli.derivation import Step, derivative
from adcli.engines import symbolic as engine
from adcli.engines.formulas import Entry, Formulas, Meaning
from adcli.explain import opening as shared
from adcli.explain.blocks import Formula, Part, Style, Text, Words
from adcli.explain.closing import operations
from adcli.explain.deck import Block, Slide
from adcli.explain.drawings import Plot, Series
from adcli.explain.maths import Expression, Number, Raw, Role
from adcli.explain.pictures import strip
from adcli.explain.scene import Scene
from adcli.notation.broken import pieces
from adcli.notation.formulas import label, latex_label

MOST_CHARACTERS = 400
MOST_ON_A_LINE = 60
MOST_DERIVATIVES = 4
MOST_GROWN = 3000  # operations of the whole, up to which smaller networks are differentiated for the plot
MOST_DEPTHS = 6


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """The output, some derivatives, and the growth of both."""
    formulas = scene.result.formulas
    assert formulas is not None
    found = [_output(scene, formulas)]
    if formulas.staged:
        return found
    entries = _entries(scene)
    shown = entries if scene.detail == "full" else entries[:MOST_DERIVATIVES]
    for index, (name, place) in enumerate(shown):
        left_out = len(entries) - len(shown) if index == len(shown) - 1 else 0
        found.append(_derivative(scene, formulas, name, place, left_out))
    growth = None if scene.is_program else _growth(scene, formulas)
    return [*found, growth] if growth else found


def _formula(left: Expression, formulas: Formulas, expression: Any, scene: Scene, phase: int = 0) -> list[Block]:
    """A line where it is short; a long formula is a paragraph of mathematics, cut after MOST_CHARACTERS."""
    broken = pieces(formulas, expression)
    if len(broken) == 1 and len(broken[0].text) <= MOST_ON_A_LINE:
        return [Formula(left, (Part("=", Raw(*broken[0])),), phase=phase)]
    ends = list(accumulate(len(piece.text) for piece in broken))
    shown = [piece for piece, end in zip(broken, ends, strict=True) if end <= MOST_CHARACTERS]
    runs: list[Words | Expression] = [left, Words(" =")]
    for piece in shown:
        runs += [Words(" "), Raw(*piece)]
    if len(shown) < len(broken):
        runs += [Words(" "), *scene.say("symbolic.long", n=f"{ends[-1]:,}")]
    return [Text(tuple(runs), phase=phase)]


def _output(scene: Scene, formulas: Formulas) -> Slide:
    say = scene.say
    stage: list[Block] = []
    if formulas.staged:
        stage.append(Text(say("symbolic.staged")))
    else:
        for place in range(min(scene.rows, 4)):
            own = scene.names.entry(scene.output, place)
            stage += _formula(own, formulas, formulas.output.reshape(-1)[place], scene)
    before = formulas.before
    stage.append(operations(scene, formulas, phase=1))
    return Slide(
        id="symbolic-output",
        kind="symbolic.output",
        head=shared.head(scene),
        title=say("symbolic.output.title"),
        sentence=()
        if before is None
        else say("symbolic.output.sentence", n=before, a=f"{before:,}", b=f"{formulas.after:,}"),
        strip=strip(scene, finished=True),
        stage=tuple(stage),
        note=say.text("symbolic.staged.note" if formulas.staged else "symbolic.output.note"),
        last_phase=1,
    )


def _entries(scene: Scene) -> list[tuple[str, int]]:
    """The numbers to tell of: the first of each name, then the others."""
    names = [name for name in scene.wrt if name in scene.base.flows]
    first = [(name, 0) for name in names]
    return [*first, *((name, place) for name in names for place in range(1, scene.size(name)))]


def _derivative(scene: Scene, formulas: Formulas, name: str, place: int, left_out: int) -> Slide:
    say = scene.say
    left = _slope(scene, name, place)
    count = scene.size(name)
    expression = formulas.gradients[name].reshape(-1, count)[0, place]
    value = float(np.asarray(scene.result.gradients[name]).reshape(-1, count)[0, place])
    result = Part("=", Number(value, Role.COTANGENT), 2)
    stage = _formula(left, formulas, expression, scene)
    put_in = _formula(left, _with_numbers(scene, formulas), expression, scene, phase=1)[0]
    if isinstance(put_in, Formula):
        stage.append(put_in._replace(parts=(put_in.parts[0], result), done=True))
    else:
        stage += [put_in, Formula(left, (result,), done=True, phase=2)]
    if left_out:
        stage.append(Text(say("symbolic.more", n=left_out), Style.ASIDE, phase=2))
    step = Step(
        "symbolic.derivative",
        name,
        (),
        derivative(scene.output, name, (), lambda: np.array(value)),
        (),
        (),
        0,
        0,
        place,
    )
    return Slide(
        id=f"symbolic-{name}-{place + 1}",
        kind="symbolic.derivative",
        head=shared.head(scene),
        title=say("symbolic.one.title", d=left),
        sentence=say("symbolic.one.sentence"),
        strip=strip(scene, finished=True),
        stage=tuple(stage),
        note=say.text("symbolic.one.note"),
        last_phase=2,
        steps=(step,),
    )


def _slope(scene: Scene, name: str, place: int) -> Raw:
    """∂ℓ/∂W1₁₁, the entry as the formulas write it."""
    entry = Entry(name, scene.shape(name), tuple(map(int, np.unravel_index(place, scene.shape(name)))))
    tex = rf"\partial ⟦of⟧/\partial {latex_label(entry)}"
    return Raw(f"∂⟦of⟧/∂{label(entry)}", tex, arguments=(("of", scene.names.entry(scene.output, 0)),))


def _with_numbers(scene: Scene, formulas: Formulas) -> Formulas:
    """The same formulas, each symbol standing for its number."""
    meanings: dict[Any, Meaning] = {
        symbol: float(scene.value(meaning.name)[meaning.place]) if isinstance(meaning, Entry) else meaning
        for symbol, meaning in formulas.meanings.items()
    }
    return formulas._replace(meanings=meanings)


def _growth(scene: Scene, formulas: Formulas) -> Slide | None:
    """Operations of the network cut off after each of its steps; None where that would take too long."""
    nodes = scene.flowing
    if formulas.before is None or formulas.before > MOST_GROWN or len(nodes) < 2:
        return None
    points: list[tuple[int, int, int]] = []
    for depth, node in enumerate(nodes[-MOST_DEPTHS:], len(nodes) - min(len(nodes), MOST_DEPTHS) + 1):
        if math.prod(node.shape) > 64:
            return None
        cut = replace(scene.trace, output=node.name)
        made = engine.run(engine.plan(cut, scene.wrt)).formulas
        if made is not None and made.before and made.after:
            points.append((depth, made.before, made.after))
    if len(points) < 2:
        return None
    (depth, before, _), (deepest, most, _) = points[0], points[-1]
    faster = most * depth > before * deepest
    say = scene.say
    series = (
        Series(say.text("symbolic.before"), "circle", tuple((float(d), float(b)) for d, b, _ in points), Role.VALUE),
        Series(say.text("symbolic.after"), "triangle", tuple((float(d), float(a)) for d, _, a in points), Role.DONE),
    )
    plot = Plot(
        say.text("symbolic.x"), say.text("symbolic.y"), series, linear_x=True, alt=say.text("symbolic.plot.alt")
    )
    return Slide(
        id="symbolic-growth",
        kind="symbolic.growth",
        head=shared.head(scene),
        title=say("symbolic.growth.title" if faster else "symbolic.growth.plain"),
        sentence=say("symbolic.growth.sentence"),
        strip=strip(scene, finished=True),
        stage=(plot,),
        note=say.text("symbolic.growth.note"),
    )
