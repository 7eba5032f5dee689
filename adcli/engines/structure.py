"""What both engines of automatic differentiation need to know of a trace before they run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adcli.arrays import MOST_NUMBERS, Array
from adcli.engines.checkpoints import Schedule
from adcli.errors import AdcliError, Problem, nearest, quoted
from adcli.primitives import Primitive, Rules
from adcli.trace import Node, Trace

if TYPE_CHECKING:
    from adcli.engines.formulas import Formulas

Reader = Callable[[Sequence[Any]], Sequence[Any]]


class Kink(NamedTuple):
    """An entry of a name where the quotients from the left and from the right differ; ``row`` is the output's entry."""

    name: str
    place: tuple[int, ...]
    row: int
    left: float
    right: float


class Result(NamedTuple):
    """What an engine computed.

    Attributes:
        values: every leaf and node of the trace by name.
        gradients: name → gradient of the name's own shape where the output holds one number,
            otherwise the Jacobian in numerator layout, output size × size of the name.
        stored: the values that the way back read (reverse mode; empty in others).
        schedule: that of a run with checkpoints (reverse mode).
        evaluations, scheme, errors, kinks: of numeric mode, the calls that its quotients need, their kind, an
            estimate of the error of each entry (in the gradient's shape), and where left and right differ.
        sampled: of numeric mode, where only some entries were turned: name → their flat places and their quotients
            (output size × places). The gradients are reverse mode's then; ``evaluations`` are those that all take.
        formulas: of symbolic mode.
        tangents, jvp: of a JVP, the tangents that were given (others are 0) and the output's, of its shape;
            there are no gradients then.
        cotangent: of a VJP, the output's cotangent v; each gradient is vᵀ J, of the name's own shape.
    """

    values: dict[str, Array]
    gradients: dict[str, Array]
    stored: tuple[str, ...] = ()
    schedule: Schedule | None = None
    evaluations: int | None = None
    scheme: str | None = None
    errors: dict[str, Array] | None = None
    kinks: Sequence[Kink] = ()
    sampled: Mapping[str, tuple[Array, Array]] | None = None
    formulas: Formulas | None = None
    tangents: Mapping[str, Array] | None = None
    jvp: Array | None = None
    cotangent: Array | None = None

    def derivatives(self, output: str) -> dict[str, Array]:
        """What was computed, by name: the gradients, or the JVP under the name of the output."""
        return self.gradients if self.jvp is None else {output: self.jvp}

    def holds_jacobians(self, output: str) -> bool:
        """Whether the gradients are Jacobians, as the output holds more numbers than one."""
        return self.cotangent is None and np.size(self.values[output]) > 1


class Call(NamedTuple):
    """One evaluation: ``values[out] = evaluate(*read(values))``."""

    evaluate: Callable[..., Any]
    read: Reader
    out: int


class Structure(NamedTuple):
    """A trace as an engine runs it: every name has a slot, every node its primitive.

    ``flows`` holds the names that depend on a name asked for and that the output depends on (both included):
    only along these do tangents and cotangents flow. ``places`` has the slots of each node's arguments, then its own.
    """

    trace: Trace
    wrt: tuple[str, ...]
    slots: dict[str, int]
    start: list[Any]
    primitives: list[Primitive]
    flows: frozenset[str]
    calls: list[Call]
    places: list[tuple[int, ...]]

    def reader(self, node: Node, primitive: Primitive, names: tuple[str, ...]) -> Reader:
        """Picks from the values what a rule of ``node`` reads, in the rule's order."""
        place = dict(zip(primitive.arguments, node.arguments, strict=True), out=node.name)
        return reader_of([self.slots[_key(place[name])] for name in names])


def _key(argument: str | float) -> str:
    """The name under which a number of the trace has its slot: no name of a spec begins with a digit or a sign."""
    return argument if isinstance(argument, str) else repr(argument)


def reader_of(slots: Sequence[int]) -> Reader:
    """Picks the values of ``slots``."""
    if len(slots) > 1:
        return itemgetter(*slots)
    # One slot as a slice, so that what comes back is a sequence here, too.
    return itemgetter(slice(slots[0], slots[0] + 1) if slots else slice(0))


def default_wrt(trace: Trace) -> tuple[str, ...]:
    """All parameters, or all inputs where there are none."""
    return tuple(trace.parameters or trace.inputs)


def check_size(trace: Trace, numbers: int, what: str) -> None:
    """Refuse what no machine can hold.

    Raises:
        AdcliError: ``numbers`` are too many.
    """
    if numbers > MOST_NUMBERS:
        message = f"{what} would hold {numbers:,} numbers"
        raise AdcliError(Problem(message, None, f"add a loss to {trace.output}, or ask for fewer names by --wrt"))


