"""``adcli check``: every engine against every other."""

from __future__ import annotations

from collections.abc import Sequence

import click

from adcli.cli import ExitCode
from adcli.cli.options import expression_options, load_trace, number_options, output_options, wrt_option
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.check import check
from adcli.engines.structure import check_wrt, default_wrt
from adcli.trace import Trace

FORMATS = ("text", "json")


@click.command("check")
@expression_options
@wrt_option
@number_options(2)
@output_options(FORMATS)
def command(
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    wrt: tuple[str, ...],
    digits: int,
    fractions: bool,
    format_: str | None,
    output: str | None,
) -> int:
    """Compares the gradients that the four engines find for SPEC.

    The exit code is 1 where two differ by more than their own accuracy explains.
    """
    chosen = chosen_format(format_, output, FORMATS)
    trace = load_trace(spec, settings, expression, givens)
    names = check_wrt(trace, wrt) or default_wrt(trace)
    found = check(trace, names)
    if chosen == "json":
        from adcli.render.check_json import content
        from adcli.render.json_format import document

        text = document(content(trace.title, found))
    else:
        from adcli.render.check_text import show
        from adcli.render.style import Style
        from adcli.render.terminal import rendered

        costs, style = _multiplications(trace, names), Style(digits, fractions)
        text = rendered(lambda console: show(console, trace.title, found, costs, style), to_file=output is not None)
    warn(found.warnings)
    write(text, output)
    return ExitCode.DONE if found.agree else ExitCode.DIFFERENT


def _multiplications(trace: Trace, names: Sequence[str]) -> dict[str, int | None]:
    """What each engine but the symbolic one multiplies; that one counts its own operations."""
    from adcli.cost.chains import Graph
    from adcli.cost.modes import forward_cost, numeric_cost, reverse_cost

    graph = Graph(trace, names)
    costs = {"numeric": numeric_cost, "forward": forward_cost, "reverse": reverse_cost}
    return {mode: cost(graph, trace, names).operations for mode, cost in costs.items()}
