"""Draws docs/grad.svg, a terminal with the output of a command in its colours; it fetches nothing when shown."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from adcli.cli.options import load_trace
from adcli.engines.run import differentiate
from adcli.engines.structure import default_wrt
from adcli.render.grad_text import Style, show

HERE = Path(__file__).resolve().parent
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
LINE_CLIP = re.compile(r' clip-path="url\(#[^"]*-line-\d+\)"')


def picture(spec: Path, mode: str) -> str:
    """What ``adcli grad SPEC --mode MODE`` shows in a terminal 72 columns wide, as SVG."""
    trace = load_trace(str(spec), ())
    result, _ = differentiate(trace, mode, default_wrt(trace))
    console = Console(file=io.StringIO(), record=True, width=72, force_terminal=True, color_system="truecolor")
    show(console, trace, result, mode, Style(), None)
    svg = console.export_svg(title=f"adcli grad specs/{spec.name} --mode {mode}", unique_id="adcli")
    svg = LINE_CLIP.sub("", FONT_FACE.sub("", svg)).replace("Fira Code", "DejaVu Sans Mono")
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)  # leading blanks count


if __name__ == "__main__":
    drawn = picture(HERE.parent / "specs" / "forward-mode.yaml", "reverse")
    (HERE / "grad.svg").write_text(drawn, encoding="utf-8")
