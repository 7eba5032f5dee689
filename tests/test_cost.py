"""``adcli cost``: chains and their orders, the modes, checkpointing rows, and counts that a run really makes."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcli.cli.options import load_trace
from adcli.cost.chains import Graph, chains
from adcli.cost.modes import MOST_SYMBOLIC_DERIVATIVES, forward_cost, numeric_cost, reverse_cost
from adcli.cost.order import LONGEST_SEARCHED, End, _search, best_orders, bracketed, from_left
from adcli.engines import forward, numeric, reverse, symbolic
from adcli.engines.structure import default_wrt
from adcli.primitives import activations
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

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


def test_the_textbooks_chain() -> None:
    """30 × 35 × 15 × 5 × 10 × 20 × 25: Cormen et al., *Introduction to Algorithms*, section 15.2."""
    trace = build_trace(read_spec(Source("spec.json", layers(25, 20, 10, 5, 15, 35, 30), ".")))
    found = chains(Graph(trace, ["x"]), ["x"])["x"]
    assert found.optimal == 15_125
    assert found.order == "((∂h6/∂h5 · (∂h5/∂h4 · ∂h4/∂h3)) · ((∂h3/∂h2 · ∂h2/∂h1) · ∂h1/∂x))"


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


def best_by_recursion(t: list[int], names: list[str]) -> tuple[int, str]:
    """The fewest multiplications, and that order with brackets; of equal ones the last product furthest right."""

    @cache
    def best(a: int, b: int) -> tuple[int, str]:
        if b - a == 1:
            return 0, names[a]
        found = []
        for k in range(b - 1, a, -1):
            (left, first), (right, second) = best(a, k), best(k, b)
            found.append((left + right + t[a] * t[k] * t[b], f"({first} · {second})"))
        return min(found, key=lambda one: one[0])

    return best(0, len(names))


@pytest.mark.parametrize("seed", range(6))
def test_chains_that_share_what_is_written(run_json: Callable[..., dict], seed: int) -> None:
    """Chains of weights, inputs and values in any order, each with its own end, beside those of a loss."""
    draw = random.Random(seed)
    widths = [draw.randint(1, 9) for _ in range(draw.randint(2, 9))]
    loss = {"loss": "squared_error", "target": [0.0] * widths[-1]} if seed % 3 == 0 else {}
    count = len(widths) - 1
    names = [*(f"W{i}" for i in range(1, count + 1)), *(f"h{i}" for i in range(1, count + 1)), "x"]
    draw.shuffle(names)
    spec = layers(*widths, **loss)
    found = run_json("cost", "-", *(word for name in names for word in ("--wrt", name)), stdin=spec)["chains"]
    assert list(found) == names
    values = ["x", *(f"h{i}" for i in range(1, count + 1)), *(["loss"] if loss else [])]
    sizes = {"x": widths[0], "loss": 1, **{f"h{i}": widths[i] for i in range(1, count + 1)}}
    for name in names:
        reader = values.index(f"h{name[1:]}") if name[0] == "W" else values.index(name)
        path = [*values[:reader:-1], *([values[reader]] if name[0] == "W" else []), name]
        sizes[name] = widths[int(name[1:])] * widths[int(name[1:]) - 1] if name[0] == "W" else sizes[name]
        factors = [
            {"name": f"∂{out}/∂{into}", "shape": [sizes[out], sizes[into]]} for out, into in itertools.pairwise(path)
        ]
        assert found[name]["factors"] == factors
        if factors:
            best = best_by_recursion([sizes[of] for of in path], [factor["name"] for factor in factors])
            assert (found[name]["optimal"], found[name]["order"]) == best


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


SKIP = json.dumps(
    {
        "input": {"x": [1.0, 2.0, 0.5]},
        "target": {"y": [1.0, 2.0, 3.0]},
        "parameters": {"W": [[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.2, 0.1]]},
        "layers": [
            {"type": "linear", "weight": "W", "activation": "sin"},
            {"type": "linear", "weight": "W"},
            {"type": "add", "inputs": ["h1", "h2", "x"]},
        ],
        "loss": "squared_error",
    }
)
PRODUCTS = json.dumps(
    {
        "input": {"x": [1.0, 2.0, 0.5]},
        "parameters": {"A": [[1, 2, 3], [4, 5, 6]], "B": [[1, 2], [3, 4], [5, 6]], "c": [1, 2, 3]},
        "program": ["h = B @ (A @ x) - c", "M = B @ A", "out = dot(h, c) + sum(M @ x)"],
    }
)


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
    """Softmax and forward mode add in arrays of floats, where numbers that count have no place."""
    monkeypatch.setattr(activations, "sum_of_others", lambda p: p.sum(axis=-1, keepdims=True) - p)
    monkeypatch.setattr(forward, "_merged", merged_objects)


def merged_objects(pieces: list[Any], into: Any, directions: int) -> Any:
    if into is None:
        return np.concatenate(pieces)
    merged = counted(np.zeros((directions, *pieces[0].shape[1:])))
    for piece, places in zip(pieces, into, strict=True):
        for source, place in places:
            merged[place] = merged[place] + piece[source]
    return merged


@pytest.mark.parametrize(
    ("spec", "wrt"),
    [*itertools.product(NETS, [(), ("x",), ("W2", "h3")]), (SKIP, ()), (PRODUCTS, ()), (PRODUCTS, ("x",))],
)
def test_reverse_mode_makes_what_is_counted(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    expected = reverse_cost(Graph(trace, names), trace, names).operations
    plan = reverse.plan(counting(trace), names)
    reverse.run(plan._replace(seed=counted(plan.seed)))
    assert Counted.made == (expected or 0) + own_arithmetic(trace, slopes=1)


@pytest.mark.parametrize(
    ("spec", "wrt"),
    [*itertools.product(NETS, [(), ("x",), ("W2", "h3")]), (SKIP, ()), (PRODUCTS, ()), (PRODUCTS, ("x",))],
)
def test_forward_mode_makes_what_is_counted(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    expected = forward_cost(Graph(trace, names), trace, names).operations
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
    made = numeric_cost(Graph(trace, names), trace, names)
    base = numeric.plan(counting(trace), names)
    values = dict(zip(base.slots, numeric.evaluate(base), strict=True))
    for name in names:
        x = counted(np.asarray(values[name], dtype=float))
        for sign in (1, -1):
            path, places = numeric.path_of(base, name), np.arange(x.size)
            numeric._probe(base, values, path, places, (x + sign * 1e-3).reshape(-1), 1)
    entries = 2
    assert Counted.made == made.operations + entries * (1 + made.evaluations)


# What is held, against its definition: what a later step reads, step by step


def live_in_reverse(trace: Trace, names: tuple[str, ...]) -> int:
    """The most numbers held after any step, each time from the whole list of what is yet to come."""
    plan = reverse.plan(trace, names)
    rows = int(np.prod(trace.shapes[trace.output]))
    size = {name: int(np.prod(shape)) for name, shape in trace.shapes.items()}
    nodes = [node.name for node in trace.nodes]
    pulls = [(pull.about.node, pull.about.operand, pull.about.reads) for pull in plan.pulls]
    most = 0
    for done in range(len(nodes) + len(pulls) + 1):
        evaluated, pulled = nodes[:done], max(0, done - len(nodes))
        to_come = {name for node in trace.nodes[len(evaluated) :] for name in node.operands}
        to_come |= {name for _, _, reads in pulls[pulled:] for name in reads}
        held = sum(size[name] for name in evaluated if name in to_come)
        reached = {operand for _, operand, _ in pulls[:pulled]} | ({trace.output} if pulled else set())
        used = {name for node, operand, _ in pulls[pulled:] for name in (node, operand)}
        held += sum(rows * size[name] for name in reached & used)
        most = max(most, held)
    return most


@pytest.mark.parametrize("wrt", [(), ("x",), ("W2", "h3")])
@pytest.mark.parametrize("spec", NETS)
def test_reverse_mode_holds_what_is_still_needed(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    assert reverse_cost(Graph(trace, names), trace, names).stored == live_in_reverse(trace, names)


def live_in_forward(trace: Trace, names: tuple[str, ...]) -> int:
    """The same of forward mode: values that a later value or JVP reads, or that a weight's factor A waits for."""
    plan = forward.plan(trace, names)
    slots = plan.structure.slots
    size = {name: int(np.prod(shape)) for name, shape in trace.shapes.items()}
    steps = list(zip(trace.nodes, plan.moves, strict=True))
    factors = {name for name, slot in slots.items() if slot in {seed.factor for seed in plan.seeds}}
    tangents = {slot: seed.size for slot, seed in plan.start.items()}
    most = sum(tangents.values())
    for done, (now, moved) in enumerate(steps, 1):
        to_come = set(factors)
        pulled = {slots[trace.output]}
        for node, move in steps[done:]:
            pushes = [push for push in move.pushes if push.jvp is not None]
            to_come.update(node.operands, *(push.reads for push in pushes))
            pulled |= {push.argument for push in pushes}
        if moved.pushes:
            entries = trace.shapes[str(now.arguments[0])][0] if plan.by_rows and now.name == trace.output else None
            tangents[moved.out] = moved.directions * (entries or size[now.name])
        held = sum(size[node.name] for node, _ in steps[:done] if node.name in to_come)
        most = max(most, held + sum(numbers for slot, numbers in tangents.items() if slot in pulled))
    return most


