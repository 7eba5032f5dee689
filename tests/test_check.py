"""`adcli check`: all engines agree on right rules, and a wrong rule is found by engine and by step."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adcli.engines import reverse
from adcli.engines.check import check
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
