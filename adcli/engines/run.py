"""Runs an engine by name, and has its result looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

import numpy as np

from adcli.arrays import Array
from adcli.engines.checkpoints import Schedule
from adcli.engines.diagnose import Warning, diagnose
from adcli.engines.structure import Result, evaluate, named
from adcli.primitives import RULES, Rules
from adcli.trace import Trace

MODES = ("numeric", "symbolic", "forward", "reverse")
SCHEMES = ("central", "forward")


def differentiate(
    trace: Trace,
    mode: str,
    wrt: Sequence[str],
    rules: Rules = RULES,
    scheme: str = "central",
    step: float | None = None,
    schedule: Schedule | None = None,
    tangents: Mapping[str, Array] | None = None,
    cotangent: Array | None = None,
) -> tuple[Result, list[Warning]]:
    """The result of the engine ``mode``, and the warnings about it. ``scheme`` and ``step`` are numeric mode's,
    ``schedule`` reverse mode's; what a schedule let go is in the result all the same, evaluated once more.
    ``tangents``, one for each name of ``wrt``, ask forward mode for one JVP; ``cotangent`` asks reverse mode for
    one VJP.

    Where a derivative is not finite, automatic differentiation runs again, more carefully.

    Raises:
        AdcliError: the Jacobians of ``wrt`` would hold more numbers than a machine can.
    """
    with np.errstate(all="ignore"):
        if mode == "numeric":
            return _numeric(trace, wrt, rules, scheme, step)
        engine = import_module(f"adcli.engines.{mode}")  # only the one that is asked for
        if mode == "symbolic":
            plan = engine.plan(trace, wrt, rules)
            result = engine.run(plan)
            return result, diagnose(plan.structure, result)
        plan = engine.plan(trace, wrt, rules, tangents if mode == "forward" else cotangent)
        if schedule is not None:
            plan = engine.checkpointed(plan, schedule)
        result = engine.run(plan)
        if not all(np.isfinite(array).all() for array in result.derivatives(trace.output).values()):
            result = engine.run(plan, careful=True)
        if schedule is not None:
            result = result._replace(values=named(plan.structure, evaluate(plan.structure)))
        return result, diagnose(plan.structure, result)


def _numeric(
    trace: Trace, wrt: Sequence[str], rules: Rules, scheme: str, step: float | None
) -> tuple[Result, list[Warning]]:
    from adcli.engines import numeric, numeric_checks

    base = numeric.plan(trace, wrt, rules)
    made: dict[str, numeric.Sides] = {}
    result = numeric.run(base, scheme, step, made)
    assessment = numeric_checks.assess(base, result, made, step)
    warnings = numeric_checks.warnings(base, result, diagnose(base, result), assessment)
    errors = {name: error.reshape(result.gradients[name].shape) for name, error in assessment.errors.items()}
    return result._replace(errors=errors, kinks=assessment.kinks), warnings


def sample(
    trace: Trace, wrt: Sequence[str], places: Mapping[str, Array], scheme: str = "central", step: float | None = None
) -> tuple[Result, list[Warning]]:
    """Numeric mode for the entries of each name at ``places`` (flat indices) alone, beside reverse mode's gradients.

    The warnings about quotients are those of these entries.

    Raises:
        AdcliError: the Jacobians of ``wrt`` would hold more numbers than a machine can.
    """
    from adcli.engines import numeric, numeric_checks

    right, _ = differentiate(trace, "reverse", wrt)
    with np.errstate(all="ignore"):
        base = numeric.plan(trace, wrt)
        made = {}
        for name in base.wrt:
            h = numeric.steps(np.asarray(right.values[name]).reshape(-1)[places[name]], scheme, step)
            made[name] = numeric.sides(base, right.values, name, h, scheme, places[name])
        calls = numeric.evaluations(sum(np.size(right.values[name]) for name in base.wrt), scheme)
        sampled = {name: (places[name], found.quotient) for name, found in made.items()}
        result = Result(right.values, right.gradients, evaluations=calls, scheme=scheme, sampled=sampled)
        assessment = numeric_checks.assess(base, result, made, step, places)
        return result, numeric_checks.warnings(base, result, diagnose(base, result), assessment)
