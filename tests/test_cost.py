"""``adcli cost``: chains and their orders, the modes, checkpointing rows, and counts that a run really makes."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcli.cli.options import load_trace
from adcli.cost.chains import Graph
from adcli.cost.modes import forward_cost, numeric_cost, reverse_cost
from adcli.cost.order import LONGEST_SEARCHED, End, _search, best_orders, bracketed, from_left
from adcli.engines import forward, numeric, reverse
from adcli.engines.structure import default_wrt
from adcli.primitives import activations
from adcli.trace import Trace

SPECS = Path(__file__).resolve().parent.parent / "specs"


# The order of products


def test_where_would_you_start(run_json: Callable[..., dict]) -> None:
    """The lecture: [2 1] · (2 × 2) · (2 × 4) takes 24 from the right and 12 from the left."""
    found = run_json("cost", SPECS / "order.yaml")
    assert found["chains"]["W1"] == {
        "factors": [
            {"name": "∂h3/∂h2", "shape": [1, 2]},
            {"name": "∂h2/∂h1", "shape": [2, 2]},
            {"name": "∂h1/∂W1", "shape": [2, 4]},
        ],
        "forward": 24,
        "reverse": 12,
        "optimal": 12,
        "order": "((∂h3/∂h2 · ∂h2/∂h1) · ∂h1/∂W1)",
    }
    assert found["parameters"] == 10
    assert found["modes"]["numeric"]["evaluations"] == 20
    assert found["checkpointing"][0] == {"slots": 0, "evaluations": 4, "ratio": 4 / 3, "kept": []}


def test_the_lectures_net(run_json: Callable[..., dict]) -> None:
    """86 products from the right; from the left 36, of which the way to each layer is shared."""
    found = run_json("cost", SPECS / "forward-mode.yaml")
    assert sum(chain["forward"] for chain in found["chains"].values()) == 86
    assert found["modes"]["reverse"]["textbook"] == 14 + 36
    assert found["modes"]["forward"]["textbook"] == 14 + 86
    assert found["modes"]["numeric"]["textbook"] == 28 * 14


def layers(*widths: int, **more: Any) -> str:
    """A spec of linear layers, in JSON."""
    net = [
        {"type": "linear", "weight": {"random": "normal", "shape": [b, a], "seed": a + b}}
        for a, b in itertools.pairwise(widths)
    ]
    return json.dumps({"input": {"x": [1.0] * widths[0]}, "layers": net, **more})


def test_the_textbooks_chain(run_json: Callable[..., dict]) -> None:
    """30 × 35 × 15 × 5 × 10 × 20 × 25: Cormen et al., *Introduction to Algorithms*, section 15.2."""
    found = run_json("cost", "-", "--wrt", "x", stdin=layers(25, 20, 10, 5, 15, 35, 30))["chains"]["x"]
    assert found["optimal"] == 15_125
    assert found["order"] == "((∂h6/∂h5 · (∂h5/∂h4 · ∂h4/∂h3)) · ((∂h3/∂h2 · ∂h2/∂h1) · ∂h1/∂x))"


def all_orders(a: int, b: int) -> list[Any]:
    if b - a == 1:
        return [a]
    return [(left, right, k) for k in range(a + 1, b) for left in all_orders(a, k) for right in all_orders(k, b)]


def operations(order: Any, t: list[int]) -> tuple[int, int, int]:
    """The multiplications of an order, and the first and the last dimension of its product."""
    if isinstance(order, int):
        return 0, t[order], t[order + 1]
    (left, a, middle), (right, _, b) = operations(order[0], t), operations(order[1], t)
    return left + right + a * middle * b, a, b


def splits(order: Any) -> tuple[int, ...]:
    """Where an order splits, its last product first: of two equal orders the larger one is the one asked for."""
    return () if isinstance(order, int) else (order[2], *splits(order[0]), *splits(order[1]))


def written(order: Any) -> str:
    return "ABCDEFGH"[order] if isinstance(order, int) else f"({written(order[0])} · {written(order[1])})"


@pytest.mark.parametrize("largest", [2, 3, 8, 40])
def test_best_orders_are_those_of_a_search_through_all(largest: int) -> None:
    draw = random.Random(largest)
    by_rule = 0
    for _ in range(60):
        trunk = [draw.randint(1, largest) for _ in range(draw.randint(1, 6))]
        ends = [End(at, draw.randint(1, largest)) for at in range(len(trunk))]
        for end, found, searched in zip(ends, best_orders(trunk, ends), _search(trunk, ends), strict=True):
            t = [*trunk[: end.at + 1], end.size]
            best = min(all_orders(0, len(t) - 1), key=lambda o: (operations(o, t)[0], [-k for k in splits(o)]))
            assert found is not None and searched is not None
            by_rule += found.split is from_left
            for one in (found, searched):
                assert one.operations == operations(best, t)[0]
                assert bracketed("ABCDEFGH"[: end.at + 1], one.split) == written(best)
    assert by_rule


def test_orders_of_numbers_that_no_float_holds() -> None:
    big = 2**25
    trunk = [big + 1, 3, big + 3, 5]
    found = best_orders(trunk, [End(3, big + 7)])[0]
    assert found is not None
    t = [*trunk, big + 7]
    assert found.operations == min(operations(order, t)[0] for order in all_orders(0, 4))


def test_a_chain_too_long_to_search_has_no_order() -> None:
    trunk = [5, 3] + [7, 8] * LONGEST_SEARCHED
    assert best_orders(trunk, [End(len(trunk) - 1, 2)]) == [None]
    assert best_orders([1] * len(trunk), [End(len(trunk) - 1, 1)])[0] is not None


def test_several_paths_have_no_order(run_json: Callable[..., dict]) -> None:
    spec = {
        "input": {"x": [1.0, 2.0]},
        "target": {"y": [1.0, 0.0]},
        "parameters": {"W": [[1.0, 2.0], [3.0, 4.0]]},
        "layers": [{"type": "linear", "weight": "W"}, {"type": "linear", "weight": "W"}],
        "loss": "squared_error",
    }
    found = run_json("cost", "-", stdin=json.dumps(spec))["chains"]["W"]
    # Forward: (∂h2/∂h1)(2 × 2 · 2 × 4) = 16, and ∂loss/∂h2 (1 × 2 · 2 × 4) = 8. Reverse: h̃ to W at h2 1·2·4,
    # to h1 1·2·2, from there to W 1·2·4.
    assert found == {"factors": None, "forward": 24, "reverse": 20, "optimal": None, "order": None}


def test_names_at_the_ends(run_json: Callable[..., dict]) -> None:
    """The output itself, a name right before it, and one that it doesn't depend on."""
    spec = layers(2, 2, 2, output="h1")
    found = run_json("cost", "-", "--wrt", "h1", "--wrt", "W1", "--wrt", "W2", stdin=spec)["chains"]
    assert [chain["order"] for chain in found.values()] == ["I", "∂h1/∂W1", "0"]
    assert [len(chain["factors"]) for chain in found.values()] == [0, 1, 0]
    assert all(chain["forward"] == chain["reverse"] == chain["optimal"] == 0 for chain in found.values())


