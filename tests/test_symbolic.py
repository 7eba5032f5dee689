"""Symbolic mode: its formulas, what they cost, and where the closed form would be too large or has no value."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy

from adcli.engines.run import differentiate
from adcli.engines.structure import Result
from adcli.notation.formulas import label, latex, latex_label, latex_writer, text
from adcli.primitives import RULES
from adcli.primitives.base import elementwise
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

CASES = Path(__file__).parent / "cases"


def symbolic(spec: dict, *wrt: str) -> Result:
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    return differentiate(trace, "symbolic", wrt or list(trace.parameters or trace.inputs))[0]


def net(width: int, depth: int, activation: str = "tanh") -> dict:
    def random(shape: list[int], seed: int) -> dict:
        return {"random": "normal", "shape": shape, "seed": seed, "scale": 0.5}

    layer = {"type": "linear", "activation": activation}
    layers = [{**layer, "weight": random([width, width], i), "bias": random([width], 100 + i)} for i in range(depth)]
    return {"input": random([width], 98), "target": random([width], 99), "layers": layers, "loss": "squared_error"}


def test_formulas_of_two_layers_are_those_of_the_lecture(run_json) -> None:
    found = run_json("grad", str(CASES / "two-layers.yaml"), "--mode", "symbolic")
    assert found["formulas"]["output"][0] == "W_f₁₁*(W_g₁₁*x₁ + W_g₁₂*x₂) + W_f₁₂*(W_g₂₁*x₁ + W_g₂₂*x₂)"
    assert found["formulas"]["gradients"]["W_g"][1] == ["W_f₂₁*x₁", "W_f₂₁*x₂", "W_f₂₂*x₁", "W_f₂₂*x₂"]
    assert found["formulas"]["gradients"]["W_f"][0][2] == "0"
    assert list(found)[-3:] == ["formulas", "operations", "warnings"]


def test_a_formula_read_again_has_the_gradient_as_its_value(run_json) -> None:
    """The text alone, with numbers for its names, gives the number beside it."""
    found = run_json("grad", str(CASES / "act-silu.yaml"), "--mode", "symbolic")
    spec = found["formulas"]["gradients"]["W1"]
    values = run_json("grad", str(CASES / "act-silu.yaml"))
    names = {"exp": sympy.exp}
    plain = str.maketrans({digit: f"_{i}" for i, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")})
    trace = build_trace(read_spec(Source("x.yaml", (CASES / "act-silu.yaml").read_text(), str(CASES))))
    for name, array in trace.leaves.items():
        for place in np.ndindex(array.shape):
            names[name + "".join(f"_{i + 1}" for i in place)] = sympy.Float(float(array[place]), 30)
    for row, numbers in zip(spec, values["gradients"]["W1"], strict=True):
        for formula, number in zip(row, numbers, strict=True):
            assert float(eval(formula.translate(plain), {"__builtins__": {}}, names)) == pytest.approx(
                number, rel=1e-12
            )


def test_latex_has_indices_of_the_lecture() -> None:
    result = symbolic({"input": {"x": [1, 2]}, "layers": [{"type": "linear", "weight": [[1, 2], [3, 4]]}]})
    assert result.formulas is not None
    assert latex(result.formulas, result.formulas.output)[1] == "W^{(1)}_{21} x_{1} + W^{(1)}_{22} x_{2}"


def test_a_function_is_written_by_itself_and_as_a_power() -> None:
    """The writer remembers parts: sin(x), and sin²(x), which LaTeX writes another way."""
    spec = {"input": {"x": [2]}, "layers": [{"type": "linear", "weight": [[1]]}]}
    formulas = symbolic(spec, "x").formulas
    assert formulas is not None
    x, write = next(iter(formulas.meanings)), latex_writer(formulas)
    alone, squared = write(sympy.sin(x)), write(sympy.sin(x) ** 2)
    assert alone == rf"\sin{{\left({write(x)} \right)}}"
    assert squared == rf"\sin^{{2}}{{\left({write(x)} \right)}}"


def test_a_negative_number_in_a_formula_has_brackets() -> None:
    assert (label(-2.5), label(2.5)) == ("(-2.5)", "2.5")
    assert (latex_label(-2.5), latex_label(2.5)) == ("(-2.5)", "2.5")


def test_fractions_stay_fractions() -> None:
    layers = [{"type": "leaky_relu", "slope": 0.01}, {"type": "linear", "weight": [["1/3"]]}]
    result = symbolic({"input": {"x": [-2]}, "layers": layers}, "x")
    assert result.formulas is not None
    assert list(text(result.formulas, result.formulas.gradients["x"]).flat) == ["W2₁₁*(1 if x₁ > 0 else 1/100)"]
    assert result.gradients["x"].reshape(-1) == pytest.approx([0.01 / 3], rel=1e-15)


@pytest.mark.parametrize(
    ("layer", "x", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("abs", 0.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ("elu", 0.0, 1.0),
        ("sqrt", 0.0, np.inf),
        ("log", 0.0, np.inf),
        ("log", -1.0, np.nan),
        ("tanh", 30.0, float(1 / mpmath.cosh(30) ** 2)),
        ("sigmoid", -800.0, 0.0),
        ("sigmoid", 40.0, float(mpmath.exp(-40) / (1 + mpmath.exp(-40)) ** 2)),
        ("softplus", 1000.0, 1.0),
        ("exp", 710.0, np.inf),
        ("sin", 1e22, float(mpmath.cos(mpmath.mpf(10) ** 22))),
    ],
)
def test_values_at_kinks_edges_and_where_float64_cancels(layer: str, x: float, slope: float) -> None:
    result = symbolic({"input": {"x": [x]}, "layers": [{"type": layer}]})
    assert np.asarray(result.gradients["x"]).reshape(-1) == pytest.approx([slope], rel=1e-15, nan_ok=True)


def test_a_kink_that_float64_meets_is_met_though_the_exact_sum_misses_it() -> None:
    layers = [{"type": "linear", "weight": [["1/3"]], "bias": [-1]}, {"type": "abs"}]
    result = symbolic({"input": {"x": [3]}, "layers": layers})
    assert result.gradients["W1"].reshape(-1).tolist() == [0.0]


def test_zero_times_the_logarithm_of_zero_is_zero() -> None:
    spec = {"input": {"x": [0, 1]}, "target": {"y": [0, 1]}, "layers": [{"type": "identity"}]}
    result = symbolic({**spec, "loss": "binary_cross_entropy"}, "x")
    assert result.gradients["x"].tolist() == [1.0, -1.0]


def test_growth_is_foreseen_and_the_names_of_the_trace_stay_symbols(run) -> None:
    result = symbolic(net(4, 6))
    assert result.formulas is not None
    assert result.formulas.staged
    assert result.formulas.before is not None
    assert result.formulas.before > 10**6 > result.formulas.after
    reverse, _ = differentiate(
        build_trace(read_spec(Source("s.json", json.dumps(net(4, 6)), "."))), "reverse", list(result.gradients)
    )
    for name, gradient in reverse.gradients.items():
        assert result.gradients[name] == pytest.approx(gradient, rel=1e-11, abs=1e-13)
    ran = run("grad", "-", "--mode", "symbolic", stdin=json.dumps(net(4, 6)))
    assert "the names of the trace stay symbols" in " ".join(ran.stdout.split())
    assert "∂loss/∂W6₁₁ = h5₁*∂loss/∂z6₁" in ran.stdout


def test_staged_and_closed_forms_give_the_same_numbers(monkeypatch) -> None:
    closed = symbolic(net(2, 1, "softmax"))
    monkeypatch.setattr("adcli.engines.symbolic.MOST_OPERATIONS", 0)
    staged = symbolic(net(2, 1, "softmax"))
    assert (closed.formulas.staged, staged.formulas.staged) == (False, True)
    for name, gradient in closed.gradients.items():
        assert staged.gradients[name] == pytest.approx(gradient, rel=1e-13, abs=1e-15)


def test_more_than_5000_derivatives_are_refused_with_advice(run) -> None:
    ran = run("grad", "-", "--mode", "symbolic", stdin=json.dumps(net(71, 1)))
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == (
        "adcli: error: symbolic mode takes at most 5,000 derivatives, and here are 5,112\n"
        "      hint: ask for fewer names by --wrt, or take another mode\n"
    )


def test_common_subexpressions_are_fewer_operations() -> None:
    formulas = symbolic(net(2, 2)).formulas
    assert formulas is not None
    assert formulas.before is not None
    assert formulas.after < formulas.before / 5


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    command = [sys.executable, "-m", "adcli", "grad", str(CASES / "act-gelu.yaml"), "--mode", "symbolic"]
    outputs = {
        subprocess.run(
            [*command, "--format", "json"], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_sympy_is_imported_in_symbolic_mode_only() -> None:
    code = """
