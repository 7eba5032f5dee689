"""The evaluation trace for a phone: names and marks only, so that it stays legible."""

from __future__ import annotations

from adcli.explain.deck import Numbers
from adcli.explain.drawings import Box, Direction, Network, Pill
from adcli.render.html.cells import CLASSES
from adcli.render.html.svg import Piece, at, pieces, rect, state, text, text_width, tspans


def small_svg(net: Network) -> str:
    """Names and marks only: a strip that stays legible on a phone. The full one has the words for a reader."""
    step, y = 62.0, 22.0
    pills = [(i, item) for i, item in enumerate(net.wire) if not isinstance(item, Box)]
    x_of = {i: 24 + step * place for place, (i, _) in enumerate(pills)}
    for i, item in enumerate(net.wire):
        if isinstance(item, Box):
            x_of[i] = (x_of.get(i - 1, 0.0) + x_of.get(i + 1, 24 + step * len(pills))) / 2
    parts = []
    for i, item in enumerate(net.wire):
        if isinstance(item, Box) and i - 1 in x_of and i + 1 in x_of:
            start, end, x = x_of[i - 1] + 20, x_of[i + 1] - 20, x_of[i]
            tip = -8 if net.direction is Direction.BACK else 8
            line = f'<path d="M{at(start)} {at(y)}H{at(end)}"/>' if item.joined else ""
            head = f'<path class="head" d="M{at(x - tip / 2)} {at(y - 5)}l{tip} 5l{-tip} 5z"/>'
            parts.append(f'<g class="wire"{state(item.progress)}>{line}{head}</g>')
    for i, item in pills:
        if isinstance(item, Pill):
            named = pieces(item.name, Numbers())
            squeeze = ' textLength="34" lengthAdjust="spacingAndGlyphs"' if text_width(named, 19) > 34 else ""
            role = CLASSES[item.name.role] or "v"
            words = f'<text x="{at(x_of[i])}" y="{at(y + 6)}"{squeeze}>{tspans(named)}</text>'
            circle = f'<circle cx="{at(x_of[i])}" cy="{at(y)}" r="19"/>'
            parts.append(f'<g class="pill {role}"{state(item.progress)}>{circle}{words}</g>')
        else:
            parts.append(text(x_of[i], y + 6, [Piece("⋯")], "sz"))
    taken: dict[int, int] = {}
    for box in net.parameters:
        for use in box.uses:
            x, place = x_of[use], taken.get(use, 0)
            taken[use] = place + 1
            parts.append(
                f'<g class="par p"{state(box.progress)}>{rect(x, y + 22 + 20 * place, 18, 16, 0)}'
                f'<text class="tick" x="{at(x)}" y="{at(y + 36 + 20 * place)}">✓</text></g>'
            )
    width = 48 + step * (len(pills) - 1)
    height = 44 + 20 * max(taken.values(), default=0)
    return (
        f'<svg class="net small r-{CLASSES[net.role]}" viewBox="0 0 {at(width)} {at(height)}" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )
