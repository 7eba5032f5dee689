"""What slides say in words: notes for the speaker, sentences that are true, and the closing."""

import re
from pathlib import Path

import pytest
from conftest import heads_of

from adcli.explain.messages import Say

SPECS = Path(__file__).parent.parent / "specs"
FORWARD, REVERSE = "specs/forward-mode.yaml", "specs/reverse-mode.yaml"
PROGRAM = ("-e", "(a + b) ** 2 * c", "-p", "a=2", "-p", "b=3", "-p", "c=4")


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SPECS.parent)
    monkeypatch.delenv("COLUMNS", raising=False)


def words(run, *args: str) -> str:
    """The story as text, on one line."""
    return " ".join(run("explain", *args).stdout.split())


def net(tmp_path: Path, depth: int) -> str:
    """A chain of ``depth`` layers and a loss."""
    layers = "".join("  - {type: linear, weight: [[1]]}\n" for _ in range(depth))
    path = tmp_path / "net.yaml"
    path.write_text(f"input: {{x: [1]}}\ntarget: {{y: [0]}}\nlayers:\n{layers}loss: squared_error\n")
    return str(path)


# --- notes for the speaker -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "lang"), [("forward", "en"), ("forward", "id"), ("reverse", "en"), ("reverse", "id")])
@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_note_writes_names_as_its_slide_does_and_is_no_repetition(spec, mode, lang) -> None:
    for slide in heads_of(spec, mode, lang):
        assert not re.search(r"\b[a-zA-Z]\d|\bloss\d|\*\*|[{}]", slide.note), slide.note
        assert slide.note.rstrip("?.!") != slide.title.rstrip("?.!")


def test_a_note_asks_what_its_slide_can_answer(run_json) -> None:
    forward = {slide["id"]: slide["note"] for slide in run_json("explain", FORWARD, "--mode", "forward")["slides"]}
    assert forward["forward-1"].startswith("A column for each number of W₁, a row for each of h₁")
    assert "for the last time: h₁." in forward["forward-2"] and "in common" in forward["forward-3"]
    assert "h₄ is a single number" in forward["forward-4"]
    scalars = {slide["id"]: slide["note"] for slide in run_json("explain", *PROGRAM, "--mode", "forward")["slides"]}
    assert scalars["forward-1"].startswith("How does out.1 move when a grows a little?")
    assert not any("one row" in note or "forced" in note for note in scalars.values())


def test_the_notes_of_a_program_speak_of_adding_where_it_adds(run_json) -> None:
    """The way back through a * b + a meets a twice: the second time its grad is 1 already."""
    notes = {s["id"]: s["note"] for s in run_json("explain", "-e", "a * b + a", "-p", "a=2", "-p", "b=5")["slides"]}
    assert "overwrites" in notes["node-out.1"] and "overwrites" not in notes["node-out"]


# --- sentences that are true -----------------------------------------------------------------------------------


def test_forward_mode_of_a_program_knows_no_weights(run) -> None:
    text = words(run, *PROGRAM, "--mode", "forward")
    assert "weight" not in text.lower() and "input Jacobian" not in text
    assert "Tangents begin with the derivatives of this step: ∂out.1/∂a and ∂out.1/∂b." in text
    assert "diagonal" not in text and "matrix for every" not in text
    assert "network" not in text
    indonesian = words(run, *PROGRAM, "--mode", "forward", "--lang", "id")
    assert "weight" not in indonesian and "diagonal" not in indonesian


def test_forward_mode_of_the_lecture_keeps_its_words(run) -> None:
    text = words(run, FORWARD, "--mode", "forward")
    assert "A tangent begins as the weight Jacobian." in text and "start the new one with its weight Jacobian" in text
    assert "Input Jacobians: 4. Weight Jacobians: 4." in text


def test_an_input_is_no_weight(run) -> None:
    assert "A tangent begins with the derivative of this step: ∂h₁/∂x." in words(
        run, FORWARD, "--mode", "forward", "--wrt", "x"
    )


def test_an_entrywise_step_of_vectors_is_diagonal_that_of_numbers_is_not(run) -> None:
    vector = words(run, "-e", "sum(tanh(a + 1))", "-p", "a=[1, 2]", "--mode", "forward")
    assert "tanh acts entry by entry: its Jacobian is diagonal." in vector
    assert "diagonal" not in words(run, "-e", "tanh(a + 1)", "-p", "a=1", "--mode", "forward")


