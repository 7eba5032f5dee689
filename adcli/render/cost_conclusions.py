"""What to conclude from the costs of a trace, in sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Iterator

from adcli.cost.chains import Chain
from adcli.cost.report import Report
from adcli.render.numerals import counted

ALIKE = 1.05  # a ratio below it makes no difference


def conclusions(found: Report) -> Iterator[str]:
    """One text for each thing to learn."""
    if not found.names:
        yield "There is nothing to differentiate for: no parameters and no inputs."
        return
    yield from _start(found)
    yield from _modes(found)
    yield from _order(found)
    yield from _textbook(found)
    yield from _numeric(found)
    yield from _memory(found)


def times(ratio: float) -> str:
    """``57 ×``, ``1.4 ×``."""
    return f"{ratio:,.0f} ×" if ratio >= 9.95 else f"{ratio:.1f} ×"


def both(reverse: int, forward: int) -> str:
    """``39 and 40 multiplications``; where they are the same, ``39 multiplications each``."""
    if reverse == forward:
        return f"{counted(reverse, 'multiplication')} each" if reverse else "no multiplications"
    return f"{reverse:,} and {counted(forward, 'multiplication')}"


def _numbers(count: int) -> str:
    return counted(count, "number")


def _modes(found: Report) -> Iterator[str]:
    """Which of the two modes of automatic differentiation wins, and when the other would."""
    forward, reverse = (found.modes[mode].operations for mode in ("forward", "reverse"))
    if forward is None or reverse is None:
        refused = [mode for mode in ("forward", "reverse") if found.modes[mode].operations is None]
        yield f"Refused, since the derivatives would hold too many numbers: {' and '.join(refused)} mode."
        return
    least, most = sorted((forward, reverse))
    if most <= ALIKE * least:
        yield f"Reverse and forward mode do about the same work: {both(reverse, forward)}."
        return
    winner, other = ("Reverse", "forward") if reverse < forward else ("Forward", "reverse")
    compared = f"{times(most / least)} less" if least else "no"
    yield (
        f"{winner} mode does {compared} work than {other} mode: {counted(least, 'multiplication')} against {most:,}. "
        + _why(found, winner)
    )


def _why(found: Report, winner: str) -> str:
    inputs, outputs = found.scalars, found.outputs
    facts = f"The output holds {_numbers(outputs)}, and the derivatives are for {_numbers(inputs)}"
    if (winner == "Reverse") == (inputs > outputs):
        other = "forward" if winner == "Reverse" else "reverse"
        return (
            f"{facts}; with {_numbers(outputs)} to differentiate for and {inputs:,} put out, {other} mode tends to win."
        )
    return f"{facts}; the shapes between them decide here."


def _start(found: Report) -> Iterator[str]:
    """Where to start in the chain that is drawn: what stays as wide as it is from one product to the next."""
    name, chain = found.longest
    rows, columns = found.outputs, found.graph.sizes[name]
    if chain.forward is None or chain.reverse is None or (rows - columns) * (chain.reverse - chain.forward) <= 0:
        return
    yield (
        f"Where would you start? From the left each product for {name} has {counted(rows, 'row')}, as many as the "
        f"output has numbers; from the right {counted(columns, 'column')}, as many as {name} has. So the chain takes "
        f"{chain.reverse:,} from the left and {chain.forward:,} from the right."
    )


def _order(found: Report) -> Iterator[str]:
    """What brackets can save, or why they can't."""
    if not found.is_chain:
        yield (
            "Several paths lead to the output, so there is no single chain to put brackets in. To find the cheapest "
            "way through a general graph is NP-complete (Naumann 2008, optimal Jacobian accumulation); counted "
            "instead is one sweep over the graph, from each name forward and from the output back."
        )
    if any(chain.forward is None for chain in found.chains.values()):
        yield "–: left out, since the graph is too large to be swept for each name."
    every = "every name" if found.is_chain else "every name with a single path"
    chains = {name: chain for name, chain in found.chains.items() if chain.optimal is not None}
    gains = {name: min(c.forward or 0, c.reverse or 0) - (c.optimal or 0) for name, c in chains.items()}
    better = [name for name, gain in gains.items() if gain > 0]
    if better:
        name = max(better, key=lambda n: gains[n])
        chain = chains[name]
        yield (
            f"Neither end is the best place to start for {_listed(better)}: the best order for {name} takes "
            f"{counted(chain.optimal or 0, 'multiplication')}, {chain.forward:,} from the right and "
            f"{chain.reverse:,} from the left."
        )
    elif chains and all(c.optimal == c.reverse for c in chains.values()):
        if any(c.forward != c.reverse for c in chains.values()):
            yield _none_cheaper("left, as reverse mode multiplies", every, chains)
    elif chains and all(c.optimal == c.forward for c in chains.values()):
        yield _none_cheaper("right, as forward mode multiplies", every, chains)


def _none_cheaper(side: str, every: str, chains: dict[str, Chain]) -> str:
    """What the best order is, where it begins at one side for all names; for some both sides may be as good."""
    if any(c.forward == c.reverse for c in chains.values() if c.optimal):
        return f"For {every} no order is cheaper than from the {side}."
    return f"From the {side}, is the best order for {every}."


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _textbook(found: Report) -> Iterator[str]:
    """Why an engine may count more than full matrices take."""
    modes = [found.modes[mode] for mode in ("forward", "reverse")]
    if any(m.operations is not None and m.textbook is not None and m.operations > m.textbook for m in modes):
        yield (
            "Full matrices can be fewer: the first or last Jacobian of a chain needs no product there, "
            "but an engine counts every JVP and VJP."
        )


def _numeric(found: Report) -> Iterator[str]:
    """That numeric mode is dear, where it multiplies nothing, too."""
    numeric = found.modes["numeric"]
    if numeric.evaluations is None:
        return
    evaluates = f"Numeric mode evaluates the function {counted(numeric.evaluations, 'time')}"
    known = [c.operations for m, c in found.modes.items() if m in ("forward", "reverse") and c.operations]
    work = ""
    if numeric.operations and known:
        ratio = numeric.operations / min(known)
        best = "reverse" if _wins(found) else "forward"
        work = f", {times(ratio)} the work of {best} mode" if ratio > 1 else ""
    yield f"{evaluates}{work}: good for checks only."
    if found.forward_pass == 0:
        yield "One evaluation counts as no work here: only products of matrices count, no operations on single entries."


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
