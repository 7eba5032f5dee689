"""The Jacobian of ten outputs for all weights: forward mode beside the batched reverse Jacobian by hand."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from common import Line, alternate, normal, ratio, seconds_each, show, trace_from

from adcli.arrays import Array
from adcli.engines import forward
from adcli.trace import Trace

WIDTH, DEPTH, OUTPUTS = 64, 4, 10
ROUNDS, REPEAT = 60, 10


def net() -> Trace:
    sizes = [WIDTH] * DEPTH + [OUTPUTS]
    layers = []
    for seed, (width, height) in enumerate(pairwise(sizes)):
        layers.append({"type": "linear", "weight": normal([height, width], seed, WIDTH**-0.5)})
        layers.append({"type": "tanh"})
    return trace_from({"input": {"x": normal([WIDTH], DEPTH, 1.0)}, "layers": layers})


def by_hand(x: Array, weights: list[Array]) -> Callable[[], list[Array]]:
    """One sweep with ten rows, every result in a buffer allocated beforehand: output × weight, written out."""
    values = [x, *(np.zeros(len(W)) for W in weights)]
    slopes = [np.zeros(len(W)) for W in weights]
    rows = [np.zeros((OUTPUTS, len(W))) for W in weights]
    jacobians = [np.zeros((OUTPUTS, *W.shape)) for W in weights]
    flat = [jacobian.reshape(OUTPUTS, -1) for jacobian in jacobians]
    pulled = [np.zeros((OUTPUTS, W.shape[1])) for W in weights]
    identity = np.eye(OUTPUTS)

    def run() -> list[Array]:
        for layer, W in enumerate(weights):
            np.matmul(W, values[layer], out=values[layer + 1])
            np.tanh(values[layer + 1], out=values[layer + 1])
        above = identity
        for layer in range(DEPTH - 1, -1, -1):
            np.multiply(values[layer + 1], values[layer + 1], out=slopes[layer])
            np.subtract(1.0, slopes[layer], out=slopes[layer])
            np.multiply(above, slopes[layer], out=rows[layer])
            np.multiply(rows[layer][:, :, None], values[layer], out=jacobians[layer])
            if layer:
                above = np.matmul(rows[layer], weights[layer], out=pulled[layer])
        return flat

    return run


def lines() -> list[Line]:
    trace = net()
    plan = forward.plan(trace, tuple(trace.parameters))
    hand = by_hand(trace.inputs["x"], list(trace.parameters.values()))
    for ours, theirs in zip(forward.run(plan).gradients.values(), hand(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-14)
    a, b = alternate(
        [lambda: seconds_each(lambda: forward.run(plan), REPEAT), lambda: seconds_each(hand, REPEAT)], ROUNDS
    )
    detail = f"{statistics.median(a) * 1e6:.0f} µs, by hand {statistics.median(b) * 1e6:.0f} µs"
    what = f"forward mode, width {WIDTH}, depth {DEPTH}, {OUTPUTS} outputs, all weights"
    return [Line(what, 5.0, ratio(a, b), detail)]


if __name__ == "__main__":
    show(lines())
