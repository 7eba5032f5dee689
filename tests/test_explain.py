"""The stories: the lecture's frames in their order, every spec in every mode and language, hostile names."""

import importlib
import json
import re
import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import slide_at

from adcli.explain.deck import Numbers
from adcli.explain.maths import Mark, Matrix, Name, Number, Partial, Role
from adcli.explain.messages import LANGUAGES, Say
from adcli.render.maths import name_latex, to_latex
from adcli.render.maths_text import Pen
from adcli.render.shown import number_texts, shown
from adcli.render.slides_markdown import escaped

HERE = Path(__file__).parent
CASES = HERE / "cases"
SPECS = sorted((HERE.parent / "specs").glob("*.yaml"))
MODES = ("numeric", "symbolic", "forward", "reverse")
FORWARD, REVERSE = "specs/forward-mode.yaml", "specs/reverse-mode.yaml"


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    monkeypatch.delenv("COLUMNS", raising=False)


def steps(run_json, *args: str) -> list[dict]:
    return [step for slide in run_json("explain", *args)["slides"] for step in slide["steps"]]


def in_order(wanted: list, found: list) -> bool:
    """Whether ``wanted`` is found in ``found``, in its order, with other things between."""
    rest = iter(found)
    return all(any(one == other for other in rest) for one in wanted)


def told(run, tmp_path: Path, spec: str, *args: str) -> str:
    """The story of a spec that is written here, as text in 80 columns."""
    path = tmp_path / "spec.yaml"
    path.write_text(spec)
    return run("explain", str(path), *args).stdout


# --- the lecture, frame by frame -------------------------------------------------------------------------------


def test_forward_mode_shows_every_matrix_of_the_frames_in_their_order(run_json) -> None:
    found = [(s["target"], s["value"]) for s in steps(run_json, FORWARD, "--mode", "forward")]
    assert in_order(
        [
            ("h1", [2, 2]),
            ("W1", [[1, 1, 0, 0], [0, 0, 1, 1]]),
            ("h2", [6, 4]),
            ("W1", [[1, 1, 2, 2], [1, 1, 1, 1]]),
            ("W2", [[2, 2, 0, 0], [0, 0, 2, 2]]),
            ("h3", [10, 16]),
            ("W1", [[2, 2, 3, 3], [3, 3, 5, 5]]),
            ("W2", [[2, 2, 2, 2], [4, 4, 2, 2]]),
            ("W3", [[6, 4, 0, 0], [0, 0, 6, 4]]),
            ("h4", [36]),
            ("W1", [[7, 7, 11, 11]]),
            ("W2", [[8, 8, 6, 6]]),
            ("W3", [[12, 8, 6, 4]]),
            ("W4", [[10, 16]]),
            ("loss", 1156),
            ("W1", [[476, 476, 748, 748]]),
            ("W2", [[544, 544, 408, 408]]),
            ("W3", [[816, 544, 408, 272]]),
            ("W4", [[680, 1088]]),
        ],
        found,
    )


def test_forward_mode_puts_both_matrices_side_by_side(run_json) -> None:
    products = [s for s in steps(run_json, FORWARD, "--mode", "forward") if s["kind"] == "tangent.update"]
    assert [o["value"] for o in products[0]["operands"]] == [[[1, 2], [1, 1]], [[1, 1, 0, 0], [0, 0, 1, 1]]]
    assert products[0]["text"] == "Ŵ₁ ← ∂h₂/∂h₁·Ŵ₁ = [1 2; 1 1] [1 1 0 0; 0 0 1 1] = [1 1 2 2; 1 1 1 1]"
    assert products[0]["latex"].startswith(r"\widehat{\mathbf{W}}_{1} \leftarrow \frac{\partial \mathbf{h}_{2}}")
    assert {o["value"][0][0] for o in (p["operands"][0] for p in products[-4:])} == {68}


def test_the_two_layers_of_the_lecture(run_json) -> None:
    found = [(s["target"], s["value"]) for s in steps(run_json, "specs/two-layers.yaml", "--mode", "forward")]
    wanted = [
        ("g", [5, 4]),
        ("W_g", [[2, 1, 0, 0], [0, 0, 2, 1]]),
        ("f", [13, 9]),
        ("W_g", [[2, 1, 4, 2], [2, 1, 2, 1]]),
        ("W_f", [[5, 4, 0, 0], [0, 0, 5, 4]]),
    ]
    assert in_order(wanted, found)


def test_reverse_mode_fills_the_storage_and_goes_back(run_json) -> None:
    found = steps(run_json, REVERSE)
    stored = [(s["target"], s["value"], s["held"]) for s in found if s["kind"] == "store"]
    assert stored == [("h1", [2, 2], 2), ("h2", [6, 4], 4), ("h3", [10, 16], 6), ("h4", [36], 7), ("loss", 1, 8)]
    back = [
        (s["kind"], s["target"], s["value"]) for s in found if s["kind"] in ("gradient",) or "cotangent" in s["kind"]
    ]
    assert back == [
        ("cotangent.init", "h4", [[2]]),
        ("gradient", "W4", [[20, 32]]),
        ("cotangent.update", "h3", [[4, 2]]),
        ("gradient", "W3", [[24, 16, 12, 8]]),
        ("cotangent.update", "h2", [[8, 6]]),
        ("gradient", "W2", [[16, 16, 12, 12]]),
        ("cotangent.update", "h1", [[14, 22]]),
        ("gradient", "W1", [[14, 14, 22, 22]]),
    ]


