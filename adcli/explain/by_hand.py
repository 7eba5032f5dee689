"""One entry of a product worked by hand: which is worth it, its line, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.explain.blocks import Runs, Work
from adcli.explain.kinks import crosses_kink
from adcli.explain.maths import Expression, Matrix, Number, Product, Relation, Role, Sum, Tint
from adcli.explain.scene import Scene

MOST_TERMS = 4


def best_entry(left: Array, right: Array) -> tuple[int, int]:
    """The entry worth working by hand: with the most terms that are not zero, the last of those that can be seen."""
    rows, columns = min(len(left), 3), min(right.shape[1], 4)
    count = (left[:rows] != 0.0).astype(int) @ (right[:, :columns] != 0.0).astype(int)
    best = int(count.max())
    places = np.argwhere(count == best)
    distinct = [tuple(p) for p in places if len({*left[p[0]], *right[:, p[1]]}) > 2]
    row, column = (distinct or [tuple(p) for p in places])[-1]
    return int(row), int(column)


def worked(left: Matrix, right: Matrix, at: tuple[int, int], result: float, role: Role) -> Expression:
    """``2·2 + 1·1 = 5``: one entry of a product."""
    row, column = left.array[at[0]], right.array[:, at[1]]
    terms = [
        Product((Number(float(a), left.entries), Number(float(b), right.entries)), dot=True)
        for a, b in zip(row, column, strict=True)
    ]
    total: Expression = Sum(tuple(terms)) if len(terms) > 1 else terms[0]
    return Relation(total, "=", Number(result, role))


def _is_diagonal(matrix: Matrix) -> bool:
    """Whether every row has a single entry that is not forced to be zero, which no sum would explain."""
    rows, columns = matrix.array.shape
    return rows == columns and matrix.zeros is not None and bool((matrix.zeros.sum(axis=1) == columns - 1).all())


EFFECTS = (
    ("work.falls", "work.stays", "work.grows"),
    ("work.alone.falls", "work.alone.stays", "work.alone.grows"),
)


class Place(NamedTuple):
    """An entry of a name: its place, row by row."""

    name: str
    flat: int


def effect(scene: Scene, turned: Place, of: Place, value: float, role: Role, alone: bool) -> Runs:
    """What a derivative means: by how many times as much ``of`` moves, and which way. Nothing at a kink.

    ``alone``: other ways lead from the one to the other as well, and are not counted in.
    """
    if not np.isfinite(value) or crosses_kink(scene, turned.name, of.name):
        return ()
    key = EFFECTS[alone][int(np.sign(value)) + 1]
    names = {"W": scene.names.entry(*turned), "h": scene.names.entry(*of)}
    return scene.say(key, n=int(abs(value) == 1.0), v=Number(abs(value), role), **names)


def work(
    scene: Scene,
    left: Expression,
    right: Expression,
    result: Matrix,
    meaning: Callable[[tuple[int, int], float], Runs],
    role: Role,
    phase: int,
) -> tuple[Expression, Expression, Matrix, Work | None]:
    """The two factors and the result with one entry tinted, and that entry worked by hand (None: it is too long)."""
    if not (isinstance(left, Matrix) and isinstance(right, Matrix)) or left.array.shape[1] > MOST_TERMS:
        return left, right, result, None
    if result.array.size < 2 or scene.detail == "low":
        return left, right, result, None
    at = best_entry(left.array, right.array)
    if left.array.shape[1] > 1 and _is_diagonal(left if left.array.shape[0] > 1 else right):
        return left, right, result, None
    value = float(result.array[at])
    if not np.isfinite(left.array[at[0]] * right.array[:, at[1]]).all():  # where 0 · ∞ = NaN, a forced zero is none
        return left, right, result, None
    block = Work(
        scene.say.text("work.head"),
        worked(left, right, at, value, role),
        meaning(at, value),
        phase,
        role,
    )
    return (
        left._replace(tint=Tint(row=at[0])),
        right._replace(tint=Tint(column=at[1])),
        result._replace(tint=Tint(entry=at)),
        block,
    )
