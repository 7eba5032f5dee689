"""The result of ``adcli cost`` as the mapping that ``--format json`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from adcli.cost.chains import Chain, Graph, factor_name
from adcli.cost.order import Split, bracketed, from_left
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


class Shared(NamedTuple):
    """What stands in many chains and is written once: beginnings by their last name, products by those at both ends."""

    beginnings: dict[str, Beginning]
    products: dict[tuple[str, str], str]


def content(found: Report) -> dict[str, Any]:
    """Keys in the order of the interface. Each chain is written when its turn comes: thousands may be long."""
    shared = Shared({}, {})
    return {
        "schema": SCHEMA,
        "command": "cost",
        "title": found.trace.title,
        "parameters": found.parameters,
        "chains": {name: partial(_chain, chain, found.graph, shared) for name, chain in found.chains.items()},
        "modes": {mode: cost._asdict() for mode, cost in found.modes.items()},
        "checkpointing": [{**row._asdict(), "kept": list(row.kept)} for row in found.checkpointing],
    }


def _chain(chain: Chain, graph: Graph, shared: Shared) -> str:
    path = chain.path
    factors, order = "null" if path is None else "[]", chain.order if path is None or len(path) < 2 else None
    if path is not None and len(path) > 1:
        out, into = path[-2:]
        if out not in shared.beginnings:
            shared.beginnings.update(_beginnings(path[:-1], graph, shared.beginnings))
        before = shared.beginnings[out]
        factors = f"[{before.factors[: before.factors_end]}{_factor(out, into, graph)}]"
        if chain.best is not None:
            order = _order(path, chain.best.split, before, shared.products)
    rest = {"forward": chain.forward, "reverse": chain.reverse, "optimal": chain.optimal, "order": order}
    return f'{{"factors": {factors}, {one_line(rest)[1:]}'


def _order(path: tuple[str, ...], split: Split, before: Beginning, products: dict[tuple[str, str], str]) -> str:
    """The best order with brackets: the products of which the one with the last factor is made, one in the other."""
    last = len(path) - 1
    last_factor = factor_name(path[-2], path[-1])
    if split is from_left:
        opening, closing = "(" * (last - 1), ")" if last > 1 else ""
        return f"{opening}{before.from_left[: before.from_left_end]}{last_factor}{closing}"
    parts: list[str] = []
    begin = 0
    while last - begin > 1:
        end = split(begin, last)
        ends = path[begin], path[end]
        if ends not in products:
            names = [factor_name(out, into) for out, into in pairwise(path[begin : end + 1])]
            products[ends] = bracketed(names, partial(_shifted, split, begin))
        parts.append(f"({products[ends]} · ")
        begin = end
    return "".join((*parts, last_factor, ")" * len(parts)))


def _shifted(split: Split, by: int, a: int, b: int) -> int:
    return split(by + a, by + b) - by


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
