"""The loss as the last node: its target takes the shape of the prediction, and is checked."""

from __future__ import annotations

import inspect
import math

import numpy as np

from adcli.arrays import Array, Shape, shape_text
from adcli.errors import nearest, quoted
from adcli.primitives import losses
from adcli.spec.model import SECTIONS, Layer
from adcli.spec.part import Part
from adcli.trace.builder import Builder
from adcli.trace.layers import read_fields
from adcli.trace.shapes import describe_entries

REDUCTIONS = ("mean", "sum")


def add_loss(builder: Builder, loss: Layer, prediction: str | None) -> None:
    """Enter the loss of ``prediction``, under the name ``loss``."""
    if loss.type not in losses.RULES:
        hint = nearest(loss.type, losses.RULES) or f"one of {', '.join(losses.RULES)}"
        loss.type_part.problem(f"unknown loss {quoted(loss.type)}", hint)
        return
    what = f"loss ({loss.type})"
    signature = inspect.signature(losses.FIELDS[loss.type]).parameters
    fields = {p.name: p.default for p in signature.values()}
    part = loss.part
    reduction: str | None = "mean"
    if isinstance(part.value, dict):
        part.only_keys(what, ("type", "target", "reduction", *fields))
        if "reduction" in part:
            reduction = part["reduction"].choice("reduction", REDUCTIONS)
    settings = read_fields(part, fields, what)
    declared = losses.FIELDS[loss.type](**(settings or {}))
    for name in declared.positive:
        if settings and settings[name] <= 0.0:
            part[name].problem(f"{what}: {name} must be above 0")
    target = _target(builder, part, what)
    shape = builder.shapes.get(prediction) if prediction else None
    if not prediction or not target or shape is None or settings is None or reduction is None:
        return
    if len(shape) > 2:
        part.problem(f"{what}: its input {prediction} is {shape_text(shape)}, but a loss takes a vector or a batch")
    elif _fit_target(builder, declared.target, what, target, prediction, shape):
        examples = shape[0] if len(shape) == 2 else 0
        builder.node(
            "loss",
            loss.type,
            (prediction, target),
            (),
            part,
            examples=examples,
            reduction=reduction,
            rank=min(len(shape), 1),
            **settings,
        )


def _target(builder: Builder, part: Part, what: str) -> str | None:
    """The name of the target that a loss compares with."""
    names = list(builder.spec.targets)
    if isinstance(part.value, dict) and "target" in part:
        return part["target"].choice("target", names)
    if len(names) > 1:
        part.problem(f"{what}: the spec has {len(names)} targets", f"say which: `target: {names[0]}`")
    elif not names and builder.spec.document.root.misses("target", SECTIONS):
        part.problem(f"{what} needs a `target`")
    return names[0] if len(names) == 1 else None


def _fit_target(builder: Builder, takes: losses.Target, what: str, target: str, prediction: str, shape: Shape) -> bool:
    """Give the target the shape of the prediction, as probabilities where it holds classes."""
    y = builder.targets.get(target)
    if y is None:
        return False
    part = _target_part(builder, target)
    examples = math.prod(shape[:-1])
    if y.size == math.prod(shape):
        wrong = None if takes.allowed(y).all() else takes.words
        builder.targets[target] = y.reshape(shape)
    elif takes.classes and y.size == examples:
        wrong = _wrong_class(y, shape[-1])
        if wrong is None:
            builder.targets[target] = _one_hot(y, shape)
    else:
        or_class = f" (or {examples} class ind{'ex' if examples == 1 else 'ices'})" if takes.classes else ""
        needs = describe_entries(math.prod(shape))
        has = describe_entries(y.size)
        builder.misfit(
            target, part, f"{what}: target {target} has {has}, but its prediction {prediction} has {needs}{or_class}"
        )
        return False
    if wrong is not None:
        builder.misfit(target, part, f"{what}: target {target} {wrong}")
    return wrong is None


def _target_part(builder: Builder, target: str) -> Part:
    value = builder.spec.targets[target]
    return value.part if value and value.part else builder.spec.document.root["target"]


def _wrong_class(y: Array, classes: int) -> str | None:
    wrong = y[(y != np.floor(y)) | (y < 0) | (y >= classes)]
    return f"holds {wrong.flat[0]:g}, but a class is a whole number from 0 to {classes - 1}" if wrong.size else None


def _one_hot(y: Array, shape: Shape) -> Array:
    probabilities = np.zeros(shape)
    np.put_along_axis(probabilities, y.reshape(shape[:-1])[..., None].astype(int), 1.0, axis=-1)
    return probabilities
