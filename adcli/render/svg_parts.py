"""Pieces of an SVG file: its colours in light and dark, boxes, and text of a known width."""

from __future__ import annotations

import re
from html import escape
from unicodedata import east_asian_width

STYLE = """
text { font: 14px "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; white-space: pre; fill: INK }
.title { font: bold 20px "Latin Modern Sans", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif }
.note { font: 14px "Latin Modern Sans", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; fill: MUTED }
.name { font-weight: bold }
.op { fill: MUTED }
.value { fill: VALUE }
.grad { fill: COTANGENT; font-weight: bold }
.flow { font-size: 12px }
.ground { fill: GROUND }
.box { stroke-width: 2; fill: PANEL; stroke: VALUE }
.given { fill: GROUND; stroke: PARAMETER }
.target { stroke-dasharray: 5 4 }
.inner { fill: none; stroke-width: 1.5 }
.rule { stroke: LINE; fill: none }
.edge, .bracket { fill: none; stroke-width: 1.5 }
.edge { stroke: MUTED }
.quiet { stroke-dasharray: 5 4 }
.arrow { fill: MUTED }
.v { stroke: VALUE } .g { stroke: COTANGENT }
"""
LIGHT = {
    "VALUE": "#106DB6", "PARAMETER": "#3F4752", "COTANGENT": "#BD0C89", "INK": "#1B2028", "MUTED": "#5C6470",
    "LINE": "#D3D6D9", "GROUND": "#FCFCFA", "PANEL": "#F2F2EE",
}  # fmt: skip
DARK = {
    "VALUE": "#7DB7F7", "PARAMETER": "#DDE2EA", "COTANGENT": "#FF6FBD", "INK": "#ECEFF4", "MUTED": "#A3ADBA",
    "LINE": "#3A434F", "GROUND": "#14181F", "PANEL": "#1C222B",
}  # fmt: skip
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def style_sheet() -> str:
    def coloured(colours: dict[str, str]) -> str:
        return re.sub(r"\b[A-Z]{3,}\b", lambda role: colours.get(role[0], role[0]), STYLE)

    return f"{coloured(LIGHT)}@media (prefers-color-scheme: dark) {{{coloured(DARK)}}}\n"


def columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(text: str, room: int) -> str:
    """``text``, or as much of its beginning as ``room`` columns hold with ``…`` after it."""
    if columns(text) <= room:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += columns(character)
        if taken > room - 1:
            return text[:index] + "…"
    return text


def safe(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def rect(x: float, y: float, width: float, height: float, kind: str, corner: float = 0.0) -> str:
    rounded = f' rx="{fixed(corner)}"' if corner else ""
    return (
        f'<rect class="{kind}" x="{fixed(x)}" y="{fixed(y)}" width="{fixed(width)}" height="{fixed(height)}"{rounded}/>'
    )


def text_at(x: float, y: float, kind: str, text: str, wide: float, inner: str | None = None) -> str:
    """Text of a fixed width around ``x``, whichever of the fonts there is."""
    named = f' class="{kind}"' if kind else ""
    return (
        f'<text{named} x="{fixed(x)}" y="{fixed(y)}" text-anchor="middle" xml:space="preserve" '
        f'textLength="{fixed(len(text) * wide)}">{safe(text) if inner is None else inner}</text>'
    )


def fixed(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
