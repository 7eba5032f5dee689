"""The documents say what the program does."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from adcli.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = runpy.run_path(str(ROOT / "docs" / "console.py"))
REFERENCE = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/cost.md"])
def test_console_blocks_are_what_the_program_prints(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert CONSOLE["renewed"](text) == text


def test_reference_is_made_from_the_commands() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert text == REFERENCE["reference"]()
    for command in COMMANDS:
        assert f"\n## adcli {command}\n" in text


def test_the_picture_fetches_nothing() -> None:
    text = (ROOT / "docs" / "grad.svg").read_text(encoding="utf-8")
    assert "@font-face" not in text and "url(http" not in text