# The modes: what they make is counted in a real run, with numbers that count


class Counted:
    """A number that counts the multiplications that it takes part in."""

    made = 0

    def __init__(self, value: float) -> None:
        self.value = float(getattr(value, "value", value))

    def __mul__(self, other: Any) -> Counted:
        Counted.made += 1
        return Counted(self.value * Counted(other).value)

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Counted:
        return Counted(self.value + Counted(other).value)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Counted:
        return Counted(self.value - Counted(other).value)

    def __rsub__(self, other: Any) -> Counted:
        return Counted(Counted(other).value - self.value)

    def __truediv__(self, other: Any) -> Counted:
        return Counted(self.value / Counted(other).value)

    def __rtruediv__(self, other: Any) -> Counted:
        return Counted(Counted(other).value / self.value)

    def __neg__(self) -> Counted:
        return Counted(-self.value)

    def __gt__(self, other: Any) -> bool:
        return self.value > Counted(other).value

    def __lt__(self, other: Any) -> bool:
        return self.value < Counted(other).value

    def __ge__(self, other: Any) -> bool:
        return self.value >= Counted(other).value

    def exp(self) -> Counted:
        return Counted(np.exp(min(self.value, 5.0)))  # only counts matter here

    def log1p(self) -> Counted:
        return Counted(np.log1p(self.value))

    def sin(self) -> Counted:
        return Counted(np.sin(self.value))

    def cos(self) -> Counted:
        return Counted(np.cos(self.value))

    def __float__(self) -> float:
        return self.value


def counted(array: Any) -> Any:
    made = np.empty(np.shape(array), dtype=object)
    made[...] = np.vectorize(Counted, otypes=[object])(array)
    return made


def counting(trace: Trace) -> Trace:
    """``trace`` with numbers that count in all its leaves."""
    from dataclasses import replace

    Counted.made = 0
    leaves = (
        {name: counted(leaf) for name, leaf in part.items()} for part in (trace.inputs, trace.targets, trace.parameters)
    )
    inputs, targets, parameters = leaves
    return replace(trace, inputs=inputs, targets=targets, parameters=parameters)


