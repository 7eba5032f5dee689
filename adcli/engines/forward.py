"""Forward mode: beside every value its tangents, pushed through the JVPs from the inputs to the output.

All tangents of a value stand in one array, a direction on each entry of its leading axis, so that a
primitive pushes them in one call. A name asked for begins as the identity, a direction for each of its
entries. A weight needs fewer: since ∂h/∂W = I ⊗ xᵀ, its tangent is A ⊗ xᵀ with one direction for each
output of its layer; only A is pushed, and the product is written out at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adcli.arrays import Array, Shape
from adcli.derivation import Sink
from adcli.engines.forward_plan import Plan, Push, plan
from adcli.engines.forward_steps import Recorder
from adcli.engines.seeds import Seed, written_out
from adcli.engines.structure import Result, mask_through, named, scaled_where

__all__ = ["plan", "run"]


def run(plan: Plan, sink: Sink | None = None, careful: bool = False) -> Result:
    """Values and gradients. With ``sink``, every step is told to it in the order in which it is done.

    ``careful`` keeps zeros that the structure forces apart from computed ones: slower,
    and of use only where a derivative is not finite.
    """
    base = plan.structure
    values = base.start.copy()
    tangents: dict[int, Array] = dict(plan.start)
    recorder = Recorder(plan, values, sink) if sink else None
    masks: dict[int, Array] | None = {slot: seed != 0.0 for slot, seed in plan.start.items()} if careful else None
    for evaluate, read, out, pushes, into, directions, done in plan.moves:
        values[out] = evaluate(*read(values))
        if pushes:
            if masks is None:
                pieces = [_pushed(push, tangents, values) for push in pushes]
            else:
                pairs = [_pushed_carefully(push, tangents, masks, values) for push in pushes]
                pieces = [piece for piece, _ in pairs]
                masks[out] = _merged([mask.astype(float) for _, mask in pairs], into, directions) != 0.0
            tangents[out] = _merged(pieces, into, directions)
            if recorder is not None:
                recorder.pushed(out, pushes, tangents, pieces)
        elif recorder is not None:
            recorder.evaluated(out)
        for slot in done:
            del tangents[slot]
    tangent = tangents.get(base.slots[base.trace.output])
    if plan.tangents is not None:
        jvp = np.zeros(base.trace.shapes[base.trace.output]) if tangent is None else tangent[0]
        return Result(named(base, values), {}, tangents=plan.tangents, jvp=jvp)
    gradients = {
        name: np.zeros(shape) if tangent is None else _gradient(tangent, own, values, shape, plan.by_rows)
        for name, shape, own in plan.wanted
    }
    return Result(named(base, values), gradients)


def _pushed(push: Push, tangents: dict[int, Array], values: list[Any]) -> Array:
    if push.jvp is None:
        assert push.seed is not None
        return push.seed
    return push.jvp(tangents[push.argument], *push.read(values))


def _pushed_carefully(
    push: Push, tangents: dict[int, Array], masks: dict[int, Array], values: list[Any]
) -> tuple[Array, Array]:
    """The piece of a push, and where it can be other than zero."""
    piece = _pushed(push, tangents, values)
    if push.jvp is None:
        return piece, piece != 0.0
    mask, tangent = masks[push.argument], tangents[push.argument]
    if push.spread is not None:
        mask, tangent = push.spread.repeat(mask), push.spread.repeat(tangent)
    axes = tangent.ndim - piece.ndim
    if push.slope is not None:
        piece = scaled_where(mask, tangent, push.slope(*push.read(values)), axes)
        return piece, np.asarray(mask.any(axis=tuple(range(-axes, 0)))) if axes else mask
    return piece, mask_through(push.jvp, masks[push.argument], push.read(values))


def _merged(pieces: list[Array], into: list[list[tuple[slice, slice]]] | None, directions: int) -> Array:
    """The tangents of a node from those of its arguments: side by side, and added where they share directions."""
    if into is None:
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    merged = np.zeros((directions, *pieces[0].shape[1:]))
    for piece, places in zip(pieces, into, strict=True):
        for source, place in places:
            merged[place] += piece[source]
    return merged


def _gradient(tangent: Array, own: list[tuple[Seed, slice]], values: list[Any], shape: Shape, by_rows: bool) -> Array:
    """The gradient or Jacobian of one name from its directions of the output's tangent."""
    parts = [written_out(tangent[place], seed, values, by_rows) for seed, place in own]
    if not parts:
        return np.zeros(shape)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total.reshape(shape)
