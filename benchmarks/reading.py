"""Reading a spec that holds 5 MB of numbers, as YAML and as JSON."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
from common import Line, seconds_each, show, trace_of

SIZE, ROUNDS = 5_000_000, 5
LIMITS = {"yaml": 2.0, "json": 0.3}


def lines() -> list[Line]:
    rows = np.random.default_rng(0).standard_normal((250, 1000)).tolist()
    text = json.dumps({"input": {"x": [1.0] * 1000}, "layers": [{"type": "linear", "weight": rows}]})
    assert len(text) > SIZE
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for ending, limit in LIMITS.items():
            path = Path(folder, f"net.{ending}")
            path.write_text(text)
            (weight,) = trace_of(str(path)).parameters.values()
            assert np.array_equal(weight, rows)
            seconds = [seconds_each(lambda p=path: trace_of(str(p)), 1) for _ in range(ROUNDS)]  # type: ignore[misc]
            detail = f"{len(text) / 1e6:.1f} MB, the trace included"
            what = f"reading 5 MB of numbers, {ending.upper()}"
            found.append(Line(what, limit, statistics.median(seconds), detail, "s"))
    return found


if __name__ == "__main__":
    show(lines())
