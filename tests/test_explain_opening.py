"""What all modes begin with, sentences that the data choose, and what a speaker has to say at every slide."""

import re
from pathlib import Path

import pytest
from conftest import heads_of

from adcli.explain.deck import Slide
from adcli.explain.drawings import Network
from adcli.explain.story import Request, told
from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import build_trace

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
MODES = ("numeric", "symbolic", "forward", "reverse")
UNUSED = """
input: {u: 5, v: [1, 2]}
parameters: {a: 2, b: 3, k: 7}
program:
  - c = a * b
  - e = exp(k)
  - d = c ** 2 + sum(v) * a
"""
FORWARD, REVERSE = "specs/forward-mode.yaml", "specs/reverse-mode.yaml"
LECTURE = [  # the chain rules on the lecture's frames
    "∂ℓ/∂W₁ = ∂ℓ/∂h₄ · ∂h₄/∂h₃ · ∂h₃/∂h₂ · ∂h₂/∂h₁ · ∂h₁/∂W₁",
    "∂ℓ/∂W₂ = ∂ℓ/∂h₄ · ∂h₄/∂h₃ · ∂h₃/∂h₂ · ∂h₂/∂W₂",
    "∂ℓ/∂W₃ = ∂ℓ/∂h₄ · ∂h₄/∂h₃ · ∂h₃/∂W₃",
    "∂ℓ/∂W₄ = ∂ℓ/∂h₄ · ∂h₄/∂W₄",
]
FLAT = """\
input: {x: [1, -1]}
target: {y: [0, 0]}
layers:
  - {type: linear, weight: [[1, 1], [-1, 2]], activation: relu}
  - {type: linear, weight: [[1, 1], [0, 1]]}
  - {type: softmax}
loss: squared_error
"""  # z₁ = (0, −3): at a kink, which the loss doesn't feel, for both softmax outputs are ½ there


BIAS = """\
input: [1, 2]
target: [1]
layers: [{type: linear, weight: [[1, 2]], bias: [1]}]
loss: squared_error
"""


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    monkeypatch.delenv("COLUMNS", raising=False)


def words(run, *args: str) -> str:
    """The story as text, on one line."""
    return " ".join(run("explain", *args).stdout.split())


def written(tmp_path: Path, text: str) -> str:
    (tmp_path / "spec.yaml").write_text(text)
    return str(tmp_path / "spec.yaml")


# --- the opening -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_mode_opens_with_the_network_the_sizes_and_the_chain_rule(spec, mode) -> None:
    kinds = [slide.kind for slide in heads_of(spec, mode)]
    is_program = "program:" in spec.read_text() and mode == "reverse"
    assert kinds[:3] == (["program", "chain", "program.order"] if is_program else ["network", "sizes", "chain"])


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("numeric", "Numeric mode builds none of these factors"),
        ("symbolic", "Symbolic mode multiplies none of these factors: it writes the output as one formula in letters"),
        ("forward", "Forward mode multiplies from the right"),
        ("reverse", "Reverse mode multiplies from the left"),
    ],
)
def test_the_lecture_opens_with_its_chain_rules_in_every_mode(run, mode, says) -> None:
    sizes, chain = (run("explain", FORWARD, "--mode", mode, "--slide", number).stdout for number in ("2", "3"))
    assert "Total: 14 parameters" in sizes and re.search(r"W₁ +2×2 +4 +∂h₁/∂W₁  2×4", sizes)
    assert all(row in chain for row in LECTURE) and says in " ".join(chain.split())
    ways = [way for way in ("from the left", "from the right") if way in chain]
    assert ways == [way for way in ("from the left", "from the right") if way in says]


def test_a_program_opens_with_products_of_its_local_derivatives(run) -> None:
    """out = a b + a: along one path ∂out/∂a directly, along the other through out.1 = a b."""
    chain = run("explain", "-e", "a * b + a", "-p", "a=2", "-p", "b=5", "--slide", "2").stdout
    rows = [" ".join(line.split()) for line in chain.replace("out = a * b + a", "").splitlines()]
    at = rows.index("∂out/∂a = ∂out/∂a")
    assert rows[at + 1 : at + 3] == ["+ ∂out/∂out.1 · ∂out.1/∂a", "∂out/∂b = ∂out/∂out.1 · ∂out.1/∂b"]
    assert "where several paths lead to a name, they are added" in " ".join(chain.split())
    assert "out = a * b + a" in chain and "Jacobian" not in chain


