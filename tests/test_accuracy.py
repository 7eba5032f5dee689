"""Values and slopes in float64: the hard places, and a wide grid against mpmath at 50 digits."""

import json
import math

import mpmath
import numpy as np
import pytest

from adcli.engines.run import differentiate
from adcli.primitives import RULES
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

mpmath.mp.dps = 50
ULP = 2.0**-52


def slope_of(op: str, x: float, **fields: float) -> float:
    primitive = RULES[op](**fields)
    value = np.array([x])
    place = {"x": value, "out": primitive.evaluate(value)}
    partial = primitive.partials["x"]
    return float(np.squeeze(partial.vjp(np.ones(1), *(place[name] for name in partial.vjp_reads))))


def value_of(op: str, x: float, **fields: float) -> float:
    return float(RULES[op](**fields).evaluate(np.array([x]))[0])


def gradient(spec: dict, mode: str = "reverse"):
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    return differentiate(trace, mode, list(trace.inputs))


def of_loss(loss: str, h: list, y, mode: str = "reverse"):
    """Value, gradient and warnings of a loss of its input."""
    spec = {"input": {"h": h}, "target": {"y": y}, "layers": [{"type": "identity"}], "loss": loss}
    result, warnings = gradient(spec, mode)
    return float(result.values["loss"]), result.gradients["h"].tolist(), warnings


def test_saturated_slopes() -> None:
    assert slope_of("sigmoid", 40.0) == 4.248354255291589e-18
    assert slope_of("sigmoid", -1000.0) == 0.0
    assert slope_of("tanh", 20.0) == 1.6993417021166355e-17
    assert slope_of("softplus", 30.0) == 0.9999999999999064
    assert value_of("softplus", -800.0) == 0.0


def test_cross_entropy_of_large_logits() -> None:
    assert of_loss("cross_entropy", [1000, 0], 1)[:2] == (1000.0, [1.0, -1.0])


def test_zero_times_the_logarithm_of_zero_is_zero() -> None:
    value, slopes, warnings = of_loss("cross_entropy", [2000, 0], [1, 0])
    assert (value, slopes, warnings) == (0.0, [0.0, 0.0], [])
    assert of_loss("binary_cross_entropy", [0.0], [0.0])[0] == 0.0
    assert of_loss("binary_cross_entropy", [1.0], [1.0])[0] == 0.0


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_cross_entropy_keeps_its_digits_where_the_answer_is_right(mode: str) -> None:
    tail = float(mpmath.log1p(mpmath.exp(-40)))
    value, slopes, _ = of_loss("cross_entropy", [40, 0], 0, mode)
    assert value == pytest.approx(tail, rel=1e-15)
    assert slopes == pytest.approx([-tail, tail], rel=1e-15)
    value, slopes, _ = of_loss("binary_cross_entropy_with_logits", [40], [1], mode)
    assert value == pytest.approx(tail, rel=1e-15)
    assert slopes == pytest.approx([-tail], rel=1e-15)


