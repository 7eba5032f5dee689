"""A whole process of ``adcli grad`` beside one that only imports what it can't do without."""

from __future__ import annotations

import statistics
import sys

from common import SPECS, Line, alternate, process_seconds, ratio, script, show

ROUNDS = 41
NEEDED = {"json": "numpy, click, yaml", "text": "numpy, click, yaml, rich.console, rich.table"}


def lines() -> list[Line]:
    found = []
    for format_, modules in NEEDED.items():
        ours = [script(), "grad", str(SPECS / "forward-mode.yaml"), "--format", format_]
        theirs = [sys.executable, "-c", f"import {modules}"]
        process_seconds(ours), process_seconds(theirs)  # compiles and reads from disk what isn't yet
        a, b = alternate([lambda c=ours: process_seconds(c), lambda c=theirs: process_seconds(c)], ROUNDS)  # type: ignore[misc]
        detail = f"{statistics.median(a) * 1e3:.0f} ms, `import {modules}` {statistics.median(b) * 1e3:.0f} ms"
        found.append(Line(f"`adcli grad`, {format_}, whole process", 1.3, ratio(a, b), detail))
    return found


if __name__ == "__main__":
    show(lines())
