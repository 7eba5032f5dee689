"""The result of ``adcli cost`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from adcli.cost.chains import Chain, Graph, factor_name
from adcli.cost.order import from_left
from adcli.cost.report import Report
from adcli.cost.sweep import MODES, Point, Range, slope
from adcli.render.json_format import one_line

SCHEMA = 1


class Beginning(NamedTuple):
    """The factors of all chains through one name, up to it: that much of each text, which more chains share."""

    factors: str
    factors_end: int
    from_left: str
    from_left_end: int


def content(found: Report) -> dict[str, Any]:
    """Keys in the order of the interface. Each chain is written when its turn comes: thousands may be long."""
    beginnings: dict[str, Beginning] = {}
    return {
        "schema": SCHEMA,
        "command": "cost",
        "title": found.trace.title,
        "parameters": found.parameters,
        "chains": {name: partial(_chain, chain, found.graph, beginnings) for name, chain in found.chains.items()},
        "modes": {mode: cost._asdict() for mode, cost in found.modes.items()},
        "checkpointing": [{**row._asdict(), "kept": list(row.kept)} for row in found.checkpointing],
    }


def _chain(chain: Chain, graph: Graph, beginnings: dict[str, Beginning]) -> str:
    path, left = chain.path, chain.best is not None and chain.best.split is from_left
    factors, order = "null" if path is None else "[]", None if left else chain.order
    if path is not None and len(path) > 1:
        out, into = path[-2:]
        if out not in beginnings:
            beginnings.update(_beginnings(path[:-1], graph, beginnings))
        before = beginnings[out]
        factors = f"[{before.factors[: before.factors_end]}{_factor(out, into, graph)}]"
        order = _from_left(path, before) if left else order
    rest = {"forward": chain.forward, "reverse": chain.reverse, "optimal": chain.optimal, "order": order}
    return f'{{"factors": {factors}, {one_line(rest)[1:]}'


def _from_left(path: tuple[str, ...], before: Beginning) -> str:
    """The product from the left with brackets."""
    opening, closing = "(" * (len(path) - 2), ")" if len(path) > 2 else ""
    return f"{opening}{before.from_left[: before.from_left_end]}{factor_name(path[-2], path[-1])}{closing}"


def _beginnings(path: tuple[str, ...], graph: Graph, known: Mapping[str, Beginning]) -> dict[str, Beginning]:
    """That of each name on ``path``, unless it is known."""
    pairs = list(pairwise(path))
    factors = [f"{_factor(out, into, graph)}, " for out, into in pairs]
    products = [f"{factor_name(out, into)}{')' if place else ''} · " for place, (out, into) in enumerate(pairs)]
    whole, product = "".join(factors), "".join(products)
    ends = zip(path, accumulate(map(len, factors), initial=0), accumulate(map(len, products), initial=0), strict=True)
    return {name: Beginning(whole, a, product, b) for name, a, b in ends if name not in known}


def _factor(out: str, into: str, graph: Graph) -> str:
    return one_line({"name": factor_name(out, into), "shape": [graph.sizes[out], graph.sizes[into]]})


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
