"""One step of gradient descent."""

from __future__ import annotations

import numpy as np

from adcli.arrays import Array
from adcli.engines.diagnose import Warning
from adcli.engines.structure import Result
from adcli.errors import AdcliError
from adcli.trace import Trace


def descend(trace: Trace, result: Result, rate: float) -> tuple[dict[str, Array], list[Warning]]:
    """W − rate · ∂/∂W for every parameter that a gradient was asked for (every input, where there are no parameters).

    Raises:
        AdcliError: the output holds more than one number, the rate is not finite, or there is nothing to update.
    """
    if not np.isfinite(rate):
        raise AdcliError("--lr: the rate must be a finite number")
    if np.size(result.values[trace.output]) > 1:
        raise AdcliError(f"--lr needs an output that is one number, and {trace.output} holds more; add a loss")
    leaves = trace.parameters or trace.inputs
    names = [name for name in result.gradients if name in leaves]
    if not names:
        raise AdcliError("--lr: no parameter is among the names of --wrt")
    with np.errstate(all="ignore"):
        updated = {name: leaves[name] - rate * result.gradients[name] for name in names}
    return updated, [_too_far(name) for name in names if _overflows(result.gradients[name], updated[name])]


def _overflows(gradient: Array, updated: Array) -> bool:
    return bool(np.isfinite(gradient).all() and not np.isfinite(updated).all())


def _too_far(name: str) -> Warning:
    return Warning("non-finite", name, None, f"the step for {name} is too large for a float64")
