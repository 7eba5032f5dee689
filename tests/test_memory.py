"""What an engine needs no more it lets go: tangents that were pushed, cotangents that were pulled."""

from __future__ import annotations

import json
import tracemalloc
import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from adcli.engines import forward, reverse
from adcli.explain.story import Request, told
from adcli.primitives import RULES, Primitive
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

LAYERS = 32


class Watched:
    """``sin`` whose JVPs and VJPs are watched: how many of their results are alive at once, at most."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.made = 0
        self.rules = {"sin": self.primitive}

    def primitive(self) -> Primitive:
        sin = RULES["sin"]()
        x = sin.partials["x"]
        watched = replace(x, jvp=self.watch(x.jvp), vjp=self.watch(x.vjp))
        return Primitive(sin.arguments, sin.value, {"x": watched}, sin.text, sin.latex)

    def watch(self, rule: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def watched(direction: np.ndarray, read: np.ndarray) -> np.ndarray:
            made = np.array(rule(direction, read))
            weakref.finalize(made, self.gone)
            self.made += 1
            self.now += 1
            self.most = max(self.most, self.now)
            return made

        return watched

    def gone(self) -> None:
        self.now -= 1


@pytest.mark.parametrize("engine", [forward, reverse])
def test_of_a_chain_two_directions_are_held_at_once(engine: object) -> None:
    """That which is read, and that which is made from it."""
    spec = {"input": [0.5, 1], "layers": [{"type": "sin"}] * LAYERS}
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    watched = Watched()
    engine.run(engine.plan(trace, ["x"], watched.rules))
    assert (watched.made, watched.most) == (LAYERS, 2)


def test_the_slope_of_a_large_batch_is_no_square_matrix() -> None:
    """The loss of 2,000 examples of 2 numbers has a row of 4,000 slopes; an identity to make it would take 128 MB."""
    layer = {"type": "linear", "weight": {"random": "normal", "shape": [2, 2], "seed": 1}}
    batch = {"random": "normal", "shape": [2000, 2], "seed": 2}
    spec = {"input": batch, "target": batch, "layers": [layer], "loss": "squared_error"}
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    tracemalloc.start()
    try:
        told(trace, Request("forward", tuple(trace.parameters)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000
