"""JSON text into plain lists, dicts and scalars, through the standard library.

Positions are found only when an error needs one, by reading the text again along the path to it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from adcli.errors import AdcliError, Problem, quoted
from adcli.spec.positions import in_double_quotes
from adcli.spec.source import Source
from adcli.spec.yaml_reader import DEEPEST, MOST_VALUES

_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Twice(dict[str, Any]):
    """An object in which a key is there twice."""

    key: str = ""


def parse(source: Source) -> Any:
    """The value of ``source``.

    Raises:
        AdcliError: it is not JSON, or uses what a spec may not (equal keys, lone surrogates, …).
    """
    try:
        tree = json.loads(source.text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        if not source.text.strip():
            raise AdcliError(Problem("there is nothing in it", source.place(0))) from None
        raise AdcliError(Problem(f"not JSON: {error.msg}", source.place(error.pos))) from None
    except RecursionError:
        raise AdcliError(Problem(f"nested more than {DEEPEST} deep", source.place(0))) from None
    _check(source, tree)
    return tree


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found = _Twice(pairs)
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                found.key = key
            seen.add(key)
    return found


def _constant(name: str) -> float:
    """``NaN`` and ``Infinity``, which the checks of numbers refuse with their place."""
    return float(name)


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float(text)


def _check(source: Source, tree: Any) -> None:
    """What the standard library lets pass: depth, number of values, equal keys, lone surrogates."""
    surrogates = "\\ud" in source.text or "\\uD" in source.text
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(tree, ())]
    count = 1
    while stack:
        value, path = stack.pop()
        if isinstance(value, dict):
            children: Any = value.items()
            if isinstance(value, _Twice):
                raise _error(source, f"the key {quoted(value.key)} is there twice", (*path, value.key), at_key=True)
        elif isinstance(value, list):
            children = enumerate(value)
        else:
            if surrogates and isinstance(value, str) and _SURROGATE.search(value):
                raise _error(source, "text with half of a surrogate pair", path)
            continue
        if len(path) >= DEEPEST:
            raise _error(source, f"nested more than {DEEPEST} deep", path)
        count += len(value)
        if count > MOST_VALUES:
            raise _error(source, f"more than {MOST_VALUES:,} values", path)
        for key, child in children:
            if surrogates and isinstance(key, str) and _SURROGATE.search(key):
                raise _error(source, "a key with half of a surrogate pair", path)
            kind = type(child)
            if kind is not float and kind is not int:
                stack.append((child, (*path, key)))


def _error(source: Source, message: str, path: tuple[str | int, ...], at_key: bool = False) -> AdcliError:
    return AdcliError(Problem(message, source.place(locate(source, path, at_key))))


def locate(source: Source, path: tuple[str | int, ...], at_key: bool) -> int:
    """The offset of the value (or key) at ``path``; of equal keys the last, which is the one that counts."""
    text = source.text
    skip = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer).raw_decode
    offset = _space(text, 0)
    for number, step in enumerate(path):
        opening = text[offset]
        offset = _space(text, offset + 1)
        found = offset
        index = 0
        while text[offset] not in "]}":
            key: str | int = index
            key_offset = offset
            if opening == "{":
                key, offset = skip(text, offset)
                offset = _space(text, _space(text, offset) + 1)
            if key == step:
                found = key_offset if at_key and number == len(path) - 1 else offset
                if opening == "[":
                    break
            offset = _space(text, skip(text, offset)[1])
            if text[offset] == ",":
                offset = _space(text, offset + 1)
            index += 1
        offset = found
    return offset


def locate_character(source: Source, path: tuple[str | int, ...], value: str, at: int) -> int:
    """The offset of the character ``at`` of the text ``value`` at ``path``."""
    return in_double_quotes(source.text, locate(source, path, False), value, at)


def _space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset
