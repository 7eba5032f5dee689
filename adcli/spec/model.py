"""A spec as the user wrote it: its sections, every part with its place. Nothing here knows what a layer means."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from adcli.errors import printable, quoted
from adcli.spec import text_reader
from adcli.spec.part import Document, Part, kind
from adcli.spec.source import Source
from adcli.spec.values import Budget, Value, is_value_mapping, read_value

SECTIONS = ("title", "input", "target", "parameters", "layers", "loss", "program", "output", "convention", "grading")
GRADING_KEYS = ("points", "rtol", "atol", "partial", "follow_through", "learning_rate")
CONVENTIONS = ("column", "row")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
RESERVED = ("file", "random")
EXPRESSION_NAME = "out"


class Layer(NamedTuple):
    """One layer, or the loss: its type and its fields, not yet understood. ``part`` is all of it."""

    type: str
    part: Part
    type_part: Part


class Line(NamedTuple):
    """One line of a program, ``name = expression``: the expression begins at the character ``start`` of ``part``."""

    name: str
    name_at: int
    part: Part
    start: int


class Spec(NamedTuple):
    """What a user wrote. ``document`` collects the problems that later stages find."""

    document: Document
    budget: Budget
    title: str | None
    inputs: dict[str, Value | None]
    targets: dict[str, Value | None]
    parameters: dict[str, Value | None]
    layers: list[Layer | None]
    loss: Layer | None
    program: list[Line | None] | None
    convention: str
    output: Part | None


def read_spec(source: Source) -> Spec:
    """The spec that ``source`` writes. Problems in its parts are noted in ``spec.document``, to be told at once.

    Raises:
        AdcliError: ``source`` is not YAML or JSON, or not a mapping.
    """
    document = Document(source)
    root = document.root
    if not root.is_mapping("a spec"):
        document.raise_problems()
    root.only_keys("a spec", SECTIONS)
    if "grading" in root and root["grading"].is_mapping("`grading`"):
        root["grading"].only_keys("`grading`", GRADING_KEYS)
    budget = Budget()
    title = root["title"].text("`title`") if "title" in root and root["title"].value is not None else None
    convention = root["convention"].choice("convention", CONVENTIONS) if "convention" in root else None
    return Spec(
        document,
        budget,
        title,
        _named_values(root, "input", "x", budget),
        _named_values(root, "target", "y", budget),
        _named_values(root, "parameters", None, budget),
        _layers(root),
        _layer(root["loss"], "loss") if "loss" in root else None,
        _program(root["program"]) if "program" in root else None,
        convention or "column",
        root.get("output"),
    )


def _named_values(root: Part, section: str, bare_name: str | None, budget: Budget) -> dict[str, Value | None]:
    """Name → value; a value that has a problem is None. A bare value has the name ``bare_name``."""
    if section not in root:
        return {}
    part = root[section]
    if bare_name and (not isinstance(part.value, dict) or is_value_mapping(part.value)):
        return {bare_name: read_value(part, f"`{section}`", budget)}
    if not part.is_mapping(f"`{section}`"):
        return {}
    if not part.value:
        part.problem(f"`{section}` is empty")
    return {name: read_value(value, name, budget) for name, value in part.items() if check_name(part, name, key=name)}


def check_name(part: Part, name: str, *, key: str | None = None, at: int | None = None) -> bool:
    """Whether ``name`` may name a value; if not, that is a problem (of the key ``key``, or of the character ``at``)."""
    if NAME.match(name) and name not in RESERVED:
        return True
    hint = None if name in RESERVED else "a name is a letter, then letters, digits and _"
    wrong = "is reserved for values" if name in RESERVED else "is not a name"
    part.problem(f"{quoted(name)} {wrong}", hint, key=key, at=at)
    return False


def read_expression(text: str, parameters: dict[str, Value | None]) -> Spec:
    """A program of one expression, ``text``; its value is named ``out``. In errors the text is a file named -e."""
    document = Document(Source("-e", text, os.getcwd()), text_reader)
    line = Line(EXPRESSION_NAME, 0, document.root, 0)
    return Spec(document, Budget(), None, {}, {}, parameters, [], None, [line], "column", None)


def _program(part: Part) -> list[Line | None]:
    if isinstance(part.value, str):
        part.problem("`program` must be a list, not text", "write a list, a line a step: `- c = a + b`")
        return []
    if not part.is_list("`program`"):
        return []
    if not part.value:
        part.problem("`program` is empty")
    return [_line(line, number) for number, line in enumerate(part.elements(), 1)]


def _line(part: Part, number: int) -> Line | None:
    text = part.value
    if not isinstance(text, str):
        part.problem(f"line {number} of the program must be text, `name = expression`, not {kind(text)}")
        return None
    name, equals, _ = text.partition("=")
    if not name.strip():
        part.problem(f"line {number} of the program has no name", "write `name = expression`")
        return None
    if not equals:
        part.problem(f"line {number} of the program has no `=`", f"write `name = {printable(text[:40])}`")
        return None
    at = len(name) - len(name.lstrip())
    name = name.strip()
    return Line(name, at, part, text.index("=") + 1) if check_name(part, name, at=at) else None


def _layers(root: Part) -> list[Layer | None]:
    if "layers" not in root:
        return []
    part = root["layers"]
    if not part.is_list("`layers`"):
        return []
    if not part.value:
        part.problem("`layers` is empty")
    return [_layer(layer, f"layer {number}") for number, layer in enumerate(part.elements(), 1)]


def _layer(part: Part, what: str) -> Layer | None:
    if isinstance(part.value, str) and what == "loss":
        return Layer(part.value, part, part)
    if not isinstance(part.value, dict):
        hint = f"write {{type: {part.value}}}" if isinstance(part.value, str) and NAME.match(part.value) else None
        part.problem(f"{what} must be a mapping with a `type`", hint)
        return None
    if "type" not in part:
        part.problem(f"{what} has no `type`")
        return None
    type_part = part["type"]
    name = type_part.text("`type`")
    return None if name is None else Layer(name, part, type_part)
