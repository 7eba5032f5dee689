"""``adcli cost``: operations and memory of each mode, each order of the chain, each checkpointing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from adcli.cli.options import load_trace, number_options, output_options, spec_options, wrt_option
from adcli.cli.output import chosen_format, write
from adcli.engines.structure import check_wrt, default_wrt
from adcli.errors import AdcliError
from adcli.render.style import Style
from adcli.trace import Trace

FORMATS = ("text", "json")


@click.command("cost")
@spec_options
@wrt_option
@click.option("--sweep", metavar="RANGE", help="How cost grows: width=2..512 or depth=1..64.")
@number_options(3)
@output_options(FORMATS)
def command(
    spec: str,
    settings: tuple[str, ...],
    wrt: tuple[str, ...],
    sweep: str | None,
    digits: int,
    fractions: bool,
    format_: str | None,
    output: str | None,
) -> None:
    """What the derivatives of SPEC cost, in multiplications and in memory.

    For each name the chain of its Jacobians, in each order of multiplication; each mode; each checkpointing.
    """
    chosen = chosen_format(format_, output, FORMATS)
    trace = load_trace(spec, settings)
    style = Style(digits, fractions)
    if sweep is not None:
        if wrt:
            raise AdcliError("--sweep goes with all parameters, not with --wrt")
        content: str | Iterable[str] = _growth(trace, sweep, chosen, style, to_file=output is not None)
    else:
        names = check_wrt(trace, wrt) or default_wrt(trace)
        content = _costs(trace, names, chosen, style, to_file=output is not None)
    write(content, output)


def _costs(trace: Trace, names: Sequence[str], chosen: str, style: Style, *, to_file: bool) -> str | Iterable[str]:
    from adcli.cost.report import report

    if chosen == "json":
        from adcli.render.cost_json import content
        from adcli.render.json_format import pieces

        return pieces(content(report(trace, names)))
    from adcli.render.cost_text import MOST_NAMES, show
    from adcli.render.terminal import rendered

    found = report(trace, names, MOST_NAMES)
    return rendered(lambda console: show(console, found, style), to_file=to_file)


def _growth(trace: Trace, text: str, chosen: str, style: Style, *, to_file: bool) -> str:
    from adcli.cost.sweep import read_range, sweep

    wanted = read_range(text)
    points = sweep(trace, wanted, measured=chosen == "text")
    if chosen == "json":
        from adcli.render.cost_json import sweep_content
        from adcli.render.json_format import document

        return document(sweep_content(trace.title, wanted, points))
    from adcli.render.sweep_text import show
    from adcli.render.terminal import rendered

    return rendered(lambda console: show(console, trace.title, wanted, points, style), to_file=to_file)
