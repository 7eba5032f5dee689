"""Runs of words and formulas as HTML."""

from __future__ import annotations

import re

from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Numbers
from adcli.explain.maths import Expression, Partial, Raw, Role
from adcli.render.html.breaks import broken
from adcli.render.html.cells import role_class
from adcli.render.html.mathml import FULL, THIN, mathml, shown_sign
from adcli.render.html.pieces import pieces
from adcli.render.html.svg import spoken
from adcli.render.html.words import safe

_LOWERED = re.compile("[₀-₉]+")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _lowered(text: str) -> str:
    """Lowered digits as markup: Latin Modern has no signs of their own for them."""
    return _LOWERED.sub(lambda found: f"<sub>{found[0].translate(_DIGITS)}</sub>", text)


class Prose:
    """Writes words and formulas; ``most`` says how many rows and columns of a matrix are written out."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.most = FULL

    def math(self, e: Expression, sign: str = "", display: bool = True) -> str:
        return self.signed(e, safe(shown_sign(sign, e, self.numbers)), display)

    def pieces(self, e: Expression, sign: str, end: str) -> str:
        """``sign e`` with what closes it, which may break between matrices where it is wider than the page."""
        first, *rest = pieces(e)
        written = [self.signed(first.expression, safe(shown_sign(sign, e, self.numbers)))]
        written += [self.signed(piece.expression, safe(piece.sign), thin=piece.thin) for piece in rest]
        last = f'<span class="end">{written[-1]}{end}</span>' if end else written[-1]
        return "".join([*written[:-1], last])

    def signed(self, e: Expression, sign: str, display: bool = True, thin: bool = False) -> str:
        style = ' displaystyle="true"' if display else ""
        alt = f"{sign} {safe(spoken(e, self.numbers))}".strip()
        air = ".22em" if sign in ("+", "−", "⋅") else ".3em"
        before = f'<mo lspace="{air}" rspace="{air}">{sign}</mo>' if sign else THIN if thin else ""
        body = before + mathml(e, self.numbers, self.most)
        return f'<math{style} alttext="{alt}">{body}</math>'

    def runs(self, runs: Runs) -> str:
        return "".join(self.run(run) for run in runs)

    def run(self, run: Words | Expression) -> str:
        if not isinstance(run, Words):
            return self.breaking(run) if isinstance(run, Raw) else self.inline(run)
        text = _lowered(safe(run.text))
        for wanted, tag in ((run.strong, "b"), (run.muted, "i")):
            text = f"<{tag}>{text}</{tag}>" if wanted else text
        return text

    def breaking(self, formula: Raw) -> str:
        """A formula in a sentence, which may break on a page that is narrower than it."""
        pieces = broken(mathml(formula, self.numbers), spoken(formula, self.numbers))
        if len(pieces) == 1:
            return self.inline(formula)
        written = "".join(f'<math alttext="{safe(text.strip())}">{body}</math>' for body, text in pieces)
        return f'<span class="long">{written}</span>'

    def inline(self, e: Expression) -> str:
        """An expression within a sentence: a partial derivative lies on one line there."""
        if isinstance(e, Partial):
            of, by = (n if e.role is Role.PLAIN else n._replace(role=e.role) for n in (e.of, e.by))
            halves = '<mo lspace="0" rspace="0">/</mo>'.join(f"<mi>∂</mi>{mathml(n, self.numbers)}" for n in (of, by))
            alt = safe(spoken(e, self.numbers))
            return f'<math alttext="{alt}"><mrow{role_class(e.role)}>{halves}</mrow></math>'
        return self.math(e, display=False)