@pytest.mark.parametrize("depth", [3, 60])
def test_paths_that_have_no_row_are_counted(run, tmp_path, depth) -> None:
    """Each line adds two ways to the one before it: 2ⁿ paths through n of them."""
    lines = "".join(f"  - v{i + 1} = v{i} + sin(v{i})\n" for i in range(depth))
    spec = written(tmp_path, f"parameters: {{v0: 0.5}}\nprogram:\n{lines}")
    chain = run("explain", spec, "--slide", "2").stdout
    rows = len(re.findall(r"^(?:∂v\S+/∂v₀ =|\+) ", chain, re.M))
    left_out = re.search(r"… and (.+?) more rows", chain)[1]
    assert left_out == ("> 1,000,000" if depth == 60 else str(8 - rows)) and 0 < rows < 8


def test_columns_are_said_to_hold_one_matrix_only_where_rows_share_one(run, tmp_path) -> None:
    assert "input Jacobians in one column are the same matrix" in words(run, FORWARD, "--mode", "forward")
    assert "same matrix" not in words(run, "specs/two-layers.yaml")
    two = """\
input: {x: [1, 2], u: [3]}
layers:
  - {type: linear, name: g, weight: [[1, 2]]}
  - {type: linear, name: k, input: u, weight: [[2]]}
  - {type: add, inputs: [g, k]}
"""  # the column of h₃ holds ∂h₃/∂g and ∂h₃/∂k
    assert "same matrix" not in words(run, written(tmp_path, two))


@pytest.mark.parametrize(
    ("spec", "shares"),
    [
        (REVERSE, True),
        ("specs/two-layers.yaml", False),  # ∂f/∂g · ∂g/∂W_g beside ∂f/∂W_f
        (BIAS, False),  # ∂ℓ/∂h₁ alone begins both rows: one factor is no product
    ],
    ids=["lecture", "two layers", "weight and bias"],
)
def test_reverse_mode_speaks_of_a_product_that_is_shared_where_one_is(run, tmp_path, spec, shares) -> None:
    path = spec if spec.endswith(".yaml") else written(tmp_path, spec)
    assert ("what several rows begin with is computed only once" in words(run, path)) == shares


# --- sentences that are true -----------------------------------------------------------------------------------


def test_at_a_minimum_nothing_changes_to_first_order_only(run) -> None:
    """h₄ = 36 = y: W₄ + 0.001 changes ℓ to 0.01² or so, which is not 0."""
    english = words(run, FORWARD, "--mode", "forward", "--set", "y=36")
    assert "Every derivative is 0: to first order, no small change of these numbers changes the output." in english
    assert "ℓ stays as it is, to first order" in english
    indonesian = words(run, FORWARD, "--mode", "forward", "--set", "y=36", "--lang", "id")
    assert "Semua turunan 0: sampai orde pertama" in indonesian
    assert "tidak berubah sampai orde pertama" in indonesian and not re.search(r"tidak berubah(?! sampai)", indonesian)
    some = words(run, "-e", "w ** 2 + v", "-p", "w=0", "-p", "v=1")
    assert "∂out/∂w: 0. To first order, a small change there leaves the output as it is." in some


def test_a_kink_that_the_output_does_not_feel_makes_no_quotients_differ(run, tmp_path) -> None:
    flat = words(run, written(tmp_path, FLAT), "--mode", "numeric", "--slide", "5")
    assert "quotients from the two sides" not in flat and "the error falls, and it does not grow again" in flat


@pytest.mark.parametrize(("expression", "differ"), [("abs(a)", True), ("relu(a)", True), ("relu(a) ** 2", False)])
def test_the_plot_of_numeric_mode_tells_a_kink_by_its_quotients(run, expression, differ) -> None:
    """Of relu(a)² both one-sided derivatives are 0 at a = 0."""
    text = words(run, "-e", expression, "-p", "a=0", "--mode", "numeric", "--slide", "5")
    assert ("The quotients from the two sides differ: there is a kink" in text) == differ


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_kink_is_told_on_its_step(run_json, run, tmp_path, mode) -> None:
    spec = written(tmp_path, FLAT)
    slides = run("explain", spec, "--mode", mode).stdout.split("\n\n\n")
    assert sum("⚠ Exactly at a kink of relu: z₁[1]." in slide for slide in slides) == 1
    (step,) = (slide for slide in slides if "Exactly at a kink" in slide)
    assert "relu acts entry by entry" in step
    assert "⚠ Tepat di kink dari relu: z₁[1]." in run("explain", spec, "--mode", mode, "--lang", "id").stdout
    assert "⚠ Exactly" not in run("explain", FORWARD, "--mode", mode).stdout


