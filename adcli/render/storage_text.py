"""The storage row in characters: what is held in memory, a line a phase while it fills."""

from __future__ import annotations

from adcli.explain.blocks import Slot, Storage
from adcli.explain.deck import Labels
from adcli.explain.maths import Listed, Role
from adcli.explain.progress import Progress, State
from adcli.render.maths_text import Pen
from adcli.render.segments import STYLES, Segments, length, without_spaces_at_the_end, wrapped
from adcli.render.shown import entries


def storage(block: Storage, pen: Pen, labels: Labels, width: int) -> list[Segments]:
    """Slots on one line, their states under them; then the meter and the facts. While it fills, a line a phase."""
    earlier = [line for row in filling(block) for line, _ in _slot_rows(row, pen, labels, width)]
    return [*map(without_spaces_at_the_end, earlier), *_storage_row(block, pen, labels, width)]


def filling(block: Storage) -> list[Storage]:
    """The rows before the last one of a storage that fills phase by phase; none of another."""
    filled = [slot.progress for slot in block.slots if slot.progress.state is not State.IN_HAND]
    since = sorted({progress.since for progress in filled if progress.before is State.TO_COME})

    def at(slot: Slot, phase: int) -> Slot:
        return slot._replace(progress=Progress(slot.progress.at(phase)))

    return [block._replace(slots=tuple(at(slot, phase) for slot in block.slots)) for phase in since[:-1]]


def _slot_rows(block: Storage, pen: Pen, labels: Labels, width: int) -> list[tuple[Segments, Segments]]:
    """The slots, and under each of them the word for its state; in as many rows as they take."""
    label = f"{block.label} "
    rows: list[tuple[Segments, Segments]] = [([(label, "dim")], [(" " * len(label), "")])]
    for slot in block.slots:
        face, word = _slot(slot, pen, labels)
        size = max(length(face), length(word)) + 1
        if length(rows[-1][0]) + size > width + 1:
            rows.append(([(" " * len(label), "")], [(" " * len(label), "")]))
        top, bottom = rows[-1]
        top += [*face, (" " * (size - length(face)), "")]
        bottom += [*word, (" " * (size - length(word)), "")]
    return rows


def _storage_row(block: Storage, pen: Pen, labels: Labels, width: int) -> list[Segments]:
    lines: list[Segments] = []
    for top, bottom in _slot_rows(block, pen, labels, width):
        lines.append(top)
        if any(text.strip() for text, _ in bottom):
            lines.append(bottom)
    closing = [*_meter(block, pen), *pen.runs(block.facts)]
    if closing:
        if length(without_spaces_at_the_end(lines[-1])) + length(closing) + 2 <= width:
            last = without_spaces_at_the_end(lines[-1])
            lines[-1] = [*last, (" " * (width - length(last) - length(closing)), ""), *closing]
        elif length(without_spaces_at_the_end(lines[0])) + length(closing) + 2 <= width:
            first = without_spaces_at_the_end(lines[0])
            lines[0] = [*first, (" " * (width - length(first) - length(closing)), ""), *closing]
        else:
            below = [closing] if length(closing) <= width else wrapped(closing, width)
            lines += [[(" " * (width - length(line)), ""), *line] for line in below]
    return lines


def _slot(slot: Slot, pen: Pen, labels: Labels) -> tuple[Segments, Segments]:
    state = slot.progress.state
    name = pen.name(slot.name)
    numbers = _slot_numbers(slot, pen)
    text = f"[{name}{' ' + numbers if numbers else ''}]"
    styles = {
        State.LET_GO: "dim strike", State.NEVER_READ: "dim strike", State.NOT_KEPT: "dim", State.TO_COME: "dim",
        State.NOW: f"bold {STYLES[slot.role]}", State.READ_NEXT: f"bold {STYLES[slot.role]}",
    }  # fmt: skip
    if state is State.TO_COME:
        text = f"[{name} ·]"
    if state is State.NOT_KEPT:
        text = f"[{name} /]"
    style = styles.get(state, STYLES[slot.role])
    word = slot.note if slot.note else labels.states.get(state, "") if state not in (State.HELD, State.TO_COME) else ""
    return [(text, style)], [(word, "dim")]


def _slot_numbers(slot: Slot, pen: Pen) -> str:
    if slot.progress.state is State.RECOMPUTED:
        return "↻"
    if isinstance(slot.value, Listed):
        return " ".join(entries(slot.value.array, slot.value.most, pen.numbers))
    return pen.inline_flat(slot.value) if slot.value is not None else slot.shape


def _meter(block: Storage, pen: Pen) -> Segments:
    if block.meter is None:
        return []
    full = 10
    filled = round(full * min(1.0, block.meter.now / block.meter.most)) if block.meter.most else 0
    bar = [("█" * filled, STYLES[Role.VALUE]), ("░" * (full - filled), "dim"), (" ", "")]
    return [*bar, *pen.runs(block.meter.text)]
