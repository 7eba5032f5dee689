"""``adcli grad``: the output, and its gradient for every parameter."""

from __future__ import annotations

import math
import re
from typing import Any

import click
import numpy as np

from adcli.cli.options import expression_options, load_spec, number_options, output_options, trace_of
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.descent import descend
from adcli.engines.run import MODES, SCHEMES, differentiate
from adcli.engines.structure import check_wrt, default_wrt
from adcli.errors import AdcliError, Problem, nearest, quoted
from adcli.trace import Trace

FORMATS = ("text", "json")
MOST_PUSHED = 500
_STEP = re.compile(r'(?:^|\.)(?:"([^"]+)"(?=\.|$)|([^.]*))')


@click.command("grad")
@expression_options
@click.option("--mode", type=click.Choice(MODES), default="reverse", show_default=True, help="The engine.")
@click.option(
    "--wrt", multiple=True, metavar="NAME", help="For which names: parameters, inputs, any value of the trace."
)
@click.option("--step", type=float, metavar="H", help="Numeric mode: the step, the same for every number.")
@click.option("--scheme", type=click.Choice(SCHEMES), help="Numeric mode: the quotient; default central.")
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
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    mode: str,
    wrt: tuple[str, ...],
    step: float | None,
    scheme: str | None,
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
    _check_numeric(mode, step, scheme)
    read = load_spec(spec, expression, givens)
    trace = trace_of(read, settings)
    asked = check_wrt(trace, wrt) or default_wrt(trace)
    as_json = path is not None or chosen == "json"
    as_graph = not as_json and read.program is not None and trace.shapes[trace.output] == () and layout == "gradient"
    names = trace.differentiable if as_graph and _all_are_cheap(trace, mode) else asked
    result, warnings = differentiate(trace, mode, names, scheme=scheme or "central", step=step)
    warnings = [w for w in warnings if w.code != "unused" or w.name in asked or w.name in trace.targets]
    updated = None
    if lr is not None:
        updated, overflows = descend(trace, result, lr)
        warnings += overflows
    if as_json:
        from adcli.render.grad_json import content
        from adcli.render.json_format import document, one_line

        whole = content(trace, mode, result, warnings, updated)
        text = document(whole) if path is None else one_line(_part(whole, path)) + "\n"
    else:
        from adcli.render.grad_text import show, show_graph
        from adcli.render.style import Style
        from adcli.render.terminal import rendered

        style = Style(digits, fractions, layout)

        def shown(console: Any) -> None:
            if as_graph:
                show_graph(console, trace, result, mode, style, updated, asked)
            else:
                show(console, trace, result, mode, style, updated)

        text = rendered(shown, to_file=output is not None)
    warn(warnings)
    write(text, output)


def _all_are_cheap(trace: Trace, mode: str) -> bool:
    """Whether gradients for every value cost little more than those for the parameters."""
    return mode == "reverse" or (mode == "forward" and sum(math.prod(s) for s in trace.shapes.values()) <= MOST_PUSHED)


def _check_numeric(mode: str, step: float | None, scheme: str | None) -> None:
    if mode != "numeric" and (step is not None or scheme is not None):
        raise AdcliError(f"--step and --scheme go with --mode numeric, not with {mode}")
    if step is not None and not (np.isfinite(step) and step > 0.0):
        raise AdcliError("--step must be a finite number above 0")


def _part(whole: Any, path: str) -> Any:
    """The part of ``whole`` at a path of keys and indices (from 0), divided by points; a key with a point in quotes.

    Raises:
        AdcliError: there is no such part.
    """
    part = whole
    for step in (quoted_key or key for quoted_key, key in _STEP.findall(path)):
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
