"""Expressions in characters: on one line for prose, and as boxes with tall brackets for formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from adcli.errors import printable
from adcli.explain.blocks import Numbers, Runs, Words
from adcli.explain.maths import (
    Bracketed,
    Dots,
    Expression,
    Fraction,
    Kronecker,
    Label,
    Listed,
    Mark,
    Matrix,
    Name,
    Number,
    Partial,
    Power,
    Product,
    Raw,
    Relation,
    Role,
    Sum,
    Symbols,
    Transposed,
)
from adcli.notation.names import SUBSCRIPTS
from adcli.render.shown import Cell, entries, is_approximate, one_number, shown

Segments: TypeAlias = list[tuple[str, str]]  # text and its style

STYLES = {
    Role.PLAIN: "", Role.VALUE: "cyan", Role.PARAMETER: "bold", Role.TANGENT: "yellow",
    Role.COTANGENT: "magenta", Role.DONE: "green",
}  # fmt: skip
HATS = dict(zip("WHACEGIJOSUYZacegijosuwyzh", "ŴĤÂĈÊĜÎĴÔŜÛŶẐâĉêĝîĵôŝûŵŷẑĥ", strict=True))
ASCII = str.maketrans(
    {
        "─": "-", "━": "=", "┄": ".", "│": "|", "┊": ":", "▶": ">", "▷": ">", "◀": "<", "▸": ">", "◂": "<", "▾": "v",
        "⎡": "[", "⎢": "|", "⎣": "[", "⎤": "]", "⎥": "|", "⎦": "]", "✓": "*", "·": ".", "⋯": "~", "⋮": ":", "⋱": "\\",
        "╭": ".", "╮": ".", "└": "+", "┘": "+", "┤": "+", "█": "#", **dict.fromkeys("▏▎▍▌▋▊▉", "#"), "░": ".",
        "×": "x", "÷": "/", "−": "-", "±": "+-", "∂": "d", "ℓ": "l", "←": "<", "→": ">", "≈": "~", "≤": "<=", "≥": ">=",
        "‹": "(", "›": ")", "Σ": "S", "σ": "s", "φ": "f", "Φ": "F", "′": "'", "∘": "*", "⊗": "x", "²": "2", "½": "0.5",
        "↻": "@", "⚠": "!", "…": "~", "–": "-", "∞": "I", "●": "o", "▲": "^", "◆": "*", "ᵀ": "'",
        **{digit: str(number) for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")}, "Ŵ": "W",
        "⁻": "^-", **{digit: str(number) for number, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    }
)  # fmt: skip


class Box:
    """Lines, the widest of which is ``width``, and which of them is the line of writing."""

    __slots__ = ("base", "lines", "width")

    def __init__(self, lines: list[Segments], base: int) -> None:
        self.lines = lines
        self.base = base
        self.width = max((length(line) for line in lines), default=0)


def length(segments: Segments) -> int:
    total = 0
    for text, _ in segments:
        total += len(text)
    return total


def beside(boxes: Sequence[Box]) -> Box:
    """Boxes next to each other on one line of writing."""
    above = max((box.base for box in boxes), default=0)
    below = max((len(box.lines) - box.base for box in boxes), default=1)
    lines: list[Segments] = []
    for row in range(above + below):
        line: Segments = []
        for box in boxes:
            inside = row - above + box.base
            own = box.lines[inside] if 0 <= inside < len(box.lines) else []
            line += [*own, (" " * (box.width - length(own)), "")]
        lines.append(line)
    return Box(lines, above)


def padded(box: Box, width: int) -> Box:
    """``box`` with spaces at its right."""
    return beside([box, Box([[(" " * (width - box.width), "")]], 0)]) if box.width < width else box


class Pen:
    """Writes expressions. ``ascii`` avoids every character beyond ASCII; ``most`` are rows and columns of a matrix."""

    def __init__(self, numbers: Numbers, ascii_only: bool = False, rows: int = 4, columns: int = 6) -> None:
        self.shapes = True
        self.numbers = numbers
        self.ascii = ascii_only
        self.rows = rows
        self.columns = columns
        self._drawn: dict[tuple[int, int, bool], Box] = {}  # matrices of the deck, which lives longer than the pen

    # --- names and one-line writing --------------------------------------------------------------------------

    def name(self, name: Name) -> str:
        base = name.base
        sub = name.sub if self.ascii else name.sub.translate(SUBSCRIPTS)
        if name.sub and not name.sub.isdigit():
            sub = f"_{name.sub}"
        if not name.sub and len(name.entry) == 1 and name.base.isalpha():  # x₁, not x[1]; but out.1[2]
            name = name._replace(sub=str(name.entry[0]), entry=())
            sub = name.sub if self.ascii else name.sub.translate(SUBSCRIPTS)
        after = "~" if name.mark is Mark.TILDE else ""
        if name.mark is Mark.HAT:
            base, after = (base, "^") if self.ascii or base not in HATS else (HATS[base], "")
        if name.base == "ℓ" and self.ascii:
            base = "l"
        entry = f"[{','.join(map(str, name.entry))}]" if name.entry else ""
        written = f"{base}{after}{sub}" if after == "~" else f"{base}{sub}{after}"
        return printable(written + entry)

    def runs(self, runs: Runs) -> Segments:
        """Prose with expressions in it."""
        found: Segments = []
        for run in runs:
            if isinstance(run, Words):
                style = "bold" if run.strong else "dim" if run.muted else ""
                found.append((printable(run.text), style))
            else:
                found += self.inline(run)
        return found

    def inline(self, e: Expression) -> Segments:
        """``e`` on one line."""
        match e:
            case Name():
                return [(self.name(e), STYLES[e.role])]
            case Number():
                return [(one_number(e, self.numbers), STYLES[e.role])]
            case Partial():
                text = f"∂{self.name(e.of)}/∂{self.name(e.by)}"
                return [(text, STYLES[e.role])]
            case Matrix():
                return self._flat_matrix(e)
            case Listed():
                texts = entries(e.array, e.most, self.numbers)
                return [(f"{e.word}({', '.join(texts)})", STYLES[e.role])]
            case Product():
                between = "·" if e.dot or any(isinstance(f, Partial) for f in e.factors) else " "
                return self._joined([self._factor(f) for f in e.factors], between)
            case Sum():
                return self._sum(e)
            case Relation():
                return [*self.inline(e.left), (f" {self.sign(e.sign, e.right)} ", ""), *self.inline(e.right)]
            case Power():
                exponent = self.inline(e.exponent)
                return [*self.inline(e.base), ("^", ""), *exponent]
            case Fraction():
                return [*self._wrapped(e.top), (" / ", ""), *self._wrapped(e.bottom)]
            case Transposed():
                return [*self.inline(e.of), ("'" if self.ascii else "ᵀ", "")]
            case Bracketed():
                return [("(", ""), *self.inline(e.of), (")", "")]
            case Kronecker():
                identity: Segments = [(self.name(Name("I", str(e.size))), "bold")]
                left, right = (identity, self.inline(e.of)) if e.left else (self.inline(e.of), identity)
                return [*left, (" ⊗ ", ""), *right]
            case Raw():
                return self._template(e, self.inline_flat)
            case Label():
                return [(printable(e.text), STYLES[e.role])]
            case Dots():
                return [("⋯", "dim")]
            case Symbols():
                rows = ["  ".join("".join(t for t, _ in self.inline(c)) for c in row) for row in e.rows]
                return [(f"[{'; '.join(rows)}]", STYLES[e.role])]

    def inline_flat(self, e: Expression) -> str:
        return "".join(text for text, _ in self.inline(e))

    def sign(self, sign: str, after: Expression) -> str:
        """The sign before an expression; = becomes ≈ where that is shown rounded."""
        sign = "≈" if sign == "=" and is_approximate(after, self.numbers) else sign
        return {"←": "<-", "≈": "~=", "→": "->"}.get(sign, sign) if self.ascii else sign

    def _factor(self, e: Expression) -> Segments:
        if isinstance(e, Sum) or (isinstance(e, Number) and e.value < 0):
            return [("(", ""), *self.inline(e), (")", "")]
        return self.inline(e)

    def _wrapped(self, e: Expression) -> Segments:
        return [("(", ""), *self.inline(e), (")", "")] if isinstance(e, Sum | Product) else self.inline(e)

    @staticmethod
    def _joined(parts: list[Segments], between: str) -> Segments:
        found: Segments = []
        for place, part in enumerate(parts):
            found += [(between, "")] * bool(place) + part
        return found

    def _sum(self, e: Sum) -> Segments:
        found: Segments = []
        for place, term in enumerate(e.terms):
            sign = "−" if place in e.minus else "+"
            found += [(f" {sign} ", "")] if place else [("-", "")] if 0 in e.minus else []
            found += self._factor(term) if place else self.inline(term)
        return found

    def _template(self, e: Raw, written: Callable[[Expression], str]) -> Segments:
        """A primitive's formula, its arguments in their own colours."""
        found: Segments = [(e.text, STYLES[e.role])]
        for name, expression in e.arguments:
            mark = f"⟦{name}⟧"
            pieces: Segments = []
            for text, style in found:
                before, *rest = text.split(mark)
                pieces.append((before, style))
                for part in rest:
                    pieces += [*self.inline(expression), (part, style)]
            found = pieces
        return [(text, style) for text, style in found if text]

    def _flat_matrix(self, e: Matrix) -> Segments:
        seen = shown(e, self.numbers, self.rows, self.columns)
        if e.array.size == 1:
            return [(seen.cells[0][0].text, STYLES[e.role])]
        rows = "; ".join(" ".join(cell.text for cell in row) for row in seen.cells)
        return [(f"[{rows}]", STYLES[e.role])]

    # --- boxes -----------------------------------------------------------------------------------------------

    def box(self, e: Expression) -> Box:
        """``e`` with matrices in tall brackets."""
        match e:
            case Matrix() if e.array.size > 1:
                key = id(e), self.columns, self.shapes
                if key not in self._drawn:
                    self._drawn[key] = self._matrix(e)
                return self._drawn[key]
            case Symbols():
                cells = [[self.inline(entry) for entry in row] for row in e.rows]
                return bracketed(_aligned(cells), STYLES[e.role])
            case Product() if any(_is_tall(f) for f in e.factors):
                return beside([self._boxed_factor(f) for f in e.factors])
            case Sum() if any(_is_tall(t) for t in e.terms):
                boxes: list[Box] = []
                for place, term in enumerate(e.terms):
                    sign = "−" if place in e.minus else "+"
                    boxes += [_word(f" {sign} ")] if place else []
                    boxes.append(self.box(term))
                return beside(boxes)
            case Raw() if any(_is_tall(a) for _, a in e.arguments):
                return self._tall_template(e)
            case _:
                return Box([self.inline(e)], 0)

    def _boxed_factor(self, e: Expression) -> Box:
        return self.box(e) if _is_tall(e) else Box([self._factor(e)], 0)

    def _tall_template(self, e: Raw) -> Box:
        arguments = dict(e.arguments)
        boxes: list[Box] = []
        rest = e.text
        while rest:
            before, opening, after = rest.partition("⟦")
            boxes.append(_word(before))
            if not opening:
                break
            name, _, rest = after.partition("⟧")
            boxes.append(self.box(arguments[name]))
        return beside(boxes)

    def _matrix(self, e: Matrix) -> Box:
        seen = shown(e, self.numbers, self.rows, self.columns)
        columns = list(zip(*seen.cells, strict=True))
        widths_aligned = [_at_the_point([cell.text for cell in column]) for column in columns]
        rows: list[Segments] = []
        for i, row in enumerate(seen.cells):
            line: Segments = []
            for j, cell in enumerate(row):
                line += [(" ", "")] * bool(j) + [self._cell(widths_aligned[j][i], cell, e)]
            rows.append(line)
        box = bracketed(rows, STYLES[e.role] + (" bold" if e.new else ""))
        label = seen.shape
        if not label or not self.shapes:
            return box
        lines = [*box.lines, [(label.center(box.width), "dim")]]
        return Box(lines, box.base)

    @staticmethod
    def _cell(text: str, cell: Cell, e: Matrix) -> tuple[str, str]:
        if cell.forced or cell.gap:
            return text, "dim"
        style = STYLES[e.entries] + (" bold" if e.new else "")
        return text, f"{style} reverse" if cell.tinted else style


