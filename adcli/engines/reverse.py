"""Reverse mode: one forward pass that stores, then one cotangent pulled back through the VJPs.

For an output that holds more than one number its rows are pulled back together, as one matrix.
The way back follows Griewank & Walther, *Evaluating Derivatives*, section 3.2: contributions to the cotangent
of a value that is used more than once are added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array, Shape
from adcli.derivation import Sink
from adcli.engines.reverse_steps import Recorder
from adcli.engines.structure import (
    Reader,
    Result,
    Structure,
    check_size,
    evaluate,
    mask_through,
    named,
    scaled_where,
    structure,
)
from adcli.primitives import RULES, Rules
from adcli.primitives.base import Spread
from adcli.trace import Trace


class Pulled(NamedTuple):
    """Which VJP a pull is: of ``node`` for ``operand``, reading ``reads``; its slope where it is diagonal."""

    node: str
    operand: str
    reads: tuple[str, ...]
    slope: Callable[..., Array] | None
    slope_read: Reader
    spread: Spread | None


class Pull(NamedTuple):
    """One VJP: ``cotangents[argument] += vjp(cotangents[out], *read(values))``."""

    vjp: Callable[..., Array]
    out: int
    read: Reader
    argument: int
    last_of_node: bool
    about: Pulled


class Plan(NamedTuple):
    """What a run does, worked out once for a trace, the names asked for and a table of rules."""

    structure: Structure
    seed: Array
    pulls: list[Pull]
    wanted: list[tuple[str, int, tuple[int, ...]]]
    stored: tuple[str, ...]


def plan(trace: Trace, wrt: Sequence[str], rules: Rules = RULES) -> Plan:
    """The VJPs that the gradients of ``wrt`` need, in the order of the way back.

    Raises:
        AdcliError: the Jacobians would hold more numbers than a machine can.
    """
    base = structure(trace, wrt, rules)
    shapes, leaves = trace.shapes, trace.leaves
    slots, flows = base.slots, base.flows
    inner = flows - set(wrt)
    pulls: list[Pull] = []
    read: set[str] = set()
    for index in range(len(trace.nodes) - 1, -1, -1):
        node, primitive = trace.nodes[index], base.primitives[index]
        if node.name not in flows:
            continue
        of_node = []
        for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
            if operand not in flows or not isinstance(operand, str):
                continue
            partial = primitive.partials[argument]
            place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
            reads = tuple(name for r in partial.vjp_reads if isinstance(name := place[r], str))
            read.update(reads)
            slope_read = base.reader(node, primitive, partial.jvp_reads)
            about = Pulled(node.name, operand, reads, partial.slope, slope_read, partial.spread)
            read_vjp = base.reader(node, primitive, partial.vjp_reads)
            of_node.append(Pull(partial.vjp, slots[node.name], read_vjp, slots[operand], False, about))
        of_node.sort(key=lambda pull: pull.about.operand not in leaves)  # as the lecture: parameters first
        if of_node:
            of_node[-1] = of_node[-1]._replace(last_of_node=node.name in inner)
            pulls += of_node
    given = [*trace.inputs, *(node.name for node in trace.nodes)]
    rows = math.prod(shapes[trace.output])
    largest = max((math.prod(shapes[name]) for name in flows), default=0)
    check_size(trace, rows * largest if rows > 1 else 0, f"the cotangents of {trace.output}")
    seed = np.zeros(()) if not flows else identity(shapes[trace.output])
    wanted = [(name, slots[name], _gradient_shape(shapes[name], shapes[trace.output])) for name in wrt]
    return Plan(base, seed, pulls, wanted, tuple(name for name in given if name in read))


def run(plan: Plan, sink: Sink | None = None, careful: bool = False) -> Result:
    """Values and gradients. With ``sink``, every step is told to it in the order in which it is done.

    ``careful`` keeps zeros that the structure forces apart from computed ones: slower, and of use only
    where a derivative is not finite.
    """
    base = plan.structure
    values = evaluate(base)
    recorder = Recorder(base, [pull.about for pull in plan.pulls], values, sink) if sink else None
    masks = {base.slots[base.trace.output]: plan.seed != 0.0} if careful else None
    cotangents: list[Any] = [None] * len(values)
    cotangents[base.slots[base.trace.output]] = plan.seed
    for pull in plan.pulls:
        vjp, out, read, argument, last_of_node, about = pull
        contribution = vjp(cotangents[out], *read(values))
        if masks is not None:
            contribution = _carefully(pull, contribution, cotangents[out], masks, values)
        before = cotangents[argument]
        cotangents[argument] = contribution if before is None else accumulate(before, contribution)
        if recorder is not None:
            recorder.pulled(about, vjp, read, cotangents[out], contribution, before, cotangents[argument])
        if last_of_node:
            cotangents[out] = None
    gradients = {
        name: np.zeros(shape) if cotangents[slot] is None else cotangents[slot].reshape(shape)
        for name, slot, shape in plan.wanted
    }
    return Result(named(base, values), gradients, plan.stored)


def _carefully(pull: Pull, contribution: Array, out_bar: Array, masks: dict[int, Array], values: list[Any]) -> Array:
    """The contribution of a pull with its structural zeros as zeros; notes where it can be other than zero."""
    mask = masks[pull.out]
    slope, spread = pull.about.slope, pull.about.spread
    diagonal = slope is not None and (spread is not None or out_bar.shape == contribution.shape)
    after = mask if diagonal else mask_through(pull.vjp, mask, pull.read(values))
    if slope is not None and diagonal:
        contribution = scaled_where(mask, out_bar, slope(*pull.about.slope_read(values)), 0)
        if spread is not None:
            contribution, after = spread.add_up(contribution), spread.add_up(mask.astype(float)) != 0.0
    masks[pull.argument] = after | masks[pull.argument] if pull.argument in masks else after
    return contribution


def accumulate(before: Array, contribution: Array) -> Array:
    """Adjoints add up where a value is used more than once."""
    return before + contribution


def identity(shape: tuple[int, ...]) -> Array:
    """The cotangent to begin with: 1, or a row for each entry of the output on a leading axis."""
    size = math.prod(shape)
    if shape == ():
        return np.float64(1.0)  # type: ignore[return-value]  # a number is faster than an array without axes
    return np.ones(shape) if size == 1 else np.eye(size).reshape(size, *shape)


def _gradient_shape(shape: Shape, output: Shape) -> Shape:
    """A gradient has the shape of its name; a Jacobian is output × name."""
    rows = math.prod(output)
    return shape if rows == 1 else (rows, math.prod(shape))
