"""The chain rule with its factors in columns, and the storage row: how much is done, and what is held."""

from __future__ import annotations

from adcli.explain.blocks import Meter, Slot, Storage
from adcli.explain.drawings import Chain, Factor, Tracker
from adcli.explain.maths import Listed, Role
from adcli.explain.progress import State
from adcli.render.beamer.pen import TICK, Pen, changing, once, prose, states
from adcli.render.layout import bracketed
from adcli.render.shown import entries

METER = 11  # mm
MOST_LETTERS = 84  # of the numbers in the storage row
MANY_CHAINS = 4
GONE = (State.LET_GO, State.NEVER_READ, State.NOT_KEPT)


def tracker(pen: Pen, block: Tracker, width: int) -> str:
    """A panel: the caption with its legend, and a row a chain."""
    rows = "\n".join(_chain(pen, chain, block, below) + r" \\" for chain, below in bracketed(block))
    seen = {state for chain in block.chains for factor in chain.factors for state in states(factor.progress)}
    legend = r"\kern0.8mm".join(
        rf"\adkey{{{_factor(prose(pen.labels.states[state]), state, block.role, key=True)}}}"
        for state in (State.DONE, State.NOW, State.TO_COME)
        if state in seen
    )
    left_out = rf"\adleftout{{{pen.runs(block.left_out)}}}" if block.left_out else ""
    size = 10 if block.large else 7 if len(block.chains) >= MANY_CHAINS else 8
    caption = prose(block.caption)
    columns = "l" * block.columns
    drawn = rf"\adtracker{{{width}mm}}{{{size}}}{{{caption}}}{{{legend}}}{{{columns}}}{{{rows}}}{{{left_out}}}"
    return once("largetracker" if block.large else "tracker", drawn)


def _chain(pen: Pen, chain: Chain, block: Tracker, is_braced: bool) -> str:
    cells = [""] * block.columns
    for factor in chain.factors:
        cells[factor.column] = _drawn(pen, factor, block.role)
    left = r"+\;" if chain.plus else rf"\displaystyle {pen.maths(chain.left)} ="
    return r"\adrow" + " & ".join([left, *cells, _end(chain)]) + (_brace(pen, chain, block) if is_braced else "")


def _brace(pen: Pen, chain: Chain, block: Tracker) -> str:
    """A line under the factors that are multiplied so far, with what they give."""
    start, end = chain.span or (0, 0)
    result = pen.maths(chain.result) if chain.result is not None else ""
    braced = rf"\adbrace{{{block.role.name}}}{{{result}}}"
    return rf" \\ {'& ' * (start + 1)}\multicolumn{{{end - start + 1}}}{{@{{}}c@{{}}}}{{{braced}}}"


def _end(chain: Chain) -> str:
    """What stands behind the factors: ✓ when all of them are multiplied."""
    at_first, at_last = (TICK if state is State.DONE else "" for state in states(chain.progress))
    if at_first == at_last:
        return rf"\hbox{{{at_last}}}"
    return rf"\adeither{{{chain.progress.since + 1}}}{{{at_last}}}{{{at_first}}}"


def _drawn(pen: Pen, factor: Factor, role: Role) -> str:
    latex = pen.maths(factor.expression)
    return changing(factor.progress, *(_factor(latex, state, role) for state in states(factor.progress)))


def _factor(latex: str, state: State, role: Role, key: bool = False) -> str:
    latex = rf"\text{{{latex}}}" if key else latex
    if state is State.DONE:
        return rf"\addone{{{latex}}}"
    if state is State.NOW:
        return rf"\adnow{{{role.name}}}{{{latex}}}"
    return rf"\adcoming{{{latex}}}" if state is State.TO_COME else rf"\adplain{{{latex}}}"


def storage_row(pen: Pen, storage: Storage) -> str:
    """Slots from the left, the meter and the facts at the right; shapes instead of numbers where these are too long."""
    if sum(_letters(pen, slot) for slot in storage.slots) > MOST_LETTERS:
        storage = storage._replace(slots=tuple(slot._replace(value=None) for slot in storage.slots))
    slots = "%\n  ".join(_slot(pen, slot) for slot in storage.slots)
    right = []
    if storage.meter is not None:
        right.append(_meter(pen, storage.meter))
    if storage.facts:
        right.append(pen.runs(storage.facts))
    facts = r"\quad ".join(right)
    return rf"\adstorage{{{prose(storage.label)}}}{{{slots}}}{{\hfil {facts}}}"


def _letters(pen: Pen, slot: Slot) -> int:
    """About how many digits wide the numbers of a slot are."""
    if isinstance(slot.value, Listed):
        return sum(len(text) + 1 for text in entries(slot.value.array, slot.value.most, pen.numbers)) + 4
    return 8


def _meter(pen: Pen, meter: Meter) -> str:
    share = min(max(meter.now / meter.most, 0.0), 1.0) if meter.most > 0 else 0.0
    now = rf"\admeter{{{METER * share:.2f}}}{pen.runs(meter.text)}"
    return now if meter.before is None else rf"\adeither{{{meter.since + 1}}}{{{now}}}{{{_meter(pen, meter.before)}}}"


def _slot(pen: Pen, slot: Slot) -> str:
    (style_before, before), (style, content) = (_slot_in(pen, slot, state) for state in states(slot.progress))
    if (style_before, before) == (style, content):
        return rf"\adslot{{{style}}}{{{content}}}"
    return rf"\adslots{{{slot.progress.since + 1}}}{{{style}}}{{{content}}}{{{style_before}}}{{{before}}}"


def _slot_in(pen: Pen, slot: Slot, state: State) -> tuple[str, str]:
    """Its style and what stands in it."""
    gone = state in GONE or state is State.TO_COME
    name = f"${pen.maths(slot.name._replace(role=Role.PLAIN) if gone else slot.name)}$"
    numbers = ""
    if state not in (State.NOT_KEPT, State.TO_COME):
        shape = rf"{{\adsize{{5}}\admute{{{prose(slot.shape)}}}}}" if slot.shape else ""
        numbers = shape if slot.value is None else f"${pen.word(slot.value)}$"
    if gone and numbers:
        numbers = rf"\adstrike{{{numbers}}}"
    words = [prose(slot.note)] if slot.note else []
    if state in (*GONE, State.READ_NEXT, State.IN_HAND, State.RECOMPUTED):
        words.append(pen.state(state))
    said = rf"{{\adsize{{5.4}}\admute{{{', '.join(words)}}}}}" if words else ""
    parts = [part for part in (name, numbers, said, TICK if state is State.DONE else "") if part]
    return _slot_style(slot, state, gone), r"\kern0.9mm ".join(parts)


def _slot_style(slot: Slot, state: State, gone: bool) -> str:
    if gone:
        return "ad slot=admuted,ad coming,text=admuted"
    role = slot.role.name if slot.role is not Role.PLAIN else "PARAMETER"
    heavy = ",line width=0.45mm" if state in (State.NOW, State.READ_NEXT, State.RECOMPUTED) else ""
    return f"ad slot={role},fill={role}-tint{heavy}"
