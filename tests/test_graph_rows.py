"""Long drawings in rows: that they fit a page, and that no way back crosses a box or another way."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.graph.folding import Folded, folded
from adcli.graph.layering import rank
from adcli.graph.placing import Layout, Point, Size, arrange

HERE = Path(__file__).parent
BEGIN = re.compile(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"')
NO_SIZE = Size(0.0, 0.0)


def _net(depth: int) -> str:
    """``depth`` dense layers of 3 units, with a skip past two of them now and then."""
    lines = ["input: {x: [1, 2, 3]}", "parameters:"]
    for i in range(1, depth + 1):
        lines += [f"  W{i}: [[0.{i}, 0.5, -0.3], [-0.41, 0.{i}, -0.1], [0.3, 0.58, -0.81]]", f"  b{i}: [0.1, 0.2, 0.3]"]
    lines.append("program:")
    before = "x"
    for i in range(1, depth + 1):
        lines += [f"  - z{i} = W{i} @ {before} + b{i}", f"  - h{i} = tanh(z{i})"]
        before = f"h{i}"
        if i % 4 == 3:
            lines.append(f"  - r{i} = h{i} + h{i - 2}")
            before = f"r{i}"
    return "\n".join([*lines, f"  - loss = sum({before} * {before})"]) + "\n"


def _drawn(run, spec: str) -> str:
    ran = run("graph", "-", "--format", "svg", stdin=spec)
    assert ran.code == 0, ran.stderr
    return ran.stdout


def _shape(picture: str) -> float:
    width, height = map(float, BEGIN.search(picture).groups())
    return width / height


def _rows(picture: str) -> int:
    """How many rows there are where one edge passes each cut: its way back has four round corners."""
    return 1 + picture.count("Q") // 4


@pytest.mark.parametrize("depth", [14, 17, 20])
def test_a_net_of_sixty_nodes_fits_a_page(run, depth):
    picture = _drawn(run, _net(depth))
    assert 1 <= _shape(picture) <= 2.5
    assert _rows(picture) > 3
    assert _drawn(run, _net(depth)) == picture


def test_a_small_graph_is_drawn_as_it_was(run):
    ran = run("graph", str(HERE.parent / "specs" / "skip.yaml"), "--format", "svg")
    assert ran.stdout == (HERE.parent / "docs" / "graph.svg").read_text("utf-8")


def test_small_graphs_and_those_whose_edges_all_pass_stay_in_one_row(run):
    chain = "parameters: {v0: 1}\nprogram:\n" + "".join(f"  - v{i} = sin(v{i - 1})\n" for i in range(1, 12))
    shared = "parameters: {v0: 1, u: 2}\nprogram:\n" + "".join(f"  - v{i} = v{i - 1} * u\n" for i in range(1, 30))
    assert _rows(_drawn(run, chain)) == 1
    assert 30 > _shape(_drawn(run, shared)) > 2.5
    assert _rows(_drawn(run, chain + "  - v12 = sin(v11)\n  - v13 = sin(v12)\n  - v14 = sin(v13)\n")) > 1


def test_the_note_tells_of_texts_that_are_there(run):
    def note(spec: str) -> str:
        return re.search(r"Doubled: the output\.(.*)</text>", _drawn(run, spec))[1]

    assert note("parameters: {a: 2}\nprogram: [b = a + 1]\n") == ""
    assert note("parameters: {a: 2}\nprogram: [b = a * 3, c = b * a]\n") == " Along an arrow: what flows back ◂."
    assert note("parameters: {a: [2, 1]}\nprogram: [b = sum(a)]\n") == " Along an arrow: shape ▸."


@st.composite
def long_drawings(draw):
    """A chain with leaves and skips: sizes, edges, and labels of which some are empty."""
    count = draw(st.integers(13, 45))
    skips = st.tuples(st.integers(0, count - 2), st.integers(1, 5)).map(lambda one: (one[0], one[0] + one[1]))
    extra = draw(st.lists(skips, max_size=count))
    broken = set(draw(st.lists(st.integers(1, count - 1), max_size=count // 3)))
    edges = {(i - 2 if i - 1 in broken and i > 1 else i - 1, i) for i in range(1, count) if i not in broken}
    edges |= {(i, i + 1) for i in broken if i + 1 < count}
    edges |= {(a, b) for a, b in extra if b < count and b not in broken}
    sizes = st.builds(Size, st.floats(40, 300), st.floats(40, 120))
    text = st.one_of(st.just(NO_SIZE), st.builds(Size, st.floats(8, 160), st.just(36.0)))
    vertices = draw(st.lists(sizes, min_size=count, max_size=count))
    return vertices, sorted(edges), draw(st.lists(text, min_size=len(edges), max_size=len(edges)))


def _fold(drawing) -> Folded | None:
    vertices, edges, labels = drawing
    ranks = rank(len(vertices), edges)
    flat = arrange(vertices, ranks, labels).size

    def fit(layout: Layout) -> float:
        return min(16 / layout.size.along, 9 / layout.size.across)

    return folded(vertices, ranks, labels, flat, fit)


def _apart(a: Point, a_size: Size, b: Point, b_size: Size) -> bool:
    along = abs(a.along - b.along) - (a_size.along + b_size.along) / 2
    return max(along, abs(a.across - b.across) - (a_size.across + b_size.across) / 2) >= -1e-6


def _sides(points: list[Point]) -> list[tuple[Point, Size]]:
    """The straight sides of a way, each as a thin box."""
    found = []
    for a, b in pairwise(points):
        middle = Point((a.along + b.along) / 2, (a.across + b.across) / 2)
        found.append((middle, Size(abs(a.along - b.along), abs(a.across - b.across))))
    return found


@settings(max_examples=60, deadline=None)
@given(long_drawings())
def test_rows_are_drawn_cleanly(drawing):
    found = _fold(drawing)
    if found is None:
        return
    vertices, edges, labels = drawing
    layout = found.layout
    boxes = list(zip(layout.vertices, vertices, strict=True))
    texts = [one for one in zip(layout.labels, labels, strict=True) if one[1] != NO_SIZE]
    for (a, a_size), (b, b_size) in combinations(boxes + texts, 2):
        assert _apart(a, a_size, b, b_size)
    for place, size in boxes + texts:
        assert size.along / 2 - 1e-6 <= place.along <= layout.size.along - size.along / 2 + 1e-6
        assert size.across / 2 - 1e-6 <= place.across <= layout.size.across - size.across / 2 + 1e-6
    ways = []
    for (source, target), wire in zip(edges, found.wires, strict=True):
        first, last = wire.legs[0][0][0], wire.legs[-1][-1][1]
        assert first.along == pytest.approx(layout.vertices[source].along + vertices[source].along / 2)
        assert last.along == pytest.approx(layout.vertices[target].along - vertices[target].along / 2)
        for end, vertex in ((first, source), (last, target)):
            assert abs(end.across - layout.vertices[vertex].across) <= vertices[vertex].across / 2
        turns = [
            _sides([before[-1][1], *turn, after[0][0]])
            for before, turn, after in zip(wire.legs, wire.turns, wire.legs[1:], strict=False)
        ]
        ways.append([side for turn in turns for side in turn])
        sides = [side for leg in wire.legs for part in leg for side in _sides(list(part))]
        for index, (place, size) in enumerate(boxes):
            if index not in (source, target):
                assert all(_apart(place, size, middle, thin) for middle, thin in sides)
            assert all(_apart(place, size, middle, thin) for middle, thin in ways[-1])
        assert all(0 <= point.along <= layout.size.along for turn in wire.turns for point in turn)
    for one, other in combinations(ways, 2):
        for (a, a_size), (b, b_size) in ((side, against) for side in one for against in other):
            across = max(abs(a.along - b.along) - (a_size.along + b_size.along) / 2,
                         abs(a.across - b.across) - (a_size.across + b_size.across) / 2)  # fmt: skip
            assert across > 0
