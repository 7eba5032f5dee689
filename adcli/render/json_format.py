"""JSON: valid, in a fixed order of keys, every float64 in the shortest form that reads back to it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from adcli.arrays import Array


def numbers(array: Array) -> Any:
    """Nested lists of Python floats; NaN and infinities as the texts that JSON has no numbers for."""
    array = np.asarray(array)
    listed = array.tolist()
    return listed if np.isfinite(array).all() else _spelled(listed)


def _spelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_spelled(entry) for entry in value]
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


class Encoded(str):
    """JSON that is already written."""

    __slots__ = ()


def one_line(value: Any) -> str:
    return value if isinstance(value, Encoded) else json.dumps(value, ensure_ascii=False, allow_nan=False)


def document(content: dict[str, Any]) -> str:
    """``content`` with a line for each key, and one for each entry of a list of mappings or of a mapping of arrays
    or of mappings."""
    lines = [f"  {one_line(key)}: {_spread(value)}" for key, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _spread(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"    {one_line(entry)}" for entry in value) + "\n  ]"
    if (
        isinstance(value, dict)
        and value
        and any(all(isinstance(entry, kind) for entry in value.values()) for kind in (list, dict, Encoded))
    ):
        return "{\n" + ",\n".join(f"    {one_line(k)}: {one_line(v)}" for k, v in value.items()) + "\n  }"
    return one_line(value)
