"""Expressions in characters on one line, as prose and narrow places have them."""

from __future__ import annotations

from collections.abc import Callable

from adcli.errors import printable
from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Numbers
from adcli.explain.maths import (
    Bracketed,
    Dots,
    Expression,
    Fraction,
    Kronecker,
    Label,
    Listed,
    Matrix,
    Name,
    Number,
    Partial,
    Power,
    Product,
    Raw,
    Relation,
    Sum,
    Symbols,
    Transposed,
)
from adcli.render.names_text import name_text
from adcli.render.segments import SPELLED, STYLES, Segments
from adcli.render.shown import Shown, entries, is_approximate, most_shown, one_number, shown

ROWS = 4
COLUMNS = 6


class LinePen:
    """Writes expressions on one line, of a matrix at most so many ``rows`` and ``columns``.

    ``ascii`` avoids every character beyond ASCII.
    """

    def __init__(self, numbers: Numbers, ascii_only: bool = False) -> None:
        self.numbers = numbers
        self.ascii = ascii_only
        self.rows = ROWS
        self.columns = COLUMNS
        self.narrowed: int | None = None  # columns of a matrix for which there is no room otherwise
        self.longest: int | None = None  # characters of a name, likewise

    def seen(self, matrix: Matrix) -> Shown:
        """What of a matrix is shown."""
        rows, columns = most_shown(matrix, self.numbers, self.rows, self.columns)
        return shown(matrix, self.numbers, rows, min(columns, self.narrowed or columns))

    def name(self, name: Name) -> str:
        return self.short(name_text(name, self.ascii))

    def short(self, name: str) -> str:
        """A name that is too long for its place without its middle."""
        dots = self.words("…")
        if self.longest is None or len(name) <= max(self.longest, len(dots) + 2):
            return name
        kept = max(self.longest - len(dots), 2)
        return f"{name[: (kept + 1) // 2]}{dots}{name[-(kept // 2) :]}"

    def words(self, text: str) -> str:
        """``text`` with what takes more room in ASCII spelled out."""
        return text.translate(SPELLED) if self.ascii else text

    def runs(self, runs: Runs) -> Segments:
        """Prose with expressions in it."""
        found: Segments = []
        for run in runs:
            if isinstance(run, Words):
                style = "bold" if run.strong else "dim" if run.muted else ""
                found.append((self.words(printable(run.text)), style))
            else:
                found += self.inline(run)
        return found

    def muted(self, runs: Runs) -> Segments:
        """Prose that says less than the rest."""
        return [(text, style or "dim") for text, style in self.runs(runs)]

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
                return [(self.words(printable(e.text)), STYLES[e.role])]
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
        found: Segments = [(self.words(e.text), STYLES[e.role])]
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
        seen = self.seen(e)
        if e.array.size == 1:
            return [(seen.cells[0][0].text, STYLES[e.role])]
        rows = "; ".join(" ".join(cell.text for cell in row) for row in seen.cells)
        return [(f"[{rows}]", STYLES[e.role])]
