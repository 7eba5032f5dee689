"""The same trace with every number changed in its last bits: what float64 can't tell apart.

Inputs and parameters are moved, and so is each value on the way, as rounding there would move it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Structure
from adcli.primitives import Primitive, Rules
from adcli.trace import Trace

_BITS_OF_A_LEAF = 4
_BITS_OF_A_VALUE = 1


def nudged(trace: Trace, seed: int) -> Trace:
    """``trace`` with each input and parameter moved by some units in its last place, as ``seed`` decides."""
    draw = np.random.default_rng(seed)
    inputs = {name: _moved(value, draw, _BITS_OF_A_LEAF) for name, value in trace.inputs.items()}
    parameters = {name: _moved(value, draw, _BITS_OF_A_LEAF) for name, value in trace.parameters.items()}
    return replace(trace, inputs=inputs, parameters=parameters)


def nudged_rules(rules: Rules, seed: int) -> Rules:
    """``rules`` whose values are moved in their last place."""
    draw = np.random.default_rng(seed)

    def of(factory: Callable[..., Primitive]) -> Callable[..., Primitive]:
        def make(**settings: Any) -> Primitive:
            right = factory(**settings)
            return replace(right, stable=_moving(right.evaluate, draw))

        return make

    return {op: of(factory) for op, factory in rules.items()}


def nudged_structure(base: Structure, seed: int) -> Structure:
    """``base`` with its inputs, parameters and values moved."""
    draw = np.random.default_rng(seed)
    leaves = list(nudged(base.trace, seed).leaves.values())
    calls = [call._replace(evaluate=_moving(call.evaluate, draw)) for call in base.calls]
    return base._replace(start=leaves + base.start[len(leaves) :], calls=calls)


def _moving(evaluate: Callable[..., Any], draw: np.random.Generator) -> Callable[..., Array]:
    return lambda *operands: _moved(evaluate(*operands), draw, _BITS_OF_A_VALUE)


def _moved(value: Any, draw: np.random.Generator, most: int) -> Array:
    """``value`` moved by up to ``most`` units in the last place; 0 and what is not finite stay."""
    bits = draw.integers(-most, most, np.shape(value), endpoint=True)
    return np.asarray(value * (1.0 + np.finfo(float).eps * bits))
