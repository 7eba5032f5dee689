"""Draws docs/grad.svg, a terminal with the real output of a command; it fetches nothing when shown."""

from __future__ import annotations

import io
import re
from pathlib import Path

from console import run
from rich.console import Console
from rich.text import Text

COMMAND = "adcli grad specs/forward-mode.yaml --mode reverse"

if __name__ == "__main__":
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(Text(f"$ {COMMAND}", style="bold"))
    console.print(Text(run(COMMAND)), end="")
    svg = console.export_svg(title="adcli", unique_id="adcli")
    svg = svg.replace("<svg ", "<svg xml:space='preserve' ", 1)  # leading blanks count
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg).replace("Fira Code", "DejaVu Sans Mono")
    Path(__file__).with_name("grad.svg").write_text(svg, encoding="utf-8")
