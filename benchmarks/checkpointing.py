"""A deep, wide net with checkpoints beside the same run without: time, each in a fresh process, and memory at its peak.

``python benchmarks/checkpointing.py LAYER CHECKPOINTS`` prints the seconds of each gradient of one side (CHECKPOINTS
as after ``--checkpoint``, or ``all``); with a third word, the most activations that it holds at once.
"""

from __future__ import annotations

import statistics
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Line, alternate, normal, ratio, reported_seconds, seconds_each, show, trace_from

from adcli.arrays import Array
from adcli.engines import reverse
from adcli.engines.checkpoints import by_slots, chain_of, planned
from adcli.trace import Node, Trace

WIDTH, DEPTH, BATCH = 512, 64, 2048
LAYERS: dict[str, dict[str, Any]] = {"linear": {}, "tanh": {"activation": "tanh"}}
SLOTS, LONG, MANY_SLOTS = 8, 10_000, 100
ROUNDS, REPEAT = 3, 2


def net(layer: str) -> Trace:
    def one(seed: int) -> dict[str, Any]:
        return {"type": "linear", "weight": normal([WIDTH, WIDTH], seed, WIDTH**-0.5), **LAYERS[layer]}

    spec = {
        "input": normal([BATCH, WIDTH], DEPTH, 1.0),
        "target": normal([BATCH, WIDTH], DEPTH + 1, 1.0),
        "layers": [one(seed) for seed in range(DEPTH)],
        "loss": "squared_error",
    }
    return trace_from(spec)


def plan(layer: str, checkpoints: str) -> reverse.Plan:
    trace = net(layer)
    every = reverse.plan(trace, tuple(trace.parameters))
    return every if checkpoints == "all" else reverse.checkpointed(every, planned(trace, checkpoints))


def activations_at_peak(plan: reverse.Plan) -> float:
    """The most that a run holds at once beside weights and the gradients done by then, in activations."""
    gradients, most = 0, 0
    tracemalloc.start()

    def look(gradients: int) -> None:
        nonlocal most
        most = max(most, tracemalloc.get_traced_memory()[1] - gradients)
        tracemalloc.reset_peak()

    def watched(pull: reverse.Pull) -> Callable[..., Array]:
        def vjp(*read: Array) -> Array:
            nonlocal gradients
            look(gradients)
            contribution: Array = pull.vjp(*read)
            gradients += contribution.nbytes if pull.about.operand in plan.structure.wrt else 0
            look(gradients)
            return contribution

        return vjp

    pulls = [pull._replace(vjp=watched(pull)) for pull in plan.pulls]
    tracemalloc.reset_peak()
    begin = tracemalloc.get_traced_memory()[0]
    reverse.run(plan._replace(pulls=pulls))
    look(gradients)
    tracemalloc.stop()
    return (most - begin) / (BATCH * WIDTH * 8)


def lines_of(layer: str) -> list[Line]:
    what = f"{DEPTH} {layer} layers of width {WIDTH}, batch {BATCH}"
    measures = [
        lambda side=side: statistics.median(reported_seconds([__file__, layer, side])) for side in ("all", "sqrt")
    ]
    every, root = alternate(measures, ROUNDS)  # type: ignore[arg-type]
    a, b = (f"{statistics.median(series):.2f} s" for series in (root, every))
    peaks = [reported_seconds([__file__, layer, side, "peak"])[0] for side in ("all", "sqrt", str(SLOTS))]
    schedule = plan(layer, str(SLOTS)).schedule
    assert schedule is not None
    counted = f"{schedule.evaluations} evaluations for {schedule.steps}, the fewest possible"
    assert schedule.evaluations == fewest(schedule.steps, SLOTS)
    return [
        Line(f"{what}, checkpoints `sqrt`, time", 1.3, ratio(root, every), f"{a}, all stored {b}"),
        Line(f"{what}, `sqrt`, memory", 0.3, peaks[1] / peaks[0], f"{peaks[1]:.1f} activations, all {peaks[0]:.1f}"),
        Line(f"{what}, {SLOTS} slots, activations held", 12.0, peaks[2], counted, ""),
    ]


def fewest(n: int, slots: int) -> int:
    """Griewank & Walther's formula, with the value in hand and the last primitive as adcli counts them."""
    c, r, beta = slots + 1, 0, 1
    while beta < n:
        r += 1
        beta = beta * (c + r) // r
    return r * n - beta * r // (c + 1) + 1


def planning() -> Line:
    nodes = tuple(Node(f"h{i}", "sin", (f"h{i - 1}",), (), ()) for i in range(1, LONG + 1))
    trace = Trace(None, {"h0": np.zeros(())}, {}, {}, nodes, f"h{LONG}", False)
    found = by_slots(chain_of(trace), MANY_SLOTS)
    assert found.evaluations == fewest(LONG, MANY_SLOTS)
    seconds = statistics.median(seconds_each(lambda: by_slots(chain_of(trace), MANY_SLOTS), 1) for _ in range(9))
    detail = f"{found.evaluations:,} evaluations"
    return Line(f"planning {MANY_SLOTS} slots for {LONG:,} layers", 0.2, seconds, detail, "s")


def check(layer: str) -> None:
    """The same gradients to the last bit."""
    every = reverse.run(plan(layer, "all")).gradients
    for checkpoints in ("sqrt", str(SLOTS)):
        gradients = reverse.run(plan(layer, checkpoints)).gradients
        assert all(np.array_equal(every[name], gradients[name]) for name in every)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        print(activations_at_peak(plan(*sys.argv[1:3])))
    elif sys.argv[1:]:
        chosen = plan(*sys.argv[1:])
        reverse.run(chosen)
        print(*(seconds_each(lambda: reverse.run(chosen), 1) for _ in range(REPEAT)))
    else:
        for layer in LAYERS:
            check(layer)
        show([*(line for layer in LAYERS for line in lines_of(layer)), planning()])