def test_what_a_long_trace_leaves_out_is_counted(run, tmp_path) -> None:
    """20 layers and the loss: the table has the first six and the last two, the forward pass six and six."""
    text = words(run, net(tmp_path, 20))
    assert re.search(r"h₆ = W₆ h₅ \S+ ⋯ 13 more h?.*?h₂₀ = W₂₀ h₁₉", text)
    assert re.search(r"forward pass, 16–21 of 21 .*?⋯ 9 more steps, not shown", text)
    assert re.search(r"W₆ 1×1 1 ∂h₆/∂W₆ 1×1 ⋯ 12 more W₁₉", text)


def test_the_mean_of_one_component_is_divided_by_nothing(run, tmp_path) -> None:
    path = tmp_path / "mean.yaml"
    path.write_text(
        "input: {x: [3]}\ntarget: {y: [1]}\nlayers: [{type: linear, weight: [[2]]}]\nloss: mean_squared_error\n"
    )
    text = words(run, str(path))
    assert "∂ℓ/∂h₁ = 2 (h₁ − y) = 2 (6 − 1) = 10" in text and "2/1" not in text


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Gradients, step by step"), ("id", "Gradient, langkah demi langkah")]
)
def test_a_deck_without_a_title_does_not_say_its_mode_twice(run, tmp_path, lang, title) -> None:
    text = run("explain", net(tmp_path, 1), "--lang", lang, "--mode", "numeric").stdout
    assert text.startswith(f"Numeric mode · {title} ─") and "mode mode" not in text


def test_an_expression_is_the_title_of_its_deck(run) -> None:
    assert run("explain", *PROGRAM, "--mode", "forward").stdout.startswith("Forward mode · (a + b) ** 2 * c ─")
    page = run("explain", *PROGRAM, "--mode", "forward", "--format", "html").stdout
    assert "<title>(a + b) ** 2 * c</title>" in page


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "beamer"])
def test_a_step_in_words_is_a_power_of_ten(run, format_) -> None:
    told = run("explain", FORWARD, "--mode", "numeric", "--format", format_).stdout
    assert not re.search(r"(here|below):? [\d.]*e-\d", told)
    if format_ == "text":
        assert "here: 6.1·10⁻⁶" in told and "below 2·10⁻¹⁶" in told


def test_a_symbolic_title_has_no_room_beside_its_slash(run) -> None:
    page = run("explain", "specs/symbolic.yaml", "--mode", "symbolic", "--format", "html").stdout
    assert '<mo lspace="0" rspace="0">&#x0002F;</mo>' in page
    assert not re.search("<mo>(/|∂|&#x0002F;|&#x02202;)</mo>", page)


# --- the closing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "reverse", "numeric", "symbolic"])
def test_each_gradient_stands_beside_its_parameter(run, mode) -> None:
    """As one needs it for a step W − 0.1 · gradient."""
    text = run("explain", REVERSE, "--mode", mode).stdout
    closing = text[text.index("The gradients\n") :].split("What it cost")[0]
    for own in ("W₁ = [1 1; 1 1]", "W₂ = [1 2; 1 1]", "W₃ = [1 1; 2 1]", "W₄ = [2 1]"):
        assert own in closing


def test_a_parameter_too_large_for_its_place_stands_not_beside_its_gradient(run, tmp_path) -> None:
    path = tmp_path / "wide.yaml"
    path.write_text("input: {x: [1, 2, 3, 4, 5]}\nlayers: [{type: linear, weight: [[1, 2, 3, 4, 5]]}]\n")
    assert not re.search("(?<!∂)W₁ = ", run("explain", str(path)).stdout.split("The gradients\n")[1])


def test_the_cost_of_numeric_mode_is_counted_in_its_own_story(run) -> None:
    """28 calls of the lecture's net: 4 + 4 + 4 + 2 multiplications in its layers, 1 square in the loss at most."""
    text = words(run, REVERSE, "--mode", "numeric")
    once = 14
    assert f"{28 * once}" in text.split("What it cost")[1]
    assert re.search(rf"numeric █+ {28 * once}", text)


def test_the_cost_of_symbolic_mode_has_bars_of_its_own_unit(run) -> None:
    text = words(run, REVERSE, "--mode", "symbolic").split("What it cost")[1]
    assert re.search(r"operations of the formulas written out █+ \d+ with common subexpressions \S+ 75\b", text)
    assert "numeric █" not in text


