"""Every engine against every other: where do they differ by more than their own accuracy explains?

The accuracy of automatic differentiation is measured: how far its result moves when every number of the spec is
changed in its last bit (a backward error: Higham, *Accuracy and Stability of Numerical Algorithms*, chapter 1).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.engines import numeric, numeric_checks
from adcli.engines.comparison import Index, Pair, Ran, compare, set_aside
from adcli.engines.diagnose import Warning
from adcli.engines.nudge import nudged
from adcli.engines.run import MODES, differentiate
from adcli.errors import AdcliError
from adcli.primitives import RULES, Rules
from adcli.trace import Node, Trace

MOST_NUMERIC_WORK = 2 * 10**10  # evaluations × numbers in one: some 20 seconds
MOST_OF_A_STEP = 2**20  # entries in the Jacobian of one step that is looked at alone
_SAFETY = 16.0


class Skipped(NamedTuple):
    """An engine that refuses the spec, and why."""

    mode: str
    reason: str


class OddOneOut(NamedTuple):
    """The engine that stands alone, and the step that it differentiates differently even when that step is alone."""

    mode: str
    step: str | None


class Check(NamedTuple):
    """What was found. ``kinks``: entries that have no one derivative, by name and index in the gradient or Jacobian."""

    engines: list[Ran]
    pairs: list[Pair]
    odd_one_out: OddOneOut | None
    kinks: list[tuple[str, Index]]
    skipped: list[Skipped]
    warnings: list[Warning]

    @property
    def agree(self) -> bool:
        return all(pair.agree for pair in self.pairs)


def check(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Check:
    """Run every engine on ``trace`` and compare their gradients for ``wrt``, entry by entry."""
    engines: list[Ran] = []
    skipped: list[Skipped] = []
    warnings: list[Warning] = []
    for mode in MODES:
        try:
            ran, told = _run(trace, mode, wrt, rules)
        except AdcliError as error:
            skipped.append(Skipped(mode, error.problems[0].message))
            continue
        engines.append(ran)
        warnings += [warning for warning in told if warning not in warnings and mode != "numeric"]
    kinks = _kinks(trace, wrt, rules, engines)
    aside = set_aside(engines, kinks)
    engines = [_with_accuracy(trace, ran, rules, aside) for ran in engines]
    pairs = [compare(a, b, aside) for a, b in itertools.combinations(engines, 2)]
    return Check(engines, pairs, _odd_one_out(trace, pairs, rules), kinks, skipped, warnings)


def _run(trace: Trace, mode: str, wrt: Sequence[str], rules: Rules) -> tuple[Ran, list[Warning]]:
    if mode == "numeric":
        scalars = sum(math.prod(trace.shapes[name]) for name in wrt)
        if 2 * scalars * sum(math.prod(shape) for shape in trace.shapes.values()) > MOST_NUMERIC_WORK:
            raise AdcliError(
                f"{2 * scalars:,} evaluations of this trace would take too long; ask for fewer names by --wrt"
            )
    begin = time.perf_counter()
    result, warnings = differentiate(trace, mode, wrt, rules)
    seconds = time.perf_counter() - begin
    accuracy = {name: _SAFETY * error for name, error in (result.errors or {}).items()}
    return Ran(mode, result, accuracy, seconds), warnings


def _kinks(trace: Trace, wrt: Sequence[str], rules: Rules, engines: list[Ran]) -> list[tuple[str, Index]]:
    """What the quotients of either side show; none where numeric differentiation was skipped."""
    for ran in engines:
        if ran.mode == "numeric":
            with np.errstate(all="ignore"):
                found = numeric_checks.assess(numeric.plan(trace, wrt, rules), ran.result).kinks
            rows = np.size(ran.result.values[trace.output])
            shapes = trace.shapes
            return [
                (k.name, k.index if rows == 1 else (k.row, int(np.ravel_multi_index(k.index, shapes[k.name]))))
                for k in found
            ]
    return []


def _with_accuracy(trace: Trace, ran: Ran, rules: Rules, aside: dict[str, Array]) -> Ran:
    """``ran`` with how far each gradient moves when inputs and parameters change in their last bit.

    Numeric mode has estimated its own, and symbolic mode takes as many digits as it needs.
    """
    if ran.mode == "numeric":
        return ran
    moved = dict.fromkeys(ran.result.gradients, 0.0)
    for seed in (0, 1) if ran.mode != "symbolic" else ():
        result, _ = differentiate(nudged(trace, seed), ran.mode, list(moved), rules)
        for name, gradient in result.gradients.items():
            with np.errstate(invalid="ignore"):
                distance = np.abs(gradient - ran.result.gradients[name])
            known = distance[np.isfinite(distance) & ~aside[name]]
            moved[name] = max(moved[name], _SAFETY * float(np.max(known, initial=0.0)))
    return ran._replace(accuracy=moved)


def _odd_one_out(trace: Trace, pairs: list[Pair], rules: Rules) -> OddOneOut | None:
    """The one engine without which all others agree."""
    differing = [pair for pair in pairs if not pair.agree]
    modes = {mode for pair in pairs for mode in (pair.a, pair.b)}
    alone = [mode for mode in MODES if mode in modes and all(mode in (pair.a, pair.b) for pair in differing)]
    if not differing or len(alone) != 1:
        return None
    return OddOneOut(alone[0], _differing_step(trace, alone[0], rules))


def _differing_step(trace: Trace, mode: str, rules: Rules) -> str | None:
    """The step nearest to the output whose own Jacobians ``mode`` finds differently; None where each is right alone."""
    other = "forward" if mode == "reverse" else "reverse"
    values: dict[str, Array] = differentiate(trace, other, [], rules)[0].values
    for node in trace.nodes[::-1]:
        alone = _step_alone(trace, node, values)
        wrt = [name for name in alone.inputs if math.prod(node.shape) * math.prod(alone.shapes[name]) <= MOST_OF_A_STEP]
        try:
            runs = [_run(alone, engine, wrt, rules)[0] for engine in (mode, other)]
        except AdcliError:
            continue
        aside = set_aside(runs)
        here, there = (_with_accuracy(alone, ran, rules, aside) for ran in runs)
        if not compare(here, there, aside).agree:
            return node.name
    return None


def _step_alone(trace: Trace, node: Node, values: dict[str, Array]) -> Trace:
    """A trace of one step, with the values that it reads as its inputs."""
    targets = {name: trace.targets[name] for name in node.operands if name in trace.targets}
    inputs = {name: np.asarray(values[name]) for name in node.operands if name not in targets}
    return Trace(None, inputs, targets, {}, (node,), node.name, False)
