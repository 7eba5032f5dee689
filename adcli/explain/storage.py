"""The storage row: what is held in memory, and what each step costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from adcli.derivation import Operand, Step
from adcli.explain.blocks import Meter, Runs, Slot, Storage, Words
from adcli.explain.formulas import MOST_COLUMNS
from adcli.explain.maths import Expression, Listed, Mark, Name, Number, Role
from adcli.explain.messages import Say
from adcli.explain.pictures import becomes, cotangent_name
from adcli.explain.progress import Progress, State
from adcli.explain.scene import Scene
from adcli.explain.stretches import Stretch

PULLS = ("cotangent.init", "cotangent.update", "gradient")
MOST_SLOTS = 6
C = Role.COTANGENT


class Ledger:
    """What the storage holds, as the steps go by."""

    def __init__(self, scene: Scene, steps: list[Step]) -> None:
        self.states = {node.name: State.TO_COME for node in scene.trace.nodes}
        self.most = sum(scene.size(node.name) for node in scene.trace.nodes)
        pulls = [step for step in steps if step.kind in PULLS]
        self.read = {name for step in pulls for name in step.reads}
        back = next((step for step in steps if step.kind in (*PULLS, "recompute")), None)
        self.never = {name for name in (back.releases if back else ()) if name not in self.read}
        self.again = [step.target for step in steps if step.kind == "recompute"]
        self.to_come = Counter(step.target for step in pulls if step.kind == "gradient")
        self.sums: dict[str, Step] = {}  # of gradients to which more is to be added: the last step of each
        self.evaluations = 0
        self.pulled: str | None = None  # the node that was pulled back through last
        self.held = 0
        self.rows: dict[str, Operand] = {}  # the cotangents in hand, which computing values again leaves there

    def pass_over(self, stretch: Stretch) -> None:
        """Go on by a stretch that no slide of its own tells."""
        self.take(stretch.told.steps)
        self.held = stretch.told.steps[-1].held
        self.keep_rows(stretch)

    def keep_rows(self, stretch: Stretch) -> None:
        """The cotangents in hand are those of ``stretch`` from now on."""
        if stretch.told.steps[0].kind != "recompute":
            self.rows = _rows_in_hand(stretch)

    def meter(self, say: Say, held: int, since: int) -> Meter:
        """``held`` numbers from phase ``since`` on, and until then as many as before."""
        earlier, self.held = self.held, held
        levels = [Meter(n, self.most, say("storage.needed", n=f"{n:,}", of=f"{self.most:,}")) for n in (earlier, held)]
        return levels[1] if earlier == held else levels[1]._replace(since=since, before=levels[0])

    def take(self, steps: list[Step]) -> dict[str, State]:
        """Go on by ``steps``; the states before them."""
        before = dict(self.states)
        for step in steps:
            if step.kind == "forward":
                self.states[step.target] = State.NOT_KEPT
                self.evaluations += 1
            elif step.kind == "store":
                self.states[step.target] = State.HELD
            elif step.kind == "recompute":
                self.states[step.target] = State.RECOMPUTED
                self.again.remove(step.target)
                self.evaluations += 1
            elif step.kind in ("gradient", "accumulate"):
                self._add(step)
            for name in step.releases:
                gone = State.NEVER_READ if name in self.never else State.LET_GO
                self.states[name] = State.NOT_KEPT if name in self.again else gone
        return before

    def _add(self, step: Step) -> None:
        """A part of a gradient has come, or was added to those before it."""
        self.to_come[step.target] -= step.kind == "gradient"
        if self.to_come[step.target] > 0:
            self.sums[step.target] = step
        else:
            self.sums.pop(step.target, None)


def slot(scene: Scene, name: str, progress: Progress) -> Slot:
    return Slot(scene.names[name], scene.brief(name), scene.shape_text(name), progress)


def left_out(count: int) -> Slot:
    """⋯ for so many slots."""
    return Slot(Name("⋯"), None, f"+{count}", Progress(State.PLAIN))


def shortened(slots: list[Slot], at: int) -> tuple[Slot, ...]:
    """The slots around ``at``, and the first and the last."""
    if len(slots) <= MOST_SLOTS:
        return tuple(slots)
    kept = sorted({0, *(i for i in range(at - 1, at + 2) if 0 <= i < len(slots)), len(slots) - 1})
    short: list[Slot] = []
    for before, index in zip([-1, *kept], kept, strict=False):
        if index - before > 1:
            short.append(left_out(index - before - 1))
        short.append(slots[index])
    return tuple(short)


def way_back(
    scene: Scene,
    stretch: Stretch,
    ledger: Ledger,
    before: Mapping[str, State],
    following: Sequence[Step],
    phases: int,
    made: Mapping[str, int],
) -> Storage:
    """The row of a slide of the way back: ``before`` are the states before its steps, which change in the last phase;
    ``following`` are the steps of the next slide; ``made`` says in which phase a cotangent is."""
    say, steps = scene.say, stretch.told.steps
    next_read = {name for step in following for name in step.reads}
    slots = []
    at = 0
    for index, node in enumerate(scene.trace.nodes):
        name = node.name
        after = ledger.states[name]
        if after is not before[name]:
            progress = Progress(after, phases, before[name])
        elif after is State.HELD and name in next_read:
            progress = Progress(State.READ_NEXT)
        else:
            progress = Progress(after)
        at = index if name == stretch.told.node.name else at
        slots.append(slot(scene, name, progress))
    ledger.keep_rows(stretch)
    own = [
        Slot(
            cotangent_name(scene, name),
            _in_hand(row),
            scene.shape_text(name) if scene.is_batch and scene.rows == 1 else "×".join(map(str, row.shape)),
            becomes(State.IN_HAND, made.get(name, 0), State.TO_COME),
            C,
        )
        for name, row in list(ledger.rows.items())[-2:]
    ]
    own += [_so_far(scene, step, made) for step in list(ledger.sums.values())[-2:]]
    meter = ledger.meter(say, steps[-1].held, phases)
    key = "storage.cost.part" if stretch.is_part else "storage.cost"
    facts = multiplications(scene, [step for step in steps if step.multiplications], key)
    return Storage(say.text("storage.stored"), (*shortened(slots, at), *own), meter, facts)


def _rows_in_hand(stretch: Stretch) -> dict[str, Operand]:
    """The cotangents that the steps of a slide make; the node's own where that is read again on the next slide."""
    node, steps = stretch.told
    rows = {node.name: steps[0].operands[0]} if stretch.after else {}
    for step in steps:
        if step.kind in ("cotangent.update", "cotangent.init") or (step.kind == "accumulate" and step.target in rows):
            rows[step.target] = step.value
    return rows


