"""How far a thing on a slide is, and from which phase on."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from adcli.explain.maths import Expression


class State(Enum):
    """How far a thing is. *let go*, *not kept*, *never read* and *recomputed* are for slots of the storage."""

    NOW = "now"
    DONE = "done"
    TO_COME = "to come"
    PLAIN = "plain"
    HELD = "held"
    READ_NEXT = "read next"
    LET_GO = "let go"
    NOT_KEPT = "not kept"
    NEVER_READ = "never read"
    RECOMPUTED = "recomputed"
    IN_HAND = "in hand"


class Progress(NamedTuple):
    """A state, and, where it changes on this slide, the phase from which it holds and what held before."""

    state: State = State.PLAIN
    since: int = 0
    before: State | None = None

    def at(self, phase: int) -> State:
        """The state in a phase."""
        return self.state if self.before is None or phase >= self.since else self.before


class Late(NamedTuple):
    """An expression that stands in its place from phase ``since``; until then ``before`` does, if there is one."""

    expression: Expression
    since: int = 0
    before: Expression | None = None


PLAIN = Progress()
NOW = Progress(State.NOW)
DONE = Progress(State.DONE)
TO_COME = Progress(State.TO_COME)
