"""Slides in a terminal, one at a time; in a pipe or a file all of them."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adcli.cli.output import write
from adcli.explain.deck import Deck
from adcli.render import slides_text
from adcli.render.segments import ASCII
from adcli.render.terminal import is_terminal, rendered, width_of

FORWARD = (" ", "\r", "\n", "n", "l", "\x1b[C", "\x1b[B", "\x1bOC", "\x1bOB", "\x1b[6~")
BACK = ("\x7f", "\b", "p", "h", "\x1b[D", "\x1b[A", "\x1bOD", "\x1bOA", "\x1b[5~")
LEAVE = ("q", "\x1b", "\x04", "")
CLEAR = "\x1b[H\x1b[2J"
REDRAW = "redraw"  # no key: the window has another size, or the program goes on after a stop
KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|.", re.DOTALL)
KEPT = 2  # lines of a part that stand on the next one as well
SPLIT = 0.05  # seconds in which the rest of an arrow's characters comes


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


def _lines(deck: Deck, number: int, ascii_only: bool) -> list[str]:
    return rendered(lambda console: slides_text.show(console, deck, number, ascii_only)).rstrip("\n").split("\n")


def _paged(deck: Deck, ascii_only: bool, next_key: Callable[[], str]) -> None:
    """A slide at a time, one that is too high in parts; each begins with the slide's heading."""
    at, part = 0, 0
    slides: dict[tuple[int, int], list[str]] = {}
    while True:
        slide = at, width_of(sys.stdout)
        if slide not in slides:
            slides[slide] = _lines(deck, at + 1, ascii_only)
        height = max(4, _height() - 1)
        parts = _parts(slides[slide], height)
        part = min(part, len(parts) - 1)
        labels = deck.labels
        more = " · …" if part + 1 < len(parts) else ""
        keys = f"space {labels.next} · backspace {labels.back} · q {labels.quit}{more}"
        keys = keys.translate(ASCII) if ascii_only else keys
        lines = parts[part]
        sys.stdout.write(CLEAR + "\n".join(lines) + "\n" * (height - len(lines)) + f"\n\x1b[2m{keys}\x1b[0m")
        sys.stdout.flush()
        key = next_key()
        if key in LEAVE:
            break
        if key in FORWARD:
            if part + 1 < len(parts):
                part += 1
            elif at + 1 < len(deck.slides):
                at, part = at + 1, 0
        elif key in BACK:
            if part:
                part -= 1
            elif at:
                at -= 1
    sys.stdout.write("\n")


def _parts(lines: list[str], height: int) -> list[list[str]]:
    """The lines of a slide, so many at a time: two again of those before, below the first one of all."""
    parts = [lines[:height]]
    shown = height
    while shown < len(lines):
        begin = shown - KEPT if height > KEPT + 1 else shown
        shown = begin + height - 1
        parts.append([lines[0], *lines[begin:shown]])
    return parts


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
    import signal

    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    earlier = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGWINCH, signal.SIGCONT)}
    try:
        yield _Keyboard(stream, woken, lambda: tty.setcbreak(stream, termios.TCSADRAIN)).next_key  # no key is dropped
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier)
        os.close(woken)
        os.close(wake)


class _Keyboard:
    """Keys one by one, however many come at once; a signal that comes through ``woken`` is a REDRAW."""

    def __init__(self, stream: int, woken: int, take_keys: Callable[[], object]) -> None:
        self.stream = stream
        self.woken = woken
        self.take_keys = take_keys
        self.waiting = ""
        take_keys()

    def next_key(self) -> str:
        while not self.waiting:
            ready = select.select([self.stream, self.woken], [], [])[0]
            if self.woken in ready:
                os.read(self.woken, 64)
                self.take_keys()  # the shell had the terminal meanwhile
                return REDRAW
            self.waiting = self._read()
            if not self.waiting:
                return ""
            if self.waiting[-1] == "\x1b" and select.select([self.stream], [], [], SPLIT)[0]:
                self.waiting += self._read()
        key = KEY.match(self.waiting)
        assert key is not None
        self.waiting = self.waiting[key.end() :]
        return key[0]

    def _read(self) -> str:
        return os.read(self.stream, 64).decode("utf-8", "replace")
