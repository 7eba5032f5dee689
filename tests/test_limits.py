"""Small specs that would take a large machine, and specs that ask for what can't be."""

import math

import pytest

REFUSED = {
    "cotangents that no machine holds": (
        "input: {random: normal, shape: [100000, 1], seed: 1}\nlayers: [{type: linear, weight: [[1]], bias: [1]}]\n",
        "adcli: error: the cotangents of h1 would hold 10,000,000,000 numbers",
    ),
    "a program beside layers": (
        "input: [1]\nlayers: [{type: relu}]\nprogram: [a = x]\n",
        "<stdin>:2:1: error: `layers` is not possible beside `program`",
    ),
    "a key of the marking that is not known": (
        "input: [1]\nlayers: [{type: sin}]\ngrading: {pts: 1}\n",
        "<stdin>:3:11: error: `grading` has no key `pts`",
    ),
    "a probability below 0": (
        "input: [1, 2]\ntarget: [-3, 5]\nlayers: [{type: sin}]\nloss: cross_entropy\n",
        "<stdin>:2:9: error: loss (cross_entropy): target y must hold probabilities, none below 0",
    ),
}


@pytest.mark.parametrize(("spec", "error"), REFUSED.values(), ids=REFUSED)
def test_refused(run, spec: str, error: str) -> None:
    ran = run("grad", "-", stdin=spec)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[0] == error


def test_of_thousands_of_errors_ten_are_told(run) -> None:
    ran = run("grad", "-", stdin="input: [1]\nlayers:\n" + "  - {type: foo}\n" * 5000)
    assert ran.code == 2
    assert ran.stderr.count("error: ") == 10
    assert ran.stderr.endswith("adcli: 4990 more errors are not shown\n")


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_binary_cross_entropy_of_no_probability_is_told(run_json, mode: str) -> None:
    spec = "input: [1.5]\ntarget: [1]\nlayers: [{type: identity}]\nloss: binary_cross_entropy\n"
    found = run_json("grad", "-", "--mode", mode, stdin=spec)
    assert (found["output"]["value"], found["gradients"]["x"]) == ("NaN", ["NaN"])
    assert [warning["name"] for warning in found["warnings"]] == ["loss"]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_deep_trace_is_shortened_in_text(run, mode: str) -> None:
    ran = run("grad", "-", "--mode", mode, stdin="input: [1]\nlayers:\n" + "  - {type: tanh}\n" * 3000)
    assert ran.code == 0
    assert len(ran.stdout.splitlines()) < 260
    derivative = float(ran.stdout.splitlines()[-1].partition("= [")[2].rstrip("]"))
    assert math.isclose(derivative, 0.0, abs_tol=1e-3) and derivative > 0


@pytest.mark.parametrize("format_", ["text", "markdown", "beamer", "html", "json"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_name_of_three_hundred_letters_is_told(run, mode: str, format_: str) -> None:
    name = "n" * 300
    spec = f"input: [1, 1]\nlayers: [{{type: linear, name: {name}, weight: [[1, 2], [3, 4]]}}, {{type: relu}}]\n"
    assert run("explain", "-", "--mode", mode, "--format", format_, stdin=spec).code == 0
