"""The result of ``adcli check`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

import math
from typing import Any

from adcli.engines.check import Check
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
        "warnings": [warning_content(warning) for warning in found.warnings],
    }
