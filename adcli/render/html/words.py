"""Text from a spec within a page."""

from __future__ import annotations

from html import escape

from adcli.errors import printable


def safe(text: str) -> str:
    """``text`` without control characters, and with no character that HTML would read as its own."""
    return escape(printable(text))