@pytest.mark.parametrize("wrt", [(), ("x",), ("W2", "h3")])
@pytest.mark.parametrize("spec", NETS)
def test_forward_mode_holds_what_is_still_needed(tmp_path: Path, spec: str, wrt: tuple[str, ...]) -> None:
    trace = trace_of(tmp_path, spec)
    names = wrt or default_wrt(trace)
    assert forward_cost(Graph(trace, names), trace, names).stored == live_in_forward(trace, names)


def test_a_factor_waits_for_the_end_beside_other_readers(run_json: Callable[..., dict]) -> None:
    """h1 waits to be multiplied with A of V, and h3 with A of T, beside 2 + 4 directions of the 4 numbers of h4."""
    square, tall = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0]] * 4
    layers_ = [
        {"type": "linear", "weight": "U"},
        {"type": "linear", "weight": "V"},
        {"type": "multiply", "inputs": ["h1", "h2"]},
        {"type": "linear", "weight": "T"},
    ]
    spec = {"input": {"x": [1.0, 2.0]}, "parameters": {"U": square, "V": square, "T": tall}, "layers": layers_}
    found = run_json("cost", "-", "--wrt", "V", "--wrt", "T", stdin=json.dumps(spec))["modes"]["forward"]
    assert found["stored"] == 2 + 2 + (2 + 4) * 4


