"""The same trace with every input and parameter changed in its last bit: what a float64 can't tell apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adcli.arrays import Array
from adcli.trace import Trace


def nudged(trace: Trace, seed: int) -> Trace:
    """``trace`` with each number moved to the float64 above or below, as ``seed`` decides; targets stay."""
    draw = np.random.default_rng(seed)

    def leaf(value: Array) -> Array:
        return np.asarray(np.nextafter(value, np.where(draw.random(np.shape(value)) < 0.5, -np.inf, np.inf)))

    inputs = {name: leaf(value) for name, value in trace.inputs.items()}
    return replace(trace, inputs=inputs, parameters={name: leaf(value) for name, value in trace.parameters.items()})
