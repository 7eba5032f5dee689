"""Every engine against every other: where do they differ by more than their own accuracy explains?

The accuracy of automatic differentiation is measured: how far its result moves when every number of the spec, and every
value on the way, is changed in its last bit (Higham, *Accuracy and Stability of Numerical Algorithms*, chapter 1).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.engines import numeric, numeric_checks
from adcli.engines.comparison import SAFETY, Index, Pair, Ran, compare, distances
from adcli.engines.diagnose import Warning, infinite_slopes
from adcli.engines.nudge import nudged, nudged_rules
from adcli.engines.run import MODES, differentiate
from adcli.engines.structure import Kink, Result, structure
from adcli.errors import AdcliError
from adcli.primitives import RULES, Rules
from adcli.trace import Node, Trace

MOST_NUMERIC_WORK = 10**10  # evaluations × numbers in one: some ten seconds
MOST_OF_A_STEP = 2**16  # entries in the Jacobian of one step that is looked at alone
_NUDGES = 6


class Skipped(NamedTuple):
    """An engine that refuses the spec, and why."""

    mode: str
    reason: str


class OddOneOut(NamedTuple):
    """The engine that stands alone, and the step that it differentiates differently even when that step is alone."""

    mode: str
    step: str | None


class Check(NamedTuple):
    """What was found, by name and index in the gradient or Jacobian.

    ``kinks``: entries that have no one derivative. ``uncompared``: those at which the trace or a slope is not finite.
    """

    engines: list[Ran]
    pairs: list[Pair]
    odd_one_out: OddOneOut | None
    kinks: list[tuple[str, Index]]
    uncompared: list[tuple[str, Index]]
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
        if mode != "numeric":
            warnings += [warning for warning in told if warning not in warnings]
    kinks = [_of_kink(trace, kink) for ran in engines for kink in ran.result.kinks]
    uncompared = _uncompared(trace, engines)
    aside = _masks(engines, [*kinks, *uncompared])
    engines = _with_settled_quotients(trace, engines, rules, aside)
    pairs = [compare(a, b, aside) for a, b in itertools.combinations(engines, 2)]
    return Check(engines, pairs, _odd_one_out(trace, pairs, rules), kinks, uncompared, skipped, warnings)


def _run(trace: Trace, mode: str, wrt: Sequence[str], rules: Rules) -> tuple[Ran, list[Warning]]:
    if mode == "numeric":
        scalars = sum(math.prod(trace.shapes[name]) for name in wrt)
        if 8 * scalars * sum(math.prod(shape) for shape in trace.shapes.values()) > MOST_NUMERIC_WORK:
            raise AdcliError(f"{2 * scalars:,} evaluations would take too long; ask for fewer names by --wrt")
    import_module(f"adcli.engines.{mode}")  # whose time is not the engine's
    begin = time.perf_counter()
    result, warnings = differentiate(trace, mode, wrt, rules)
    seconds = time.perf_counter() - begin
    if result.errors is None:
        accuracy = _movement(trace, "reverse" if mode == "symbolic" else mode, wrt, rules)
    else:
        accuracy = {name: SAFETY * error for name, error in result.errors.items()}
    return Ran(mode, result, accuracy, seconds), warnings


def _movement(trace: Trace, mode: str, wrt: Sequence[str], rules: Rules) -> dict[str, Array]:
    """How far off each entry may be: as far as it moves when all numbers and the values on the way change in their last
    bits; infinite where that leaves no number.

    Symbolic mode takes as many digits as it needs, but the point is no better known to it than to the others.
    """
    base, _ = differentiate(trace, mode, wrt, rules)
    moved = {name: np.full(gradient.shape, np.nan) for name, gradient in base.gradients.items()}
    for seed in range(_NUDGES):
        other, _ = differentiate(nudged(trace, seed), mode, wrt, nudged_rules(rules, seed))
        for name, gradient in other.gradients.items():
            distance = distances(gradient, base.gradients[name])
            moved[name] = np.fmax(moved[name], np.where(np.isfinite(distance), SAFETY * distance, np.nan))
    return {name: np.where(np.isnan(most), np.inf, most) for name, most in moved.items()}


def _of_kink(trace: Trace, kink: Kink) -> tuple[str, Index]:
    """The entry of the gradient or Jacobian that a kink is at."""
    if math.prod(trace.shapes[trace.output]) == 1:
        return kink.name, kink.place
    shape = trace.shapes[kink.name]
    return kink.name, (kink.row, int(np.ravel_multi_index(kink.place, shape)) if shape else 0)


def _uncompared(trace: Trace, engines: Sequence[Ran]) -> list[tuple[str, Index]]:
    """The entries that are a number in one engine only, where a value or a slope of the trace is not finite itself."""
    if not engines or not _not_finite_on_the_way(trace, engines[0].result):
        return []
    found = []
    for name, first in engines[0].result.gradients.items():
        apart = [~np.isfinite(distances(first, ran.result.gradients[name])) for ran in engines[1:]]
        if apart:
            found += [(name, tuple(int(i) for i in place)) for place in np.argwhere(np.any(apart, axis=0))]
    return found


def _not_finite_on_the_way(trace: Trace, result: Result) -> bool:
    """As adcli's own rules have it, whatever rules are checked."""
    if not all(np.isfinite(value).all() for value in result.values.values()):
        return True
    with np.errstate(all="ignore"):
        return next(infinite_slopes(structure(trace, list(result.gradients), RULES), result), None) is not None


