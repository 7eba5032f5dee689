"""``adcli cost``: operations and memory of each mode, each order of the chain, each checkpointing."""

from __future__ import annotations

import click

from adcli.cli.options import load_trace, output_options, spec_options
from adcli.cli.output import chosen_format, write
from adcli.engines.structure import check_wrt, default_wrt

FORMATS = ("text", "json")


@click.command("cost")
@spec_options
@click.option(
    "--wrt", multiple=True, metavar="NAME", help="For which names: parameters, inputs, any value of the trace."
)
@click.option("--sweep", metavar="RANGE", help="How cost grows: width=2..512 or depth=1..64.")
@output_options(FORMATS)
def command(
    spec: str,
    settings: tuple[str, ...],
    wrt: tuple[str, ...],
    sweep: str | None,
    format_: str | None,
    output: str | None,
) -> None:
    """What the derivatives of SPEC cost, in multiplications and in memory.

    For each name the chain of its Jacobians, in each order of multiplication; each mode; each checkpointing.
    """
    chosen = chosen_format(format_, output, FORMATS)
    trace = load_trace(spec, settings)
    names = check_wrt(trace, wrt) or default_wrt(trace)
    if chosen == "json":
        from adcli.cost.report import report
        from adcli.render.cost_json import content
        from adcli.render.json_format import document

        text = document(content(report(trace, names)))
    else:
        from adcli.cost.report import report
        from adcli.render.cost_text import MOST_NAMES, show
        from adcli.render.terminal import rendered

        found = report(trace, names, MOST_NAMES)
        text = rendered(lambda console: show(console, found), to_file=output is not None)
    write(text, output)
