"""A batch one example at a time: what each adds to a gradient, its Jacobian, and where it is told.

What is shown is compared with central differences of our own, of one example alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from adcli.explain.blocks import Formula, Text, Work
from adcli.explain.deck import Slide
from adcli.explain.maths import Bracketed, Dots, Expression, Listed, Matrix, Number, Product, Sum, Symbols
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

X = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, -1.0], [0.5, 0.5], [3.0, 1.0]])
Y = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
W = np.array([[1.0, 0.5], [-0.5, 1.0]])
B = np.array([0.25, -1.0])


def spec(
    layers: list[dict], x: np.ndarray = X, y: np.ndarray = Y, loss: object = "squared_error", **more: object
) -> str:
    given = {"input": {"x": x.tolist()}, "target": {"y": y.tolist()}, "layers": layers, "loss": loss, **more}
    return yaml.safe_dump({key: value for key, value in given.items() if value is not None})


def linear(**more: object) -> dict:
    return {"type": "linear", "weight": W.tolist(), "bias": B.tolist(), **more}


def slides(text: str, detail: str = "normal") -> list[Slide]:
    trace = build_trace(read_spec(Source("spec.yaml", text, ".")))
    return [*told(trace, Request("reverse", tuple(trace.parameters), detail=detail))[0].slides]


def by_example(text: str, detail: str = "normal") -> list[Slide]:
    return [slide for slide in slides(text, detail) if slide.kind == "backward.examples"]


def formulas(slide: Slide) -> list[Formula]:
    return [block for block in slide.stage if isinstance(block, Formula)]


def number(e: Expression) -> np.ndarray:
    """What an expression with numbers comes to."""
    match e:
        case Matrix():
            return e.array
        case Number():
            return np.array([[e.value]])
        case Bracketed():
            return number(e.of)
        case Product():
            left, right = map(number, e.factors)
            return left * right if 1 in (left.size, right.size) else left @ right
    raise AssertionError(e)


def terms(formula: Formula) -> list[list[np.ndarray | None]]:
    """The sums of a line, term by term; None where examples are left out."""
    sums = [part.expression for part in formula.parts if isinstance(part.expression, Sum)]
    return [[None if isinstance(term, Dots) else number(term) for term in one.terms] for one in sums]


def differences(f: Callable[[np.ndarray], np.ndarray | float], at: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The Jacobian of ``f``: a row for each output, a column for each number of ``at``."""
    columns = []
    for place in np.ndindex(at.shape):
        step = np.zeros(at.shape)
        step[place] = h
        columns.append((np.asarray(f(at + step)).reshape(-1) - np.asarray(f(at - step)).reshape(-1)) / (2 * h))
    return np.array(columns).T


def loss_of_one(i: int, convention: str = "column") -> Callable[..., float]:
    """The loss of example i alone, through one layer with a tanh."""

    def loss(weight: np.ndarray = W, bias: np.ndarray = B) -> float:
        z = weight @ X[i] if convention == "column" else X[i] @ weight
        return float(((np.tanh(z + bias) - Y[i]) ** 2).sum())

    return loss


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("convention", ["column", "row"])
def test_each_term_is_the_gradient_of_its_example(count: int, reduction: str, convention: str) -> None:
    text = spec(
        [linear(activation="tanh")],
        X[:count],
        Y[:count],
        {"type": "squared_error", "reduction": reduction},
        convention=convention,
    )
    (slide,) = by_example(text)
    share = count if reduction == "mean" else 1
    of_weight, of_bias = formulas(slide)
    by_weight = [differences(loss_of_one(i, convention), W).reshape(2, 2) / share for i in range(count)]
    by_bias = [differences(lambda b, i=i: loss_of_one(i, convention)(bias=b), B) / share for i in range(count)]
    products, shares = terms(of_weight)
    (rows,) = terms(of_bias)
    for shown, expected in ((products, by_weight), (shares, by_weight), (rows, by_bias)):
        if any(term is None for term in shown):
            assert count > 3 and shown[1] is None
            shown, expected = [shown[0], shown[2]], [expected[0], expected[-1]]
        assert len(shown) == len(expected)
        np.testing.assert_allclose(np.array(shown), np.array(expected).reshape(np.shape(shown)), atol=1e-8)
    for formula, expected in ((of_weight, by_weight), (of_bias, by_bias)):
        total = formula.parts[-1].expression
        assert isinstance(total, Matrix) and formula.done
        np.testing.assert_allclose(total.array, np.sum(expected, axis=0).reshape(total.array.shape), atol=1e-8)


