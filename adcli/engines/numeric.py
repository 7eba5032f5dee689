"""Numeric differentiation: difference quotients, two evaluations for each scalar, and no derivative rule at all.

A perturbation of one value changes nothing before it: each starts from the stored values and evaluates only what
depends on the name that is perturbed. Many perturbations go through together, on a leading axis.
The default steps balance truncation against rounding (Nocedal & Wright, *Numerical Optimization*, section 8.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.engines.structure import Result, Structure, evaluate, named, structure
from adcli.primitives import RULES, Primitive, Rules
from adcli.trace import Node, Trace

RELATIVE_STEP = {"central": np.finfo(float).eps ** (1 / 3), "forward": np.finfo(float).eps ** (1 / 2)}
MOST_NUMBERS_AT_ONCE = 2**18


class Path(NamedTuple):
    """The nodes that depend on a name and that the output depends on, in order."""

    name: str
    nodes: list[tuple[Node, Primitive]]
    largest: int


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Structure:
    """The trace as it is evaluated; of ``rules`` only the values are used.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    return structure(trace, wrt, rules)


def run(
    base: Structure, scheme: str = "central", step: float | None = None, kept: dict[str, Sides] | None = None
) -> Result:
    """Values and difference quotients. ``step`` is the same for every number; by default it is relative to each.

    ``evaluations`` counts the calls that the quotients need. ``kept`` gets the quotients of either side, by name.
    """
    values = named(base, evaluate(base))
    shape_of = base.trace.shapes
    rows = math.prod(shape_of[base.trace.output])
    gradients = {}
    for name in base.wrt:
        found = sides(base, values, name, steps(values[name], scheme, step), scheme)
        if kept is not None:
            kept[name] = found
        gradients[name] = found.quotient.reshape(shape_of[name]) if rows == 1 else found.quotient
    scalars = sum(math.prod(shape_of[name]) for name in base.wrt)
    return Result(values, gradients, evaluations=evaluations(scalars, scheme), scheme=scheme)


def evaluations(scalars: int, scheme: str) -> int:
    """The calls that the quotients of so many numbers need."""
    return 2 * scalars if scheme == "central" else scalars + 1


class Sides(NamedTuple):
    """The quotient chosen and those of either side, each output entries × entries of the name."""

    quotient: Array
    left: Array
    right: Array


def sides(
    base: Structure, values: dict[str, Array], name: str, h: Array, scheme: str, places: Array | None = None
) -> Sides:
    """The quotients of ``name`` with the step ``h`` of each entry, or of each of ``places`` (flat indices)."""
    x = np.asarray(values[name]).reshape(-1)
    places = np.arange(len(x)) if places is None else places
    x = x[places]
    path = path_of(base, name)
    f = np.asarray(values[base.trace.output]).reshape(-1)
    above, below = x + h, x - h
    f_above = _probe(base, values, path, places, above, len(f))
    right = _quotient(f_above - f, above - x)
    if scheme == "forward":
        return Sides(right, right, right)
    f_below = _probe(base, values, path, places, below, len(f))
    left = _quotient(f - f_below, x - below)
    both = _quotient(f_above - f_below, above - below)
    if not np.isfinite(both).all():  # near the edge of a domain only one side has a value
        one_side = np.where(np.isfinite(right), right, np.where(np.isfinite(left), left, both))
        both = np.where(np.isfinite(both), both, one_side)
    return Sides(both, left, right)


def _quotient(difference: Array, step: Array) -> Array:
    """Output entries × entries of the name, from a row of output entries for each perturbation.

    Where a step is lost in rounding nothing has changed, and the quotient is 0.
    """
    step = step[:, None]
    quotient: Array = np.where(step == 0.0, difference, difference / step).T
    return quotient


def steps(x: Array, scheme: str, step: float | None = None) -> Array:
    """The step of each entry, flat: ``step``, or relative to the entry (absolute at 0)."""
    x = np.asarray(x).reshape(-1)
    if step is not None:
        return np.full(x.shape, step)
    relative = RELATIVE_STEP[scheme]
    return np.where(x == 0.0, relative, relative * np.abs(x))


def path_of(base: Structure, name: str) -> Path:
    """What a perturbation of ``name`` evaluates anew."""
    reached = {name}
    nodes = []
    for node, primitive in zip(base.trace.nodes, base.primitives, strict=True):
        if node.name != name and node.name in base.flows and not reached.isdisjoint(node.operands):
            reached.add(node.name)
            nodes.append((node, primitive))
    shapes: list[Shape] = [base.trace.shapes[name], *(node.shape for node, _ in nodes)]
    return Path(name, nodes, max(math.prod(shape) for shape in shapes))


def _probe(base: Structure, values: dict[str, Array], path: Path, places: Array, entries: Array, rows: int) -> Array:
    """The output, a row for each entry of the name (at ``places``) that is replaced by its entry of ``entries``."""
    if path.name != base.trace.output and not path.nodes:
        return np.broadcast_to(np.asarray(values[base.trace.output]).reshape(rows), (len(entries), rows))
    at_once = max(1, MOST_NUMBERS_AT_ONCE // path.largest)
    chunks = [slice(begin, begin + at_once) for begin in range(0, len(entries), at_once)]
    return np.concatenate([_probe_some(base, values, path, places[c], entries[c], rows) for c in chunks])


def _probe_some(
    base: Structure, values: dict[str, Array], path: Path, places: Array, entries: Array, rows: int
) -> Array:
    x = np.asarray(values[path.name])
    count = len(entries)
    perturbed = np.repeat(x.reshape(1, -1), count, axis=0)
    perturbed[np.arange(count), places] = entries
    stacks = {path.name: perturbed.reshape(count, *x.shape)}
    for node, primitive in path.nodes:
        operands = [stacks.get(a, values.get(a)) if isinstance(a, str) else np.float64(a) for a in node.arguments]
        stacked = [isinstance(a, str) and a in stacks for a in node.arguments]
        stacks[node.name] = _evaluated(primitive, operands, stacked, count)
    return np.asarray(stacks[base.trace.output]).reshape(count, rows)


def _evaluated(primitive: Primitive, operands: list[Any], stacked: list[bool], count: int) -> Array:
    """The value of a node for all perturbations: in one call, unless several operands are perturbed together."""
    if primitive.stackable or sum(stacked) == 1:
        return np.asarray(primitive.evaluate(*operands))
    one_by_one = (
        primitive.evaluate(*(o[i] if many else o for o, many in zip(operands, stacked, strict=True)))
        for i in range(count)
    )
    return np.stack(list(one_by_one))
