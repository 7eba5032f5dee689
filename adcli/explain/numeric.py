"""The story of numeric mode: one entry worked in full, the error against the step, and all entries in a table."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Step, derivative
from adcli.engines import numeric as engine
from adcli.engines import reverse
from adcli.engines.structure import evaluate
from adcli.explain import opening as shared
from adcli.explain.blocks import (
    DONE,
    Block,
    Column,
    Formula,
    Part,
    Plot,
    Row,
    Runs,
    Series,
    Slide,
    Style,
    Table,
    Text,
    Words,
)
from adcli.explain.maths import Bracketed, Expression, Fraction, Name, Number, Partial, Product, Role, Sum
from adcli.explain.pictures import strip
from adcli.explain.scene import Scene

MOST_ROWS = 14
WORST = 5
FLOOR = 2e-16
EXACT = 17  # significant digits that tell one double from every other
POWERS = range(16)


class Entry(NamedTuple):
    """One number that is turned: the ``place`` of ``name``, its calls, quotient and reverse mode's value."""

    name: str
    place: int
    x: float
    above: float
    below: float
    f_above: float
    f_below: float
    quotient: float
    reverse: float

    @property
    def error(self) -> float:
        return relative_error(self.quotient, self.reverse)


def relative_error(found: float, right: float) -> float:
    """Relative to the right value; absolute where that is 0."""
    return abs(found - right) / (abs(right) or 1.0)


def opening(scene: Scene) -> list[Slide]:
    return [shared.network(scene)]


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """One entry, then all of them."""
    right = reverse.run(reverse.plan(scene.trace, scene.wrt)).gradients
    if not scene.flowing:
        return []
    return [_one(scene, right), _all(scene, right)]


def _entry(scene: Scene, name: str, place: int, right: dict[str, Array]) -> Entry:
    scheme, h = scene.request.scheme, scene.request.step
    x = float(scene.value(name).reshape(-1)[place])
    step = float(engine.steps(np.array([x]), scheme, h)[0])
    above, below = x + step, x - step if scheme == "central" else x
    f_above, f_below = _call(scene, name, place, above), _call(scene, name, place, below)
    count = scene.size(name)
    quotient = float(np.asarray(scene.result.gradients[name]).reshape(-1, count)[0, place])
    exact = float(np.asarray(right[name]).reshape(-1, count)[0, place])
    return Entry(name, place, x, above, below, f_above, f_below, quotient, exact)


def _call(scene: Scene, name: str, place: int, x: float) -> float:
    """The first number of the output, with one number of a leaf or a value changed."""
    base = scene.base
    if name not in scene.trace.leaves:
        return _call_inside(scene, name, place, x)
    start = list(base.start)
    changed = np.array(start[base.slots[name]], dtype=float)
    changed.reshape(-1)[place] = x
    start[base.slots[name]] = changed
    values = evaluate(base._replace(start=start))
    return float(np.asarray(values[base.slots[scene.output]]).reshape(-1)[0])


def _call_inside(scene: Scene, name: str, place: int, x: float) -> float:
    """The same for a value of the trace: the steps after it run with the changed value."""
    base = scene.base
    values = [scene.result.values.get(key) for key in base.slots]
    changed = np.array(values[base.slots[name]], dtype=float)
    changed.reshape(-1)[place] = x
    values[base.slots[name]] = changed
    seen = False
    for node, (call, read, out) in zip(scene.trace.nodes, base.calls, strict=True):
        if seen:
            values[out] = call(*read(values))
        seen = seen or node.name == name
    return float(np.asarray(values[base.slots[scene.output]]).reshape(-1)[0])


