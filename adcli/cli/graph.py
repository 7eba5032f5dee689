"""``adcli graph``: the computational graph, with values and gradients."""

from __future__ import annotations

import click

from adcli.cli.options import expression_options, load_trace, number_options, output_options
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.run import MODES
from adcli.graph.model import Graph, build_graph
from adcli.render.style import Style

FORMATS = ("text", "dot", "mermaid", "svg")


@click.command("graph")
@expression_options
@click.option("--mode", type=click.Choice(MODES), default="reverse", show_default=True, help="The engine.")
@output_options(FORMATS)
@number_options(6)
def command(
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    mode: str,
    format_: str | None,
    output: str | None,
    digits: int,
    fractions: bool,
) -> None:
    """The computational graph of SPEC, with values and gradients.

    SPEC is a file in YAML or JSON, or - for standard input. The drawing is made here:

    adcli graph net.yaml -o net.svg
    """
    chosen = chosen_format(format_, output, FORMATS)
    graph, warnings = build_graph(load_trace(spec, settings, expression, givens), mode)
    text = _rendered(graph, chosen, Style(digits, fractions), output is not None)
    warn(warnings)
    write(text, output)


def _rendered(graph: Graph, format_: str, style: Style, to_file: bool) -> str:
    if format_ == "svg":
        from adcli.render.graph_svg import svg

        return svg(graph, style)
    if format_ == "dot":
        from adcli.render.graph_dot import dot

        return dot(graph, style)
    if format_ == "mermaid":
        from adcli.render.graph_mermaid import mermaid

        return mermaid(graph, style)
    from adcli.render.graph_text import graph_text
    from adcli.render.terminal import rendered

    return rendered(lambda console: graph_text(console, graph, style), to_file=to_file)
