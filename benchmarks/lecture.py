"""One reverse gradient of the lecture's net beside the same written by hand, in one process.

Planning is done once for a trace, and reported apart.
"""

from __future__ import annotations

import statistics

import numpy as np
from common import SPECS, Line, alternate, ratio, seconds_each, show, trace_of

from adcli.engines import reverse

ROUNDS, REPEAT = 200, 100


def by_hand(x, y, W1, W2, W3, W4):  # type: ignore[no-untyped-def]
    h1 = W1 @ x
    h2 = W2 @ h1
    h3 = W3 @ h2
    difference = W4 @ h3 - y
    loss = np.add.reduce(difference * difference)
    h4_bar = 2.0 * difference
    W4_bar = h4_bar[:, None] * h3
    h3_bar = h4_bar @ W4
    W3_bar = h3_bar[:, None] * h2
    h2_bar = h3_bar @ W3
    W2_bar = h2_bar[:, None] * h1
    h1_bar = h2_bar @ W2
    W1_bar = h1_bar[:, None] * x
    return loss, {"W1": W1_bar, "W2": W2_bar, "W3": W3_bar, "W4": W4_bar}


def lines() -> list[Line]:
    trace = trace_of(str(SPECS / "forward-mode.yaml"))
    names = tuple(trace.parameters)
    values = [*trace.inputs.values(), *trace.targets.values(), *trace.parameters.values()]
    plan = reverse.plan(trace, names)
    result = reverse.run(plan)
    loss, gradients = by_hand(*values)
    assert result.values[trace.output] == loss
    assert all(np.array_equal(result.gradients[name], gradients[name]) for name in names)
    ours, theirs, planning = alternate(
        [
            lambda: seconds_each(lambda: reverse.run(plan), REPEAT),
            lambda: seconds_each(lambda: by_hand(*values), REPEAT),
            lambda: seconds_each(lambda: reverse.plan(trace, names), 1),
        ],
        ROUNDS,
    )
    a, b, c = (statistics.median(series) * 1e6 for series in (ours, theirs, planning))
    detail = f"{a:.1f} µs, by hand {b:.1f} µs; planning, once {c:.0f} µs"
    return [Line("lecture's net, one reverse gradient in process", 2.0, ratio(ours, theirs), detail)]


if __name__ == "__main__":
    show(lines())
