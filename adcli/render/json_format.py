"""JSON: valid, in a fixed order of keys, every float64 in the shortest form that reads back to it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from adcli.arrays import Array

# What a terminal would act upon, and signs that turn the direction of writing: in JSON, escaped.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


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


def one_line(value: Any) -> str:
    if isinstance(value, partial):
        return str(value())
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, allow_nan=False))


def document(content: dict[str, Any]) -> str:
    """``content`` with a line for each key, and one for each entry of a list of mappings or of a mapping of arrays
    or of mappings."""
    return "".join(pieces(content))


def pieces(content: dict[str, Any]) -> Iterator[str]:
    """``document`` bit by bit. A value may be a ``partial`` that writes its JSON when its turn comes."""
    for number, (key, value) in enumerate(content.items()):
        yield f"{',' if number else '{'}\n  {one_line(key)}: "
        yield from _spread(value)
    yield "\n}\n"


def _spread(value: Any) -> Iterator[str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _listed("[]", map(one_line, value))
    elif (
        isinstance(value, dict)
        and value
        and any(all(isinstance(entry, kind) for entry in value.values()) for kind in (list, dict, partial))
    ):
        yield from _listed("{}", (f"{one_line(k)}: {one_line(v)}" for k, v in value.items()))
    else:
        yield one_line(value)


def _listed(brackets: str, entries: Iterable[str]) -> Iterator[str]:
    """A line for each entry."""
    for number, entry in enumerate(entries):
        yield f"{',' if number else brackets[0]}\n    {entry}"
    yield f"\n  {brackets[1]}"
