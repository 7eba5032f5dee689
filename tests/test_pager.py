"""Slides in a real terminal: a keyboard turns them."""

import fcntl
import os
import pty
import select
import signal
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


def test_a_terminal_of_ascii_turns_slides_too() -> None:
    terminal = Terminal(PYTHONIOENCODING="ascii")
    shown = terminal.until("q quit")
    terminal.press(" ")
    shown += terminal.until("2/12") + terminal.until("q quit")
    assert shown.isascii()
    terminal.press("q")
    assert terminal.close() == 0


def test_an_interrupt_ends_quietly() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    terminal.press("\x03")
    assert terminal.close() == 130


def test_keys_that_come_at_once_are_all_read() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    terminal.press("  \x1b[C\x1b[D")
    terminal.until("3/12")
    terminal.until("4/12")
    terminal.until("3/12")
    terminal.until("q quit")
    terminal.press("?x\x1b[Cq")
    terminal.until("4/12")
    assert terminal.close() == 0


def test_a_window_of_another_size_gets_its_own_slide() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    fcntl.ioctl(terminal.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 110, 0, 0))
    os.kill(terminal.process.pid, signal.SIGWINCH)
    assert "─" * 50 in terminal.until("1/12")
    terminal.until("q quit")
    terminal.press("q")
    assert terminal.close() == 0


def test_each_part_of_a_high_slide_begins_with_its_heading() -> None:
    terminal = Terminal()
    whole = terminal.until("q quit")
    fcntl.ioctl(terminal.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
    os.kill(terminal.process.pid, signal.SIGWINCH)
    parts = [terminal.until("q quit")]
    while len(parts) < 4 and "2/12" not in parts[-1]:
        terminal.press(" ")
        parts.append(terminal.until("q quit"))
    terminal.press("\x7f")
    again = terminal.until("q quit")
    terminal.press("q")
    assert terminal.close() == 0
    assert [part.count("─ 1/12") for part in parts] == [1] * (len(parts) - 1) + [0] and len(parts) > 2
    told = {line for part in parts for line in part.splitlines()}
    assert {line for line in whole.splitlines()[:-1] if line.strip() and "\x1b[H" not in line} <= told
    assert "1/12" in again


def test_it_goes_on_after_a_stop() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    settings = termios.tcgetattr(terminal.screen)
    settings[3] |= termios.ICANON | termios.ECHO  # as a shell leaves the terminal
    termios.tcsetattr(terminal.screen, termios.TCSANOW, settings)
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.until("1/12")
    terminal.until("q quit")
    terminal.press(" ")
    terminal.until("2/12")
    terminal.press("q")
    assert terminal.close() == 0


def test_the_end_of_the_input_ends_it() -> None:
    terminal = Terminal()
    terminal.until("q quit")
    terminal.press("\x04")
    assert terminal.close() == 0
