"""How rich prints for adcli: where colour may be, how wide a line is, and always the same bytes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import IO

from rich.console import Console

PIPE_WIDTH = 80
# What a terminal gets that can't show more; in a pipe the bytes are the same everywhere.
_ASCII = str.maketrans("─│├┤┬┴┼╭╮╰╯⎡⎢⎣⎤⎥⎦■●◎◂▸×−∂…⋮", "-|||+++....[[[]]]#o@<>x-d..")
NARROWEST = 24


def width_of(stream: IO[str] | None) -> int:
    """The terminal's width; in a pipe ``COLUMNS`` where it is set, else 80."""
    if is_terminal(stream) and stream is not None:
        try:
            return max(NARROWEST, os.get_terminal_size(stream.fileno()).columns)
        except OSError:
            return PIPE_WIDTH
    columns = os.environ.get("COLUMNS", "")
    return max(NARROWEST, min(int(columns), 1000)) if columns.isdecimal() and len(columns) < 6 else PIPE_WIDTH


def is_terminal(stream: IO[str] | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def rendered(show: Callable[[Console], None], to_file: bool = False) -> str:
    """What ``show`` prints, as text: with colour for a terminal, plain for a pipe or a file."""
    stream = None if to_file else sys.stdout
    terminal = is_terminal(stream)
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=width_of(stream),
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    show(console)
    written = buffer.getvalue()
    if terminal and stream is not None and "utf" not in (stream.encoding or "").lower():
        written = written.translate(_ASCII)
    lines = written.split("\n")
    return "\n".join(line if terminal else line.rstrip() for line in lines)
