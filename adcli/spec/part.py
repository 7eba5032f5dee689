"""A part of a document: its value and its path, so that an error can point to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from adcli.errors import MOST_PROBLEMS, AdcliError, Place, Problem, nearest, quoted
from adcli.spec import json_reader, yaml_reader
from adcli.spec.source import STDIN, Source


class Document:
    """A text that was read: its tree, and what was found wrong with it so far."""

    def __init__(self, source: Source, reader: Any = None) -> None:
        self.source = source
        self.reader, tree = (reader, reader.parse(source)) if reader else _read(source)
        self.root = Part(tree, (), self)
        self.problems: list[Problem] = []
        self.more_problems = 0

    def place(self, path: tuple[str | int, ...], at_key: bool) -> Place:
        return self.source.place(self.reader.locate(self.source, path, at_key))

    def place_inside(self, path: tuple[str | int, ...], text: str, at: int) -> Place:
        """Where the character ``at`` of the scalar ``text`` stands."""
        return self.source.place(self.reader.locate_character(self.source, path, text, at))

    def raise_problems(self) -> None:
        if self.problems:
            raise AdcliError(*self.problems, more=self.more_problems)


def _read(source: Source) -> tuple[Any, Any]:
    """The reader that fits, and the tree. Standard input has no ending to go by: JSON where it can be read as JSON."""
    if source.name == STDIN and source.text.lstrip()[:1] == "{":
        try:
            return json_reader, json_reader.parse(source)
        except AdcliError:
            pass  # a mapping in YAML begins so, too
    reader = json_reader if source.name.endswith(".json") else yaml_reader
    return reader, reader.parse(source)


class Part:
    """A value of a document, with the way to it. It is cheap, and made only where someone looks."""

    __slots__ = ("document", "path", "value")

    def __init__(self, value: Any, path: tuple[str | int, ...], document: Document) -> None:
        self.value = value
        self.path = path
        self.document = document

    def __getitem__(self, step: str | int) -> Part:
        return Part(self.value[step], (*self.path, step), self.document)

    def get(self, key: str) -> Part | None:
        return self[key] if key in self.value else None

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def problem(self, message: str, hint: str | None = None, *, key: str | None = None, at: int | None = None) -> None:
        """Note that this part (its key ``key``, its character ``at``) is wrong; reading goes on with the others."""
        if len(self.document.problems) >= MOST_PROBLEMS:
            self.document.more_problems += 1  # its place would mean reading the text once more, for nothing
            return
        if at is None:
            path = self.path if key is None else (*self.path, key)
            place = self.document.place(path, key is not None)
        else:
            place = self.document.place_inside(self.path, self.value, at)
        self.document.problems.append(Problem(message, place, hint))

    def items(self) -> Iterator[tuple[str, Part]]:
        return ((key, self[key]) for key in self.value)

    def elements(self) -> Iterator[Part]:
        return (self[index] for index in range(len(self.value)))

    def is_mapping(self, what: str) -> bool:
        """Whether this is a mapping; if not, that is a problem."""
        if isinstance(self.value, dict):
            return True
        self.problem(f"{what} must be a mapping, not {kind(self.value)}")
        return False

    def is_list(self, what: str) -> bool:
        if isinstance(self.value, list):
            return True
        self.problem(f"{what} must be a list, not {kind(self.value)}")
        return False

    def text(self, what: str) -> str | None:
        if isinstance(self.value, str):
            return self.value
        self.problem(f"{what} must be text, not {kind(self.value)}")
        return None

    def choice(self, what: str, choices: Collection[str]) -> str | None:
        """One of ``choices``, or None and a problem."""
        if isinstance(self.value, str) and self.value in choices:
            return self.value
        known = list(choices)
        if isinstance(self.value, str):
            hint = nearest(self.value, known) or f"one of {', '.join(known)}"
            self.problem(f"unknown {what} {quoted(self.value)}", hint)
        else:
            self.problem(f"{what} must be text, not {kind(self.value)}")
        return None

    def misses(self, key: str, known: Iterable[str]) -> bool:
        """Whether ``key`` is neither there nor misspelt: a key that isn't known, and close to it, is told anyway."""
        known = set(known)
        return key not in self.value and not any(nearest(k, [key]) for k in self.value if k not in known)

    def only_keys(self, what: str, known: Iterable[str]) -> None:
        """Every key of this mapping that is not in ``known`` is a problem."""
        known = list(known)
        for key in self.value:
            if key not in known:
                hint = nearest(key, known) or f"known keys: {', '.join(known)}"
                self.problem(f"{what} has no key {quoted(key)}", hint, key=key)


def kind(value: Any) -> str:
    """What a value is, in the words of a user."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a mapping" if isinstance(value, dict) else "a list"
