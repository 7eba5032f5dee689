"""The documents say what the program does."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from adcli.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = runpy.run_path(str(ROOT / "docs" / "console.py"))
PICTURES = runpy.run_path(str(ROOT / "docs" / "make_pictures.py"))
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


@pytest.mark.parametrize("name", ["grad", "explain", "graph"])
def test_pictures_are_what_the_program_draws_and_fetch_nothing(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.svg").read_text(encoding="utf-8")
    assert text == PICTURES[name]()
    assert "@font-face" not in text and "url(http" not in text and "<script" not in text
