"""Matrices and untrusted text as LaTeX: for pdflatex with amsmath, in plain ASCII."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np

from adcli.arrays import Array
from adcli.errors import printable
from adcli.notation.numbers import latex_number, number_text
from adcli.render.numerals import MOST_ROWS, kept

WIDTH = 74  # how many digits wide a matrix may be beside its label on a line of 160 mm
MOST_COLUMNS = WIDTH // 3
_GAP = 2  # the space between two columns, in digits

_SPECIAL = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    **{character: "\\" + character for character in "{}&#%_"},
    "$": r"\char36{}",  # `\$` needs a font that few have as outlines
    "-": "{-}", "`": "{`}", "'": "{'}", '"': "{''}",  # no ligatures
}  # fmt: skip
_SYMBOLS = {
    "×": r"\times", "÷": r"\div", "·": r"\cdot", "−": "-", "±": r"\pm", "√": r"\surd", "∞": r"\infty",
    "∂": r"\partial", "∇": r"\nabla", "Σ": r"\Sigma", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "ℓ": r"\ell",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "∈": r"\in", "→": r"\to", "←": r"\leftarrow",
    "⇒": r"\Rightarrow", "⊗": r"\otimes", "⊙": r"\odot", "⟨": r"\langle", "⟩": r"\rangle", "°": r"^\circ",
    "½": r"\tfrac12", "¼": r"\tfrac14", "¾": r"\tfrac34", "′": "'", "ᵀ": "^T",
    "⁻": "^-", "⋯": r"\cdots", "▸": r"\triangleright", "◂": r"\triangleleft", "│": r"\mid",
    **{digit: f"^{number}" for number, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{digit: f"_{number}" for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "η": r"\eta",
    "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi",
    "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "υ": r"\upsilon", "φ": r"\varphi", "χ": r"\chi",
    "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi",
    "Π": r"\Pi", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
}  # fmt: skip
_PLAIN = {"–": "--", "—": "---", "…": r"\dots{}", "“": "``", "”": "''", "‘": "`", "’": "'", "\u00a0": "~",
          "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}",
          "œ": r"\oe{}", "ı": r"\i{}"}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c",
}  # fmt: skip
_MISSING = "{?}"


def latex_matrix(array: Array, digits: int = 6, fractions: bool = False, width: int = WIDTH) -> str:
    r"""``array`` as a ``bmatrix``, a vector as a column; a number stands alone.

    Rows and columns in the middle that don't fit in ``width`` digits give way to dots. Of an array of more axes,
    each row is one of its last axis. At most ``MOST_COLUMNS`` columns and their dots are shown: ``MaxMatrixCols``
    must allow for them.
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return latex_number(float(array), digits, fractions)
    table = array.reshape(-1, 1 if array.ndim == 1 else array.shape[-1])
    rows = kept(len(table), MOST_ROWS)
    shown = min(table.shape[1], MOST_COLUMNS)
    while True:
        columns = kept(table.shape[1], shown)
        if shown == 1 or _width(table, rows, columns, digits, fractions) <= width:
            break
        shown -= 1
    lines = [" & ".join(_cell(table, row, column, digits, fractions) for column in columns) for row in rows]
    divider = " \\\\[2pt]\n" if any("\\frac" in line for line in lines) else " \\\\\n"
    return "\\begin{bmatrix}\n" + divider.join(f"  {line}" for line in lines) + "\n\\end{bmatrix}"


def _cell(table: Array, row: int | None, column: int | None, digits: int, fractions: bool) -> str:
    if row is None:
        return r"\vdots" if column is not None else r"\ddots"
    return r"\cdots" if column is None else latex_number(float(table[row, column]), digits, fractions)


def _width(
    table: Array, rows: Iterable[int | None], columns: Iterable[int | None], digits: int, fractions: bool
) -> int:
    """About how wide the columns are, in digits."""
    here = [row for row in rows if row is not None]
    return sum(
        _GAP + (2 if column is None else max(_printed(float(table[row, column]), digits, fractions) for row in here))
        for column in columns
    )


def _printed(number: float, digits: int, fractions: bool) -> int:
    text = number_text(number, digits, fractions)
    if "/" in text:
        return max(map(len, text.split("/")))
    return len(text) + (2 if "e" in text else 0)


def latex_text(untrusted: str) -> str:
    """``untrusted`` as text that LaTeX prints and never obeys. What pdflatex has no letter for becomes ``?``."""
    return "".join(map(_letter, unicodedata.normalize("NFC", printable(untrusted))))


def latex_symbol(character: str) -> str:
    """``character``, which is not ASCII, for math mode; an index or a power stands on a base of its own."""
    symbol = _SYMBOLS.get(character)
    if symbol is None:
        return rf"\text{{{latex_text(character)}}}"
    return f"{{}}{symbol}" if symbol[0] in "^_'" else f"{{{symbol}}}"


def _letter(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _SYMBOLS:
        return f"${_SYMBOLS[character]}$"
    if character in _PLAIN:
        return _PLAIN[character]
    if " " <= character <= "~":
        return character
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[1] in _ACCENTS and parts[0].isascii() and parts[0].isalpha():
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return _MISSING
