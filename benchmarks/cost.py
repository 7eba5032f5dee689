"""``adcli cost`` on 1,000 layers, from start to end: as text, and as JSON with the chain of every parameter."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from common import Line, alternate, normal, process_seconds, script, show

LAYERS, WIDTH, ROUNDS = 1_000, 16, 5


def spec(loss: bool) -> dict[str, Any]:
    layers = [{"type": "linear", "weight": normal([WIDTH, WIDTH], seed, 0.25)} for seed in range(LAYERS)]
    net: dict[str, Any] = {"input": {"x": [1.0] * WIDTH}, "layers": layers}
    return {**net, "target": {"y": [0.0] * WIDTH}, "loss": "squared_error"} if loss else net


def lines() -> list[Line]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for loss in (True, False):
            path = Path(folder, f"net{loss}.json")
            path.write_text(json.dumps(spec(loss)))
            command = [script(), "cost", str(path)]
            text, whole = alternate(
                [lambda c=command: process_seconds(c), lambda c=command: process_seconds([*c, "--format", "json"])],
                ROUNDS,
            )
            end = "a loss" if loss else f"{WIDTH} outputs"
            for form, series in (("text", text), ("JSON", whole)):
                what = f"adcli cost, {LAYERS:,} layers of width {WIDTH} and {end}, {form}"
                found.append(Line(what, 1.0, min(series), f"slowest {max(series):.2f} s", "s"))
    return found


if __name__ == "__main__":
    show(lines())
