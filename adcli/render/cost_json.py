"""The result of ``adcli cost`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from adcli.cost.chains import Chain, Graph
from adcli.cost.report import Report
from adcli.cost.sweep import MODES, Point, Range, slope
from adcli.render.json_format import Encoded, one_line

SCHEMA = 1


def content(found: Report) -> dict[str, Any]:
    """Keys in the order of the interface."""
    factors: dict[str, str] = {}
    return {
        "schema": SCHEMA,
        "command": "cost",
        "title": found.trace.title,
        "parameters": found.parameters,
        "chains": {name: _chain(chain, found.graph, factors) for name, chain in found.chains.items()},
        "modes": {mode: cost._asdict() for mode, cost in found.modes.items()},
        "checkpointing": [{**row._asdict(), "kept": list(row.kept)} for row in found.checkpointing],
    }


def _chain(chain: Chain, graph: Graph, known: dict[str, str]) -> Encoded:
    """A chain as JSON. ``known`` remembers the factors as JSON: the same one stands in many chains."""
    factors = "null"
    if chain.path is not None:
        for name, (out, into) in zip(chain.factor_names, pairwise(chain.path), strict=True):
            if name not in known:
                known[name] = one_line({"name": name, "shape": [graph.sizes[out], graph.sizes[into]]})
        factors = f"[{', '.join(map(known.__getitem__, chain.factor_names))}]"
    rest = {"forward": chain.forward, "reverse": chain.reverse, "optimal": chain.optimal, "order": chain.order}
    return Encoded(f'{{"factors": {factors}, {one_line(rest)[1:]}')


def sweep_content(title: str | None, wanted: Range, points: Sequence[Point]) -> dict[str, Any]:
    """How cost grows: operations and slopes, but no measured times, which are never the same twice."""
    amounts = {mode: [point.operations[mode] for point in points] for mode in MODES}
    return {
        "schema": SCHEMA,
        "command": "cost",
        "title": title,
        "sweep": wanted.vary,
        "points": [
            {wanted.vary: point.size, "parameters": point.parameters, "operations": point.operations}
            for point in points
        ],
        "slopes": {mode: slope(wanted.sizes, of) for mode, of in amounts.items()},
    }
