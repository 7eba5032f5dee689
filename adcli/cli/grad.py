"""``adcli grad``: the output, and its gradient for every parameter."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from adcli.cli.options import (
    checkpoint_option,
    load_schedule,
    load_trace,
    number_options,
    output_options,
    spec_options,
)
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.descent import descend
from adcli.engines.run import MODES, SCHEMES, differentiate
from adcli.engines.structure import check_wrt, default_wrt
from adcli.errors import AdcliError, Problem, nearest, quoted

FORMATS = ("text", "json")


@click.command("grad")
@spec_options
@click.option("--mode", type=click.Choice(MODES), default="reverse", show_default=True, help="The engine.")
@click.option(
    "--wrt", multiple=True, metavar="NAME", help="For which names: parameters, inputs, any value of the trace."
)
@click.option("--step", type=float, metavar="H", help="Numeric mode: the step, the same for every number.")
@click.option("--scheme", type=click.Choice(SCHEMES), help="Numeric mode: the quotient; default central.")
@checkpoint_option
@output_options(FORMATS)
@click.option(
    "--layout",
    type=click.Choice(["gradient", "jacobian"]),
    default="gradient",
    show_default=True,
    help="In text: gradients in the parameter's shape, or as rows of the Jacobian.",
)
@number_options
@click.option("--lr", type=float, metavar="RATE", help="Also the parameters after one step of gradient descent.")
@click.option("--get", "path", metavar="PATH", help="Just that part of the JSON, for scripts: gradients.W1")
def command(
    spec: str,
    settings: tuple[str, ...],
    mode: str,
    wrt: tuple[str, ...],
    step: float | None,
    scheme: str | None,
    checkpoint: str | None,
    format_: str | None,
    output: str | None,
    layout: str,
    digits: int,
    fractions: bool,
    lr: float | None,
    path: str | None,
) -> None:
    """The output of SPEC, and its gradient for every parameter.

    SPEC is a file in YAML or JSON, or - for standard input. Where it has no parameters, the
    gradient is for every input.
    """
    chosen = chosen_format(format_, output, FORMATS)
    _check_numeric(mode, step, scheme)
    trace = load_trace(spec, settings)
    names = check_wrt(trace, wrt) or default_wrt(trace)
    schedule = load_schedule(trace, mode, checkpoint)
    result, warnings = differentiate(trace, mode, names, scheme=scheme or "central", step=step, schedule=schedule)
    updated = None
    if lr is not None:
        updated, overflows = descend(trace, result, lr)
        warnings += overflows
    if path is not None or chosen == "json":
        from adcli.render.grad_json import content
        from adcli.render.json_format import document, one_line

        whole = content(trace, mode, result, warnings, updated)
        text = document(whole) if path is None else one_line(_part(whole, path)) + "\n"
    else:
        from adcli.render.grad_text import Style, show
        from adcli.render.terminal import rendered

        style = Style(digits, fractions, layout)
        text = rendered(lambda console: show(console, trace, result, mode, style, updated), to_file=output is not None)
    warn(warnings)
    write(text, output)


def _check_numeric(mode: str, step: float | None, scheme: str | None) -> None:
    if mode != "numeric" and (step is not None or scheme is not None):
        raise AdcliError(f"--step and --scheme go with --mode numeric, not with {mode}")
    if step is not None and not (np.isfinite(step) and step > 0.0):
        raise AdcliError("--step must be a finite number above 0")


def _part(whole: Any, path: str) -> Any:
    """The part of ``whole`` at a path of keys and indices (from 0), divided by points.

    Raises:
        AdcliError: there is no such part.
    """
    part = whole
    for step in path.split("."):
        known = (
            list(part)
            if isinstance(part, dict)
            else [str(i) for i in range(len(part))]
            if isinstance(part, list)
            else []
        )
        if step not in known:
            hint = nearest(step, known) or (
                f"there are {', '.join(known[:12])}" if known else "there is nothing inside"
            )
            raise AdcliError(Problem(f"--get {path}: there is no {quoted(step)}", None, hint))
        part = part[step] if isinstance(part, dict) else part[int(step)]
    return part
