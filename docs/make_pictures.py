"""Draws the pictures of the README that need nothing but adcli: docs/grad.svg, docs/explain.svg and docs/graph.svg.

The first two are a terminal in its colours; none of them fetches anything when it is shown.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from adcli.cli.options import load_trace
from adcli.engines.run import differentiate
from adcli.engines.structure import default_wrt
from adcli.explain.story import Request, told
from adcli.graph.model import build_graph
from adcli.render import graph_svg, slides_text
from adcli.render.grad_text import show
from adcli.render.style import Style

HERE = Path(__file__).resolve().parent
SPECS = HERE.parent / "specs"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
LINE_CLIP = re.compile(r' clip-path="url\(#[^"]*-line-\d+\)"')
SLIDE = 6  # of the lecture's forward mode: two tangents are pushed, one begins


def terminal(width: int) -> Console:
    return Console(file=io.StringIO(), record=True, width=width, force_terminal=True, color_system="truecolor")


def drawn(console: Console, command: str) -> str:
    """What was printed to ``console``, as SVG with ``command`` as its title."""
    svg = console.export_svg(title=command, unique_id="adcli")
    svg = LINE_CLIP.sub("", FONT_FACE.sub("", svg)).replace("Fira Code", "DejaVu Sans Mono")
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)  # leading blanks count


def grad() -> str:
    trace = load_trace(str(SPECS / "forward-mode.yaml"))
    result, _ = differentiate(trace, "reverse", default_wrt(trace))
    console = terminal(72)
    show(console, trace, result, "reverse", Style(), None)
    return drawn(console, "adcli grad specs/forward-mode.yaml --mode reverse")


def explain() -> str:
    trace = load_trace(str(SPECS / "forward-mode.yaml"))
    deck, _ = told(trace, Request("forward", default_wrt(trace)))
    console = terminal(80)
    slides_text.show(console, deck, SLIDE)
    return drawn(console, f"adcli explain specs/forward-mode.yaml --mode forward --slide {SLIDE}")


def graph() -> str:
    found, _ = build_graph(load_trace(str(SPECS / "skip.yaml")), "reverse")
    return graph_svg.svg(found, Style())


if __name__ == "__main__":
    for name, draw in (("grad", grad), ("explain", explain), ("graph", graph)):
        (HERE / f"{name}.svg").write_text(draw(), encoding="utf-8")