def test_an_output_that_its_own_slope_reads(run_json: Callable[..., dict]) -> None:
    """Three directions from x and three of the softmax itself; nothing reads its value after that."""
    spec = {"input": {"x": [1.0, 2.0, 3.0]}, "layers": [{"type": "softmax"}]}
    found = run_json("cost", "-", "--wrt", "x", "--wrt", "h1", stdin=json.dumps(spec))["modes"]["forward"]
    assert found["stored"] == (3 + 3) * 3


def test_reverse_mode_holds_in_a_graph() -> None:
    for case in ("dag-skip", "dag-shared-weight", "dag-multiply", "prog-matrix"):
        trace = load_trace(str(Path(__file__).parent / "cases" / f"{case}.yaml"), [])
        names = default_wrt(trace)
        assert reverse_cost(Graph(trace, names), trace, names).stored == live_in_reverse(trace, names)


def test_what_the_lectures_net_holds(run_json: Callable[..., dict]) -> None:
    """Reverse: h1, h2, h3 and h4. Forward: h1, h2, h3, which the factors wait for, and 6 directions of 2 at h3."""
    modes = run_json("cost", SPECS / "forward-mode.yaml")["modes"]
    assert modes["reverse"]["stored"] == 2 + 2 + 2 + 1
    assert modes["forward"]["stored"] == 2 + 2 + 2 + 6 * 2
    assert modes["symbolic"]["stored"] is None


