"""Slides in a terminal, one at a time; in a pipe or a file all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adcli.cli.output import write
from adcli.explain.blocks import Deck
from adcli.render import slides_text
from adcli.render.terminal import is_terminal, rendered

FORWARD = (" ", "\r", "\n", "n", "l", "\x1b[C", "\x1b[B", "\x1b[6~")
BACK = ("\x7f", "\b", "p", "h", "\x1b[D", "\x1b[A", "\x1b[5~")
LEAVE = ("q", "\x1b", "\x04", "")
CLEAR = "\x1b[H\x1b[2J"


def show(deck: Deck, number: int | None, output: str | None) -> None:
    """All slides, or that of ``number``; with a keyboard at hand, a slide at a time."""
    ascii_only = output is None and is_terminal(sys.stdout) and not _has_characters()
    if number is not None or output is not None or not (is_terminal(sys.stdout) and is_terminal(sys.stdin)):
        text = rendered(lambda c: slides_text.show(c, deck, number, ascii_only), to_file=output is not None)
        write(text, output)
        return
    with _keys() as key:
        _paged(deck, ascii_only, key)


def _has_characters() -> bool:
    """Whether the terminal can show more than ASCII."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding == "utf8" and os.environ.get("TERM") != "dumb"


def _paged(deck: Deck, ascii_only: bool, next_key: Callable[[], str]) -> None:
    at, top = 0, 0
    pages: dict[int, list[str]] = {}
    while True:
        if at not in pages:
            text = rendered(lambda c: slides_text.show(c, deck, at + 1, ascii_only))  # noqa: B023
            pages[at] = text.rstrip("\n").split("\n")
        height = max(4, _height() - 1)
        lines = pages[at][top : top + height]
        labels = deck.labels
        more = " · …" if top + height < len(pages[at]) else ""
        keys = f"space {labels.next} · backspace {labels.back} · q {labels.quit}{more}"
        sys.stdout.write(CLEAR + "\n".join(lines) + "\n" * (height - len(lines)) + f"\n\x1b[2m{keys}\x1b[0m")
        sys.stdout.flush()
        key = next_key()
        if key in LEAVE:
            break
        if key in FORWARD:
            if top + height < len(pages[at]):
                top += height - 2
            elif at + 1 < len(deck.slides):
                at, top = at + 1, 0
        elif key in BACK:
            if top:
                top = max(0, top - height + 2)
            elif at:
                at -= 1
    sys.stdout.write("\n")


def _height() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines
    except OSError:
        return 24


@contextmanager
def _keys() -> Iterator[Callable[[], str]]:
    """A function that waits for one key; until the end keys come as they are pressed, and are not shown."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        import msvcrt

        yield msvcrt.getwch  # type: ignore[attr-defined]
        return
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    tty.setcbreak(stream)
    try:
        yield lambda: os.read(stream, 8).decode("utf-8", "replace")
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