def test_four_examples_are_written_out_where_there_is_room(run) -> None:
    """XOR's outputs are 1 2 2 1 for 0 1 1 0, so h̃ is 1/4 for each of the four, and h₁ is as the forward pass says."""
    slide = run("explain", "specs/xor.yaml", "--slide", "9").stdout
    assert "= 1/4[1/2 0] + 1/4[3/2 1/2] + 1/4[3/2 1/2] + 1/4[5/2 3/2]" in slide
    assert "= [1/8 0] + [3/8 1/8] + [3/8 1/8] + [5/8 3/8] = [3/2 5/8] ✓" in slide
    assert "∂ℓ/∂b₂ = Σ_rows h~ = 1/4 + 1/4 + 1/4 + 1/4 = 1 ✓" in slide


def test_with_a_mean_the_slide_says_that_a_term_is_a_share_and_with_a_sum_that_it_is_the_whole(run, tmp_path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec([linear()], X[:3], Y[:3]))
    text = " ".join(run("explain", str(path)).stdout.split())
    assert "Each term is 1/3 of the gradient that its example has alone" in text
    path.write_text(spec([linear()], X[:3], Y[:3], {"type": "squared_error", "reduction": "sum"}))
    text = " ".join(run("explain", str(path)).stdout.split())
    assert "Each term is the gradient that its example has alone." in text and "1/3" not in text


def test_of_a_weight_that_is_used_twice_the_terms_of_both_uses_make_the_gradient() -> None:
    x, y, n = X[:2], Y[:2], 2
    text = spec(
        [
            {"type": "linear", "weight": "V", "activation": "tanh"},
            {"type": "linear", "weight": "V"},
            {"type": "add", "inputs": ["h1", "h2"]},
        ],
        x,
        y,
        parameters={"V": W.tolist()},
    )

    def loss(v: np.ndarray) -> float:
        h = np.tanh(x @ v.T)
        return float(((h + h @ v.T - y) ** 2).sum()) / n

    found = by_example(text)
    assert len(found) == 2 and not any(f.done for slide in found for f in formulas(slide))
    both = sum(np.sum(terms(formulas(slide)[0])[-1], axis=0) for slide in found)
    np.testing.assert_allclose(both, differences(loss, W).reshape(2, 2), atol=1e-8)
    said = [run for slide in found for block in slide.stage if isinstance(block, Text) for run in block.runs]
    assert not any("gradient that its example has alone" in getattr(run, "text", "") for run in said)


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


@pytest.mark.parametrize("convention", ["column", "row"])
@pytest.mark.parametrize("kind", ["softmax", "log_softmax"])
def test_the_jacobian_of_one_example_and_its_row_times_it(kind: str, convention: str) -> None:
    """h̃ of the mean of Σ (p − y)² over three examples is 2 (p − y)/3."""
    value = _softmax if kind == "softmax" else lambda z: np.log(_softmax(z))
    text = spec([linear(), {"type": kind}], X[:3], Y[:3], convention=convention)
    z = (W if convention == "column" else W.T) @ X[0] + B
    expected = differences(value, z)
    bar = 2 * (value(z) - Y[0]) / 3
    slide = next(s for s in by_example(text) if "softmax" in "".join(getattr(r, "text", "") for r in s.title))
    jacobian, moved = formulas(slide)
    np.testing.assert_allclose(number(jacobian.parts[-1].expression), expected, atol=1e-8)
    row, result = (part.expression for part in moved.parts)
    assert isinstance(row, Product)
    np.testing.assert_allclose(number(row.factors[0]), [bar], atol=1e-12)
    np.testing.assert_allclose(number(row.factors[1]), expected, atol=1e-8)
    np.testing.assert_allclose(number(result), [bar @ expected], atol=1e-8)


def test_the_jacobian_of_a_batch_of_softmax_is_called_block_diagonal_in_both_languages(run, tmp_path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec([linear(), {"type": "softmax"}], X[:3], Y[:3]))
    text = " ".join(run("explain", str(path)).stdout.split())
    assert "diag(h₂) − h₂ h₂ᵀ" in text
    assert "is 6×6 and block diagonal: a block of 2×2 for each of the 3 examples, and zeros. It is never built." in text
    assert "blok-diagonal: satu blok 2×2" in " ".join(run("explain", str(path), "--lang", "id").stdout.split())


def test_the_way_back_through_softmax_is_written_in_html_without_commands_of_tex(run, tmp_path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec([linear(), {"type": "softmax"}], X[:3], Y[:3]))
    page = run("explain", str(path), "--format", "html").stdout
    article = page[page.index("<body") : page.rindex("</section>")]
    assert "columns" in article and "\\left" not in article and "\\big" not in article


