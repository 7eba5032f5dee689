"""What a spec's text means: scalars, values and names."""

from __future__ import annotations

import json

import numpy as np
import pytest

RELU = "\nlayers: [{type: identity}]\n"


@pytest.fixture
def grad(run):
    def grad(text, *args):
        ran = run("grad", "-", "--format", "json", *args, stdin=text)
        assert ran.code == 0, ran.stderr
        return json.loads(ran.stdout)

    return grad


@pytest.mark.parametrize(
    ("written", "read"),
    [("1e-3", 1e-3), ("010", 10), ("0x1F", 31), ("0o17", 15), (".5", 0.5), ("+2.", 2), ('"1/3"', 1 / 3), ("-0", -0.0)],
)
def test_numbers_are_those_of_yaml_1_2(grad, written, read):
    assert grad(f"input: {written}" + RELU)["output"]["value"] == read


@pytest.mark.parametrize("word", ["no", "y", "on", "1_000", "2020-01-01", "1:30"])
def test_other_words_are_text(grad, word):
    assert grad(f"title: {word}\ninput: 1" + RELU)["title"] == word


def test_json_byte_order_mark_line_ends_and_aliases_give_the_same(grad):
    text = "input: &v [1, 2]\ntarget: [1, 2]\nlayers: [{type: square}]\nloss: squared_error\n"
    spec = {"input": [1, 2], "target": [1, 2], "layers": [{"type": "square"}], "loss": "squared_error"}
    wanted = grad(text)
    for other in (
        json.dumps(spec), "\ufeff" + text, text.replace("\n", "\r\n"), text.replace("target: [1, 2]", "target: *v")
    ):  # fmt: skip
        assert grad(other) == wanted


@pytest.mark.parametrize(
    ("value", "draw"),
    [
        ("random: normal, scale: 0.5", lambda rng: rng.normal(0, 0.5, (2, 3))),
        ("random: uniform, low: -1, high: 2", lambda rng: rng.uniform(-1, 2, (2, 3))),
        ("random: integers, low: -5, high: 5", lambda rng: rng.integers(-5, 5, (2, 3), endpoint=True)),
    ],
)
def test_random_values_are_numpys(grad, value, draw):
    got = grad("input: {" + value + ", shape: [2, 3], seed: 7}" + RELU)["output"]["value"]
    assert got == draw(np.random.default_rng(7)).tolist()


def test_files_of_numbers(grad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = np.arange(6.0).reshape(2, 3)
    np.save("a.npy", np.asfortranarray(values))
    np.savez("a.npz", x=values, z=-values)
    np.savetxt("a.csv", values, delimiter=",")
    for file in ("a.npy", "a.npz, key: x", "a.csv"):
        assert grad("input: {file: " + file + "}" + RELU)["output"]["value"] == values.tolist()


@pytest.mark.parametrize("text", ["1,2,3\n", "1\n2\n3\n"])
def test_one_row_or_column_of_a_file_is_a_vector(grad, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(text)
    assert grad("input: {file: a.csv}" + RELU)["output"]["value"] == [1, 2, 3]
    layer = "\nlayers: [{type: linear, weight: {file: a.csv}}]"
    assert grad("input: [1, 10, 100]" + layer)["output"]["value"] == [321]


def test_names(grad):
    text = """
input: [1, 2]
layers:
  - {type: linear, weight: [[1, 2]], bias: [1], activation: relu}
  - {type: linear, name: g, weight: [[2]], bias: [1], activation: tanh}
"""
    found = grad(text)
    assert [step["name"] for step in found["trace"]] == ["z1", "h1", "z_g", "g"]
    assert list(found["gradients"]) == ["W1", "b1", "W_g", "b_g"]


def test_row_convention(grad):
    text = "input: [1, 2]\nconvention: row\nlayers: [{type: linear, weight: [[1, 2, 3], [4, 5, 6]]}]"
    assert grad(text)["output"]["value"] == [9, 12, 15]


def test_a_target_of_another_shape_fits(grad):
    assert grad("input: [36]\ntarget: 2\nlayers: [{type: identity}]\nloss: squared_error")["output"]["value"] == 1156


def test_set(grad, run):
    text = "input: [1, 2]\nlayers: [{type: linear, weight: [[1, 2]]}]"
    assert grad(text, "--set", "x=[3, 4]", "--set", "W1=[[1, 1]]")["output"]["value"] == [7]
    for setting, message in (
        ("x", "adcli: error: --set `x`: write NAME=VALUE\n"),
        ("W1=[[1]]", "adcli: error: --set W1: layer 1 (linear): weight is 1 × 1, but its input x has 2 entries\n"),
        ("x=a", "adcli: error: --set x: the value: it is the text `a`, not a number\n"),
    ):
        ran = run("grad", "-", "--set", setting, stdin=text)
        assert (ran.code, ran.stdout, ran.stderr) == (2, "", message)
    assert "one of x, W1" in run("grad", "-", "--set", "W2=1", stdin=text).stderr


def test_every_example_is_a_spec(run, grad):
    listed = run("example").stdout.splitlines()
    assert len(listed) > 5
    for line in listed:
        grad(run("example", line.split()[0]).stdout)


def test_csv_numbers_are_those_of_a_spec(run, tmp_path):
    (tmp_path / "v.csv").write_text("1, 2\n3, 4.5e-1\n")
    (tmp_path / "u.csv").write_text("1,2\n1_0,2\n")
    for name in "uv":
        (tmp_path / f"{name}.yaml").write_text(f"input: {{file: {name}.csv}}\nlayers: [{{type: identity}}]\n")
    assert json.loads(run("grad", tmp_path / "v.yaml", "--get", "output.value").stdout) == [[1, 2], [3, 0.45]]
    assert "line 2: `1_0` is not a number" in run("grad", tmp_path / "u.yaml").stderr
