"""A text that is one value, as an expression on the command line is."""

from __future__ import annotations

from typing import Any

from adcli.spec.source import Source


def parse(source: Source) -> Any:
    return source.text


def locate(source: Source, path: tuple[str | int, ...], at_key: bool) -> int:
    """The beginning of the text: it has no parts."""
    return 0


def locate_character(source: Source, path: tuple[str | int, ...], value: str, at: int) -> int:
    return at
