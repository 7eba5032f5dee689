"""How cost grows: the shape of a layer net varied, with random values."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.cost.chains import Graph
from adcli.cost.modes import ModeCost, mode_costs
from adcli.engines import forward, numeric, reverse
from adcli.engines.structure import default_wrt
from adcli.errors import AdcliError, Problem, quoted
from adcli.primitives import activations, losses
from adcli.trace import Node, Trace

MOST_PARAMETERS = 2**24
MOST_SIZE = 4_096
LONGEST_RUN = 1.0  # seconds that a run may be expected to take
FIRST_OPERATIONS = 10**8  # that a mode may make before anything is known of its speed
MOST_HELD = 2**25
SYMBOLIC_PARAMETERS = 200
RUNS = 3
MODES = ("numeric", "symbolic", "forward", "reverse")
_RANGE = re.compile(r"(width|depth)=([0-9]{1,18})\.\.([0-9]{1,18})")


class Range(NamedTuple):
    """What is varied, ``width`` or ``depth``, and its sizes: from the first on doubled, up to the last."""

    vary: str
    sizes: tuple[int, ...]


class Point(NamedTuple):
    """One size: mode → operations, None where it is refused or left out; and seconds, where they were measured."""

    size: int
    parameters: int
    operations: dict[str, int | None]
    seconds: dict[str, float | None]


class Net(NamedTuple):
    """A net of layers: what comes before the first linear layer, the groups that each begin with one, and the loss."""

    before: list[Node]
    groups: list[list[Node]]
    loss: Node | None


def read_range(text: str) -> Range:
    """``width=2..512`` or ``depth=1..64``.

    Raises:
        AdcliError: it is neither.
    """
    found = _RANGE.fullmatch(text)
    if not found:
        raise AdcliError(Problem(f"--sweep: {quoted(text)} is no range", None, "write width=2..512 or depth=1..64"))
    low, high = int(found[2]), int(found[3])
    if not 1 <= low <= high <= MOST_SIZE:
        raise AdcliError(f"--sweep: a range goes up, from 1 to {MOST_SIZE:,} at most, not from {low:,} to {high:,}")
    sizes = [low]
    while sizes[-1] * 2 < high:
        sizes.append(sizes[-1] * 2)
    return Range(found[1], tuple(dict.fromkeys([*sizes, high])))


def net_of(trace: Trace) -> Net:
    """The layers of ``trace``.

    Raises:
        AdcliError: it is no chain of layers with a hidden one.
    """
    before: list[Node] = []
    groups: list[list[Node]] = []
    loss: Node | None = None
    previous = next(iter(trace.inputs), "")
    seen: set[str] = set()
    for node in trace.nodes:
        known = node.op == "linear" or node.op in activations.RULES or node.op in losses.RULES
        others = [name for name in node.operands[1:] if name not in trace.targets]
        if not known or node.arguments[0] != previous or not trace.parameters.keys() >= set(others):
            raise _no_layers(
                f"{node.name} = {node.op}({', '.join(map(str, node.arguments))}) is no layer on the one before"
            )
        if seen & set(others):
            raise _no_layers(f"{node.name} shares a parameter")
        seen |= set(others)
        if node.op in losses.RULES:
            loss = node
        elif node.op == "linear":
            groups.append([node])
        else:
            (groups[-1] if groups else before).append(node)
        previous = node.name
    if previous != trace.output:
        raise _no_layers(f"its output is {trace.output}, not its last value")
    if len(groups) < 2:
        raise _no_layers("it has no hidden layer")
    return Net(before, groups, loss)


def _no_layers(why: str) -> AdcliError:
    hint = "a sweep takes linear layers, one after the other, with activations between them and a loss"
    return AdcliError(Problem(f"--sweep: the shape of this spec can't be varied: {why}", None, hint))


def varied(trace: Trace, net: Net, vary: str, size: int) -> Trace:
    """``trace`` with hidden layers of that width, or with so many of them in turn; parameters are random.

    Raises:
        AdcliError: it would hold too many parameters.
    """
    hidden = net.groups[:-1]
    groups = [hidden[i % len(hidden)] for i in range(size)] if vary == "depth" else hidden
    maker = _Maker(trace)
    for node in net.before:
        maker.add(node, node.shape)
    for group in groups:
        maker.layer(group, size if vary == "width" else group[0].shape[-1])
        if maker.numbers > MOST_PARAMETERS:
            message = f"--sweep: at {vary} {size:,} the net would hold more than {MOST_PARAMETERS:,} parameters"
            raise AdcliError(message)
    maker.layer(net.groups[-1], net.groups[-1][0].shape[-1])
    if net.loss is not None:
        maker.add(net.loss, net.loss.shape, *net.loss.operands[1:])
    return Trace(
        trace.title, trace.inputs, trace.targets, maker.parameters, tuple(maker.nodes), maker.last, trace.has_fractions
    )


class _Maker:
    """A net while it is made. Weights keep the size of what passes through them, whatever the width."""

    def __init__(self, trace: Trace) -> None:
        self.last = next(iter(trace.inputs))
        self.shape: Shape = trace.inputs[self.last].shape
        self.nodes: list[Node] = []
        self.parameters: dict[str, Array] = {}
        self.numbers = 0
        self.draw = np.random.default_rng(0)

    def add(self, node: Node, shape: Shape, *others: str) -> None:
        name = f"v{len(self.nodes) + 1}"
        self.nodes.append(Node(name, node.op, (self.last, *others), node.settings, shape))
        self.last, self.shape = name, shape

    def layer(self, group: Sequence[Node], width: int) -> None:
        linear, *after = group
        settings = dict(linear.settings)
        count, entries = len(self.nodes) + 1, self.shape[-1]
        self.numbers += width * (entries + 1)
        if self.numbers > MOST_PARAMETERS:
            return
        shape = (entries, width) if settings["convention"] == "row" else (width, entries)
        others = [f"W{count}", f"b{count}"][: len(linear.operands) - 1]
        self.parameters[others[0]] = self.draw.normal(0.0, 1.0 / math.sqrt(entries), shape)
        if len(others) > 1:
            self.parameters[others[1]] = self.draw.normal(0.0, 0.1, width)
        self.add(linear, (*self.shape[:-1], width), *others)
        for node in after:
            self.add(node, self.shape)


def sweep(trace: Trace, wanted: Range, measured: bool) -> list[Point]:
    """The cost at every size; ``measured``: with the times of real runs, where these are short.

    Raises:
        AdcliError: the shape of ``trace`` can't be varied, or would grow too large.
    """
    net = net_of(trace)
    varied(trace, net, wanted.vary, wanted.sizes[-1])  # the largest may be refused, before any time is spent
    points: list[Point] = []
    for size in wanted.sizes:
        one = varied(trace, net, wanted.vary, size)
        names = default_wrt(one)
        graph = Graph(one, names)
        numbers = sum(graph.sizes[name] for name in names)
        costs = mode_costs(graph, one, names, symbolic=numbers <= SYMBOLIC_PARAMETERS)
        seconds = {mode: _seconds(mode, one, names, costs[mode], points) if measured else None for mode in MODES}
        points.append(Point(size, numbers, {mode: costs[mode].operations for mode in MODES}, seconds))
    return points


def _seconds(mode: str, trace: Trace, names: Sequence[str], cost: ModeCost, points: Sequence[Point]) -> float | None:
    """The time of the fastest of a few runs; None where one would take too long, or hold too much."""
    if cost.operations is None or mode == "symbolic" or (cost.stored or 0) > MOST_HELD:
        return None
    if points:
        before = points[-1].seconds[mode]
        if before is None or before * cost.operations / max(1, points[-1].operations[mode] or 1) > LONGEST_RUN:
            return None
    elif cost.operations > FIRST_OPERATIONS:
        return None
    engine: Any = {"numeric": numeric, "forward": forward, "reverse": reverse}[mode]
    plan = engine.plan(trace, names)
    with np.errstate(all="ignore"):
        return min(_timed(lambda: engine.run(plan)) for _ in range(RUNS))


def _timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def slope(sizes: Sequence[int], amounts: Sequence[float | None]) -> float | None:
    """The slope on a log-log scale, fitted to the larger half of what is known; None where that is one point."""
    known = [(math.log(s), math.log(a)) for s, a in zip(sizes, amounts, strict=True) if a]
    if len(known) < 2:
        return None
    known = known[min(len(known) // 2, len(known) - 2) :]
    x_mean = sum(x for x, _ in known) / len(known)
    y_mean = sum(y for _, y in known) / len(known)
    spread = sum((x - x_mean) ** 2 for x, _ in known)
    return round(sum((x - x_mean) * (y - y_mean) for x, y in known) / spread, 2)
