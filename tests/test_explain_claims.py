"""What slides claim where several ways lead to a value, where a trace is long, and where numbers are no numbers."""

import re
from pathlib import Path

import pytest
from conftest import slide_at

SPECS = Path(__file__).parent.parent / "specs"
SHARED = str(SPECS / "shared-weight.yaml")
SHARED_AND_SKIP = """
input: {x: [1, 2]}
target: {y: [1, 0]}
parameters: {W: [[1, 2], [0, 1]]}
layers:
  - {type: linear, weight: W, activation: tanh}
  - {type: linear, weight: W}
  - {type: add, inputs: [h1, h2]}
  - {type: multiply, inputs: [h3, h1]}
loss: squared_error
"""


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def words(run, *args: str) -> str:
    """The story as text, on one line."""
    return " ".join(run("explain", *args).stdout.split())


def written(tmp_path: Path, spec: str) -> str:
    path = tmp_path / "spec.yaml"
    path.write_text(spec)
    return str(path)


@pytest.fixture
def graph(tmp_path: Path) -> str:
    return written(tmp_path, SHARED_AND_SKIP)


# --- several ways --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "place"),
    [
        ("reverse", "backward, step 2 of 5, part 1"),
        ("reverse", "backward, step 4 of 5, part 1"),
        ("forward", "step 3 of 5"),
    ],
)
def test_what_one_use_of_a_weight_does_is_not_told_as_its_whole_effect(monkeypatch, mode: str, place: str) -> None:
    """∂ℓ/∂W[2,2] is -0.691: the uses of W contribute -1.911 and 1.22."""
    monkeypatch.setenv("COLUMNS", "60")  # nothing stands beside the sentence
    text = " ".join(slide_at(place, SHARED, "--mode", mode).split())
    assert "add a little to W" not in text or "along this way alone" in text
    own = slide_at("langkah 4 dari 5, bagian 1", SHARED, "--lang", "id")
    assert "lewat jalur ini saja" in " ".join(own.split())


def test_a_weight_used_once_is_told_with_its_whole_effect(run) -> None:
    text = words(run, str(SPECS / "reverse-mode.yaml"))
    assert "add a little to W₂[2,2], and ℓ grows by 12 times as much" in text and "alone" not in text


def test_a_contribution_is_not_called_the_gradient(run_json) -> None:
    slides = [slide_at(f"backward, step {n}", SHARED) for n in ("2 of 5, part 1", "4 of 5, part 1", "5 of 5")]
    assert "∂ℓ/∂W ← h~₃·∂h₃/∂W ≈" in slides[0] and not re.search("∂ℓ/∂W [=≈]", slides[0] + slides[1])
    assert "f₂ z~₂·∂z₂/∂W ≈" in slides[1] and "∂ℓ/∂W ← ⎡2.641" in slides[1]
    assert "∂ℓ/∂W ≈ ⎡1.273" in slides[2]
    texts = [step["text"] for slide in run_json("explain", SHARED)["slides"] for step in slide["steps"]]
    assert not any(text.startswith(("∂ℓ/∂W = ", "∂ℓ/∂W ≈ ")) for text in texts)
    assert sum(text.startswith("∂ℓ/∂W ← ") for text in texts) == 2


def test_in_hand_is_the_sum_of_what_came_back_along_all_ways(run, graph: str) -> None:
    text = run("explain", graph).stdout
    assert re.search(r"h~₁ ← \[22\.998 7\.167\] \+ \[5\.855 3\.584\] .*\n +≈ \[28\.85 10\.75\]", text)
    assert "[h~₁ 28.85 10.75]" in text and "[h~₁ 5.855 3.584]" not in text


def test_the_cotangent_in_hand_has_the_shape_that_its_slide_shows(run, tmp_path: Path) -> None:
    spec = "input: {x: [[1, 2], [3, 4]]}\nlayers: [{type: linear, weight: [[1, 2]]}, {type: softplus}]\n"
    text = run("explain", written(tmp_path, spec), "--slide", "5").stdout
    assert "[h~ 2×2]" in text and "[h~ 2×1]" not in text


def test_a_row_of_a_filling_storage_is_never_cut(run, graph: str) -> None:
    """h₄ ≈ (6.57, 1.43) is stored in one line and ℓ in the next: both are seen."""
    slide = run("explain", graph, "--slide", "4").stdout
    assert slide.count("[h₄ ·]") == 4 and slide.count("[ℓ ·]") == 5


