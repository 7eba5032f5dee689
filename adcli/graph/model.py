"""The graph of a trace: a vertex for each leaf and each operation, an edge from each argument to its operation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from adcli.arrays import Array
from adcli.engines.diagnose import Warning
from adcli.engines.run import differentiate
from adcli.primitives import RULES
from adcli.trace import Node, Trace, argument_text


class Vertex(NamedTuple):
    """A leaf or an operation.

    Attributes:
        role: ``input``, ``target``, ``parameter`` or ``operation``.
        formula: the right-hand side of an operation, numbers included; empty for a leaf.
        gradient: of the output for this value, in the value's shape, or the Jacobian in numerator
            layout where the output holds more than one number. None for a target.
    """

    name: str
    role: str
    op: str
    formula: str
    value: Array
    gradient: Array | None


class Edge(NamedTuple):
    """An argument on its way into an operation.

    Attributes:
        source, target: indices of vertices; an edge goes to a later one.
        times: how often the operation takes it.
        gradient: this operation's share of the source's gradient; None from a target.
    """

    source: int
    target: int
    times: int
    gradient: Array | None


class Graph(NamedTuple):
    """Vertices (leaves first, then operations in the order of the trace) and edges.

    ``has_jacobians``: the output holds more than one number, so gradients are Jacobians.
    """

    title: str | None
    mode: str
    output: int
    has_jacobians: bool
    vertices: list[Vertex]
    edges: list[Edge]

    def edges_into(self) -> list[list[Edge]]:
        """For each vertex the edges that end there, in the order of the arguments."""
        into: list[list[Edge]] = [[] for _ in self.vertices]
        for edge in self.edges:
            into[edge.target].append(edge)
        return into

    def edges_from(self) -> list[list[Edge]]:
        """For each vertex the edges that begin there, in the order of the trace."""
        out_of: list[list[Edge]] = [[] for _ in self.vertices]
        for edge in self.edges:
            out_of[edge.source].append(edge)
        return out_of


def build_graph(trace: Trace, mode: str) -> tuple[Graph, list[Warning]]:
    """The graph of ``trace`` with the gradients that the engine ``mode`` computes, and its warnings.

    Raises:
        AdcliError: the engine refuses the trace.
    """
    result, warnings = differentiate(trace, mode, trace.differentiable)
    gradients = result.gradients
    leaves = [
        Vertex(name, role, "", "", value, gradients.get(name))
        for role, given in (("input", trace.inputs), ("target", trace.targets), ("parameter", trace.parameters))
        for name, value in given.items()
    ]
    operations = [
        Vertex(node.name, "operation", node.op, _formula(node), result.values[node.name], gradients[node.name])
        for node in trace.nodes
    ]
    vertices = leaves + operations
    number = {vertex.name: index for index, vertex in enumerate(vertices)}
    shares = _shares(trace, mode)
    edges = [
        Edge(number[name], number[node.name], times, shares.get((name, node.name), gradients.get(name)))
        for node in trace.nodes
        for name, times in Counter(node.operands).items()
    ]
    output = number[trace.output]
    computed = {node.name for node in trace.nodes}
    told = [w for w in warnings if w.code != "unused" or w.name not in computed]  # all were asked for, by no user
    return Graph(trace.title, mode, output, vertices[output].value.size > 1, vertices, edges), told


def _formula(node: Node) -> str:
    return node.primitive(RULES).text(*map(argument_text, node.arguments))


def _shares(trace: Trace, mode: str) -> dict[tuple[str, str], Array]:
    """(value, operation) → what flows back from the operation, where that is not the value's whole gradient.

    A value that several operations use goes into each through an identity of its own, whose gradient is the share:
    so every engine can tell it, and none needs to know of edges.
    """
    uses = Counter(name for node in trace.nodes for name in set(node.operands))
    uses[trace.output] += 1
    parted = {name for name, count in uses.items() if count > 1 and name not in trace.targets}
    through: dict[tuple[str, str], str] = {}
    nodes: list[Node] = []
    for node in trace.nodes:
        ways = {name: f"{name}→{node.name}" for name in node.operands if name in parted}
        nodes += [Node(way, "identity", (name,), (), trace.shapes[name]) for name, way in ways.items()]
        nodes.append(node._replace(arguments=tuple(ways.get(str(a), a) for a in node.arguments)))
        through.update({(name, node.name): way for name, way in ways.items()})
    if not through:
        return {}
    result, _ = differentiate(replace(trace, nodes=tuple(nodes)), mode, list(through.values()))
    return {edge: result.gradients[way] for edge, way in through.items()}