def _so_far(scene: Scene, step: Step, made: Mapping[str, int]) -> Slot:
    """A sum that is carried from step to step, until the last use of a parameter has been added. Like h̃ it is no
    stored value, and the meter doesn't count it."""
    of, name = scene.names[scene.output], scene.names[step.target]
    progress = becomes(State.IN_HAND, made.get(step.target, 0), State.TO_COME)
    note = scene.say.text("storage.so_far", h=of, W=name)
    return Slot(
        name._replace(mark=Mark.TILDE, role=C), _in_hand(step.value), scene.shape_text(step.target), progress, C, note
    )


def _in_hand(row: Operand) -> Expression | None:
    if row.shape == (1, 1):
        return Number(float(row.array()[0, 0]), C)
    return Listed(row.array(), C) if row.shape[0] == 1 and row.shape[1] <= 3 else None


def multiplications(scene: Scene, steps: list[Step], key: str = "storage.cost") -> Runs:
    """``this step 2·2·4 + 2·2·4 = 32 multiplications``; of full Jacobians, which a slide may not write out."""
    if not steps:
        return ()
    shapes = [(step.operands[0].shape, step.operands[1].shape) for step in steps]
    total = sum(step.multiplications for step in steps)
    terms = " + ".join(f"{a[0]}·{a[1]}·{b[1]}" for a, b in shapes)
    sum_text = f"{terms} = {total:,}" if len(shapes) <= 3 else f"{total:,}"
    written_out = not scene.is_batch and all(b[1] <= MOST_COLUMNS for _, b in shapes)
    key = key if written_out else "storage.cost.full"
    return (Words(" · "), *scene.say(key, n=total, sum=(Words(sum_text, strong=True),)))
