"""The story of numeric mode: one entry worked in full, the error against the step, and all entries in a table."""

from __future__ import annotations

import math

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Step
from adcli.engines import reverse
from adcli.engines.numeric import evaluations
from adcli.explain import opening as shared
from adcli.explain.blocks import Column, Formula, Part, Row, Runs, Style, Table, Text, Words
from adcli.explain.deck import Block, Slide
from adcli.explain.maths import Bracketed, Expression, Fraction, Name, Number, Partial, Product, Role, Sum
from adcli.explain.noticing import AGREES
from adcli.explain.numeric_step import error_against_step
from adcli.explain.pictures import strip
from adcli.explain.progress import DONE, PLAIN
from adcli.explain.quotients import (
    DIGITS_MORE,
    DIGITS_OF_A_CALL,
    EXACT,
    Entry,
    differences,
    enough_digits,
    entry_of,
    first_number,
    probe,
    put_in,
    relative_error,
    turned,
)
from adcli.explain.scene import Scene

MOST_ROWS = 14
WORST = 5
DIGITS_OF_AN_ENTRY = 8
DIGITS_OF_A_QUOTIENT = 12
DIGITS_IN_THE_TABLE = 10


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """One entry, then all of them, or a sample of very many."""
    right = reverse.run(reverse.plan(scene.trace, scene.wrt)).gradients
    if not scene.flowing:
        return []
    found = turned(scene)
    first = _entry_that_matters(scene, found, right)
    return [_one(scene, first), error_against_step(scene, first), _all(scene, found, right, first)]


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
    call = first_number(scene)
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


def _calls(scene: Scene, entry: Entry, own: Name) -> Table:
    say = scene.say
    columns = (
        Column((Words(say.text("numeric.call")),)),
        Column((own,), right=True),
        Column((first_number(scene),), right=True),
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
    agrees = relative_error(entry.quotient, entry.reverse) < AGREES
    rows = (*calls, Row(quotient, phase=3, rule=True), Row(right, DONE if agrees else PLAIN, phase=3))
    return Table(columns, rows)


def _all(scene: Scene, found: dict[str, tuple[Array, Array]], right: dict[str, Array], first: Entry) -> Slide:
    """The entries that were turned, of many the worst and the best; ``first`` is told already."""
    say = scene.say
    every = [
        (name, int(at), float(q)) for name, (places, own) in found.items() for at, q in zip(places, own, strict=True)
    ]
    apart = [float(difference) for own in differences(scene, right).values() for difference in own[0]]
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
        strip=strip(scene, finished=True),
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
    call, below = first_number(scene), "(−h)" if scene.request.scheme == "central" else ""
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
