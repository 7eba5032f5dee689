"""Ten thousand layers of width 2: a loop in both modes, and reverse mode beside the same by hand."""

from __future__ import annotations

import math
import statistics

import numpy as np
from common import Line, alternate, ratio, seconds_each, show, trace_from

from adcli.arrays import Array
from adcli.engines import forward, reverse
from adcli.trace import Trace

LAYERS, ROUNDS = 10_000, 15


def net() -> Trace:
    """Rotations, each by another angle, so that nothing grows or vanishes."""
    layers = []
    for number in range(LAYERS):
        c, s = math.cos(number), math.sin(number)
        layers.append({"type": "linear", "weight": [[c, -s], [s, c]]})
    spec = {"input": {"x": [1.0, 0.5]}, "target": {"y": [0.5, 1.0]}, "layers": layers, "loss": "squared_error"}
    return trace_from(spec)


def by_hand(x: Array, y: Array, weights: list[Array]) -> tuple[float, list[Array]]:
    values = [x]
    for W in weights:
        values.append(W @ values[-1])
    difference = values.pop() - y
    loss = np.add.reduce(difference * difference)
    h_bar = 2.0 * difference
    gradients = []
    for W, h in zip(reversed(weights), reversed(values), strict=True):
        gradients.append(h_bar[:, None] * h)
        h_bar = h_bar @ W
    return loss, gradients[::-1]


def lines() -> list[Line]:
    trace = net()
    names = tuple(trace.parameters)
    x, y = trace.inputs["x"], trace.targets["y"]
    weights = list(trace.parameters.values())
    plan = reverse.plan(trace, names)
    result = reverse.run(plan)
    loss, gradients = by_hand(x, y, weights)
    np.testing.assert_allclose(result.values[trace.output], loss, rtol=1e-9)
    for ours, theirs in zip(result.gradients.values(), gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    few = names[:3] + names[-3:]
    pushed = forward.run(forward.plan(trace, few))
    for name in few:
        np.testing.assert_allclose(pushed.gradients[name], result.gradients[name], rtol=1e-9, atol=1e-12)
    a, b, c = alternate(
        [
            lambda: seconds_each(lambda: reverse.run(plan), 1),
            lambda: seconds_each(lambda: by_hand(x, y, weights), 1),
            lambda: seconds_each(lambda: reverse.plan(trace, names), 1),
        ],
        ROUNDS,
    )
    ours_ms, hand_ms, plan_ms = (f"{statistics.median(series) * 1e3:.0f} ms" for series in (a, b, c))
    detail = f"{ours_ms}, by hand {hand_ms}; planning, once {plan_ms}; forward mode agrees"
    return [Line(f"{LAYERS:,} layers of width 2, reverse mode", 3.0, ratio(a, b), detail)]


if __name__ == "__main__":
    show(lines())
