"""Reverse mode: one forward pass that stores, then one cotangent pulled back through the VJPs.

For an output that holds more than one number its rows are pulled back together, as one matrix.
The way back follows Griewank & Walther, *Evaluating Derivatives*, section 3.2: contributions to the cotangent
of a value that is used more than once are added.

A run goes by moves: some steps are evaluated, then the VJPs of some follow. Without checkpoints one move does all
of it, and every value stays. With a schedule there are many, and what it doesn't keep is let go and computed again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Sink
from adcli.engines.reverse_plan import Plan, Pull, checkpointed, plan
from adcli.engines.reverse_steps import Recorder
from adcli.engines.structure import Result, evaluate_all, mask_through, named, scaled_where

__all__ = ["Plan", "Pull", "checkpointed", "plan", "run"]


def run(plan: Plan, sink: Sink | None = None, careful: bool = False) -> Result:
    """Values and gradients. With ``sink``, every step is told to it in the order in which it is done.

    With a schedule of checkpoints only the values that are left at the end, leaves and output, are in the result.
    ``careful`` keeps zeros that the structure forces apart from computed ones: slower, and of use only
    where a derivative is not finite.
    """
    base = plan.structure
    output = base.slots[base.trace.output]
    values = base.start.copy()
    cotangents: list[Any] = [None] * len(values)
    cotangents[output] = plan.seed
    masks = {output: plan.seed != 0.0} if careful else None
    recorder = Recorder(plan, values, sink) if sink else None
    for begin, end, back in plan.moves:
        if not back:
            _advance(plan, begin, end, values, recorder)
            continue
        evaluate_all(base.calls[begin:end], values)
        if recorder is not None:
            recorder.ready(begin, end)
        _pull_back(plan.pulls[plan.pulled[back] : plan.pulled[begin]], values, cotangents, masks, recorder)
        if plan.schedule is not None:
            gone = (step for step in range(begin, back) if base.calls[step].out != output)
            _let_go(plan, gone, values, recorder)
    gradients = {
        name: np.zeros(shape) if cotangents[slot] is None else cotangents[slot].reshape(shape)
        for name, slot, shape in plan.wanted
    }
    left = named(base, values)
    if plan.schedule is not None:
        left = {name: value for name, value in left.items() if value is not None}
    return Result(left, gradients, plan.stored, plan.schedule, cotangent=plan.cotangent)


def _advance(plan: Plan, begin: int, end: int, values: list[Any], recorder: Recorder | None) -> None:
    """Evaluate the steps from ``begin`` to before ``end``; let go of each value but the last once it has been read."""
    calls, last = plan.structure.calls, end - 1
    for step in range(begin, end):
        evaluate, read, out = calls[step]
        values[out] = evaluate(*read(values))
        if recorder is not None:
            recorder.evaluated(step, held=step == last)
        _let_go(plan, (gone for gone in plan.dead[step] if begin <= gone < last), values, recorder)


def _let_go(plan: Plan, steps: Iterable[int], values: list[Any], recorder: Recorder | None) -> None:
    for step in steps:
        if recorder is not None:
            recorder.let_go(step)
        values[plan.structure.calls[step].out] = None


def _pull_back(
    pulls: list[Pull],
    values: list[Any],
    cotangents: list[Any],
    masks: dict[int, Array] | None,
    recorder: Recorder | None,
) -> None:
    for pull in pulls:
        vjp, out, read, argument, last_of_node, lets_go, _, _, _ = pull
        contribution = vjp(cotangents[out], *read(values))
        if masks is not None:
            contribution = _carefully(pull, contribution, cotangents[out], masks, values)
        before = cotangents[argument]
        cotangents[argument] = contribution if before is None else accumulate(before, contribution)
        if recorder is not None:
            recorder.pulled(pull.about, vjp, read, cotangents[out], contribution, before, cotangents[argument])
        if last_of_node:
            cotangents[out] = None
        if lets_go and masks is None:  # a slope may read what no VJP reads any more
            for slot in lets_go:
                values[slot] = None


def _carefully(pull: Pull, contribution: Array, out_bar: Array, masks: dict[int, Array], values: list[Any]) -> Array:
    """The contribution of a pull with its structural zeros as zeros; notes where it can be other than zero."""
    mask = masks[pull.out]
    slope, spread = pull.slope(values), pull.edge.partial.spread
    diagonal = slope is not None and (spread is not None or out_bar.shape == contribution.shape)
    if diagonal:
        after = mask
    elif slope is not None:  # rows that are summed: whatever the slope is here, each of their entries is reached
        after = np.broadcast_to(mask.reshape(mask.shape + (1,) * (contribution.ndim - mask.ndim)), contribution.shape)
    else:
        after = mask_through(pull.vjp, mask, pull.read(values))
    if diagonal:
        contribution = scaled_where(mask, out_bar, slope, 0)
        if spread is not None:
            contribution, after = spread.add_up(contribution), spread.add_up(mask.astype(float)) != 0.0
    masks[pull.argument] = after | masks[pull.argument] if pull.argument in masks else after
    return contribution


def accumulate(before: Array, contribution: Array) -> Array:
    """Adjoints add up where a value is used more than once."""
    return before + contribution
