"""Programs: what their lines become, and their gradients in every engine, against numbers from elsewhere."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.engines import reverse
from adcli.engines.run import differentiate
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

MODES = ("forward", "reverse", "symbolic", "numeric")


def trace_of(content: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))


def program(*lines: str, **parameters) -> Trace:
    return trace_of({"parameters": parameters, "program": list(lines)})


def gradients(trace: Trace, mode: str = "reverse", names: list[str] | None = None) -> dict:
    return differentiate(trace, mode, names or trace.differentiable)[0].gradients


@pytest.mark.parametrize("mode", MODES)
def test_the_example_of_the_lecture(mode: str) -> None:
    result, warnings = differentiate(program("c = a + b", "d = c ** 2", a=2, b=3), mode, ["a", "b", "c", "d"])
    assert (result.values["c"], result.values["d"]) == (5, 25)
    found = [float(result.gradients[name]) for name in ("a", "b", "c", "d")]
    assert found == ([10, 10, 10, 1] if mode != "numeric" else pytest.approx([10, 10, 10, 1], rel=1e-8))
    assert warnings == []


def sanity(x):
    z = 2 * x + 2 + x
    q = relu(z) + z * x
    h = relu(z * z)
    return h + q + q * x


def more_ops(a, b):
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + -a
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2
    return g + 10 / f


def relu(x):
    return max(x, mpmath.mpf(0))


SANITY = ["z = 2 * x + 2 + x", "q = relu(z) + z * x", "h = relu(z * z)", "y = h + q + q * x"]
MORE_OPS = [
    "c = a + b",
    "d = a * b + b**3",
    "c2 = c + c + 1",
    "c3 = c2 + 1 + c2 + -a",
    "d2 = d + d * 2 + relu(b + a)",
    "d3 = d2 + 3 * d2 + relu(b - a)",
    "e = c3 - d3",
    "f = e**2",
    "g = f / 2.0",
    "y = g + 10.0 / f",
]


@pytest.mark.parametrize(
    ("lines", "function", "point"),
    [(SANITY, sanity, {"x": -4}), (MORE_OPS, more_ops, {"a": -4, "b": 2})],
    ids=["a neuron", "more operations"],
)
@pytest.mark.parametrize("mode", MODES)
def test_the_examples_that_micrograd_checks_against_pytorch(mode: str, lines: list, function, point: dict) -> None:
    with mpmath.workdps(50):
        places = [mpmath.mpf(number) for number in point.values()]
        right = float(function(*places))
        slopes = [
            float(mpmath.diff(function, tuple(places), tuple(int(i == j) for j in range(len(places)))))
            for i in range(len(places))
        ]
    result, warnings = differentiate(program(*lines, **point), mode, list(point))
    assert result.values["y"] == pytest.approx(right, rel=1e-14)
    found = [float(result.gradients[name]) for name in point]
    assert found == pytest.approx(slopes, rel=1e-13 if mode != "numeric" else 1e-7)
    assert warnings == []


def test_the_numbers_that_micrograd_documents() -> None:
    result, _ = differentiate(program(*MORE_OPS, a=-4, b=2), "reverse", ["a", "b"])
    shown = [f"{float(number):.4f}" for number in (result.values["y"], *result.gradients.values())]
    assert shown == ["24.7041", "138.8338", "645.5773"]


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("a", ["d = identity(a)"]),
        ("2", ["d = constant(2)"]),
        ("-2", ["d = constant(-2)"]),
        ("(-2.50)", ["d = constant(-2.5)"]),
        ("-a", ["d = negate(a)"]),
        ("--2", ["d = negate(-2)"]),
        ("1 + 2", ["d = add(1, 2)"]),
        ("-2 ** 2", ["d.1 = power(2, 2)", "d = negate(d.1)"]),
        ("(-2) ** 2", ["d = power(-2, 2)"]),
        ("a ** -2", ["d = power(a, -2)"]),
        ("a ** b ** 2", ["d.1 = power(b, 2)", "d = power(a, d.1)"]),
        ("a - b - 1", ["d.1 = subtract(a, b)", "d = subtract(d.1, 1)"]),
        ("a - (b - 1)", ["d.1 = subtract(b, 1)", "d = subtract(a, d.1)"]),
        ("a - -3", ["d = subtract(a, -3)"]),
        ("a / b * a", ["d.1 = divide(a, b)", "d = multiply(d.1, a)"]),
        ("-a * b", ["d.1 = negate(a)", "d = multiply(d.1, b)"]),
        ("-a ** 2", ["d.1 = power(a, 2)", "d = negate(d.1)"]),
        ("sin(a) * exp(b) + a", ["d.1 = sin(a)", "d.2 = exp(b)", "d.3 = multiply(d.1, d.2)", "d = add(d.3, a)"]),
        ("dot(v, v + 1)", ["d.1 = add(v, 1)", "d = dot(v, d.1)"]),
        ("v @ v", ["d = matmul(v, v)"]),
        ("a + a", ["d = add(a, a)"]),
        ("\tmean( log_softmax(v) )  ", ["d.1 = log_softmax(v)", "d = mean(d.1)"]),
        (".5 + 1e-3 + 2.", ["d.1 = add(0.5, 0.001)", "d = add(d.1, 2)"]),
    ],
)
def test_every_operation_is_a_step_in_pythons_order(run_json, expression: str, steps: list) -> None:
    spec = {"parameters": {"a": 2, "b": 3, "v": [1, 2]}, "program": [f"d = {expression}"]}
    found = run_json("grad", "-", stdin=json.dumps(spec))["trace"]

    def written(argument) -> str:
        return argument if isinstance(argument, str) else f"{argument:g}"

    assert [f"{s['name']} = {s['op']}({', '.join(map(written, s['arguments']))})" for s in found] == steps


def test_a_line_of_words_that_mean_something_elsewhere() -> None:
    trace = program("E = S * pi + I", "sum = E ** 2", "out = exp(sum / 100) + exp", S=1, pi=2, I=3, exp=4)
    assert float(gradients(trace)["exp"]) == 1
    assert trace.output == "out"


def test_a_target_is_data_in_a_program() -> None:
    trace = trace_of({"input": {"x": [1, 2]}, "target": {"y": [0, 4]}, "program": ["l = sum((x - y) ** 2)"]})
    result, warnings = differentiate(trace, "reverse", ["x"])
    assert (result.gradients["x"].tolist(), warnings) == ([2, -4], [])


@pytest.mark.parametrize("mode", MODES)
def test_a_parameter_that_nothing_uses_has_gradient_zero_and_a_warning(mode: str) -> None:
    result, warnings = differentiate(program("c = a * a", a=3, b=[1, 2]), mode, ["a", "b"])
    assert result.gradients["b"].tolist() == [0, 0]
    assert float(result.gradients["a"]) == pytest.approx(6)
    assert [(w.code, w.name) for w in warnings] == [("unused", "b")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("y = a * a", 6),
        ("y = a + a", 2),
        ("y = a - a", 0),
        ("y = a / a", 0),
        ("y = a ** a", 27 * (1 + np.log(3))),
        ("y = (a * a) * (a * a)", 108),
        ("y = v @ v * a", 5),
        ("y = dot(v * a, v * a)", 30),
        ("y = sum(v * a + a)", 5),
    ],
)
def test_a_value_used_twice(mode: str, line: str, right: float) -> None:
    assert float(gradients(program(line, a=3, v=[1, 2]), mode)["a"]) == pytest.approx(right, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("mode", MODES)
def test_a_layer_that_combines_a_value_with_itself_and_a_shared_weight_over_a_batch(mode: str) -> None:
    """Σ (W x + W x)² for two examples of one number: the gradient for W is 8 W Σ x²."""
    content = {
        "input": {"x": [[1], [3]]},
        "target": {"y": [[0], [0]]},
        "parameters": {"W": [[2]]},
        "layers": [
            {"type": "linear", "weight": "W"},
            {"type": "linear", "weight": "W", "input": "x", "name": "again"},
            {"type": "add", "inputs": ["h1", "again"]},
            {"type": "multiply", "inputs": ["h3", "h3", "h3"], "name": "cube"},
        ],
        "output": "cube",
    }
    trace = trace_of(content)
    found = gradients(trace, mode, ["W", "h1"])
    # the cube of 2 W x has the derivative 24 W² x³ for W, and 3 (2 W x)² for h1
    assert found["W"] == pytest.approx(np.array([[96], [96 * 27]]), rel=1e-7)
    assert found["h1"] == pytest.approx(np.diag([48, 432]), rel=1e-7, abs=1e-6)
    loss = trace_of({**{k: v for k, v in content.items() if k != "output"}, "loss": "squared_error"})
    # the mean of (2 W x)⁶: 6 · 64 W⁵ (1 + 3⁶) / 2
    assert gradients(loss, mode, ["W"])["W"] == pytest.approx(6 * 64 * 32 * (1 + 729) / 2, rel=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_vector_added_to_a_batch_gets_the_sum_over_its_rows(mode: str) -> None:
    content = {
        "input": {"x": [[1, 2], [3, 4], [5, 6]], "u": [1, 1]},
        "target": {"y": [[0, 0], [0, 0], [0, 0]]},
        "layers": [
            {"type": "linear", "weight": [[1, 0], [0, 1]], "input": "u"},
            {"type": "add", "inputs": ["x", "h1"]},
        ],
        "loss": {"type": "half_squared_error", "reduction": "sum"},
    }
    found = gradients(trace_of(content), mode, ["W1", "u"])
    # the sum over the rows of x + u is (12, 15); W1's gradient is that times uᵀ
    assert found["u"] == pytest.approx(np.array([12, 15]), rel=1e-7)
    assert found["W1"] == pytest.approx(np.array([[12, 12], [15, 15]]), rel=1e-7)


def compared(trace: Trace) -> None:
    """Forward and reverse mode agree; otherwise the first name that differs is told."""
    forward, back = gradients(trace, "forward"), gradients(trace, "reverse")
    for name, right in forward.items():
        assert back[name] == pytest.approx(right, rel=1e-9, abs=1e-11), name


def test_overwriting_a_cotangent_is_caught_by_name(monkeypatch) -> None:
    trace = program("c = a * b", "d = c + b", "e = d * c", a=2, b=3)
    compared(trace)
    monkeypatch.setattr(reverse, "accumulate", lambda before, contribution: contribution)
    with pytest.raises(AssertionError, match=r"^a\n"):
        compared(trace)


SHAPES = [(), (3,), (2, 3), (2, 1)]
UNARY = ["-{}", "sin({})", "tanh({})", "sigmoid({})", "softplus({})", "exp(-{} ** 2)", "cos({})", "{} ** 2", "{} ** -1"]
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} / ({} ** 2 + 1)", "({} ** 2 + 0.5) ** sin({})"]
WHOLE = ["sum({})", "mean({})", "{0} * sum({0} * 0.1)"]


@st.composite
def programs(draw) -> dict:
    """Up to twelve lines, each of earlier values that are chosen freely, so that many are used more than once."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shapes = {name: draw(st.sampled_from(SHAPES)) for name in "abc"}
    content: dict = {"parameters": {n: rng.uniform(0.3, 1.5, shape).tolist() for n, shape in shapes.items()}}
    lines: list[str] = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from([UNARY, BINARY, BINARY, WHOLE]))
        one = draw(st.sampled_from(sorted(shapes)))
        # any two of the shapes fit each other, and so do their results
        other = draw(st.sampled_from(sorted(shapes)))
        template = draw(st.sampled_from(kind))
        if template.startswith("{} ** -1"):
            template = "({} ** 2 + 1) ** -1"
        lines.append(f"v{number} = tanh({template.format(one, other)})")
        shapes[f"v{number}"] = (
            ()
            if template in WHOLE[:2]
            else np.broadcast_shapes(*[shapes[n] for n in ({one, other} if kind is BINARY else {one})])
        )
    if draw(st.booleans()):
        lines.append(f"out = sum({' + '.join(n for n in shapes if n.startswith('v'))})")
    return {**content, "program": lines}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(programs())
