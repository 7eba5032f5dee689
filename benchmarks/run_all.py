"""Every benchmark in a process of its own, as one table, with the versions that it was made with."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from common import HEAD, clean_environment

NAMES = (
    "startup", "lecture", "wide", "jacobian", "deep", "reading",
    "engines", "programs", "checkpointing", "graph", "cost",
)  # fmt: skip


def versions() -> str:
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, {blas['name']} {blas['version']}"
    )


def rows(name: str) -> str:
    """The table of one benchmark without its head."""
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=clean_environment())
    return done.stdout.removeprefix(HEAD)


if __name__ == "__main__":
    print(f"{versions()}\n\n{HEAD}", end="", flush=True)
    for name in NAMES:
        print(rows(name), end="", flush=True)
