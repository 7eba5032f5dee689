"""What numeric differentiation can say of its own result: errors, kinks, and steps that are lost in rounding."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.diagnose import MOST_OF_A_STEP, Warning, component
from adcli.engines.nudge import nudged
from adcli.engines.numeric import Sides, path_of, sides, steps
from adcli.engines.structure import Kink, Result, Structure, evaluate

_FINER_STEPS = 9
_SETTLED = 1e-3  # of a quotient, that its error may be


class Assessment(NamedTuple):
    """What the engine thinks of its own result.

    ``errors``: name → an estimate for each entry of its gradient, in the gradient's shape; infinite where it knows
    nothing. ``cancelled``: steps that are lost in rounding, by name and index.
    """

    errors: dict[str, Array]
    kinks: list[Kink]
    cancelled: list[tuple[str, tuple[int, ...]]]


def assess(base: Structure, result: Result, made: dict[str, Sides], step: float | None = None) -> Assessment:
    """Estimate the errors of ``result``, and tell kinks, by quotients at the double step and at half of it.

    ``made``: the quotients of the run. The gap between left and right quotient changes with the step where curvature
    makes it, and stays where a kink does.
    """
    errors: dict[str, Array] = {}
    kinks: list[Kink] = []
    cancelled: list[tuple[str, tuple[int, ...]]] = []
    central = result.scheme == "central"
    noise = _noise(base, result.values)
    for name in base.wrt:
        shape = base.trace.shapes[name]
        x = np.asarray(result.values[name]).reshape(-1)
        h = steps(x, result.scheme or "central", step)
        once = made[name] if central else sides(base, result.values, name, h, "central")
        twice = sides(base, result.values, name, 2.0 * h, "central")
        rounding = noise / h
        change = np.abs(twice.quotient - once.quotient) / 3.0 if central else np.abs(twice.right - once.right)
        error = np.nan_to_num(change + rounding, nan=np.inf, posinf=np.inf)
        errors[name] = error.reshape(result.gradients[name].shape)
        if any(primitive.kink for _, primitive in path_of(base, name).nodes):
            half = sides(base, result.values, name, 0.5 * h, "central")
            found = np.argwhere(_at_kinks(half, once, twice, rounding))
            kinks += [_kink(name, shape, int(row), int(column), once) for row, column in found]
        lost = (x + h == x) | (x - h == x)
        cancelled += [(name, _index(shape, int(c))) for c in np.flatnonzero(lost)]
    return Assessment(errors, kinks, cancelled)


def _at_kinks(half: Sides, once: Sides, twice: Sides, rounding: Array) -> Array:
    """Where left and right quotient differ, and neither moves as the step changes."""
    gap = np.abs(once.right - once.left)
    wide: Array = gap > 64 * rounding + 1e-5 * (np.abs(once.left) + np.abs(once.right))
    for other in (half, twice):
        moved = np.maximum(np.abs(other.left - once.left), np.abs(other.right - once.right))
        wide &= moved < 0.25 * gap
    return wide


def _kink(name: str, shape: Shape, row: int, column: int, once: Sides) -> Kink:
    return Kink(name, _index(shape, column), row, float(once.left[row, column]), float(once.right[row, column]))


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
    """How far off each entry of the output may be: its last bit, or what the last bits of the leaves make of it."""
    f = np.asarray(values[base.trace.output]).reshape(-1, 1)
    noise: Array = np.finfo(float).eps * np.abs(f)
    for seed in (0, 1):
        leaves = list(nudged(base.trace, seed).leaves.values())
        others = evaluate(base._replace(start=leaves + base.start[len(leaves) :]))
        moved = np.abs(np.asarray(others[base.slots[base.trace.output]]).reshape(-1, 1) - f)
        noise = np.where(np.isfinite(moved), np.maximum(noise, moved), noise)
    return noise


def warnings(found: list[Warning], assessment: Assessment) -> list[Warning]:
    """The warnings ``found``, those of kinks with the quotients of either side, and what else the quotients showed."""
    kinks = assessment.kinks
    sides_text = f"; {_two_quotients(kinks[0])}" if kinks else ""
    complete = [replace(w, message=w.message + sides_text) if w.code == "kink" else w for w in found]
    if kinks and not any(w.code == "kink" for w in found):
        near = kinks[:MOST_OF_A_STEP]
        complete += [Warning("kink", k.name, k.place, f"near a kink: {_two_quotients(k)}") for k in near]
    for name, index in assessment.cancelled[:MOST_OF_A_STEP]:
        message = f"the step is lost in rounding at {component(name, index)}: take a larger one"
        complete.append(Warning("cancellation", name, index, message))
    return complete


def _two_quotients(kink: Kink) -> str:
    left, right = (f"{number:.6g}" for number in (kink.left, kink.right))
    return f"for {component(kink.name, kink.place)} the quotient is {left} from the left and {right} from the right"
