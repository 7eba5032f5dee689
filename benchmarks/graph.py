"""A drawing of a graph: 60 nodes, 300 nodes, and one as large as is drawn, with arrows over many layers."""

from __future__ import annotations

import random
import time

from common import Line, show

from adcli.graph.model import Graph, build_graph
from adcli.render.graph_svg import svg
from adcli.render.style import Style
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

REPEAT = 5


def graph(lines: list[str]) -> Graph:
    spec = "parameters: {x: 0.5}\nprogram:\n" + "".join(f"  - {line}\n" for line in lines)
    return build_graph(build_trace(read_spec(Source("-", spec, "."))), "reverse")[0]


def tangled(nodes: int) -> Graph:
    """Sums of two of the last twelve values."""
    draw = random.Random(0).randrange
    lines = ["v0 = sin(x)"]
    lines += [f"v{i} = v{draw(max(0, i - 12), i)} + v{draw(max(0, i - 12), i)}" for i in range(1, nodes - 1)]
    return graph(lines)


def long_arrows(nodes: int) -> Graph:
    """A chain in which every step reads the first value, too."""
    return graph(["v0 = sin(x)", *(f"v{i} = v{i - 1} * x" for i in range(1, nodes - 1))])


def line(what: str, limit: float, drawn: Graph) -> Line:
    times = []
    for _ in range(REPEAT):
        begin = time.perf_counter()
        svg(drawn, Style())
        times.append(time.perf_counter() - begin)
    return Line(what, limit, min(times), f"best of {REPEAT}", "s")


if __name__ == "__main__":
    show(
        [
            line("SVG of 60 nodes", 1.0, tangled(60)),
            line("SVG of 300 nodes", 3.0, tangled(300)),
            line("SVG of 130 nodes with arrows over all layers", 3.0, long_arrows(130)),
        ]
    )