def _word(text: str, style: str = "") -> Box:
    return Box([[(text, style)]], 0)


def _is_tall(e: Expression) -> bool:
    match e:
        case Matrix():
            return e.array.size > 1
        case Product():
            return any(_is_tall(f) for f in e.factors)
        case Sum():
            return any(_is_tall(t) for t in e.terms)
        case Raw():
            return any(_is_tall(a) for _, a in e.arguments)
        case Symbols():
            return True
        case _:
            return False


def _at_the_point(texts: list[str]) -> list[str]:
    """One column: right-aligned, with the points under each other."""
    if any("/" in t or "e" in t for t in texts):
        width = max(map(len, texts))
        return [t.rjust(width) for t in texts]
    after = max((len(t) - t.index(".") for t in texts if "." in t), default=0)
    gaps = ("⋯", "⋮", "⋱")
    filled_up = [t if t in gaps else t + " " * (after - (len(t) - t.index(".") if "." in t else 0)) for t in texts]
    width = max(map(len, filled_up))
    return [t.center(width) if t in gaps else t.rjust(width) for t in filled_up]


def _aligned(cells: list[list[Segments]]) -> list[Segments]:
    widths = [max(length(row[j]) for row in cells) for j in range(len(cells[0]))]
    rows: list[Segments] = []
    for row in cells:
        line: Segments = []
        for j, cell in enumerate(row):
            line += [("  ", "")] * bool(j) + [(" " * (widths[j] - length(cell)), "")] + cell
        rows.append(line)
    return rows


def bracketed(rows: list[Segments], style: str) -> Box:
    """Rows between tall brackets."""
    if len(rows) == 1:
        return Box([[("[", style), *rows[0], ("]", style)]], 0)
    lines = []
    for i, row in enumerate(rows):
        left, right = ("⎡", "⎤") if i == 0 else ("⎣", "⎦") if i == len(rows) - 1 else ("⎢", "⎥")
        lines.append([(left, style), *row, (right, style)])
    return Box(lines, (len(rows) - 1) // 2)


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
            pieces = [text[i : i + width] for i in range(0, len(text), width)]
            lines += [[(piece, word[0][1])] for piece in pieces]
            continue
        if lines[-1] and length(lines[-1]) + 1 + length(word) > width:
            lines.append([])
        space = [(" ", word[0][1] if lines[-1][-1][1] == word[0][1] else "")] if lines[-1] else []
        lines[-1] += space + word
    return lines