def test_the_counts_of_the_lecture_stand_in_the_closing(run) -> None:
    text = run("explain", FORWARD, "--mode", "forward").stdout
    assert "86 multiplications here, 36 the other way" in text
    assert re.search(r"forward +█+ 26\n", text)
    assert re.search(r"reverse +\S+ 8\n", text)


def test_json_has_the_keys_of_the_interface(run_json) -> None:
    content = run_json("explain", REVERSE)
    assert list(content) == ["schema", "command", "title", "mode", "slides"]
    assert list(content["slides"][0]) == ["id", "kind", "title", "note", "steps"]
    keys = ["kind", "target", "text", "latex", "operands", "value", "reads", "releases", "held", "multiplications"]
    assert all(list(step) == keys for slide in content["slides"] for step in slide["steps"])
    ids = [slide["id"] for slide in content["slides"]]
    assert len(ids) == len(set(ids))


def test_every_step_of_the_derivation_is_in_one_slide(run_json) -> None:
    """None is lost, none told twice, also where steps are summed up in a table."""
    for mode, kind in (("forward", "tangent.update"), ("reverse", "gradient")):
        for path in SPECS:
            told = steps(run_json, str(path), "--mode", mode)
            full = steps(run_json, str(path), "--mode", mode, "--detail", "full")
            assert [(s["kind"], s["target"]) for s in told] == [(s["kind"], s["target"]) for s in full]
            assert kind == "tangent.update" or any(s["kind"] == kind for s in told)


# --- what a story must say -------------------------------------------------------------------------------------


def test_a_shared_weight_shows_its_contributions_and_their_sum(run, tmp_path) -> None:
    spec = tmp_path / "shared.yaml"
    spec.write_text(
        "input: {x: [1, 1]}\ntarget: {y: [5, 6]}\nparameters: {W: [[1, 1], [2, 1]]}\n"
        "layers:\n  - {type: linear, weight: W}\n  - {type: linear, weight: W}\nloss: squared_error\n"
    )
    text = run("explain", str(spec), "--format", "json").stdout
    added = [s for slide in json.loads(text)["slides"] for s in slide["steps"] if s["kind"] == "accumulate"]
    assert [o["value"] for o in added[0]["operands"]] == [[[0, 0, 4, 6]], [[4, 4, 2, 2]]]
    assert added[0]["value"] == [[4, 4, 6, 8]]
    assert "W is used 2 times: its contributions add up" in run("explain", str(spec)).stdout


def test_checkpoints_tell_what_is_missing_and_what_it_costs(run) -> None:
    text = run("explain", "specs/checkpoint.yaml", "--checkpoint", "h1,h2,h4").stdout
    assert "Missing: h₃; compute again, from h₂" in text
    assert "5 evaluations instead of 4" in text
    assert "1.25 × the work" in text
    assert "not kept" in text


def test_a_program_adds_up_every_contribution(run) -> None:
    text = " ".join(run("explain", "tests/cases/micrograd.yaml").stdout.split())
    assert "c.grad += 10·1 → 0 + 10 = 10" in text
    assert "a.grad += 1·10 → 0 + 10 = 10" in text
    twice = " ".join(run("explain", "-e", "a * b + a", "-p", "a=2", "-p", "b=5").stdout.split())
    assert "a.grad += 5·1 → 1 + 5 = 6" in twice


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [(FORWARD, "has no truncation error"), ("specs/vanishing.yaml", "falls, then grows")],
)
def test_the_plot_of_numeric_mode_is_read_by_its_points(run, spec, sentence) -> None:
    assert sentence in " ".join(run("explain", spec, "--mode", "numeric").stdout.split())


@pytest.mark.parametrize(
    ("lang", "unread", "of_z1"),
    [("en", "No step back reads this", "Missing: z₁"), ("id", "Tidak ada langkah mundur yang membacanya", "z₁ tidak")],
)
def test_what_is_computed_again_and_not_read_says_so(run, lang: str, unread: str, of_z1: str) -> None:
    """+ passes h̃ on as it is, and f₂ reads h₁: in a residual block nobody reads h₂. relu reads z₁."""
    text = " ".join(run("explain", "specs/skip.yaml", "--checkpoint", "1", "--lang", lang).stdout.split())
    before, after = text.split(of_z1)
    assert unread in before and "6 eval" in before.split(unread)[1]
    assert unread not in after and "7 eval" in after


@pytest.mark.parametrize("slots", ["0", "2", "sqrt"])
def test_every_schedule_of_checkpoints_is_told(run_json, slots) -> None:
    found = steps(run_json, "specs/vanishing.yaml", "--checkpoint", slots)
    evaluations = sum(s["kind"] in ("forward", "recompute") for s in found)
    told = run_json("grad", "specs/vanishing.yaml", "--checkpoint", slots)["checkpointing"]["evaluations"]
    assert evaluations == told


