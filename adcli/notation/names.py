"""A name of the trace in LaTeX, and the digits that stand below a letter in plain text."""

from __future__ import annotations

import re

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_NAME = re.compile(r"([A-Za-z]+)(?:_(?=.))?(.*)\Z")  # letters, and what stands below them: `W_g`, `W1`, `x_`


def latex_name(name: str, accent: str = "") -> str:
    r"""A name of the trace for math mode: ``W_1``, ``W_{g}``, ``\mathrm{logits}``; the loss is ``\ell``.

    ``accent`` is a command such as ``\dot`` for its letter.
    """
    if name == "loss":
        return _accented(r"\ell", accent)
    match = _NAME.match(name)
    assert match is not None, "a name begins with a letter"
    letters, index = match.groups()
    base = _accented(letters if len(letters) == 1 else rf"\mathrm{{{letters}}}", accent)
    if not index:
        return base
    escaped = index.replace("_", r"\_")
    if len(index) == 1 and index.isdigit():
        return f"{base}_{index}"
    word = len(index) > 1 and any(map(str.isalpha, index))
    return rf"{base}_{{\mathrm{{{escaped}}}}}" if word else f"{base}_{{{escaped}}}"


def _accented(letter: str, accent: str) -> str:
    return f"{accent}{{{letter}}}" if accent else letter
