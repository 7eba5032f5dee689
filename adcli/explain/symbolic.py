"""The story of symbolic mode: the output as a formula, derivatives as formulas, and how both grow."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from adcli.derivation import Step, derivative
from adcli.engines import symbolic as engine
from adcli.engines.formulas import Entry, Formulas, Meaning
from adcli.explain import opening as shared
from adcli.explain.blocks import Bar, Bars, Block, Formula, Part, Plot, Series, Slide, Style, Text, Words
from adcli.explain.maths import Expression, Number, Partial, Raw, Role
from adcli.explain.pictures import strip
from adcli.explain.scene import Scene
from adcli.notation.formulas import latex, text

MOST_CHARACTERS = 400
MOST_DERIVATIVES = 3
MOST_GROWN = 3000  # operations of the whole, up to which smaller networks are differentiated for the plot
MOST_DEPTHS = 6


class Written(NamedTuple):
    """A formula as text and in LaTeX, cut where it is long; ``rest``: its whole length then, else 0."""

    formula: Raw
    rest: int


def opening(scene: Scene) -> list[Slide]:
    return [shared.network(scene)]


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
    growth = _growth(scene, formulas) if scene.request.lines is None else None
    return [*found, growth] if growth else found


def _written(formulas: Formulas, expression: Any) -> Written:
    array = np.empty((), dtype=object)
    array[()] = expression
    plain, tex = str(text(formulas, array)[()]), str(latex(formulas, array)[()])
    if len(plain) <= MOST_CHARACTERS:
        return Written(Raw(plain, tex), 0)
    cut = plain[:MOST_CHARACTERS].rsplit(" ", 1)[0]
    return Written(Raw(cut, r"\text{…}"), len(plain))


def _formula(left: Expression, written: Written, scene: Scene) -> list[Block]:
    """A line where it is short; a long formula is broken at spaces, as a paragraph."""
    if not written.rest and len(written.formula.text) <= 60:
        return [Formula(left, (Part("=", written.formula),))]
    runs = (left, Words(" = "), Words(written.formula.text, code=True))
    more = (Words(" "), *scene.say("symbolic.long", n=written.rest)) if written.rest else ()
    return [Text((*runs, *more))]


def _output(scene: Scene, formulas: Formulas) -> Slide:
    say = scene.say
    stage: list[Block] = []
    if formulas.staged:
        stage.append(Text(say("symbolic.staged")))
    else:
        for place in range(min(scene.rows, 4)):
            own = scene.names.entry(scene.output, place)
            stage += _formula(own, _written(formulas, formulas.output.reshape(-1)[place]), scene)
    before = formulas.before
    bars = []
    if before is not None:
        bars.append(Bar((Words(say.text("symbolic.before")),), before, f"{before:,}", Role.VALUE))
    bars.append(Bar((Words(say.text("symbolic.after")),), formulas.after, f"{formulas.after:,}", Role.DONE))
    large = before is not None and before > 100 * max(1, formulas.after)
    alt = say.text("symbolic.output.sentence", a=f"{before:,}" if before else "∞", b=f"{formulas.after:,}")
    stage.append(Bars(say.text("symbolic.operations"), tuple(bars), large, phase=1, alt=alt))
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
        note=say.text("symbolic.output.note"),
        last_phase=1,
    )


def _entries(scene: Scene) -> list[tuple[str, int]]:
    """The numbers to tell of: the first of each name, then the others."""
    names = [name for name in scene.wrt if name in scene.base.flows]
    first = [(name, 0) for name in names]
    return [*first, *((name, place) for name in names for place in range(1, scene.size(name)))]


def _derivative(scene: Scene, formulas: Formulas, name: str, place: int, left_out: int) -> Slide:
    say = scene.say
    left = Partial(scene.names.entry(scene.output, 0), scene.names.entry(name, place))
    count = scene.size(name)
    expression = formulas.gradients[name].reshape(-1, count)[0, place]
    written = _written(formulas, expression)
    value = float(np.asarray(scene.result.gradients[name]).reshape(-1, count)[0, place])
    stage = _formula(left, written, scene)
    put_in = _written(_with_numbers(scene, formulas), expression)
    result = Number(value, Role.COTANGENT)
    if not put_in.rest:
        numbers = Raw(put_in.formula.text, put_in.formula.latex)
        if len(numbers.text) <= 60:
            stage.append(Formula(left, (Part("=", numbers, 1), Part("=", result, 2)), done=True, phase=1))
        else:
            stage.append(Text((left, Words(" = "), Words(numbers.text, code=True)), phase=1))
            stage.append(Formula(left, (Part("=", result, 2),), done=True, phase=2))
    else:
        stage.append(Formula(left, (Part("=", result, 2),), done=True, phase=2))
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
        stage=(plot,),
        note=say.text("symbolic.growth.note"),
    )
