"""Prints docs/commands.md, from the commands themselves; with --write puts it there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from adcli.cli import COMMANDS, adcli

TARGET = Path(__file__).resolve().parent / "commands.md"


def reference() -> str:
    """Every command with its help."""
    parts = ["# Commands\n\nMade by `docs/make_reference.py` from the program; don't edit.\n"]
    page = {"terminal_width": 80, "max_content_width": 80, "help_option_names": ["-h", "--help"]}
    parent = click.Context(adcli, info_name="adcli", **page)
    for name in COMMANDS:
        command = adcli.get_command(parent, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=parent, **page)
        parts.append(f"\n## adcli {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    if "--write" in sys.argv:
        TARGET.write_text(reference(), encoding="utf-8")
    else:
        sys.stdout.write(reference())
