"""The engines against each other: random nets, values that are not finite, and depth."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.engines import forward, reverse
from adcli.engines.run import differentiate
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

ACTIVATIONS = ["tanh", "sigmoid", "softplus", "silu", "gelu", "sin", "cos", "square", "softmax", "log_softmax"]
LOSSES = ["squared_error", "half_squared_error", "mean_squared_error", "huber", "binary_cross_entropy_with_logits"]
ENGINES = {"forward": forward, "reverse": reverse}


def trace_of(content: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))


@st.composite
def nets(draw) -> dict:
    """A net of one to four layers, with or without a batch, biases, activations, a shared weight and a loss."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    width = draw(st.integers(1, 3))
    examples = draw(st.sampled_from([None, 1, 3]))
    x = rng.normal(size=(width,) if examples is None else (examples, width))
    content: dict = {"input": {"x": x.tolist()}, "layers": [], "convention": draw(st.sampled_from(["column", "row"]))}
    content["parameters"] = {"W": rng.normal(size=(width, width)).tolist(), "b": rng.normal(size=width).tolist()}
    for _ in range(draw(st.integers(1, 4))):
        layer: dict = {"type": "linear", "weight": "W"}
        if draw(st.booleans()):
            wider = draw(st.integers(1, 3))
            shape = (wider, width) if content["convention"] == "column" else (width, wider)
            layer["weight"] = rng.normal(size=shape).tolist()
            if draw(st.booleans()):
                layer["bias"] = rng.normal(size=wider).tolist()
            if wider != width:
                layer["activation"] = draw(st.sampled_from(ACTIVATIONS))
                content["layers"].append(layer)
                break
        elif draw(st.booleans()):
            layer["bias"] = "b"
        if draw(st.booleans()):
            layer["activation"] = draw(st.sampled_from(ACTIVATIONS))
        content["layers"].append(layer)
    if draw(st.booleans()):
        output = trace_of(content).nodes[-1].shape
        content["loss"] = {"type": draw(st.sampled_from(LOSSES)), "reduction": draw(st.sampled_from(["mean", "sum"]))}
        content["target"] = rng.uniform(0, 1, size=output).tolist()
    return content


@settings(max_examples=120, deadline=None, derandomize=True)
@given(nets())
def test_engines_agree_on_random_nets(content: dict) -> None:
    trace = trace_of(content)
    names = trace.differentiable
    results = {mode: differentiate(trace, mode, names)[0].gradients for mode in ("forward", "reverse", "numeric")}
    for name in names:
        right = results["reverse"][name]
        assert results["forward"][name].shape == right.shape == results["numeric"][name].shape
        scale = float(np.max(np.abs(right), initial=1.0))
        assert results["forward"][name] == pytest.approx(right, rel=1e-9, abs=1e-11 * scale)
        assert results["numeric"][name] == pytest.approx(right, rel=1e-3, abs=1e-5 * scale)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(nets(), st.integers(0, 1000))
def test_asking_for_fewer_names_changes_nothing(content: dict, seed: int) -> None:
    trace = trace_of(content)
    name = trace.differentiable[seed % len(trace.differentiable)]
    for engine in ENGINES.values():
        alone = engine.run(engine.plan(trace, [name])).gradients[name]
        together = engine.run(engine.plan(trace, trace.differentiable)).gradients[name]
        assert alone == pytest.approx(together, rel=1e-12, abs=1e-14)