@pytest.mark.parametrize(
    "args",
    [
        ("-e", "3"),
        ("-e", "a", "-p", "a=2"),
        ("-e", "a + b * 0", "-p", "a=2", "-p", "b=1", "-p", "c=7"),
        ("-e", "sqrt(a)", "-p", "a=0"),
        ("-e", "log(a)", "-p", "a=-1"),
        ("-e", "sum(a)", "-p", "a=[1,2,3]"),
        ("-e", "softmax(a)", "-p", "a=[1,2,3]"),
        ("-e", "x @ y", "-p", "x=[[1,2],[3,4]]", "-p", "y=[[1],[2]]"),
        (FORWARD, "--wrt", "h2"),
        (FORWARD, "--wrt", "loss"),
        (FORWARD, "--wrt", "x", "--wrt", "W2"),
        (FORWARD, "--set", "x=[1e200,1e200]"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_odd_questions_are_told(run, mode, args) -> None:
    for format_ in ("text", "markdown", "json"):
        ran = run("explain", *args, "--mode", mode, "--format", format_)
        assert ran.code == 0, ran.stderr


def test_activations_and_kinks(run) -> None:
    assert "relu acts entry by entry: its Jacobian is diagonal" in run("explain", "specs/classifier.yaml").stdout
    softmax = run("explain", "tests/cases/act-softmax.yaml").stdout
    assert "Every output of softmax depends on every input: a full Jacobian" in softmax
    kink = run("explain", "-e", "relu(a)", "-p", "a=0")
    assert "⚠" in kink.stdout and "kink" in kink.stderr


def test_detail_only_and_slide(run) -> None:
    low = run("explain", REVERSE, "--detail", "low").stdout
    assert "stored [" not in low and "chain rule from the left, no ∂" not in low
    only = run("explain", REVERSE, "--only", "W2").stdout
    assert "What we want: one gradient" in only and "∂ℓ/∂W₁" not in only
    one = run("explain", REVERSE, "--slide", "4").stdout
    assert one.startswith("Reverse mode · forward pass") and "4/12" in one and "5/12" not in one


@pytest.mark.parametrize(
    "args",
    [
        ("--slide", "99"),
        ("--slide", "2", "--format", "json"),
        ("--handout",),
        ("--step", "0.1"),
        ("--only", "W9"),
        ("--lang", "nl"),
        ("--mode", "numeric", "--step", "0"),
    ],
)
def test_bad_options_are_errors(run, args) -> None:
    ran = run("explain", FORWARD, *args)
    assert ran.code == 2 and ran.stdout == "" and ran.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--only", "W9"), "--only: `W9` is no parameter or input"),
        (("--only", "h1"), "--only: `h1` is no parameter or input"),
        (("--only", "W2", "--wrt", "W1"), "--only and --wrt exclude each other"),
    ],
)
def test_only_speaks_of_itself(run, args, message) -> None:
    ran = run("explain", FORWARD, *args)
    assert ran.code == 2 and message in ran.stderr


def net(tmp_path, weights: list[float]) -> str:
    spec = tmp_path / "net.yaml"
    layers = "".join(f"  - {{type: linear, weight: [[{w}]]}}\n" for w in weights)
    spec.write_text(f"input: {{x: [1]}}\ntarget: {{y: [0]}}\nlayers:\n{layers}loss: half_squared_error\n")
    return str(spec)


def test_the_way_of_the_gradient_is_told_where_all_parameters_agree(run, tmp_path) -> None:
    """A product of weights w_i: the gradient for w_i is P^2 / w_i, here P = -8 or 8."""
    grows = " ".join(run("explain", net(tmp_path, [-4, 2, 1])).stdout.split())
    assert "The gradient grows towards the output. The largest in size: -16 in ∂ℓ/∂W₁, 64 in ∂ℓ/∂W₃." in grows
    neither = run("explain", net(tmp_path, [4, 1, 2])).stdout
    assert "towards the output" not in neither and "near the input" not in neither
    for spec in ("specs/two-layers.yaml", "specs/micrograd.yaml"):
        assert "The gradient" not in run("explain", spec).stdout.split("What to notice")[1]


def test_the_last_slide_names_the_largest_derivative_and_checks_it_by_another_engine(run, tmp_path) -> None:
    text = " ".join(run("explain", FORWARD, "--mode", "forward").stdout.split())
    assert "W₄[1,2] has the largest derivative in size, 1088: add 0.001 to it, and ℓ changes by about 1.088." in text
    assert "✓ Checked: reverse mode gives the same gradients, to 15 digits." in text
    one = tmp_path / "one.yaml"
    one.write_text("{parameters: {a: 2}, program: [c = a ** 2]}")
    assert "largest derivative" not in run("explain", str(one)).stdout


def test_the_product_with_the_identity_costs_nothing(run) -> None:
    told = run("explain", "specs/one-layer.yaml").stdout
    assert "the chain needs no product" in told and "this step" not in told
    told = run(
        "explain", "specs/order.yaml"
    ).stdout  # a product of the lecture takes 4, then 8 more; W2 has 8 of its own
    each = [int(n) for n in re.findall(r"this step .*?(\d+) multiplications", told)]
    assert each == [12, 8] and "20 multiplications here" in told


def test_contributions_of_a_shared_weight_meet_in_no_value(run) -> None:
    text = run("explain", "specs/shared-weight.yaml").stdout
    assert "Two ways meet" not in text and "Another use of W" in text
    assert "h~₃ moves to h₂" in text and "It is a sum over all paths" in text


# --- languages -------------------------------------------------------------------------------------------------


def placeholders(message: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(message) if field}


def test_both_languages_say_everything() -> None:
    english, indonesian = (importlib.import_module(f"adcli.explain.messages.{lang}").TABLE for lang in ("en", "id"))
    plain = {key for key in english if not key.endswith(".one")}
    assert plain == {key for key in indonesian if not key.endswith(".one")}
    for key in plain:
        assert placeholders(english[key]) == placeholders(indonesian[key]), key
    for key in set(english) - plain:
        assert placeholders(english[key]) <= placeholders(english[key.removesuffix(".one")]), key


def test_no_message_is_missing_and_none_is_left_over() -> None:
    table = importlib.import_module("adcli.explain.messages.en").TABLE
    code = "\n".join(path.read_text() for path in (HERE.parent / "adcli/explain").glob("*.py"))
    for key in re.findall(r'(?:say|text)\(\s*"([a-z_.]+)"', code):
        assert key in table, key
    said = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', code))
    prefixes = {"state", "label", "table", "mode", "head", "warning", "notice", "wanted", "sizes", "gradients",
                "jacobians", "pass", "back", "network", "numeric", "cost", "and"}  # fmt: skip
    left_over = {key for key in table if key.removesuffix(".one") not in said and key.split(".")[0] not in prefixes}
    assert left_over == set()


def test_a_sentence_is_not_read_again_through_what_is_put_in() -> None:
    runs = Say("en")("back.mean", n="**{h}**")
    assert [run.text for run in runs][1] == "**{h}**"


# --- every spec, every mode, every language, every format ------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_every_spec_is_told(run, spec, mode, lang) -> None:
    for format_ in ("text", "markdown"):
        ran = run("explain", str(spec), "--mode", mode, "--lang", lang, "--format", format_)
        assert ran.code == 0, ran.stderr
        assert "{" not in ran.stdout.replace("\\{", "") or format_ == "markdown"
        if format_ == "text":
            assert max(map(len, ran.stdout.split("\n"))) <= 80


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("mode", "spec"), [("forward", FORWARD), ("reverse", REVERSE), ("numeric", FORWARD)])
@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_the_lecture_reads_as_before(run, request, spec, mode, lang, format_) -> None:
    """Golden files; ``ADCLI_RENEW=1 pytest`` writes them anew, and the difference is to be read."""
    import os

    golden = HERE / "golden" / f"{mode}-{lang}.{'txt' if format_ == 'text' else 'md'}"
    told = run("explain", spec, "--mode", mode, "--lang", lang, "--format", format_).stdout
    if os.environ.get("ADCLI_RENEW"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(told)
    assert told == golden.read_text()


def test_markdown_is_marp_and_balanced(run) -> None:
    text = run("explain", REVERSE, "--format", "markdown").stdout
    assert text.startswith("---\nmarp: true\n")
    assert text.count("$$") % 2 == 0 and text.count("\n---\n") == 12
    assert text.count("{") == text.count("}")


HOSTILE = "\x1b[31mred\x1b[0m <script>alert(1)</script> $x$ `code` [bold]b[/bold] {h} ** --> \\input{x} | # ---"


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_a_hostile_title_stays_a_title(run, tmp_path, format_) -> None:
    spec = tmp_path / "hostile.json"
    content = {"title": HOSTILE, "input": {"x": [1, 2]}, "layers": [{"type": "linear", "weight": [[1, 2]]}]}
    spec.write_text(json.dumps(content))
    ran = run("explain", str(spec), "--format", format_)
    assert ran.code == 0
    assert "\x1b" not in ran.stdout
    if format_ == "markdown":
        assert "<script>" not in ran.stdout and "`code`" not in ran.stdout
        assert ran.stdout.count("\n---\n") == len(
            json.loads(run("explain", str(spec), "--format", "json").stdout)["slides"]
        )
    if format_ == "json":
        assert json.loads(ran.stdout)["title"] == HOSTILE


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("Two layers: f(a, b) = a² + 2ab", "Two layers: f(a, b) = a² + 2ab"),
        ("\"quoted\" 'twice'", "\"quoted\" 'twice'"),
        ("---\n---\nmarp: false", "--- --- marp: false"),
        ("%TAG !x & *y {a: [", r"%TAG \!x \& \*y \{a: \["),
        ("\\input{x} $x$ <b>", r"\\input\{x\} \$x\$ \<b\>"),
        ("\u2028\x85\x00 end", " end"),
        (HOSTILE, escaped(HOSTILE)),
    ],
)
def test_a_title_stands_in_the_front_matter_as_markdown(run, tmp_path, title: str, written: str) -> None:
    spec = tmp_path / "titled.json"
    spec.write_text(json.dumps({"title": title, "input": [1, 2], "layers": [{"type": "linear", "weight": [[1, 2]]}]}))
    text = run("explain", str(spec), "--format", "markdown").stdout
    assert re.findall(r"\n---\n(?!\n)", text) == []  # what follows a rule at once, pandoc takes for metadata
    front = text.split("\n---\n")[0].removeprefix("---\n")
    read = yaml.safe_load(front)
    assert read.pop("style").startswith("section {")
    assert read == {"marp": True, "title": written, "math": "mathjax", "lang": "en", "paginate": True}