def _masks(engines: Sequence[Ran], entries: Sequence[tuple[str, Index]]) -> dict[str, Array]:
    aside = {name: np.zeros(g.shape, dtype=bool) for ran in engines[:1] for name, g in ran.result.gradients.items()}
    for name, place in entries:
        aside[name][place] = True
    return aside


def _with_settled_quotients(trace: Trace, engines: Sequence[Ran], rules: Rules, aside: dict[str, Array]) -> list[Ran]:
    """Where numeric mode is contradicted, or knows nothing: its quotients at the step where they settle.

    The usual step may be too long.
    """
    quotients = next((ran for ran in engines if ran.mode == "numeric"), None)
    others = [ran for ran in engines if ran.mode != "numeric"]
    if quotients is None or not others:
        return list(engines)
    gradients, accuracy = dict(quotients.result.gradients), dict(quotients.accuracy)
    for name in gradients:
        places = ~aside[name] & np.isinf(accuracy[name]) & np.isfinite(others[0].result.gradients[name])
        if not all(compare(quotients, other, {name: aside[name]}).agree for other in others):
            places = np.ones_like(places)
        if not places.any():
            continue
        base = numeric.plan(trace, [name], rules)
        with np.errstate(all="ignore"):
            best, error = numeric_checks.settled(base, quotients.result.values, name)
        gradients[name] = np.where(places, best.reshape(places.shape), gradients[name])
        accuracy[name] = np.where(places, SAFETY * error.reshape(places.shape), accuracy[name])
    settled = quotients._replace(result=quotients.result._replace(gradients=gradients), accuracy=accuracy)
    return [settled if ran is quotients else ran for ran in engines]


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
        aside = _masks(runs, [_of_kink(alone, kink) for ran in runs for kink in ran.result.kinks])
        here, there = _with_settled_quotients(alone, runs, rules, aside)
        if not compare(here, there, aside).agree:
            return node.name
    return None


def _step_alone(trace: Trace, node: Node, values: dict[str, Array]) -> Trace:
    """A trace of one step, with the values that it reads as its inputs."""
    targets = {name: trace.targets[name] for name in node.operands if name in trace.targets}
    inputs = {name: np.asarray(values[name]) for name in node.operands if name not in targets}
    return Trace(None, inputs, targets, {}, (node,), node.name, False)
