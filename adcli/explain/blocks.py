"""A deck of slides as data: no prose of its own, no format, no mode of differentiation.

Where things sit: a header (mode, position, title, sentence), the strip over the full width, the stage
(left, wide) beside the side column (tracker, worked entry), the storage row at the foot.

*Phases.* A slide reveals itself in phases 0, 1, … ``last_phase``. What has phase 0 stands from the start.
A format that reveals nothing (text, Markdown, print) shows the last phase. Things keep their place:
what is not revealed yet leaves its space empty.

*Names and titles* come from a spec and are untrusted: a renderer escapes every ``str``.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

from adcli.derivation import Step
from adcli.explain.maths import Expression, Name, Role


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


# --- words -----------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """A run of prose."""

    text: str
    strong: bool = False
    muted: bool = False


Runs: TypeAlias = tuple[Words | Expression, ...]


class Style(Enum):
    """What a paragraph is for."""

    PROSE = "prose"
    ASIDE = "aside"
    WARNING = "warning"
    CHECK = "check"


class Text(NamedTuple):
    """A paragraph. ``head`` is set in bold before it; a CHECK has a ✓, a WARNING a ⚠ before it, an ASIDE is muted."""

    runs: Runs
    style: Style = Style.PROSE
    head: str = ""
    phase: int = 0
    role: Role = Role.PLAIN


# --- formulas --------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """``= expression``: one piece of a line, revealed in its phase. ``sign`` is "", =, ←, ≈ or +=."""

    sign: str
    expression: Expression
    phase: int = 0


class Formula(NamedTuple):
    """One line: ``left`` and parts that appear from left to right and stay (rule → numbers → result).

    Attributes:
        label: a small word at the left (value, update, start), with a bar in the colour of ``role``.
        reads: values that the line reads, shown as a small box at the right end.
        done: a ✓ closes it: a gradient is finished.
        aside: a remark beside the line, where there is room.
    """

    left: Expression
    parts: tuple[Part, ...]
    label: str = ""
    role: Role = Role.PLAIN
    reads: tuple[Name, ...] = ()
    done: bool = False
    aside: Runs = ()
    phase: int = 0


class Group(NamedTuple):
    """Formulas that belong together, with a bar and a label beside them (f₃ and ◂ or ✓ by its progress).

    ``spare``: the slide before has told it; left out where there is no room.
    """

    label: Runs
    formulas: tuple[Formula, ...]
    progress: Progress = PLAIN
    role: Role = Role.PLAIN
    spare: bool = False


class Work(NamedTuple):
    """One entry worked by hand: a head (``One entry, by hand``), its line (2·2 + 1·1 = 5), and what it means."""

    head: str
    line: Expression
    meaning: Runs = ()
    phase: int = 0
    role: Role = Role.PLAIN


# --- tables, code, storage -------------------------------------------------------------------------------------


class Column(NamedTuple):
    head: Runs
    right: bool = False


class Row(NamedTuple):
    """``progress``: now is tinted (reverse video), done has a ✓, to come is muted. ``rule``: a line above it."""

    cells: tuple[Runs, ...]
    progress: Progress = PLAIN
    phase: int = 0
    rule: bool = False


class Table(NamedTuple):
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    phase: int = 0


class Line(NamedTuple):
    text: str
    progress: Progress = PLAIN
    aside: str = ""


class Code(NamedTuple):
    """Lines of a program, in a typewriter face."""

    lines: tuple[Line, ...]
    phase: int = 0


class Slot(NamedTuple):
    """A place of the storage: a name, its numbers where they are short, its shape; its state decides the look."""

    name: Name
    value: Expression | None
    shape: str
    progress: Progress
    role: Role = Role.VALUE
    note: str = ""


class Meter(NamedTuple):
    """A bar of ``now`` in ``most`` with words beside it; until phase ``since`` the meter ``before`` stands there."""

    now: float
    most: float
    text: Runs
    since: int = 0
    before: Meter | None = None


class Storage(NamedTuple):
    """The row at the foot: what is held in memory. ``facts`` stand at the right (multiplications of this step)."""

    label: str
    slots: tuple[Slot, ...]
    meter: Meter | None = None
    facts: Runs = ()


# --- pictures --------------------------------------------------------------------------------------------------


class Pill(NamedTuple):
    """A value on the wire: a round pill with its name and its numbers (None: not known yet). While its state is
    *to come* it is drawn dashed and without its numbers.

    ``below`` hangs under it (the cotangent ◂ [8 6]); ``times`` n shows a batch (``2 ×``).
    """

    name: Name
    value: Expression | None
    shape: str
    progress: Progress = PLAIN
    below: Late | None = None
    times: int = 0


class Box(NamedTuple):
    """A primitive in the wire, a box with its short name (f₃, relu, loss).

    ``joined`` false: it doesn't read the pill before it, so no line leads there (a ``Skip`` says what it reads).
    """

    label: Runs
    progress: Progress = PLAIN
    joined: bool = True


class Gap(NamedTuple):
    """``left_out`` primitives are not drawn: ⋯ 17 ⋯."""

    left_out: int


class ParameterBox(NamedTuple):
    """A square box under the wire with a stem to each primitive (an index of ``wire``) that uses it."""

    name: Name
    shape: str
    uses: tuple[int, ...]
    progress: Progress = PLAIN
    value: Expression | None = None


class Skip(NamedTuple):
    """An arc from a value to a primitive that is not its neighbour (indices of ``wire``)."""

    source: int
    target: int
    progress: Progress = PLAIN


class Direction(Enum):
    """Which way the arrows point: values run FORWARD, cotangents run BACK."""

    FORWARD = "forward"
    BACK = "back"


class Network(NamedTuple):
    """The evaluation trace as a strip: pills and boxes in turn, parameters below.

    ``role`` colours what is now; ``large``: as a picture of its own on the stage, parameters with their numbers.
    ``alt`` says in words what it shows.
    """

    wire: tuple[Pill | Box | Gap, ...]
    parameters: tuple[ParameterBox, ...]
    skips: tuple[Skip, ...] = ()
    direction: Direction = Direction.FORWARD
    role: Role = Role.VALUE
    large: bool = False
    alt: str = ""


class Vertex(NamedTuple):
    """A node of a program: a box with its name and two compartments, data | grad; ``op`` in a circle before it.

    ``column`` and ``row`` place it (columns run with the values, rows from the top; row may be x.5).
    ``leaf``: square box; otherwise round. ``output``: drawn doubled. ``grad`` None: 0 so far or not yet known.
    """

    name: Name
    op: str
    data: Late | None
    grad: Late | None
    column: int
    row: float
    leaf: bool = False
    output: bool = False
    progress: Progress = PLAIN


class Edge(NamedTuple):
    """From vertex ``source`` to vertex ``target`` (indices) along the values; ``label`` stands on it."""

    source: int
    target: int
    label: Late | None = None
    progress: Progress = PLAIN


class Graph(NamedTuple):
    """A program as a graph. BACK: arrows point from target to source. ``heads``: the words data and grad."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    direction: Direction = Direction.FORWARD
    heads: tuple[str, str] = ("data", "grad")
    alt: str = ""


