"""YAML 1.2 text into plain lists, dicts and scalars: a loop over parse events with a stack of its own.

No constructor and no recursion: nesting can't overflow a stack, aliases can't grow without bound,
and scalars mean what YAML 1.2's core schema says (``1e-3`` is a number, ``no`` is text).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

from adcli.errors import AdcliError, Problem, nearest, quoted
from adcli.spec.positions import in_yaml
from adcli.spec.source import Source

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MOST_VALUES = 1_000_000
DEEPEST = 32

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_OTHER_BASE = re.compile(r"0o([0-7]+)\Z|0x([0-9a-fA-F]+)\Z")
_STARTS_A_NUMBER = frozenset("+-.0123456789")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# Indented by a space that only looks like one.
_STRANGE_INDENTATION = re.compile("^[ \t]*[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]", re.MULTILINE)


def scalar(text: str) -> Any:
    """What a plain scalar means in YAML 1.2's core schema.

    An integer of so many digits that Python won't convert it is out of any number's range: infinite.
    """
    if text[:1] in _STARTS_A_NUMBER:
        if _INTEGER.match(text):
            return int(text) if len(text) < 4000 else float(text)
        if _FLOAT.match(text):
            return float(text)
        based = _OTHER_BASE.match(text)
        if based:
            return int(based[1], 8) if based[1] else int(based[2], 16)
    return _WORDS.get(text, text)


def parse(source: Source) -> Any:
    """The one document of ``source``. Keys are text, as they are written; aliases share their value.

    Raises:
        AdcliError: it is not YAML, or uses what a spec may not (tags, merge keys, equal keys, …).
    """
    if not source.text.isascii():
        strange = _STRANGE_INDENTATION.search(source.text)
        if strange:
            place = source.place(strange.end() - 1)
            character = f"U+{ord(strange.group()[-1]):04X}"
            raise AdcliError(
                Problem(f"the line is indented with {character}, not with a space", place, "use plain spaces")
            )
    return _Builder(source).build()


class _Builder:
    """The stack of open collections, what each anchor stands for, and how many values there are."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[Any] = []
        self.keys: list[str | None] = []  # of each open mapping: the key that waits for its value
        self.opened: list[tuple[str | None, int, int]] = []  # anchor, values before, and deepest point below
        self.anchors: dict[str, tuple[Any, int, int]] = {}  # value, how many values it holds, how deep it is
        self.count = 0
        self.root: list[Any] = []

    def build(self) -> Any:
        documents = 0
        for event in events(self.source):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self.scalar(event)
            elif kind is yaml.SequenceStartEvent:
                self.open([], event)
            elif kind is yaml.MappingStartEvent:
                self.open({}, event)
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                self.close()
            elif kind is yaml.AliasEvent:
                self.alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self.error("a second document begins here; a file holds one", event)
        if not self.root or self.root[0] is None:
            raise AdcliError(Problem("there is nothing in it", self.source.place(0)))
        return self.root[0]

    def scalar(self, event: Any) -> None:
        if event.tag is not None:
            raise self.error(f"tags are not allowed: {quoted(event.tag)}", event)
        text = event.value
        if self.stack and type(self.stack[-1]) is dict and self.keys[-1] is None:
            self.key(text, event)
            return
        value = scalar(text) if event.implicit[0] else text
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1, 0)
        self.place(value, event)

    def key(self, text: str, event: Any) -> None:
        if text == "<<" and event.implicit[0]:
            raise self.error("merge keys (`<<`) are not allowed", event)
        if text in self.stack[-1]:
            raise self.error(f"the key {quoted(text)} is there twice", event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (text, 1, 0)
        self.keys[-1] = text

    def open(self, collection: Any, event: Any) -> None:
        if event.tag is not None:
            raise self.error(f"tags are not allowed: {quoted(event.tag)}", event)
        if len(self.stack) >= DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep", event)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        before = self.count
        self.place(collection, event)
        self.stack.append(collection)
        self.keys.append(None)
        self.opened.append((event.anchor, before, 1))

    def close(self) -> None:
        value = self.stack.pop()
        self.keys.pop()
        anchor, before, depth = self.opened.pop()
        if anchor is not None:
            self.anchors[anchor] = (value, self.count - before, depth)
        self.deepen(depth + 1)

    def deepen(self, depth: int) -> None:
        if self.opened and self.opened[-1][2] < depth:
            self.opened[-1] = (*self.opened[-1][:2], depth)

    def alias(self, event: Any) -> None:
        name = event.anchor
        if name not in self.anchors:
            inside = any(anchor == name for anchor, _, _ in self.opened)
            message = "refers to a value that it is part of" if inside else "refers to nothing before it"
            raise self.error(f"the alias {quoted('*' + name)} {message}", event, nearest(name, self.anchors))
        value, count, depth = self.anchors[name]
        if self.stack and type(self.stack[-1]) is dict and self.keys[-1] is None:
            raise self.error("an alias can't be a key", event)
        if len(self.stack) + depth > DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep", event)
        self.count += count - 1
        self.place(value, event)
        self.deepen(depth + 1)

    def place(self, value: Any, event: Any) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            raise self.error(f"more than {MOST_VALUES:,} values", event)
        if not self.stack:
            self.root.append(value)
            return
        top = self.stack[-1]
        if type(top) is list:
            top.append(value)
            return
        key = self.keys[-1]
        if key is None:
            raise self.error("a key must be text", event)
        top[key] = value
        self.keys[-1] = None

    def error(self, message: str, event: Any, hint: str | None = None) -> AdcliError:
        return AdcliError(Problem(message, self.source.place(event.start_mark.index), hint))


def events(source: Source) -> Iterator[Any]:
    """The parse events of ``source``; what libyaml finds wrong becomes an error of ours."""
    given = 0
    try:
        for event in yaml.parse(source.text, Loader):
            yield event
            given += 1
    except yaml.YAMLError as error:
        if "nesting depth" in str(error):
            # libyaml reads ahead, and has a limit of its own: the events before it come from the slower parser.
            yield from islice(yaml.parse(source.text, yaml.SafeLoader), given, None)
            return
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = source.place(min(mark.index, len(source.text)) if mark else 0)
        problem = getattr(error, "problem", None) or str(getattr(error, "reason", "not YAML"))
        if "'\\t'" in problem or "\t" in place.source_line[: place.column]:
            raise AdcliError(Problem("YAML doesn't allow tabs here", place, "indent with spaces")) from None
        context = getattr(error, "context", None)
        message = f"not YAML: {problem}" + (f" {context}" if context else "")
        raise AdcliError(Problem(message, place)) from None


def locate(source: Source, path: tuple[str | int, ...], at_key: bool) -> int:
    """The offset of the value (or key) at ``path``: the text is read again, only as far as needed.

    Where the way leads through an alias, the offset is the alias's own.
    """
    return int(_event_at(source, path, at_key).start_mark.index)


def locate_character(source: Source, path: tuple[str | int, ...], value: str, at: int) -> int:
    """The offset of the character ``at`` of the text ``value`` at ``path``; of an alias, its own."""
    event = _event_at(source, path, at_key=False)
    return in_yaml(source.text, event, at) if isinstance(event, yaml.ScalarEvent) else int(event.start_mark.index)


def _event_at(source: Source, path: tuple[str | int, ...], at_key: bool) -> Any:
    """The event that begins the value (or is the key) at ``path``, or the alias on the way to it."""
    stream = (
        event for event in events(source) if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent))
    )
    event = next(stream)
    for number, step in enumerate(path):
        if not isinstance(event, yaml.CollectionStartEvent):
            break
        if isinstance(event, yaml.MappingStartEvent):
            key = next(stream)
            while key.value != step:
                _skip(next(stream), stream)
                key = next(stream)
            if at_key and number == len(path) - 1:
                return key
        else:
            for _ in range(int(step)):
                _skip(next(stream), stream)
        event = next(stream)
    return event


def _skip(event: Any, stream: Iterator[Any]) -> None:
    depth = 0
    while True:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth == 0:
            return
        event = next(stream)
