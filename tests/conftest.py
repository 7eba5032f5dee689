"""What the tests share: a run of the command line in this process, and what they need to be installed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from adcli.cli import main


class Ran(NamedTuple):
    code: int
    stdout: str
    stderr: str


def run_adcli(*args: str, stdin: bytes | str | None = None) -> Ran:
    """Run ``adcli args`` in this process, as ``main`` ends it."""
    data = stdin.encode() if isinstance(stdin, str) else stdin or b""
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["adcli", *map(str, args)]
    sys.stdin, sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(b), "utf-8") for b in (data, b"", b""))
    try:
        with pytest.raises(SystemExit) as ended:
            main()
        streams = sys.stdout, sys.stderr
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    return Ran(int(ended.value.code or 0), out, err)


def slides_in(text: str) -> dict[str, str]:
    """Of a story as text each slide by its first line, which ends in its number."""
    slides = re.split(r"^(?=.*─ \d+/\d+$)", text, flags=re.MULTILINE)
    return {slide.partition("\n")[0]: slide for slide in slides if slide}


def slide_at(place: str, *args: str) -> str:
    """Of ``adcli explain args`` as text the one slide whose first line has ``place``: ``step 2 of 4, part 1``."""
    ran = run_adcli("explain", *args)
    assert ran.code == 0, ran.stderr
    (found,) = [slide for head, slide in slides_in(ran.stdout).items() if re.search(rf"{place}\b", head)]
    return found


class Head(NamedTuple):
    """What stands around a slide."""

    id: str
    kind: str
    title: str
    note: str


@cache
def heads_of(spec: Path, mode: str, lang: str = "en") -> list[Head]:
    """Of every slide of ``spec``; told once, however many tests ask."""
    ran = run_adcli("explain", str(spec), "--mode", mode, "--lang", lang, "--format", "json")
    assert ran.code == 0, ran.stderr
    return [Head(*(slide[field] for field in Head._fields)) for slide in json.loads(ran.stdout)["slides"]]


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips a test where a program is missing; not in CI, where ``.ci/run`` has installed it."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"), reason=f"{', '.join(missing)} is not installed"
    )


@pytest.fixture
def run() -> Callable[..., Ran]:
    return run_adcli


@pytest.fixture
def run_json() -> Callable[..., dict]:
    """Run a command with ``--format json``, which must succeed, and read what it prints."""

    def run_and_read(*args: str, stdin: bytes | str | None = None) -> dict:
        ran = run_adcli(*args, "--format", "json", stdin=stdin)
        assert ran.code == 0, ran.stderr
        return json.loads(ran.stdout)

    return run_and_read
