"""The command line: one file a command, loaded when it runs, and one place where errors end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from importlib import import_module
from typing import Any, NoReturn

import click

from adcli.errors import AdcliError, nearest, printable, quoted

COMMANDS = {
    "check": "Every engine against every other.",
    "cost": "Operations and memory: each mode, each order, each checkpointing.",
    "example": "Lists, or prints, the specs that come with adcli.",
    "explain": "The derivation as slides, step by step.",
    "grad": "The output, and its gradient for every parameter.",
    "graph": "The computational graph, with values and gradients.",
}


class ExitCode(IntEnum):
    DONE = 0
    DIFFERENT = 1
    WRONG = 2
    FAULT = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class _EndedError(Exception):
    """A broken pipe or an interrupt, out of reach of click, which has exit codes and words of its own for them."""

    def __init__(self, code: ExitCode) -> None:
        self.code = code


@contextmanager
def _own_ends() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _EndedError(ExitCode.BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise _EndedError(ExitCode.INTERRUPTED) from None


class _Commands(click.Group):
    """Imports a command's module only when that command runs."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _own_ends():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _own_ends():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"adcli.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = nearest(args[0], COMMANDS) or f"one of {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {quoted(args[0])}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="adcli", message="adcli %(version)s")
def adcli() -> None:
    """Gradients of networks and programs, step by step."""


def main() -> NoReturn:
    """Run the command line, and turn every way to end into an exit code."""
    try:
        code = ExitCode(adcli.main(standalone_mode=False, prog_name="adcli") or ExitCode.DONE)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        code = ExitCode(exit_.exit_code)
    except _EndedError as ended:
        code = ended.code
    except AdcliError as error:
        code = _say(str(error), ExitCode.WRONG)
    except click.exceptions.NoArgsIsHelpError as error:
        code = _say(error.ctx.get_help() if error.ctx else "", ExitCode.WRONG)
    except click.ClickException as error:
        code = _say(f"adcli: error: {printable(error.format_message())}", ExitCode.WRONG)
    except (click.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        code = ExitCode.BROKEN_PIPE
    except MemoryError:
        code = _say("adcli: error: not enough memory for this spec", ExitCode.WRONG)
    except Exception as error:  # the one boundary: whatever else happens is a fault of adcli's own
        if os.environ.get("ADCLI_DEBUG"):
            raise
        code = _say(f"adcli: fault: {type(error).__name__}: {printable(str(error))[:200]}", ExitCode.FAULT)
    _leave(code)


def _say(text: str, code: ExitCode) -> ExitCode:
    try:
        sys.stderr.buffer.write((text + "\n").encode("utf-8", "replace"))
        sys.stderr.flush()
    except (OSError, AttributeError):
        pass  # nobody listens; the exit code still tells
    return code


def _leave(code: ExitCode) -> NoReturn:
    if code is ExitCode.BROKEN_PIPE:
        # What is left in the buffer can't be written; without this, Python says so at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
