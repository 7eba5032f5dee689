"""What the benchmarks share: alternating runs, fresh processes with BLAS left to its own choice, and one table."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import Trace, build_trace

SPECS = Path(__file__).parent.parent / "specs"
# The first two choose another BLAS kernel than the machine's own; the last has every module compiled again each time.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
HEAD = "| what | at most | measured | met | times |\n|---|---|---|---|---|\n"


class Line(NamedTuple):
    """A line of the table: the ratio (or seconds) that may at most be, and what was measured."""

    what: str
    limit: float
    measured: float
    detail: str
    unit: str = "×"

    def __str__(self) -> str:
        met = "yes" if self.measured <= self.limit else f"no, {self.measured / self.limit - 1:.0%} over"
        return f"| {self.what} | {self.limit:g} {self.unit} | {self.measured:.2f} {self.unit} | {met} | {self.detail} |"


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in UNSET}


def script() -> str:
    """The ``adcli`` command of this Python."""
    return shutil.which("adcli", path=str(Path(sys.executable).parent)) or "adcli"


def process_seconds(command: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=clean_environment())
    return time.perf_counter() - begin


def reported_seconds(command: Sequence[str]) -> list[float]:
    """The numbers that a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    return [float(word) for word in done.stdout.split()]


def alternate(measures: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """Each measure ``rounds`` times, in turn, so that a change of the machine's speed meets all of them."""
    times: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        order = list(zip(measures, times, strict=True))
        for measure, series in order if number % 2 else reversed(order):
            series.append(measure())
    return times


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbouring runs."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def seconds_each(function: Callable[[], Any], repeat: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - begin) / repeat


def trace_of(path: str) -> Trace:
    return build_trace(read_spec(read_source(path)))


def trace_from(spec: dict[str, Any]) -> Trace:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.json")
        path.write_text(json.dumps(spec))
        return trace_of(str(path))


def normal(shape: Sequence[int], seed: int, scale: float) -> dict[str, Any]:
    """Random values, as a spec states them."""
    return {"random": "normal", "shape": list(shape), "seed": seed, "scale": scale}


def show(lines: Sequence[Line]) -> None:
    print(HEAD, end="")
    for line in lines:
        print(line, flush=True)