class Factor(NamedTuple):
    """A Jacobian of a chain, at its ``column``: equal factors of several rows share the column."""

    expression: Expression
    column: int
    progress: Progress = PLAIN


class Chain(NamedTuple):
    """A row of the tracker: left = factors, and where so far they are multiplied, ``result`` over ``span`` columns.

    ``plus``: this row is another path to the same name, and is added to the one above. ``span`` is first and
    last column of what ``result`` stands for; None: none yet. ``progress`` DONE: ✓ at the end.
    """

    left: Expression
    factors: tuple[Factor, ...]
    result: Expression | None = None
    span: tuple[int, int] | None = None
    progress: Progress = PLAIN
    plus: bool = False


class Tracker(NamedTuple):
    """The chain rule: how much of it is done. Done factors are underlined and ticked, now boxed, to come dotted.

    ``direction`` None: nothing is multiplied in a direction, and all factors are plain.
    """

    caption: str
    chains: tuple[Chain, ...]
    columns: int
    direction: Direction | None = Direction.FORWARD
    role: Role = Role.TANGENT
    large: bool = False
    left_out: Runs = ()


class Bar(NamedTuple):
    label: Runs
    value: float
    text: str
    role: Role = Role.PLAIN
    progress: Progress = PLAIN


class Bars(NamedTuple):
    """Horizontal bars from 0; ``log``: their lengths are logarithms."""

    caption: str
    bars: tuple[Bar, ...]
    log: bool = False
    phase: int = 0
    alt: str = ""


class Series(NamedTuple):
    """Points of a plot; ``shape`` is circle, triangle or diamond, and tells series apart without colour."""

    name: str
    shape: str
    points: tuple[tuple[float, float], ...]
    role: Role = Role.PLAIN


class Plot(NamedTuple):
    """A plot, both axes logarithmic unless ``linear_x``; ``falling_x``: x falls from left to right.

    ``marker`` is a dotted vertical line with its words; below ``floor`` nothing can be seen in float64 (a band).
    """

    x_label: str
    y_label: str
    series: tuple[Series, ...]
    marker: tuple[float, str] | None = None
    floor: tuple[float, str] | None = None
    falling_x: bool = False
    linear_x: bool = False
    phase: int = 0
    alt: str = ""


Block: TypeAlias = Text | Formula | Group | Work | Table | Code | Network | Graph | Tracker | Bars | Plot


# --- the deck --------------------------------------------------------------------------------------------------


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
