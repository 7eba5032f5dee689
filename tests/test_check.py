"""`adcli check`: all engines agree on right rules, and a wrong rule is found by engine and by step."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adcli.engines import reverse
from adcli.engines.check import check
from adcli.engines.comparison import Pair
from adcli.primitives import RULES, Primitive
from adcli.primitives.base import names_read
from adcli.spec.model import read_spec
from adcli.spec.source import Source, read_source
from adcli.trace import Trace, build_trace

CASES = Path(__file__).parent / "cases"
NET = {
    "input": {"x": [0.5, -1.2]},
    "target": {"y": [0.3, 0.1]},
    "layers": [
        {"type": "linear", "weight": [[0.2, -0.4], [0.7, 0.1]], "bias": [0.1, -0.3], "activation": "tanh"},
        {"type": "linear", "weight": [[1.1, 0.3], [-0.6, 0.8]]},
        {"type": "softplus"},
    ],
    "loss": "squared_error",
}


def trace_of(spec: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(spec), ".")))


def with_partial(op: str, argument: str, **wrong) -> dict:
    """The rules with one direction of one derivative replaced."""

    def factory(**settings) -> Primitive:
        right = RULES[op](**settings)
        reads = {f"{name}_reads": names_read(rule, skip=1) for name, rule in wrong.items()}
        partial = replace(right.partials[argument], slope=None, **wrong, **reads)
        return replace(right, partials={**right.partials, argument: partial})

    return {**RULES, op: factory}


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_engines_agree_on_every_case(path: Path) -> None:
    trace = build_trace(read_spec(read_source(str(path))))
    found = check(trace, list(trace.parameters or trace.inputs))
    assert [ran.mode for ran in found.engines] == ["numeric", "symbolic", "forward", "reverse"]
    assert found.agree
    assert found.odd_one_out is None
    assert all(pair.digits >= 9 for pair in found.pairs if "numeric" not in (pair.a, pair.b))


@pytest.mark.parametrize(
    ("rules", "mode", "step"),
    [
        (with_partial("tanh", "x", vjp=lambda out_bar, out: out_bar * (1.0 - out)), "reverse", "h1"),
        (with_partial("softplus", "x", vjp=lambda out_bar, x: -out_bar * np.exp(x) / (1 + np.exp(x))), "reverse", "h3"),
        (with_partial("softplus", "x", jvp=lambda x_dot, x: x_dot * 0.5), "forward", "h3"),
        (with_partial("linear", "W", vjp=lambda out_bar, x: 1.001 * out_bar[..., None] * x), "reverse", "h2"),
        (with_partial("linear", "x", vjp=lambda out_bar, W: out_bar @ W.mT), "reverse", "h2"),
    ],
)
def test_a_wrong_rule_is_found(rules: dict, mode: str, step: str) -> None:
    trace = trace_of(NET)
    found = check(trace, list(trace.parameters), rules)
    assert not found.agree
    assert found.odd_one_out == (mode, step)
    assert all((mode in (pair.a, pair.b)) != pair.agree for pair in found.pairs)


def test_a_wrong_formula_is_found() -> None:
    """The textbook form of a value, which only symbolic mode reads."""

    def factory() -> Primitive:
        return replace(RULES["softplus"](), value=lambda xp, x: xp.log(2.0 + xp.exp(x)))

    trace = trace_of(NET)
    found = check(trace, list(trace.parameters), {**RULES, "softplus": factory})
    assert found.odd_one_out == ("symbolic", "h3")


def test_a_cotangent_that_is_overwritten_is_found_though_every_step_is_right(monkeypatch) -> None:
    trace = build_trace(read_spec(read_source(str(CASES / "dag-shared-weight.yaml"))))
    monkeypatch.setattr(reverse, "accumulate", lambda before, contribution: contribution)
    found = check(trace, list(trace.parameters))
    assert found.odd_one_out == ("reverse", None)


def test_rounding_that_the_point_explains_is_no_difference() -> None:
    """(10⁸ + x − 10⁸)² loses eight digits: no engine can know better."""
    layers = [
        {"type": "linear", "weight": [[1.0]], "bias": [1e8]},
        {"type": "linear", "weight": [[1.0]], "bias": [-1e8]},
        {"type": "tanh"},
    ]
    found = check(trace_of({"input": {"x": [0.123456789]}, "layers": layers}), ["x"])
    assert found.agree
    assert min(pair.digits for pair in found.pairs) < 9


@pytest.mark.parametrize(
    ("expression", "x"),
    [
        ("(1 - cos(x)) / x ** 2", "1e-5"),
        ("(exp(x) - 1) / x", "1e-10"),
        ("((x + 100000000) - 100000000) ** 2", "0.1234"),
    ],
)
def test_what_a_program_cancels_on_the_way_is_no_difference(run_json, expression: str, x: str) -> None:
    """Symbolic mode has digits that no float64 on the way can keep: that is rounding, and no wrong rule."""
    assert run_json("check", "-e", expression, "-p", f"x={x}")["agree"]


def test_where_rounding_on_the_way_is_small_a_wrong_rule_is_found_beside_it() -> None:
    rules = with_partial("exp", "x", vjp=lambda out_bar, out: out_bar * out * 1.001)
    trace = trace_of({"parameters": {"x": 1e-3}, "program": ["d = (exp(x) - 1) / x"]})
    assert check(trace, ["x"], rules).odd_one_out == ("reverse", "d.1")


def test_a_negative_base_is_compared_though_no_other_exponent_has_a_value() -> None:
    rules = with_partial("power", "a", vjp=lambda out_bar, a, b: out_bar * 2.0 * b * a ** (b - 1.0))
    trace = trace_of({"parameters": {"x": -2, "n": 3}, "program": ["d = x ** n"]})
    assert check(trace, ["x"]).agree
    assert check(trace, ["x"], rules).odd_one_out == ("reverse", "d")


def test_a_net_of_16000_weights_is_compared_by_quotients_too() -> None:
    layers = [
        {"type": "linear", "weight": {"random": "normal", "shape": [64, 64], "seed": i, "scale": 0.12}}
        for i in range(4)
    ]
    trace = trace_of({"input": {"x": [0.1] * 64}, "target": [0] * 64, "layers": layers, "loss": "squared_error"})
    found = check(trace, ["W1", "W2", "W3", "W4"])
    assert [ran.mode for ran in found.engines] == ["numeric", "forward", "reverse"]
    assert found.agree


def test_kinks_stand_apart_and_do_not_count(run, run_json) -> None:
    spec = json.dumps({"input": {"x": [0, 1]}, "layers": [{"type": "relu"}]})
    found = run_json("check", "-", stdin=spec)
    assert found["agree"]
    assert found["kinks"] == [{"name": "x", "index": [0, 0]}]
    assert [warning["code"] for warning in found["warnings"]] == ["kink"]
    assert "At a kink, and not counted: x[1, 1]" in run("check", "-", stdin=spec).stdout


def test_json_has_the_keys_of_the_interface(run_json) -> None:
    found = run_json("check", str(CASES / "forward-mode.yaml"))
    keys = ["schema", "command", "title", "agree", "pairs", "odd_one_out", "kinks", "skipped", "warnings"]
    assert list(found) == keys
    assert [(p["a"], p["b"]) for p in found["pairs"]] == [
        ("numeric", "symbolic"),
        ("numeric", "forward"),
        ("numeric", "reverse"),
        ("symbolic", "forward"),
        ("symbolic", "reverse"),
        ("forward", "reverse"),
    ]
    last = found["pairs"][-1]
    assert (last["max_error"], last["digits"]) == (0.0, 15)
    assert set(last["at"]) == {"name", "index"}


def test_an_engine_that_refuses_is_skipped_with_its_reason(run) -> None:
    weight = {"random": "normal", "shape": [80, 80], "seed": 1}
    spec = {"input": {"random": "normal", "shape": [80], "seed": 2}, "layers": [{"type": "linear", "weight": weight}]}
    ran = run("check", "-", stdin=json.dumps({**spec, "target": {"y": [0] * 80}, "loss": "squared_error"}))
    assert ran.code == 0
    assert "symbolic was skipped: symbolic mode takes at most 5,000 derivatives, and here are 6,400" in " ".join(
        ran.stdout.split()
    )


def test_a_difference_ends_with_1_and_is_told(run, monkeypatch) -> None:
    monkeypatch.setattr(reverse, "accumulate", lambda before, contribution: contribution)
    ran = run("check", str(CASES / "dag-shared-weight.yaml"))
    assert ran.code == 1
    assert "✗ differ" in ran.stdout
    assert "reverse stands alone." in ran.stdout
    assert ran.stderr == ""


def test_a_wrong_spec_ends_with_2(run) -> None:
    ran = run("check", "-", stdin="layers: []")
    assert (ran.code, ran.stdout) == (2, "")
    assert run("check", str(CASES / "forward-mode.yaml"), "--wrt", "W9").code == 2


def test_rules_that_give_no_number_are_found_where_the_trace_is_finite() -> None:
    nowhere = lambda direction: np.full(np.shape(direction), np.nan)  # noqa: E731
    trace = trace_of({"input": {"x": [0.5, 1.0]}, "layers": [{"type": "exp"}]})
    found = check(trace, ["x"], with_partial("exp", "x", jvp=nowhere, vjp=nowhere))
    assert not found.agree
    assert found.uncompared == []


def test_where_the_trace_overflows_nothing_is_claimed(run, run_json) -> None:
    expression = ("-e", "1/(1+exp(-x))", "-p", "x=-1000")
    found = run_json("check", *expression)
    assert found["agree"]
    assert {pair["digits"] for pair in found["pairs"] if "reverse" in (pair["a"], pair["b"])} == {0}
    assert found["warnings"][-1]["message"] == "x is not compared: a value or a slope on the way is not finite"
    shown = run("check", *expression).stdout
    assert "nothing compared" in shown
    assert "There was nothing to compare." in shown


@pytest.mark.parametrize("x", ["1e7", "1e12"])
def test_a_step_longer_than_the_waves_makes_no_kink(run_json, x: str) -> None:
    found = run_json("check", "-e", "sin(x)", "-p", f"x={x}")
    assert found["agree"]
    assert found["kinks"] == []


@pytest.mark.parametrize("expression", ["softplus(x)", "sigmoid(x)", "log(1 + exp(x))"])
def test_huge_arguments_have_their_derivative_in_symbolic_mode(run_json, expression: str) -> None:
    found = run_json("grad", "-e", expression, "-p", "x=1e16", "--mode", "symbolic")
    assert found["gradients"]["x"] == (0.0 if expression == "sigmoid(x)" else 1.0)
    assert run_json("check", "-e", expression, "-p", "x=1e16")["agree"]


def test_a_wrong_slope_of_a_small_entry_is_found_beside_a_large_one() -> None:
    rules = with_partial("sigmoid", "x", vjp=lambda out_bar, out: out_bar * out * np.where(out < 0.01, 3.0, 1.0 - out))
    layers = [{"type": "sigmoid"}, {"type": "linear", "weight": [[1e4, 1.0]]}]
    trace = trace_of({"input": {"x": [1.0, -9.0]}, "layers": layers})
    assert check(trace, ["x"], rules).odd_one_out == ("reverse", "h1")


def test_nets_with_extreme_weights_raise_no_alarm() -> None:
    for seed in range(12):
        draw = np.random.default_rng(seed)
        scale = (1e8, 1e-8, 30.0)[seed % 3]
        activation = ("sin", "tanh", "softplus", "elu")[seed % 4]
        layers = [
            {"type": "linear", "weight": draw.normal(0, scale, (3, 2)).tolist(), "activation": activation},
            {"type": "linear", "weight": draw.normal(0, scale, (2, 3)).tolist(), "activation": "sigmoid"},
        ]
        spec = {"input": {"x": draw.normal(0, 1, 2).tolist()}, "target": {"y": [1, 0]}, "layers": layers}
        found = check(trace_of({**spec, "loss": "half_squared_error"}), ["W1", "W2"])
        assert found.agree, (seed, found.pairs)


def test_work_without_end_is_refused_before_it_begins(run) -> None:
    program = ["a = softmax(x)", "b = softmax(a)", "c = softmax(b)"]
    spec = {"parameters": {"x": {"random": "normal", "shape": [70], "seed": 0}}, "program": program}
    ran = run("check", "-", stdin=json.dumps(spec))
    assert ran.code == 0
    assert "symbolic was skipped: symbolic mode would take too long" in ran.stdout


def test_a_narrow_terminal_keeps_the_verdict(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run("check", str(CASES / "forward-mode.yaml")).stdout.splitlines()
    assert "for–rev           0      15  ✓ agree" in lines
    assert all(len(line) <= 40 for line in lines)


@pytest.mark.parametrize(("error", "digits"), [(2e-10, 9), (9.9e-10, 9), (0.0, 15), (1e-20, 15), (3.0, 0)])
def test_digits_that_agree_are_rounded_down(error: float, digits: int) -> None:
    assert Pair("forward", "reverse", error, "W", (), True, 1).digits == digits


def test_a_kink_in_a_matrix_stands_at_its_row_and_column(run_json) -> None:
    spec = '{"parameters": {"A": [[1, 0], [2, 3]]}, "program": ["B = relu(A)", "s = sum(B)"]}'
    found = run_json("check", "-", stdin=spec)
    assert (found["agree"], found["kinks"]) == (True, [{"name": "A", "index": [0, 1]}])


def test_differences_in_the_digits_asked_for(run) -> None:
    given = ("check", "-e", "(a - 1) ** 3", "-p", "a=3")  # a cube has a truncation error
    found = [re.findall(r"[\d.]+e-\d+", run(*given, "--digits", n).stdout)[0] for n in ("1", "17")]
    assert re.fullmatch(r"\de-\d+", found[0])
    assert re.fullmatch(r"\d\.\d{5,16}e-\d+", found[1])


def test_the_place_of_a_pair_is_one_that_was_compared(run_json) -> None:
    found = run_json("check", "-e", "abs(a) + b", "-p", "a=0", "-p", "b=3")
    assert found["kinks"] == [{"name": "a", "index": []}]
    assert {pair["at"]["name"] for pair in found["pairs"]} == {"b"}
