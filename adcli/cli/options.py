"""Options that several commands share, and the way from them to a trace."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from adcli.cli.output import output_option
from adcli.engines.checkpoints import Schedule, planned
from adcli.engines.run import SCHEMES
from adcli.errors import AdcliError, printable, quoted
from adcli.spec.model import EXPRESSION_NAME, NAME, RESERVED, Spec, read_expression, read_spec
from adcli.spec.part import Document
from adcli.spec.source import Source, read_source
from adcli.spec.values import Budget, Value, read_value
from adcli.trace import Trace, build_trace

F = TypeVar("F", bound=Callable[..., Any])

SET_HELP = "Another value for an input, a target or a parameter (JSON or a fraction)."
_STEP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[0-9]+)?\Z")  # also a step inside a line of a program
DIGITS = click.IntRange(1, 17)


def spec_options(function: F) -> F:
    """``SPEC`` and ``--set``."""
    function = click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=SET_HELP)(function)
    return click.argument("spec", metavar="SPEC", is_eager=True)(function)


def expression_options(function: F) -> F:
    """``SPEC`` or ``-e`` with ``-p``, and ``--set``."""
    function = click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=SET_HELP)(function)
    function = click.option(
        "-p", "givens", multiple=True, metavar="NAME=VALUE", help="A parameter of the expression (JSON or a fraction)."
    )(function)
    function = click.option(
        "-e", "expression", metavar="EXPR", help="A program of one expression instead of SPEC; its value is named out."
    )(function)
    return click.argument("spec", metavar="SPEC", required=False, is_eager=True)(function)


def output_options(formats: Sequence[str]) -> Callable[[F], F]:
    """``--format`` and ``-o``."""

    def add(function: F) -> F:
        return click.option("--format", "format_", type=click.Choice(formats), help="Default: text.")(
            output_option(function)
        )

    return add


def wrt_option(function: F) -> F:
    """``--wrt``."""
    return click.option(
        "--wrt", multiple=True, metavar="NAME", help="For which names: parameters, inputs, any value of the trace."
    )(function)


def quotient_options(function: F) -> F:
    """``--step`` and ``--scheme``."""
    function = click.option(
        "--scheme", type=click.Choice(SCHEMES), help="Numeric mode: the quotient; default central."
    )(function)
    return click.option("--step", type=float, metavar="H", help="Numeric mode: the step, the same for every number.")(
        function
    )


def check_quotient(mode: str, step: float | None, scheme: str | None) -> None:
    """What goes together, before anything is read.

    Raises:
        AdcliError: the mode makes no quotients, or ``step`` is no length.
    """
    if mode != "numeric" and (step is not None or scheme is not None):
        raise AdcliError(f"--step and --scheme go with --mode numeric, not with {mode}")
    if step is not None and not (math.isfinite(step) and step > 0.0):
        raise AdcliError("--step must be a finite number above 0")


def checkpoint_option(function: F) -> F:
    """``--checkpoint``."""
    return click.option(
        "--checkpoint",
        metavar="NAMES|sqrt|SLOTS",
        help="Reverse mode: keep only these values (h1,h2), or so many, and compute the others again.",
    )(function)


def number_options(digits: int) -> Callable[[F], F]:
    """``--digits``, by default ``digits``, and ``--fractions``."""

    def add(function: F) -> F:
        function = click.option("--fractions", is_flag=True, help="Numbers as fractions where one equals them.")(
            function
        )
        return click.option(
            "--digits", type=DIGITS, default=digits, show_default=True, help="Significant digits in text."
        )(function)

    return add


def load_trace(
    path: str | None, settings: Sequence[str] = (), expression: str | None = None, givens: Sequence[str] = ()
) -> Trace:
    """The trace of the spec at ``path``, or of an expression with its parameters, with the values of ``--set``.

    Raises:
        AdcliError: with everything that is wrong.
    """
    return trace_of(load_spec(path, expression, givens), settings)


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


def load_spec(path: str | None, expression: str | None = None, givens: Sequence[str] = ()) -> Spec:
    """The spec at ``path``, or that of an expression with its parameters.

    Raises:
        AdcliError: it can't be read, or both or none are given.
    """
    if expression is None:
        if givens:
            raise AdcliError("-p goes with -e; for a spec, --set NAME=VALUE gives another value")
        if path is None:
            raise AdcliError('there is neither a SPEC nor an expression: write a path, or -e "EXPR"')
        return read_spec(read_source(path))
    if path is not None:
        raise AdcliError(f"there are both a SPEC, {printable(path)}, and an expression (-e); give one of them")
    return read_expression(expression, _givens(givens))


def trace_of(spec: Spec, settings: Sequence[str]) -> Trace:
    """The trace of ``spec`` with the values of ``--set``.

    Raises:
        AdcliError: with everything that is wrong.
    """
    folder, budget = spec.document.source.folder, spec.budget
    return build_trace(spec, named_values("--set", settings, folder, budget))


def _givens(givens: Sequence[str]) -> dict[str, Value | None]:
    found = named_values("-p", givens, os.getcwd(), Budget(), NAME)
    for name in found:
        if name in (*RESERVED, EXPRESSION_NAME):
            raise AdcliError(f"-p {name} is not possible: the name has a meaning of its own")
    return {**found}


def named_values(
    option: str, texts: Sequence[str], folder: str, budget: Budget, form: re.Pattern[str] = _STEP_NAME
) -> dict[str, Value]:
    """Each ``NAME=VALUE`` that ``option`` was given; the names are of the form ``form``.

    Raises:
        AdcliError: one is not of that form, a name is there twice, or a value can't be read.
    """
    found: dict[str, Value] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not form.match(name):
            raise AdcliError(f"{option} {quoted(text)}: write NAME=VALUE")
        if name in found:
            raise AdcliError(f"{option} {name} is there twice")
        found[name] = value_of(f"{option} {name}", value, folder, budget)
    return found


def value_of(what: str, text: str, folder: str, budget: Budget) -> Value:
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