def _one(scene: Scene, right: dict[str, Array]) -> Slide:
    say = scene.say
    name = next(n for n in scene.wrt if n in scene.base.flows)
    entry = _entry(scene, name, 0, right)
    central = scene.request.scheme == "central"
    own, h = scene.names.entry(name, 0), Name("h")
    call = _first(scene)
    partial = Partial(call, own)
    above = Product((call, Bracketed(Sum((own, h)))))
    below = Product((call, Bracketed(Sum((own, h), minus=(1,)) if central else own)))
    bottom: Expression = Product((Number(2), h)) if central else h
    rule = Formula(partial, (Part("≈", Fraction(Sum((above, below), minus=(1,)), bottom)),), say.text("numeric.rule"))
    step = (entry.above - entry.below) / 2 if central else entry.above - entry.below
    width = Formula(h, (Part("=", Number(step, digits=EXACT)),))
    calls = Sum((Number(entry.f_above, Role.VALUE, EXACT), Number(entry.f_below, Role.VALUE, EXACT)), minus=(1,))
    put_in = Fraction(calls, Number(entry.above - entry.below, digits=EXACT))
    result = Number(entry.quotient, Role.COTANGENT, 12)
    numbers = Formula(partial, (Part("≈", put_in), Part("=", result)), phase=3)
    errors = {scheme: _errors(scene, name, entry.reverse, scheme) for scheme in ("central", "forward")}
    plot = Plot(
        say.text("numeric.plot.x"),
        say.text("numeric.plot.y"),
        (
            Series(say.text("numeric.central"), "circle", errors["central"], Role.VALUE),
            Series(say.text("numeric.one_sided"), "triangle", errors["forward"], Role.TANGENT),
        ),
        marker=(step, say.text("numeric.here", h=f"{step:.2g}")),
        floor=(FLOOR, say.text("numeric.floor")),
        falling_x=True,
        phase=4,
        alt=say.text("numeric.plot.alt"),
    )
    key = "numeric.entry.title" if central else "numeric.entry.title.forward"
    return Slide(
        id="numeric-entry",
        kind="numeric.entry",
        head=shared.head(scene),
        title=say(key, h=h),
        sentence=say("numeric.entry.sentence"),
        strip=strip(scene, finished=True),
        stage=(rule, width, _calls(scene, entry, own), numbers, Text(_what_the_plot_says(scene, errors), phase=4)),
        side=(plot,),
        note=say.text("numeric.entry.note"),
        last_phase=4,
        steps=(probe(scene, entry),),
    )


def probe(scene: Scene, entry: Entry) -> Step:
    """A quotient as a step of the derivation: both calls, and what they give."""
    above = Operand("above", (), lambda: np.array(entry.f_above))
    below = Operand("below", (), lambda: np.array(entry.f_below))
    width = Operand("above - below", (), lambda: np.array(entry.above - entry.below))
    value = derivative(scene.output, entry.name, (), lambda: np.array(entry.quotient))
    return Step("numeric.probe", entry.name, (above, below, width), value, (entry.name,), (), 0, 0, entry.place)


def _first(scene: Scene) -> Name:
    """The output, or the first number of it."""
    return scene.names.entry(scene.output, 0)


def _calls(scene: Scene, entry: Entry, own: Name) -> Table:
    say = scene.say
    columns = (
        Column((Words(say.text("numeric.call")),)),
        Column((own,), right=True),
        Column((_first(scene),), right=True),
    )
    digits = 13
    rows = (
        Row(((Words("1"),), (Number(entry.above, digits=8),), (Number(entry.f_above, Role.VALUE, digits),)), phase=1),
        Row(((Words("2"),), (Number(entry.below, digits=8),), (Number(entry.f_below, Role.VALUE, digits),)), phase=2),
        Row(
            ((Words(say.text("numeric.quotient")),), (), (Number(entry.quotient, Role.COTANGENT, 12),)),
            phase=3,
            rule=True,
        ),
        Row(((Words(say.text("numeric.reverse")),), (), (Number(entry.reverse, Role.COTANGENT, 12),)), DONE, phase=3),
    )
    return Table(columns, rows)


