"""What is told of a batch: the loss of each example, their mean or sum, and gradients that are sums over all."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from adcli.derivation import Step
from adcli.engines import forward, reverse
from adcli.engines.checkpoints import planned
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

HERE = Path(__file__).parent
REGRESSION = str(HERE.parent / "specs" / "regression.yaml")
ENGINES = pytest.mark.parametrize("engine", [forward, reverse], ids=["forward", "reverse"])

LOGITS = [[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]
CHANCES = [[0.2, 0.5], [0.9, 0.6]]


def softmax(h: np.ndarray) -> np.ndarray:
    return np.exp(h) / np.exp(h).sum(axis=1, keepdims=True)


def sigmoid(h: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-h))


def small_or_large(d: np.ndarray) -> np.ndarray:
    return np.where(abs(d) <= 0.5, d**2 / 2, 0.5 * (abs(d) - 0.25))


# loss, predictions, targets, and the formula of the loss of each example as the interface has it
LOSSES = [
    ("squared_error", [[1, 2], [3, 4]], [[0, 4], [3, 1]], lambda h, y: ((h - y) ** 2).sum(1)),
    ("half_squared_error", [[1, 2], [3, 4]], [[0, 4], [3, 1]], lambda h, y: ((h - y) ** 2).sum(1) / 2),
    ("mean_squared_error", [[1, 2], [3, 4]], [[0, 4], [3, 1]], lambda h, y: ((h - y) ** 2).mean(1)),
    ("absolute_error", [[1, 2], [3, 4]], [[0, 4], [3.5, 1]], lambda h, y: abs(h - y).sum(1)),
    ("huber", [[1, 2], [3, 4]], [[0, 4], [3.25, 1]], lambda h, y: small_or_large(h - y).sum(1)),
    ("cross_entropy", LOGITS, [[0, 1, 0], [0.5, 0, 0.5]], lambda h, y: -(y * np.log(softmax(h))).sum(1)),
    ("negative_log_likelihood", [[-1, -2], [-3, -4]], [[0, 1], [1, 0]], lambda h, y: -(y * h).sum(1)),
    ("binary_cross_entropy", CHANCES, [[0, 1], [1, 0]], lambda h, y: -np.log(np.where(y, h, 1 - h)).sum(1)),
    (
        "binary_cross_entropy_with_logits",
        [[2, -1], [0, 3]],
        [[0, 1], [1, 0]],
        lambda h, y: -np.log(np.where(y, sigmoid(h), 1 - sigmoid(h))).sum(1),
    ),
    ("hinge", [[2, 0.5], [-1, 0]], [[1, 1], [1, -1]], lambda h, y: np.maximum(0, 1 - y * h).sum(1)),
]


def trace_of(content: dict) -> Trace:
    return build_trace(read_spec(Source("spec.json", json.dumps(content), ".")))


def batch(kind: str, h: list, y: list, **fields) -> dict:
    """A batch that an identity hands on to its loss."""
    return {"input": h, "target": {"y": y}, "layers": [{"type": "identity"}], "loss": {"type": kind, **fields}}


def steps(engine, content: dict, wrt: list[str], checkpoints: str | None = None) -> list[Step]:
    trace = trace_of(content)
    plan = engine.plan(trace, wrt)
    if checkpoints is not None:
        plan = reverse.checkpointed(plan, planned(trace, checkpoints))
    told: list[Step] = []
    engine.run(plan, sink=told.append)
    return told


def reduced(told: list[Step]) -> Step:
    (step,) = (step for step in told if step.kind == "reduce")
    return step


@ENGINES
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("kind", "h", "y", "each"), LOSSES, ids=[loss[0] for loss in LOSSES])
def test_the_losses_of_a_batch_are_reduced_in_a_step(engine, reduction: str, kind: str, h, y, each) -> None:
    fields = {"delta": 0.5} if kind == "huber" else {}
    told = steps(engine, batch(kind, h, y, reduction=reduction, **fields), ["x"])
    by_hand = each(np.array(h, float), np.array(y, float))
    step = reduced(told)
    (operand,) = step.operands
    assert (step.target, operand.name, operand.shape) == ("loss", "loss_i", (2,))
    assert operand.array() == pytest.approx(by_hand, rel=1e-14)
    total = by_hand.sum() if reduction == "sum" else by_hand.sum() / 2
    assert float(step.value.array()) == pytest.approx(total, rel=1e-14)
    before = told[told.index(step) - 1]
    assert (before.kind, before.target) == ("forward", "loss")
    assert float(before.value.array()) == float(step.value.array())


@ENGINES
def test_it_holds_no_more_and_multiplies_nothing(engine) -> None:
    told = steps(engine, batch("squared_error", [[1, 2], [3, 4]], [[0, 4], [3, 1]]), ["x"])
    step, before = reduced(told), told[told.index(reduced(told)) - 1]
    assert (step.multiplications, step.reads, step.held) == (0, (), before.held)


@ENGINES
@pytest.mark.parametrize(("h", "y"), [([1, 2], [0, 4]), ([[1, 2]], [[0, 4]])], ids=["vector", "batch of one"])
def test_one_example_has_nothing_to_be_reduced(engine, h: list, y: list) -> None:
    assert not [s for s in steps(engine, batch("squared_error", h, y), ["x"]) if s.kind == "reduce"]


@pytest.mark.parametrize(
    "checkpoints",
    ["0", "1", "h1"],
)
def test_with_checkpoints_it_is_told_once(checkpoints: str) -> None:
    content = {
        "input": [[1, 2], [3, 4]],
        "target": [[0, 4], [3, 1]],
        "layers": [{"type": "identity"}] * 3,
        "loss": "squared_error",
    }
    assert reduced(steps(reverse, content, ["x"], checkpoints)).operands[0].array() == pytest.approx([5.0, 9.0])


# --- the stories -----------------------------------------------------------------------------------------------


def story(run, *args: str) -> str:
    """A story without its line breaks."""
    return " ".join(run("explain", *args).stdout.split())


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_regression_in_json(run_json, mode: str) -> None:
    """h = 1, 2, 3, 4 and y = 3, 5, 7, 9: squares 4, 9, 16, 25, and their mean 54/4."""
    slides = run_json("explain", REGRESSION, "--mode", mode)["slides"]
    (step,) = (s for slide in slides for s in slide["steps"] if s["kind"] == "reduce")
    assert step["operands"] == [{"name": "loss_i", "shape": [4], "value": [4, 9, 16, 25]}]
    assert (step["target"], step["value"]) == ("loss", 13.5)
    assert step["text"] == "ℓ = 1/4 Σ ℓ_i = 1/4 (4 + 9 + 16 + 25) = 13.5"
    assert step["latex"] == r"\ell = \tfrac{1}{4} \sum_i \ell_{i} = \tfrac{1}{4} (4 + 9 + 16 + 25) = 13.5"


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(("lang", "aside"), [("en", "one for each example"), ("id", "satu untuk setiap contoh")])
def test_a_regression_as_text(run, monkeypatch, mode: str, lang: str, aside: str) -> None:
    monkeypatch.setenv("COLUMNS", "130")
    text = run("explain", REGRESSION, "--mode", mode, "--lang", lang).stdout
    assert "ℓ_i = (h₁ − y)²" in text
    assert aside in text
    assert "1/4 (4 + 9 + 16 + 25) = 13.5" in text


def test_a_sum_has_no_share(run, tmp_path: Path) -> None:
    spec = tmp_path / "sum.yaml"
    spec.write_text(Path(REGRESSION).read_text().replace("reduction: mean", "reduction: sum"))
    text = story(run, str(spec))
    assert "ℓ = Σ ℓ_i = 4 + 9 + 16 + 25 = 54" in text
    assert "1/4" not in text


@pytest.mark.parametrize("format_", ["text", "markdown", "beamer", "html", "json"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_many_examples_are_cut(run, tmp_path: Path, mode: str, format_: str) -> None:
    """x = 0 … 1999 and y = 0: losses x², the first and the last of which stand for the others."""
    spec = tmp_path / "long.yaml"
    content = {
        "input": [[x] for x in range(2000)],
        "target": [[0]] * 2000,
        "layers": [{"type": "linear", "weight": [[1]]}],
        "loss": "squared_error",
    }
    spec.write_text(yaml.safe_dump(content))
    ran = run("explain", str(spec), "--mode", mode, "--format", format_)
    assert (ran.code, ran.stderr) == (0, "")
    if format_ == "text":
        assert "1/2000 (0 + 1 + ⋯ + 3996001)" in " ".join(ran.stdout.split())
    if format_ == "json":
        slides = json.loads(ran.stdout)["slides"]
        step = next(s for slide in slides for s in slide["steps"] if s["kind"] == "reduce")
        assert step["operands"][0]["value"] is None
        assert step["text"].startswith("ℓ = 1/2000 Σ ℓ_i = 1/2000 (0 + 1 + ⋯ + ")


@pytest.mark.parametrize("format_", ["text", "markdown", "beamer", "html", "json"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_losses_that_are_not_finite_are_told_without_noise(run, tmp_path: Path, mode: str, format_: str) -> None:
    spec = tmp_path / "infinite.yaml"
    spec.write_text(json.dumps(batch("binary_cross_entropy", [[0.0], [0.5]], [[1], [1]])))
    ran = run("explain", str(spec), "--mode", mode, "--wrt", "x", "--format", format_)
    assert ran.code == 0
    assert "RuntimeWarning" not in ran.stderr


@pytest.mark.parametrize(("mode", "words"), [("forward", "adds up the 4 examples"), ("reverse", "puts 1/4 here")])
def test_a_story_says_what_becomes_of_the_examples(run, mode: str, words: str) -> None:
    assert words in story(run, REGRESSION, "--mode", mode)


def test_where_every_example_has_rows_of_its_own_nothing_is_said_to_be_added(run, tmp_path: Path) -> None:
    spec = tmp_path / "no-loss.yaml"
    spec.write_text("input: {x: [[1, 2], [3, 4]]}\nlayers: [{type: linear, weight: [[1, 1], [2, 1]], bias: [0, 1]}]\n")
    assert "contributes" not in story(run, str(spec))


def test_the_uses_of_a_shared_weight_are_sums_over_the_examples_too(run, tmp_path: Path) -> None:
    spec = tmp_path / "shared.yaml"
    spec.write_text(
        "input: {x: [[1, 2], [3, 4], [0, 1]]}\ntarget: {y: [[1, 1], [0, 0], [1, 1]]}\n"
        "parameters: {W: [[1, 1], [2, 1]]}\n"
        "layers:\n  - {type: linear, weight: W}\n  - {type: linear, weight: W}\nloss: squared_error\n"
    )
    text = story(run, str(spec))
    assert "This is one use of W, added up over the 3 examples" in text
    assert "Add, never overwrite: over the 3 examples in each product, and over the uses." in text
