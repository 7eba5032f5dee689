"""What numeric differentiation can say of its own result: errors, kinks, and steps that are lost in rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.diagnose import MOST_OF_A_STEP, Warning, component
from adcli.engines.nudge import nudged_structure
from adcli.engines.numeric import MOST_NUMBERS_AT_ONCE, RELATIVE_STEP, Sides, path_of, sides, steps
from adcli.engines.structure import Kink, Result, Structure, evaluate

_FINER_STEPS = 9
_SETTLED = 1e-3  # of a quotient, that its error may be
_FINE = 64.0  # how much shorter the step is that tells whether the usual one is short enough
_NUDGES = 3
_MARGIN = 1.2  # for the terms of higher order that the double step shows
_LOST = 0.01  # of a quotient, that rounding may make

Entry = tuple[str, tuple[int, ...]]


class Assessment(NamedTuple):
    """What the engine thinks of its own result.

    ``errors``: name → an estimate for each quotient, output entries × entries looked at; infinite where it knows
    nothing. ``cancelled``: steps that are lost in rounding, by name and index.
    """

    errors: dict[str, Array]
    kinks: list[Kink]
    cancelled: list[Entry]


class Turned(NamedTuple):
    """Entries of a name: their flat ``places``, their numbers ``x`` and the step ``h`` of each."""

    name: str
    places: Array
    x: Array
    h: Array


def assess(
    base: Structure,
    result: Result,
    made: dict[str, Sides],
    step: float | None = None,
    places: Mapping[str, Array] | None = None,
) -> Assessment:
    """Estimate the errors of ``result``, and tell kinks, by quotients at longer and shorter steps.

    ``made``: the quotients of the run, for all entries of each name, or for those at ``places``.
    """
    errors: dict[str, Array] = {}
    kinks: list[Kink] = []
    cancelled: list[Entry] = []
    scheme = result.scheme or "central"
    noise = _noise(base, result.values)
    for name in base.wrt:
        shape = base.trace.shapes[name]
        numbers = np.asarray(result.values[name]).reshape(-1)
        own = np.arange(len(numbers)) if places is None else places[name]
        turned = Turned(name, own, numbers[own], steps(numbers[own], scheme, step))
        x, h, rounding = turned.x, turned.h, noise / turned.h
        once = made[name] if scheme == "central" else _again(base, result, turned, 1.0)
        twice = _again(base, result, turned, 2.0)
        errors[name] = _errors(base, result, turned, rounding, once, twice)
        lost = (x + h == x) | (x - h == x)
        found = _at_kinks(base, result, turned, rounding, once, twice) & ~lost
        kinks += [_kink(name, _index(shape, int(own[column])), row, column, once) for row, column in np.argwhere(found)]
        if step is None:
            lost |= _lost_on_the_way(base, result.values, turned, rounding, made[name].quotient)
        cancelled += [(name, _index(shape, int(own[column]))) for column in np.flatnonzero(lost)]
    return Assessment(errors, kinks, cancelled)


def _again(base: Structure, result: Result, turned: Turned, factor: float) -> Sides:
    """The central quotients of the same entries, with steps that are so many times as long."""
    return sides(base, result.values, turned.name, factor * turned.h, "central", turned.places)


def _errors(base: Structure, result: Result, turned: Turned, rounding: Array, once: Sides, twice: Sides) -> Array:
    """How far off each quotient may be: truncation, by the double step, and rounding.

    Where a much shorter step tells another story, the usual one hides something: then the distance counts, and
    nothing is known where the quotient keeps growing.
    """
    x, h = turned.x, turned.h
    if result.scheme == "forward":
        chosen, change = once.right, np.abs(twice.right - once.right)
    else:
        one_sided = ~(np.isfinite(once.left) & np.isfinite(once.right))
        chosen, change = once.quotient, np.abs(twice.quotient - once.quotient) / np.where(one_sided, 1.0, 3.0)
    error = _MARGIN * change + rounding
    fine = _again(base, result, turned, 1.0 / _FINE).quotient
    distance = np.abs(fine - chosen)
    hidden = distance > 1.5 * error + 4.0 * _FINE * rounding
    hidden &= (x + h / _FINE != x) & (x - h / _FINE != x)
    told = np.where(np.abs(fine) > 2.0 * np.abs(chosen), np.inf, distance * _FINE / (_FINE - 8.0))
    estimate: Array = np.nan_to_num(np.where(hidden, told, error), nan=np.inf, posinf=np.inf)
    return estimate


def _at_kinks(base: Structure, result: Result, turned: Turned, rounding: Array, once: Sides, twice: Sides) -> Array:
    """Where left and right quotient differ, and neither moves as the step changes.

    The gap between them changes with the step where curvature makes it, and stays where a kink does.
    """
    gap = np.abs(once.right - once.left)
    wide: Array = gap > 64 * rounding + 1e-5 * (np.abs(once.left) + np.abs(once.right))
    if not any(primitive.kink for _, primitive in path_of(base, turned.name).nodes):
        return np.zeros_like(wide)
    wide &= _moved(once, twice) < 0.25 * gap
    if wide.any():
        wide &= _moved(once, _again(base, result, turned, 0.5)) < 0.25 * gap
    return wide


def _moved(once: Sides, other: Sides) -> Array:
    moved: Array = np.maximum(np.abs(other.left - once.left), np.abs(other.right - once.right))
    return moved


def _lost_on_the_way(
    base: Structure, values: dict[str, Array], turned: Turned, rounding: Array, quotient: Array
) -> Array:
    """Where a step that is relative to a small number is too short for the numbers that come after it.

    There rounding makes all of the quotient, and the step that is taken at 0 gives another one.
    """
    h = turned.h
    lost = np.zeros(h.shape, dtype=bool)
    absolute = RELATIVE_STEP["central"]
    own = np.flatnonzero((h < _LOST * absolute) & (rounding > _LOST * np.abs(quotient)).any(axis=0))
    if own.size:
        longer = np.full(own.shape, absolute)
        again = sides(base, values, turned.name, longer, "central", turned.places[own]).quotient
        apart = np.abs(again - quotient[:, own]) > rounding[:, own] / 64.0
        lost[own] = (apart & (rounding[:, own] > _LOST * np.abs(again))).any(axis=0)
    return lost


def _kink(name: str, place: tuple[int, ...], row: int, column: int, once: Sides) -> Kink:
    return Kink(name, place, int(row), float(once.left[row, column]), float(once.right[row, column]))


def _index(shape: Shape, column: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(column, shape))


def settled(base: Structure, values: dict[str, Array], name: str) -> tuple[Array, Array]:
    """The quotients of ``name`` at the step where each settles best, and their errors (infinite where none settles).

    Both are output entries × entries of the name. Each step is an eighth of the one before.
    """
    noise = _noise(base, values)
    h = steps(np.asarray(values[name]), "central")
    before = sides(base, values, name, h, "central").quotient
    last = np.full(before.shape, np.inf)
    best, error = before, last
    for _ in range(_FINER_STEPS):
        h = h / 8.0
        here, left, right = sides(base, values, name, h, "central")
        change = np.nan_to_num(np.abs(here - before), nan=np.inf)
        # Two small changes in a row, not one by chance; and both sides must meet, or the step hides a bend.
        guess = np.maximum(change, last / 8.0) + np.abs(right - left) / 2.0 + 4.0 * noise / h
        best, error = np.where(guess < error, here, best), np.minimum(guess, error)
        before, last = here, change
    return best, np.where(error <= _SETTLED * np.abs(best), error, np.inf)


def _noise(base: Structure, values: dict[str, Array]) -> Array:
    """How far off each entry of the output may be: its last bit, or what the last bits of all numbers make of it."""
    f = np.asarray(values[base.trace.output]).reshape(-1, 1)
    noise: Array = np.finfo(float).eps * np.abs(f)
    for seed in range(_NUDGES):
        others = evaluate(nudged_structure(base, seed))
        moved = np.abs(np.asarray(others[base.slots[base.trace.output]]).reshape(-1, 1) - f)
        noise = np.where(np.isfinite(moved), np.maximum(noise, moved), noise)
    return noise


def warnings(base: Structure, result: Result, found: list[Warning], assessment: Assessment) -> list[Warning]:
    """The warnings ``found``, those of kinks with the quotients of either side, and what else the quotients showed."""
    at_kinks = [w for w in found if w.code == "kink"]
    quotients = dict(zip(map(id, at_kinks), _of_kinks(base, result, assessment.kinks, at_kinks), strict=True))
    complete = [replace(w, message=f"{w.message}; {quotients[id(w)]}") if id(w) in quotients else w for w in found]
    if not at_kinks:
        near = assessment.kinks[:MOST_OF_A_STEP]
        complete += [Warning("kink", k.name, k.place, f"near a kink: {_two_quotients(k)}") for k in near]
    for name, index in assessment.cancelled[:MOST_OF_A_STEP]:
        message = f"the step is lost in rounding at {component(name, index)}: take a larger one"
        complete.append(Warning("cancellation", name, index, message))
    return complete


def _of_kinks(base: Structure, result: Result, kinks: Sequence[Kink], at_kinks: Sequence[Warning]) -> list[str]:
    """For each warning the quotients of an entry asked for that meets its kink, or of the argument itself."""
    arguments = {node.name: str(node.arguments[0]) for node in base.trace.nodes}
    reached = {name: _reached(base, result, kinks, name) for name in dict.fromkeys(arguments[w.name] for w in at_kinks)}
    told = []
    for warning in at_kinks:
        own = _of_component(base, result.values, arguments[warning.name], warning.index or ())
        candidates = (k for k, into in reached[arguments[warning.name]] if k.row == own.row and into[own.place])
        told.append(_two_quotients(next(candidates, own)))
    return told


def _of_component(base: Structure, values: dict[str, Array], name: str, place: tuple[int, ...]) -> Kink:
    """The quotients of the output entry that feels the kink at ``place`` of ``name`` most."""
    x = np.asarray(values[name])
    flat = np.array([_flat(place, x.shape)])
    found = sides(base, values, name, steps(x.reshape(-1)[flat], "central"), "central", flat)
    row = int(np.argmax(np.nan_to_num(np.abs(found.right - found.left))))
    return Kink(name, place, row, float(found.left[row, 0]), float(found.right[row, 0]))


def _reached(base: Structure, result: Result, kinks: Sequence[Kink], into: str) -> list[tuple[Kink, Array]]:
    """Of the first kinks, which entries of ``into`` their perturbations change."""
    moved = base._replace(trace=replace(base.trace, output=into))
    shape = base.trace.shapes[into]
    found = []
    for name in dict.fromkeys(kink.name for kink in kinks):
        if name != into and all(node.name != into for node, _ in path_of(moved, name).nodes):
            continue
        own = [kink for kink in kinks if kink.name == name][: max(1, MOST_NUMBERS_AT_ONCE // math.prod(shape))]
        x = np.asarray(result.values[name])
        flat = np.array([_flat(kink.place, x.shape) for kink in own])
        right = sides(moved, result.values, name, steps(x.reshape(-1)[flat], "central"), "forward", flat).right
        found += [(kink, column.reshape(shape) != 0.0) for kink, column in zip(own, right.T, strict=True)]
    return found


def _flat(place: tuple[int, ...], shape: Shape) -> int:
    return int(np.ravel_multi_index(place, shape)) if place else 0


def _two_quotients(kink: Kink) -> str:
    left, right = (f"{number:.6g}" for number in (kink.left, kink.right))
    return f"for {component(kink.name, kink.place)} the quotient is {left} from the left and {right} from the right"
