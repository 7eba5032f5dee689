"""Runs an engine with a sink for its steps, and makes the deck of its story."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import numpy as np

from adcli.derivation import Step
from adcli.engines.checkpoints import Schedule
from adcli.engines.diagnose import Warning, diagnose
from adcli.engines.structure import Result, Structure, evaluate, named
from adcli.explain import closing, opening
from adcli.explain.deck import Deck, Numbers, Slide
from adcli.explain.messages import Say
from adcli.explain.names import Names
from adcli.explain.scene import Scene
from adcli.explain.selection import places_turned
from adcli.explain.thrift import Thrift
from adcli.primitives import RULES
from adcli.trace import Trace

DEFAULT_NUMBERS = Numbers()


class Request(NamedTuple):
    """What is to be told: the engine's story, for the gradients of ``wrt``.

    ``scheme`` and ``step`` are numeric mode's, ``schedule`` reverse mode's. ``lines`` is the text of a program.
    """

    mode: str
    wrt: tuple[str, ...]
    lang: str = "en"
    detail: str = "normal"
    numbers: Numbers = DEFAULT_NUMBERS
    scheme: str = "central"
    step: float | None = None
    schedule: Schedule | None = None
    lines: tuple[str, ...] | None = None


def told(trace: Trace, request: Request) -> tuple[Deck, Scene]:
    """The deck of a story, and what it was made from.

    Raises:
        AdcliError: the engine refuses the trace.
    """
    say = Say(request.lang)
    with np.errstate(all="ignore"):
        base, result, warnings, steps = _run(trace, request)
        scene = Scene(
            trace, base, result, warnings, Names(trace), say, request.numbers, request.detail, request.mode, request
        )
        slides = _slides(scene, steps)
    return Deck(
        _title(trace, request, say), request.lang, request.mode, request.numbers, say.labels(), tuple(slides)
    ), scene


def _title(trace: Trace, request: Request, say: Say) -> str:
    """The spec's own; of a program of one expression that expression."""
    lines = request.lines or ()
    return trace.title or (lines[0] if len(lines) == 1 else say.text("deck.title"))


def _run(trace: Trace, request: Request) -> tuple[Structure, Result, list[Warning], list[Step]]:
    """The engine's result, with the values that a schedule let go, and what it did."""
    if request.mode == "numeric":
        from adcli.engines.run import differentiate, sample
        from adcli.engines.structure import structure

        places = places_turned(trace, request.wrt, request.detail)
        if places is None:
            result, warnings = differentiate(trace, "numeric", request.wrt, scheme=request.scheme, step=request.step)
        else:
            result, warnings = sample(trace, request.wrt, places, request.scheme, request.step)
        return structure(trace, request.wrt, RULES), result, warnings, []
    engine = import_module(f"adcli.engines.{request.mode}")
    plan = engine.plan(trace, request.wrt, RULES)
    if request.mode == "symbolic":
        result = engine.run(plan)
        return plan.structure, result, diagnose(plan.structure, result), []
    if request.schedule is not None:
        plan = engine.checkpointed(plan, request.schedule)
    result, steps = _recorded(trace, request, engine, plan)
    if not all(np.isfinite(gradient).all() for gradient in result.gradients.values()):
        result, steps = _recorded(trace, request, engine, plan, careful=True)
    if request.schedule is not None:
        result = result._replace(values=named(plan.structure, evaluate(plan.structure)))
    return plan.structure, result, diagnose(plan.structure, result), steps


def _recorded(
    trace: Trace, request: Request, engine: ModuleType, plan: object, careful: bool = False
) -> tuple[Result, list[Step]]:
    """The result of an engine, and its steps; ``careful`` as `adcli grad` is where a derivative is not finite."""
    steps: list[Step] = []
    thrifty = request.mode == "forward" and request.detail != "full"
    return engine.run(plan, Thrift(trace, steps.append) if thrifty else steps.append, careful), steps


def _slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    story = import_module(f"adcli.explain.{'program' if scene.tells_program else scene.mode}")
    own: list[Slide] = story.slides(scene, steps)
    begin = getattr(story, "opening", opening.slides)
    return [*begin(scene), *own, *closing.slides(scene, steps)]
