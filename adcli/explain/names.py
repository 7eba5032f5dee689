"""Names of the trace as letters with an index: h3 is h₃, W_g is W with g below; the loss is ℓ."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from adcli.arrays import Shape
from adcli.explain.maths import Mark, Name, Role
from adcli.notation.names import SUBSCRIPTS
from adcli.primitives import losses
from adcli.trace import Trace

_NUMBERED = re.compile(r"([A-Za-z]+)_?(\d+)\Z")
_NAMED = re.compile(r"([A-Za-z])_(\w+)\Z")


def plain(name: Name) -> str:
    """``h₃``, ``W_g``: the name without its marks, for a note."""
    return name.base + (name.sub.translate(SUBSCRIPTS) if name.sub.isdigit() else name.sub and f"_{name.sub}")


class Names(Mapping[str, Name]):
    """Name of the trace → what a slide writes for it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.made = {name: self._make(name, shape) for name, shape in trace.shapes.items()}

    def _make(self, name: str, shape: Shape) -> Name:
        role = Role.PARAMETER if name in self.trace.parameters else Role.VALUE
        rank = min(len(shape), 2) if math.prod(shape) > 1 else 0
        if name == "loss" and any(n.name == name and n.op in losses.RULES for n in self.trace.nodes):
            return Name("ℓ", rank=rank, role=role)
        found = _NUMBERED.match(name) or _NAMED.match(name)
        base, sub = found.groups() if found else (name, "")
        return Name(base, sub, rank=rank, role=role)

    def __getitem__(self, name: str) -> Name:
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)

    def entry(self, name: str, flat: int) -> Name:
        """One entry of a name, by its place row by row."""
        shape = self.trace.shapes[name]
        if math.prod(shape) == 1:
            return self.made[name]
        index: list[int] = []
        for size in reversed(shape):
            flat, place = divmod(flat, size)
            index.insert(0, place + 1)
        return self.made[name]._replace(rank=0, entry=tuple(index))

    def tangent(self, name: str) -> Name:
        """Ŵ of a name."""
        return self.made[name]._replace(mark=Mark.HAT, role=Role.TANGENT)
