"""The text of an expression as a list of operations, in the order in which they are evaluated.

Python's own parser makes the tree, after ``tokens.py`` has looked at every word; then each node must be of a
kind that is known. Nothing is compiled or evaluated, and no tree is walked by recursion.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from adcli.errors import nearest, quoted
from adcli.trace.tokens import ExpressionError, check_tokens

FUNCTIONS = {
    "exp": 1, "log": 1, "sin": 1, "cos": 1, "tan": 1, "sqrt": 1, "tanh": 1, "sigmoid": 1, "relu": 1, "softplus": 1,
    "abs": 1, "softmax": 1, "log_softmax": 1, "sum": 1, "mean": 1, "dot": 2,
}  # fmt: skip
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
}
_ON_NUMBERS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negate": operator.neg,
    "power": math.pow,
}
_SIGN = re.compile(r"\*\*|[-+*/@]")


class Inner(NamedTuple):
    """The result of an earlier operation of the same expression."""

    operation: int


class Argument(NamedTuple):
    """A name, a number or an inner result, and the character at which it begins."""

    value: str | float | Inner
    at: int


class Operation(NamedTuple):
    """One operation; ``sign`` is how it is written, ``at`` the character where that stands."""

    op: str
    arguments: list[Argument]
    sign: str
    at: int


def operations_of(text: str, start: int = 0) -> tuple[list[Operation], Argument]:
    """The operations of the expression in ``text`` from ``start`` on, and what its value is.

    Raises:
        ExpressionError: it is no expression.
    """
    check_tokens(text, start)
    start += len(text[start:]) - len(text[start:].lstrip())
    flat = text[start:].translate(_BLANKS)
    try:
        tree = ast.parse(flat, mode="eval").body
    except (RecursionError, MemoryError):
        raise ExpressionError("too many operations in one line", start, "use several lines") from None
    found: list[Operation] = []
    values: list[Argument] = []
    ahead: list[tuple[Any, bool]] = [(tree, False)]
    while ahead:
        node, operands_done = ahead.pop()
        at = start + node.col_offset
        if operands_done:
            operands = _operands(node)
            arguments = values[-len(operands) :]
            del values[-len(operands) :]
            values.append(Argument(Inner(len(found)), arguments[0].at if type(node) is ast.BinOp else at))
            found.append(_operation(node, arguments, flat, start))
        elif type(node) is ast.Name:
            values.append(Argument(node.id, at))
        elif type(node) is ast.Constant:
            values.append(Argument(_number(node.value), at))
        elif _is_negative_number(node):
            values.append(Argument(-_number(node.operand.value), at))
        else:
            if type(node) is ast.Call:
                _check_call(node, start)
            ahead.append((node, True))
            ahead += [(operand, False) for operand in reversed(_operands(node))]
    if any(operation.op == "power" for operation in found):
        _check_powers(found)
    return found, values[0]


def _check_powers(operations: list[Operation]) -> None:
    """A power of numbers alone stands for a number, and as any other that must not be too large for a float64."""
    known: list[float | None] = []
    for operation in operations:
        values = [known[v.operation] if isinstance(v, Inner) else v for v, _ in operation.arguments]
        numbers = [v for v in values if isinstance(v, float)]
        result = None
        if operation.op in _ON_NUMBERS and len(numbers) == len(values):
            try:
                result = _ON_NUMBERS[operation.op](*numbers)
            except OverflowError:
                base, exponent = (repr(number).removesuffix(".0") for number in numbers)
                message = f"{quoted(f'{base} ** {exponent}')} is too large for a float64"
                raise ExpressionError(message, operation.at) from None
            except (ValueError, ZeroDivisionError):  # told with the trace: the step is undefined or infinite
                pass
        known.append(result)


_BLANKS = str.maketrans("\t\r\n", "   ")


def _number(value: object) -> float:
    if type(value) is int or type(value) is float:
        return float(value)
    raise AssertionError(f"{value!r} passed as a number")


def _is_negative_number(node: Any) -> bool:
    return type(node) is ast.UnaryOp and type(node.op) is ast.USub and type(node.operand) is ast.Constant


def _operands(node: Any) -> list[Any]:
    """What an operation works on, from left to right."""
    if type(node) is ast.BinOp and type(node.op) in _OPERATORS:
        return [node.left, node.right]
    if type(node) is ast.UnaryOp and type(node.op) is ast.USub:
        return [node.operand]
    if type(node) is ast.Call and type(node.func) is ast.Name and not node.keywords:
        return list(node.args)
    raise AssertionError(f"{type(node).__name__} passed as an operation")


def _check_call(node: ast.Call, start: int) -> None:
    name = node.func.id  # type: ignore[attr-defined]  # only a name comes before a bracket
    at = start + node.col_offset
    if name not in FUNCTIONS:
        hint = nearest(name, FUNCTIONS) or f"there are {', '.join(FUNCTIONS)}"
        raise ExpressionError(f"there is no function {quoted(name)}", at, hint)
    if len(node.args) != FUNCTIONS[name]:
        takes = "two values" if FUNCTIONS[name] == 2 else "one value"
        raise ExpressionError(f"{name} takes {takes}, not {len(node.args)}", at)


def _operation(node: Any, arguments: list[Argument], flat: str, start: int) -> Operation:
    if type(node) is ast.Call:
        name = node.func.id  # type: ignore[attr-defined]  # checked on the way down
        return Operation(name, arguments, name, start + node.col_offset)
    if type(node) is ast.UnaryOp:
        return Operation("negate", arguments, "-", start + node.col_offset)
    sign = _SIGN.search(flat, node.left.end_col_offset)
    assert sign is not None
    return Operation(_OPERATORS[type(node.op)], arguments, sign.group(), start + sign.start())
