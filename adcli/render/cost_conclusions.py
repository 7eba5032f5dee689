"""What to conclude from the costs of a trace, in sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Iterator

from adcli.cost.report import Report

ALIKE = 1.05  # a ratio below it makes no difference


def conclusions(found: Report) -> Iterator[str]:
    """One text for each thing to learn."""
    if not found.names:
        yield "There is nothing to differentiate for: no parameters and no inputs."
        return
    yield from _modes(found)
    yield from _order(found)
    yield from _numeric(found)
    yield from _memory(found)


def times(ratio: float) -> str:
    """``57 ×``, ``1.4 ×``."""
    return f"{ratio:,.0f} ×" if ratio >= 9.95 else f"{ratio:.1f} ×"


def _numbers(count: int) -> str:
    return f"{count:,} number{'' if count == 1 else 's'}"


def _modes(found: Report) -> Iterator[str]:
    """Which of the two modes of automatic differentiation wins, and when the other would."""
    forward, reverse = (found.modes[mode].operations for mode in ("forward", "reverse"))
    if forward is None or reverse is None:
        refused = [mode for mode in ("forward", "reverse") if found.modes[mode].operations is None]
        yield f"Refused, since the derivatives would hold too many numbers: {' and '.join(refused)} mode."
        return
    least, most = sorted((forward, reverse))
    if most <= ALIKE * least:
        yield f"Reverse and forward mode do about the same work: {reverse:,} and {forward:,} multiplications."
        return
    winner, other = ("Reverse", "forward") if reverse < forward else ("Forward", "reverse")
    compared = f"{times(most / least)} less" if least else "no"
    yield (
        f"{winner} mode does {compared} work than {other} mode: {least:,} multiplications against {most:,}. "
        + _why(found, winner)
    )


def _why(found: Report, winner: str) -> str:
    inputs, outputs = found.scalars, found.outputs
    facts = f"The output holds {_numbers(outputs)}, and the derivatives are for {_numbers(inputs)}"
    if (winner == "Reverse") == (inputs > outputs):
        other = "forward" if winner == "Reverse" else "reverse"
        return f"{facts}; with {_numbers(outputs)} to differentiate for and {inputs:,} put out, {other} would win."
    return f"{facts}; the shapes between them decide here."


def _order(found: Report) -> Iterator[str]:
    """What brackets can save, or why they can't."""
    if not found.is_chain:
        yield (
            "Several paths lead to the output, so there is no single chain to put brackets in. To find the cheapest "
            "way through a general graph is NP-complete (Naumann 2008, optimal Jacobian accumulation); counted "
            "instead is one sweep over the graph, from each name forward and from the output back."
        )
    every = "every name" if found.is_chain else "every name with a single path"
    chains = {name: chain for name, chain in found.chains.items() if chain.optimal is not None}
    gains = {name: min(c.forward, c.reverse) - (c.optimal or 0) for name, c in chains.items()}
    better = [name for name, gain in gains.items() if gain > 0]
    if better:
        name = max(better, key=lambda n: gains[n])
        chain = chains[name]
        yield (
            f"Neither end is the best place to start for {_listed(better)}: the best order for {name} takes "
            f"{chain.optimal:,} multiplications, {chain.forward:,} from the right and {chain.reverse:,} from the left."
        )
    elif chains and all(c.optimal == c.reverse for c in chains.values()):
        worse = any(c.forward > c.reverse for c in chains.values())
        if worse:
            yield f"From the left, as reverse mode multiplies, is the best order for {every}."
    elif chains and all(c.optimal == c.forward for c in chains.values()):
        yield f"From the right, as forward mode multiplies, is the best order for {every}."


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _numeric(found: Report) -> Iterator[str]:
    numeric = found.modes["numeric"]
    known = [c.operations for m, c in found.modes.items() if m in ("forward", "reverse") and c.operations]
    if numeric.operations and known:
        ratio = numeric.operations / min(known)
        best = "reverse" if _wins(found) else "forward"
        work = f", {times(ratio)} the work of {best} mode" if ratio > 1 else ""
        yield f"Numeric mode evaluates the function {numeric.evaluations:,} times{work}: good for checks only."


def _wins(found: Report) -> bool:
    """Whether reverse mode is the cheaper one."""
    forward, reverse = (found.modes[mode].operations for mode in ("forward", "reverse"))
    return forward is None or (reverse is not None and reverse <= forward)


def _memory(found: Report) -> Iterator[str]:
    forward, reverse = (found.modes[mode].stored for mode in ("forward", "reverse"))
    if forward is None or reverse is None:
        return
    if reverse > forward:
        yield f"Reverse mode pays with memory: it holds {_numbers(reverse)} at most, forward mode {forward:,}."
    elif reverse < forward:
        yield f"Reverse mode holds {_numbers(reverse)} at most, forward mode with its tangents {forward:,}."
    rows = found.checkpointing
    cheap = next((row for row in rows if 1 < row.slots <= rows[-1].slots // 4 and row.ratio <= 2.0), None)
    if cheap:
        yield (
            f"With {cheap.slots} checkpoints in place of {rows[-1].slots:,} stored values "
            f"it evaluates {cheap.ratio:.2f} × as many steps."
        )
