"""Layers as nodes: a linear layer, or an activation, applied to an earlier value."""

from __future__ import annotations

import inspect
from functools import cache

from adcli.arrays import Shape, shape_text
from adcli.errors import nearest, quoted
from adcli.primitives import activations
from adcli.primitives.arithmetic import needs
from adcli.spec.model import NAME, SECTIONS, Layer, check_name
from adcli.spec.part import Part, kind
from adcli.spec.values import Value, read_numbers, read_value
from adcli.trace.builder import Builder
from adcli.trace.shapes import broadcast, describe_entries, described

COMMON_KEYS = ("type", "name", "input")
COMBINATIONS = ("add", "multiply")
LINEAR_KEYS = ("weight", "bias", "activation")


def add_layers(builder: Builder) -> str | None:
    """Enter every layer; the name of the last one's value, or None where a problem hides it."""
    spec = builder.spec
    root = spec.document.root
    if "layers" not in root:
        if root.misses("layers", SECTIONS) and root.misses("program", SECTIONS):
            root.problem("a spec needs `layers` or a `program`")
        return None
    last = next(iter(spec.inputs), None)
    if last is None and root.misses("input", SECTIONS):
        root.problem("a spec with `layers` needs `input`")
    for number, layer in enumerate(spec.layers, 1):
        last = None if layer is None else _add_layer(builder, layer, number, last)
    return last


def _add_layer(builder: Builder, layer: Layer, number: int, last: str | None) -> str | None:
    what = f"layer {number} ({layer.type})"
    if layer.type in COMBINATIONS:
        return _add_combination(builder, layer, number, what)
    if layer.type == "linear":
        known: tuple[str, ...] = LINEAR_KEYS
    else:
        if layer.type not in activations.RULES:
            types = ["linear", *activations.RULES, *COMBINATIONS]
            hint = nearest(layer.type, types) or f"one of {', '.join(types)}"
            layer.type_part.problem(f"layer {number}: unknown type {quoted(layer.type)}", hint)
            return None
        known = tuple(factory_fields(layer.type))
    layer.part.only_keys(what, (*COMMON_KEYS, *known))
    given = _given_name(layer.part)
    name = given or f"h{number}"
    suffix = f"_{given}" if given else str(number)
    source = _input(builder, layer.part, what, last)
    if layer.type == "linear":
        _add_linear(builder, layer.part, what, source, name, suffix)
    elif source is not None:
        _add_activation(builder, layer.type, layer.part, what, source, name)
    return name


def _given_name(part: Part) -> str | None:
    if "name" not in part:
        return None
    name = part["name"].text("`name`")
    return name if name is not None and check_name(part["name"], name) else None


def _input(builder: Builder, part: Part, what: str, last: str | None) -> str | None:
    """The name of the value that a layer reads; None where a problem hides it."""
    if "input" not in part:
        return last
    return _earlier(builder, part["input"], what)


def _add_combination(builder: Builder, layer: Layer, number: int, what: str) -> str:
    """``add`` or ``multiply``: several earlier values become one."""
    part = layer.part
    part.only_keys(what, ("type", "name", "inputs"))
    name = _given_name(part) or f"h{number}"
    shapes = [builder.shapes[source] for source in _inputs(builder, part, what) or ()]
    known = [shape for shape in shapes if shape is not None]
    out = broadcast(known) if known and len(known) == len(shapes) else None
    if known and len(known) == len(shapes) and out is None:
        listed = " and ".join(described(shape) for shape in known)
        part["inputs"].problem(f"{what}: its inputs don't fit each other: {listed}")
    sources = tuple(part["inputs"].value) if out is not None else ()
    builder.node(name, layer.type, sources, out, part, **needs(known, many=True))
    return name


def _inputs(builder: Builder, part: Part, what: str) -> list[str] | None:
    """The names of the values that a layer combines; None where a problem hides one."""
    if "inputs" not in part:
        if part.misses("inputs", ("type", "name")):
            part.problem(f"{what} has no `inputs`", "write `inputs: [h1, x]`, two names or more")
        return None
    if not part["inputs"].is_list("`inputs`"):
        return None
    if len(part["inputs"].value) < 2:
        part["inputs"].problem(f"{what}: `inputs` must hold two names or more")
        return None
    names = [_earlier(builder, source, what) for source in part["inputs"].elements()]
    return [name for name in names if name] if all(names) else None


def _earlier(builder: Builder, part: Part, what: str) -> str | None:
    """The name of an earlier value, which is no target."""
    if isinstance(part.value, str) and part.value in builder.shapes and part.value not in builder.targets:
        return part.value
    earlier = [name for name in builder.shapes if name not in builder.targets]
    return part.choice(f"value as input of {what}", earlier)


