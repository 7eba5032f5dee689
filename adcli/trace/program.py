"""The lines of a program as nodes: every operation is a step of its own."""

from __future__ import annotations

from typing import Any

from adcli.arrays import Shape
from adcli.errors import nearest, quoted
from adcli.primitives import RULES
from adcli.primitives.arithmetic import needs
from adcli.spec.model import Line
from adcli.trace.builder import Builder
from adcli.trace.expressions import FUNCTIONS, Argument, Inner, Operation, operations_of
from adcli.trace.shapes import broadcast, described, product
from adcli.trace.tokens import KEYWORDS, ExpressionError

BESIDE = ("layers", "loss")


def add_program(builder: Builder, lines: list[Line | None]) -> None:
    """Enter every line, under its name; the operations inside a line d are d.1, d.2, …"""
    root = builder.spec.document.root
    sections = root.value if isinstance(root.value, dict) else {}
    for section in BESIDE:
        if section in sections:
            root.problem(f"{quoted(section)} is not possible beside `program`", key=section)
    for section in ("input", "target", "parameters"):
        values = sections.get(section)
        for name in values if isinstance(values, dict) else ():
            if name in KEYWORDS:
                message = f"{quoted(name)} is a word of Python: a program can't use it as a name"
                root[section].problem(message, key=name)
    later = {line.name for line in lines if line}
    for line in lines:
        if line is not None:
            _add_line(builder, line, later)


def _add_line(builder: Builder, line: Line, later: set[str]) -> None:
    if not builder.free(line.name, line.part, "a new value needs a new name", line.name_at):
        return
    try:
        if line.name in KEYWORDS:
            raise ExpressionError(f"{quoted(line.name)} is a word of Python, and no name here", line.name_at)
        operations, value = operations_of(line.part.value, line.start)
        if not operations:
            op = "identity" if isinstance(value.value, str) else "constant"
            operations = [Operation(op, [value], "=", line.start)]
        _add_operations(builder, line, operations, later)
    except ExpressionError as error:
        line.part.problem(error.message, error.hint, at=error.at)
        builder.shapes.setdefault(line.name, None)


def _add_operations(builder: Builder, line: Line, operations: list[Operation], later: set[str]) -> None:
    last = len(operations) - 1
    names = [line.name if i == last else f"{line.name}.{i + 1}" for i in range(last + 1)]
    for name, operation in zip(names, operations, strict=True):
        arguments: list[str | float] = []
        shapes: list[Shape] = []
        for argument in operation.arguments:
            value = argument.value
            if isinstance(value, Inner):
                value = names[value.operation]
            elif isinstance(value, str) and value not in builder.shapes:
                raise _unknown(builder, argument, value, line, later)
            shape = builder.shapes[value] if isinstance(value, str) else ()
            if shape is None:  # an earlier problem hides it
                builder.shapes.setdefault(line.name, None)
                return
            arguments.append(value)
            shapes.append(shape)
        out, settings = _fitted(operation, shapes, builder.beside)
        builder.node(name, operation.op, tuple(arguments), out, line.part, **settings)


def _unknown(builder: Builder, argument: Argument, name: str, line: Line, later: set[str]) -> ExpressionError:
    known = [n for n in builder.shapes if "." not in n]
    if name == line.name:
        hint = "a line can't use its own value"
    elif name in later:
        hint = "it is the name of a later line"
    elif name in FUNCTIONS:
        hint = f"it is a function: write {name}(…)"
    else:
        hint = nearest(name, known) or (f"there are {', '.join(known[:12])}" if known else "there are no values yet")
    return ExpressionError(f"there is no value {quoted(name)}", argument.at, hint)


def _fitted(operation: Operation, shapes: list[Shape], beside: str) -> tuple[Shape, dict[str, Any]]:
    """The shape of the result, and the settings of the primitive; ``beside`` is added to what an error says.

    Raises:
        ExpressionError: the operands don't fit.
    """
    op = operation.op
    first = shapes[0]
    if op in ("add", "subtract", "multiply", "divide", "power"):
        out = broadcast(shapes)
        if out is not None:
            return out, needs(shapes)
    elif op in ("matmul", "dot"):
        out = product(*shapes)
        if out is not None and (op == "matmul" or out == ()):
            return out, {} if op == "dot" else {"left": len(first), "right": len(shapes[1])}
    elif op in ("sum", "mean"):
        return (), {"of": first}
    elif first != () or not RULES[op]().mixes:
        return first, {}
    message, hint = _misfit(operation, shapes)
    raise ExpressionError(message + beside, operation.at, hint)


def _misfit(operation: Operation, shapes: list[Shape]) -> tuple[str, str | None]:
    """What is wrong, and a hint."""
    sign = operation.sign
    if len(shapes) == 1:
        return f"{sign} takes a vector or a batch, not a number", None
    both = f"{described(shapes[0])} and {described(shapes[1])}"
    if operation.op == "dot":
        return f"dot takes two vectors of the same length, not {both}", None
    hint = None
    if operation.op == "matmul":
        if () in shapes:
            hint = "`*` multiplies by a number"
        elif max(map(len, shapes)) > 2:
            hint = "`@` multiplies vectors and matrices"
    return f"{quoted(sign)} can't join {both}", hint
