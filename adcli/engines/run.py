"""Runs an engine by name, and has its result looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcli.engines import forward, reverse
from adcli.engines.diagnose import Warning, diagnose
from adcli.engines.structure import Result
from adcli.primitives import RULES, Rules
from adcli.trace import Trace

ENGINES = {"forward": forward, "reverse": reverse}
MODES = tuple(ENGINES)


def differentiate(trace: Trace, mode: str, wrt: Sequence[str], rules: Rules = RULES) -> tuple[Result, list[Warning]]:
    """The result of the engine ``mode``, and the warnings about it.

    Where a derivative is not finite, the engine runs again, more carefully.

    Raises:
        AdcliError: the Jacobians of ``wrt`` would hold more numbers than a machine can.
    """
    engine = ENGINES[mode]
    with np.errstate(all="ignore"):
        plan = engine.plan(trace, wrt, rules)
        result = engine.run(plan)
        if not all(np.isfinite(gradient).all() for gradient in result.gradients.values()):
            result = engine.run(plan, careful=True)
        return result, diagnose(plan.structure, result)
