"""Nets that share weights, skip layers and join values, in every engine."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.engines.run import differentiate
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

LOSSES = ["squared_error", "half_squared_error", "mean_squared_error", "huber"]


@st.composite
def graphs(draw) -> dict:
    """Layers of one width on a batch and on a vector, joined by ``add`` and ``multiply``; weights are shared."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    width, examples = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    names = {"x": (examples, width), "u": (width,), "v": (1, width)}
    content: dict = {"input": {name: rng.normal(size=shape).tolist() for name, shape in names.items()}, "layers": []}
    content["parameters"] = {n: rng.normal(size=(width, width)).tolist() for n in ("V", "W")}
    for number in range(1, draw(st.integers(2, 7))):
        kind = draw(st.sampled_from(["linear", "tanh", "add", "multiply"]))
        layer: dict = {"type": kind}
        if kind in ("add", "multiply"):
            layer["inputs"] = draw(st.lists(st.sampled_from(sorted(names)), min_size=2, max_size=3))
            names[f"h{number}"] = np.broadcast_shapes(*(names[name] for name in layer["inputs"]))
        else:
            layer["input"] = draw(st.sampled_from(sorted(names)))
            names[f"h{number}"] = names[layer["input"]]
        if kind == "linear":
            own = rng.normal(size=(width, width)).tolist()
            layer["weight"] = draw(st.sampled_from(["V", "W", own]))
            if draw(st.booleans()):
                layer["bias"] = rng.normal(size=width).tolist()
        content["layers"].append(layer)
    if draw(st.booleans()):
        content["target"] = rng.normal(size=names[f"h{len(content['layers'])}"]).tolist()
        content["loss"] = {"type": draw(st.sampled_from(LOSSES)), "reduction": draw(st.sampled_from(["mean", "sum"]))}
    return content


@settings(max_examples=200, deadline=None, derandomize=True)
@given(graphs())
def test_engines_agree_on_graphs_of_layers(content: dict) -> None:
    trace = build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))
    names = trace.differentiable
    found = {
        mode: differentiate(trace, mode, names)[0].gradients for mode in ("symbolic", "forward", "reverse", "numeric")
    }
    for name in names:
        right = found["reverse"][name]
        scale = float(np.max(np.abs(right), initial=1.0))
        assert found["forward"][name] == pytest.approx(right, rel=1e-9, abs=1e-11 * scale), name
        assert found["symbolic"][name] == pytest.approx(right, rel=1e-9, abs=1e-11 * scale), name
        assert found["numeric"][name] == pytest.approx(right, rel=1e-3, abs=1e-5 * scale), name
    alone = differentiate(trace, "forward", ["W", "V"])[0].gradients
    for name in ("W", "V"):
        assert alone[name] == pytest.approx(found["reverse"][name], rel=1e-9, abs=1e-9), name