# --- long traces ---------------------------------------------------------------------------------------------------


def test_in_a_shortened_row_what_is_done_has_no_mark_of_what_is_to_come(run) -> None:
    rows = [line for line in run("explain", str(SPECS / "vanishing.yaml")).stdout.split("\n") if "⋯" in line]
    done = [row for row in rows if row.rstrip().endswith("✓") and "/W" in row]
    assert done and not any("⋯·" in row for row in done)


def test_under_a_shortened_row_stands_what_its_factors_make(run, tmp_path: Path) -> None:
    lines = ["u = A @ v", "w = tanh(u) * s + v", "p = softmax(w)", "q = dot(p, v) / s ** 2"]
    program = "".join(f"  - {line}\n" for line in [*lines, "out = q - mean(w) + sum(A) / 4"])
    spec = f"parameters: {{A: [[1, 2], [3, 4]], v: [1, -1], s: 2}}\nprogram:\n{program}"
    text = run("explain", written(tmp_path, spec)).stdout
    slide = next(part for part in text.split("\n\nReverse mode ·") if "w.1~ moves to u\n" in part)
    assert "─ u~ ─" in slide and "─ p~ ─" not in slide and "─ w.2~ ─" not in slide
    summary = next(part for part in text.split("\n\nReverse mode ·") if "Steps 3 to 7" in part)
    (row,) = [line for line in summary.split("\n") if "out.3 sum" in line]
    assert row.split() == ["out.3", "sum", "4"]  # a share of ∂out/∂A, which is not done; nothing is sent back


def test_bars_that_are_logarithms_say_so(run) -> None:
    text = words(run, str(SPECS / "classifier.yaml"), "--mode", "symbolic")
    assert "operations of the formulas; the bars are logarithms" in text
    assert "logarithms" not in words(run, str(SPECS / "forward-mode.yaml"))


# --- counts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "count"), [("order", 20), ("two-layers", 16), ("one-layer", 0), ("reverse-mode", 36)])
def test_multiplications_of_all_steps_are_those_of_the_closing(run, run_json, spec: str, count: int) -> None:
    path = str(SPECS / f"{spec}.yaml")
    steps = [step for slide in run_json("explain", path)["slides"] for step in slide["steps"]]
    assert sum(step["multiplications"] for step in steps) == count
    assert f"What it cost: {count or 'the chain needs no product'}" in words(run, path)


def test_what_is_computed_again_counts_among_what_the_engine_makes(run) -> None:
    """h₃ = W₃ h₂ takes 4 multiplications."""
    path = str(SPECS / "checkpoint.yaml")
    assert "reverse 38." in words(run, path) and "reverse 42." in words(run, path, "--checkpoint", "h1,h2,h4")


# --- what is no number, and kinks ----------------------------------------------------------------------------------


def test_what_is_no_number_agrees_with_nothing(run, tmp_path: Path) -> None:
    spec = (
        "input: {x: [0]}\ntarget: {y: 1}\nlayers: [{type: linear, weight: [[1]], activation: log}]\nloss: squared_error"
    )
    assert "Checked" not in run("explain", written(tmp_path, spec)).stdout


def test_at_a_kink_numeric_mode_is_not_ticked(run, tmp_path: Path) -> None:
    spec = "input: {x: [1]}\nlayers: [{type: linear, weight: [[0]], activation: relu}]\n"
    text = words(run, written(tmp_path, spec), "--mode", "numeric")
    assert "⚠ Checked with reverse mode: the largest relative difference is" in text


def test_a_title_with_signs_that_a_terminal_acts_upon_is_escaped_in_json(run, run_json, tmp_path: Path) -> None:
    spec = written(tmp_path, 'title: "a\\u009b31m\\u202eb"\nparameters: {a: 1}\nprogram: [b = a * 2]\n')
    assert r"a\u009b31m\u202eb" in run("explain", spec, "--format", "json").stdout
    assert run_json("explain", spec)["title"] == "a\u009b31m\u202eb"


