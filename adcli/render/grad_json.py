"""The result of ``adcli grad`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from adcli.arrays import Array
from adcli.engines.diagnose import Warning
from adcli.engines.structure import Result
from adcli.render.json_format import numbers
from adcli.trace import Trace

if TYPE_CHECKING:
    from adcli.engines.formulas import Formulas

SCHEMA = 1


def content(
    trace: Trace, mode: str, result: Result, warnings: list[Warning], updated: dict[str, Array] | None
) -> dict[str, Any]:
    """Keys in the order of the interface; what a mode adds stands before the warnings."""
    output = np.asarray(result.values[trace.output])
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "command": "grad",
        "title": trace.title,
        "mode": mode,
        "output": {"name": trace.output, "shape": list(output.shape), "value": numbers(output)},
        "trace": [_line(trace, step, result) for step in range(len(trace.nodes))],
    }
    if result.jvp is not None:
        found["jvp"] = numbers(result.jvp)
    else:
        kind = "jacobians" if result.holds_jacobians(trace.output) else "gradients"
        found[kind] = {name: numbers(gradient) for name, gradient in result.gradients.items()}
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
    if result.formulas is not None:
        found |= _formulas(result.formulas)
    found["warnings"] = [warning_content(warning) for warning in warnings]
    return found


def warning_content(warning: Warning) -> dict[str, Any]:
    index = None if warning.index is None else list(warning.index)
    return {"code": warning.code, "name": warning.name, "index": index, "message": warning.message}


def _formulas(formulas: Formulas) -> dict[str, Any]:
    from adcli.notation.formulas import text  # SymPy's printers: where there are formulas, it is there

    gradients = {name: text(formulas, gradient).tolist() for name, gradient in formulas.gradients.items()}
    return {
        "formulas": {"output": text(formulas, formulas.output).tolist(), "gradients": gradients},
        "operations": {"before": formulas.before, "after": formulas.after},
    }


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