import sys
from adcli.cli import main
sys.argv = ["adcli", "grad", sys.argv[1]]
try:
    main()
finally:
    assert "sympy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(CASES / "one-layer.yaml")], capture_output=True, check=True)


def test_common_subexpressions_never_change_a_number(run_json) -> None:
    """Means of several names in exponents: a search for common factors in these products goes wrong."""
    expression = "c*exp(c/2 - a/2 - b/2) + d*exp(d/2 - a/2 - b/2)"
    point = {"a": 0.42, "b": 0.6, "c": 0.48, "d": 1.24}
    given = [word for name, value in point.items() for word in ("-p", f"{name}={value}")]
    found = run_json("grad", "-e", expression, *given, "--mode", "symbolic")["gradients"]

    def f(a, b, c, d):
        return c * mpmath.exp((c - a - b) / 2) + d * mpmath.exp((d - a - b) / 2)

    for number, name in enumerate(point):
        partial = mpmath.diff(f, tuple(point.values()), tuple(int(i == number) for i in range(4)))
        assert found[name] == pytest.approx(float(partial), rel=1e-13)


@pytest.mark.parametrize("mode", ["symbolic", "forward", "reverse"])
@pytest.mark.parametrize(
    ("expression", "point", "right"),
    [
        ("a ** b", {"a": 0, "b": 0}, {"a": 0.0, "b": "NaN"}),
        ("a ** b", {"a": 0, "b": 2}, {"a": 0.0, "b": 0.0}),
        ("a ** b", {"a": -2, "b": 3}, {"a": 12.0, "b": "NaN"}),
        ("sqrt(a - b) + c", {"a": 1, "b": 2, "c": 5}, {"a": "NaN", "b": "NaN", "c": 1.0}),
        ("exp(a) ** (b * 0)", {"a": 1, "b": 2}, {"a": 0.0, "b": 0.0}),
    ],
)
def test_powers_and_edges_are_as_in_the_other_modes(
    run_json, mode: str, expression: str, point: dict, right: dict
) -> None:
    given = [word for name, value in point.items() for word in ("-p", f"{name}={value}")]
    assert run_json("grad", "-e", expression, *given, "--mode", mode)["gradients"] == right


def test_the_larger_and_the_smaller_of_two() -> None:
    """Clipped to [−1, 1], as a primitive of one's own would write it."""
    clipped = elementwise(
        value=lambda xp, x: xp.minimum(xp.maximum(x, -1.0), 1.0), slope=lambda x: x, text=str, latex=str
    )
    spec = {"input": {"x": [-2, 0.5, 3]}, "layers": [{"type": "relu"}], "output": "h1"}
    trace = build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))
    result, _ = differentiate(trace, "symbolic", ["x"], {**RULES, "relu": lambda: clipped})
    assert result.values["h1"].tolist() == [-1.0, 0.5, 1.0]
    assert np.diag(result.gradients["x"]).tolist() == [0.0, 1.0, 0.0]