def net(activation: str | None, batch: int, convention: str, bias: bool, loss: str | None) -> str:
    """Widths 3, 4, 2, 3 and 2, as JSON."""
    widths = [3, 4, 2, 3, 2]
    draw = np.random.default_rng(5)
    made = []
    for a, b in itertools.pairwise(widths):
        layer: dict[str, Any] = {
            "type": "linear",
            "weight": draw.uniform(0.1, 0.4, (b, a) if convention == "column" else (a, b)).tolist(),
        }
        if bias:
            layer["bias"] = [0.5] * b
        if activation:
            layer["activation"] = activation
        made.append(layer)
    shape = (batch, 3) if batch else (3,)
    spec: dict[str, Any] = {
        "input": {"x": draw.uniform(1, 2, shape).tolist()},
        "layers": made,
        "convention": convention,
    }
    if loss:
        spec["loss"] = loss
        spec["target"] = {"y": draw.uniform(1, 2, (*shape[:-1], 2)).tolist()}
    return json.dumps(spec)


NETS = [
    net(activation, batch, convention, bias, loss)
    for activation, batch, convention, bias, loss in [
        (None, 0, "column", False, "squared_error"),
        (None, 0, "row", True, "squared_error"),
        ("sin", 0, "column", True, "squared_error"),
        ("exp", 0, "row", False, None),
        ("identity", 0, "column", False, None),
        (None, 5, "column", True, "squared_error"),
        ("sin", 3, "row", True, "squared_error"),
        ("sin", 2, "column", False, None),
        ("softmax", 2, "column", True, None),
        ("log_softmax", 0, "column", False, "squared_error"),
    ]
]


def trace_of(tmp_path: Path, spec: str) -> Trace:
    path = tmp_path / "net.json"
    path.write_text(spec)
    return load_trace(str(path), [])


def own_arithmetic(trace: Trace, slopes: int) -> int:
    """What a squared error multiplies beside the declared: the squares of its value, and 2 (h − y) for each slope.

    For the mean over a batch each slope is weighted, too.
    """
    node = trace.nodes[-1]
    if node.op != "squared_error":
        return 0
    entries = int(np.prod(trace.shapes[str(node.arguments[0])]))
    weighted = dict(node.settings)["examples"] > 1
    return entries + slopes * entries * (2 if weighted else 1)


@pytest.fixture(autouse=True)
def sums_of_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Softmax adds in arrays of floats, where numbers that count have no place."""
    monkeypatch.setattr(activations, "sum_of_others", lambda p: p.sum(axis=-1, keepdims=True) - p)


@pytest.mark.parametrize("wrt", [(), ("x",), ("W2", "h3")])
@pytest.mark.parametrize("spec", NETS)
def test_reverse_mode_makes_what_is_counted(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    expected = reverse_cost(Graph(trace), trace, names).operations
    plan = reverse.plan(counting(trace), names)
    reverse.run(plan._replace(seed=counted(plan.seed)))
    assert Counted.made == (expected or 0) + own_arithmetic(trace, slopes=1)


@pytest.mark.parametrize("wrt", [(), ("x",), ("W2", "h3")])
@pytest.mark.parametrize("spec", NETS)
def test_forward_mode_makes_what_is_counted(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    expected = forward_cost(Graph(trace), trace, names).operations
    plan = forward.plan(counting(trace), names)
    start = {slot: counted(seed) for slot, seed in plan.start.items()}
    moves = [
        move._replace(pushes=[p if p.seed is None else p._replace(seed=counted(p.seed)) for p in move.pushes])
        for move in plan.moves
    ]
    forward.run(plan._replace(start=start, moves=moves))
    assert Counted.made == (expected or 0) + own_arithmetic(trace, slopes=1)


@pytest.mark.parametrize("spec", NETS[:2])
def test_numeric_mode_makes_what_is_counted(tmp_path: Path, spec: str) -> None:
    """Each perturbation evaluates only what comes after it."""
    trace = trace_of(tmp_path, spec)
    names = default_wrt(trace)
    made = numeric_cost(Graph(trace), trace, names)
    base = numeric.plan(counting(trace), names)
    values = dict(zip(base.slots, numeric.evaluate(base), strict=True))
    for name in names:
        x = counted(np.asarray(values[name], dtype=float))
        for sign in (1, -1):
            path = numeric.path_of(base, name)
            numeric._probe(base, values, path, (x + sign * 1e-3).reshape(-1), 1)
    entries = 2
    assert Counted.made == made.operations + entries * (1 + made.evaluations)