def test_engines_agree_on_random_programs(content: dict) -> None:
    trace = trace_of(content)
    compared(trace)
    names = trace.differentiable
    back, numeric = gradients(trace, "reverse", names), gradients(trace, "numeric", names)
    for name in names:
        assert numeric[name] == pytest.approx(back[name], rel=1e-4, abs=1e-6), name


@settings(max_examples=30, deadline=None, derandomize=True)
@given(programs())
def test_symbolic_mode_agrees_on_random_programs(content: dict) -> None:
    trace = trace_of(content)
    names = trace.differentiable
    back, symbols = gradients(trace, "reverse", names), gradients(trace, "symbolic", names)
    for name in names:
        assert symbols[name] == pytest.approx(back[name], rel=1e-9, abs=1e-11), name


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_ten_thousand_lines_need_no_recursion(mode: str) -> None:
    lines = ["v0 = a * 1"] + [f"v{i} = v{i - 1} + v{i - 1} * 0.0001" for i in range(1, 10_001)]
    assert float(gradients(program(*lines, a=1), mode, ["a"])["a"]) == pytest.approx(1.0001**10_000, rel=1e-11)


def test_one_long_sum() -> None:
    trace = program("y = " + " + ".join(["a"] * 1000), a=2)
    assert float(gradients(trace, "reverse", ["a"])["a"]) == 1000


