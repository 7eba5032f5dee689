"""A line of the terminal as pieces of text with their styles; prose broken into lines; ASCII instead of characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from rich.text import Text

from adcli.explain.maths import Role

Segments: TypeAlias = list[tuple[str, str]]  # text and its style

STYLES = {
    Role.PLAIN: "", Role.VALUE: "cyan", Role.PARAMETER: "bold", Role.TANGENT: "yellow",
    Role.COTANGENT: "magenta", Role.DONE: "green",
}  # fmt: skip
# Longer than the character: a pen writes them before anything is laid out.
SPELLED = str.maketrans(
    {
        "±": "+-", "≤": "<=", "≥": ">=", "Σ": "sum", "σ": "sigma", "φ": "phi", "Φ": "Phi", "²": "^2", "½": "0.5",
        "…": "...", "∞": "inf",
    }
)  # fmt: skip
ASCII = SPELLED | str.maketrans(
    {
        "─": "-", "━": "=", "┄": ".", "│": "|", "┊": ":", "▶": ">", "▷": ">", "◀": "<", "▸": ">", "◂": "<", "▾": "v",
        "⎡": "[", "⎢": "|", "⎣": "[", "⎤": "]", "⎥": "|", "⎦": "]", "✓": "*", "·": ".", "⋯": "~", "⋮": ":", "⋱": "\\",
        "╭": ".", "╮": ".", "└": "+", "┘": "+", "┤": "+", "█": "#", **dict.fromkeys("▏▎▍▌▋▊▉", "#"), "░": ".",
        "×": "x", "÷": "/", "−": "-", "∂": "d", "ℓ": "l", "←": "<", "→": ">", "≈": "~",
        "‹": "(", "›": ")", "′": "'", "∘": "*", "⊗": "x",
        "↻": "@", "⚠": "!", "–": "-", "●": "o", "▲": "^", "◆": "*", "ᵀ": "'",
        **{digit: str(number) for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")}, "Ŵ": "W",
        "⁻": "^-", **{digit: str(number) for number, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹") if digit != "²"},
    }
)  # fmt: skip
PRODUCT = re.compile(r"(?<=\S)·(?=\S)")


def length(segments: Segments) -> int:
    total = 0
    for text, _ in segments:
        total += len(text)
    return total


def without_spaces_at_the_end(line: Segments) -> Segments:
    """``line`` up to its last character that can be seen."""
    kept = list(line)
    while kept and not kept[-1][0].strip():
        kept.pop()
    return kept


def wrapped(segments: Segments, width: int) -> list[Segments]:
    """Prose broken at spaces into lines of at most ``width``."""
    words: list[Segments] = []
    glue = False
    for text, style in segments:
        for place, piece in enumerate(text.split(" ")):
            if place or not glue:
                words.append([])
            if piece:
                words[-1].append((piece, style))
            glue = True
    lines: list[Segments] = [[]]
    for word in words:
        if not word:
            continue
        if length(word) > width:  # a formula without a space
            text = "".join(piece for piece, _ in word)
            lines += [[(piece, word[0][1])] for piece in _pieces(text, width)]
            continue
        if lines[-1] and length(lines[-1]) + 1 + length(word) > width:
            lines.append([])
        space = [(" ", word[0][1] if lines[-1][-1][1] == word[0][1] else "")] if lines[-1] else []
        lines[-1] += space + word
    return lines


def _pieces(text: str, width: int) -> Iterator[str]:
    """A word that is too long, broken after * or a bracket where there is one, so that names stay whole."""
    width = max(1, width)
    while len(text) > width:
        end = max(text.rfind(sign, 0, width) for sign in "*(") + 1
        end = end if end > width // 2 else width
        yield text[:end]
        text = text[end:]
    yield text


def rich_text(line: Segments, ascii_only: bool) -> Text:
    text = Text()
    for style, pieces in groupby(_starred(line) if ascii_only else line, key=itemgetter(1)):
        piece = "".join(piece for piece, _ in pieces)
        text.append(piece.translate(ASCII) if ascii_only else piece, style or None)
    return text


def _starred(line: Segments) -> Iterator[tuple[str, str]]:
    """``line`` with a star for each dot of a product: in ASCII a dot between numbers would be a decimal point."""
    starred = PRODUCT.sub("*", "".join(piece for piece, _ in line))
    at = 0
    for piece, style in line:
        yield starred[at : at + len(piece)], style
        at += len(piece)
