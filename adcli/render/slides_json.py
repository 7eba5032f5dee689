"""The steps of a story as JSON: the interface's ``adcli explain --format json``."""

from __future__ import annotations

from typing import Any

from adcli.derivation import Step
from adcli.explain.blocks import Runs, Words
from adcli.explain.deck import Deck, Slide
from adcli.explain.scene import Scene
from adcli.explain.step_formulas import formula_of
from adcli.explain.thrift import MOST_TOLD
from adcli.render.json_format import one_line
from adcli.render.maths import sign_latex, to_latex
from adcli.render.maths_text import Pen
from adcli.render.steps_json import step_content

SCHEMA = 1


def document(deck: Deck, scene: Scene) -> str:
    """All slides, one a line, with their steps. A matrix too large to be shown in full has the value null,
    unless everything is told (``--detail full``)."""
    pen = Pen(deck.numbers)
    most = None if scene.detail == "full" else MOST_TOLD
    head = {"schema": SCHEMA, "command": "explain", "title": scene.trace.title, "mode": deck.mode}
    lines = [f"  {one_line(key)}: {one_line(value)}" for key, value in head.items()]
    slides = ",\n".join(f"    {one_line(_slide(slide, pen, scene, most))}" for slide in deck.slides)
    return "{\n" + ",\n".join([*lines, f'  "slides": [\n{slides}\n  ]']) + "\n}\n"


def _slide(slide: Slide, pen: Pen, scene: Scene, most: int | None) -> dict[str, Any]:
    return {
        "id": slide.id,
        "kind": slide.kind,
        "title": _plain(slide.title, pen),
        "note": slide.note,
        "steps": [_step(step, pen, scene, most) for step in slide.steps],
    }


def _plain(runs: Runs, pen: Pen) -> str:
    return "".join(run.text if isinstance(run, Words) else pen.inline_flat(run) for run in runs)


def _step(step: Step, pen: Pen, scene: Scene, most: int | None) -> dict[str, Any]:
    """A step of the derivation, with its formula as text and in LaTeX after kind and target."""
    content = step_content(step, most)
    left, parts = formula_of(step, scene, most)
    text, latex = pen.inline_flat(left), to_latex(left, pen.numbers)
    for part in parts:
        text += f" {pen.sign(part.sign, part.expression)} {pen.inline_flat(part.expression)}"
        sign = sign_latex(part.sign, part.expression, pen.numbers)
        latex += f" {sign} {to_latex(part.expression, pen.numbers)}"
    return {"kind": content.pop("kind"), "target": content.pop("target"), "text": text, "latex": latex, **content}