@pytest.mark.parametrize("mode", MODES)
def test_a_kink_and_an_undefined_power_are_told_with_operation_and_place(mode: str) -> None:
    _, warnings = differentiate(program("y = sum(relu(v) + abs(v))", v=[1, 0]), mode, ["v"])
    assert [(w.code, w.name, w.index) for w in warnings] == [("kink", "y.1", (1,)), ("kink", "y.2", (1,))]
    result, warnings = differentiate(program("y = a ** b", a=-2, b=3), mode, ["a", "b"])
    assert np.isnan(result.gradients["b"])
    codes = {(w.code, w.name) for w in warnings}
    assert ("indeterminate", "y") in codes
    told = [w.message for w in warnings]
    assert "y = a ** b: the derivative for b is undefined at y" in told
    assert "the gradient for b is not a number: an undefined derivative, 0 · ∞ or ∞ − ∞ on the way" in told
    _, warnings = differentiate(program("y = sqrt(a) * 0", a=0), "reverse", ["a"])
    assert warnings[-1].message == "the gradient for a is not a number: 0 · ∞ or ∞ − ∞ on the way"


@pytest.mark.parametrize("mode", MODES)
def test_a_division_by_zero_is_told(mode: str) -> None:
    _, warnings = differentiate(program("y = a / b", "z = y * 0", a=1, b=0), mode, ["a", "b"])
    assert (warnings[0].code, warnings[0].message) == ("non-finite", "y = a / b: y is infinite")


