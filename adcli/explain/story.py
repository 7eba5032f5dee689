"""Runs an engine with a sink for its steps, and makes the deck of its story."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from adcli.derivation import Step
from adcli.engines.diagnose import diagnose
from adcli.explain import closing, opening
from adcli.explain.blocks import Deck, Numbers
from adcli.explain.messages import Say
from adcli.explain.names import Names
from adcli.explain.scene import Scene
from adcli.primitives import RULES
from adcli.trace import Trace

DEFAULT_NUMBERS = Numbers()


def told(
    trace: Trace,
    mode: str,
    wrt: Sequence[str],
    *,
    lang: str = "en",
    detail: str = "normal",
    numbers: Numbers = DEFAULT_NUMBERS,
) -> tuple[Deck, Scene]:
    """The deck of ``mode`` for the gradients of ``wrt``.

    Raises:
        AdcliError: the engine refuses the trace.
    """
    say = Say(lang)
    steps: list[Step] = []
    with np.errstate(all="ignore"):
        engine = import_module(f"adcli.engines.{mode}")
        plan = engine.plan(trace, wrt, RULES)
        result = engine.run(plan, steps.append)
        warnings = diagnose(plan.structure, result)
        scene = Scene(trace, plan.structure, result, warnings, Names(trace), say, numbers, detail, mode)
        story = import_module(f"adcli.explain.{mode}")
        slides = [*opening.slides(scene), *story.slides(scene, steps), *closing.slides(scene)]
    title = trace.title or say.text("deck.title", mode=say.text(f"mode.{mode}"))
    return Deck(title, lang, mode, numbers, say.labels(), tuple(slides)), scene