def test_names_that_look_like_markup(run, tmp_path) -> None:
    spec = tmp_path / "names.yaml"
    spec.write_text(
        "input: {x: [1, 2]}\nlayers:\n  - {type: linear, name: a_b_c, weight: [[1, 2], [3, 4]]}\n"
        "  - {type: relu, name: red}\n"
    )
    for mode in MODES:
        for format_ in ("text", "markdown", "json"):
            ran = run("explain", str(spec), "--mode", mode, "--format", format_)
            assert ran.code == 0, ran.stderr


# --- the writing of mathematics --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "ascii_", "latex"),
    [
        (Name("W", "1", Mark.HAT, 2), "Ŵ₁", "W1^", r"\widehat{\mathbf{W}}_{1}"),
        (Name("h", mark=Mark.TILDE, rank=1), "h~", "h~", r"\tilde{\mathbf{h}}"),
        (Name("b", "2", Mark.HAT, 1), "b₂^", "b2^", r"\widehat{\mathbf{b}}_{2}"),
        (Name("W", "1", entry=(2, 1)), "W₁[2,1]", "W1[2,1]", "W^{(1)}_{21}"),
        (Name("h", "3", entry=(2,)), "h₃[2]", "h3[2]", "h_{32}"),
        (Name("x", entry=(2,)), "x₂", "x2", "x_{2}"),
        (Name("W", "g", rank=2), "W_g", "W_g", r"\mathbf{W}_{g}"),
        (Name("ℓ"), "ℓ", "l", r"\ell"),
    ],
)
def test_names(name, text, ascii_, latex) -> None:
    assert Pen(Numbers()).name(name) == text
    assert Pen(Numbers(), ascii_only=True).name(name) == ascii_
    assert name_latex(name) == latex


