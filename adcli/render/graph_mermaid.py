"""A graph as a Mermaid flowchart, which many Markdown viewers draw."""

from __future__ import annotations

import json

from adcli.errors import printable
from adcli.graph.model import Edge, Graph
from adcli.render.graph_labels import carried, derivative, flowing_back, head, short
from adcli.render.style import Style

ROOM = 40
_SPECIAL = str.maketrans({c: f"#{ord(c)};" for c in '#"&<>`\\[]{}|*_'})
_CLASSES = """  classDef operation stroke:#106DB6,stroke-width:2px
  classDef given stroke:#3F4752,stroke-width:2px
  classDef target stroke:#3F4752,stroke-width:2px,stroke-dasharray:5 4"""


def mermaid(graph: Graph, style: Style) -> str:
    """The graph as ``flowchart LR``: boxes are given, rounded ones computed, the output is a double circle."""
    title = f"{printable(graph.title)}: {derivative(graph)}" if graph.title else derivative(graph)
    lines = ["---", f"title: {_yaml(title)}", "---", "flowchart LR"]
    for index, vertex in enumerate(graph.vertices):
        parts = [vertex.name + head(vertex), short(vertex.value, ROOM, style)]
        if vertex.gradient is not None:
            parts.append(f"◂ {short(vertex.gradient, ROOM, style)}")
        given = vertex.role != "operation"
        opening, closing = ("(((", ")))") if index == graph.output else ("[", "]") if given else ("([", "])")
        kind = "target" if vertex.role == "target" else "given" if given else "operation"
        lines.append(f"  n{index}{opening}{_quoted(parts)}{closing}:::{kind}")
    lines += [_edge(graph, edge, style) for edge in graph.edges]
    return "\n".join([*lines, _CLASSES]) + "\n"


def _edge(graph: Graph, edge: Edge, style: Style) -> str:
    flows = [carried(graph, edge)]
    if edge.gradient is not None:
        flows.append(f"◂ {flowing_back(graph, edge, style)}")
    shown = [flow for flow in flows if flow]
    arrow = "-.->" if edge.gradient is None else "-->"
    label = f"|{_quoted(shown)}|" if shown else ""
    return f"  n{edge.source} {arrow}{label} n{edge.target}"


def _quoted(lines: list[str]) -> str:
    """Lines of a label, in which no character has a meaning in Mermaid, Markdown or HTML."""
    return '"' + "<br/>".join(line.translate(_SPECIAL) for line in lines) + '"'


def _yaml(title: str) -> str:
    """A string in the heading, with nothing left that Mermaid or HTML could take for its own."""
    text = json.dumps(title, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if c in "<>&%{}" else c for c in text)
