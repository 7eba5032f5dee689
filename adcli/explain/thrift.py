"""Of the steps of forward mode only the matrices that a slide can show: the tangents of a wide net fill a machine."""

from __future__ import annotations

import math

import numpy as np

from adcli.arrays import Array
from adcli.derivation import Operand, Sink, Step
from adcli.explain.selection import told_in_full
from adcli.trace import Trace

MOST_TOLD = 1024  # numbers of a matrix that is kept whatever its step
MOST_SHOWN = 2**20  # numbers of a matrix that is kept where its step has a slide
MOST_STEPS = 6  # of a node: those that its slide writes out


class Thrift:
    """A sink that hands on each step with its large matrices left out, unless a slide shows them."""

    def __init__(self, trace: Trace, sink: Sink) -> None:
        places = told_in_full(len(trace.nodes), "normal")
        self.shown = {node.name for index, node in enumerate(trace.nodes) if index in places}
        self.sink = sink
        self.node = ""
        self.number = 0

    def __call__(self, step: Step) -> None:
        if step.kind == "forward":
            self.node, self.number = step.target, 0
        self.number += 1
        written_out = self.number <= MOST_STEPS or step.kind != "tangent.update"
        most = MOST_SHOWN if self.node in self.shown and written_out else MOST_TOLD
        operands = tuple(_kept(operand, most) for operand in step.operands)
        self.sink(step._replace(operands=operands, value=_kept(step.value, most)))


def is_kept(operand: Operand) -> bool:
    """Whether the matrix is there to be shown."""
    return operand.array is not _left_out


def _left_out() -> Array:
    raise ValueError("this matrix was not kept")


def _kept(operand: Operand, most: int) -> Operand:
    """The operand with its matrix made now, so that nothing larger stays alive for its sake."""
    if math.prod(operand.shape) > most:
        return operand._replace(array=_left_out)
    array = np.asarray(operand.array())
    return operand._replace(array=lambda: array)
