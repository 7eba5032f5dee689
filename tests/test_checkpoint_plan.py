"""Which values are kept and which are computed again, against schedules counted by other means."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.engines.checkpoints import Chain, Schedule, by_names, by_slots, by_sqrt, chain_of
from adcli.errors import AdcliError
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import Node, Trace, build_trace


def chain(n: int) -> Chain:
    """n primitives in sequence."""
    layers = [{"type": "sin"} for _ in range(n)]
    return chain_of(build_trace(read_spec(Source("spec.json", json.dumps({"input": [1], "layers": layers}), "."))))


def graph(operands: list[tuple[str, ...]], output: str | None = None) -> Trace:
    """Steps v1, v2, … that read what is listed; x is the input."""
    nodes = tuple(Node(f"v{i}", "any", names, (), ()) for i, names in enumerate(operands, 1))
    return Trace(None, {"x": None}, {}, {}, nodes, output or nodes[-1].name, False)  # type: ignore[dict-item]


@cache
def fewest(n: int, slots: int) -> int:
    """Evaluations to pull back through n primitives with the last value in hand: the best of every first move."""
    if n == 1:
        return 0
    without = n - 1 + fewest(n - 1, slots)
    splits = (k + fewest(n - k, slots - 1) + fewest(k, slots) for k in range(1, n)) if slots else ()
    return min([without, *splits])


def played(schedule: Schedule, trace: Trace) -> int:
    """Follow a schedule on names alone: what is read must be there. The most values kept beside what is in hand."""
    nodes = trace.nodes
    there = {"x"}
    pulled = schedule.steps
    most = 0
    for move in schedule.moves:
        before = set(there)
        for step in range(move.begin, move.end):
            assert there.issuperset(nodes[step].operands)
            there.add(nodes[step].name)
        if move.back:
            assert move.back == pulled
            for step in range(pulled - 1, move.begin - 1, -1):
                assert there.issuperset({nodes[step].name, *nodes[step].operands})
                there.remove(nodes[step].name)
            pulled = move.begin
        else:
            in_hand = {nodes[step].name for step in (move.end - 1, pulled - 1)}
            there = before | {nodes[move.end - 1].name}
            most = max(most, len(before - in_hand - {"x"}))
    assert pulled == 0
    return most


@pytest.mark.parametrize(("slots", "evaluations"), [(0, 46), (1, 21), (2, 16)])
def test_ten_primitives(slots: int, evaluations: int) -> None:
    assert by_slots(chain(10), slots).evaluations == evaluations


def test_every_chain_takes_the_fewest_evaluations_and_holds_no_more_than_its_slots() -> None:
    for n in range(1, 41):
        whole = chain(n)
        trace = graph([("x",), *((f"v{i}",) for i in range(1, n))])
        for slots in range(8):
            schedule = by_slots(whole, slots)
            assert schedule.evaluations == fewest(n, slots) + 1, (n, slots)
            assert played(schedule, trace) <= slots
            assert len(schedule.kept) <= slots


def test_of_equal_schedules_the_one_with_the_earliest_checkpoints() -> None:
    for n in range(2, 11):
        for slots in range(1, 5):
            kept = [int(name[1:]) for name in by_slots(chain(n), slots).kept]
            best = fewest(n, slots)
            choices = (c for size in range(slots + 1) for c in combinations(range(1, n - 1), size))
            equal = [c for c in choices if cost_of(n, slots, c) == best]
            assert tuple(kept) == min(filter(None, equal), default=()), (n, slots)


def cost_of(n: int, slots: int, kept: tuple[int, ...]) -> int:
    """Evaluations where the first pass keeps ``kept`` and the rest is done as well as can be."""
    borders = [0, *kept, n]
    gaps = [b - a for a, b in pairwise(borders)]
    free = [slots - i for i in range(len(gaps))]
    last = gaps[-1] - 1 + (fewest(gaps[-1] - 1, free[-1]) if gaps[-1] > 1 else 0)
    return sum(gap + fewest(gap, f) for gap, f in zip(gaps[:-1], free, strict=False)) + last


@pytest.mark.parametrize("slots", [3, 4, 10**6])
def test_slots_enough_for_everything(slots: int) -> None:
    schedule = by_slots(chain(5), slots)
    assert (schedule.evaluations, schedule.ratio, schedule.kept) == (5, 1.0, ("h1", "h2", "h3"))


@pytest.mark.parametrize("slots", [0, 1, 2])
def test_the_shortest_chains(slots: int) -> None:
    for n in (1, 2):
        schedule = by_slots(chain(n), slots)
        assert (schedule.evaluations, schedule.kept) == (n, ())


def test_names_of_the_lecture() -> None:
    schedule = by_names(chain(4), ["h4", "h1", "h2"])
    assert (schedule.kept, schedule.evaluations, schedule.ratio) == (("h1", "h2", "h4"), 5, 1.25)
    assert schedule.times == [1, 1, 2, 1]


@given(st.integers(1, 40), st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_not_named_is_computed_once_more(n: int, data) -> None:
    kept = sorted(data.draw(st.sets(st.integers(1, n))))
    schedule = by_names(chain(n), [f"h{i}" for i in kept])
    assert schedule.times == [1 if i in kept or i == n else 2 for i in range(1, n + 1)]
    assert schedule.evaluations == sum(schedule.times)
    played(schedule, graph([("x",), *((f"v{i}",) for i in range(1, n))]))


@pytest.mark.parametrize(
    ("n", "kept"), [(1, ()), (2, (1,)), (3, (1, 2)), (4, (1, 2)), (10, (2, 5, 7)), (16, (3, 6, 9, 12))]
)
def test_square_root(n: int, kept: tuple[int, ...]) -> None:
    assert by_sqrt(chain(n)).kept == tuple(f"h{i}" for i in kept)


# v1 = f(x), v2 = f(v1), v3 = f(v2, v1), v4 = f(v3), v5 = f(v4), v6 = f(v5, v4), v7 = f(v6)
SKIPS = [("x",), ("v1",), ("v2", "v1"), ("v3",), ("v4",), ("v5", "v4"), ("v6",)]


def test_blocks_end_where_nothing_reads_across() -> None:
    whole = chain_of(graph(SKIPS))
    assert [whole.name(block) for block in range(1, whole.blocks + 1)] == ["v1", "v3", "v4", "v6", "v7"]
    assert chain_of(graph(SKIPS, "v4")).ends == (0, 1, 3, 4)
    assert chain_of(graph(SKIPS, "x")).ends == (0,)


def test_what_reads_leaves_alone_reads_nothing_across() -> None:
    assert chain_of(graph([("x",), ("x",), ("v2", "v1"), ("v3", "x")])).ends == (0, 1, 3, 4)


def test_blocks_count_their_primitives() -> None:
    """By slots: five blocks as a chain of five. Inside a block all but its last value is computed once more."""
    trace = graph(SKIPS)
    whole = chain_of(trace)
    none = by_slots(whole, 0)
    # To v6 (6 steps) and v7; for the block of v6, to v4 (4) and v5; to v3 (3); to v1 and v2; nothing.
    assert none.evaluations == 6 + 1 + (4 + 1) + 3 + (1 + 1)
    assert by_slots(whole, 3).evaluations == 7 + 2
    assert by_sqrt(whole).kept == ("v1", "v4")
    assert by_sqrt(whole).evaluations == 7 + 4
    for slots in range(6):
        assert played(by_slots(whole, slots), trace) <= slots


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["v2"], "v2 can't be a checkpoint: v3 reads v1, from before it"),
        (["v1", "v5"], "v5 can't be a checkpoint: v6 reads v4, from before it"),
        (["v7"], "the output v6 doesn't need v7"),
        (["v1", "v1"], "v1 stands there twice"),
        (["x"], "x is an input, and always at hand"),
        (["w1"], "there is no `w1`"),
    ],
)
def test_what_can_be_no_checkpoint(names: list[str], message: str) -> None:
    with pytest.raises(AdcliError, match=message):
        by_names(chain_of(graph(SKIPS, "v6")), names)
