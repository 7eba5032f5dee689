"""The kinds of block that are drawn: the network, a program's graph, the chain rule, bars and plots."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from adcli.explain.blocks import Runs
from adcli.explain.maths import Expression, Name, Role
from adcli.explain.progress import PLAIN, Late, Progress


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
