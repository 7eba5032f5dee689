"""Where results go: standard output as UTF-8, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from adcli.engines.diagnose import Warning
from adcli.errors import AdcliError, Problem, printable

F = TypeVar("F", bound=Callable[..., Any])

ENDINGS = {
    "text": ".txt", "json": ".json", "csv": ".csv", "npz": ".npz", "latex": ".tex", "beamer": ".tex", "markdown": ".md",
    "html": ".html", "svg": ".svg", "dot": ".dot", "mermaid": ".mmd", "junit": ".xml",
}  # fmt: skip


def output_option(function: F) -> F:
    """``-o``; its callback looks at SPEC, which is therefore read before it (``is_eager``)."""
    words = "Write to FILE, whole or not at all; its ending chooses the format. - is standard output."
    return click.option("-o", "--output", metavar="FILE", callback=_checked_output, help=words)(function)


def _checked_output(ctx: click.Context, _: click.Parameter, output: str | None) -> str | None:
    spec = ctx.params.get("spec")
    if output == "":
        raise AdcliError("-o: the name of the file is empty")
    if output and spec and os.path.isfile(output) and os.path.exists(spec) and os.path.samefile(output, spec):
        raise AdcliError(f"-o {printable(output)} would overwrite the SPEC itself")
    return None if output == "-" else output


def chosen_format(name: str | None, output: str | None, formats: Sequence[str]) -> str:
    """The format asked for: by ``--format``, else by the ending of the file, else text.

    Raises:
        AdcliError: the file's ending is that of no format of the command.
    """
    ending = os.path.splitext(output or "")[1].lower()
    if name or not ending:
        return name or "text"
    by_ending = {ENDINGS[format_]: format_ for format_ in formats if format_ in ENDINGS}
    if ending not in by_ending:
        endings = f"this command writes {', '.join(by_ending)}, not {printable(ending)}"
        hint = "with --format the file may have any name"
        raise AdcliError(Problem(f"-o {printable(output or '')}: {endings}", None, hint))
    return by_ending[ending]


def refuse_terminal(format_: str, output: str | None) -> None:
    """Raises:
    AdcliError: bytes of ``format_`` would be shown in a terminal.
    """
    if format_ == "npz" and output is None and sys.stdout and sys.stdout.isatty():
        raise AdcliError(Problem("an npz file is not for a terminal", None, "write it to a file: -o gradients.npz"))


def write(content: str | bytes | Iterable[str], output: str | None) -> None:
    """Write a whole result, or the pieces of a large one, to ``output`` or to standard output.

    Raises:
        AdcliError: the file can't be written; what was there before is still there.
    """
    whole = [content] if isinstance(content, (str, bytes)) else content
    data = (piece.encode("utf-8", "replace") if isinstance(piece, str) else piece for piece in whole)
    if output is None:
        _write_stdout(data)
        return
    try:
        _write_file(data, output)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AdcliError(f"can't write {printable(output)}: {error.strerror}") from None


def _write_stdout(data: Iterable[bytes]) -> None:
    if sys.stdout is None:
        raise AdcliError("can't write to standard output: it is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AdcliError(f"can't write to standard output: {error.strerror}") from None


def _write_file(data: Iterable[bytes], output: str) -> None:
    exists = os.path.exists(output)
    if exists and not stat.S_ISREG(os.stat(output).st_mode):
        with open(output, "wb") as file:  # a device or a pipe can't be replaced, and a pipe has no real path
            file.writelines(data)
        return
    path = os.path.realpath(output)
    import tempfile  # slow to import, and most results go to standard output

    handle, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".adcli-")
    try:
        with open(handle, "wb") as file:
            file.writelines(data)
        os.chmod(draft, stat.S_IMODE(os.stat(path).st_mode) if exists else 0o666 & ~_umask())
        os.replace(draft, path)
    except BaseException:  # an interrupt, too, must leave no draft behind
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def warn(warnings: Iterable[Warning]) -> None:
    """Say each warning on standard error."""
    for warning in warnings:
        click.echo(f"adcli: warning: {printable(warning.message)}".encode(), err=True)
