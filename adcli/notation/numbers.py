"""A number as text and in LaTeX."""

from __future__ import annotations

import math
from fractions import Fraction

LARGEST_DENOMINATOR = 99
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROUNDING = 2.0**-50  # what a few float64 operations may have lost


def number_text(number: float, digits: int = 6, fractions: bool = False) -> str:
    """``number`` in ``digits`` significant digits: whole ones without a point, no rounded one that looks whole.

    With ``fractions``, as a fraction where one with denominator ≤ 99 equals it.
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    if fractions:
        fraction = Fraction(number).limit_denominator(LARGEST_DENOMINATOR)
        if abs(fraction.numerator / fraction.denominator - number) <= _ROUNDING * abs(number):
            return f"{fraction.numerator}/{fraction.denominator}"
    text = f"{number:.{digits}g}"
    return text if "." in text or "e" in text else f"{number:#.{digits}g}"


def with_power(text: str) -> str:
    """``6.1e-06`` as ``6.1·10⁻⁶``, and ``1e-06`` as ``10⁻⁶``, for a label."""
    mantissa, e, exponent = text.partition("e")
    power = f"10{str(int(exponent)).translate(RAISED)}" if e else ""
    return power if mantissa == "1" and e else f"{mantissa}·{power}" if e else text


def latex_number(number: float, digits: int = 6, fractions: bool = False) -> str:
    r"""``number`` for math mode: ``3.2 \cdot 10^{-5}``, ``\frac{1}{3}``, ``\infty``, ``\text{NaN}``."""
    text = number_text(number, digits, fractions)
    if text == "NaN":
        return r"\text{NaN}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        power = f"10^{{{int(exponent)}}}"
        return {"1": power, "-1": f"-{power}"}.get(mantissa.rstrip("0").rstrip("."), rf"{mantissa} \cdot {power}")
    if "/" in text:
        sign, (above, below) = "-" * text.startswith("-"), text.lstrip("-").split("/")
        return rf"{sign}\frac{{{above}}}{{{below}}}"
    return text.replace("∞", r"\infty")
