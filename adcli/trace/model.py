"""The evaluation trace. Below this stage nobody knows which node came from a layer and which from a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from adcli.arrays import Array, Shape
from adcli.primitives import Primitive, Rules, losses


def argument_text(argument: str | float) -> str:
    """An argument of a node: a name, or a number in the shortest form that reads back to it."""
    return argument if isinstance(argument, str) else repr(float(argument)).removesuffix(".0")


class Node(NamedTuple):
    """One line of the trace: ``name`` = ``op`` applied to ``arguments``, which are earlier names or numbers.

    ``settings`` are what the factory of the primitive takes (a slope, a reduction, …).
    """

    name: str
    op: str
    arguments: tuple[str | float, ...]
    settings: tuple[tuple[str, Any], ...]
    shape: Shape

    def primitive(self, rules: Rules) -> Primitive:
        """The primitive of this node in a table of rules."""
        return rules[self.op](**dict(self.settings))

    @property
    def operands(self) -> tuple[str, ...]:
        """The arguments that are names."""
        return tuple(a for a in self.arguments if isinstance(a, str))


@dataclass(frozen=True, eq=False)
class Trace:
    """Leaves with their values, and nodes in an order in which each can be evaluated.

    Attributes:
        title: the spec's, or None.
        inputs, targets, parameters: name → value. A target has the shape of its prediction.
        nodes: the lines of the trace.
        output: the name of the value that is differentiated.
        has_fractions: whether the spec writes a number as a fraction.
    """

    title: str | None
    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]
    parameters: Mapping[str, Array]
    nodes: tuple[Node, ...]
    output: str
    has_fractions: bool

    @cached_property
    def leaves(self) -> dict[str, Array]:
        """Every value that is given and not computed."""
        return {**self.inputs, **self.targets, **self.parameters}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every leaf and every node."""
        return {**{name: leaf.shape for name, leaf in self.leaves.items()}, **{n.name: n.shape for n in self.nodes}}

    @property
    def has_loss(self) -> bool:
        """Whether the output is a loss."""
        return any(node.name == self.output and node.op in losses.RULES for node in self.nodes)

    @property
    def differentiable(self) -> list[str]:
        """What a gradient may be asked for: inputs, parameters and every value of the trace."""
        return [*self.inputs, *self.parameters, *(node.name for node in self.nodes)]
