"""Numbers as MathML, alone and in the cells of a matrix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adcli.explain.maths import Matrix, Role
from adcli.render.shown import Cell

CLASSES = {
    Role.PLAIN: "",
    Role.VALUE: "v",
    Role.PARAMETER: "p",
    Role.TANGENT: "t",
    Role.COTANGENT: "c",
    Role.DONE: "d",
}


def role_class(role: Role, *more: str) -> str:
    """`` class="v new"``, or nothing."""
    classes = " ".join(c for c in (CLASSES[role], *more) if c)
    return f' class="{classes}"' if classes else ""


def number(text: str, role: Role = Role.PLAIN, flat: bool = False) -> str:
    """A number's text (``-1/21``, ``3.2e-05``, ``NaN``, ``∞``) in MathML; a ``flat`` fraction lies on the line."""
    colour = role_class(role)
    minus, digits = ("<mo>−</mo>", text[1:]) if text.startswith("-") else ("", text)
    if "/" in digits:
        top, _, bottom = digits.partition("/")
        slash = '<mo lspace="0" rspace="0">/</mo>'
        top, bottom = f"<mn>{top}</mn>", f"<mn>{bottom}</mn>"
        body = f"{top}{slash}{bottom}" if flat else f"<mfrac>{top}{bottom}</mfrac>"
    elif "e" in digits:
        mantissa, _, exponent = digits.partition("e")
        power = f"<msup><mn>10</mn>{number(str(int(exponent)))}</msup>"
        body = f"<mn>{mantissa}</mn><mo>⋅</mo>{power}"
    elif digits in ("NaN", "∞"):
        return f"<mrow{role_class(role, 'odd')}>{minus}<mtext>{digits}</mtext></mrow>"
    elif not minus:
        return f"<mn{colour}>{digits}</mn>"
    else:
        body = f"<mn>{digits}</mn>"
    return f"<mrow{colour}>{minus}{body}</mrow>"


class Extent(NamedTuple):
    """How far numbers reach from their point: a minus, digits before, digits after (the point included)."""

    minus: int
    before: int
    after: int

    @classmethod
    def of(cls, column: Iterable[Cell]) -> Extent:
        """The least that holds every number of a column; powers of ten and fractions have no point to align at."""
        own = [cls.one(cell.text) for cell in column if _has_point(cell)]
        return cls(*map(max, zip(*own, strict=True))) if own else cls(0, 0, 0)

    @classmethod
    def one(cls, text: str) -> Extent:
        digits = text.removeprefix("-")
        before = len(digits.partition(".")[0])
        return cls(len(text) - len(digits), before, len(digits) - before)


def _has_point(cell: Cell) -> bool:
    return not cell.gap and cell.text.removeprefix("-").replace(".", "").isdigit()


def entry(cell: Cell, matrix: Matrix, column: Extent) -> str:
    """A number with blanks of its own width around it, so that the points of a column stand under each other."""
    if cell.gap:
        return f"<mtd><mo>{cell.text}</mo></mtd>"
    role = matrix.entries if matrix.entries is not matrix.role else Role.PLAIN
    ink = "k" if matrix.entries is Role.PLAIN is not matrix.role else ""
    classes = role_class(role, ink, "z" if cell.forced else "", "hl" if cell.tinted else "")
    left = right = ""
    if _has_point(cell):
        own = Extent.one(cell.text)
        sign = "<mo>−</mo>" if column.minus > own.minus else ""
        left = _blank(sign, "0" * (column.before - own.before))
        right = _blank("", ("" if own.after or not column.after else ".") + "0" * (column.after - max(own.after, 1)))
    return f"<mtd{classes}>{left}{number(cell.text, flat=True)}{right}</mtd>"


def _blank(sign: str, digits: str) -> str:
    inner = sign + (f"<mn>{digits}</mn>" if digits else "")
    return f"<mphantom>{inner}</mphantom>" if inner else ""