def test_the_zero_of_the_structure_stays_zero_beside_an_infinite_slope() -> None:
    """∂(u / v)/∂u for v = (0, 1) is diag(∞, 1), and for a number u it is (∞, 1)."""
    for mode in ("forward", "reverse"):
        found = gradients(program("y = u / v", u=[1, 1], v=[0, 1]), mode, ["u"])["u"]
        assert found.tolist() == [[np.inf, 0], [0, 1]]
        found = gradients(program("y = u / v", u=1, v=[0, 1]), mode, ["u"])["u"]
        assert found.tolist() == [[np.inf], [1]]


def test_names_with_a_point_can_be_asked_for(run) -> None:
    spec = json.dumps({"parameters": {"a": 2}, "program": ["d = sin(a) * 3"]})
    assert run("grad", "-", "--wrt", "d.1", "--get", 'gradients."d.1"', stdin=spec).stdout == "3.0\n"
    assert run("grad", "-", "--get", "trace.0.name", stdin=spec).stdout == '"d.1"\n'


TABLE = """\
f(a, b) = a² + 2ab + b², as a graph

Graph of d, reverse mode
name  operation  arguments  data  grad
a     parameter              2    10
b     parameter              3    10
c     add        a, b        5    10
d     power      c, 2       25     1
"""


def test_the_graph_of_a_program_as_a_table(run) -> None:
    assert run("grad", Path(__file__).parent / "cases" / "micrograd.yaml").stdout == TABLE


