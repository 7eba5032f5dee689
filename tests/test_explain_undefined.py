"""Programs whose numbers end somewhere: slides that stay true beside NaN and infinity."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest


def slides(run, *arguments: str) -> str:
    ran = run("explain", *arguments)
    assert ran.code == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("expression", ["a/0", "log(a)/0", "mean(a)/0"])
def test_a_number_divided_by_zero_is_told(run, expression: str) -> None:
    for format_ in ("text", "html", "beamer", "markdown", "json"):
        slides(run, "-e", expression, "-p", "a=1", "--format", format_)
    assert "∞" in slides(run, "-e", expression, "-p", "a=1")


def test_the_local_derivative_of_a_product_is_the_other_factor_also_beside_nan(run, tmp_path: Path) -> None:
    """d = c b with c = log(-1) and b = 0: ∂d/∂c = b = 0."""
    path = tmp_path / "nan.json"
    path.write_text(json.dumps({"parameters": {"a": -1, "b": 0}, "program": ["c = log(a)", "d = c * b"]}))
    lines = [" ".join(line.split()) for line in slides(run, str(path)).splitlines()]
    assert "∂d/∂c = b = 0" in lines and "c.grad += 0·1 → 0 + 0 = 0" in lines


def test_a_formula_is_not_said_to_be_nan_where_it_has_a_value(run) -> None:
    """1 / (-1) is -1; the logarithm has no derivative there."""
    text = slides(run, "-e", "log(a)", "-p", "a=-1")
    assert "1 / (-1)" not in text and "∂out/∂a = NaN" in text


GROWS = """
input: {x: [1, 2]}
target: {y: 1}
layers:
  - {type: linear, weight: [[1, 1], [2, -1]]}
  - {type: exp}
  - {type: exp}
  - {type: exp}
  - {type: linear, weight: [[1, -1]]}
loss: squared_error
"""


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_beside_an_infinite_slope_a_forced_zero_stays_zero(run, run_json, mode: str) -> None:
    """exp(exp(exp(3))) is infinite, its neighbour isn't: ∂h₄/∂h₃ is diagonal, and nothing is 0 · ∞."""
    text = run("explain", "-", "--mode", mode, stdin=GROWS).stdout
    assert "∞" in text and "NaN" not in text
    assert not re.search(r"∞·0|0·∞|∞·\(-0|0·\(-∞", text)
    found = [slide for slide in run_json("explain", "-", "--mode", mode, stdin=GROWS)["slides"] if slide["steps"]]
    computed = run_json("grad", "-", "--mode", mode, stdin=GROWS)["gradients"]
    last = [step for slide in found for step in slide["steps"] if step["target"] == "W1"][-1]
    assert last["value"] == [["Infinity", "Infinity", "-Infinity", "-Infinity"]]
    assert computed["W1"] == [["Infinity", "Infinity"], ["-Infinity", "-Infinity"]]
