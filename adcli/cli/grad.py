"""``adcli grad``: the output, and its gradient for every parameter."""

from __future__ import annotations

import math

import click

from adcli.cli.grad_formats import FORMATS, Found, in_format
from adcli.cli.options import (
    check_quotient,
    checkpoint_option,
    expression_options,
    load_schedule,
    load_spec,
    number_options,
    output_options,
    quotient_options,
    trace_of,
    wrt_option,
)
from adcli.cli.output import chosen_format, refuse_terminal, warn, write
from adcli.cli.seeds import check_seeds, read_seeds, seed_options
from adcli.engines.descent import descend
from adcli.engines.run import MODES, differentiate
from adcli.engines.structure import check_wrt, default_wrt
from adcli.errors import AdcliError
from adcli.render.style import Style
from adcli.trace import Trace

MOST_PUSHED = 500


@click.command("grad")
@expression_options
@click.option("--mode", type=click.Choice(MODES), default="reverse", show_default=True, help="The engine.")
@wrt_option
@quotient_options
@seed_options
@checkpoint_option
@output_options(FORMATS)
@click.option(
    "--layout",
    type=click.Choice(["gradient", "jacobian"]),
    default="gradient",
    show_default=True,
    help="In text and LaTeX: gradients in the parameter's shape, or as rows of the Jacobian.",
)
@number_options(6)
@click.option("--lr", type=float, metavar="RATE", help="Also the parameters after one step of gradient descent.")
@click.option("--get", "path", metavar="PATH", help="Just that part of the JSON, for scripts: gradients.W1")
def command(
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    mode: str,
    wrt: tuple[str, ...],
    step: float | None,
    scheme: str | None,
    tangents: tuple[str, ...],
    cotangent: str | None,
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
    gradient is for every input. A single expression needs no file:

    adcli grad -e "(a + b) ** 2" -p a=2 -p b=3
    """
    chosen = chosen_format(format_, output, FORMATS)
    refuse_terminal(chosen, output)
    check_quotient(mode, step, scheme)
    check_seeds(mode, tangents, cotangent, wrt, lr)
    _check_get(path, chosen)
    read = load_spec(spec, expression, givens)
    trace = trace_of(read, settings)
    seeds = read_seeds(trace, read.document.source.folder, tangents, cotangent)
    asked = tuple(seeds.tangents or ()) or check_wrt(trace, wrt) or default_wrt(trace)
    schedule = load_schedule(trace, mode, checkpoint)
    special = schedule is not None or any(seed is not None for seed in seeds)
    as_text = chosen == "text" and path is None and layout == "gradient" and not special
    as_graph = as_text and read.program is not None and trace.shapes[trace.output] == ()
    names = trace.differentiable if as_graph and _all_are_cheap(trace, mode) else asked
    how = {"scheme": scheme or "central", "step": step, "schedule": schedule, **seeds._asdict()}
    result, warnings = differentiate(trace, mode, names, **how)
    warnings = [w for w in warnings if w.code != "unused" or w.name in asked or w.name in trace.targets]
    updated = None
    if lr is not None:
        updated, overflows = descend(trace, result, lr)
        warnings += overflows
    style = Style(digits, fractions, layout)
    found = Found(trace, mode, result, warnings, updated, style, asked if as_graph else None)
    content = in_format(chosen, found, path, to_file=output is not None)
    warn(warnings)
    write(content, output)


def _check_get(path: str | None, chosen: str) -> None:
    if path is not None and chosen not in ("text", "json"):
        raise AdcliError(f"--get is a part of the JSON, not of {chosen}")


def _all_are_cheap(trace: Trace, mode: str) -> bool:
    """Whether gradients for every value cost little more than those for the parameters."""
    return mode == "reverse" or (mode == "forward" and sum(math.prod(s) for s in trace.shapes.values()) <= MOST_PUSHED)
