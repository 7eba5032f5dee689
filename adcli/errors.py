"""What can be wrong with a command line, a file or a spec, and how it is said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

MOST_PROBLEMS = 10
_WIDEST_SOURCE_LINE = 76
# Control characters, and the marks that change the direction of the text around them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


class Place(NamedTuple):
    """A point in a file, as editors count: line and column from 1."""

    file: str
    line: int
    column: int
    source_line: str


class Problem(NamedTuple):
    """One thing that is wrong, where it stands, and what would mend it."""

    message: str
    place: Place | None = None
    hint: str | None = None


class AdcliError(Exception):
    """The command line, a file or a spec is wrong: exit code 2."""

    def __init__(self, *problems: Problem | str, more: int = 0) -> None:
        self.more = more
        self.problems = [Problem(p) if isinstance(p, str) else p for p in problems]
        super().__init__(self.problems[0].message)

    def __str__(self) -> str:
        return format_problems(self.problems, self.more)


def printable(text: str) -> str:
    """``text`` from a file, safe to print: control characters become spaces or go."""
    return _UNPRINTABLE.sub("", text.replace("\t", " ").replace("\n", " "))


def quoted(value: object) -> str:
    """``value`` in backquotes, cut to a length that fits a line of an error."""
    text = printable(str(value))
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the known word closest to ``name``, if one is close."""
    return _nearest(name[:60], tuple(known))


@cache
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    import difflib  # only an error needs it

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None


def format_problems(problems: list[Problem], more: int = 0) -> str:
    """At most ten problems, in the form that editors and CI understand, in the order of their places."""
    shown = sorted(problems, key=lambda p: p.place[1:3] if p.place else (0, 0))[:MOST_PROBLEMS]
    lines = [line for problem in shown for line in _format(problem)]
    more += len(problems) - len(shown)
    if more:
        lines.append(f"adcli: {more} more error{' is' if more == 1 else 's are'} not shown")
    return "\n".join(lines)


def _format(problem: Problem) -> list[str]:
    place = problem.place
    if place is None:
        lines = [f"adcli: error: {problem.message}"]
    else:
        lines = [f"{printable(place.file)}:{place.line}:{place.column}: error: {problem.message}"]
        lines += _source_with_caret(place)
    return lines + ([f"      hint: {problem.hint}"] if problem.hint else [])


def _source_with_caret(place: Place) -> list[str]:
    """The source line with a caret under the column; a long line is cut to a window around it."""
    text = "".join(printable(c) or " " for c in place.source_line)
    at = min(place.column - 1, len(text))
    start = 0 if len(text) <= _WIDEST_SOURCE_LINE else max(0, at - _WIDEST_SOURCE_LINE // 2)
    window = text[start : start + _WIDEST_SOURCE_LINE]
    if start:
        window = "…" + window[1:]
    if start + _WIDEST_SOURCE_LINE < len(text):
        window = window[:-1] + "…"
    return [f"{place.line:5} | {window}", f"      | {' ' * (at - start)}^"]
