"""A deck of slides as data: no prose of its own, no format, no mode of differentiation.

Where things sit: a header (mode, position, title, sentence), the strip over the full width, the stage
(left, wide) beside the side column (tracker, worked entry), the storage row at the foot.

*Phases.* A slide reveals itself in phases 0, 1, … ``last_phase``. What has phase 0 stands from the start.
A format that reveals nothing (text, Markdown, print) shows the last phase. Things keep their place:
what is not revealed yet leaves its space empty.

*Names and titles* come from a spec and are untrusted: a renderer escapes every ``str``.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from adcli.derivation import Step
from adcli.explain.blocks import Code, Formula, Group, Runs, Storage, Table, Text, Work
from adcli.explain.drawings import Bars, Graph, Network, Plot, Tracker
from adcli.explain.progress import State

Block: TypeAlias = Text | Formula | Group | Work | Table | Code | Network | Graph | Tracker | Bars | Plot


class Position(NamedTuple):
    """``step 3 of 5`` in words, and as numbers for a row of dashes; none where a slide has several steps."""

    text: str
    step: int = 0
    steps: int = 0


class Slide(NamedTuple):
    """One slide. ``steps`` are the derivation's, for JSON; ``note`` is for the speaker."""

    id: str
    kind: str
    head: str
    title: Runs
    sentence: Runs = ()
    position: Position | None = None
    strip: Network | None = None
    stage: tuple[Block, ...] = ()
    side: tuple[Block, ...] = ()
    storage: Storage | None = None
    note: str = ""
    last_phase: int = 0
    steps: tuple[Step, ...] = ()


class Labels(NamedTuple):
    """The few words that renderers need, in the deck's language. ``bare``: that ∂ is left out for room."""

    states: dict[State, str]
    reads: str
    next: str
    back: str
    quit: str
    note: str
    bare: str


class Numbers(NamedTuple):
    """How numbers are shown: significant digits; as fractions where that is exact and short; ``whole``: of a matrix
    as many as there is room for."""

    digits: int = 4
    fractions: bool = False
    whole: bool = False


class Deck(NamedTuple):
    """All slides. ``title`` is the spec's own or a default, untrusted."""

    title: str
    lang: str
    mode: str
    numbers: Numbers
    labels: Labels
    slides: tuple[Slide, ...]
