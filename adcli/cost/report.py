"""All that ``adcli cost`` says of one trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adcli.cost.chains import Chain, Graph, chains, swept_only
from adcli.cost.modes import ModeCost, mode_costs
from adcli.engines.checkpoints import by_slots, chain_of
from adcli.trace import Trace

MOST_FACTORS = 4_000_000  # of all chains together, beyond which none is written out


class Checkpointing(NamedTuple):
    """Reverse mode with at most ``slots`` checkpoints."""

    slots: int
    evaluations: int
    ratio: float
    kept: tuple[str, ...]


class Report(NamedTuple):
    """What the derivatives of ``names`` cost; ``chains`` are those asked for."""

    trace: Trace
    names: tuple[str, ...]
    graph: Graph
    chains: dict[str, Chain]
    modes: dict[str, ModeCost]
    checkpointing: list[Checkpointing]

    @property
    def parameters(self) -> int:
        return sum(parameter.size for parameter in self.trace.parameters.values())

    @property
    def forward_pass(self) -> int:
        """The multiplications of one evaluation of the function."""
        return sum(self.graph.multiplications.values())

    def chained(self, mode: str) -> int | None:
        """What the full Jacobians take in ``mode`` for all names together, what they share counted once."""
        textbook = self.modes[mode].textbook
        return None if textbook is None else textbook - self.forward_pass

    @property
    def longest(self) -> tuple[str, Chain]:
        """The name with the longest chain, and that chain."""
        return max(self.chains.items(), key=lambda item: len(item[1].path or ()))

    @property
    def outputs(self) -> int:
        """How many numbers the output holds."""
        return self.graph.sizes[self.trace.output]

    @property
    def scalars(self) -> int:
        """How many numbers the derivatives are for."""
        return sum(self.graph.sizes[name] for name in self.names)

    @property
    def is_chain(self) -> bool:
        """Whether one path at most leads from each name to the output."""
        return all(self.graph.paths.get(name, 0) < 2 for name in self.names)


def report(trace: Trace, names: Sequence[str], most_chains: int | None = None) -> Report:
    """Count for ``names``; chains for all of them, or for the first and the last ``most_chains`` / 2.
    Where these have millions of factors together, they are only swept.
    """
    graph = Graph(trace, names)
    shown = list(names)
    if most_chains is not None and len(shown) > most_chains:
        shown = [*shown[: most_chains // 2], *shown[-most_chains // 2 :]]
    factors = sum(graph.lengths[name] for name in shown if graph.paths.get(name) == 1)
    made = chains(graph, shown) if factors <= MOST_FACTORS else swept_only(graph, shown)
    return Report(trace, tuple(names), graph, made, mode_costs(graph, trace, names), checkpointing(trace))


def checkpointing(trace: Trace) -> list[Checkpointing]:
    """What 0, 1, 2, 4, 8, … slots cost, up to as many as all values but the last need."""
    chain = chain_of(trace)
    most = max(0, chain.blocks - 1)
    doubled = [2**power for power in range(most.bit_length()) if 2**power < most]
    found = []
    for slots in sorted({0, *doubled, most}):
        schedule = by_slots(chain, slots)
        found.append(Checkpointing(slots, schedule.evaluations, schedule.ratio, schedule.kept))
    return found