def test_a_kink_of_a_program_and_of_a_loss_is_told_too(run, tmp_path) -> None:
    assert "⚠ Exactly at a kink of abs: a." in words(run, "-e", "abs(a) + b", "-p", "a=0", "-p", "b=1")
    loss = "input: [1, 2]\ntarget: [1, 3, 9]\nlayers: [{type: linear, weight: [[1, 0], [1, 1], [0, 1]]}]\n"
    for mode in ("forward", "reverse"):
        text = words(run, written(tmp_path, f"{loss}loss: absolute_error\n"), "--mode", mode)
        assert "kink of absolute error: h₁[1] and h₁[2]." in text.replace("chain rule from the right", "")


# --- pictures, storage, notes ----------------------------------------------------------------------------------


def told_slides(spec: str, mode: str) -> dict[str, Slide]:
    trace = build_trace(read_spec(read_source(spec)))
    deck, _ = told(trace, Request(mode, tuple(trace.parameters)))
    return {slide.kind: slide for slide in deck.slides}


@pytest.mark.parametrize("kind", ["numeric.step", "numeric.all", "symbolic.growth"])
def test_the_network_returns_on_every_slide_of_plots_and_quotients(kind) -> None:
    slide = told_slides(FORWARD, kind.split(".")[0])[kind]
    assert isinstance(slide.strip, Network) and not slide.strip.large


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("mode", ["numeric", "symbolic"])
def test_those_slides_fit_a_terminal(run, mode, lang) -> None:
    """24 lines, one of which names the keys and one of which is empty here."""
    for slide in range(1, 13):
        ran = run("explain", FORWARD, "--mode", mode, "--lang", lang, "--slide", str(slide))
        assert ran.code == 2 or ran.stdout.count("\n") <= 24, ran.stdout


def test_the_cotangent_of_a_number_is_a_number(run) -> None:
    """h̃ = ∂ℓ/∂h₄ = 2 (36 − 35) = 2, beside h₄ = 36; then a row."""
    text = run("explain", REVERSE, "--format", "markdown").stdout
    assert r"~~$h_{4}$ = $36$~~ (let go)" in text and r"$\tilde{h}$ = $2$ (in hand)" in text
    assert r"$\tilde{\mathbf{h}}$ = $(4,\,2)$ (in hand)" in text and r"\tilde{\mathbf{h}}$ = $(2)$" not in text


def test_a_sum_that_waits_for_more_stands_in_the_storage_row(run, run_json) -> None:
    """W is used three times: after the first two its sum is carried on; it is no stored value, as h̃ is none."""
    text = run("explain", "specs/shared-weight.yaml").stdout
    steps = re.split(r"(?=Reverse mode · backward, step)", text)[1:]
    assert [("∂ℓ/∂W so far" in step) for step in steps] == [False, *[True] * 5, False]  # steps 2 and 4 have two slides
    found = run_json("explain", "specs/shared-weight.yaml")["slides"]
    back = [slide for slide in found if slide["kind"].startswith("backward")]
    assert [slide["steps"][-1]["held"] for slide in back] == [6, 6, 6, 2, 0, 0, 0]
    assert "so far" not in run("explain", REVERSE).stdout


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_slide_has_a_note(spec, mode, lang) -> None:
    assert [slide.id for slide in heads_of(spec, mode, lang) if not slide.note] == []


def test_only_is_one_name(run) -> None:
    ran = run("explain", FORWARD, "--only", "W1", "--only", "W2")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("adcli: error: --only is the story of one name alone") and "--wrt" in ran.stderr


def test_symbolic_mode_says_the_same_on_every_slide(run) -> None:
    """It differentiates one formula, so it needs no factor of the chain rule."""
    text = words(run, "specs/symbolic.yaml", "--mode", "symbolic")
    assert "differentiates that formula by each number" in text and "Differentiate the formula" in text
    assert "Nothing else is ever needed" not in text
    indonesian = words(run, "specs/symbolic.yaml", "--mode", "symbolic", "--lang", "id")
    assert "rumus itu diturunkan terhadap setiap angka" in indonesian


@pytest.mark.parametrize(("language", "row"), [("en", "d does not depend on k"), ("id", "d tidak bergantung pada k")])
def test_a_name_without_a_jacobian_is_told_why(run, tmp_path, language, row) -> None:
    spec = written(tmp_path, UNUSED)
    assert row in words(run, spec, "--mode", "forward", "--slide", "2", "--lang", language)
