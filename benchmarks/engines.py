"""Numeric mode beside one reverse gradient by hand; symbolic mode and ``adcli check`` in seconds."""

from __future__ import annotations

import statistics
import subprocess
from typing import Any

import numpy as np
from common import (
    SPECS,
    Line,
    alternate,
    normal,
    process_seconds,
    ratio,
    script,
    seconds_each,
    show,
    trace_from,
    trace_of,
)

from adcli.engines import numeric, symbolic
from adcli.trace import Trace

CASES = SPECS.parent / "tests" / "cases"
ROUNDS = 15


def tanh_net(width: int, depth: int, bias: bool = True) -> Trace:
    layers: list[dict[str, Any]] = [
        {"type": "linear", "weight": normal([width, width], layer, width**-0.5), "activation": "tanh"}
        | ({"bias": normal([width], 100 + layer, 0.1)} if bias else {})
        for layer in range(depth)
    ]
    ends = {"input": normal([width], 1000, 1.0), "target": normal([width], 1001, 1.0)}
    return trace_from({**ends, "layers": layers, "loss": "squared_error"})


def by_hand(x: Any, y: Any, weights: list[Any]) -> list[Any]:
    values = [x]
    for weight in weights:
        values.append(np.tanh(weight @ values[-1]))
    bar = 2.0 * (values[-1] - y)
    gradients = []
    for weight, before, after in zip(weights[::-1], values[-2::-1], values[:0:-1], strict=True):
        bar = bar * (1.0 - after * after)
        gradients.append(bar[:, None] * before)
        bar = bar @ weight
    return gradients[::-1]


def numeric_line() -> Line:
    trace = tanh_net(16, 4, bias=False)
    names = list(trace.parameters)
    plan = numeric.plan(trace, names)
    x, y = (next(iter(leaves.values())) for leaves in (trace.inputs, trace.targets))
    weights = list(trace.parameters.values())
    right = by_hand(x, y, weights)
    result = numeric.run(plan)
    assert all(np.allclose(result.gradients[n], g, rtol=1e-5, atol=1e-5) for n, g in zip(names, right, strict=True))
    ours, theirs = alternate(
        [
            lambda: seconds_each(lambda: numeric.run(plan), 10),
            lambda: seconds_each(lambda: by_hand(x, y, weights), 100),
        ],
        ROUNDS,
    )
    a, b = statistics.median(ours) * 1e3, statistics.median(theirs) * 1e6
    what = "numeric, width 16, depth 4, 1,024 weights, beside one reverse gradient by hand"
    return Line(what, 150.0, ratio(ours, theirs), f"{a:.2f} ms, by hand {b:.0f} µs; {result.evaluations} evaluations")


def symbolic_line(what: str, trace: Trace, limit: float) -> Line:
    """In a process that has SymPy's cache cold: the first run is the one that counts."""
    plan = symbolic.plan(trace, list(trace.parameters))
    seconds = seconds_each(lambda: symbolic.run(plan), 1)
    formulas = symbolic.run(plan).formulas
    assert formulas is not None
    form = "staged" if formulas.staged else "closed form"
    return Line(
        f"symbolic, {what}", limit, seconds, f"{form}: {formulas.before:,} operations, then {formulas.after:,}", "s"
    )


def process_line(what: str, command: list[str]) -> Line:
    seconds = statistics.median(process_seconds(command) for _ in range(5))
    return Line(what, 1.0, seconds, "whole process", "s")


def lines() -> list[Line]:
    found = [
        symbolic_line("width 3, depth 4", tanh_net(3, 4), 1.0),
        symbolic_line("width 4, depth 6", tanh_net(4, 6), 5.0),
        symbolic_line("the case shape-depth-6", trace_of(str(CASES / "shape-depth-6.yaml")), 5.0),
        symbolic_line("width 3, depth 2, all formulas written out", tanh_net(3, 2), 1.0),
        numeric_line(),
    ]
    check = [script(), "check", str(SPECS / "forward-mode.yaml")]
    assert subprocess.run(check, stdout=subprocess.DEVNULL).returncode == 0
    return [*found, process_line("`adcli check specs/forward-mode.yaml`", check)]


if __name__ == "__main__":
    show(lines())