NOT_FINITE = {
    "a slope that is infinite beside zeros of the structure": {"input": {"x": [0, 1]}, "layers": [{"type": "sqrt"}]},
    "the same before a weight": {
        "input": {"x": [0, 1]},
        "layers": [{"type": "sqrt"}, {"type": "linear", "weight": [[1, 2], [3, 4]]}],
    },
    "a zero weight times an infinite slope": {
        "input": {"x": [0, 1]},
        "layers": [{"type": "sqrt"}, {"type": "linear", "weight": [[0, 2]]}],
    },
    "the same with a loss": {
        "input": {"x": [0, 0, 4]},
        "target": {"y": [1, 1, 1]},
        "layers": [{"type": "linear", "weight": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}, {"type": "sqrt"}],
        "loss": "squared_error",
    },
    "a batch": {
        "input": {"x": [[0, 1], [4, 9]]},
        "target": {"y": [[1, 1], [1, 1]]},
        "layers": [{"type": "linear", "weight": [[1, 0], [0, 1]]}, {"type": "sqrt"}],
        "loss": "squared_error",
    },
    "a batch whose weight is taller than its rows are many": {
        "input": {"x": [[1], [4], [0]]},
        "layers": [{"type": "linear", "weight": [[0], [1]]}, {"type": "sqrt"}],
    },
    "a batch and a loss": {
        "input": {"x": [[1], [4]]},
        "target": {"y": [[1, 2], [3, 4]]},
        "layers": [{"type": "linear", "weight": [[0], [1]], "bias": [0, 0]}, {"type": "sqrt"}],
        "loss": "squared_error",
    },
    "a bias": {
        "input": {"x": [1, 4]},
        "target": {"y": [1, 2]},
        "layers": [{"type": "linear", "weight": [[0, 0], [2, 1]], "bias": [0, 1]}, {"type": "sqrt"}],
        "loss": "squared_error",
    },
    "a weight of one column and a bias": {
        "input": {"x": [1]},
        "layers": [{"type": "linear", "weight": [[0], [2]], "bias": [0, 1]}, {"type": "sqrt"}, {"type": "softmax"}],
    },
    "an infinite slope after a softmax": {
        "input": {"x": [[0, 3000], [1, 1]]},
        "layers": [{"type": "softmax"}, {"type": "sqrt"}],
    },
    "a dead unit before an infinite slope": {
        "input": {"x": [-1, 1]},
        "layers": [{"type": "linear", "weight": [[1, 0], [0, 1]], "activation": "relu"}, {"type": "sqrt"}],
    },
    "a probability of 0": {
        "input": {"x": [0, 0.5]},
        "target": {"y": [1, 1]},
        "layers": [{"type": "linear", "weight": [[1, 0], [0, 1]]}],
        "loss": "binary_cross_entropy",
    },
    "an overflow": {"input": {"x": [800]}, "layers": [{"type": "exp"}]},
    "the logarithm of less than nothing": {"input": {"x": [-1, 2]}, "layers": [{"type": "log"}]},
}


@pytest.mark.parametrize("content", NOT_FINITE.values(), ids=NOT_FINITE)
def test_both_engines_give_the_same_infinities_and_warnings(content: dict) -> None:
    trace = trace_of(content)
    one, one_warnings = differentiate(trace, "forward", trace.differentiable)
    other, other_warnings = differentiate(trace, "reverse", trace.differentiable)
    for name, gradient in other.gradients.items():
        np.testing.assert_array_equal(one.gradients[name], gradient, err_msg=name)
    assert one_warnings == other_warnings
    assert {w.code for w in one_warnings} & {"non-finite", "indeterminate"}


@st.composite
def edges(draw) -> dict:
    """Batches and vectors of small whole numbers through a layer that has an infinite slope at 0.

    No layer follows that would add infinities: then each mode meets 0 · ∞ at another place.
    """
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, c, m = (draw(st.integers(1, 3)) for _ in range(3))
    shape = draw(st.sampled_from([(c,), (n, c)]))
    layer: dict = {"type": "linear", "weight": rng.integers(0, 3, size=(m, c)).tolist()}
    if draw(st.booleans()):
        layer["bias"] = rng.integers(0, 2, size=m).tolist()
    layers = [layer, {"type": "sqrt"}]
    content: dict = {"input": {"x": rng.integers(0, 3, size=shape).tolist()}, "layers": layers}
    if draw(st.booleans()):
        content["target"] = rng.integers(0, 5, size=trace_of(content).nodes[-1].shape).tolist()
        content["loss"] = "squared_error"
    return content