def test_a_refused_mode_is_null(run_json: Callable[..., dict]) -> None:
    assert MOST_SYMBOLIC_DERIVATIVES == symbolic.MOST_DERIVATIVES
    modes = run_json("cost", "-", stdin=layers(80, 80, 1))["modes"]
    assert set(modes["symbolic"].values()) == {None}
    assert modes["reverse"]["evaluations"] == 1
    modes = run_json("cost", "-", stdin=layers(1, 600, 600))["modes"]  # a Jacobian of 600 × 360,600
    assert all(number is None for mode in modes.values() for number in mode.values())


# Checkpointing


def test_checkpointing_has_a_row_for_each_power_of_two(run_json: Callable[..., dict]) -> None:
    rows = run_json("cost", "-", stdin=layers(*[2] * 11))["checkpointing"]
    assert [row["slots"] for row in rows] == [0, 1, 2, 4, 8, 9]
    assert [row["evaluations"] for row in rows][:3] == [46, 21, 16]
    assert rows[-1] == {"slots": 9, "evaluations": 10, "ratio": 1.0, "kept": [f"h{i}" for i in range(1, 9)]}
    assert [row["slots"] for row in run_json("cost", SPECS / "one-layer.yaml")["checkpointing"]] == [0]


def test_a_graph_with_skips_is_swept_once(run_json: Callable[..., dict]) -> None:
    """Each value from the two before it and ``a``: 4 edges a line, into 2 nodes a line; the last edge is left out."""
    lines = 3_000
    program = ["v0 = a * 2", "v1 = v0 * v0 + a", *(f"v{i} = v{i - 1} * v{i - 2} + a" for i in range(2, lines))]
    found = run_json("cost", "-", stdin=json.dumps({"parameters": {"a": 0.3}, "program": program}))
    nodes = 1 + 2 * (lines - 1)
    edges = 1 + 4 * (lines - 1)
    own = lines
    assert found["chains"]["a"]["forward"] == edges - own
    assert found["chains"]["a"]["reverse"] == edges - 2
    assert found["modes"]["numeric"]["stored"] == 2 * nodes + 1


