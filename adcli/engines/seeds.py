"""The directions in which forward mode begins, and the Jacobian that they make at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import Array


class Seed(NamedTuple):
    """Some directions of one name: all of its entries, or the factor A of a weight used at one node.

    ``factor`` is the slot of x in A ⊗ xᵀ, or None; ``transposed``: the weight is in × out.
    """

    name: str
    directions: int
    factor: int | None = None
    transposed: bool = False


def places_of(seeds: Sequence[int], all_seeds: list[Seed]) -> dict[int, slice]:
    """Where the directions of each seed stand on the leading axis of a tangent."""
    places = {}
    begin = 0
    for seed in seeds:
        end = begin + all_seeds[seed].directions
        places[seed] = slice(begin, end)
        begin = end
    return places


def written_out(directions: Array, seed: Seed, values: list[Any], by_rows: bool) -> Array:
    """The Jacobian of one seed, output entries × entries of the name: with a factor A ⊗ xᵀ, otherwise as it is."""
    count = len(directions)
    if seed.factor is None:
        total = np.add.reduce(directions, axis=-1) if by_rows else directions
        return total.reshape(count, -1).T
    x = values[seed.factor]
    product: Array
    if by_rows and x.ndim == 1:  # one x for all rows
        directions = np.add.reduce(directions, axis=-1)
    elif by_rows:
        product = directions @ x
        return product.T if seed.transposed else product
    if x.ndim == 1:
        a = directions.reshape(count, -1).T
    else:
        a = np.moveaxis(directions, 0, -1)  # (examples, outputs of the example, directions)
        x = x[:, None, None, :]
    if seed.transposed:
        product = a[..., None, :] * x[..., :, None] if x.ndim == 1 else a[..., None, :] * x.mT
    else:
        product = a[..., :, None] * x
    return product
