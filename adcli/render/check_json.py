"""The result of ``adcli check`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

import math
from typing import Any

from adcli.engines.check import Check
from adcli.engines.diagnose import MOST_OF_A_STEP, Warning, component
from adcli.render.grad_json import SCHEMA, warning_content


def content(title: str | None, found: Check) -> dict[str, Any]:
    """Keys in the order of the interface. There are no measured times in it."""
    return {
        "schema": SCHEMA,
        "command": "check",
        "title": title,
        "agree": found.agree,
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "max_error": pair.max_error if math.isfinite(pair.max_error) else "Infinity",
                "digits": pair.digits,
                "at": {"name": pair.name, "index": list(pair.place)},
            }
            for pair in found.pairs
        ],
        "odd_one_out": found.odd_one_out._asdict() if found.odd_one_out else None,
        "kinks": [{"name": name, "index": list(index)} for name, index in found.kinks],
        "skipped": [skipped._asdict() for skipped in found.skipped],
        "warnings": [warning_content(warning) for warning in [*found.warnings, *_not_compared(found)]],
    }


def _not_compared(found: Check) -> list[Warning]:
    """A warning for each entry that was set aside, of many the first ones."""
    why = "not compared: a value or a slope on the way is not finite"
    return [
        Warning("non-finite", name, place, f"{component(name, place)} is {why}")
        for name, place in found.uncompared[:MOST_OF_A_STEP]
    ]