def test_numeric_mode_of_a_program_runs_no_network(run) -> None:
    assert "network" not in words(run, *PROGRAM, "--mode", "numeric")


@pytest.mark.parametrize(
    ("lines", "written"),
    [("A @ v", "∂s/∂A = h~ᵀ vᵀ = ⎡1⎤[5 6] = ⎡5 6⎤ ✓"), ("v @ A", "∂s/∂A = v h~ = ⎡5⎤[1 1] = ⎡5 5⎤ ✓")],
)
def test_a_matrix_of_a_program_has_its_outer_product_too(run, tmp_path, lines, written) -> None:
    """Of s = 1ᵀ A v the gradient for A is 1 vᵀ, of vᵀ A 1 it is v 1ᵀ."""
    path = tmp_path / "program.yaml"
    path.write_text(f"parameters: {{A: [[1, 2], [3, 4]]}}\ninput: {{v: [5, 6]}}\nprogram: [h = {lines}, s = sum(h)]\n")
    assert written in words(run, str(path)).split("The gradients")[1]


def test_a_dead_unit_is_known_by_its_slope(run, tmp_path) -> None:
    """relu is 0 at −1 and at −2, its slope too; tanh has no such unit."""
    path = tmp_path / "dead.yaml"
    for op, dead in (("relu", "h₁: 2 of 3 units give 0"), ("tanh", "No kink")):
        path.write_text(
            "input: [1]\nlayers:\n  - {type: linear, weight: [[-1], [-2], [3]], "
            f"activation: {op}}}\n  - {{type: linear, weight: [[1, 1, 1]]}}\n"
        )
        assert (dead in words(run, str(path))) == (op == "relu")


@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_one_is_a_one_as_a_number_and_in_digits(lang: str) -> None:
    """Large counts are handed over with their commas, and so are small ones."""
    say = Say(lang)
    assert say("pass.more", n="1") == say("pass.more", n=1)
    assert say.text("storage.filled", n="1") == say.text("storage.filled", n=1)
    if lang == "en":
        assert "1 more step," in say.text("pass.more", n="1") and "3 more steps," in say.text("pass.more", n="3")


def test_a_unit_is_dead_when_it_is_for_every_example(run, tmp_path: Path) -> None:
    """Inputs (1, -1) and (-1, -1): the first unit is 0 for one of them, the second for both."""
    path = tmp_path / "units.yaml"
    path.write_text("input: [[1, -1], [-1, -1]]\nlayers: [{type: linear, weight: [[1, 0], [0, 1]]}, {type: relu}]\n")
    assert "h₂: 1 of 2 units gives 0 for every example" in words(run, str(path))


def test_the_largest_derivative_may_be_negative(run, tmp_path: Path) -> None:
    path = tmp_path / "negative.yaml"
    path.write_text("input: [-5, 2]\nlayers: [{type: linear, weight: [[1, 1]]}]\n")
    assert "W₁[1,1] has the largest derivative in size, -5: add 0.001 to it" in words(run, str(path))


@pytest.mark.parametrize(("first", "told"), [(0.5, "is larger near the input"), (0.0005, "explodes on its way back")])
def test_a_gradient_explodes_when_it_grows_a_thousandfold(run, tmp_path: Path, first: float, told: str) -> None:
    """With weights a and 1 the gradients are 2a and 2a²."""
    path = tmp_path / "chain.yaml"
    path.write_text(
        f"input: {{x: [1]}}\ntarget: {{y: [0]}}\nlayers: [{{type: linear, weight: [[{first}]]}}, "
        "{type: linear, weight: [[1]]}]\nloss: squared_error\n"
    )
    assert told in words(run, str(path))


def test_a_value_that_a_step_reads_twice_is_used_twice(run) -> None:
    assert "v is used 2 times: its contributions add up" in words(run, "-e", "dot(v, v)", "-p", "v=[1,2]")


def test_the_calls_of_a_value_on_the_way_change_it_and_what_comes_after(run_json) -> None:
    """h₂ = (6, 4) and h₄ = 4 h₂[1] + 3 h₂[2]: ℓ = (h₄ − 2)² is 36² and 32² for h₂[1] = 6.5 and 5.5."""
    slides = run_json("explain", FORWARD, "--mode", "numeric", "--wrt", "h2", "--step", "0.5")["slides"]
    first, *_ = (step for slide in slides for step in slide["steps"])
    assert [o["value"] for o in first["operands"]] == [6, 0.5, 1296, 1024] and first["value"] == 272
