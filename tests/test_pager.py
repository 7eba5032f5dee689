"""Slides in a real terminal: a keyboard turns them."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Terminal:
    """``adcli explain`` in a terminal of 80 × 24."""

    def __init__(self, *args: str, **env: str) -> None:
        self.screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "adcli", "explain", "specs/reverse-mode.yaml", *args]
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
        self.process = subprocess.Popen(
            command, stdin=inside, stdout=inside, stderr=inside, cwd=ROOT, env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(inside)
        self.unread = ""

    def until(self, words: str, seconds: float = 30.0) -> str:
        """What is shown, up to ``words``."""
        end = time.monotonic() + seconds
        while words not in self.unread:
            assert time.monotonic() < end, self.unread
            if select.select([self.screen], [], [], 1.0)[0]:
                self.unread += os.read(self.screen, 65536).decode("utf-8", "replace")
        before, found, self.unread = self.unread.partition(words)
        return before + found

    def press(self, key: str) -> None:
        os.write(self.screen, key.encode())

    def close(self) -> int:
        code = self.process.wait(30)
        os.close(self.screen)
        return code


def test_keys_turn_the_slides() -> None:
    terminal = Terminal()
    first = terminal.until("q quit")
    assert "1/12" in first and "The network" in first and "2/12" not in first
    terminal.press(" ")
    terminal.until("Total: 14 parameters")
    terminal.until("q quit")
    terminal.press("\x7f")
    terminal.until("1/12")
    terminal.until("q quit")
    terminal.press("q")
    assert terminal.close() == 0


def test_a_dumb_terminal_gets_ascii() -> None:
    terminal = Terminal("--slide", "6", TERM="dumb")
    shown = terminal.until("multiplications")
    assert shown.isascii(), sorted({c for c in shown if not c.isascii()})
    assert "dl/dW4" in shown
    assert terminal.close() == 0


def test_an_interrupt_ends_quietly() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    terminal.press("\x03")
    assert terminal.close() == 130