# --- all of it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_full_writes_out_what_normal_shortens(run, format_: str) -> None:
    """∂h₂/∂W₂ is 3 × 9, and a page of 80 columns has room for it."""
    for spec in ("classifier", "xor"):
        args = ("explain", str(SPECS / f"{spec}.yaml"), "--mode", "forward", "--format", format_)
        normal, full = run(*args).stdout, run(*args, "--detail", "full").stdout
        gap = re.compile(r"⋯|⋮|\\cdots|\\vdots")
        assert gap.search(normal) and not gap.search(full)
        assert format_ == "markdown" or max(map(len, full.split("\n"))) <= 80


def test_the_bias_of_a_batch_is_a_row_wherever_it_is_drawn(run) -> None:
    text = run("explain", str(SPECS / "xor.yaml"), "--mode", "forward").stdout
    assert "b₁    1×2" in text and "[1/2 -1/2]" in text.partition("computes")[0]
    assert re.search(r"∂ℓ/∂b₁ = \[3 -3\] .*b₁ = \[1/2 -1/2\]", text)


SKIP_OVER_ONE = """\
input: {x: [1, -1]}
target: {y: [1, 2]}
layers:
  - {type: linear, weight: [[2, 1], [1, 3]]}
  - {type: linear, weight: [[1, -1], [2, 1]]}
  - {type: add, inputs: [h2, h1]}
loss: half_squared_error
"""


def test_a_tangent_that_waits_is_held_and_is_no_second_hat(run, run_json, tmp_path) -> None:
    """While h2 is computed, ∂h1/∂W1 waits for the sum: 2×4 for it, 2×4 for each Ŵ, and h2: 26 numbers."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(SKIP_OVER_ONE)
    slides = run_json("explain", str(spec), "--mode", "forward")["slides"]
    assert [slide["steps"][-1]["held"] for slide in slides if slide["kind"] == "forward.step"] == [10, 26, 26, 18, 9]
    assert re.search(
        r"numbers held after a step\nforward +█+ 26\n", run("explain", str(spec), "--mode", "forward").stdout
    )
    while_waiting, adding = (run("explain", str(spec), "--mode", "forward", "--slide", n).stdout for n in ("5", "7"))
    assert "∂h₁/∂W₁, waits" in while_waiting and while_waiting.count("─ Ŵ₁ ─") == 1
    one_way = run("explain", str(spec), "--mode", "forward", "--slide", "6").stdout
    assert "∂h₁/∂W₁, waits" in one_way and "─ Ŵ₁ ─" not in one_way
    assert "Ŵ₁ ← ∂h₃/∂h₂·Ŵ₁ + ∂h₃/∂h₁·∂h₁/∂W₁" in adding and "waits" not in adding


def test_a_long_title_is_shortened_on_every_slide_and_whole_on_the_first(run) -> None:
    first, *others = run("explain", "specs/checkpoint.yaml").stdout.split("\n\nReverse mode ·")
    assert "\nFour blocks, of which the outputs of the 1st, 2nd and 4th are kept\n" in first
    assert len(others) == 11 and all(" Four blocks, of which" in slide.split("\n")[0] for slide in others)


def test_a_batch_of_softmax_has_a_full_block_for_each_example(run, tmp_path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "input: {x: [[1, 2], [0, 1]]}\ntarget: {y: [[1, 0], [0, 1]]}\nlayers:\n"
        "  - {type: linear, weight: [[1, 0], [0, 1]]}\n  - {type: softmax}\nloss: squared_error\n"
    )
    text = " ".join(run("explain", str(spec), "--mode", "forward").stdout.split())
    assert "all inputs of its own example, and on no other" in text
    assert "depends on every input: a full Jacobian" not in text


def test_an_outer_product_is_not_called_row_times_jacobian(run) -> None:
    """The classifier's weight Jacobian is 3×9, and the slide shows a column times a row."""
    slide = run("explain", "specs/classifier.yaml", "--slide", "7").stdout
    assert "An outer product gives" in slide and "Row × weight Jacobian" not in slide
    assert "Row × weight Jacobian" in run("explain", "specs/classifier.yaml", "--slide", "7", "--detail", "full").stdout


def test_beamer_says_what_the_finished_factors_give(run) -> None:
    latex = run("explain", "specs/reverse-mode.yaml", "--format", "beamer").stdout
    assert r"\multicolumn{2}{@{}c@{}}{\adbrace{COTANGENT}" in latex


