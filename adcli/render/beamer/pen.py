"""Words and formulas of a slide for pdflatex: coloured by role, in plain ASCII, and nothing that obeys a spec."""

from __future__ import annotations

import re
from typing import NamedTuple

from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Labels, Numbers
from adcli.explain.maths import Expression, Matrix, Name, Partial, Role
from adcli.explain.progress import Progress, State
from adcli.render.latex import latex_symbol, latex_text
from adcli.render.maths import Ink, name_latex, sign_latex, to_latex
from adcli.render.shown import Cell, shape_label

FRACTION = re.compile(r"\\tfrac\{(\d+)\}\{(\d+)\}")
LONG_NAME = 24  # letters: beyond it a name among words becomes smaller where its column is narrow
LONGEST_HEAD = 8  # letters of a name over a column
CHECKMARK = r"{\checkmark}"
TICK = r"\adtick{}"


def prose(text: str) -> str:
    """Words of a story, or untrusted text, for text mode."""
    return rf"${CHECKMARK}$".join(map(latex_text, text.split("✓")))


class Pen(NamedTuple):
    """What writing needs of a deck."""

    numbers: Numbers
    labels: Labels
    rows: int = 6
    columns: int = 8

    def maths(self, expression: Expression) -> str:
        """``expression`` for math mode; of a matrix at most ``rows`` × ``columns`` entries."""
        return ascii_maths(to_latex(expression, self.numbers, INK._replace(rows=self.rows, columns=self.columns)))

    def word(self, expression: Expression) -> str:
        """``expression`` for math mode, where it stands among words or in a small box."""
        return ascii_maths(to_latex(expression, self.numbers, WORD_INK))

    def signed(self, sign: str, expression: Expression) -> str:
        """``= expression``."""
        return f"{sign_latex(sign, expression, self.numbers)} {self.maths(expression)}"

    def runs(self, runs: Runs) -> str:
        """Prose with expressions in it, for text mode."""
        return "".join(self._run(run) for run in runs)

    def _run(self, run: Words | Expression) -> str:
        if isinstance(run, Words):
            text = prose(run.text)
            text = rf"\textbf{{{text}}}" if run.strong else text
            return rf"\admute{{{text}}}" if run.muted else text
        latex = f"${ascii_maths(_on_one_line(run)) if isinstance(run, Partial) else self.word(run)}$"
        return rf"\adfit{{\hsize}}{{9mm}}{{{latex}}}" if _letters(run) > LONG_NAME else latex

    def state(self, state: State) -> str:
        return prose(self.labels.states[state])


def from_phase(phase: int, latex: str) -> str:
    r"""``latex``, revealed in ``phase``; until then its place is empty."""
    return rf"\uncover<{phase + 1}->{{{latex}}}" if phase else latex


def once(box: str, latex: str) -> str:
    """``latex``, which pdflatex sets once for all pages of a slide, if nothing in it changes."""
    changes = any(command in latex for command in (r"\alt<", r"\uncover<", r"\adeither{"))
    return latex if changes else rf"\adonce{{\ad{box}box}}{{{latex}}}"


def changing(progress: Progress, before: str, after: str) -> str:
    """``before`` until the phase in which the state changes."""
    return rf"\alt<{progress.since + 1}->{{{after}}}{{{before}}}" if progress.since and before != after else after


def late(since: int, after: str, before: str | None) -> str:
    """``after`` from a phase on; until then ``before``, or an empty place."""
    return rf"\adeither{{{since + 1}}}{{{after}}}{{{before or ''}}}" if since else after


def states(progress: Progress) -> tuple[State, State]:
    """The state at first, and the one at last."""
    return (progress.before or progress.state) if progress.since else progress.state, progress.state


def coloured(latex: str, role: Role) -> str:
    return latex if role is Role.PLAIN else rf"{{\color{{{role.name}}}{latex}}}"


def ascii_maths(latex: str) -> str:
    """``latex`` with a command for each character that is not ASCII."""
    latex = latex.replace("✓", CHECKMARK)
    return "".join(character if " " <= character <= "~" else latex_symbol(character) for character in latex)


def _letters(e: Expression) -> int:
    if isinstance(e, Partial):
        return _letters(e.of) + _letters(e.by)
    return len(e.base) + len(e.sub) if isinstance(e, Name) else 0


def _on_one_line(partial: Partial) -> str:
    names = (partial.of, partial.by)
    top, bottom = (name_latex(n if partial.role is Role.PLAIN else n._replace(role=partial.role)) for n in names)
    roles = [n.role if partial.role is Role.PLAIN else partial.role for n in names]
    return "/".join(coloured(rf"\partial {name}", role) for name, role in zip((top, bottom), roles, strict=True))


def _cell(latex: str, cell: Cell, role: Role) -> str:
    latex = FRACTION.sub(r"\1/\2", latex)
    latex = rf"{{\color{{{role.name}-faint}}{latex}}}" if cell.forced else coloured(latex, role)
    return rf"\adtint{{{role.name}}}{{{latex}}}" if cell.tinted else latex


def _bare_cell(latex: str, cell: Cell, role: Role) -> str:
    return coloured(FRACTION.sub(r"\1/\2", latex), role)


def _matrix(latex: str, matrix: Matrix) -> str:
    """Brackets in the role's colour, columns to the right where numbers differ in width, heads and shape."""
    if "." in latex or "-" in latex:
        latex = latex.replace(r"\begin{bmatrix}", r"\begin{bmatrix*}[r]").replace(r"\end{bmatrix}", r"\end{bmatrix*}")
    if max(map(_letters, matrix.heads), default=LONGEST_HEAD + 1) <= LONGEST_HEAD:
        latex = _headed(latex, matrix.heads)
    if matrix.role is matrix.entries:  # pdflatex takes long for a colour
        latex = re.sub(rf"\{{\\color\{{{matrix.role.name}\}}([^{{}}]*)\}}", r"\1", latex)
    latex = coloured(latex, matrix.role)
    if matrix.new:
        latex = rf"\adnew{{{matrix.role.name}}}{{{latex}}}"
    shape = shape_label(matrix).replace("×", r"\times ")
    return rf"\adshape{{{latex}}}{{{shape}}}" if shape else latex


def _headed(latex: str, heads: tuple[Name, ...]) -> str:
    """Each head over its column, if no column is cut."""
    opening, separator, rest = latex.partition("} ") if "[r]" not in latex else latex.partition("[r] ")
    first, end, others = rest.partition(r" \\ ")
    if not end:
        first, end, others = rest.partition(r" \end")
    cells = first.split(" & ")
    if len(cells) != len(heads):
        return latex
    over = (
        rf"\adover{{{coloured(ascii_maths(name_latex(head)), head.role)}}}{{{cell}}}"
        for head, cell in zip(heads, cells, strict=True)
    )
    return rf"\adheaded{{{opening}{separator}{' & '.join(over)}{end}{others}}}"


def _bare_matrix(latex: str, matrix: Matrix) -> str:
    """A matrix in a line of words: no shape, and one row in brackets as high as its numbers."""
    if matrix.array.shape[0] > 1:
        return coloured(latex, matrix.role)
    row = latex.removeprefix(r"\begin{bmatrix} ").removesuffix(r" \end{bmatrix}")
    between = r"\;"
    return coloured(f"[{row.replace(' & ', between)}]", matrix.role)


INK = Ink(role=coloured, cell=_cell, matrix=_matrix, shapes=False)
WORD_INK = Ink(role=coloured, matrix=_bare_matrix, cell=_bare_cell, shapes=False, rows=3, columns=6)
