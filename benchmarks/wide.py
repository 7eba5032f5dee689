"""A wide tanh net on a batch beside the same by hand, each in a fresh process.

By hand means ordinary numpy expressions, and, the stricter of the two, every array written into
buffers that were allocated beforehand. adcli keeps W x beside tanh(W x), for its result and for a slope
that is exact where tanh saturates; so a third side does ("keeping").
``python benchmarks/wide.py SIDE`` prints the seconds of each gradient of one side.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Line, alternate, normal, ratio, reported_seconds, seconds_each, show, trace_from

from adcli.arrays import Array
from adcli.engines import reverse
from adcli.trace import Trace

WIDTH, DEPTH, BATCH = 1024, 4, 256
ROUNDS, REPEAT = 9, 8
SIDES = ("adcli", "ordinary", "keeping", "buffers")


def net() -> Trace:
    layers: list[dict[str, Any]] = []
    for seed in range(DEPTH):
        layers.append({"type": "linear", "weight": normal([WIDTH, WIDTH], seed, WIDTH**-0.5)})
        layers.append({"type": "tanh"})
    spec = {
        "input": {"x": normal([BATCH, WIDTH], DEPTH, 1.0)},
        "target": {"y": normal([BATCH, WIDTH], DEPTH + 1, 1.0)},
        "layers": layers,
        "loss": {"type": "squared_error"},
    }
    return trace_from(spec)


def ordinary(x: Array, y: Array, weights: list[Array], keep: bool = False) -> tuple[float, list[Array]]:
    values, products = [x], []
    for W in weights:
        if keep:
            products.append(values[-1] @ W.T)
            values.append(np.tanh(products[-1]))
        else:
            values.append(np.tanh(values[-1] @ W.T))
    difference = values[-1] - y
    loss = np.sum(difference * difference) / BATCH
    h_bar = (2.0 / BATCH) * difference
    gradients = []
    for layer in range(DEPTH - 1, -1, -1):
        h = values[layer + 1]
        z_bar = h_bar * (1.0 - h * h)
        gradients.append(z_bar.T @ values[layer])
        if layer:
            h_bar = z_bar @ weights[layer]
    return loss, gradients[::-1]


def with_buffers(x: Array, y: Array, weights: list[Array]) -> Callable[[], tuple[float, list[Array]]]:
    values = [x, *(np.zeros((BATCH, WIDTH)) for _ in weights)]
    gradients = [np.zeros((WIDTH, WIDTH)) for _ in weights]
    h_bar, z_bar = np.zeros((2, BATCH, WIDTH))

    def run() -> tuple[float, list[Array]]:
        for layer, W in enumerate(weights):
            np.matmul(values[layer], W.T, out=values[layer + 1])
            np.tanh(values[layer + 1], out=values[layer + 1])
        np.subtract(values[-1], y, out=h_bar)
        np.multiply(h_bar, h_bar, out=z_bar)
        loss = np.sum(z_bar) / BATCH
        np.multiply(h_bar, 2.0 / BATCH, out=h_bar)
        for layer in range(DEPTH - 1, -1, -1):
            np.multiply(values[layer + 1], values[layer + 1], out=z_bar)
            np.subtract(1.0, z_bar, out=z_bar)
            np.multiply(h_bar, z_bar, out=z_bar)
            np.matmul(z_bar.T, values[layer], out=gradients[layer])
            if layer:
                np.matmul(z_bar, weights[layer], out=h_bar)
        return loss, gradients

    return run


def side(name: str) -> Callable[[], tuple[float, list[Array]]]:
    trace = net()
    x, y = trace.inputs["x"], trace.targets["y"]
    weights = list(trace.parameters.values())
    if name == "adcli":
        plan = reverse.plan(trace, tuple(trace.parameters))
        return lambda: _loss_and_gradients(plan)
    return with_buffers(x, y, weights) if name == "buffers" else lambda: ordinary(x, y, weights, name == "keeping")


def _loss_and_gradients(plan: reverse.Plan) -> tuple[float, list[Array]]:
    result = reverse.run(plan)
    return float(result.values[plan.structure.trace.output]), list(result.gradients.values())


def check() -> None:
    loss, gradients = side("adcli")()
    for name in SIDES[1:]:
        loss_by_hand, by_hand = side(name)()
        np.testing.assert_allclose(loss, loss_by_hand, rtol=1e-12)
        for gradient, theirs in zip(gradients, by_hand, strict=True):
            np.testing.assert_allclose(gradient, theirs, rtol=1e-9, atol=1e-12)


def lines() -> list[Line]:
    check()
    measures = [lambda name=name: statistics.median(reported_seconds([__file__, name])) for name in SIDES]
    ours, plain, keeping, buffers = alternate(measures, ROUNDS)  # type: ignore[arg-type]
    a, b, k, c = (f"{statistics.median(series) * 1e3:.0f} ms" for series in (ours, plain, keeping, buffers))
    what = f"width {WIDTH}, depth {DEPTH}, batch {BATCH}, tanh, beside"
    return [
        Line(f"{what} ordinary expressions", 1.05, ratio(ours, plain), f"{a}, by hand {b}"),
        Line(f"{what} the same, keeping W x as adcli does", 1.05, ratio(ours, keeping), f"{a}, by hand {k}"),
        Line(f"{what} buffers allocated beforehand", 1.3, ratio(ours, buffers), f"{a}, by hand {c}"),
    ]


if __name__ == "__main__":
    if sys.argv[1:]:
        gradient = side(sys.argv[1])
        gradient()
        print(*(seconds_each(gradient, 1) for _ in range(REPEAT)))
    else:
        show(lines())
