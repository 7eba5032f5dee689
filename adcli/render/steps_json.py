"""The steps of a derivation as JSON."""

from __future__ import annotations

from typing import Any

from adcli.derivation import Step
from adcli.render.json_format import numbers


def step_content(step: Step) -> dict[str, Any]:
    """``step`` with its arrays as nested lists, in the order of keys of the interface."""
    return {
        "kind": step.kind,
        "target": step.target,
        "operands": [{"name": o.name, "shape": list(o.shape), "value": numbers(o.array())} for o in step.operands],
        "value": numbers(step.value.array()),
        "reads": list(step.reads),
        "releases": list(step.releases),
        "held": step.held,
        "multiplications": step.multiplications,
    }
