"""The result of ``adcli grad`` as named arrays, which CSV and NPZ hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Result
from adcli.trace import Trace


def named_arrays(trace: Trace, result: Result, updated: Mapping[str, Array] | None) -> dict[str, Array]:
    """Gradients (or Jacobians) under their names, a JVP under that of the output, then ``updated.W1``, ….

    No name of a trace has a letter behind a point, so none clashes.
    """
    found = {
        **result.derivatives(trace.output),
        **{f"updated.{name}": value for name, value in (updated or {}).items()},
    }
    return {name: np.asarray(array, dtype="<f8") for name, array in found.items()}
