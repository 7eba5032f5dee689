"""The result of ``adcli grad`` as a small LaTeX document, which compiles as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Result
from adcli.notation.names import latex_name
from adcli.render.latex import MOST_COLUMNS, latex_matrix, latex_text
from adcli.render.style import Style
from adcli.trace import Trace

PREAMBLE = rf"""\documentclass[a4paper]{{article}}
\usepackage{{amsmath}}
\setcounter{{MaxMatrixCols}}{{{MOST_COLUMNS + 1}}}
\setlength{{\textwidth}}{{160mm}}
\setlength{{\oddsidemargin}}{{0mm}}
\setlength{{\parindent}}{{0mm}}
\pagestyle{{empty}}
\begin{{document}}
"""


def document(trace: Trace, result: Result, mode: str, style: Style, updated: Mapping[str, Array] | None) -> str:
    """Title, value of the output, and an equation for each gradient."""
    title = f"\\section*{{\\raggedright {latex_text(trace.title)}}}\n" if trace.title else ""
    return PREAMBLE + title + "\n".join(_paragraphs(trace, result, mode, style, updated)) + "\n\\end{document}\n"


def _paragraphs(
    trace: Trace, result: Result, mode: str, style: Style, updated: Mapping[str, Array] | None
) -> Iterator[str]:
    output = latex_name(trace.output)
    yield "Output:"
    yield _equation(output, result.values[trace.output], style)
    if result.jvp is not None:
        yield from _jvp(trace, result, result.jvp, style)
    elif result.cotangent is not None:
        yield f"VJP of ${output}$, {mode} mode:"
        yield _equation(latex_name(trace.output, r"\bar"), result.cotangent, style)
        for name, gradient in result.gradients.items():
            yield _equation(latex_name(name, r"\bar"), gradient, style)
    else:
        yield from _gradients(trace, result, mode, style)
    if result.formulas is not None:
        from adcli.render.formulas_latex import paragraphs  # needs SymPy, which only symbolic mode has imported

        yield from paragraphs(trace, result.formulas)
    if updated is not None:
        yield "After one step of gradient descent:"
        for name, value in updated.items():
            yield _equation(latex_name(name), value, style)


def _jvp(trace: Trace, result: Result, jvp: Array, style: Style) -> Iterator[str]:
    """The tangents given, and the output's."""
    yield f"JVP of ${latex_name(trace.output)}$, forward mode:"
    for name, tangent in {**(result.tangents or {}), trace.output: jvp}.items():
        yield _equation(latex_name(name, r"\dot"), tangent, style)


def _gradients(trace: Trace, result: Result, mode: str, style: Style) -> Iterator[str]:
    jacobians = result.holds_jacobians(trace.output)
    as_rows = style.layout == "jacobian" and not jacobians
    kind = "Jacobian" if jacobians or as_rows else "Gradient"
    output = latex_name(trace.output)
    yield f"{kind}{'s' * (len(result.gradients) > 1)} of ${output}$, {mode} mode:"
    for name, gradient in result.gradients.items():
        label = rf"\frac{{\partial {output}}}{{\partial {latex_name(name)}}}"
        yield _equation(label, gradient.reshape(1, -1) if as_rows else gradient, style)


def _equation(left: str, value: Array, style: Style) -> str:
    return f"\\[\n{left} =\n{latex_matrix(np.asarray(value), style.digits, style.fractions)}\n\\]"
