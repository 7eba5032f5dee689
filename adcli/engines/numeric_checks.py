"""What numeric differentiation can say of its own result: errors, kinks, and steps that are lost in rounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.engines.diagnose import MOST_OF_A_STEP, Warning, component
from adcli.engines.nudge import nudged
from adcli.engines.numeric import sides, steps
from adcli.engines.structure import Result, Structure, evaluate


@dataclass(frozen=True, slots=True)
class Kink:
    """An entry of a name where the quotients from the left and from the right differ; ``row`` is the output's entry."""

    name: str
    index: tuple[int, ...]
    row: int
    left: float
    right: float


class Assessment(NamedTuple):
    """What the engine thinks of its own result: the largest error of each name, kinks, and steps lost in rounding."""

    errors: dict[str, float]
    kinks: list[Kink]
    cancelled: list[tuple[str, tuple[int, ...]]]


def assess(base: Structure, result: Result, step: float | None = None) -> Assessment:
    """Estimate the errors of ``result``, and tell kinks, by quotients at the double step.

    The gap between left and right quotient doubles with the step where curvature makes it, and stays where a kink does.
    """
    errors: dict[str, float] = {}
    kinks: list[Kink] = []
    cancelled: list[tuple[str, tuple[int, ...]]] = []
    scheme = result.scheme or "central"
    noise = _noise(base, np.asarray(result.values[base.trace.output]).reshape(-1, 1))
    for name in base.wrt:
        shape = base.trace.shapes[name]
        x = np.asarray(result.values[name]).reshape(-1)
        h = steps(x, scheme, step)
        once, twice = (sides(base, result.values, name, k * h, "central") for k in (1, 2))
        rounding = noise / h
        quotient = once.quotient if scheme == "central" else once.right
        doubled = twice.quotient if scheme == "central" else twice.right
        truncation = np.abs(doubled - quotient) / (3.0 if scheme == "central" else 1.0)
        errors[name] = float(np.max(np.nan_to_num(truncation + rounding, nan=0.0), initial=0.0))
        gap, wide = np.abs(once.right - once.left), np.abs(twice.right - twice.left)
        suspect = (gap > 64 * rounding + 1e-5 * (np.abs(once.left) + np.abs(once.right))) & (wide < 1.5 * gap)
        for row, column in np.argwhere(suspect):
            index = tuple(int(i) for i in np.unravel_index(column, shape))
            kinks.append(Kink(name, index, int(row), float(once.left[row, column]), float(once.right[row, column])))
        lost = (x + h == x) | (x - h == x)
        cancelled += [(name, tuple(int(i) for i in np.unravel_index(c, shape))) for c in np.flatnonzero(lost)]
    return Assessment(errors, kinks, cancelled)


def _noise(base: Structure, f: Array) -> Array:
    """How far off each entry of the output may be: its last bit, or what the last bits of the leaves make of it."""
    noise = np.finfo(float).eps * np.abs(f)
    for seed in (0, 1):
        leaves = list(nudged(base.trace, seed).leaves.values())
        values = evaluate(base._replace(start=leaves + base.start[len(leaves) :]))
        moved = np.abs(np.asarray(values[base.slots[base.trace.output]]).reshape(-1, 1) - f)
        noise = np.where(np.isfinite(moved), np.maximum(noise, moved), noise)
    return noise


def warnings(found: list[Warning], assessment: Assessment) -> list[Warning]:
    """The warnings ``found``, those of kinks with the quotients of either side, and what else the quotients showed."""
    kinks = assessment.kinks
    sides_text = f"; {_two_quotients(kinks[0])}" if kinks else ""
    complete = [replace(w, message=w.message + sides_text) if w.code == "kink" else w for w in found]
    if kinks and not any(w.code == "kink" for w in found):
        near = kinks[:MOST_OF_A_STEP]
        complete += [Warning("kink", k.name, k.index, f"near a kink: {_two_quotients(k)}") for k in near]
    for name, index in assessment.cancelled[:MOST_OF_A_STEP]:
        message = f"the step is lost in rounding at {component(name, index)}: take a larger one"
        complete.append(Warning("cancellation", name, index, message))
    return complete


def _two_quotients(kink: Kink) -> str:
    left, right = (f"{number:.6g}" for number in (kink.left, kink.right))
    return f"for {component(kink.name, kink.index)} the quotient is {left} from the left and {right} from the right"
