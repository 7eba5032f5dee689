"""``--tangent`` and ``--cotangent``: one direction in place of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from adcli.arrays import Array, Shape, shape_text
from adcli.cli.options import named_values, value_of
from adcli.engines.structure import check_wrt
from adcli.errors import AdcliError
from adcli.spec.values import Budget
from adcli.trace import Trace

F = TypeVar("F", bound=Callable[..., Any])


class Seeds(NamedTuple):
    """The tangents of a JVP, by name, or the cotangent of a VJP; neither, where all derivatives are asked for."""

    tangents: dict[str, Array] | None = None
    cotangent: Array | None = None


def seed_options(function: F) -> F:
    """``--tangent`` and ``--cotangent``."""
    function = click.option(
        "--cotangent", metavar="VALUE", help="Reverse mode: one VJP, with this cotangent of the output."
    )(function)
    return click.option(
        "--tangent",
        "tangents",
        multiple=True,
        metavar="NAME=VALUE",
        help="Forward mode: one JVP, along these tangents; those of other names are 0.",
    )(function)


def check_seeds(mode: str, tangents: Sequence[str], cotangent: str | None, wrt: Sequence[str], lr: object) -> None:
    """What goes together, before anything is read.

    Raises:
        AdcliError: another mode is asked for, or an option that has no meaning with them.
    """
    for option, given, right in (
        ("--tangent", bool(tangents), "forward"),
        ("--cotangent", cotangent is not None, "reverse"),
    ):
        if given and mode != right:
            raise AdcliError(f"{option} goes with --mode {right}, not with {mode}")
        if given and lr is not None:
            raise AdcliError(f"--lr needs gradients, and there are none with {option}")
    if tangents and wrt:
        raise AdcliError("--wrt and --tangent don't go together: a JVP is along the names of --tangent")


def read_seeds(trace: Trace, folder: str, tangents: Sequence[str], cotangent: str | None) -> Seeds:
    """The values of both options, within the limits of a spec's values.

    Raises:
        AdcliError: a value can't be read or has another shape, a name is not known, or is that of a target.
    """
    budget = Budget()
    if cotangent is not None:
        v = value_of("--cotangent", cotangent, folder, budget).array
        _check_shape("--cotangent", v.shape, trace.output, trace.shapes[trace.output])
        return Seeds(cotangent=v)
    if not tangents:
        return Seeds()
    given = named_values("--tangent", tangents, folder, budget)
    found = {name: value.array for name, value in given.items()}
    check_wrt(trace, list(found), "--tangent")
    for name, tangent in found.items():
        _check_shape(f"--tangent {name}", tangent.shape, name, trace.shapes[name])
    return Seeds(tangents=found)


def _check_shape(option: str, shape: Shape, name: str, needed: Shape) -> None:
    if shape != needed:
        raise AdcliError(f"{option}: the value is {_words(shape)}, but {name} is {_words(needed)}")


def _words(shape: Shape) -> str:
    """A shape as one says it: `a number`, `a vector of 2`, `2 × 3`."""
    return "a number" if not shape else f"a vector of {shape[0]}" if len(shape) == 1 else shape_text(shape)