def test_an_expression_needs_no_file(run, run_json) -> None:
    found = run_json("grad", "-e", "(a + b) ** 2", "-p", "a=2", "-p", "b=3")
    assert found["output"] == {"name": "out", "shape": [], "value": 25.0}
    assert found["gradients"] == {"a": 10.0, "b": 10.0}
    assert run_json("grad", "-e", "a @ a", "-p", "a=[1, 2]", "--set", "a=[1, 3]")["gradients"] == {"a": [2.0, 6.0]}


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["-e", "(a + b"], "-e:1:1: error: this bracket is never closed\n    1 | (a + b\n      | ^\n"),
        (
            ["-e", "a + foo", "-p", "a=2"],
            "-e:1:5: error: there is no value `foo`\n    1 | a + foo\n      |     ^\n      hint: there are a\n",
        ),
        (["-e", ""], "-e:1:1: error: a value is missing at the end\n    1 | \n      | ^\n"),
        (
            ["-e", "lambda", "-p", "lambda=2"],
            "-e:1:1: error: `lambda` is a word of Python, and no name or function here\n    1 | lambda\n      | ^\n",
        ),
        (["-e", "a", "-p", "a"], "adcli: error: -p `a`: write NAME=VALUE\n"),
        (["-e", "a", "-p", "a=x"], "adcli: error: -p a: the value: it is the text `x`, not a number\n"),
        (
            ["-e", "2exp(a)"],
            "-e:1:2: error: an operator is missing between `2` and `exp`\n    1 | 2exp(a)\n      |  ^\n",
        ),
        (
            ["-e", "a + +a", "-p", "a=1"],
            "-e:1:5: error: there is no unary plus\n    1 | a + +a\n      |     ^\n      hint: leave this + out\n",
        ),
        (
            ["-e", "a\u00a0+ 1", "-p", "a=1"],
            "-e:1:2: error: U+00A0 is not possible in an expression\n"
            "    1 | a\u00a0+ 1\n      |  ^\n      hint: use a plain space\n",
        ),
        (
            ["-e", "a\v", "-p", "a=1"],
            "-e:1:2: error: U+000B is not possible in an expression\n"
            "    1 | a \n      |  ^\n      hint: use a plain space\n",
        ),
        (
            ["-e", "a + 1e-400", "-p", "a=1"],
            "-e:1:5: error: `1e-400` is too small for a float64\n    1 | a + 1e-400\n      |     ^\n",
        ),
        (
            ["-e", "9**9**9"],
            "-e:1:2: error: `9 ** 387420489` is too large for a float64\n    1 | 9**9**9\n      |  ^\n",
        ),
        (
            ["-e", "a / (10 - 2 * 5 + 10) ** -(9 - 999)", "-p", "a=1"],
            "-e:1:23: error: `10 ** 990` is too large for a float64\n"
            "    1 | a / (10 - 2 * 5 + 10) ** -(9 - 999)\n      |                       ^\n",
        ),
        (["-e", "a", "-p", "a=1", "--set", "a=3", "--set", "a=4"], "adcli: error: --set a is there twice\n"),
        (["-e", "a", "-p", "a=1", "-p", "a=2"], "adcli: error: -p a is there twice\n"),
        (
            ["-e", "out", "-p", "out=1"],
            "adcli: error: -p out is not possible: the name has a meaning of its own\n",
        ),
        (
            ["-e", "a", "-p", "a=1", "x.yaml"],
            "adcli: error: there are both a SPEC, x.yaml, and an expression (-e); give one of them\n",
        ),
        ([], 'adcli: error: there is neither a SPEC nor an expression: write a path, or -e "EXPR"\n'),
        (["x.yaml", "-p", "a=1"], "adcli: error: -p goes with -e; for a spec, --set NAME=VALUE gives another value\n"),
        (
            ["-e", "a", "-p", "a=1", "--set", "b=2"],
            "adcli: error: --set: no input, target or parameter is named `b`\n      hint: one of a\n",
        ),
    ],
)
def test_errors_of_an_expression(run, args: list, error: str) -> None:
    ran = run("grad", *args)
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", error)


def test_a_misfit_names_the_value_of_the_command_line_that_may_have_caused_it(run) -> None:
    ran = run("grad", "-e", "v * w", "-p", "v=[1, 2]", "-p", "w=[3, 4]", "--set", "w=[1, 2, 3]")
    assert ran.stderr == (
        "-e:1:3: error: `*` can't join a vector of 2 entries and a vector of 3 entries (with --set w)\n"
        "    1 | v * w\n"
        "      |   ^\n"
    )


def test_a_step_inside_a_line_has_no_name_to_read(run) -> None:
    ran = run("grad", "-", stdin="parameters: {a: 1}\nprogram:\n  - c = a + 1\n  - d = c.1 + 1\n")
    assert ran.stderr == (
        "<stdin>:4:10: error: the steps inside a line can't be read by name\n"
        "    4 |   - d = c.1 + 1\n"
        "      |          ^\n"
        "      hint: give the step a line of its own\n"
    )


@pytest.mark.parametrize("number", ["0e-400", "0.0", "5e-324", "0.0e9"])
def test_zero_and_the_smallest_numbers_are_numbers(run, number: str) -> None:
    assert run("grad", "-e", f"a + {number}", "-p", "a=1").code == 0


@pytest.mark.parametrize(
    ("expression", "code"),
    [("a ** 9 ** 9", "non-finite"), ("a + 0 ** -1", "non-finite"), ("a + (-8) ** 0.5", "indeterminate")],
)
def test_other_powers_without_a_finite_value_are_steps_with_a_warning(run_json, expression: str, code: str) -> None:
    assert run_json("grad", "-e", expression, "-p", "a=2")["warnings"][0]["code"] == code


def test_a_table_that_is_too_wide_gives_way_to_the_trace(run, monkeypatch) -> None:
    path = Path(__file__).parent / "cases" / "prog-matrix.yaml"
    for width in (30, 40, 60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = run("grad", path).stdout.splitlines()
        assert max(map(len, lines)) <= width
        assert ("Graph of l, reverse mode" in lines) == (width >= 60)
        assert any(line.startswith("  ∂l/∂x =") for line in lines)
