"""Long formulas of symbolic mode in pieces: together they are the formula, and each is good LaTeX by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcli.arrays import Array
from adcli.cli.options import load_spec, trace_of
from adcli.engines.formulas import Entry
from adcli.engines.run import differentiate
from adcli.notation.broken import Piece, pieces
from adcli.notation.formulas import label
from adcli.trace import Trace

SPECS = Path(__file__).parent.parent / "specs"
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉.", "0123456789_")
NAMES = ("forward-mode", "xor", "skip")


def _trace(name: str) -> Trace:
    return trace_of(load_spec(str(SPECS / f"{name}.yaml")), ())


def _value(written: list[Piece], numbers: Mapping[str, Array], meanings: list[Entry]) -> float:
    """The pieces' text, read by Python with these numbers."""
    values: dict[str, Any] = {"exp": math.exp, "log": math.log, "tanh": math.tanh}
    for entry in meanings:
        values[label(entry).translate(PLAIN)] = float(np.asarray(numbers[entry.name])[entry.place])
    return float(eval(" ".join(p.text for p in written).translate(PLAIN), {"__builtins__": {}}, values))


@pytest.mark.parametrize("name", NAMES)
def test_the_pieces_together_are_the_derivative(name: str) -> None:
    trace = _trace(name)
    found, _ = differentiate(trace, "symbolic", tuple(trace.parameters))
    reverse, _ = differentiate(trace, "reverse", tuple(trace.parameters))
    assert found.formulas is not None
    entries = [m for m in found.formulas.meanings.values() if isinstance(m, Entry)]
    for of, array in found.formulas.gradients.items():
        written = pieces(found.formulas, array.flat[0])
        expected = float(reverse.gradients[of].flat[0])
        assert _value(written, reverse.values, entries) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_each_piece_is_latex_by_itself_and_brackets_close_in_the_end(name: str) -> None:
    trace = _trace(name)
    found, _ = differentiate(trace, "symbolic", tuple(trace.parameters))
    assert found.formulas is not None
    for array in found.formulas.gradients.values():
        written = pieces(found.formulas, array.flat[0])
        assert all(piece.latex.replace(r"\{", "").count("{") == piece.latex.count("}") for piece in written)
        assert all(piece.latex.count(r"\left") == piece.latex.count(r"\right") for piece in written)
        assert all(piece.text.startswith(("+ ", "- ")) for piece in written[1:])
        whole = "".join(piece.latex for piece in written)
        assert whole.count("(") == whole.count(")")
