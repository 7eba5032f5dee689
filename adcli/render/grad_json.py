"""The result of ``adcli grad`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcli.arrays import Array
from adcli.engines.diagnose import Warning
from adcli.engines.structure import Result
from adcli.render.json_format import numbers
from adcli.trace import Trace

SCHEMA = 1


def content(
    trace: Trace, mode: str, result: Result, warnings: list[Warning], updated: dict[str, Array] | None
) -> dict[str, Any]:
    """Keys in the order of the interface; what a mode adds stands before the warnings."""
    output = np.asarray(result.values[trace.output])
    gradients = "gradients" if output.size == 1 else "jacobians"
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "command": "grad",
        "title": trace.title,
        "mode": mode,
        "output": {"name": trace.output, "shape": list(output.shape), "value": numbers(output)},
        "trace": [_line(trace, step, result) for step in range(len(trace.nodes))],
        gradients: {name: numbers(gradient) for name, gradient in result.gradients.items()},
    }
    if updated is not None:
        found["updated"] = {name: numbers(value) for name, value in updated.items()}
    if mode == "reverse":
        found["stored"] = list(result.stored)
    if result.schedule is not None:
        kept, evaluations = list(result.schedule.kept), result.schedule.evaluations
        found["checkpointing"] = {"kept": kept, "evaluations": evaluations, "ratio": result.schedule.ratio}
    if mode == "numeric":
        found["evaluations"] = result.evaluations
        found["scheme"] = result.scheme
    found["warnings"] = [
        {"code": w.code, "name": w.name, "index": None if w.index is None else list(w.index), "message": w.message}
        for w in warnings
    ]
    return found


def _line(trace: Trace, step: int, result: Result) -> dict[str, Any]:
    node = trace.nodes[step]
    return {
        "step": step + 1,
        "name": node.name,
        "op": node.op,
        "inputs": [name for name in node.operands if name not in trace.parameters],
        "parameters": [name for name in node.operands if name in trace.parameters],
        "arguments": list(node.arguments),
        "shape": list(node.shape),
        "value": numbers(result.values[node.name]),
    }
