"""The chain rule as a picture: a row a path, and what is done of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from adcli.explain.blocks import Runs
from adcli.explain.drawings import Chain, Direction, Factor, Tracker
from adcli.explain.maths import Dots, Expression, Partial, Product, Role
from adcli.explain.paths import MOST_COUNTED, Path, count_paths, paths_to
from adcli.explain.pictures import becomes, cotangent_name
from adcli.explain.progress import DONE, NOW, PLAIN, TO_COME, Progress, State
from adcli.explain.scene import Scene

MOST_FACTORS = 6
MOST_CHAINS = 5


def tracker(
    scene: Scene,
    now: str | None = None,
    *,
    back: bool = False,
    finished: bool = False,
    last_phase: int = 0,
    settled: bool = False,
    large: bool = False,
    earlier: Collection[Factors] = (),
    later: Collection[Factors] = (),
) -> Tracker:
    """The chain rule for every name asked for, a row a path, with what is done when ``now`` is being worked at,
    or, ``settled``, has just been.

    Where several slides tell that step, ``earlier`` and ``later`` are what the others do of it.
    """
    nodes = scene.flowing
    order = {node.name: index for index, node in enumerate(nodes)}
    at = order.get(now or "", len(nodes) if finished and not back else -1)
    names = _rows(scene, order, at)
    columns = _columns(len(nodes), at)
    here = Here(order, at, columns, back, finished, -1 if settled else last_phase, earlier, later)
    chains = [chain for name in names for chain in _apart(_chains(scene, name, here))]
    ways = {"forward": "tracker.forward", "reverse": "tracker.reverse"}
    count = count_paths(scene)
    rows = sum(count[name] for name in _asked_for(scene))
    left_out = rows - len(chains)
    number = f"{left_out:,}" if rows <= MOST_COUNTED else f"> {MOST_COUNTED:,}"
    more: Runs = scene.say("tracker.more", n=number) if left_out else ()
    caption = scene.say.text(ways.get(scene.mode, "tracker.rule"))
    role = Role.COTANGENT if back else Role.TANGENT
    direction: Direction | None = Direction.BACK if back else Direction.FORWARD
    if scene.mode not in ways:  # which multiplies nothing step by step
        direction = None
        chains = [c._replace(factors=tuple(f._replace(progress=PLAIN) for f in c.factors)) for c in chains]
    return Tracker(caption, tuple(chains), len(set(columns.values())), direction, role, large, more)


class Factors(NamedTuple):
    """The factor ∂now/∂by in the rows of the name ``of``."""

    of: str
    by: str


class Here(NamedTuple):
    """Where a story is in the chain rule.

    Attributes:
        order: node → its place in the trace; ``at`` is the one that is worked at.
        columns: place → column.
        last_phase: the phase in which the factor at ``at`` is done; −1: it was, before.
        earlier, later: what slides before and after this one do of the factors at ``at``.
    """

    order: Mapping[str, int]
    at: int
    columns: Mapping[int, int]
    back: bool
    finished: bool
    last_phase: int
    earlier: Collection[Factors] = ()
    later: Collection[Factors] = ()

    def along(self, name: str, path: Path) -> Here:
        """Where the story is in the row of ``name`` that is this path."""
        factor = next((Factors(name, by) for of, by in path if self.order[of] == self.at), None)
        if factor in self.earlier:
            return self._replace(last_phase=-1)
        before = self.at + 1 if self.back else self.at - 1
        return self._replace(at=before, last_phase=-1) if factor in self.later else self


def _asked_for(scene: Scene) -> list[str]:
    """The names that have a chain rule."""
    return [name for name in scene.wrt if name in scene.base.flows and name != scene.output]


def _rows(scene: Scene, order: Mapping[str, int], at: int) -> list[str]:
    """The names that get rows: those next to where we are, if there are many."""
    wanted = _asked_for(scene)
    if len(wanted) <= MOST_CHAINS:
        return wanted
    first_use: dict[str, int] = {}
    for node in scene.flowing:
        for name in node.operands:
            first_use.setdefault(name, order[node.name])
    near = sorted(wanted, key=lambda name: (abs(first_use.get(name, 0) - max(at, 0)), first_use.get(name, 0)))
    kept = set(near[:MOST_CHAINS])
    return [name for name in wanted if name in kept]


def _columns(count: int, at: int) -> dict[int, int]:
    """Node → column, counted from the output; where there are many, those far away share one (shown as ⋯)."""
    if count <= MOST_FACTORS:
        return {index: count - 1 - index for index in range(count)}
    middle = min(max(at, 1), count - 2)
    own = sorted({0, middle - 1, middle, middle + 1, count - 1}, reverse=True)
    columns: dict[int, int] = {}
    column = -1
    for index in range(count - 1, -1, -1):
        if index in own or index + 1 in own:
            column += 1
        columns[index] = column
    return columns


def _chains(scene: Scene, name: str, here: Here) -> list[Chain]:
    """A row for each path from the output to ``name``. A tangent that waits beside the newest is none of the Ŵ."""
    paths = paths_to(scene, name)
    heres = [here.along(name, path) for path in paths]
    chains = [
        _chain(scene, name, path, own, plus=number > 0)
        for number, (path, own) in enumerate(zip(paths, heres, strict=True))
    ]
    if here.back:
        return chains
    reached = [
        max((own.order[of] for of, _ in path if own.order[of] <= own.at), default=-1)
        for path, own in zip(paths, heres, strict=True)
    ]
    is_partial = any(factor.of == name for factor in here.later)
    for number, (chain, top) in enumerate(zip(chains, reached, strict=True)):
        if is_partial and top == here.at:  # what is not added up yet has no name
            chains[number] = chain._replace(result=None, span=None)
        elif chain.span is not None and top < max(reached):
            waits = Partial(scene.names[scene.flowing[top].name], scene.names[name], Role.TANGENT)
            is_product = chain.span[0] < chain.span[1]
            chains[number] = chain._replace(result=waits) if is_product else chain._replace(result=None, span=None)
    return chains


def _apart(chains: list[Chain]) -> list[Chain]:
    """Without rows that only differ in what ⋯ stands for."""
    return list({chain._replace(plus=True): chain for chain in reversed(chains)}.values())[::-1]


def _chain(scene: Scene, name: str, path: Path, here: Here, plus: bool) -> Chain:
    order, at, columns, back, finished, last_phase, *_ = here
    factors: list[Factor] = []
    shared = [column for column in set(columns.values()) if list(columns.values()).count(column) > 1]
    for of, by in path:
        index = order[of]
        column = columns[index]
        if finished or (at >= 0 and (index > at if back else index < at)):
            progress = DONE
        elif index == at:
            progress = (
                DONE if last_phase < 0 else Progress(State.DONE, last_phase, State.NOW) if back and last_phase else NOW
            )
        else:
            progress = TO_COME
        partial = Partial(scene.names[of], scene.names[by])
        follows = bool(factors) and factors[-1].column == column
        if column in shared and by != name:
            so_far = factors.pop().progress if follows else progress
            factors.append(Factor(Dots(), column, _less(so_far, progress)))
        elif follows:
            factors[-1] = Factor(Product((Dots(), partial)), column, _less(factors[-1].progress, progress))
        else:
            factors.append(Factor(partial, column, progress))
    covered = [f.column for f in factors if f.progress.state is not State.TO_COME]
    is_done = len(covered) == len(factors)
    result: Expression | None = None
    span = None
    if covered and not is_done:
        behind = [by for of, by in path if order[of] >= at]
        result = cotangent_name(scene, behind[-1]) if back else scene.names.tangent(name)
        span = (min(covered), max(covered))
    ends_here = not finished and any(order[of] == at for of, _ in path)
    progress = becomes(State.DONE, last_phase if ends_here else 0, State.TO_COME) if is_done else TO_COME
    left = Partial(scene.names[scene.output], scene.names[name])
    return Chain(left, tuple(factors), result, span, progress, plus)


def _less(first: Progress, second: Progress) -> Progress:
    return first if first.state is State.TO_COME else second
