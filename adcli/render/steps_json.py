"""The steps of a derivation as JSON."""

from __future__ import annotations

import math
from typing import Any

from adcli.derivation import Operand, Step
from adcli.render.json_format import numbers


def step_content(step: Step, most: int | None = None) -> dict[str, Any]:
    """``step`` with its arrays as nested lists, in the order of keys of the interface.

    The value of an array of more than ``most`` numbers is null.
    """
    return {
        "kind": step.kind,
        "target": step.target,
        "operands": [{"name": o.name, "shape": list(o.shape), "value": _numbers(o, most)} for o in step.operands],
        "value": _numbers(step.value, most),
        "reads": list(step.reads),
        "releases": list(step.releases),
        "held": step.held,
        "multiplications": step.multiplications,
    }


def _numbers(operand: Operand, most: int | None) -> Any:
    return None if most is not None and math.prod(operand.shape) > most else numbers(operand.array())
