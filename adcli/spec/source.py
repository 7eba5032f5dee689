"""From a path to text: only regular files and standard input, UTF-8, no control characters."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import NamedTuple

from adcli.errors import AdcliError, Place, Problem, printable

MOST_BYTES = 8 * 2**20
STDIN = "<stdin>"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile("\r\n|\r|\n")


class Source(NamedTuple):
    """A text, the name that errors give it, and the folder that its paths are relative to."""

    name: str
    text: str
    folder: str

    def place(self, offset: int) -> Place:
        """Line and column of the character at ``offset``."""
        start = line = 0
        for end in _LINE_END.finditer(self.text, 0, offset):
            line, start = line + 1, end.end()
        following = _LINE_END.search(self.text, start)
        return Place(
            self.name, line + 1, offset - start + 1, self.text[start : following.start() if following else None]
        )


def open_regular(path: str) -> int:
    """A file descriptor of ``path``, which must be a regular file.

    It is opened without blocking and asked afterwards what it is, so that neither a FIFO nor
    an exchange of the file between the two can hang the program.

    Raises:
        AdcliError: there is no such file, it can't be read, or it is something else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AdcliError(f"can't read {printable(path)}: {printable(reason)}") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise AdcliError(f"can't read {printable(path)}: it is {what}")
    return handle


def read_source(path: str) -> Source:
    """The text of a file, or of standard input for ``-``.

    Raises:
        AdcliError: it can't be read, is too long, or is not plain UTF-8 text.
    """
    if path == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if sys.stdin else b""
        name = STDIN
    else:
        with open(open_regular(path), "rb") as file:
            data = file.read(MOST_BYTES + 1)
        name = path
    if len(data) > MOST_BYTES:
        raise AdcliError(f"{printable(name)} is longer than 8 MiB")
    return Source(name, _decode(name, data), folder_of(path))


def folder_of(path: str) -> str:
    """The folder that the paths in a spec are relative to."""
    return os.getcwd() if path == "-" else os.path.dirname(os.path.abspath(path))


def _decode(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise AdcliError(Problem("the file is UTF-16, not UTF-8", Place(name, 1, 1, ""), "save it as UTF-8"))
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = Source(name, data[: error.start].decode("utf-8"), "")
        byte = data[error.start]
        raise AdcliError(
            Problem(f"not UTF-8 text: byte 0x{byte:02x}", before.place(len(before.text)), "save the file as UTF-8")
        ) from None
    source = Source(name, text, "")
    control = _CONTROL.search(text)
    if control:
        place = source.place(control.start())
        what = f"control character U+{ord(control.group()):04X}"
        hint = "is this a text file?" if control.group() == "\0" else None
        raise AdcliError(Problem(f"{what} is not allowed", place, hint))
    return text