def _errors(scene: Scene, name: str, right: float, scheme: str) -> tuple[tuple[float, float], ...]:
    """(step, relative error) of the quotient of the first entry, for steps from 1 down."""
    x = float(scene.value(name).reshape(-1)[0])
    points = []
    f = _call(scene, name, 0, x)
    for power in POWERS:
        h = 10.0**-power
        above, below = x + h, x - h if scheme == "central" else x
        if above == below:
            continue
        f_below = _call(scene, name, 0, below) if scheme == "central" else f
        error = relative_error((_call(scene, name, 0, above) - f_below) / (above - below), right)
        if math.isfinite(error):
            points.append((h, max(error, FLOOR / 4)))
    return tuple(points)


def _what_the_plot_says(scene: Scene, errors: dict[str, tuple[tuple[float, float], ...]]) -> Runs:
    """The sentence that fits the points: no truncation error, a V, a kink, or nothing to see."""
    say = scene.say
    if any(warning.code == "kink" for warning in scene.warnings):
        return say("numeric.kink")
    central, one_sided = errors["central"], errors["forward"]
    if len(central) < 6:
        return say("numeric.flat")
    smallest = [error for h, error in central if h <= 1e-12] or [0.0]
    grows = max(smallest) > 1e3 * min(error for _, error in central)
    if not grows:
        return say("numeric.flat")
    if central[0][1] < 1e-11:
        return say("numeric.linear" if one_sided and one_sided[0][1] < 1e-11 else "numeric.exact")
    best = min(central, key=lambda point: point[1])[0]
    return say("numeric.vee", best=Number(best))


def _all(scene: Scene, right: dict[str, Array]) -> Slide:
    say = scene.say
    places = [(name, place) for name in scene.wrt for place in range(scene.size(name))]
    count = len(places)
    found = _differences(scene, right)
    stage: list[Block] = []
    if count > MOST_ROWS and scene.detail != "full":
        order = sorted(range(count), key=lambda i: (-found[i], i))
        places = [places[i] for i in (*order[:WORST], order[-1])]
        stage.append(Text(say("numeric.all.more", n=WORST, of=count)))
    call, below = _first(scene), "(−h)" if scene.request.scheme == "central" else ""
    heads: list[Runs] = [
        (Words(say.text("numeric.entry")),),
        (call, Words("(+h)")),
        (call, Words(below)) if below else (call,),
        (Words(say.text("numeric.quotient")),),
        (Words(say.text("numeric.error")),),
    ]
    columns = tuple(Column(head, i > 0) for i, head in enumerate(heads))
    rows = []
    for name, place in places:
        entry = _entry(scene, name, place, right)
        rows.append(
            Row(
                (
                    (scene.names.entry(name, place),),
                    (Number(entry.f_above, Role.VALUE, 10),),
                    (Number(entry.f_below, Role.VALUE, 10),),
                    (Number(entry.quotient, Role.COTANGENT, 8),),
                    (Words(f"{entry.error:.1e}" if entry.error else "0"),),
                )
            )
        )
    worst = max(found, default=0.0)
    if math.isfinite(worst) and worst < 0.1:
        digits = min(15, math.floor(-math.log10(max(worst, 1e-15))))
        closing = Text(say("numeric.agree", n=count, d=digits), Style.CHECK)
    else:
        closing = Text(say("numeric.differ", e=Number(worst)), Style.WARNING)
    return Slide(
        id="numeric-all",
        kind="numeric.all",
        head=shared.head(scene),
        title=say("numeric.all.title", n=count, calls=scene.result.evaluations or 0),
        sentence=say("numeric.all.sentence"),
        stage=(Table(columns, tuple(rows)), *stage, closing),
        note=say.text("numeric.all.note"),
        steps=tuple(probe(scene, _entry(scene, name, place, right)) for name, place in places),
    )


def _differences(scene: Scene, right: dict[str, Array]) -> list[float]:
    """The relative difference from reverse mode of every entry asked for, for the first number of the output."""
    found: list[float] = []
    for name in scene.wrt:
        size = scene.size(name)
        ours = np.asarray(scene.result.gradients[name]).reshape(-1, size)[0]
        theirs = np.asarray(right[name]).reshape(-1, size)[0]
        scale = float(np.abs(theirs).max(initial=0.0)) or 1.0
        found += [float(d) for d in np.abs(ours - theirs) / scale]
    return found