@pytest.mark.parametrize(("kind", "value"), [("relu", lambda z: np.maximum(z, 0)), ("abs", np.abs)])
def test_an_activation_multiplies_the_row_of_an_example_by_a_diagonal(kind: str, value: Callable) -> None:
    """The first example whose slopes differ is taken; h̃ of the sum of (h − y)² is 2 (h − y)."""
    x = np.array([[3.0, 3.0], [1.0, -1.0]])
    layers = [{"type": "linear", "weight": [[1, 0], [0, 1]]}, {"type": kind}]
    found = slides(spec(layers, x, Y[:2], {"type": "squared_error", "reduction": "sum"}))
    (work,) = [block for slide in found for block in slide.side if isinstance(block, Work)]
    row, result = work.line.left, work.line.right
    assert "2" in work.head and isinstance(row.factors[1], Listed) and row.factors[1].word == "diag"
    jacobian = differences(value, x[1])
    np.testing.assert_allclose(np.diag(row.factors[1].array), jacobian, atol=1e-8)
    bar = 2 * (value(x[1]) - Y[1])
    np.testing.assert_allclose(number(row.factors[0]), [bar])
    np.testing.assert_allclose(number(result), [bar @ jacobian], atol=1e-8)


def test_a_long_row_leaves_only_its_diagonal_and_a_longer_one_nothing() -> None:
    def works(width: int) -> list[Work]:
        x = np.linspace(0.1, 1.3, 2 * width).reshape(2, width)
        layers = [{"type": "linear", "weight": np.eye(width).tolist()}, {"type": "tanh"}]
        found = slides(spec(layers, x, np.zeros((2, width))))
        return [block for slide in found for block in slide.side if isinstance(block, Work)]

    assert isinstance(works(2)[0].line, Listed)
    assert not works(6)


@pytest.mark.parametrize("convention", ["column", "row"])
def test_the_opening_shows_the_weight_jacobian_of_one_example(convention: str) -> None:
    """The second example has fewer zeros than the first."""
    x = np.array([[0.0, 2.0], [3.0, -1.0]])
    (slide,) = [s for s in slides(spec([linear()], x, Y[:2], convention=convention)) if s.kind == "sizes"]
    letters, numbers = (part.expression for part in formulas(slide)[0].parts)
    expected = differences(lambda w: w @ x[1] if convention == "column" else x[1] @ w, W)
    np.testing.assert_allclose(number(numbers), expected, atol=1e-8)
    assert isinstance(letters, Symbols)
    names = [[getattr(entry, "entry", None) for entry in row] for row in letters.rows]
    read = [[0.0 if place is None else x[place[0] - 1, place[1] - 1] for place in row] for row in names]
    np.testing.assert_allclose(read, expected, atol=1e-8)


@pytest.mark.parametrize(
    "text",
    [
        spec([linear()], X[:1], Y[:1]),
        spec([linear()], X[0], Y[0]),
        spec([linear(), {"type": "softmax"}], X[:2], loss=None, target=None),
        spec([{"type": "linear", "weight": np.eye(9).tolist()}], np.ones((2, 9)), np.zeros((2, 9))),
    ],
    ids=["one example", "a vector", "no loss", "wide"],
)
def test_where_nothing_is_added_up_or_all_is_too_wide_there_is_no_slide_on_examples(text: str) -> None:
    assert not by_example(text)


def test_of_many_layers_only_the_first_on_the_way_back_is_told_by_example_unless_all_is_asked_for() -> None:
    text = spec([linear() for _ in range(4)], X[:2], Y[:2])
    assert [slide.id for slide in by_example(text)] == ["examples-2"]
    assert len(by_example(text, "full")) == 4


@pytest.mark.parametrize("count", [2, 3, 4, 100])
@pytest.mark.parametrize("width", [1, 3, 8])
def test_the_sums_fit_a_terminal(run, tmp_path: Path, monkeypatch, count: int, width: int) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rng = np.random.default_rng(3)
    layer = {"type": "linear", "weight": rng.normal(size=(width, 3)).tolist(), "bias": rng.normal(size=width).tolist()}
    path = tmp_path / "spec.yaml"
    path.write_text(spec([layer], rng.normal(size=(count, 3)), rng.normal(size=(count, width))))
    found = run("explain", str(path)).stdout.split("\nReverse mode ·")
    (slide,) = (one for one in found if "examples, one by one" in one)
    assert max(map(len, slide.splitlines()[1:])) <= 80
