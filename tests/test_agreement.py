"""Random nets on which every engine agrees with every other: activations, losses, batches, both conventions."""

import json
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.engines.check import check
from adcli.engines.run import MODES, differentiate
from adcli.primitives import activations
from adcli.primitives.losses import FIELDS
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

POSITIVE = {"log", "sqrt"}  # take only positive numbers here
SAFE = sorted(set(activations.RULES) - POSITIVE - {"exp", "square", "tan"})
NUMBERS = st.integers(-19, 19).map(lambda tenths: (tenths + 0.37) / 10)  # away from kinks at 0


def matrix(draw: st.DrawFn, rows: int, columns: int) -> list[list[float]]:
    return [[draw(NUMBERS) for _ in range(columns)] for _ in range(rows)]


@st.composite
def nets(draw: st.DrawFn) -> dict:
    """A net of one to three linear layers with activations and a loss."""
    row = draw(st.booleans())
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    examples = draw(st.sampled_from([0, 0, 1, 2, 3]))
    layers = []
    for before, after in pairwise(widths):
        layer: dict = {"type": "linear", "weight": matrix(draw, *((before, after) if row else (after, before)))}
        if draw(st.booleans()):
            layer["bias"] = matrix(draw, 1, after)[0]
        if draw(st.booleans()):
            layer["activation"] = draw(st.sampled_from(SAFE))
        layers.append(layer)
    x = matrix(draw, examples or 1, widths[0])
    spec: dict = {"convention": "row" if row else "column", "input": {"x": x if examples else x[0]}, "layers": layers}
    if draw(st.booleans()):
        loss = draw(st.sampled_from(sorted(set(FIELDS) - {"binary_cross_entropy"})))
        spec["loss"] = {"type": loss, "reduction": draw(st.sampled_from(["mean", "sum"]))}
        spec["target"] = {"y": target(draw, loss, max(1, examples) * widths[-1])}
    return spec


def target(draw: st.DrawFn, loss: str, count: int) -> list[float]:
    if loss == "hinge":
        return draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=count, max_size=count))
    if loss in ("cross_entropy", "negative_log_likelihood", "binary_cross_entropy_with_logits"):
        return draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=count, max_size=count))
    return [draw(NUMBERS) + 0.051 for _ in range(count)]


def trace_of(spec: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(nets())
def test_all_engines_agree(spec: dict) -> None:
    trace = trace_of(spec)
    found = check(trace, [*trace.parameters, *trace.inputs])
    assert [ran.mode for ran in found.engines] == list(MODES)
    assert found.agree, [pair for pair in found.pairs if not pair.agree]


@pytest.mark.parametrize("mode", ["symbolic", "forward", "reverse"])
@pytest.mark.parametrize(
    ("layers", "x", "right"),
    [
        (["sigmoid", "log"], 40.0, lambda x: -mpmath.log(1 + mpmath.exp(-x))),
        (["tanh", "square"], 18.0, lambda x: mpmath.tanh(x) ** 2),
        (["softplus", "log"], -30.0, lambda x: mpmath.log(mpmath.log(1 + mpmath.exp(x)))),
        (["gelu"], -8.0, lambda x: x * mpmath.ncdf(x)),
        (["exp", "sin"], 9.0, lambda x: mpmath.sin(mpmath.exp(x))),
        (["square", "sqrt"], 1e-150, lambda x: mpmath.sqrt(x**2)),
    ],
)
def test_badly_conditioned_points_against_mpmath(mode: str, layers: list, x: float, right) -> None:
    """A derivative that float64 could lose, from 60 digits. What remains is the conditioning of the point."""
    trace = trace_of({"input": {"x": [x]}, "layers": [{"type": layer} for layer in layers]})
    found = differentiate(trace, mode, ["x"])[0].gradients["x"]
    with mpmath.workdps(60):
        expected = float(mpmath.diff(right, mpmath.mpf(x), h=mpmath.mpf(x) * mpmath.mpf("1e-20")))
    assert np.asarray(found).reshape(-1) == pytest.approx([expected], rel=2e-12)
