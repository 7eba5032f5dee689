"""One JVP by ``--tangent``, one VJP by ``--cotangent``: against others' Jacobians, and each other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adcli.engines.run import differentiate
from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import Trace, build_trace

CASES = Path(__file__).parent / "cases"
ONE = ["--mode", "forward"]
VECTORS = ["shape-vector-out", "shape-vector-softmax", "one-layer"]
ALL = [*VECTORS, "loss-cross_entropy-batch", "dag-shared-weight", "act-tanh", "two-layers"]


def case(name: str) -> str:
    return str(CASES / f"{name}.yaml")


def jacobians(name: str) -> dict[str, np.ndarray]:
    found = json.loads((CASES / f"{name}.expected.json").read_text())
    return {leaf: np.array(matrix) for leaf, matrix in found["jacobians"].items()}


def trace_of(name: str) -> Trace:
    return build_trace(read_spec(read_source(case(name))))


def given(array: np.ndarray) -> str:
    return json.dumps(np.asarray(array).tolist())


def jvp(run_json, name: str, tangents: dict[str, np.ndarray]) -> np.ndarray:
    options = [f"--tangent={leaf}={given(tangent)}" for leaf, tangent in tangents.items()]
    found = run_json("grad", case(name), "--mode", "forward", *options)
    assert "gradients" not in found and "jacobians" not in found
    return np.array(found["jvp"])


def vjp(run_json, name: str, cotangent: np.ndarray, wrt: list[str]) -> dict[str, np.ndarray]:
    options = [part for leaf in wrt for part in ("--wrt", leaf)]
    found = run_json("grad", case(name), f"--cotangent={given(cotangent)}", *options)
    assert "jacobians" not in found
    return {leaf: np.array(gradient) for leaf, gradient in found["gradients"].items()}


@pytest.mark.parametrize("name", VECTORS)
def test_a_jvp_along_an_axis_is_a_column(run_json, name):
    shapes = trace_of(name).shapes
    for leaf, jacobian in jacobians(name).items():
        for column in range(jacobian.shape[1]):
            axis = np.eye(jacobian.shape[1])[column].reshape(shapes[leaf])
            np.testing.assert_allclose(
                jvp(run_json, name, {leaf: axis}), jacobian[:, column], rtol=1e-9, atol=1e-12, err_msg=leaf
            )


@pytest.mark.parametrize("name", VECTORS)
def test_a_vjp_of_an_axis_is_a_row(run_json, name):
    right, trace = jacobians(name), trace_of(name)
    for row, axis in enumerate(np.eye(trace.shapes[trace.output][0])):
        for leaf, found in vjp(run_json, name, axis, list(right)).items():
            assert found.shape == trace.shapes[leaf]
            np.testing.assert_allclose(found.reshape(-1), right[leaf][row], rtol=1e-9, atol=1e-12, err_msg=leaf)


@pytest.mark.parametrize("name", ALL)
def test_both_products_are_of_the_same_jacobian(run_json, name):
    trace, rng = trace_of(name), np.random.default_rng(7)
    names = trace.differentiable[:-1]  # inputs, parameters, and values inside the trace
    tangents = {leaf: rng.normal(size=trace.shapes[leaf]) for leaf in names}
    v = rng.normal(size=trace.shapes[trace.output])
    pulled = vjp(run_json, name, v, names)
    pushed = jvp(run_json, name, tangents)
    assert pushed.shape == trace.shapes[trace.output]
    assert np.sum(v * pushed) == pytest.approx(sum(np.sum(pulled[leaf] * tangents[leaf]) for leaf in names), rel=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_a_jvp_is_linear_and_the_slope_of_a_step(run_json, name):
    trace, rng = trace_of(name), np.random.default_rng(3)
    leaves = {**trace.inputs, **trace.parameters}
    one, other = ({leaf: rng.normal(size=trace.shapes[leaf]) for leaf in leaves} for _ in range(2))
    along_one = jvp(run_json, name, one)
    both = jvp(run_json, name, {leaf: 2.0 * one[leaf] - other[leaf] for leaf in leaves})
    np.testing.assert_allclose(both, 2.0 * along_one - jvp(run_json, name, other), rtol=1e-9, atol=1e-11)

    def output(h: float) -> np.ndarray:
        options = [f"--set={leaf}={given(value + h * one[leaf])}" for leaf, value in leaves.items()]
        return np.array(run_json("grad", case(name), *options)["output"]["value"])

    quotient = (output(1e-6) - output(-1e-6)) / 2e-6
    np.testing.assert_allclose(along_one, quotient, rtol=1e-5, atol=1e-6)


def test_other_tangents_are_zero(run_json):
    right = jacobians("shape-vector-out")
    found = jvp(run_json, "shape-vector-out", {"x": np.array([1.0, 0.0, 0.0]), "b1": np.array([0.0, 0.0, 0.0, 2.0])})
    np.testing.assert_allclose(found, right["x"][:, 0] + 2 * right["b1"][:, 3], rtol=1e-9)


def spec(x: object, *layers: str) -> str:
    return json.dumps({"input": {"x": x}, "layers": [{"type": layer} for layer in layers]})


@pytest.mark.parametrize("seed", [["--mode", "forward", "--tangent", "x"], ["--cotangent", "1"]])
def test_a_jacobian_too_large_is_no_hindrance(run, seed):
    values = json.dumps([1.0] * 20_000)
    seed = [*seed[:-1], f"x={values}" if "--tangent" in seed else values]
    ran = run("grad", "-", "--format", "json", *seed, stdin=spec([3.0] * 20_000, "square"))
    assert ran.code == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert set(found.get("jvp") or found["gradients"]["x"]) == {6.0}


@pytest.mark.parametrize(
    ("seed", "right"),
    [
        (["--mode", "forward", "--tangent", "x=[0, 1]"], [0.0, 0.25]),
        (["--mode", "forward", "--tangent", "x=[1, 0]"], ["Infinity", 0.0]),
        (["--cotangent", "[0, 1]"], [0.0, 0.25]),
        (["--cotangent", "[1, 0]"], ["Infinity", 0.0]),
    ],
)
def test_beside_an_infinite_slope_a_direction_that_is_zero_stays_zero(run, seed, right):
    ran = run("grad", "-", "--format", "json", *seed, stdin=spec([0, 4], "sqrt"))
    found = json.loads(ran.stdout)
    assert (found.get("jvp") or found["gradients"]["x"]) == right
    assert ran.stderr == "adcli: warning: h1 = sqrt(x): the derivative is infinite at x[1]\n"


@pytest.mark.parametrize("seed", [["--cotangent", "0"], [*ONE, "--tangent", "a=0"]])
@pytest.mark.parametrize(
    ("expression", "point", "code"),
    [("sqrt(a)", "a=0", "non-finite"), ("a ** b", "a=-2", "indeterminate")],
)
def test_a_seed_of_zero_hides_no_slope(run_json, seed, expression, point, code):
    seed = [*seed, "--tangent", "b=0"] if "b" in expression and "--tangent" in seed else seed
    found = run_json("grad", "-e", expression, "-p", point, "-p", "b=3", *seed)
    assert found.get("jvp", 0.0) == 0.0 and set(found.get("gradients", {"a": 0.0}).values()) == {0.0}
    assert (code, "out") in {(warning["code"], warning["name"]) for warning in found["warnings"]}


def test_a_cotangent_of_zero_hides_no_value_that_is_not_a_number(run_json):
    found = run_json("grad", "-e", "log(a)", "-p", "a=[-1, 4]", "--cotangent", "[0, 1]")
    assert found["gradients"]["a"] == [0.0, 0.25]
    assert [(w["code"], w["name"], w["index"]) for w in found["warnings"]] == [("indeterminate", "out", [0])]


def test_a_tangent_of_the_output_is_its_jvp(run_json):
    assert jvp(run_json, "one-layer", {"f": np.array([3.0, 4.0])}).tolist() == [3.0, 4.0]


def test_a_loss_takes_a_number(run_json):
    lecture = str(CASES / "forward-mode.yaml")
    found = run_json("grad", lecture, "--cotangent", "1/2")["gradients"]["W4"]
    assert found == [[340.0, 544.0]]
    assert run_json("grad", lecture, "--mode", "forward", "--tangent", "W4=[[1, 0]]")["jvp"] == 680.0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([*ONE, "--tangent", "x=[1, 2]"], "--tangent x: the value is a vector of 2, but x is a vector of 3"),
        ([*ONE, "--tangent", "W2=1"], "--tangent W2: the value is a number, but W2 is 2 × 4"),
        ([*ONE, "--tangent", "W9=1"], "--tangent: there is no `W9`"),
        ([*ONE, "--tangent", "x=[1, 0, 0]", "--tangent", "x=[0, 1, 0]"], "--tangent x is there twice"),
        ([*ONE, "--tangent", "x"], "--tangent `x`: write NAME=VALUE"),
        ([*ONE, "--tangent", "x=[1, [2]]"], "--tangent x: the value"),
        ([*ONE, "--tangent", "x=[1, 2, 1e999]"], "--tangent x: the value: an entry is infinite"),
        ([*ONE, "--tangent", "x=[1, 0, 0]", "--wrt", "x"], "--wrt and --tangent don't go together"),
        ([*ONE, "--tangent", "x=[1, 0, 0]", "--lr", "1"], "--lr needs gradients"),
        (["--tangent", "x=[1, 0, 0]"], "--tangent goes with --mode forward, not with reverse"),
        ([*ONE, "--cotangent", "[1, 0]"], "--cotangent goes with --mode reverse, not with forward"),
        (["--mode", "numeric", "--cotangent", "[1, 0]"], "--cotangent goes with --mode reverse, not with numeric"),
        (["--cotangent", "[1, 0, 0]"], "--cotangent: the value is a vector of 3, but h2 is a vector of 2"),
        (["--cotangent", "[1, 0]", "--lr", "1"], "--lr needs gradients"),
        (["--cotangent", '{"file": "/etc/passwd"}'], "--cotangent: "),
    ],
)
def test_errors(run, args, message):
    ran = run("grad", case("shape-vector-out"), *args)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"adcli: error: {message}")


def test_a_target_has_no_tangent(run):
    ran = run("grad", case("forward-mode"), *ONE, "--tangent", "y=1")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("adcli: error: --tangent: y is a target")


def test_text_shows_the_directions(run):
    text = run("grad", case("one-layer"), *ONE, "--tangent", "x=[1, 0]", "--tangent", "W_f=[[0, 0], [1, 0]]").stdout
    assert "JVP of f along x, W_f, forward mode\n  tangent of x = [1 0]\n" in text
    assert text.endswith("  tangent of f = [1 6]\n")
    text = run("grad", case("one-layer"), "--cotangent", "[1, -1]", "--wrt", "x").stdout
    assert text.endswith("VJP of f, reverse mode\n  cotangent of f = [1 -1]\n  cotangent of x = [0 1]\n")


def test_other_formats_of_a_jvp_and_a_vjp(run, tmp_path):
    seed = [*ONE, "--tangent", "x=[1, 0]"]
    assert (
        run("grad", case("one-layer"), *seed, "--format", "csv").stdout == "name,row,column,value\nf,0,,1.0\nf,1,,1.0\n"
    )
    assert run("grad", case("one-layer"), *seed, "-o", tmp_path / "a.npz").code == 0
    assert np.load(tmp_path / "a.npz")["f"].tolist() == [1.0, 1.0]
    vjp_csv = run("grad", case("one-layer"), "--cotangent", "[1, -1]", "--wrt", "x", "--format", "csv").stdout
    assert vjp_csv == "name,row,column,value\nx,0,,0.0\nx,1,,1.0\n"
    assert r"\dot{x} =" in run("grad", case("one-layer"), *seed, "--format", "latex").stdout


def test_in_process_a_jvp_stands_alone():
    trace = trace_of("one-layer")
    result, warnings = differentiate(trace, "forward", ["x"], tangents={"x": np.array([0.0, 1.0])})
    assert result.jvp is not None and result.jvp.tolist() == [2.0, 1.0]
    assert (result.gradients, warnings) == ({}, [])