def test_a_matrix_has_one_format_of_number() -> None:
    assert number_texts([0.5, -0.25, 0.0], Numbers()) == ["0.50", "-0.25", "0"]
    assert number_texts([0.0, 2 / 3, -4 / 3, -2.0], Numbers()) == ["0", "0.6667", "-1.3333", "-2"]
    assert number_texts([0.2447, 0.09003], Numbers()) == ["0.24470", "0.09003"]
    assert number_texts([1234.5678, 2 / 3], Numbers()) == ["1235", "0.6667"]
    assert number_texts([0.5, 3.2e-05], Numbers()) == ["0.5", "3.2e-05"]
    assert number_texts([1088.0000001, 2.5], Numbers()) == ["1088.0", "2.5"]
    assert number_texts([1 / 3, 2.0], Numbers(fractions=True)) == ["1/3", "2"]
    assert number_texts([1 / 3, np.pi], Numbers(fractions=True)) == ["0.3333", "3.1416"]
    assert number_texts([float("nan"), float("inf"), -float("inf")], Numbers()) == ["NaN", "∞", "-∞"]


def test_large_matrices_are_cut_and_wear_their_true_shape() -> None:
    seen = shown(Matrix(np.arange(64.0 * 64).reshape(64, 64)), Numbers())
    assert len(seen.cells) == 6 and len(seen.cells[0]) == 8
    assert seen.shape == "64×64" and None in seen.columns and any(row[0].gap for row in seen.cells)
    assert seen.cells[-1][-1].text == "4095"


def test_latex_of_numbers_and_partials() -> None:
    numbers = Numbers()
    assert to_latex(Number(-3.2e-05), numbers) == r"-3.2\cdot 10^{-5}"
    partial = Partial(Name("ℓ"), Name("W", "1", rank=2), Role.PLAIN)
    assert to_latex(partial, numbers) == r"\frac{\partial \ell}{\partial \mathbf{W}_{1}}"


def in_ascii(spec: str, mode: str) -> str:
    import io

    from rich.console import Console

    from adcli.cli.options import load_trace
    from adcli.engines.structure import default_wrt
    from adcli.explain.story import Request, told
    from adcli.render import slides_text

    trace = load_trace(spec)
    deck, _ = told(trace, Request(mode, default_wrt(trace)))
    console = Console(file=io.StringIO(), width=80)
    slides_text.show(console, deck, ascii_only=True)
    return console.file.getvalue()


@pytest.mark.parametrize(("spec", "mode"), [(FORWARD, "forward"), (REVERSE, "reverse"), (FORWARD, "numeric")])
def test_ascii_fallback_has_only_ascii(spec: str, mode: str) -> None:
    text = in_ascii(spec, mode)
    assert text.isascii(), sorted({c for c in text if not c.isascii()})


def test_ascii_fallback_keeps_marks_apart_from_names() -> None:
    text = in_ascii(REVERSE, "reverse")
    assert "*l/h4 *h4/h3 .h3/h2 .h2/h1 .h1/W1" in text
    assert "*l/h4 *h4/W4 *" in text
    assert "[W4*]" in text
    assert "[20 32] *" in text
    assert "one entry, by hand: 2*16 = 32" in text  # 2.16 = 32 would be a wrong number
    assert "1*1*2 + 1*1*2 = 4 multiplications" in text


def test_ascii_fallback_keeps_powers() -> None:
    text = in_ascii("specs/row-convention.yaml", "forward")
    assert "0.5 (h2 - y)^2 = 0.5 (11 - 10)^2 = 0.5" in text  # (11 - 10)2 would be a product
    assert max(map(len, text.splitlines())) == 80


@pytest.mark.parametrize("kept", ["sqrt", "0", "1", "2", "h1", "h2"])
@pytest.mark.parametrize("path", [*SPECS, CASES / "dag-skip.yaml", CASES / "act-softmax.yaml"], ids=lambda p: p.stem)
def test_every_spec_is_told_with_checkpoints(run, path: Path, kept: str) -> None:
    ran = run("explain", str(path), "--checkpoint", kept)
    if ran.code == 2:  # a name that this spec does not have, or that can't be one
        assert "adcli: error: --checkpoint" in ran.stderr
    else:
        assert ran.code == 0, ran.stderr


# --- what a student would stumble over --------------------------------------------------------------------------


def test_a_weight_used_again_is_added_not_overwritten(run) -> None:
    slide = run("explain", "specs/shared-weight.yaml", "--mode", "forward", "--slide", "5").stdout
    assert "Push Ŵ through f₂, add this use of W" in slide
    assert [line.split("   ")[0].strip() for line in slide.splitlines() if line.startswith("Ŵ ←")] == [
        "Ŵ ← ∂z₂/∂h₁·Ŵ + ∂z₂/∂W"
    ]


