"""``adcli cost`` on 1,000 layers, from start to end: as text, and as JSON with the chain of every parameter."""

from __future__ import annotations

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import Line, alternate, normal, process_seconds, script, show

LAYERS, WIDTH, ROUNDS = 1_000, 16, 5


def net(widths: list[int], full: bool, loss: bool) -> dict[str, Any]:
    """Linear layers between these widths; ``full``: each with a bias and an activation."""
    layers: list[dict[str, Any]] = []
    for seed, (entries, width) in enumerate(pairwise(widths)):
        layer = {"type": "linear", "weight": normal([width, entries], seed, 0.25)}
        layers.append({**layer, "bias": normal([width], seed, 0.1), "activation": "tanh"} if full else layer)
    made: dict[str, Any] = {"input": {"x": [1.0] * widths[0]}, "layers": layers}
    return {**made, "target": {"y": [0.0] * widths[-1]}, "loss": "squared_error"} if loss else made


def specs() -> dict[str, dict[str, Any]]:
    same = [WIDTH] * (LAYERS + 1)
    varied = [5 + 7 * i % 28 for i in range(LAYERS + 1)]
    return {
        f"width {WIDTH} and a loss": net(same, full=False, loss=True),
        f"width {WIDTH} and {WIDTH} outputs": net(same, full=False, loss=False),
        f"width {WIDTH}, bias, tanh and a loss": net(same, full=True, loss=True),
        f"widths 5 to 32 and {varied[-1]} outputs": net(varied, full=False, loss=False),
    }


def lines() -> list[Line]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (which, spec) in enumerate(specs().items()):
            path = Path(folder, f"net{number}.json")
            path.write_text(json.dumps(spec))
            command = [script(), "cost", str(path)]
            text, whole = alternate(
                [lambda c=command: process_seconds(c), lambda c=command: process_seconds([*c, "--format", "json"])],
                ROUNDS,
            )
            for form, series in (("text", text), ("JSON", whole)):
                what = f"adcli cost, {LAYERS:,} layers of {which}, {form}"
                found.append(Line(what, 1.0, min(series), f"slowest {max(series):.2f} s", "s"))
    return found


if __name__ == "__main__":
    show(lines())