def test_a_wide_entrywise_step_is_not_called_an_outer_product(run, tmp_path) -> None:
    spec = tmp_path / "spec.yaml"
    ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    spec.write_text(
        f"input: {{x: {ten}}}\nparameters: {{w: {ten}, v: {ten}}}\nprogram:\n- a = v * x\n- b = a * w\n- out = sum(b)\n"
    )
    ran = run("explain", str(spec))
    assert ran.code == 0, ran.stderr
    assert "outer product" not in ran.stdout.split("The gradients")[0]


def test_where_every_call_gives_nan_no_error_is_judged(run, tmp_path) -> None:
    """The second entry of h₁ is -1, and has no logarithm."""
    spec = written(
        tmp_path,
        "input: {x: [1, -1]}\ntarget: {y: [0, 0]}\nlayers:\n  - {type: linear, weight: [[1, 2], [0, 1]]}\n"
        "  - {type: log}\nloss: squared_error\n",
    )
    text = words(run, spec, "--mode", "numeric")
    assert "there is nothing to compare" in text and "hardly depends" not in text
    assert "tidak ada yang bisa dibandingkan" in words(run, spec, "--mode", "numeric", "--lang", "id")


def test_one_use_of_a_weight_is_told_with_its_name(run) -> None:
    assert "This is one use of W;" in words(run, SHARED, "--slide", "7")
    assert "satu pemakaian W;" in words(run, SHARED, "--slide", "7", "--lang", "id")


def test_uses_share_in_the_output_of_a_program_without_a_loss(run) -> None:
    program = ("-e", "sum(a * b) + sum(a)", "-p", "a=[1, 2]", "-p", "b=[3, 4]")
    assert "every use has its share in out." in words(run, *program)
    assert "ikut memengaruhi out." in words(run, *program, "--lang", "id")
    assert "every use has its share in the loss." in words(run, SHARED)


@pytest.mark.parametrize(
    ("slide", "line"),
    [("7", "∂ℓ/∂W₂ = h~ᵀ h₁ᵀ ≈ ⎢ 0.3333⎥"), ("6", " = softmax((2, 2, 2)) − (0, 0, 1)")],
)
def test_rounded_matrices_within_a_product_follow_an_approximate_sign(run, slide: str, line: str) -> None:
    """The cotangent is 1/3 1/3 -2/3; what it comes from is whole."""
    assert line in words(run, "specs/classifier.yaml", "--slide", slide)


def test_a_sum_of_rounded_matrices_follows_an_approximate_sign() -> None:
    assert "∂ℓ/∂W ≈ ⎡1.273 -5.904⎤ + ⎡-0.1489 0⎤" in " ".join(slide_at("step 5 of 5", SHARED).split())


def test_a_comparison_with_a_rounded_number_is_exact(run, tmp_path) -> None:
    spec = written(
        tmp_path,
        "input: {x: [[1], [2]]}\ntarget: {y: [[1], [-1]]}\nlayers:\n"
        "  - {type: linear, weight: [[0.123456789]]}\nloss: hinge\n",
    )
    text = words(run, spec)
    assert "= 1/2 · (-⎡ 1⎤ [⎡ 1⎤ ⎡0.1235⎤ < 1])" in text and "≈ 1/2 · (-⎡" not in text


# --- at a kink -----------------------------------------------------------------------------------------------------

PERFECT = """
input: {x: [1, 1]}
target: {y: 0}
layers:
  - {type: linear, weight: [[1, -1], [1, 1]], activation: relu}
  - {type: linear, weight: [[1, 1]], bias: [-2]}
loss: absolute_error
"""
AT_ZERO = """
input: {x: [1]}
target: {y: 5}
layers:
  - {type: linear, weight: [[2]], bias: [-2], activation: relu}
  - {type: linear, weight: [[3]], bias: [1]}
loss: squared_error
"""


@pytest.mark.parametrize("mode", ["forward", "reverse", "symbolic"])
def test_a_derivative_at_a_kink_predicts_nothing(run, tmp_path, mode: str) -> None:
    """|h₂ − y| at h₂ = y: whichever way a weight is turned, the loss grows."""
    spec = written(tmp_path, PERFECT)
    text = words(run, spec, "--mode", mode)
    assert "first order" not in text and "stays as it is" not in text and "changes by about" not in text
    assert "Every derivative is 0; but a kink lies on the way, where that is a convention" in text
    assert "Semua turunan 0; tetapi ada kink" in words(run, spec, "--mode", mode, "--lang", "id")


