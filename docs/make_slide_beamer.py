"""Draws docs/slide-beamer.png: a slide of the lecture's example by pdflatex (needs it, and pdftoppm)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPEC = HERE.parent / "specs" / "reverse-mode.yaml"
SLIDE = 7
WIDTH = "1280"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        deck = Path(folder) / "deck.tex"
        subprocess.run([sys.executable, "-m", "adcli", "explain", str(SPEC), "--handout", "-o", str(deck)], check=True)
        latex = ["pdflatex", "-interaction=batchmode", "-halt-on-error", deck.name]
        for _ in range(2):  # the second run knows the number of pages
            subprocess.run(latex, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        page = ["-f", str(SLIDE), "-l", str(SLIDE), "-singlefile", "-scale-to-x", WIDTH, "-scale-to-y", "-1"]
        subprocess.run(["pdftoppm", "-png", *page, "deck.pdf", str(HERE / "slide-beamer")], cwd=folder, check=True)
