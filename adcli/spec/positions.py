"""Where a character of a scalar stands in the text: escapes, line folds and indentation lie between the two.

Blanks may be folded; every other character is written once, in its place, by itself or by one escape. So the nth
character of a value that is no blank is the nth such unit of what is written.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

_BLANKS = " \t\r\n"
_PLAIN = re.compile(r"[^ \t\r\n]")
_SINGLE = re.compile(r"''|[^ \t\r\n]")
_HEX = r"x(?:20|09|0[aAdD])|u00(?:20|09|0[aAdD])|U000000(?:20|09|0[aAdD])"
_DOUBLE = re.compile(
    rf"(?:\\(?:[ \tntr\r\n]|{_HEX})|[ \t\r\n])*"  # blanks, also as escapes
    r"(?P<unit>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair is one character
    r"|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|[^ \t\r\n\\])"
)
_ANCHOR = re.compile(r"&[^ \t\r\n,\[\]{}]+(?:[ \t\r\n]|#[^\r\n]*[\r\n])*")
_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*(?:\r\n|\r|\n)")


def in_double_quotes(text: str, begin: int, value: str, at: int) -> int:
    """The offset of the character ``at`` of ``value``, whose opening quote in ``text`` is at ``begin``."""
    return _offset(_DOUBLE, text, begin + 1, value, at)


def in_yaml(text: str, event: Any, at: int) -> int:
    """The offset of the character ``at`` of the scalar that ``event`` has read from ``text``."""
    begin = event.start_mark.index
    anchor = _ANCHOR.match(text, begin)
    if anchor:
        begin = anchor.end()
    if event.style == '"':
        return in_double_quotes(text, begin, event.value, at)
    if event.style == "'":
        return _offset(_SINGLE, text, begin + 1, event.value, at)
    header = _BLOCK_HEADER.match(text, begin) if event.style in ("|", ">") else None
    return _offset(_PLAIN, text, header.end() if header else begin, event.value, at)


def _offset(unit: re.Pattern[str], text: str, begin: int, value: str, at: int) -> int:
    before = value[:at]
    seen = sum(character not in _BLANKS for character in before)
    name = "unit" if unit is _DOUBLE else 0
    if at < len(value) and value[at] not in _BLANKS:
        found = next(islice(unit.finditer(text, begin), seen, None), None)
        return found.start(name) if found else begin
    if not seen:
        return begin
    found = next(islice(unit.finditer(text, begin), seen - 1, None), None)
    return found.end(name) + len(before) - len(before.rstrip(_BLANKS)) if found else begin
