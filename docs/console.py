"""The console blocks of the documents: run again and compared, or with --write put in.

A block begins with ``$ adcli …`` and goes on with exactly what that prints, 80 columns wide.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURED = re.compile(r"\d[\d,.]* ms$", re.MULTILINE)  # a time at the end of a line is never the same twice
BLOCK = re.compile(r"^```console\n\$ (adcli [^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command: str) -> str:
    """What ``command`` prints, errors included; measured times as an ellipsis."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return MEASURED.sub("… ms", done.stdout)


def renewed(text: str) -> str:
    """``text`` with every console block as the program prints it now."""
    return BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{run(found[1])}```", text)


if __name__ == "__main__":
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        old = path.read_text(encoding="utf-8")
        new = renewed(old)
        if new != old:
            print(f"differs: {path.name}")
            if "--write" not in sys.argv:
                sys.exit(1)
            path.write_text(new, encoding="utf-8")
