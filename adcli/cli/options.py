"""Options that several commands share, and the way from them to a trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from adcli.engines.checkpoints import Schedule, planned
from adcli.errors import AdcliError, quoted
from adcli.spec.model import NAME, Spec, read_spec
from adcli.spec.part import Document
from adcli.spec.source import Source, read_source
from adcli.spec.values import Budget, Value, read_value
from adcli.trace import Trace, build_trace

F = TypeVar("F", bound=Callable[..., Any])

SET_HELP = "Another value for an input, a target or a parameter (JSON or a fraction)."
DIGITS = click.IntRange(1, 17)


def spec_options(function: F) -> F:
    """``SPEC`` and ``--set``."""
    function = click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=SET_HELP)(function)
    return click.argument("spec", metavar="SPEC")(function)


def output_options(formats: Sequence[str]) -> Callable[[F], F]:
    """``--format`` and ``-o``."""

    def add(function: F) -> F:
        function = click.option(
            "-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all; its ending chooses the format."
        )(function)
        return click.option("--format", "format_", type=click.Choice(formats), help="Default: text.")(function)

    return add


def checkpoint_option(function: F) -> F:
    """``--checkpoint``."""
    return click.option(
        "--checkpoint",
        metavar="NAMES|sqrt|SLOTS",
        help="Reverse mode: keep only these values (h1,h2), or so many, and compute the others again.",
    )(function)


def number_options(function: F) -> F:
    """``--digits`` and ``--fractions``."""
    function = click.option("--fractions", is_flag=True, help="Numbers as fractions where one equals them.")(function)
    return click.option("--digits", type=DIGITS, default=6, show_default=True, help="Significant digits in text.")(
        function
    )


def load_trace(path: str, settings: Sequence[str]) -> Trace:
    """The trace of the spec at ``path``, with the values of ``--set``.

    Raises:
        AdcliError: with everything that is wrong.
    """
    spec = read_spec(read_source(path))
    return build_trace(spec, _overrides(spec, settings))


def load_schedule(trace: Trace, mode: str, checkpoint: str | None) -> Schedule | None:
    """What ``--checkpoint`` asks for, if it is given.

    Raises:
        AdcliError: the mode stores nothing, or a name can't be a checkpoint.
    """
    if checkpoint is None:
        return None
    if mode != "reverse":
        raise AdcliError(f"--checkpoint goes with --mode reverse, not with {mode}")
    return planned(trace, checkpoint)


def _overrides(spec: Spec, settings: Sequence[str]) -> dict[str, Value]:
    found = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not NAME.match(name):
            raise AdcliError(f"--set {quoted(setting)}: write NAME=VALUE")
        found[name] = _value(f"--set {name}", text, spec.document.source.folder, spec.budget)
    return found


def _value(what: str, text: str, folder: str, budget: Budget) -> Value:
    """A value on the command line: JSON, or a fraction without quotes."""
    try:
        json.loads(text)
    except ValueError:
        text = json.dumps(text)
    except RecursionError:
        raise AdcliError(f"{what}: nested too deep") from None
    document = Document(Source("value.json", text, folder))
    value = read_value(document.root, "the value", budget)
    if value is None:
        raise AdcliError(f"{what}: {document.problems[0].message}")
    return value
