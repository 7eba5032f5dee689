"""The kinds of block that a slide is made of, but for drawings: words, formulas, tables, code, the storage row.

Names and titles come from a spec and are untrusted: a renderer escapes every ``str``.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

from adcli.explain.maths import Expression, Name, Role
from adcli.explain.progress import PLAIN, Progress


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
    """A paragraph. ``head`` is set in bold before it; a CHECK has a ✓, a WARNING a ⚠ before it, an ASIDE is muted.

    ``spare``: it may be left away where there is no room.
    """

    runs: Runs
    style: Style = Style.PROSE
    head: str = ""
    phase: int = 0
    role: Role = Role.PLAIN
    spare: bool = False


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
