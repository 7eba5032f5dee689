"""Where a long formula in a sentence may break on a narrow page: before each sign of a sum, and between factors."""

from __future__ import annotations

import re

_TOKEN = re.compile("<[^>]+>|[^<]+")
_SIGNS = ("+", "&#x0002B;", "−", "-", "&#x02212;", "·", "&#x000B7;", "⋅", "&#x022C5;")
_OPEN, _CLOSE = ("(", "&#x00028;"), (")", "&#x00029;")
_TEXT = re.compile(r"(?<!\*)(?=\*(?!\*))|(?= [+-] )")


def broken(body: str, text: str) -> list[tuple[str, str]]:
    """A formula in MathML and as text in pieces; whole, where the pieces of the two don't agree."""
    bodies, texts = _broken(body), _TEXT.split(text)
    return list(zip(bodies, texts, strict=True)) if len(bodies) == len(texts) else [(body, text)]


def _broken(body: str) -> list[str]:
    """Rows that a break falls into are closed before it and opened again after it."""
    tokens = _TOKEN.findall(body)
    found, piece = [], ""
    opened: list[str] = []
    is_empty, is_after_factor = True, False
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        is_row, is_operator = token.startswith(("<mrow", "</mrow")), token.startswith("<mo")
        if not is_row and token[0] == "<" and token[1] != "/" and all(tag.startswith("<mrow") for tag in opened):
            is_sign = is_operator and following in _SIGNS
            is_factor = not is_operator or following in _OPEN
            if not is_empty and (is_sign or (is_factor and is_after_factor)):
                found.append(piece + "</mrow>" * len(opened))
                piece, is_empty = "".join(opened), True
                if is_sign:  # which would be the sign of a number at the beginning
                    token = token.replace("<mo", '<mo form="infix"', 1)
            is_empty = is_empty and token.startswith("<mspace")
            is_after_factor = not is_operator or following in _CLOSE
        piece += token
        if token.startswith("</"):
            opened.pop()
        elif token.startswith("<") and not token.endswith("/>"):
            opened.append(token)
    return [*found, piece]
