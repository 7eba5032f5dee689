"""Renews what a web page of adcli carries with it: reveal.js from the npm registry, and subsets of Latin Modern.

Run by hand: ``python docs/vendor.py``. It needs npm, Debian's fonts-lmodern, fonttools and brotli.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ASSETS = Path(__file__).resolve().parent.parent / "adcli" / "render" / "html" / "assets"
REVEAL = "6.0.2"
TEXMF = Path("/usr/share/texmf")

LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180)]
DASHES = [0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2212]
SYMBOLS = "∂∇ℓℎℝ𝟙←↑→↓↔↦⇐⇒⇔∀∃∅∈∉∏∑−∓∗∘√∝∞∥∧∨∩∪∫∼≈≠≡≤≥≪≫⊂⊆⊕⊖⊗⊙⊤⊥⋅⋮⋯⋰⋱⌈⌉⌊⌋⟨⟩‖′″…•†ˆ˜¯▶◀▲▼●■□○✓↻̸̂̃̄̇"
MATH = [
    *range(0x20, 0x7F),
    *map(ord, "¬±·×÷°"),
    *range(0x391, 0x3CA),
    *map(ord, "ϑϕϖϱϵ"),
    *range(0x1D400, 0x1D468),  # bold, italic
    *range(0x1D6A8, 0x1D716),  # Greek, bold and italic
    *range(0x1D7CE, 0x1D7D8),  # bold digits
    *map(ord, SYMBOLS),
]
FONTS = {
    "math": ("lm-math/latinmodern-math.otf", MATH),
    "sans": ("lm/lmsans10-regular.otf", LATIN + DASHES),
    "sans-bold": ("lm/lmsans10-bold.otf", LATIN + DASHES),
    "mono": ("lm/lmmono10-regular.otf", [*LATIN[:95], 0x2026]),
}


def renew_reveal() -> None:
    """Its script and its style sheet, as they are, with the licence."""
    with tempfile.TemporaryDirectory() as folder:
        package = f"reveal.js@{REVEAL}"
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            for member, name in [
                ("dist/reveal.js", "reveal.js"),
                ("dist/reveal.css", "reveal.css"),
                ("LICENSE", "reveal.LICENSE"),
            ]:
                content = packed.extractfile(f"package/{member}")
                assert content is not None, member
                (ASSETS / name).write_bytes(content.read())


def renew_fonts() -> None:
    """Subsets without names: the licence asks that a changed font no longer bears its own."""
    for name, (source, characters) in FONTS.items():
        options = subset.Options(
            flavor="woff2", layout_features=[], name_IDs=[], notdef_outline=True, recalc_timestamp=False, hinting=False
        )
        options.drop_tables += ["FFTM"]
        font = TTFont(TEXMF / "fonts/opentype/public" / source, recalcTimestamp=False)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=characters)
        subsetter.subset(font)
        buffer = io.BytesIO()
        subset.save_font(font, buffer, options)
        (ASSETS / f"{name}.woff2").write_bytes(buffer.getvalue())
    licence = TEXMF / "doc/fonts/lm-math/GUST-FONT-LICENSE.txt"
    (ASSETS / "fonts.LICENSE").write_bytes(licence.read_bytes())


if __name__ == "__main__":
    ASSETS.mkdir(parents=True, exist_ok=True)
    renew_reveal()
    renew_fonts()
