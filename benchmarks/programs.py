"""Programs: reading, building and one reverse gradient of many lines; and a scalar graph beside one of objects.

Planning is done once for a trace, and reported apart.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Line, alternate, ratio, seconds_each, show

from adcli.engines import reverse
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Trace, build_trace

NODES, ROUNDS, REPEAT = 1000, 15, 10
KINDS = ("add", "subtract", "multiply", "divide", "square", "relu")
LEAVES = {"v0": 0.3, "v1": 0.5}
Steps = list[tuple[str, int, int]]


class Value:
    """A number with its gradient, as in micrograd: a closure for each operation, and a sort before the way back."""

    __slots__ = ("backward_step", "data", "grad", "parents")

    def __init__(self, data: float, parents: tuple[Value, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.backward_step: Callable[[], None] = lambda: None

    def combined(self, other: Value, data: float, for_self: float, for_other: float) -> Value:
        out = Value(data, (self, other))

        def step() -> None:
            self.grad += for_self * out.grad
            other.grad += for_other * out.grad

        out.backward_step = step
        return out

    def mapped(self, data: float, slope: float) -> Value:
        out = Value(data, (self,))

        def step() -> None:
            self.grad += slope * out.grad

        out.backward_step = step
        return out

    def backward(self) -> None:
        order: list[Value] = []
        seen: set[int] = set()

        def visit(value: Value) -> None:
            if id(value) not in seen:
                seen.add(id(value))
                for parent in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value.backward_step()


OBJECTS: dict[str, Callable[[Value, Value], Value]] = {
    "add": lambda a, b: a.combined(b, a.data + b.data, 1.0, 1.0),
    "subtract": lambda a, b: a.combined(b, a.data - b.data, 1.0, -1.0),
    "multiply": lambda a, b: a.combined(b, a.data * b.data, b.data, a.data),
    "divide": lambda a, b: a.mapped(a.data / 2.0, 0.5),
    "square": lambda a, b: a.mapped(a.data**2, 2.0 * a.data),
    "relu": lambda a, b: a.mapped(max(a.data, 0.0), float(a.data > 0.0)),
}
TEXT = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / 2",
    "square": "{} ** 2",
    "relu": "relu({})",
}


def steps(count: int) -> Steps:
    """A graph in which every value depends on the one before and on a recent one, and none grows large."""
    rng = random.Random(1)
    found: Steps = []
    sizes = list(LEAVES.values())
    for number in range(count):
        last = len(sizes) - 1
        other = rng.randrange(max(0, last - 10), last + 1)
        kind = rng.choice(KINDS)
        if abs(sizes[last]) > 2.0 or abs(sizes[other]) > 2.0:
            kind = "divide"
        elif abs(sizes[last]) < 0.1:
            kind, other = "add", number % 2
        found.append((kind, last, other))
        sizes.append(OBJECTS[kind](Value(sizes[last]), Value(sizes[other])).data)
    return found


def text_of(graph: Steps) -> str:
    lines = (f"  - v{i} = {TEXT[kind].format(f'v{a}', f'v{b}')}\n" for i, (kind, a, b) in enumerate(graph, 2))
    leaves = ", ".join(f"{name}: {number}" for name, number in LEAVES.items())
    return f"parameters: {{{leaves}}}\nprogram:\n{''.join(lines)}"


def built(text: str) -> Trace:
    return build_trace(read_spec(Source("program.yaml", text, ".")))


def with_objects(graph: Steps) -> list[float]:
    values = [Value(number) for number in LEAVES.values()]
    for kind, a, b in graph:
        values.append(OBJECTS[kind](values[a], values[b]))
    values[-1].backward()
    return [value.grad for value in values[: len(LEAVES)]]


def whole_seconds(text: str) -> float:
    begin = time.perf_counter()
    trace = built(text)
    reverse.run(reverse.plan(trace, tuple(trace.parameters)))
    return time.perf_counter() - begin


def long_programs() -> list[Line]:
    times = {count: [whole_seconds(text_of(steps(count))) for _ in range(3)] for count in (1_000, 10_000, 100_000)}
    best = {count: min(series) for count, series in times.items()}
    detail = ", ".join(f"{count:,}: {seconds:.3g} s" for count, seconds in best.items())
    return [
        Line("10,000 lines: read, build, one reverse gradient", 2.0, best[10_000], detail, "s"),
        Line("100,000 lines beside 10,000", 15.0, best[100_000] / best[10_000], "10, and what garbage collection adds"),
    ]


def scalar_graph() -> list[Line]:
    graph = steps(NODES)
    trace = built(text_of(graph))
    names = tuple(trace.parameters)
    plan = reverse.plan(trace, names)
    found: Any = reverse.run(plan).gradients
    sys.setrecursionlimit(10 * NODES)
    np.testing.assert_allclose([float(found[name]) for name in names], with_objects(graph), rtol=1e-9)
    run, objects, planning = alternate(
        [
            lambda: seconds_each(lambda: reverse.run(plan), REPEAT),
            lambda: seconds_each(lambda: with_objects(graph), REPEAT),
            lambda: seconds_each(lambda: reverse.plan(trace, names), REPEAT),
        ],
        ROUNDS,
    )
    run_ms, objects_ms, plan_ms = (f"{statistics.median(series) * 1e3:.2f} ms" for series in (run, objects, planning))
    detail = f"{run_ms}, objects {objects_ms}; planning, once {plan_ms}"
    return [Line(f"{NODES:,} scalar nodes, beside building and pulling back objects", 1.2, ratio(run, objects), detail)]


def lines() -> list[Line]:
    return [*long_programs(), *scalar_graph()]


if __name__ == "__main__":
    show(lines())
