"""No input whatever ends in an exception or in a warning of numpy: exit code 0 or 2."""

from __future__ import annotations

import json

import yaml
from conftest import run_adcli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MODES = ("forward", "reverse", "symbolic", "numeric")
SEED = b"""title: a
input: {x: [1, -1]}
target: {y: [2, 1]}
layers:
  - {type: linear, weight: [[1, 2], ["1/3", 1]], bias: [0, 1], activation: {type: elu, alpha: 2}}
  - {type: softmax, name: p}
loss: {type: huber, delta: 1e-3, reduction: sum}
"""
WORDS = [
    "title", "input", "target", "parameters", "layers", "loss", "output", "convention",
    "row", "type", "name", "weight", "bias", "activation", "linear", "relu",
    "elu", "log", "sqrt", "softmax", "squared_error", "cross_entropy", "huber", "delta",
    "reduction", "sum", "mean", "file", "random", "normal", "shape", "seed",
    "x", "y", "program", "inputs", "add", "multiply", "y = x", "z = y * x + W @ 2",
]  # fmt: skip
few = settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


def survives(data: bytes) -> None:
    ran = run_adcli("grad", "-", "--format", "json", stdin=data)
    assert ran.code in (0, 2), ran.stderr
    assert bool(ran.stdout) == (ran.code == 0)


@few
@given(st.binary(max_size=200))
def test_bytes(data):
    survives(data)


@few
@given(st.lists(st.tuples(st.integers(0, len(SEED)), st.integers(0, 8), st.binary(max_size=4)), max_size=4))
def test_a_spec_with_changed_places(changes):
    data = SEED
    for at, gone, new in changes:
        data = data[:at] + new + data[at + gone :]
    survives(data)


numbers = st.one_of(st.integers(-3, 3), st.integers(), st.floats(), st.sampled_from([1e308, -1e308, 5e-324, 10**400]))
leaves = st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(WORDS), st.text(max_size=8))
keys = st.one_of(st.sampled_from(WORDS), st.text(max_size=4))
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=25
)
kinds = st.sampled_from(["linear", "relu", "elu", "log", "sqrt", "exp", "square", "softmax", "tanh"])
layers = st.dictionaries(st.sampled_from(["weight", "bias", "name", "activation"]), trees, max_size=2)
layers = st.builds(lambda kind, rest: {"type": kind, **rest}, kinds, layers)
specs = st.fixed_dictionaries(
    {"input": st.lists(numbers, min_size=1, max_size=3) | trees, "layers": st.lists(layers, min_size=1, max_size=4)},
    optional={
        "target": trees,
        "loss": st.sampled_from(WORDS) | trees,
        "output": trees,
        "parameters": trees,
        "program": trees,
    },
)


@few
@given(trees | specs)
def test_trees_as_json(tree):
    survives(json.dumps(tree).encode())


@few
@given(trees | specs)
def test_trees_as_yaml(tree):
    survives(yaml.safe_dump(tree).encode("utf-8", "replace"))


PIECES = [
    "a", "b", "v", "W", "2", "0", "-1", "1e308", "0.5", "1e-308", " ", "+", "-", "*", "/", "**", "@", "(", ")", ",",
    "exp(", "log(", "sqrt(", "tan(", "softmax(", "log_softmax(", "sum(", "mean(", "dot(", "relu(", "abs(", "sigmoid(",
    "//", "=", "[", "]", ".", "_", "lambda", "if", "1j", "0x1", "é", "'", "\n", "#", ":", "%",
]  # fmt: skip
GIVENS = ["-p", "a=2", "-p", "b=0", "-p", "v=[1, -1, 0]", "-p", "W=[[1, 2, 0], [0, 1, 3]]"]


@few
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=12), st.sampled_from(MODES))
def test_expressions(text, mode):
    ran = run_adcli("grad", f"--mode={mode}", f"-e={text}", *GIVENS)
    assert ran.code in (0, 2), ran.stderr
    assert bool(ran.stdout) == (ran.code == 0)


expressions = st.recursive(
    st.sampled_from(["a", "b", "v", "W", "2", "-1", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "@"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["exp", "log", "sqrt", "tan", "softmax", "sum", "relu", "abs", "-"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
    ),
    max_leaves=6,
)


@few
@given(expressions, st.sampled_from(["forward", "reverse", "numeric"]))
def test_expressions_that_can_be_read(text, mode):
    ran = run_adcli("grad", f"--mode={mode}", f"-e={text}", *GIVENS, "--format=json")
    assert ran.code in (0, 2), ran.stderr
    if ran.code == 0:
        found = json.loads(ran.stdout)
        told = "NaN" not in ran.stdout and "Infinity" not in ran.stdout
        assert told or found["warnings"], "NaN and infinities are never silent"
