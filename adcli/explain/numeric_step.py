"""The error of a difference quotient against its step: a plot, and the sentence that fits its points."""

from __future__ import annotations

import math
from typing import TypeAlias

from adcli.explain import opening as shared
from adcli.explain.blocks import Runs, Text
from adcli.explain.deck import Slide
from adcli.explain.drawings import Plot, Series
from adcli.explain.maths import Name, Number, Role
from adcli.explain.pictures import strip
from adcli.explain.quotients import Entry, call, relative_error
from adcli.explain.scene import Scene
from adcli.notation.numbers import with_power

FLOOR = 2e-16
NEAR = 1e-3  # relative error below which a quotient tells the derivative
POWERS = range(16)

Points: TypeAlias = tuple[tuple[float, float], ...]


def error_against_step(scene: Scene, entry: Entry) -> Slide:
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
        strip=strip(scene, finished=True),
        stage=(plot, Text(_what_the_plot_says(scene, entry, errors), phase=1)),
        note=say.text("numeric.step.note"),
        last_phase=1,
    )


def _errors(scene: Scene, entry: Entry, scheme: str) -> Points:
    """(step, relative error) of the quotient of an entry, for steps from 1 down. ``scheme`` may also be backward."""
    name, place, x = entry.name, entry.place, entry.x
    points = []
    f = call(scene, name, place, x)
    for power in POWERS:
        h = 10.0**-power
        above, below = x if scheme == "backward" else x + h, x if scheme == "forward" else x - h
        if above == below:
            continue
        f_above, f_below = (f if at == x else call(scene, name, place, at) for at in (above, below))
        quotient = (f_above - f_below) / (above - below)
        error = relative_error(quotient, entry.reverse)
        if math.isfinite(error):
            points.append((h, max(error, FLOOR / 4)))
    return tuple(points)


def _sides_differ(scene: Scene, entry: Entry, right: Points) -> bool:
    """Whether a quotient from one of the sides never comes near the derivative: the output feels the kink."""
    if not any(warning.code == "kink" for warning in scene.warnings):
        return False
    sides = (right, _errors(scene, entry, "backward"))
    return any(min(error for _, error in points) > NEAR for points in sides if points)


def _what_the_plot_says(scene: Scene, entry: Entry, errors: dict[str, Points]) -> Runs:
    """The sentence that fits the points: no truncation error, a V, a kink, no points, or nothing to see."""
    say = scene.say
    central, one_sided = errors["central"], errors["forward"]
    if not central and not one_sided:
        return say("numeric.nothing")
    if _sides_differ(scene, entry, one_sided):
        return say("numeric.kink")
    if len(central) < 6:
        return say("numeric.flat")
    smallest = [error for h, error in central if h <= 1e-12] or [0.0]
    grows = max(smallest) > 1e3 * min(error for _, error in _without_luck(central))
    if not grows:
        if _falls(central):
            return say("numeric.falls")
        return say("numeric.steady" if central[0][1] < 1e-11 and _falls(one_sided) else "numeric.flat")
    if central[0][1] < 1e-11:
        return say("numeric.linear" if one_sided and one_sided[0][1] < 1e-11 else "numeric.exact")
    return say("numeric.vee", best=Number(best_step(central)))


def _falls(points: Points) -> bool:
    return bool(points) and points[0][1] > 1e3 * points[-1][1]


def best_step(points: Points) -> float:
    """The step between truncation and rounding; none whose error is small by chance."""
    return min(_without_luck(points), key=lambda point: point[1])[0]


def _without_luck(points: Points) -> Points:
    """``points``, from the longest step down, with errors that are not smaller than chance alone makes them.

    Rounding grows as 1/h, so that each error is at least what those at shorter steps tell of it; and at least the
    smaller one of its neighbours.
    """
    raised = []
    for i, (h, error) in enumerate(points):
        rounding = max((other * shorter / h for shorter, other in points[i + 1 :]), default=0.0)
        beside = min(other for _, other in (*points[i - 1 : i], *points[i + 1 : i + 2]))
        raised.append((h, max(error, rounding, beside)))
    return tuple(raised)