def test_numbers_are_not_cut_where_the_page_has_room() -> None:
    """Six columns of a weight Jacobian fit in 80 characters, though not beside the chain rule."""
    slide = slide_at("backward, step 4 of 4", "specs/classifier.yaml")
    assert "⎢0 0 1 2 0 0⎥" in slide and "⋯" not in slide


def test_a_derivative_below_zero_falls(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")  # nothing stands beside the sentence
    told = run("explain", "specs/classifier.yaml").stdout
    assert "and ℓ falls by 0.6667 times as much" in " ".join(told.split())
    assert not re.search(r"(grows|falls) by -", told)


def test_probabilities_are_shown_before_they_are_used(run) -> None:
    slide = run("explain", "specs/classifier.yaml", "--slide", "6").stdout
    assert slide.index("softmax(h₂) ≈ [0.3333 0.3333 0.3333]") < slide.index("softmax(h₂) − y")


def test_a_target_that_does_not_add_up_to_one(run, tmp_path) -> None:
    """p Σy − y: for logits (0, 0) and y = (½, ¼) it is (−⅛, ⅛)."""
    path = tmp_path / "half.yaml"
    path.write_text(
        "input: [1, 1]\ntarget: [0.5, 0.25]\nlayers: [{type: linear, weight: [[0, 0], [0, 0]]}]\nloss: cross_entropy\n"
    )
    slide = run("explain", str(path), "--slide", "5").stdout
    assert "Σy · softmax(h₁) − y" in slide and "[-0.125 0.125]" in slide and "probabilities minus" not in slide


def test_the_storage_fills_line_by_line(run) -> None:
    """The lecture's frames: [h1 | | | | ], then [h1 | h2 | | | ], …"""
    slide = run("explain", REVERSE, "--slide", "4").stdout
    rows = [re.sub(r"\s+", " ", line) for line in slide.splitlines() if line.startswith("stored")]
    assert rows[0] == "stored [h₁ 2 2] [h₂ ·] [h₃ ·] [h₄ ·] [ℓ ·]"
    assert rows[2] == "stored [h₁ 2 2] [h₂ 6 4] [h₃ 10 16] [h₄ ·] [ℓ ·]"
    assert len(rows) == 5 and rows[4].startswith("stored [h₁ 2 2] [h₂ 6 4] [h₃ 10 16] [h₄ 36] [ℓ 1]")


@pytest.mark.parametrize(
    ("args", "row", "caption"),
    [
        (("specs/two-layers.yaml", "--slide", "6"), "W_g ✓∂f/∂g  ·∂g/∂W_g", "chain rule from the left"),
        ((REVERSE, "--slide", "7"), "✓ℓ/h₄✓h₄/h₃✓h₃/h₂·h₂/h₁", "chain rule from the left, no ∂"),
        ((REVERSE, "--slide", "7", "--lang", "id"), "✓ℓ/h₄✓h₄/h₃✓h₃/h₂·h₂/h₁", "chain rule dari kiri, tanpa ∂"),
    ],
)
def test_the_chain_rule_says_where_it_has_no_room_for_its_partials(run, args, row, caption) -> None:
    slide = run("explain", *args).stdout
    assert row in slide and f"{caption}\n" in slide


def test_a_wide_terminal_has_all_partials(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert "✓∂ℓ/∂h₄✓∂h₄/∂h₃·∂h₃/∂h₂·∂h₂/∂h₁·∂h₁/∂W₁" in run("explain", REVERSE, "--slide", "6").stdout


def test_what_several_rows_have_in_common_is_marked_once(run) -> None:
    """One h̃ serves both gradients that are still to come."""
    assert run("explain", REVERSE, "--slide", "7").stdout.count("└───── h~ ──────┘") == 1
    forward = run("explain", FORWARD, "--mode", "forward", "--slide", "5").stdout
    assert "Ŵ₁ ───┘" in forward and "└ Ŵ₂ ┘" in forward


@pytest.mark.parametrize(("mode", "spec"), [("forward", FORWARD), ("reverse", REVERSE)])
def test_each_slide_of_the_lecture_fits_a_terminal(mode, spec) -> None:
    """24 lines, one of which names the keys."""
    slides = re.split(r"\n(?=[^\n]*-- \d+/\d+\n)", in_ascii(spec, mode))
    assert len(slides) > 10
    assert max(len(slide.strip("\n").splitlines()) for slide in slides) <= 23


@pytest.mark.parametrize("mode", ["symbolic", "forward", "reverse"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_line_is_longer_than_a_narrow_terminal(run, monkeypatch, mode, lang) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run("explain", REVERSE, "--mode", mode, "--lang", lang).stdout.splitlines()
    assert [line for line in lines if len(line) > 40] == []


def test_sentences_claim_what_is_counted(run) -> None:
    alone = run("explain", "specs/one-layer.yaml").stdout
    assert "It is the Jacobian of a single step." in alone and "carries 2 rows" in alone
    assert "here the way back will read none of them" in alone
    lecture = " ".join(run("explain", REVERSE).stdout.split())
    assert "Every value is stored; the way back will read all of them but ℓ." in lecture
    assert "an outer product gives the same, with 14 multiplications instead of 26." in lecture


def test_the_network_names_its_target(run) -> None:
    assert re.search(r"target +y +35", run("explain", REVERSE, "--slide", "1").stdout)


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_long_formula_is_not_broken_inside_a_name(run, monkeypatch, columns) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    slide = run("explain", "specs/vanishing.yaml", "--mode", "symbolic", "--slide", "4").stdout
    assert "W1₁₁*" in slide and max(map(len, slide.splitlines())) <= int(columns)


def test_what_flows_in_a_program_stands_beside_its_node(run, monkeypatch) -> None:
    assert "│   10   ◂ a: 1·10  ◂ b: 1·10\n" in run("explain", "specs/micrograd.yaml", "--slide", "5").stdout
    monkeypatch.setenv("COLUMNS", "40")
    slide = run("explain", "specs/micrograd.yaml", "--slide", "5").stdout
    assert "◂ a: 1·10  ◂ b: 1·10\n" in slide and max(map(len, slide.splitlines())) <= 40


@pytest.mark.parametrize("width", [23, 44])
def test_ticks_of_a_plot_stand_at_their_powers(width) -> None:
    """Points at 1, 10⁻⁴, …, 10⁻¹⁶ on the rows of an axis: a tick stands beside each point of its power."""
    from adcli.explain.drawings import Plot, Series
    from adcli.render.charts_text import plot

    points = tuple((10.0**-k, 10.0**-k) for k in range(0, 17, 4))
    block = Plot("x", "y", (Series("s", "circle", points),), falling_x=True)
    lines = ["".join(text for text, _ in line) for line in plot(block, Pen(Numbers()), width + 7)]
    ticked = [line.split()[0] for line in lines if "●" in line and "┤" in line]
    assert ticked == ["1e0", "1e-4", "1e-8", "1e-12", "1e-16"]


def test_the_lecture_needs_no_random_numbers() -> None:
    """numpy.random takes as long to import as all slides to draw."""
    code = (
        "import sys; from adcli.cli import main\n"
        "sys.argv = ['adcli', 'explain', 'specs/forward-mode.yaml', '--mode', 'forward']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(str('numpy.random' in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "False"


@pytest.mark.parametrize("slide", ["1", "4", "7"])
def test_a_strip_too_wide_shows_where_we_are(run, monkeypatch, slide) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run("explain", REVERSE, "--slide", slide).stdout.splitlines()
    strip = next(line for line in lines if "f₃" in line or "⋯" in line)
    assert len(strip) <= 40 and "⋯" in strip
    assert slide != "7" or "[f₃]" in strip


# --- matrices of programs --------------------------------------------------------------------------------------

PRODUCT = "parameters: {A: [[1, 2], [3, 4]], B: [[1, 0], [0, 2]]}\nprogram: [C = A @ B, s = sum(C)]\n"


@pytest.mark.parametrize("mode", MODES)
def test_matrices_of_a_program_are_no_batch(run, tmp_path: Path, mode: str) -> None:
    assert "example" not in told(run, tmp_path, PRODUCT, "--mode", mode)


def test_a_product_of_matrices_goes_back_by_the_other_factor_transposed(run, tmp_path: Path) -> None:
    text = told(run, tmp_path, PRODUCT)  # ∂s/∂A = 1 Bᵀ, ∂s/∂B = Aᵀ 1, with 1 the matrix of ones
    assert "∂s/∂A = h~ Bᵀ = ⎡1 1⎤ ⎡1 0⎤ = ⎡1 2⎤ ✓" in text
    assert "∂s/∂B = Aᵀ h~ = ⎡1 3⎤ ⎡1 1⎤ = ⎡4 4⎤ ✓" in text
    assert "vjp" not in text


def test_a_vector_that_broadcasting_repeats_gets_the_sum_over_its_copies(run, tmp_path: Path) -> None:
    spec = "parameters: {M: [[1, 2], [3, -1]], b: [1, 2]}\nprogram: [A = b + M, B = M * b, C = A * B, s = sum(C)]\n"
    text = told(run, tmp_path, spec)
    assert "Σ_rows A~ = Σ_rows ⎡1  4⎤ = [4 2]" in text  # Ã = B = [1 4; 3 -2]
    assert "∂s/∂b ← Σ_rows B~ ∘ M = Σ_rows ⎡2 4⎤ ∘ ⎡1  2⎤ " in text and "= [14 7]" in text  # B̃ = A = [2 4; 4 1]


def test_every_slide_back_says_where_its_cotangent_goes(run, tmp_path: Path) -> None:
    spec = "parameters: {v: [2, 1]}\nprogram: [d = dot(v, v), o = d + v]\n"
    assert not re.search(r"moves to *$", told(run, tmp_path, spec), re.MULTILINE)


def test_the_bias_of_a_batch_is_a_row(run, tmp_path: Path) -> None:
    spec = "input: {x: [[1, 2], [3, 4]]}\nlayers: [{type: linear, weight: [[1, 0], [0, 1]], bias: [5, 6]}]\n"
    assert "h₁ = x W₁ᵀ + b₁ = ⎡1 2⎤⎡1 0⎤ + [5 6] = ⎡6  8⎤" in told(run, tmp_path, spec, "--mode", "forward")


# --- JSON: a step says by itself what was done -----------------------------------------------------------------


def test_a_step_forward_in_json_has_its_rule_and_its_numbers(run_json) -> None:
    found = {s["target"]: s for s in steps(run_json, "specs/classifier.yaml") if s["kind"] == "forward"}
    assert found["h1"]["text"] == "h₁ = relu(z₁) = relu([-1; 2; 3]) = [0; 2; 3]"
    assert r"= \operatorname{relu}(\mathbf{z}_{1}) = " in found["h1"]["latex"]
    start = next(s for s in steps(run_json, REVERSE) if s["kind"] == "cotangent.init")
    assert start["text"] == "h~ ← ∂ℓ/∂h₄ = 2 (h₄ − y) = 2 (36 − 35) = 2"


def test_a_probe_in_json_says_of_which_entry_and_how(run_json) -> None:
    first, *_ = (s for s in steps(run_json, FORWARD, "--mode", "numeric", "--step", "0.5"))
    # ℓ = (34 + 7h)², so that the calls give 37.5² and 30.5²
    assert first["text"] == "∂ℓ/∂W₁[1,1] ≈ (1406.25 − 930.25) / (2·0.5) = 476"
    assert [o["value"] for o in first["operands"]] == [1, 0.5, 1406.25, 930.25]  # entry, h, above, below


def test_a_symbolic_derivative_in_json_has_its_formula(run_json) -> None:
    first, *_ = steps(run_json, "specs/micrograd.yaml", "--mode", "symbolic")
    assert first["text"] == "∂d/∂a = 2*(a + b) = 10"
    assert first["latex"] == r"\frac{\partial d}{\partial a} = 2 \left(a + b\right) = 10"


def test_a_negative_number_never_stands_bare_after_a_sign(run, tmp_path: Path) -> None:
    spec = """input: {x: [1, 2]}
target: {y: -3}
layers: [{type: linear, weight: [[1, -1]], bias: [-1/2]}, {type: linear, weight: [[-2]], bias: [-1]}]
loss: squared_error
"""
    for form in ("text", "markdown", "beamer", "json"):
        shown = told(run, tmp_path, spec, "--format", form)
        assert not re.search(r"[+−·] ?[-−]\d|- -\d|\+ -\\tfrac|\+ -\d", shown), form
    assert "[1 -1]⎡1⎤ + (-1/2) = -3/2" in told(run, tmp_path, spec)


def test_where_the_slope_is_0_nothing_flows_back(run) -> None:
    text = " ".join(run("explain", "specs/classifier.yaml", "--detail", "low").stdout.split())
    assert "The slope of relu is 0 at one of the entries" in text


WIDE = """
input: {x: {random: normal, shape: [64], seed: 1}}
target: {y: {random: normal, shape: [64], seed: 2}}
layers:
  - {type: linear, weight: {random: normal, shape: [64, 64], seed: 1, scale: 0.1}, activation: tanh}
  - {type: linear, weight: {random: normal, shape: [64, 64], seed: 2, scale: 0.1}}
loss: squared_error
"""


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_is_too_long_is_told_by_its_shape_never_by_its_length(tmp_path: Path, run, mode: str) -> None:
    """A vector of 64 stands as 64×1 in the strip, the tables and the storage: 64 would be read as its value.
    That 64 numbers are held is another thing."""
    spec = tmp_path / "wide.yaml"
    spec.write_text(WIDE, encoding="utf-8")
    text = run("explain", spec, "--mode", mode).stdout
    assert "64×1" in text
    assert re.findall(r".*(?<![^\s\[])64(?![^\s\]])(?! numbers).*", text) == []
    for kind, written in (("markdown", "64×1"), ("html", ">64×1<"), ("beamer", r"64$\times$1")):
        assert written in run("explain", spec, "--mode", mode, "--format", kind).stdout


def test_a_vector_too_wide_for_its_pill_is_told_by_its_shape(run) -> None:
    out = run("explain", "specs/shared-weight.yaml", "--slide", "1").stdout
    assert re.search(r"1 0 +│ +1/2 1 +│ +-3/4 1 +2×1 +│ +2×1 +5\.896", out)


def test_the_closing_shows_what_checkpoints_save(run) -> None:
    """h1 and h2 are held, and h3 computed again beside them: 6 numbers; without checkpoints h1 to h4 are 7."""
    bars = {
        line.split("█")[0].strip(): line.split()[-1]
        for line in run("explain", "specs/checkpoint.yaml", "--checkpoint", "h1,h2,h4")
        .stdout.split("most numbers held after a step")[1]
        .splitlines()[1:4]
    }
    assert bars == {"forward": "26", "reverse": "7", "reverse with the checkpoints": "6"}


def test_a_chain_of_one_factor_needs_no_product_and_an_activation_one(run) -> None:
    assert "What it cost: the chain needs no product" in run("explain", "specs/one-layer.yaml").stdout
    assert "multiplies what comes in by its own Jacobians" in run("explain", "specs/vanishing.yaml").stdout
    sizes = re.findall(
        r"^  [zh]\S+ (?:linear|tanh) .*?(-?[\d.e-]+) +\d$", run("explain", "specs/vanishing.yaml").stdout, re.M
    )
    assert sizes and not any(size.startswith("-") for size in sizes)


def test_a_batch_has_one_shape_for_its_cotangent_and_says_that_full_jacobians_are_counted() -> None:
    first, second = (slide_at(f"backward, step 2 of 4, part {part}", "specs/xor.yaml") for part in (1, 2))
    assert "[h~ 4×1]" in first and "[h~ 4×2]" in second and "[h~ 1×8]" not in second
    assert "full Jacobians: 1·4·2 + 1·4·1 = 12 multiplications" in first
    assert "full Jacobians: 1·4·8 = 32 multiplications" in second


def test_markdown_sets_a_crowded_slide_in_smaller_letters(run) -> None:
    """The forward pass's last steps hold four products beside the chain rule; the slide before them holds two lines."""
    _, *slides = run("explain", FORWARD, "--mode", "forward", "--format", "markdown").stdout.split("\n---\n\n")
    classes = [re.match(r"<!-- _class: (\w+) -->", slide) for slide in slides]
    assert [found and found[1] for found in classes[3:7]] == [None, "tight", "tight", "tighter"]
