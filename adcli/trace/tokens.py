"""The words of an expression, looked at one by one before anything parses it: what may stand where, and how much."""

from __future__ import annotations

import math
import re
from keyword import kwlist

from adcli.errors import quoted

LONGEST = 10_000
MOST_TOKENS = 2_000
DEEPEST = 50
KEYWORDS = frozenset(kwlist)

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<minus>-)|(?P<operator>\*\*|/(?!/)|[+*@]))"
)
_SPACES = " \t\r\n"
_WORD = re.compile(r"\w+")
_END = re.compile(r"[ \t\r\n]*\Z")
_INSTEAD = {
    "−": "-",
    "–": "-",
    "×": "*",
    "·": "*",
    "⋅": "*",
    "÷": "/",
    "²": "** 2",
    "³": "** 3",
    "^": "**",
    "√": "sqrt(…)",
}
_WHAT = {
    "[": "lists and indices are", "{": "sets and mappings are", "'": "text is", '"': "text is", "`": "text is",
    ".": "attributes are", "<": "comparisons are", ">": "comparisons are", "!": "comparisons are",
    "=": "an equals sign is", ":": "a colon is", ";": "a semicolon is", "%": "remainders are", "/": "whole division is",
    "&": "operations on bits are", "|": "operations on bits are", "~": "operations on bits are",
}  # fmt: skip
OPERATORS_HINT = "there are + - * / ** @, brackets, numbers, names and functions"


class ExpressionError(Exception):
    """What is wrong with an expression, and at which character."""

    def __init__(self, message: str, at: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint


def check_tokens(text: str, start: int) -> None:
    """Whether ``text`` from ``start`` on is an expression that is safe to parse: complete, short and flat enough.

    Raises:
        ExpressionError: it is not.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"a line holds at most {LONGEST:,} characters", start, "use several lines")
    opened: list[tuple[int, bool]] = []  # where each open bracket is, and whether it belongs to a function
    at = start
    before = ""
    complete = False  # whether a value has just ended, so that an operator must follow
    count = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup or ""
        begin, at = match.span(kind)
        count += 1
        if count > MOST_TOKENS:
            raise ExpressionError(f"a line holds at most {MOST_TOKENS:,} words and signs", begin, "use several lines")
        if kind == "name" or kind == "number":
            if match[kind] in KEYWORDS:
                raise ExpressionError(f"{quoted(match[kind])} is a word of Python, and no name or function here", begin)
            if complete and before == "name" and match[kind][0] == "." and text[begin - 1] not in _SPACES:
                message = "the steps inside a line can't be read by name"
                raise ExpressionError(message, begin, "give the step a line of its own")
            if complete:
                raise ExpressionError(f"an operator is missing before {quoted(match[kind])}", begin)
            if kind == "number":
                _check_number(text, match[kind], begin)
            complete = True
        elif kind == "operator" or kind == "comma":
            if match[kind] == "+" and not complete:
                raise ExpressionError("there is no unary plus", begin, "leave this + out")
            if not complete:
                raise ExpressionError(f"a value is missing before {quoted(match[kind])}", begin)
            if kind == "comma" and not (opened and opened[-1][1]):
                raise ExpressionError("a comma is possible only between the values of a function", begin)
            complete = False
        elif kind == "minus":
            complete = False
        elif kind == "open":
            if complete and before != "name":
                raise ExpressionError("an operator is missing before `(`", begin)
            opened.append((begin, complete))
            if len(opened) > DEEPEST:
                raise ExpressionError(f"brackets are nested more than {DEEPEST} deep", begin, "use several lines")
            complete = False
        else:
            if not opened:
                raise ExpressionError("this bracket closes nothing", begin)
            if not complete:
                raise ExpressionError("a value is missing before `)`", begin)
            opened.pop()
        before = kind
    if not _END.match(text, at):
        raise _unknown(text, len(text) - len(text[at:].lstrip(_SPACES)))
    if not complete:
        raise ExpressionError("a value is missing at the end", max(start, len(text.rstrip()) - 1))
    if opened:
        raise ExpressionError("this bracket is never closed", opened[-1][0])


def _check_number(text: str, number: str, at: int) -> None:
    end = at + len(number)
    following = text[end : end + 1]
    if following == "_" or (number == "0" and following in ("x", "X", "o", "O", "b", "B")):
        raise ExpressionError("a number has decimal digits only", at)
    if following in ("j", "J"):
        raise ExpressionError("a number is real, without j", at)
    if following.isalpha():
        word = _WORD.match(text, end)
        raise ExpressionError(f"an operator is missing between {quoted(number)} and {quoted(word and word[0])}", end)
    if following == ".":
        raise ExpressionError("a number has one point", end)
    if len(number) > 1 and number[0] == "0" and number[1].isdigit():
        raise ExpressionError("a number doesn't begin with 0", at)
    if math.isinf(float(number)):
        raise ExpressionError(f"{quoted(number)} is too large for a float64", at)
    if float(number) == 0.0 and any(digit in "123456789" for digit in re.split("[eE]", number)[0]):
        raise ExpressionError(f"{quoted(number)} is too small for a float64", at)


def _unknown(text: str, at: int) -> ExpressionError:
    """The error of a character that begins no word of an expression."""
    character = text[at]
    if character in _INSTEAD:
        return ExpressionError(f"{quoted(character)} is no operator", at, f"write {_INSTEAD[character]}")
    if text.startswith("==", at):
        return ExpressionError("comparisons are not possible in an expression", at, OPERATORS_HINT)
    if character in _WHAT:
        return ExpressionError(f"{_WHAT[character]} not possible in an expression", at, OPERATORS_HINT)
    if character == "_" or character.isalpha():
        return ExpressionError("a name is a letter, then letters, digits and _", at)
    if not character.isprintable():
        return ExpressionError(f"U+{ord(character):04X} is not possible in an expression", at, "use a plain space")
    return ExpressionError(f"{quoted(character)} is not possible in an expression", at, OPERATORS_HINT)