@settings(max_examples=300, deadline=None, derandomize=True)
@given(edges())
def test_engines_agree_where_slopes_are_infinite(content: dict) -> None:
    trace = trace_of(content)
    one = differentiate(trace, "forward", trace.differentiable)[0].gradients
    other = differentiate(trace, "reverse", trace.differentiable)[0].gradients
    for name, gradient in other.items():
        np.testing.assert_allclose(one[name], gradient, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("mode", ENGINES)
def test_the_output_may_be_an_input(mode: str) -> None:
    trace = trace_of({"input": {"x": [[1], [2]]}, "layers": [{"type": "sin"}], "output": "x"})
    assert differentiate(trace, mode, ["x"])[0].gradients["x"].tolist() == [[1, 0], [0, 1]]


def test_structural_zeros_stay_zero() -> None:
    trace = trace_of({"input": {"x": [0, 1]}, "layers": [{"type": "sqrt"}]})
    for mode in ENGINES:
        assert differentiate(trace, mode, ["x"])[0].gradients["x"].tolist() == [[math.inf, 0.0], [0.0, 0.5]]


@pytest.mark.parametrize("mode", ENGINES)
def test_beside_an_infinite_slope_a_hinge_still_reaches_the_other_entries(mode: str) -> None:
    # 1 − y h = 1 + √x on all entries, so the slope is 1 / (2 √x): ¼ at 4
    trace = trace_of({"input": [4, 4, 0], "target": [-1, -1, -1], "layers": [{"type": "sqrt"}], "loss": "hinge"})
    assert differentiate(trace, mode, ["x"])[0].gradients["x"].tolist() == [0.25, 0.25, math.inf]


def test_zero_times_infinity_is_told() -> None:
    trace = trace_of(NOT_FINITE["a dead unit before an infinite slope"])
    for mode in ENGINES:
        result, warnings = differentiate(trace, mode, ["x"])
        assert math.isnan(result.gradients["x"][0, 0])
        assert [(w.code, w.name) for w in warnings] == [("non-finite", "h2"), ("indeterminate", "x")]


@pytest.mark.parametrize("mode", ENGINES)
def test_names_that_the_output_does_not_depend_on_have_gradient_zero(mode: str) -> None:
    content = {
        "input": {"x": [1, 2], "u": [[1, 2, 3]]},
        "parameters": {"V": [[5]]},
        "layers": [{"type": "linear", "weight": [[1, 2]]}, {"type": "tanh"}],
        "output": "h1",
    }
    result, warnings = differentiate(trace_of(content), mode, ["V", "u", "h2", "h1", "W1"])
    assert {name: gradient.tolist() for name, gradient in result.gradients.items()} == {
        "V": [[0]],
        "u": [[0, 0, 0]],
        "h2": [0],
        "h1": [1],
        "W1": [[1, 2]],
    }
    assert [(w.code, w.name) for w in warnings] == [("unused", "V"), ("unused", "u"), ("unused", "h2")]
    assert warnings[0].message == "h1 does not depend on V: its derivative is 0"


@pytest.mark.parametrize("mode", ENGINES)
def test_a_batch_without_a_loss_has_a_row_for_every_entry(mode: str) -> None:
    content = {"input": {"x": [[1, 2], [3, 4]]}, "layers": [{"type": "linear", "weight": [[1, 1], [0, 1]]}]}
    gradients = differentiate(trace_of(content), mode, ["W1", "x"])[0].gradients
    assert gradients["W1"].tolist() == [[1, 2, 0, 0], [0, 0, 1, 2], [3, 4, 0, 0], [0, 0, 3, 4]]
    assert gradients["x"].tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]


@pytest.mark.parametrize("mode", ENGINES)
def test_ten_thousand_layers(mode: str) -> None:
    """The product of 10,000 rotations: the gradient of the last value for the first input is a rotation, too."""
    angle = 1e-3
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    content = {"input": {"x": [1, 0]}, "layers": [{"type": "linear", "weight": turn} for _ in range(10_000)]}
    result, _ = differentiate(trace_of(content), mode, ["x", "W5000"])
    whole = 10_000 * angle
    right = [[math.cos(whole), -math.sin(whole)], [math.sin(whole), math.cos(whole)]]
    assert result.gradients["x"] == pytest.approx(np.array(right), abs=1e-9)
    assert result.gradients["W5000"].shape == (2, 4)


def test_without_a_sink_no_step_is_made(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a recorder was made")

    monkeypatch.setattr(forward, "Recorder", refuse)
    monkeypatch.setattr(reverse, "Recorder", refuse)
    trace = trace_of({"input": {"x": [1]}, "layers": [{"type": "tanh"}]})
    for engine in ENGINES.values():
        engine.run(engine.plan(trace, ["x"]))