def test_behind_a_kink_a_derivative_of_zero_is_told_apart(run, tmp_path) -> None:
    """relu at 0: turn b₁ and ℓ = (3 relu(b₁ + 2) + 1 − 5)² moves; W₂ is multiplied by 0."""
    text = words(run, written(tmp_path, AT_ZERO))
    assert "∂ℓ/∂W₂: 0. To first order, a small change there leaves the output as it is." in text
    assert "∂ℓ/∂W₁ and ∂ℓ/∂b₁: 0 by convention, for a kink lies on the way" in text


def test_away_from_kinks_a_derivative_still_says_what_it_does(run) -> None:
    assert "W₄[1,2] has the largest derivative in size" in words(run, str(SPECS / "forward-mode.yaml"))


def test_a_warning_names_the_value_that_is_at_a_kink_in_each_language(run, tmp_path) -> None:
    spec = written(tmp_path, PERFECT)
    assert "z1[1] is at a kink" in words(run, spec) and "h2[1] is at a kink" in words(run, spec)
    text = words(run, spec, "--lang", "id")
    assert "z1[1] tepat di sebuah kink" in text and "h2[1] tepat di sebuah kink" in text and "loss[1]" not in text


# --- the order of a program ----------------------------------------------------------------------------------------

LONG = """
parameters: {a: 2, b: -3, c: 10}
program:
  - e = a * b
  - d = e + c
  - f = d * a
  - L = tanh(f) * d + a ** 2 - exp(b) / c
"""


def test_the_order_of_a_program_is_told_whole(run, tmp_path) -> None:
    text = run("explain", written(tmp_path, LONG)).stdout
    assert "Reverse topological order: L, L.6, L.5, L.4, L.3, L.2, L.1, f, d and e." in " ".join(text.split())
    rows = re.findall(r"^order (.*)\n(.*)", text, re.MULTILINE)
    assert len(rows) == 11 and all(("now" in below) == (number > 0) for number, (_, below) in enumerate(rows))
    assert all("⋯" in row for row, _ in rows)
    ones = "".join(f"  - v{n + 1} = v{n} * 2\n" for n in range(20))
    many = run("explain", written(tmp_path, f"parameters: {{v0: 1}}\nprogram:\n{ones}")).stdout
    assert "v₈, v₇, ⋯ and v₁." in " ".join(many.split())


def test_a_column_times_a_number_is_no_difference(run, tmp_path) -> None:
    """The first example's h₁ᵀ, a column, times its h̃ < 0."""
    spec = written(
        tmp_path,
        "convention: row\ninput: {x: [[1, 2], [3, 4]]}\ntarget: {y: [[9], [0]]}\nlayers:\n"
        "  - {type: linear, weight: [[1], [2]]}\nloss: {type: squared_error, reduction: sum}\n",
    )
    text = run("explain", spec).stdout
    assert "⎡1⎤·(-8) + ⎡3⎤·22" in text and "⎤-8" not in text


@pytest.mark.parametrize(("layers", "slides"), [(2, ["1–4"]), (3, ["1–4 of 6", "5–6 of 6"])])
def test_every_gradient_of_a_small_net_is_written(run, layers: int, slides: list[str]) -> None:
    """Weights and biases of two layers stand on one slide, those of three on two."""
    layer = "  - {type: linear, weight: [[1, 1], [0, 1]], bias: [1, 2]}\n"
    spec = f"input: {{x: [1, 2]}}\ntarget: {{y: [1, 1]}}\nlayers:\n{layer * layers}loss: squared_error\n"
    for mode in ("forward", "reverse", "numeric", "symbolic"):
        text = run("explain", "-", "--mode", mode, stdin=spec).stdout
        last = text[text.index("\nThe gradients\n") :]
        assert all(f"∂ℓ/∂{name}{'₁₂₃'[n]} " in last for n in range(layers) for name in "Wb")
        assert "⋯" not in last.partition("What it cost")[0] and "more" not in last.partition("What it cost")[0]
        found = re.findall(r"· (\d–\d of \d) ·.*\nThe gradients\n", text)
        assert found == (slides if len(slides) > 1 else [])