def check_wrt(trace: Trace, wrt: Sequence[str], option: str = "--wrt") -> tuple[str, ...]:
    """The names asked for by ``option``, each once.

    Raises:
        AdcliError: one is not an input, a parameter or a value of the trace.
    """
    known = trace.differentiable
    for name in wrt:
        if name in trace.targets:
            raise AdcliError(f"{option}: {name} is a target; the loss is not differentiated for it")
        if name not in known:
            hint = nearest(name, known) or f"one of {', '.join(known[:12])}"
            raise AdcliError(Problem(f"{option}: there is no {quoted(name)}", None, hint))
    return tuple(dict.fromkeys(wrt))


def structure(trace: Trace, wrt: Sequence[str], rules: Rules, one_direction: bool = False) -> Structure:
    """Bind the nodes of ``trace`` to the primitives of ``rules``, and find what flows where.

    ``one_direction``: a single tangent or cotangent will flow, and no Jacobian is made.

    Raises:
        AdcliError: the Jacobians of ``wrt`` would hold more numbers than a machine can.
    """
    slots: dict[str, int] = {}
    start: list[Any] = []
    for name, leaf in trace.leaves.items():
        slots[name] = len(start)
        start.append(leaf[()])  # a number as a numpy scalar, which is faster than an array without axes
    made: dict[Any, Primitive] = {}
    primitives = []
    calls = []
    places = []
    for node in trace.nodes:
        place = []
        for argument in node.arguments:
            slot = slots.get(argument)  # type: ignore[arg-type]  # a number is no key, but its text is
            if slot is None:
                slot = slots.setdefault(_key(argument), len(start))
                if slot == len(start):
                    start.append(np.float64(argument))
            place.append(slot)
        kind = (node.op, node.settings)
        primitive = made.get(kind)
        if primitive is None:
            primitive = made[kind] = node.primitive(rules)
        primitives.append(primitive)
        out = slots[node.name] = len(start)
        start.append(None)
        calls.append(Call(primitive.evaluate, reader_of(place), out))
        places.append((*place, out))
    shapes = trace.shapes
    rows = 1 if one_direction else int(np.prod(shapes[trace.output], dtype=float))
    columns = sum(int(np.prod(shapes[name], dtype=float)) for name in wrt)
    check_size(trace, rows * columns, f"the derivatives of {trace.output}")
    return Structure(trace, tuple(wrt), slots, start, primitives, _flows(trace, wrt), calls, places)


def _flows(trace: Trace, wrt: Sequence[str]) -> frozenset[str]:
    depends = set(wrt)
    for node in trace.nodes:
        if not depends.isdisjoint(node.arguments):
            depends.add(node.name)
    needed = {trace.output}
    for node in reversed(trace.nodes):
        if node.name in needed:
            needed.update(node.arguments)  # numbers, too, but nothing depends on those
    return frozenset(depends & needed)


def evaluate(plan: Structure) -> list[Any]:
    """The value of every slot."""
    values = plan.start.copy()
    evaluate_all(plan.calls, values)
    return values


def evaluate_all(calls: Iterable[Call], values: list[Any]) -> None:
    """Make the calls one after the other, on the values of slots."""
    for call, read, out in calls:
        values[out] = call(*read(values))


def named(plan: Structure, values: list[Any]) -> dict[str, Array]:
    """The values of leaves and nodes by name (numbers of the trace stand there, too, by their text)."""
    return dict(zip(plan.slots, values, strict=True))


def scaled_where(mask: Array, direction: Array, slope: Array, axes: int) -> Array:
    """``direction * slope``, summed over its last ``axes`` axes, with a true zero where ``mask`` is false.

    A zero that the structure forces (an entry that a direction can't reach) stays zero beside an infinite
    slope; a zero that was computed gives 0 · ∞ = NaN.
    """
    product: Array = np.where(mask, direction * slope, 0.0)
    total: Array = np.add.reduce(product, axis=tuple(range(-axes, 0))) if axes else product
    return total


def mask_through(rule: Callable[..., Any], mask: Array, read: Sequence[Any]) -> Array:
    """Which entries the linear map ``rule`` can reach from those of ``mask``, whatever the values that it reads.

    Arbitrary positive numbers stand for the values, so that a zero in the result is one of the structure.
    """
    draw = np.random.default_rng(0).uniform
    image = rule(mask * draw(0.5, 1.5, mask.shape), *(draw(0.5, 1.5, np.shape(value)) for value in read))
    reached: Array = np.asarray(image) != 0.0
    return reached