def test_sums_over_a_graph_are_those_of_a_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a search from each name, also where sums are made in parts."""
    draw = random.Random(1)
    layers_ = [{"type": "add", "inputs": [f"h{draw.randint(max(1, i - 4), i)}", f"h{i}"]} for i in range(1, 40)]
    trace = trace_of(tmp_path, json.dumps({"input": {"x": [1.0, 2.0]}, "layers": [{"type": "sin"}, *layers_]}))
    names = [*trace.leaves, *(node.name for node in trace.nodes)]
    for limb in (40, 2):
        monkeypatch.setattr("adcli.cost.chains.LIMB", limb)
        monkeypatch.setattr("adcli.cost.chains.LIMB_MASK", 2**limb - 1)
        graph = Graph(trace, names)
        for name in names:
            seen, todo, edges = set(), [name], 0
            while todo:
                source = todo.pop()
                for reader in graph.readers.get(source, []):
                    edges += graph.sizes[source] * graph.sizes[reader]
                    if reader not in seen:
                        seen.add(reader)
                        todo.append(reader)
            assert graph.swept[name].edges == edges
            assert graph.swept[name].numbers == sum(graph.sizes[node] for node in seen)


def test_chains_of_too_many_factors_are_only_swept(
    run_json: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_json("cost", SPECS / "order.yaml")["chains"]["W1"]
    monkeypatch.setattr("adcli.cost.report.MOST_FACTORS", 5)
    found = run_json("cost", SPECS / "order.yaml")["chains"]["W1"]
    assert found == {**whole, "factors": None, "optimal": None, "order": None}


def test_a_graph_too_large_to_sweep_for_each_name(
    run: Callable[..., Any], run_json: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adcli.cost.chains.MOST_NODES", 3)
    found = run_json("cost", "-", stdin=SKIP)
    assert found["chains"]["W"]["forward"] is None
    assert found["modes"]["numeric"]["operations"] is None
    assert "too large to be swept" in " ".join(run("cost", "-", stdin=SKIP).stdout.split())


# Text


def test_sentences_say_what_the_numbers_say(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(run("cost", SPECS / "order.yaml").stdout.split())
    bars = text[text.index(" Multiplications numeric") : text.index("Numbers held at most")]
    assert "symbolic" not in bars
    assert "For every name no order is cheaper than from the left" in text  # W2 ties
    shared = " ".join(run("cost", "-", stdin=layers(2, 1)).stdout.split())
    assert "an engine counts every JVP and VJP" in shared
    scalars = " ".join(run("cost", "-", stdin="parameters: {a: 2}\nprogram: [b = a * a]").stdout.split())
    assert "Numeric mode evaluates the function 2 times: good for checks only." in scalars
    assert "1 multiplications" not in scalars and "0 multiplications" not in scalars
    rows = run("cost", SPECS / "order.yaml").stdout
    assert "    1            3   1.00" in rows and "    2            3   1.00" not in rows
    monkeypatch.setenv("COLUMNS", "40")
    assert "symbolic: operations of the" in run("cost", SPECS / "order.yaml").stdout


def test_sweeps_in_a_narrow_window_and_of_one_point(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    one = run("cost", SPECS / "xor.yaml", "--sweep", "width=2..2").stdout
    assert "slope" not in one
    assert run("cost", SPECS / "xor.yaml", "--sweep", "width=٣..5").code == 2
    monkeypatch.setenv("COLUMNS", "40")
    assert "symbolic" not in run("cost", SPECS / "xor.yaml", "--sweep", "width=2..4").stdout


def test_the_text_teaches_the_frame(run: Callable[..., Any]) -> None:
    text = run("cost", SPECS / "order.yaml").stdout
    assert "2·2·4 + 1·2·4 = 24" in text and "1·2·2 + 1·2·4 = 12" in text
    assert "((∂h3/∂h2 · ∂h2/∂h1) · ∂h1/∂W1)" in text
    told = " ".join(text.split())
    assert "with 1 number to differentiate for and 10 put out, forward mode tends to win" in told
    assert "each product for W1 has 1 row, as many as the output has numbers; from the right 4 columns" in told
    assert "So the chain takes 12 from the left and 24 from the right." in told
    assert "NP-complete" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_conclusion_is_chosen_by_the_numbers(run: Callable[..., Any]) -> None:
    wide = run("cost", "-", "--wrt", "x", stdin=layers(1, 16, 64)).stdout
    assert "Forward mode does" in wide and "reverse mode tends to win" in " ".join(wide.split())
    assert (
        "Neither end is the best place to start for x"
        in run("cost", "-", "--wrt", "x", stdin=layers(5, 4, 2, 1, 3, 7, 6)).stdout
    )
    skip = run("cost", Path(__file__).parent / "cases" / "dag-skip.yaml").stdout
    assert "NP-complete" in skip
    # As many rows as columns, and still 40 against 36: what decides stands between.
    middle = run("cost", "-", "--wrt", "x", stdin=layers(2, 3, 4, 2)).stdout
    assert "Where would you start?" not in middle


@pytest.mark.parametrize("columns", ["24", "40", "80", "200"])
def test_text_fits_its_width(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for spec in ("order", "forward-mode", "xor"):
        text = run("cost", SPECS / f"{spec}.yaml").stdout
        assert max(map(len, text.splitlines())) <= int(columns)


def test_a_long_chain_is_shortened_in_text_only(run: Callable[..., Any], run_json: Callable[..., dict]) -> None:
    spec = layers(*[2] * 60)
    text = run("cost", "-", stdin=spec).stdout
    assert "∂h59/∂h58 · ∂h58/∂h57" in text and "…" in text and "⋮" in text
    assert max(map(len, text.splitlines())) <= 80
    chains = run_json("cost", "-", stdin=spec)["chains"]
    assert len(chains) == 59 and len(chains["W1"]["factors"]) == 59
    assert chains["W1"]["order"].endswith("· ∂h1/∂W1)")


def test_specs_with_little_to_say(run: Callable[..., Any], run_json: Callable[..., dict]) -> None:
    """Nothing to differentiate for, and an output that is a parameter itself."""
    nothing = "program:\n  - c = 2 * 3\n"
    assert "nothing to differentiate for" in run("cost", "-", stdin=nothing).stdout
    assert run_json("cost", "-", stdin=nothing)["chains"] == {}
    itself = "parameters: {a: 2}\noutput: a\nprogram:\n  - c = a * 3\n"
    assert run("cost", "-", stdin=itself).code == 0
    assert run_json("cost", "-", stdin=itself)["chains"]["a"]["order"] == "I"


# Sweeps


def test_slopes_are_the_exponents(run_json: Callable[..., dict]) -> None:
    """Numeric: w² products for w² parameters. Forward: w directions through w² weights. Reverse: one."""
    found = run_json("cost", SPECS / "forward-mode.yaml", "--sweep", "width=2..256")
    assert [point["width"] for point in found["points"]] == [2, 4, 8, 16, 32, 64, 128, 256]
    slopes = found["slopes"]
    assert (round(slopes["numeric"]), round(slopes["forward"]), round(slopes["reverse"])) == (4, 3, 2)
    deep = run_json("cost", SPECS / "forward-mode.yaml", "--sweep", "depth=1..50")
    assert [point["depth"] for point in deep["points"]] == [1, 2, 4, 8, 16, 32, 50]
    assert (round(deep["slopes"]["numeric"]), round(deep["slopes"]["reverse"])) == (2, 1)


def test_a_sweep_passes_through_the_spec_itself(run_json: Callable[..., dict]) -> None:
    for spec in ("forward-mode", "xor"):
        own = run_json("cost", SPECS / f"{spec}.yaml")["modes"]
        swept = run_json("cost", SPECS / f"{spec}.yaml", "--sweep", "width=2..2")["points"][0]["operations"]
        assert swept == {mode: own[mode]["operations"] for mode in own}


def test_a_sweep_as_text(run: Callable[..., Any]) -> None:
    ran = run("cost", SPECS / "forward-mode.yaml", "--sweep", "width=2..16")
    assert ran.code == 0
    assert "Twice the width: numeric" in ran.stdout and "10³┤" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("spec", "range_", "message"),
    [
        ("xor", "width", "is no range"),
        ("xor", "width=8..2", "a range goes up"),
        ("xor", "width=0..2", "a range goes up"),
        ("xor", "width=2..99999", "a range goes up"),
        ("xor", "width=1..1000000000", "a range goes up, from 1 to 4,096 at most"),
        ("xor", "width=1..1e9", "is no range"),
        ("xor", "height=2..8", "is no range"),
        ("one-layer", "width=2..8", "it has no hidden layer"),
    ],
)
def test_a_sweep_that_is_not_possible(run: Callable[..., Any], spec: str, range_: str, message: str) -> None:
    ran = run("cost", SPECS / f"{spec}.yaml", "--sweep", range_)
    assert (ran.code, ran.stdout) == (2, "") and message in ran.stderr
    graph = run("cost", Path(__file__).parent / "cases" / "dag-skip.yaml", "--sweep", "depth=1..2")
    assert graph.code == 2 and "can't be varied" in graph.stderr


@pytest.mark.parametrize(("option", "ratio"), [((), "1.25"), (("--digits", "4"), "1.250"), (("--fractions",), "5/4")])
def test_the_lectures_ratio_in_the_digits_asked_for(
    run: Callable[..., Any], option: tuple[str, ...], ratio: str
) -> None:
    lines = run("cost", "specs/checkpoint.yaml", *option).stdout.splitlines()
    assert any(line.split()[:3] == ["1", "5", ratio] for line in lines)
