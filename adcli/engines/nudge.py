"""The same trace with every input and parameter changed in its last bits: what a float64 can't tell apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adcli.arrays import Array
from adcli.trace import Trace


def nudged(trace: Trace, seed: int) -> Trace:
    """``trace`` with each number moved by up to four units in its last place, as ``seed`` decides; targets stay."""
    draw = np.random.default_rng(seed)

    def leaf(value: Array) -> Array:
        return np.asarray(value + np.spacing(value) * draw.integers(-4, 4, np.shape(value), endpoint=True))

    inputs = {name: leaf(value) for name, value in trace.inputs.items()}
    return replace(trace, inputs=inputs, parameters={name: leaf(value) for name, value in trace.parameters.items()})