def _add_linear(builder: Builder, part: Part, what: str, source: str | None, name: str, suffix: str) -> None:
    weight = _parameter(builder, part, "weight", f"W{suffix}", what)
    bias = _parameter(builder, part, "bias", f"b{suffix}", what) if "bias" in part else None
    shape = _linear_shape(builder, part, what, source, weight, bias)
    has_activation = "activation" in part
    inner = f"z{suffix}" if has_activation else name
    arguments = tuple(a for a in (source, weight, bias) if a is not None)
    batched = shape is not None and len(shape) == 2
    convention = builder.spec.convention
    builder.node(inner, "linear", arguments, shape, part, convention=convention, batched=batched, bias=bias is not None)
    if has_activation:
        _add_activation_field(builder, part["activation"], what, inner, name)


def _parameter(builder: Builder, part: Part, field: str, name: str, what: str) -> str | None:
    """The name of a weight or a bias: an entry of ``parameters``, or this layer's own. None where it has a problem."""
    if field not in part:
        if part.misses(field, (*COMMON_KEYS, *LINEAR_KEYS)):
            part.problem(f"{what} has no `{field}`")
        return None
    value = part[field]
    if isinstance(value.value, str) and NAME.match(value.value):
        if builder.spec.parameters:
            return value.choice("parameter", builder.spec.parameters)
        value.problem(f"{quoted(value.value)} is no value, and the spec has no `parameters` that could hold it")
        return None
    builder.leaf(
        builder.parameters, name, _as_matrix(read_value(value, f"{what}: {field}", builder.spec.budget), field), value
    )
    return name


def _as_matrix(value: Value | None, field: str) -> Value | None:
    """A weight from a .csv file of one row is a matrix of one row."""
    csv = value is not None and value.part is not None and isinstance(value.part.value, dict)
    if value is None or not csv or field != "weight" or value.array.ndim != 1:
        return value
    return value._replace(array=value.array.reshape(1, -1))


def _linear_shape(
    builder: Builder, part: Part, what: str, source: str | None, weight: str | None, bias: str | None
) -> Shape | None:
    """The shape of W h + b; None where something doesn't fit, or a problem hides what would have to."""
    h = builder.shapes.get(source) if source else None
    W = builder.shapes.get(weight) if weight else None
    b = builder.shapes.get(bias) if bias else None
    if W is not None and len(W) != 2 and weight:
        builder.misfit(weight, part["weight"], f"{what}: weight must be a matrix, and is {described(W)}")
        return None
    row = builder.spec.convention == "row"
    if W is not None and b is not None and bias and b != (W[1 if row else 0],):
        needs = describe_entries(W[1 if row else 0])
        builder.misfit(bias, part["bias"], f"{what}: bias is {described(b)}, but the layer puts out {needs}")
        return None
    if h is None or W is None or not weight:
        return None
    if len(h) not in (1, 2):
        hint = " (write [number])" if not h else ""
        part.problem(
            f"{what}: its input {source} is {described(h)}, but a linear layer takes a vector or a batch{hint}"
        )
        return None
    entries = W[0 if row else 1]
    if h[-1] != entries:
        rows = "has" if len(h) == 1 else "has rows of"
        message = f"{what}: weight is {shape_text(W)}, but its input {source} {rows} {describe_entries(h[-1])}"
        builder.misfit(weight, part["weight"], message)
        return None
    return (*h[:-1], W[1 if row else 0])


def _add_activation_field(builder: Builder, part: Part, what: str, source: str, name: str) -> None:
    """``activation: relu`` or ``activation: {type: leaky_relu, slope: 0.1}``."""
    fields = part
    if isinstance(part.value, dict):
        if "type" not in part:
            part.problem(f"{what}: the activation has no `type`")
            builder.shapes.setdefault(name, None)
            return
        part = part["type"]
    chosen = part.choice(f"activation of {what}", activations.RULES)
    if chosen is None:
        builder.shapes.setdefault(name, None)
        return
    if fields is not part:
        fields.only_keys(f"{what}: activation {chosen}", ("type", *factory_fields(chosen)))
    _add_activation(builder, chosen, fields, what, source, name)


def _add_activation(builder: Builder, op: str, part: Part, what: str, source: str, name: str) -> None:
    shape = builder.shapes.get(source)
    settings = read_fields(part, factory_fields(op), what)
    if shape == () and activations.RULES[op]().mixes:
        part.problem(f"{what}: its input {source} is a number, but {op} takes a vector or a batch")
        shape = None
    builder.node(name, op, (source,), None if settings is None else shape, part, **(settings or {}))


@cache
def factory_fields(op: str) -> dict[str, float]:
    """The fields of an activation and their defaults: the parameters of its factory."""
    return {p.name: p.default for p in inspect.signature(activations.RULES[op]).parameters.values()}


def read_fields(part: Part, defaults: dict[str, float], what: str) -> dict[str, float] | None:
    """The numbers of a layer's own fields; None where one has a problem."""
    settings = dict(defaults)
    for field in defaults:
        if isinstance(part.value, dict) and field in part:
            value = read_numbers(part[field], f"{what}: {field}")
            if value is None or value.array.ndim:
                if value is not None:
                    part[field].problem(f"{what}: {field} must be a number, not {kind(part[field].value)}")
                return None
            settings[field] = float(value.array)
    return settings
