"""On a slide of the way back the step before it: done, ticked, and without its marks."""

from __future__ import annotations

from typing import Any

from adcli.explain.backward import gradient_lines, start_formula
from adcli.explain.blocks import Formula, Group, Part
from adcli.explain.deck import Block, Slide
from adcli.explain.maths import Matrix, Role, Tint, largest_matrix, parts_of
from adcli.explain.pictures import box_label
from adcli.explain.progress import DONE
from adcli.explain.scene import Scene
from adcli.explain.selection import Told

MOST_ROWS, MOST_COLUMNS = 6, 6  # of the matrices of two steps back that share a stage
C = Role.COTANGENT


def settled(scene: Scene, told: Told, finished: list[str], slide: Slide) -> list[Block]:
    """The step before, ticked, where both leave room on the stage for each other."""
    node, steps = told
    if not scene.tracked or not steps[0].operands or steps[0].kind == "recompute":
        return []
    if steps[0].kind == "cotangent.init":
        start, _ = start_formula(scene, node, steps)
        formulas = [block for block in start if isinstance(block, Formula)]
    else:
        formulas = gradient_lines(scene, node, steps, finished).formulas
    now = [formula for block in slide.stage if isinstance(block, Group) for formula in block.formulas]
    shapes = [largest_matrix(formula) for formula in (*formulas, *now)]
    if sum(height for height, _ in shapes) > MOST_ROWS or max(width for _, width in shapes) > MOST_COLUMNS:
        return []
    still = [f._replace(label="", phase=0, aside=(), parts=_plain_parts(f)) for f in formulas]
    return [Group(box_label(scene, node), tuple(still), DONE, C, spare=True)]


def _plain_parts(formula: Formula) -> tuple[Part, ...]:
    return tuple(_plain(part._replace(phase=0)) for part in formula.parts)


def _plain(thing: Any) -> Any:
    """The same without the marks of a worked entry and the heads of columns."""
    if isinstance(thing, Matrix):
        return thing._replace(tint=Tint(), new=False, heads=())
    if type(thing) is tuple:
        return tuple(map(_plain, thing))
    parts = parts_of(thing)
    return type(thing)(*map(_plain, parts)) if parts else thing
