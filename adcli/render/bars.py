"""Bars in a terminal, in eighths of a character."""

from __future__ import annotations

import sys

from adcli.render.terminal import is_terminal

_PARTS = " ▏▎▍▌▋▊▉"


def bar(amount: float, most: float, width: int) -> str:
    """``amount`` on a scale where ``most`` is ``width`` characters long; what is not nothing can be seen."""
    if most <= 0 or amount <= 0:
        return ""
    eighths = max(1, round(8 * width * amount / most))
    if not _has_blocks():
        return "#" * max(1, round(eighths / 8))
    return "█" * (eighths // 8) + _PARTS[eighths % 8].strip()


def _has_blocks() -> bool:
    """Whether the terminal has the characters; a pipe always gets UTF-8."""
    if not is_terminal(sys.stdout):
        return True
    try:
        "█▏".encode(sys.stdout.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
