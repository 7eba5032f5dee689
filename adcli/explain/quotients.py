"""Difference quotients as numeric mode's story shows them: the calls, what they give, and digits to follow it by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Step, derivative
from adcli.engines import numeric as engine
from adcli.engines.diagnose import component
from adcli.engines.structure import evaluate
from adcli.explain.maths import Expression, Fraction, Name, Number, Product, Role, Sum
from adcli.explain.scene import Scene

DIGITS_OF_A_CALL = 14  # 1156.0028823981
DIGITS_MORE = 2  # than the slide's: what is computed again from them is right in the slide's
EXACT = 17  # significant digits that tell one double from every other


class Entry(NamedTuple):
    """One number that is turned: the ``place`` of ``name``, its calls, quotient and reverse mode's value.

    ``h`` is the step as the calls have it, for x ± h is rounded; where it is lost in rounding, as it was asked for.
    """

    name: str
    place: int
    x: float
    h: float
    above: float
    below: float
    f_above: float
    f_below: float
    quotient: float
    reverse: float


def turned(scene: Scene) -> dict[str, tuple[Array, Array]]:
    """Name → the flat places that were turned, and their quotients for the first number of the output."""
    return {name: (places, found[0]) for name, (places, found) in _all_rows(scene).items()}


def _all_rows(scene: Scene) -> Mapping[str, tuple[Array, Array]]:
    """The same with the quotients of every number of the output: output size × places."""
    return scene.result.sampled or {
        name: (np.arange(scene.size(name)), np.asarray(scene.result.gradients[name]).reshape(-1, scene.size(name)))
        for name in scene.wrt
    }


def differences(scene: Scene, right: Mapping[str, Array]) -> dict[str, Array]:
    """Name → how far each quotient is from ``right``, output size × places turned.

    Relative to the largest entry of the name; absolute where all of them are 0.
    """
    apart = {}
    for name, (places, quotients) in _all_rows(scene).items():
        theirs = np.asarray(right[name]).reshape(-1, scene.size(name))
        apart[name] = np.abs(quotients - theirs[:, places]) / (float(np.abs(theirs).max(initial=0.0)) or 1.0)
    return apart


def entry_of(scene: Scene, name: str, place: int, quotient: float, right: dict[str, Array]) -> Entry:
    """The entry with both of its calls made once more."""
    x = float(scene.value(name).reshape(-1)[place])
    step = float(engine.steps(np.array([x]), scene.request.scheme, scene.request.step)[0])
    central = scene.request.scheme == "central"
    above, below = x + step, x - step if central else x
    h = (above - below) / (2 if central else 1) or step
    f_above, f_below = call(scene, name, place, above), call(scene, name, place, below)
    exact = float(np.asarray(right[name]).reshape(-1, scene.size(name))[0, place])
    return Entry(name, place, x, h, above, below, f_above, f_below, quotient, exact)


def call(scene: Scene, name: str, place: int, x: float) -> float:
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
    for node, (evaluated, read, out) in zip(scene.trace.nodes, base.calls, strict=True):
        if seen:
            values[out] = evaluated(*read(values))
        seen = seen or node.name == name
    return float(np.asarray(values[base.slots[scene.output]]).reshape(-1)[0])


def probe(scene: Scene, entry: Entry) -> Step:
    """A quotient as a step of the derivation: the entry, its step h, both calls, and what they give."""
    index = tuple(int(i) for i in np.unravel_index(entry.place, scene.shape(entry.name)))
    numbers = {component(entry.name, index): entry.x, "h": entry.h, "above": entry.f_above, "below": entry.f_below}
    operands = tuple(_number(name, number) for name, number in numbers.items())
    value = derivative(scene.output, entry.name, (), lambda: np.array(entry.quotient))
    return Step("numeric.probe", entry.name, operands, value, (entry.name,), (), 0, 0, entry.place)


def _number(name: str, number: float) -> Operand:
    return Operand(name, (), lambda: np.array(number))


def put_in(scene: Scene, h: float, above: float, below: float) -> Expression:
    """``(1156.0028823981 − 1155.9971176055) / (2·6.05545e-06)``: what gives the quotient in the slide's digits."""
    digits = min(EXACT, scene.numbers.digits + DIGITS_MORE)
    own = enough_digits(above, below, DIGITS_OF_A_CALL, digits)
    calls = Sum((Number(above, Role.VALUE, own), Number(below, Role.VALUE, own)), minus=(1,))
    step = Number(h, digits=digits)
    return Fraction(calls, Product((Number(2), step), dot=True) if scene.request.scheme == "central" else step)


def enough_digits(number: float, other: float, least: int, of_the_difference: int) -> int:
    """At least ``least`` significant digits, and so many that as many of the difference are right as are asked for."""
    difference, size = abs(number - other), max(abs(number), abs(other))
    if difference == 0.0 or not math.isfinite(difference):
        return least
    return min(EXACT, max(least, math.ceil(math.log10(size / difference)) + of_the_difference))


def first_number(scene: Scene) -> Name:
    """The output, or the first number of it."""
    return scene.names.entry(scene.output, 0)


def relative_error(found: float, right: float) -> float:
    """The error relative to the right value; absolute where that is 0."""
    return abs(found - right) / (abs(right) or 1.0)
