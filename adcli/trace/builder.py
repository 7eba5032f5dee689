"""The trace while it is built: the names so far, with their values and shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from adcli.arrays import MOST_NUMBERS, Array, Shape
from adcli.errors import AdcliError, quoted
from adcli.spec.model import Spec
from adcli.spec.part import Part
from adcli.spec.values import Value
from adcli.trace.model import Node

MOST_TRACE_NUMBERS = 2**28


class Builder:
    """A shape that an earlier problem has hidden is None, and raises no second problem."""

    def __init__(self, spec: Spec, overrides: Mapping[str, Value]) -> None:
        self.spec = spec
        self.overrides = overrides
        self.inputs: dict[str, Array] = {}
        self.targets: dict[str, Array] = {}
        self.parameters: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape | None] = {}
        self.has_fractions = False
        self._numbers = 0

    def leaf(self, leaves: dict[str, Array], name: str, value: Value | None, part: Part) -> Shape | None:
        """Enter a value that is given; its shape, or None where it has a problem."""
        value = self.overrides.get(name, value)
        if not self.free(name, part):
            return None
        self.shapes[name] = None if value is None else value.array.shape
        if value is not None:
            leaves[name] = value.array
            self.has_fractions |= value.has_fractions
        return self.shapes[name]

    def node(
        self, name: str, op: str, arguments: tuple[str | float, ...], shape: Shape | None, part: Part, **settings: Any
    ) -> None:
        """Enter a step; ``settings`` go to the factory of its primitive."""
        if not self.free(name, part):
            return
        if shape is not None:
            self._numbers += math.prod(shape)
            if math.prod(shape) > MOST_NUMBERS or self._numbers > MOST_TRACE_NUMBERS:
                part.problem(f"the values of the trace would hold more than {MOST_TRACE_NUMBERS:,} numbers")
                shape = None
        self.shapes[name] = shape
        if shape is not None:
            self.nodes.append(Node(name, op, arguments, tuple(settings.items()), shape))

    def misfit(self, name: str, part: Part, message: str) -> None:
        """The leaf ``name`` doesn't fit: a problem of the spec, or of the ``--set`` that put it there."""
        if name in self.overrides:
            raise AdcliError(f"--set {name}: {message}")
        part.problem(message + self.beside)

    @property
    def beside(self) -> str:
        """What an error about shapes adds, as those of ``--set`` may have caused it."""
        return f" (with --set {', '.join(self.overrides)})" if self.overrides else ""

    def free(self, name: str, part: Part, hint: str | None = None, at: int | None = None) -> bool:
        """Whether nothing has the name yet; if something has, that is a problem."""
        if name not in self.shapes:
            return True
        part.problem(f"the name {quoted(name)} is used twice", hint, at=at)
        return False