def test_softmax_of_equal_large_logits() -> None:
    assert RULES["log_softmax"]().evaluate(np.array([1000.0, 1000.0])).tolist() == [-math.log(2), -math.log(2)]
    assert RULES["softmax"]().evaluate(np.array([1000.0, 1000.0])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
@pytest.mark.parametrize("z", [[0.0, -50.0, 3.0, -0.5], [40.0, 0.0, -1.0, 2.0]])
def test_jacobians_of_saturated_softmax_keep_relative_digits(z: list[float], op: str, mode: str) -> None:
    result, _ = gradient({"input": {"z": z}, "layers": [{"type": op}]}, mode)
    e = [mpmath.exp(mpmath.mpf(x)) for x in z]
    p = [x / sum(e) for x in e]
    for i in range(4):
        for j in range(4):
            delta = 1 if i == j else 0
            right = p[i] * (delta - p[j]) if op == "softmax" else delta - p[j]
            assert abs(result.gradients["z"][i, j] - right) <= 8 * ULP * abs(right)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_binary_cross_entropy_at_the_edges(mode: str) -> None:
    assert of_loss("binary_cross_entropy", [1.0], [1.0], mode)[1:] == ([-1.0], [])
    for zero in (0.0, -0.0):
        value, slopes, warnings = of_loss("binary_cross_entropy", [zero], [1.0], mode)
        assert (value, slopes) == (math.inf, [-math.inf])
        assert [(w.code, w.name) for w in warnings] == [("non-finite", "loss")]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_square_root_at_zero_is_infinitely_steep(zero: float, mode: str) -> None:
    result, warnings = gradient({"input": {"x": [zero]}, "layers": [{"type": "sqrt"}]}, mode)
    assert result.gradients["x"].tolist() == [math.inf]
    assert [(w.code, w.name, w.index) for w in warnings] == [("non-finite", "h1", (0,))]
    assert "h1 = sqrt(x): the derivative is infinite at x[1]" in warnings[0].message


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("steep_first", [True, False])
def test_two_paths_beside_an_infinite_slope_reach_what_either_reaches(mode: str, steep_first: bool) -> None:
    """(I + W) diag(∞, 1/4), and diag(∞, 1/4) (I + W): one path reaches the diagonal only, the other one all entries."""
    sqrt = {"type": "sqrt"}
    if steep_first:
        paths = [{"type": "linear", "input": "h1", "weight": [[1, 2], [3, 4]]}, {"type": "add", "inputs": ["h2", "h3"]}]
        x, layers = [0, 4], [sqrt, {"type": "identity"}, *paths]
        right = [[math.inf, 2 / 4], [math.inf, 5 / 4]]
    else:
        paths = [{"type": "linear", "input": "x", "weight": [[1, 2], [6, 1]]}, {"type": "add", "inputs": ["h1", "h2"]}]
        x, layers = [1, -1], [{"type": "identity"}, *paths, sqrt]
        right = [[math.inf, math.inf], [6 / 4, 2 / 4]]
    result, _ = gradient({"input": {"x": x}, "layers": layers}, mode)
    assert result.gradients["x"].tolist() == right


@pytest.mark.parametrize("mode", ["symbolic", "forward", "reverse"])
@pytest.mark.parametrize("exponent", [[0, 0, 3, 1], 0])
def test_powers_entry_by_entry_at_the_edges(exponent: list[int] | int, mode: str) -> None:
    """x ** y: for x it is y x^(y − 1), and 0 where y = 0, at x = 0 too."""
    spec = {"parameters": {"x": [0, 2, 2, 0], "y": exponent}, "program": ["z = x ** y", "s = sum(z)"]}
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    result, _ = differentiate(trace, mode, ["x"])
    assert result.gradients["x"].tolist() == ([0.0, 0.0, 12.0, 1.0] if exponent else [0.0] * 4)


def test_a_target_fits_whatever_its_shape() -> None:
    """Three examples of one number and a row of three: (1 + 0 + 4) / 3, and for w (2·(−1)·1 + 0 + 2·(−2)·3) / 3."""
    spec = {
        "input": {"x": [[1], [2], [3]]},
        "target": {"y": [2, 2, 5]},
        "layers": [{"type": "linear", "weight": [[1]]}],
        "loss": "squared_error",
    }
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    result, _ = differentiate(trace, "reverse", ["W1"])
    assert (float(result.values["loss"]), result.gradients["W1"].item()) == pytest.approx((5 / 3, -14 / 3), rel=1e-15)


def test_of_many_places_the_first_is_told() -> None:
    _, warnings = gradient({"input": {"x": [1, 0, 0]}, "layers": [{"type": "log"}]})
    assert (warnings[0].code, warnings[0].name, warnings[0].index) == ("non-finite", "h1", (1,))


def test_a_step_is_relative_to_a_small_number() -> None:
    """√x at 10⁻⁶ has the slope 500: a step that doesn't shrink with x would leave the domain."""
    result, _ = gradient({"input": {"x": 1e-6}, "layers": [{"type": "sqrt"}]}, "numeric")
    assert float(result.gradients["x"]) == pytest.approx(500.0, rel=1e-8)


KINKS = [
    ({"type": "relu"}, 0.0),
    ({"type": "abs"}, 0.0),
    ({"type": "leaky_relu", "slope": 0.25}, 0.25),
    ({"type": "elu", "alpha": 2.0}, 1.0),
]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(("layer", "declared"), KINKS, ids=lambda value: str(value))
def test_kinks_of_activations(layer: dict, declared: float, zero: float, mode: str) -> None:
    result, warnings = gradient({"input": {"x": [1.0, zero]}, "layers": [layer]}, mode)
    assert result.gradients["x"][1, 1] == declared
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "h1", (1,))]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_kinks_of_losses(mode: str) -> None:
    _, slopes, warnings = of_loss("absolute_error", [2.0, 1.0], [1.0, 1.0], mode)
    assert slopes == [1.0, 0.0]
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "loss", (1,))]
    _, slopes, warnings = of_loss("hinge", [1.0, -2.0], [1, 1], mode)
    assert slopes == [0.0, -1.0]
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "loss", (0,))]


@pytest.mark.parametrize("layer", [{"type": "elu"}, {"type": "leaky_relu", "slope": 1}, {"type": "softplus"}])
def test_no_kink_where_the_derivative_is_continuous(layer: dict) -> None:
    assert gradient({"input": {"x": [0.0]}, "layers": [layer]})[1] == []
    assert of_loss({"type": "huber", "delta": 1}, [1.0], [0.0])[2] == []


EXACT = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "elu": lambda x: x if x >= 0 else mpmath.expm1(x),
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "square": lambda x: x * x,
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
}
SIZES = [*np.logspace(-60, -1, 40), *np.linspace(0.05, 8, 160), *np.linspace(8.5, 38, 60), 100.0, 300.5, 690.0]


@pytest.mark.parametrize("op", EXACT)
def test_value_and_slope_on_a_wide_grid(op: str) -> None:
    exact = EXACT[op]
    grid = [x for size in SIZES for x in ((size,) if op in ("log", "sqrt") else (size, -size))]
    for x in grid:
        with mpmath.workdps(240):  # derivatives by differences, at far more digits than are compared
            point = mpmath.mpf(x)
            h = abs(point) * mpmath.mpf(10) ** -25
            f, above, below = exact(point), exact(point + h), exact(point - h)
            first, second = (above - below) / (2 * h), (above - 2 * f + below) / h**2
        for found, right, change in ((value_of(op, x), f, first), (slope_of(op, x), first, second)):
            if abs(right) < 1e-290 or abs(right) > 1e300:
                continue  # where float64 itself has fewer digits
            bound = 4 * ULP * (abs(right) + abs(point * change))
            assert abs(mpmath.mpf(found) - right) <= bound, (op, x, found, mpmath.nstr(right, 20))
