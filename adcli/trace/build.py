"""Builds the trace of a spec: names, shapes and the meaning of each part are checked here."""

from __future__ import annotations

from collections.abc import Mapping

from adcli.errors import AdcliError, Problem, nearest, quoted
from adcli.spec.model import Spec
from adcli.spec.values import Value
from adcli.trace.builder import Builder
from adcli.trace.layers import add_layers
from adcli.trace.losses import add_loss
from adcli.trace.model import Trace


def build_trace(spec: Spec, overrides: Mapping[str, Value] | None = None) -> Trace:
    """The trace of ``spec``, with ``overrides`` in place of the leaves of those names.

    Raises:
        AdcliError: with all problems of the spec, its reader's included.
    """
    builder = Builder(spec, overrides or {})
    root = spec.document.root
    for section, leaves, values in (
        ("input", builder.inputs, spec.inputs),
        ("target", builder.targets, spec.targets),
        ("parameters", builder.parameters, spec.parameters),
    ):
        for name, value in values.items():
            builder.leaf(leaves, name, value, value.part or root if value else root[section])
    if spec.program is not None:
        from adcli.trace.program import add_program  # only programs need the parser

        add_program(builder, spec.program)
    else:
        last = add_layers(builder)
        if spec.loss is not None:
            add_loss(builder, spec.loss, last)
    output = _output(builder)
    spec.document.raise_problems()
    _check_overrides(builder)
    return Trace(
        spec.title,
        builder.inputs,
        builder.targets,
        builder.parameters,
        tuple(builder.nodes),
        output,
        builder.has_fractions,
    )


def _output(builder: Builder) -> str:
    part = builder.spec.output
    if part is not None:
        return part.choice("value of the trace", [n for n in builder.shapes if n not in builder.spec.targets]) or ""
    return builder.nodes[-1].name if builder.nodes else ""


def _check_overrides(builder: Builder) -> None:
    known = [*builder.inputs, *builder.targets, *builder.parameters]
    for name in builder.overrides:
        if name not in known:
            hint = nearest(name, known) or f"one of {', '.join(known[:12])}"
            raise AdcliError(Problem(f"--set: no input, target or parameter is named {quoted(name)}", None, hint))
