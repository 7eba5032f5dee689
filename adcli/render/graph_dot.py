"""A graph in Graphviz's language."""

from __future__ import annotations

from adcli.errors import printable
from adcli.graph.model import Graph, Vertex
from adcli.render.graph_labels import carried, derivative, figure, flowing_back, head
from adcli.render.style import Style

_HEAD = """digraph trace {{
  rankdir=LR; labelloc=t; fontname="sans-serif"; label={title};
  node [fontname="monospace", color="#106DB6"];
  edge [fontname="monospace", fontsize=11, color="#5C6470", fontcolor="#BD0C89"];"""


def dot(graph: Graph, style: Style) -> str:
    """The graph as ``digraph``: boxes are given, ellipses computed, the output has a double border."""
    title = f"{printable(graph.title)}\n{derivative(graph)}" if graph.title else derivative(graph)
    lines = [_HEAD.format(title=_quoted(title))]
    for index, vertex in enumerate(graph.vertices):
        double = ", peripheries=2" if index == graph.output else ""
        lines.append(f"  {_quoted(vertex.name)} [{_shape(vertex)}{double}, label={_quoted(_label(vertex, style))}];")
    for edge in graph.edges:
        flows = [carried(graph, edge)]
        if edge.gradient is not None:
            flows.append(f"◂ {flowing_back(graph, edge, style)}")
        label = _quoted("\n".join(flow for flow in flows if flow))
        dashed = ", style=dashed" if edge.gradient is None else ""
        ends = f"{_quoted(graph.vertices[edge.source].name)} -> {_quoted(graph.vertices[edge.target].name)}"
        lines.append(f"  {ends} [label={label}{dashed}];")
    return "\n".join([*lines, "}"]) + "\n"


def _shape(vertex: Vertex) -> str:
    if vertex.role == "operation":
        return "shape=ellipse"
    return f'shape=box, color="#3F4752"{", style=dashed" if vertex.role == "target" else ""}'


def _label(vertex: Vertex, style: Style) -> str:
    lines = [vertex.name + head(vertex), *figure(vertex.value, style)]
    if vertex.gradient is not None:
        first, *rest = figure(vertex.gradient, style)
        lines += [f"◂ {first}", *(f"  {line}" for line in rest)]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A string of the language, in which quotes, backslashes and entities have a meaning."""
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
