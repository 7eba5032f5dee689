"""What a story says, in each language: one plain table a language, key → sentence with {placeholders}.

In a sentence ``**…**`` is set in bold. What is put in for a placeholder is never read as anything but itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import TypeAlias

from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Labels
from adcli.explain.maths import Expression, Name
from adcli.explain.names import plain
from adcli.explain.progress import State

LANGUAGES = ("en", "id")
Filling: TypeAlias = str | int | Expression | Runs
_PIECES = re.compile(r"\{(\w+)\}|(\*\*)")


class Say:
    """The messages of one language: as runs of a slide, or as plain text."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.table: Mapping[str, str] = import_module(f"adcli.explain.messages.{lang}").TABLE

    def __call__(self, key: str, **fillings: Filling) -> Runs:
        """The message with its placeholders filled, as runs."""
        runs: list[Words | Expression] = []
        strong = False
        rest = self._message(key, fillings)
        while found := _PIECES.search(rest):
            if found.start():
                runs.append(Words(rest[: found.start()], strong))
            rest = rest[found.end() :]
            if found[2]:
                strong = not strong
            else:
                runs += _runs(fillings[found[1]], strong)
        if rest:
            runs.append(Words(rest, strong))
        return tuple(runs)

    def text(self, key: str, **fillings: str | int | Name | list[Name]) -> str:
        """The message as plain text, for notes, captions and labels."""
        written = {field: self._plain(filling) for field, filling in fillings.items()}
        return self._message(key, fillings).replace("**", "").format(**written)

    def _plain(self, filling: str | int | Name | list[Name]) -> str:
        if isinstance(filling, list):
            *others, last = map(plain, filling)
            return self.table["and"].join([", ".join(others), last]) if others else last
        return plain(filling) if isinstance(filling, Name) else str(filling)

    def _message(self, key: str, fillings: Mapping[str, object]) -> str:
        one = f"{key}.one"
        return self.table[one] if fillings.get("n") in (1, "1") and one in self.table else self.table[key]

    def listed(self, things: list[Expression]) -> Runs:
        """``a, b and c``."""
        runs: list[Words | Expression] = []
        for place, thing in enumerate(things):
            if place:
                runs.append(Words(self.table["and"] if place == len(things) - 1 else ", "))
            runs.append(thing)
        return tuple(runs)

    def labels(self) -> Labels:
        """The small words that renderers need."""
        states = {state: self.table.get(f"state.{state.name.lower()}", "") for state in State}
        own = {field: self.table[f"label.{field}"] for field in Labels._fields if field != "states"}
        return Labels(states, **own)


def _runs(filling: Filling, strong: bool) -> Runs:
    if isinstance(filling, str | int):
        return (Words(str(filling), strong),)
    return (filling,) if isinstance(filling, Expression) else filling
