"""The numbers of a batch's examples, before they are added up or their mean is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand
from adcli.primitives import Primitive


def each_example(name: str, primitive: Primitive, operands: Sequence[Operand]) -> Operand | None:
    """``name_i``, a number for each example, of which the value ``name`` is made; None where it is not made so."""
    reduction = primitive.reduction
    if reduction is None:
        return None

    def array() -> Array:
        return np.asarray(reduction.each.evaluate(*(operand.array() for operand in operands)))

    return Operand(f"{name}_i", operands[0].shape[:-1], array)
