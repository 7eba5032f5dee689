"""Numeric differentiation: against the cases, and with the errors that difference quotients are known to have."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from adcli.engines.run import differentiate
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

CASES = Path(__file__).parent / "cases"
ALL_CASES = sorted(CASES.glob("*.yaml"))


def trace_of(spec: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))


def quotient(spec: dict, name: str = "x", **how) -> np.ndarray:
    result, _ = differentiate(trace_of(spec), "numeric", [name], **how)
    return result.gradients[name]


@pytest.mark.parametrize("path", ALL_CASES, ids=lambda path: path.stem)
def test_cases(path: Path) -> None:
    expected = json.loads(path.with_suffix("").with_suffix(".expected.json").read_text())
    wanted = {**(expected.get("gradients") or expected["jacobians"]), **expected.get("inner", {})}
    result, _ = differentiate(build_trace(read_spec(read_source(str(path)))), "numeric", list(wanted))
    for name, numbers in wanted.items():
        right = np.array(numbers)
        assert result.gradients[name].shape == right.shape
        assert np.all(np.abs(result.gradients[name] - right) <= 1e-6 + 2e-5 * np.abs(right)), name


def test_one_sided_error_of_a_parabola() -> None:
    """3x² − 4x + 5 at 3 by a forward quotient with step 1e-3 gives 14.003, as in every textbook on the subject."""
    # 3x² − 4x + 5 = 3 (x − 2/3)² + 11/3, and the constant has no derivative
    spec = {
        "input": {"x": [3]},
        "layers": [
            {"type": "linear", "weight": [[1]], "bias": ["-2/3"]},
            {"type": "square"},
            {"type": "linear", "weight": [[3]], "bias": ["11/3"]},
        ],
    }
    assert quotient(spec, scheme="forward", step=1e-3) == pytest.approx([14.003], abs=1e-9)
    assert quotient(spec, step=1e-3) == pytest.approx([14.0], abs=1e-9)


def test_rounding_error_of_exp_at_zero() -> None:
    spec = {"input": {"x": [0]}, "layers": [{"type": "exp"}]}
    assert quotient(spec, scheme="forward", step=1e-8) == [0.999999993922529]


def test_default_step_is_relative_to_the_number() -> None:
    spec = {"input": {"x": [1e13]}, "layers": [{"type": "square"}]}
    assert quotient(spec) == pytest.approx([2e13], rel=1e-9)


def test_calls_are_counted_two_for_each_scalar() -> None:
    trace = build_trace(read_spec(read_source(str(CASES / "forward-mode.yaml"))))
    central, _ = differentiate(trace, "numeric", list(trace.parameters))
    forward, _ = differentiate(trace, "numeric", list(trace.parameters), scheme="forward")
    assert (central.evaluations, forward.evaluations) == (28, 15)


def test_near_the_edge_of_a_domain_one_side_is_enough() -> None:
    spec = {"input": {"x": [1e-300]}, "layers": [{"type": "identity"}, {"type": "log"}]}
    at_the_edge = {
        "input": {"x": [0.5]},
        "layers": [{"type": "linear", "weight": [[1]], "bias": [-0.5]}, {"type": "sqrt"}],
    }
    assert np.isfinite(quotient(spec)).all()
    assert quotient(at_the_edge, "x", step=1e-4) == pytest.approx([100.0])


def test_a_kink_is_reported_with_both_quotients() -> None:
    spec = {"input": {"x": [0, 1, -2]}, "layers": [{"type": "abs"}]}
    result, warnings = differentiate(trace_of(spec), "numeric", ["x"])
    assert result.gradients["x"][0, 0] == 0.0
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "h1", (0,))]
    assert warnings[0].message.endswith("for x[1] the quotient is -1 from the left and 1 from the right")


def test_a_kink_within_the_step_is_reported_though_the_point_is_smooth() -> None:
    spec = {"input": {"x": [1e-9]}, "layers": [{"type": "abs"}]}
    _, warnings = differentiate(trace_of(spec), "numeric", ["x"], step=1e-6)
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "x", (0,))]


def test_smooth_but_strongly_curved_is_no_kink() -> None:
    spec = {"input": {"x": [0.3, 4.0, -2.0]}, "layers": [{"type": "square"}, {"type": "exp"}]}
    _, warnings = differentiate(trace_of(spec), "numeric", ["x"])
    assert warnings == []


def test_a_step_lost_in_rounding_is_told() -> None:
    spec = {"input": {"x": [1.0]}, "layers": [{"type": "square"}]}
    _, warnings = differentiate(trace_of(spec), "numeric", ["x"], step=1e-20)
    assert [w.code for w in warnings if w.code == "cancellation"] == ["cancellation"]


def test_the_estimated_error_is_about_the_real_one() -> None:
    spec = {"input": {"x": [0.5, 2.0]}, "layers": [{"type": "sin"}, {"type": "exp"}]}
    for step in (1e-2, 1e-4):
        result, _ = differentiate(trace_of(spec), "numeric", ["x"], step=step)
        x = np.array([0.5, 2.0])
        real = np.max(np.abs(result.gradients["x"] - np.diag(np.cos(x) * np.exp(np.sin(x)))))
        assert result.errors is not None
        assert real / 3 <= np.max(result.errors["x"]) <= 3 * real + 1e-9


def test_values_of_a_shared_weight_are_perturbed_at_all_uses() -> None:
    path = CASES / "dag-shared-weight.yaml"
    expected = json.loads((CASES / "dag-shared-weight.expected.json").read_text())["gradients"]["W"]
    result, _ = differentiate(build_trace(read_spec(read_source(str(path)))), "numeric", ["W"])
    assert result.gradients["W"] == pytest.approx(np.array(expected), rel=2e-5, abs=1e-6)


def of_expression(expression: str, x: float, **how) -> tuple[float, float, list[str]]:
    """Quotient, estimated error and codes of warnings."""
    spec = {"parameters": {"x": x}, "program": [f"out = {expression}"]}
    result, warnings = differentiate(trace_of(spec), "numeric", ["x"], **how)
    assert result.errors is not None
    return float(result.gradients["x"]), float(result.errors["x"]), [w.code for w in warnings]


@pytest.mark.parametrize("scheme", ["central", "forward"])
@pytest.mark.parametrize(
    ("expression", "x", "right"),
    [
        ("exp(x)", 1.0, math.e),
        ("sin(100 * x)", 30.0, 100 * math.cos(3000)),
        ("sin(x)", 1e7, math.cos(1e7)),  # the step is longer than a wave
        ("sin(100 * x)", 1e4, 100 * math.cos(1e6)),
        ("log(x - 1)", 1 + 1e-9, 1 / ((1 + 1e-9) - 1)),  # the step leaves the domain, or nearly
        ("sqrt(x - 1)", 1 + 1e-9, 0.5 / math.sqrt((1 + 1e-9) - 1)),
        ("x ** 1.5", 0.0, 0.0),
        ("(x + 10000000) - 10000000", 3.0, 1.0),  # rounding on the way
        ("(x + 10000000) - 10000000", 0.1, 1.0),
    ],
)
def test_the_true_error_is_within_the_estimate(expression: str, x: float, right: float, scheme: str) -> None:
    found, error, _ = of_expression(expression, x, scheme=scheme)
    assert abs(found - right) <= 1.5 * error


def test_a_smooth_function_has_a_small_estimate() -> None:
    for expression, x, right in (("exp(x)", 1.0, math.e), ("x ** 2", 3.0, 6.0), ("tanh(x)", 0.3, 0.915136961)):
        assert of_expression(expression, x)[1] < 1e-9 * right * 100


def test_a_lost_step_gives_0_and_says_so() -> None:
    """10¹³ + 10⁻⁶ is 10¹³ in float64: the quotient is 0 / h."""
    found, error, codes = of_expression("x ** 2", 1e13, step=1e-6)
    assert (found, codes) == (0.0, ["cancellation"])
    assert error > 2e13


@pytest.mark.parametrize(("x", "codes"), [(1e-12, ["cancellation"]), (1e-3, []), (0.0, [])])
def test_a_step_that_is_lost_later_is_told(x: float, codes: list[str]) -> None:
    """The step of 10⁻¹² is relative to it, and nothing beside the 1 that is added."""
    assert of_expression("(x + 1) ** 2", x)[2] == codes


def test_each_kink_has_its_own_quotients() -> None:
    """Hinge of two examples: −y / n on one side of y h = 1, so −1/2 | 0 for y = 1 and 0 | 1/2 for y = −1."""
    spec = {
        "input": {"x": [[1, 3], [3, -1]]},
        "target": [[1, 1], [1, -1]],
        "layers": [{"type": "identity"}],
        "loss": "hinge",
    }
    _, warnings = differentiate(trace_of(spec), "numeric", ["x"])
    assert [w.message.split("; ")[1] for w in warnings] == [
        "for x[1, 1] the quotient is -0.5 from the left and 0 from the right",
        "for x[2, 2] the quotient is 0 from the left and 0.5 from the right",
    ]


def test_kinks_of_a_program_are_told_by_the_name_that_meets_them() -> None:
    spec = {"parameters": {"x": 0, "y": 0}, "program": ["d = relu(2 * x) - abs(3 * y)"]}
    _, warnings = differentiate(trace_of(spec), "numeric", ["x", "y"])
    assert [w.message.split("; ")[1] for w in warnings] == [
        "for x the quotient is 0 from the left and 2 from the right",
        "for y the quotient is 3 from the left and -3 from the right",
    ]


def test_a_kink_that_no_gradient_feels_has_quotients_too() -> None:
    layers = [
        {"type": "linear", "weight": [[1, -1], [1, 1]], "activation": "relu"},
        {"type": "linear", "weight": [[0, 1]]},
    ]
    spec = {"input": {"x": [1, 1]}, "target": [1], "layers": layers, "loss": "squared_error"}
    _, warnings = differentiate(trace_of(spec), "numeric", ["W1", "W2"])
    assert [w.message.split("; ")[1] for w in warnings] == [
        "for z1[1] the quotient is 0 from the left and 0 from the right"
    ]
