"""``adcli graph``: what the graph says, that it can be read, and that no title breaks it."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import needs
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.cli.options import load_trace
from adcli.engines.run import MODES
from adcli.graph.layering import crossings, layers, rank
from adcli.graph.model import build_graph
from adcli.graph.placing import Layout, Point, Size, apart, arrange
from adcli.render import terminal

HERE = Path(__file__).parent
CASES = HERE / "cases"
SPECS = HERE.parent / "specs"
MICROGRAD = str(CASES / "micrograd.yaml")
LECTURE = str(SPECS / "forward-mode.yaml")
SHARED = str(CASES / "dag-shared-weight.yaml")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = 'title: "\\e[31m</title><script>alert(1)</script>&amp;\\"]; x -> y [label=\\\\\\"a \\uFFFF %%{init: 1}%%"'
ONE_LAYER = "\ninput: [1, -2]\nlayers: [{type: relu}]\n"


def drawn(run, *args, stdin=None) -> str:
    ran = run("graph", *args, stdin=stdin)
    assert ran.code == 0, ran.stderr
    return ran.stdout


def graph_of(path, mode="reverse"):
    graph, _ = build_graph(load_trace(str(path)), mode)
    return graph


def gradients(graph):
    return {vertex.name: vertex.gradient for vertex in graph.vertices}


def shares(graph):
    names = [vertex.name for vertex in graph.vertices]
    return {(names[edge.source], names[edge.target]): edge.gradient for edge in graph.edges}


def pairs(graph):
    return [(edge.source, edge.target) for edge in graph.edges]


@pytest.mark.parametrize("mode", MODES)
def test_micrograd_as_in_the_lecture(mode):
    graph = graph_of(MICROGRAD, mode)
    values = {vertex.name: vertex.value for vertex in graph.vertices}
    assert values == {"a": 2, "b": 3, "c": 5, "d": 25}
    assert gradients(graph) == pytest.approx({"a": 10, "b": 10, "c": 10, "d": 1})
    assert shares(graph) == pytest.approx({("a", "c"): 10, ("b", "c"): 10, ("c", "d"): 10})


@pytest.mark.parametrize(
    ("format_", "nodes"),
    [
        ("text", ["a  parameter   2     10", "b  parameter   3     10", "c = a + b      5     10", " 25      1"]),
        ("dot", ['[shape=box, color="#3F4752", label="a  parameter\\n2\\n◂ 10"]', 'label="d = c ** 2\\n25']),
        ("mermaid", ['n0["a  parameter<br/>2<br/>◂ 10"]', 'n2(["c = a + b<br/>5<br/>◂ 10"])', 'n0 -->|"◂ 10"| n2']),
        ("svg", ["a  parameter: value 2; gradient 10", "c = a + b: value 5; gradient 10", "d = c ** 2: value 25"]),
    ],
)  # fmt: skip
def test_micrograd_in_every_format(run, format_, nodes):
    text = drawn(run, MICROGRAD, "--format", format_)
    for node in nodes:
        assert text.count(node) == 1


def test_an_expression_needs_no_file(run):
    assert "◎   out = out.1 ** 2  25      1\n" in drawn(run, "-e", "(a + b) ** 2", "-p", "a=2", "-p", "b=3")


@pytest.mark.parametrize("name", ["micrograd", "forward-mode"])
def test_text_as_it_was(run, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    path = LECTURE if name == "forward-mode" else MICROGRAD
    assert drawn(run, path) == (HERE / "graph" / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("mode", MODES)
def test_shares_of_a_value_used_twice(mode):
    # q = u v + sin(u) with u = 2, v = 3: v through the product, cos 2 through the sine, 3 + cos 2 together
    spec = "parameters: {u: 2, v: 3}\nprogram: [p = u * v, s = sin(u), q = p + s]\n"
    graph = _graph_of_text(spec, mode)
    found = shares(graph)
    assert found["u", "p"] == pytest.approx(3)
    assert found["u", "s"] == pytest.approx(math.cos(2))
    assert gradients(graph)["u"] == pytest.approx(3 + math.cos(2))


def test_an_argument_taken_twice_is_one_edge_that_says_so(run):
    graph = _graph_of_text("parameters: {a: 3}\nprogram: [b = a * a, c = b + a]\n", "reverse")
    assert [edge.times for edge in graph.edges] == [2, 1, 1]
    assert shares(graph)["a", "b"] == 6
    text = drawn(run, "-", "--format", "mermaid", stdin="parameters: {a: 3}\nprogram: [b = a * a]\n")
    assert '-->|"×2<br/>◂ 6"|' in text


def _graph_of_text(spec, mode):
    from adcli.spec.model import read_spec
    from adcli.spec.source import Source
    from adcli.trace import build_trace

    return build_graph(build_trace(read_spec(Source("-", spec, "."))), mode)[0]


@pytest.mark.parametrize("name", ["dag-shared-weight", "dag-skip", "shape-vector-out", "prog-matrix"])
def test_shares_add_up_to_the_gradient(name):
    graph = graph_of(CASES / f"{name}.yaml")
    for vertex, edges in zip(graph.vertices, graph.edges_from(), strict=True):
        if edges and vertex.gradient is not None:
            np.testing.assert_allclose(sum(edge.gradient for edge in edges), vertex.gradient, rtol=1e-12, atol=1e-15)


def test_nothing_flows_back_through_the_output_or_to_a_target():
    graph = _graph_of_text("parameters: {a: 3}\nprogram: [b = a * a, c = b + a]\noutput: b\n", "reverse")
    assert shares(graph) == {("a", "b"): 6, ("b", "c"): 0, ("a", "c"): 0}
    assert gradients(graph)["b"] == 1
    lecture = graph_of(LECTURE)
    assert gradients(lecture)["y"] is None
    assert shares(lecture)["y", "loss"] is None


def test_a_vector_output_has_jacobians(run):
    text = drawn(run, str(SPECS / "two-layers.yaml"))
    assert "Jacobians ∂f/∂…, reverse mode" in text
    assert "W_g  parameter  2 × 2  [2 1; 1 2]  [2 1 4 2; 2 1 2 1]\n" in text
    assert "Jacobians ∂f/∂…" in drawn(run, str(SPECS / "two-layers.yaml"), "--format", "svg")


@pytest.mark.parametrize("path", [MICROGRAD, LECTURE, SHARED])
def test_every_name_and_every_edge_once(run, path):
    graph = graph_of(path)
    names = [vertex.name for vertex in graph.vertices]
    dot = drawn(run, path, "--format", "dot")
    assert re.findall(r'^  "(\w+)" \[', dot, re.M) == names
    assert re.findall(r'^  "(\w+)" -> "(\w+)"', dot, re.M) == [(names[s], names[t]) for s, t in pairs(graph)]
    mermaid = drawn(run, path, "--format", "mermaid")
    arrows = re.findall(r"^  n(\d+) -.*> ?.* n(\d+)$|", mermaid, re.M)
    assert [(int(s), int(t)) for s, t in arrows if s] == pairs(graph)
    assert len(re.findall(r"^  n\d+[\[(]", mermaid, re.M)) == len(names)
    picture = ElementTree.fromstring(drawn(run, path, "--format", "svg"))
    heads = ["".join(text.itertext()).split()[0] for text in picture.iter(f"{SVG}text") if len(text)]
    assert sorted(heads) == sorted(names)
    assert len([p for p in picture.iter(f"{SVG}polygon") if p.get("class") == "arrow"]) == len(graph.edges)
    text = drawn(run, path)
    assert sorted(re.findall(r"^[│ ]*[■●◎][│ ]* (\w+)", text.rpartition("\n\n")[0], re.M)) == sorted(names)


@pytest.mark.parametrize("path", [MICROGRAD, LECTURE, CASES / "dag-skip.yaml", CASES / "dag-multiply.yaml"])
def test_no_arrows_cross(path):
    graph = graph_of(path)
    ranks = rank(len(graph.vertices), pairs(graph))
    assert crossings(ranks.order, ranks.below) == 0


def test_crossings_are_counted():
    upper, lower = [0, 1], [2, 3]
    assert crossings([upper, lower], [[3], [2], [], []]) == 1
    assert crossings([upper, lower], [[2], [3], [], []]) == 0
    assert crossings([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [3, 4, 5], [3, 4, 5], [], [], []]) == 9  # K3,3


@st.composite
def drawings(draw):
    """Sizes and edges of a graph in which every edge goes to a later vertex."""
    count = draw(st.integers(1, 14))
    possible = list(combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(possible), unique=True, max_size=24)) if possible else []
    sizes = st.builds(Size, st.floats(40, 300), st.floats(40, 120))
    vertices = draw(st.lists(sizes, min_size=count, max_size=count))
    labels = draw(
        st.lists(st.builds(Size, st.floats(8, 160), st.floats(16, 40)), min_size=len(edges), max_size=len(edges))
    )
    return vertices, edges, labels


def _overlap(a: Point, a_size: Size, b: Point, b_size: Size, least: float = 0.0) -> bool:
    along = abs(a.along - b.along) < (a_size.along + b_size.along) / 2 - 1e-6 + least
    return along and abs(a.across - b.across) < (a_size.across + b_size.across) / 2 - 1e-6 + least


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_nothing_overlaps(drawing):
    vertices, edges, labels = drawing
    layout: Layout = arrange(vertices, rank(len(vertices), edges), labels)
    boxes = [*zip(layout.vertices, vertices, strict=True), *zip(layout.labels, labels, strict=True)]
    for (a, a_size), (b, b_size) in combinations(boxes, 2):
        assert not _overlap(a, a_size, b, b_size)
    for place, size in boxes:
        assert place.along - size.along / 2 >= -1e-6 and place.along + size.along / 2 <= layout.size.along + 1e-6
        assert place.across - size.across / 2 >= -1e-6 and place.across + size.across / 2 <= layout.size.across + 1e-6


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_edges_go_forward_and_pass_no_box(drawing):
    vertices, edges, labels = drawing
    layout = arrange(vertices, rank(len(vertices), edges), labels)
    found = layers(len(vertices), edges)
    for (source, target), route in zip(edges, layout.edges, strict=True):
        assert found[source] < found[target]
        steps = [point.along for part in route for point in part]
        assert all(after >= before - 1e-6 for before, after in pairwise(steps))
        for index, (place, size) in enumerate(zip(layout.vertices, vertices, strict=True)):
            if index not in (source, target):
                for begin, end in route:
                    middle = Point((begin.along + end.along) / 2, begin.across)
                    assert not _overlap(place, size, middle, Size(end.along - begin.along, 0.0))


def test_places_nearest_to_the_wishes():
    # by hand: two that both wish 0 and keep 10 apart stand at -5 and 5; the heavier one hardly moves
    assert apart([0, 0], [1, 1], [0, 10]) == [-5, 5]
    assert apart([0, 0], [99, 1], [0, 10]) == pytest.approx([-0.1, 9.9])
    assert apart([0, 50], [1, 1], [0, 10]) == [0, 50]


def test_a_leaf_stands_before_its_first_use():
    # x → h1 → h2 → h3, W used by h3 alone
    assert layers(5, [(0, 2), (2, 3), (3, 4), (1, 4)]) == [0, 2, 1, 2, 3]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ["dag-skip", "loss-cross_entropy-batch", "shape-depth-6", "shape-vector-out"])
def test_lines_are_no_wider_than_asked(run, monkeypatch, width, name):
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, drawn(run, str(CASES / f"{name}.yaml")).splitlines())) <= width


def test_many_values_at_once_are_told_without_arrows(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = [f"v{i} = a + {i}" for i in range(40)]
    spec = "parameters: {a: 1}\nprogram:\n  - " + "\n  - ".join(
        [*lines, "s = " + " + ".join(f"v{i}" for i in range(40))]
    )
    text = drawn(run, "-", stdin=spec)
    assert text.endswith("No arrows are drawn: too many values are on their way at once.\n")
    assert max(map(len, text.splitlines())) <= 80
    assert "● v7 = a + 7" in text


def _long_program(count):
    return "parameters: {v0: 1}\nprogram:\n" + "".join(f"  - v{i} = sin(v{i - 1})\n" for i in range(1, count))


def test_a_graph_too_large_to_be_drawn(run):
    spec = _long_program(2000)
    ran = run("graph", "-", "--format", "svg", stdin=spec)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(
        "adcli: error: the graph is too large to be drawn: it has 2,000 nodes and 1,999 arrows"
    )
    assert drawn(run, "-", "--format", "dot", stdin=spec).count(" -> ") == 1999
    assert drawn(run, "-", "--format", "mermaid", stdin=spec).count("-->") == 1999
    text = drawn(run, "-", stdin=spec)
    assert "⋮" in text and len(text.splitlines()) < 210


def test_long_arrows_are_refused_too(run):
    spec = "parameters: {x: 1}\nprogram:\n  - v0 = x + 1\n" + "".join(
        f"  - v{i} = v{i - 1} * x\n" for i in range(1, 250)
    )
    assert run("graph", "-", "--format", "svg", stdin=spec).code == 2


@pytest.mark.parametrize(
    "args",
    [
        [], [LECTURE, "--mode", "backward"], [LECTURE, "--format", "json"], [LECTURE, "-o", "a.json"],
        [LECTURE, "--set", "x=[1]"], [LECTURE, "-e", "a"], ["no.yaml"], [LECTURE, "--wrt", "x"],
    ],
)  # fmt: skip
def test_wrong_options(run, args):
    ran = run("graph", *args)
    assert (ran.code, ran.stdout) == (2, "")
    assert "error: " in ran.stderr


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", "<svg "), ("dot", "digraph "), ("mmd", "---\n"), ("txt", "Forw")]
)
def test_the_ending_chooses_the_format(run, tmp_path, ending, start):
    assert drawn(run, LECTURE, "-o", str(tmp_path / f"a.{ending}")) == ""
    assert (tmp_path / f"a.{ending}").read_text("utf-8").startswith(start)


def test_a_hostile_title_in_svg(run):
    text = drawn(run, "-", "--format", "svg", stdin=HOSTILE + ONE_LAYER)
    picture = ElementTree.fromstring(text)
    kinds = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert kinds == {"svg", "title", "desc", "style", "rect", "text", "tspan", "g", "path", "polygon"}
    assert not any(name.startswith("on") or "href" in name for e in picture.iter() for name in e.attrib)
    title = picture.find(f"{SVG}title").text
    assert "</title><script>alert(1)</script>&amp;" in title
    assert "url(" not in text and "@import" not in text and "\x1b" not in text


def test_a_hostile_title_in_dot_and_mermaid(run):
    dot = drawn(run, "-", "--format", "dot", stdin=HOSTILE + ONE_LAYER)
    strings = re.sub(r'"(?:[^"\\]|\\.)*"', "S", dot)
    assert strings.splitlines()[1] == "  rankdir=LR; labelloc=t; fontname=S; label=S;"
    mermaid = drawn(run, "-", "--format", "mermaid", stdin=HOSTILE + ONE_LAYER)
    title = mermaid.splitlines()[1]
    assert not set("<>%{}&") & set(title)
    assert len(re.findall("^---$", mermaid, re.M)) == 2
    assert "|x|" not in mermaid


def test_a_long_title_is_cut_in_the_picture_only(run):
    text = drawn(run, "-", "--format", "svg", stdin=f"title: {'word ' * 400}" + ONE_LAYER)
    picture = ElementTree.fromstring(text)
    assert len(picture.find(f"{SVG}title").text) == 1999
    assert len(picture.find(f"{SVG}text").text) < 90
    assert float(picture.get("width")) < 1200


@needs("dot")
@pytest.mark.parametrize("spec", [None, SHARED, LECTURE, MICROGRAD])
def test_graphviz_draws_it(run, spec):
    dot = drawn(run, spec, "--format", "dot") if spec else drawn(run, "-", "--format", "dot", stdin=HOSTILE + ONE_LAYER)
    ran = subprocess.run(["dot", "-Tsvg"], input=dot.encode(), capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"<svg" in ran.stdout


def test_the_same_bytes_with_any_hash_seed(run):
    for format_ in ("text", "dot", "mermaid", "svg"):
        ran = {
            subprocess.run(
                [sys.executable, "-m", "adcli", "graph", SHARED, "--format", format_],
                capture_output=True, env={"PYTHONHASHSEED": seed, "LC_ALL": locale}, timeout=60,
            ).stdout
            for seed, locale in (("0", "C"), ("1", "C.UTF-8"))
        }  # fmt: skip
        assert len(ran) == 1


def test_a_terminal_without_unicode_gets_other_marks(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: stream is not None)
    monkeypatch.setattr(terminal, "width_of", lambda stream: 80)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.rendered(lambda console: console.print("├─╯ ● c ◂ 2 × 2")) == "|-. o c < 2 x 2\n"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert terminal.rendered(lambda console: console.print("├─╯ ● c")) == "├─╯ ● c\n"


def test_warnings_tell_leaves_only(run):
    spec = "parameters: {a: 3, u: 1}\nprogram: [b = a * a, c = b + 1]\noutput: b\n"
    ran = run("graph", "-", stdin=spec)
    assert ran.stderr == "adcli: warning: b does not depend on u: its derivative is 0\n"


def test_a_long_name_is_cut(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name = "n" * 100
    lines = drawn(run, "-", stdin=f"parameters: {{{name}: 2}}\nprogram: [b = {name} * 3]\n").splitlines()
    assert max(map(len, lines)) <= 80
    assert re.search("■ n+…n+  parameter  2      3$", lines[2])


@pytest.mark.parametrize("format_", ["text", "svg"])
def test_long_names_stay_apart_and_leave_room_for_the_operation(run, monkeypatch, format_):
    monkeypatch.setenv("COLUMNS", "60")
    name = "the_result_of_" * 4 + "a_sum"
    spec = f"parameters: {{a: 2}}\nprogram: [{name} = sin(a) * {'a + ' * 30}a]\n"
    found = drawn(run, "-", "--format", format_, stdin=spec)
    text = " ".join(re.sub("<[^>]*>", "", line) for line in found.splitlines())
    assert re.search(r"the_res[a-z_]*…[a-z_]*a_sum\.2 = multiply\(…\)", text)
    assert re.search(r"the_res[a-z_]*…[a-z_]*a_sum = add\(…\)", text)


@pytest.mark.parametrize("width", [30, 50, 60, 80])
def test_a_shape_is_never_a_bare_number(run, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = drawn(run, "-", stdin="parameters: {v: [0.123456, 0.654321]}\nprogram: [c = sin(v), s = sum(c)]\n")
    row = re.search(r"c = .*\n", text)[0]
    shapeless = re.sub(r"\((?:\d+)\)|\[[^]]*\]", "", row)
    if "shape" not in text:
        assert not re.search(r" \d+(?= |$)", shapeless)
    assert not re.search(r"  2$", row)


@pytest.mark.parametrize("entries", ["-0.123456, 0.654321", "-1.23456, 0.654321, 4.56789, -0.00123456"])
def test_short_vectors_are_whole_at_80_columns(run, monkeypatch, entries):
    monkeypatch.setenv("COLUMNS", "80")
    text = drawn(run, "-", stdin=f"parameters: {{v: [{entries}]}}\nprogram: [c = tanh(v), s = sum(c * v)]\n")
    rows = [line for line in text.splitlines() if re.search(r"[■●] +(v|c) ", line)]
    assert len(rows) == 2
    for row in rows:
        assert "max" not in row and row.count("[") == 2 and row.count("-") >= 2


def test_a_shape_on_an_arrow_is_in_parentheses(run):
    spec = "parameters: {v: [3, 4]}\nprogram: [b = v * v, c = sum(b)]\n"
    assert '|"(2) ×2<br/>' in drawn(run, "-", "--format", "mermaid", stdin=spec)
    assert 'label="(2) ×2\\n' in drawn(run, "-", "--format", "dot", stdin=spec)
    assert "(2) ×2 " in drawn(run, "-", "--format", "svg", stdin=spec)


def test_a_title_is_cut_by_its_width(run):
    def shown(title):
        picture = drawn(run, "-", "--format", "svg", stdin=f"title: {title}" + ONE_LAYER)
        return ElementTree.fromstring(picture).find(f"{SVG}text").text

    plain = shown("x" * 400)
    assert shown("é" + "x" * 399) == "é" + plain[1:]
    assert shown("字" + "x" * 399) == "字" + plain[2:]


def test_one_of_a_kind_is_told_in_the_singular(run):
    text = drawn(run, "-", "--format", "svg", stdin="parameters: {a: 3}\nprogram: [b = a * 2]\n")
    assert "2 nodes and 1 arrow;" in text


def test_arrows_of_a_plane_graph_do_not_cross():
    a, b, c, v0, v1, v2, v3, v4 = range(8)
    edges = [(b, v0), (a, v0), (b, v1), (c, v1), (b, v2), (v0, v2), (c, v3), (v2, v3), (a, v4), (v3, v4)]
    ranks = rank(8, edges)
    assert crossings(ranks.order, ranks.below) == 0


def test_an_only_arrow_does_not_repeat_its_box(run):
    picture = ElementTree.fromstring(drawn(run, MICROGRAD, "--format", "svg"))
    assert not [text for text in picture.iter(f"{SVG}text") if "flow" in text.get("class", "")]
    spec = "parameters: {u: 2, v: 3}\nprogram: [p = u * v, s = sin(u), q = p + s]\n"
    picture = ElementTree.fromstring(drawn(run, "-", "--format", "svg", stdin=spec))
    assert len([text for text in picture.iter(f"{SVG}text") if text.get("class") == "flow grad"]) == 2


def test_an_only_arrow_from_the_output_carries_no_gradient(run):
    spec = "parameters: {a: 3}\nprogram: [b = a * 2, c = b + 1]\noutput: b\n"
    picture = ElementTree.fromstring(drawn(run, "-", "--format", "svg", stdin=spec))
    assert [text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "flow grad"] == ["◂ 0"]
