"""Which values reverse mode keeps, and which it computes again: pure planning, before anything is computed.

The steps up to the output are cut into blocks, at the values that can be checkpoints. A chain of n primitives
has n blocks. For a number of slots the schedule is the binomial one (Griewank & Walther, *Algorithm 799: Revolve*,
2000), which evaluates the fewest primitives of all; here the value in hand takes no slot, and the last
primitive is evaluated once, from the value before it.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from adcli.errors import AdcliError, Problem, nearest, quoted
from adcli.trace import Trace

_SLOTS = re.compile(r"[0-9]+")
_LONGEST_NUMBER = 9


class Chain(NamedTuple):
    """The steps of ``trace`` up to its output as blocks.

    ``ends[i]`` is how many steps the first i blocks have, so that step ``ends[i] - 1`` (from 0) makes the value
    at the end of block i: a checkpoint, or the output. ``ends[0]`` is 0.
    """

    trace: Trace
    ends: tuple[int, ...]

    @property
    def steps(self) -> int:
        return self.ends[-1]

    @property
    def blocks(self) -> int:
        return len(self.ends) - 1

    def name(self, block: int) -> str:
        """The value at the end of a block (from 1)."""
        return self.trace.nodes[self.ends[block] - 1].name


class Move(NamedTuple):
    """Evaluate the steps from ``begin`` to before ``end``; steps count from 0.

    Where ``back`` is 0, all of their values but the last are let go. Otherwise they are held, the VJPs of the steps
    from ``begin`` to before ``back`` follow, and the values of these steps are let go.
    """

    begin: int
    end: int
    back: int = 0


class Schedule(NamedTuple):
    """How a run with checkpoints goes.

    Attributes:
        kept: what the first pass leaves stored, in the order of the trace.
        evaluations: primitives evaluated, the first pass included.
        steps: the primitives of the trace up to the output.
        moves: what to do, in order.
    """

    kept: tuple[str, ...]
    evaluations: int
    steps: int
    moves: tuple[Move, ...]

    @property
    def ratio(self) -> float:
        """Evaluations over those of a run without checkpoints."""
        return self.evaluations / self.steps if self.steps else 1.0

    @property
    def times(self) -> list[int]:
        """How many times each step is evaluated."""
        changes = [0] * (self.steps + 1)
        for move in self.moves:
            changes[move.begin] += 1
            changes[move.end] -= 1
        times = []
        now = 0
        for change in changes[:-1]:
            now += change
            times.append(now)
        return times


def chain_of(trace: Trace) -> Chain:
    """The blocks of a trace: a block ends at a value that no later step reads past."""
    places = {node.name: step for step, node in enumerate(trace.nodes)}
    steps = places.get(trace.output, -1) + 1
    earliest = steps  # that any later step reads
    ends = [steps]
    for step in range(steps - 1, 0, -1):
        earliest = min([earliest, *(places[name] for name in trace.nodes[step].operands if name in places)])
        if earliest >= step - 1:
            ends.append(step)
    return Chain(trace, (0, *reversed(ends)) if steps else (0,))


def planned(trace: Trace, text: str) -> Schedule:
    """The schedule that ``--checkpoint TEXT`` asks for: names with commas, ``sqrt`` or a number of slots.

    Raises:
        AdcliError: it is none of these, or a name can't be a checkpoint.
    """
    chain = chain_of(trace)
    text = text.strip(" ")
    if text == "sqrt":
        return by_sqrt(chain)
    if _SLOTS.fullmatch(text):
        return by_slots(chain, int(text) if len(text) <= _LONGEST_NUMBER else chain.blocks)
    names = [name.strip() for name in text.split(",")]
    made = {node.name for node in trace.nodes}
    if text.lower() == "sqrt" and text not in made:
        raise AdcliError(Problem(f"--checkpoint: there is no {quoted(text)}", None, "did you mean `sqrt`?"))
    if "sqrt" in names and "sqrt" not in made:
        raise AdcliError("--checkpoint: sqrt stands alone, without names")
    if not all(re.match(r"[A-Za-z]", name) for name in names):
        hint = "write names with commas between them, sqrt, or a number of slots"
        raise AdcliError(Problem(f"--checkpoint: {quoted(text)} is no checkpointing", None, hint))
    return by_names(chain, names)


def by_names(chain: Chain, names: Iterable[str]) -> Schedule:
    """Keep the values ``names``; what lies between is computed once more, and held until its VJPs are done.

    Raises:
        AdcliError: a name is unknown, stands twice or can't be a checkpoint; it says why.
    """
    places = {node.name: step for step, node in enumerate(chain.trace.nodes)}
    kept: set[int] = set()
    for name in names:
        if name not in places:
            raise AdcliError(_no_value(chain.trace, name))
        step = places[name]
        if step in kept:
            raise AdcliError(f"--checkpoint: {name} stands there twice")
        kept.add(step)
        if step >= chain.steps:
            raise AdcliError(f"--checkpoint: the output {chain.trace.output} doesn't need {name}, which comes after it")
        if chain.ends[bisect_left(chain.ends, step + 1)] != step + 1:
            raise AdcliError(_read_across(chain.trace, step))
    return _keeping(chain, sorted(kept))


def by_sqrt(chain: Chain) -> Schedule:
    """Keep the values after ⌊i·m/(k+1)⌋ of m blocks, i = 1 … k, with k = round(√m)."""
    blocks = chain.blocks
    count = round(math.sqrt(blocks))
    ends = (chain.ends[i * blocks // (count + 1)] for i in range(1, count + 1))
    return _keeping(chain, [end - 1 for end in ends if end])


def by_slots(chain: Chain, slots: int) -> Schedule:
    """Keep at most ``slots`` values at any moment, and evaluate as few primitives as then possible."""
    ends, last = chain.ends, chain.blocks
    kept = [0]
    first_kept: list[int] | None = None
    moves = []
    for block in range(last, 0, -1):
        here = kept[-1]
        while here < block - 1:
            ahead = here + first_checkpoint(block - here, slots + 1 - len(kept))
            moves.append(Move(ends[here], ends[ahead]))
            here = ahead
            if here < block - 1:
                kept.append(here)
        if first_kept is None:
            first_kept = kept[1:]
        end = ends[block]
        moves.append(Move(ends[block - 1], end if block == last else end - 1, end))
        if kept[-1] == block - 1 > 0:
            kept.pop()
    return _schedule(chain, [ends[block] - 1 for block in first_kept or ()], moves)


def first_checkpoint(blocks: int, slots: int) -> int:
    """The best place, of equal ones the earliest, for the first checkpoint among ``blocks`` blocks (at least 2).

    With c = slots + 1 and β(c, r) = (c + r choose c), r is the least number with blocks ≤ β(c, r). A place k is best
    where β(c, r - 2) ≤ k ≤ β(c, r - 1) and β(c - 1, r - 1) ≤ blocks - k ≤ β(c - 1, r).
    """
    if slots == 0:
        return blocks - 1
    c = min(slots, blocks) + 1
    r, beta, one_less, two_less = 0, 1, 0, 0
    while beta < blocks:
        r += 1
        beta, one_less, two_less = beta * (c + r) // r, beta, one_less
    return max(1, two_less, blocks - (beta - one_less))


def _keeping(chain: Chain, kept: Sequence[int]) -> Schedule:
    """The first pass to the end, then gap by gap from the last; ``kept`` are steps in order."""
    borders = sorted({0, *(step + 1 for step in kept), chain.steps})
    gaps = list(pairwise(borders))
    forward = [Move(begin, end) for begin, end in gaps]
    back = [Move(begin, end - 1, end) for begin, end in reversed(gaps)]
    return _schedule(chain, kept, [*forward, *back])


def _schedule(chain: Chain, kept: Sequence[int], moves: Sequence[Move]) -> Schedule:
    names = tuple(chain.trace.nodes[step].name for step in kept)
    return Schedule(names, sum(move.end - move.begin for move in moves), chain.steps, tuple(moves))


def _no_value(trace: Trace, name: str) -> Problem:
    """Why ``name``, which no step makes, can't be a checkpoint."""
    for kind, leaves in (("input", trace.inputs), ("target", trace.targets), ("parameter", trace.parameters)):
        if name in leaves:
            return Problem(f"--checkpoint: {name} is {'an' if kind == 'input' else 'a'} {kind}, and always at hand")
    names = [node.name for node in trace.nodes]
    hint = nearest(name, names) or f"one of {', '.join(names[:12])}"
    return Problem(f"--checkpoint: there is no {quoted(name)}", None, hint)


def _read_across(trace: Trace, step: int) -> Problem:
    """Which later step reads a value before that of ``step``."""
    before = {node.name for node in trace.nodes[:step]}
    for node in trace.nodes[step + 1 :]:
        for operand in node.operands:
            if operand in before:
                name = trace.nodes[step].name
                return Problem(
                    f"--checkpoint: {name} can't be a checkpoint: {node.name} reads {operand}, from before it"
                )
    raise AssertionError("a value that nothing reads across can be a checkpoint")
