"""What a result doesn't say by itself: kinks, and where a value that is not finite first arises.

It runs after an engine, on what the engine computed, so that the engines need not look while they run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adcli.arrays import Array
from adcli.engines.structure import Result, Structure
from adcli.primitives import Primitive
from adcli.trace import Node, argument_text

MOST_OF_A_STEP = 10


@dataclass(frozen=True, slots=True)
class Warning:
    """One warning, as JSON has it: ``index`` is the component it is about, None for the whole value."""

    code: str
    name: str
    index: tuple[int, ...] | None
    message: str


def diagnose(plan: Structure, result: Result) -> list[Warning]:
    """The warnings of a run, in the order of the trace."""
    found = [_unused_target(plan, name) for name in plan.trace.targets if not _is_read(plan, name)]
    found += [_unused(plan, name) for name in plan.wrt if name not in plan.flows]
    found += list(_kinks(plan, result))
    first = _first_not_finite(plan, result)
    if first:
        return [*found, *first]
    derivatives = result.derivatives(plan.trace.output).values()
    # A quotient, or a zero among a user's tangents or cotangents, hides an infinite slope.
    hidden = result.scheme or result.jvp is not None or result.cotangent is not None
    if hidden or any(not np.isfinite(array).all() for array in derivatives):
        found += infinite_slopes(plan, result)
        found += _not_finite_gradients(plan, result, found)
    return found


def _is_read(plan: Structure, name: str) -> bool:
    return any(name in node.arguments for node in plan.trace.nodes)


def _unused_target(plan: Structure, name: str) -> Warning:
    return Warning("unused", name, None, f"the target {name} is not used: there is no loss that reads it")


def _unused(plan: Structure, name: str) -> Warning:
    return Warning("unused", name, None, f"{plan.trace.output} does not depend on {name}: its derivative is 0")


def _flowing(plan: Structure) -> Iterator[tuple[Node, Primitive]]:
    """The nodes through which derivatives flow."""
    for node, primitive in zip(plan.trace.nodes, plan.primitives, strict=True):
        if node.name in plan.flows and any(argument in plan.flows for argument in node.arguments):
            yield node, primitive


def _kinks(plan: Structure, result: Result) -> Iterator[Warning]:
    for node, primitive in _flowing(plan):
        if primitive.kink is not None:
            operands = [_operand(result, argument) for argument in node.arguments]
            at_kink = primitive.kink(*operands)
            argument = argument_text(node.arguments[0])
            for index, more in _components(at_kink):
                where = f"{component(argument, index)} is at a kink"
                message = f"{_line(node, primitive)}: {where}, where the derivative is a convention"
                yield Warning("kink", node.name, index, message + more)


def _operand(result: Result, argument: str | float) -> Any:
    return result.values[argument] if isinstance(argument, str) else np.float64(argument)


def _components(mask: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    """The places where ``mask`` is true; of very many the first few, the last of which says how many follow."""
    if not np.any(mask):
        return
    places = np.argwhere(np.atleast_1d(mask) if np.ndim(mask) else np.asarray(mask))
    shown = places[:MOST_OF_A_STEP]
    for number, place in enumerate(shown, 1):
        rest = len(places) - len(shown) if number == len(shown) else 0
        yield tuple(int(i) for i in place), f" (and so are {rest} more components)" if rest else ""


def component(name: str, index: tuple[int, ...]) -> str:
    """``h2[0]`` as the user counts: from 1, as in ``h2[1]``."""
    return f"{name}[{', '.join(str(i + 1) for i in index)}]" if index else name


def _first_not_finite(plan: Structure, result: Result) -> list[Warning]:
    """The first step whose value is not finite though its arguments are."""
    for node, primitive in zip(plan.trace.nodes, plan.primitives, strict=True):
        value = result.values[node.name]
        if not (math.isfinite(value) if isinstance(value, float) else np.isfinite(value).all()):
            value = np.asarray(value)
            index = _first(~np.isfinite(value))
            nan = bool(np.isnan(value[index]))
            what = "not a number (NaN)" if nan else "infinite"
            message = f"{_line(node, primitive)}: {component(node.name, index)} is {what}"
            return [Warning("indeterminate" if nan else "non-finite", node.name, index, message)]
    return []


def _line(node: Node, primitive: Primitive) -> str:
    """A line of the trace, as its table has it."""
    return f"{node.name} = {primitive.text(*map(argument_text, node.arguments))}"


def _first(mask: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0]) if mask.ndim else ()


def infinite_slopes(plan: Structure, result: Result) -> Iterator[Warning]:
    """Steps whose own derivative is not finite, as that of sqrt at 0."""
    for node, primitive in _flowing(plan):
        place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
        for argument, operand in zip(primitive.arguments, node.arguments, strict=True):
            partial = primitive.partials.get(argument)
            if partial is None or partial.slope is None or operand not in plan.flows:
                continue
            slope = np.asarray(partial.slope(*(_operand(result, place[name]) for name in partial.jvp_reads)))
            for index, more in _components(~np.isfinite(slope)):
                nan = bool(np.isnan(slope[index]))
                what = "undefined" if nan else "infinite"
                if len(primitive.partials) > 1:  # its slopes have entries of the result, not of one operand
                    what = f"for {operand} is {what} at {component(node.name, index)}"
                else:
                    what = f"is {what} at {component(str(operand), index)}"
                message = f"{_line(node, primitive)}: the derivative {what}"
                yield Warning("indeterminate" if nan else "non-finite", node.name, index, message + more)


def _not_finite_gradients(plan: Structure, result: Result, known: list[Warning]) -> Iterator[Warning]:
    """Gradients that hold NaN (0 · ∞, ∞ − ∞), or an infinity that no step explains."""
    what = "the gradient for" if result.jvp is None else "the JVP of"
    undefined = "an undefined derivative, " if any(w.code == "indeterminate" for w in known) else ""
    for name, gradient in result.derivatives(plan.trace.output).items():
        mask = np.isnan(gradient)
        if mask.any():
            where = component(f"{what} {name}", _first(mask))
            message = f"{where} is not a number: {undefined}0 · ∞ or ∞ − ∞ on the way"
            yield Warning("indeterminate", name, _first(mask), message)
        elif not known and not np.isfinite(gradient).all():
            index = _first(~np.isfinite(gradient))
            where = component(f"{what} {name}", index)
            yield Warning("non-finite", name, index, f"{where} is too large for a float64")
