"""The story of numeric mode: one entry worked in full, the error against the step, and all entries in a table."""

from __future__ import annotations

import math

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.engines import reverse
from adcli.engines.numeric import evaluations
from adcli.explain import opening as shared
from adcli.explain.blocks import (
    DONE,
    PLAIN,
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
from adcli.explain.noticing import AGREES
from adcli.explain.pictures import strip
from adcli.explain.quotients import (
    DIGITS_MORE,
    DIGITS_OF_A_CALL,
    EXACT,
    Entry,
    call,
    enough_digits,
    entry_of,
    probe,
    put_in,
    turned,
)
from adcli.explain.scene import Scene
from adcli.notation.numbers import with_power

MOST_ROWS = 14
WORST = 5
FLOOR = 2e-16
DIGITS_OF_AN_ENTRY = 8
DIGITS_OF_A_QUOTIENT = 12
DIGITS_IN_THE_TABLE = 10
POWERS = range(16)


def opening(scene: Scene) -> list[Slide]:
    return [shared.network(scene)]


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """One entry, then all of them, or a sample of very many."""
    right = reverse.run(reverse.plan(scene.trace, scene.wrt)).gradients
    if not scene.flowing:
        return []
    found = turned(scene)
    first = _entry_that_matters(scene, found, right)
    return [_one(scene, first), _shrinking(scene, first), _all(scene, found, right, first)]


def _entry_that_matters(scene: Scene, found: dict[str, tuple[Array, Array]], right: dict[str, Array]) -> Entry:
    """The first whose derivative is not 0; the first where all are."""
    entries = [
        (name, int(place), float(quotient))
        for name, turned_places in found.items()
        if name in scene.base.flows
        for place, quotient in zip(*turned_places, strict=True)
    ]

    def matters(name: str, place: int) -> bool:
        return bool(np.asarray(right[name]).reshape(-1, scene.size(name))[0, place] != 0.0)

    chosen = next((entry for entry in entries if matters(*entry[:2])), entries[0])
    return entry_of(scene, *chosen, right)


def _one(scene: Scene, entry: Entry) -> Slide:
    say = scene.say
    name = entry.name
    central = scene.request.scheme == "central"
    own, h = scene.names.entry(name, entry.place), Name("h")
    call = _first(scene)
    partial = Partial(call, own)
    above = Product((call, Bracketed(Sum((own, h)))))
    below = Product((call, Bracketed(Sum((own, h), minus=(1,)) if central else own)))
    bottom: Expression = Product((Number(2), h)) if central else h
    rule = Formula(partial, (Part("≈", Fraction(Sum((above, below), minus=(1,)), bottom)),), say.text("numeric.rule"))
    width = Formula(h, (Part("=", Number(entry.h, digits=min(EXACT, scene.numbers.digits + DIGITS_MORE))),))
    result = Number(entry.quotient, Role.COTANGENT)
    calls = put_in(scene, entry.h, entry.f_above, entry.f_below)
    numbers = Formula(partial, (Part("≈", calls), Part("=", result)), phase=3)
    key = "numeric.entry.title" if central else "numeric.entry.title.forward"
    return Slide(
        id="numeric-entry",
        kind="numeric.entry",
        head=shared.head(scene),
        title=say(key),
        sentence=say("numeric.entry.sentence"),
        strip=strip(scene, finished=True),
        stage=(rule, width, _calls(scene, entry, own), numbers),
        note=say.text("numeric.entry.note"),
        last_phase=3,
        steps=(probe(scene, entry),),
    )


def _shrinking(scene: Scene, entry: Entry) -> Slide:
    """What happens to the error as the step shrinks."""
    say = scene.say
    errors = {scheme: _errors(scene, entry, scheme) for scheme in ("central", "forward")}
    shortest = 10.0 ** -max(POWERS)
    plot = Plot(
        say.text("numeric.plot.x"),
        say.text("numeric.plot.y"),
        (
            Series(say.text("numeric.central"), "circle", errors["central"], Role.VALUE),
            Series(say.text("numeric.one_sided"), "triangle", errors["forward"], Role.TANGENT),
        ),
        marker=(entry.h, say.text("numeric.here", h=with_power(f"{entry.h:.2g}")))
        if shortest <= entry.h <= 1.0
        else None,
        floor=(FLOOR, say.text("numeric.floor", eps=with_power(f"{FLOOR:g}"))),
        falling_x=True,
        alt=say.text("numeric.plot.alt"),
    )
    return Slide(
        id="numeric-step",
        kind="numeric.step",
        head=shared.head(scene),
        title=say("numeric.step.title", h=Name("h")),
        sentence=say("numeric.step.sentence", e=scene.names.entry(entry.name, entry.place)),
        stage=(plot, Text(_what_the_plot_says(scene, errors), phase=1)),
        note=say.text("numeric.step.note"),
        last_phase=1,
    )


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
    of_x = enough_digits(entry.above, entry.below, DIGITS_OF_AN_ENTRY, DIGITS_MORE)
    of_f = enough_digits(entry.f_above, entry.f_below, DIGITS_OF_A_CALL, scene.numbers.digits + DIGITS_MORE)
    made = ((entry.above, entry.f_above), (entry.below, entry.f_below))
    calls = [
        Row(((Words(str(i)),), (Number(x, digits=of_x),), (Number(f, Role.VALUE, of_f),)), phase=i)
        for i, (x, f) in enumerate(made, 1)
    ]
    quotient, right = (
        ((Words(say.text(key, d=DIGITS_OF_A_QUOTIENT)),), (), (Number(number, Role.COTANGENT, DIGITS_OF_A_QUOTIENT),))
        for key, number in (("numeric.quotient.digits", entry.quotient), ("numeric.reverse", entry.reverse))
    )
    agrees = _relative(entry.quotient, entry.reverse) < AGREES
    rows = (*calls, Row(quotient, phase=3, rule=True), Row(right, DONE if agrees else PLAIN, phase=3))
    return Table(columns, rows)


def _errors(scene: Scene, entry: Entry, scheme: str) -> tuple[tuple[float, float], ...]:
    """(step, relative error) of the quotient of an entry, for steps from 1 down."""
    name, place, x = entry.name, entry.place, entry.x
    points = []
    f = call(scene, name, place, x)
    for power in POWERS:
        h = 10.0**-power
        above, below = x + h, x - h if scheme == "central" else x
        if above == below:
            continue
        f_below = call(scene, name, place, below) if scheme == "central" else f
        quotient = (call(scene, name, place, above) - f_below) / (above - below)
        error = _relative(quotient, entry.reverse)
        if math.isfinite(error):
            points.append((h, max(error, FLOOR / 4)))
    return tuple(points)


def _relative(found: float, right: float) -> float:
    """The error relative to the right value; absolute where that is 0."""
    return abs(found - right) / (abs(right) or 1.0)


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


def _all(scene: Scene, found: dict[str, tuple[Array, Array]], right: dict[str, Array], first: Entry) -> Slide:
    """The entries that were turned, of many the worst and the best; ``first`` is told already."""
    say = scene.say
    every = [
        (name, int(at), float(q)) for name, (places, own) in found.items() for at, q in zip(places, own, strict=True)
    ]
    apart = _differences(scene, found, right)
    shown = list(range(len(every)))
    if len(every) > MOST_ROWS and scene.detail != "full":
        order = sorted(shown, key=lambda i: (-apart[i], i))
        shown = [*order[:WORST], order[-1]]
    entries = [entry_of(scene, *every[i], right) for i in shown]
    table = _quotients(scene, entries, [apart[i] for i in shown])
    return Slide(
        id="numeric-all",
        kind="numeric.all",
        head=shared.head(scene),
        title=_title(scene, len(every)),
        sentence=say("numeric.all.sentence" if scene.result.sampled is None else "numeric.sample.sentence"),
        stage=(table, *_what_is_shown(scene, len(every), len(shown)), _agreement(scene, apart)),
        note=say.text("numeric.all.note"),
        steps=tuple(probe(scene, entry) for entry in entries if entry[:2] != first[:2]),
    )


def _title(scene: Scene, count: int) -> Runs:
    """How many entries were turned by how many calls, and of how many."""
    calls = scene.result.evaluations or 0
    if scene.result.sampled is None:
        return scene.say("numeric.all.title", n=f"{count:,}", calls=f"{calls:,}")
    of, made = _asked_for(scene), evaluations(count, scene.request.scheme)
    return scene.say("numeric.sample.title", n=f"{count:,}", of=f"{of:,}", calls=f"{made:,}", all=f"{calls:,}")


def _asked_for(scene: Scene) -> int:
    return sum(scene.size(name) for name in scene.wrt)


def _what_is_shown(scene: Scene, count: int, rows: int) -> list[Block]:
    if scene.result.sampled is not None:
        of = f"{_asked_for(scene):,}"
        return [Text(scene.say("numeric.sample.more", n=f"{count:,}", of=of, worst=WORST))]
    return [Text(scene.say("numeric.all.more", n=WORST, of=f"{count:,}"))] if rows < count else []


def _quotients(scene: Scene, entries: list[Entry], apart: list[float]) -> Table:
    """A row for each entry: both calls, the quotient, and how far ``apart`` it is from reverse mode."""
    say = scene.say
    call, below = _first(scene), "(−h)" if scene.request.scheme == "central" else ""
    heads: list[Runs] = [
        (Words(say.text("numeric.entry")),),
        (call, Words("(+h)")),
        (call, Words(below)) if below else (call,),
        (Words(say.text("numeric.quotient")),),
        (Words(say.text("numeric.error")),),
    ]
    least = DIGITS_IN_THE_TABLE
    digits = max((enough_digits(e.f_above, e.f_below, least, scene.numbers.digits) for e in entries), default=least)
    rows = tuple(
        Row(
            (
                (scene.names.entry(entry.name, entry.place),),
                (Number(entry.f_above, Role.VALUE, digits),),
                (Number(entry.f_below, Role.VALUE, digits),),
                (Number(entry.quotient, Role.COTANGENT, 8),),
                (Number(error, digits=2),),
            )
        )
        for entry, error in zip(entries, apart, strict=True)
    )
    return Table(tuple(Column(head, i > 0) for i, head in enumerate(heads)), rows)


def _agreement(scene: Scene, apart: list[float]) -> Text:
    """To how many digits all that were turned agree with reverse mode."""
    worst = max(apart, default=0.0)
    if not (math.isfinite(worst) and worst < AGREES):
        return Text(scene.say("numeric.differ", e=Number(worst)), Style.WARNING)
    digits = min(15, math.floor(-math.log10(max(worst, 1e-15))))
    key = "numeric.agree" if scene.result.sampled is None else "numeric.sample.agree"
    return Text(scene.say(key, n=f"{len(apart):,}", d=digits), Style.CHECK)


def _differences(scene: Scene, found: dict[str, tuple[Array, Array]], right: dict[str, Array]) -> list[float]:
    """The difference from reverse mode of every entry turned, relative to the largest of its name."""
    apart: list[float] = []
    for name, (places, ours) in found.items():
        theirs = np.asarray(right[name]).reshape(-1, scene.size(name))[0]
        scale = float(np.abs(theirs).max(initial=0.0)) or 1.0
        apart += [float(d) for d in np.abs(ours - theirs[places]) / scale]
    return apart
