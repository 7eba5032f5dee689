"""``adcli check``: every engine against every other."""

from __future__ import annotations

import click

from adcli.cli.options import expression_options, load_trace, output_options
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.check import check
from adcli.engines.structure import check_wrt, default_wrt

FORMATS = ("text", "json")


@click.command("check")
@expression_options
@click.option("--wrt", multiple=True, metavar="NAME", help="For which names; default: all parameters.")
@output_options(FORMATS)
def command(
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    wrt: tuple[str, ...],
    format_: str | None,
    output: str | None,
) -> int:
    """Compares the gradients that the four engines find for SPEC.

    The exit code is 1 where two differ by more than their own accuracy explains.
    """
    chosen = chosen_format(format_, output, FORMATS)
    trace = load_trace(spec, settings, expression, givens)
    found = check(trace, check_wrt(trace, wrt) or default_wrt(trace))
    if chosen == "json":
        from adcli.render.check_json import content
        from adcli.render.json_format import document

        text = document(content(trace.title, found))
    else:
        from adcli.render.check_text import show
        from adcli.render.terminal import rendered

        text = rendered(lambda console: show(console, trace.title, found), to_file=output is not None)
    warn(found.warnings)
    write(text, output)
    return 0 if found.agree else 1
