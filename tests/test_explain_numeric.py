"""The story of numeric mode: quotients that can be followed, and a sample of very many entries."""

import json
import re
from pathlib import Path

import pytest

from adcli.engines import numeric
from adcli.explain.numeric_step import best_step

FORWARD = "specs/forward-mode.yaml"


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    monkeypatch.delenv("COLUMNS", raising=False)


def probed(run_json, *args: str) -> list[dict]:
    slides = run_json("explain", *args)["slides"]
    return [step for slide in slides for step in slide["steps"] if step["kind"] == "numeric.probe"]


@pytest.mark.parametrize(
    ("args", "factor"),
    [((), 2), (("--scheme", "forward"), 1), (("--step", "1e-3"), 2), (("--step", "1e-9"), 2), (("--digits", "7"), 2)],
)
@pytest.mark.parametrize("spec", [FORWARD, "specs/vanishing.yaml", "specs/classifier.yaml"])
def test_a_quotient_can_be_computed_again_from_its_slide(run, spec, args, factor) -> None:
    text = " ".join(run("explain", spec, "--mode", "numeric", "--slide", "4", *args).stdout.split())
    above, below, twice, width, shown = re.search(r"\((\S+) − (\S+)\) / \(?(2·)?(\S+?)\)? [≈=] (\S+)", text).groups()
    step = re.search(r" h [≈=] (\S+)", text)[1]
    assert step == width and (factor == 2) == bool(twice) and len(step.split("e")[0]) <= 10
    again = (float(above) - float(below)) / (factor * float(width))
    assert again == pytest.approx(float(shown), rel=1e-3 if "--digits" not in args else 1e-6)


@pytest.mark.parametrize("format_", ["text", "markdown", "beamer", "html", "json"])
@pytest.mark.parametrize("step", ["1e-20", "5"])
def test_a_step_beyond_the_plot_is_told(run, step, format_) -> None:
    """1 + 1e-20 is 1: both calls are the same, and their quotient is 0."""
    ran = run("explain", FORWARD, "--mode", "numeric", "--step", step, "--format", format_)
    assert ran.code == 0
    if format_ == "text" and step == "1e-20":
        text = " ".join(ran.stdout.split())
        assert "h = 1e-20" in text and "(1156 − 1156) / (2·1e-20) = 0" in text and "┊ here" not in text
        assert "✓ reverse mode says" not in text


def test_every_quotient_in_json_says_which_entry_and_from_which_calls(run_json) -> None:
    """Of the lecture's net: the 14 gradients of its forward mode."""
    probes = probed(run_json, FORWARD, "--mode", "numeric")
    right = {"W1": [476, 476, 748, 748], "W2": [544, 544, 408, 408], "W3": [816, 544, 408, 272], "W4": [680, 1088]}
    assert [s["target"] for s in probes] == [name for name, own in right.items() for _ in own]
    assert [s["value"] for s in probes] == pytest.approx([g for own in right.values() for g in own], rel=1e-8)
    operands = [{o["name"]: o["value"] for o in s["operands"]} for s in probes]
    assert [next(iter(o)) for o in operands][1:5] == ["W1[1, 2]", "W1[2, 1]", "W1[2, 2]", "W2[1, 1]"]
    assert len({s["text"] for s in probes}) == len({s["latex"] for s in probes}) == 14
    for step, given in zip(probes, operands, strict=True):
        assert list(given)[1:] == ["h", "above", "below"]
        assert (given["above"] - given["below"]) / (2 * given["h"]) == step["value"]
    assert probes[2]["text"].startswith("∂ℓ/∂W₁[2,1] ≈ (1156.00452") and probes[2]["text"].endswith(") ≈ 748.0")


def wide(tmp_path, bias: dict[int, float], **more: object) -> str:
    """50 units that each add up 50 ones: 50, and a bias."""
    ones = {"random": "integers", "shape": [50, 50], "seed": 0, "low": 1, "high": 1}
    layer = {"type": "linear", "weight": ones, "bias": [bias.get(unit, 0.0) for unit in range(1, 51)], **more}
    spec = {"input": [1] * 50, "target": [49] * 50, "layers": [layer], "loss": "squared_error"}
    (tmp_path / "wide.json").write_text(json.dumps(spec))
    return str(tmp_path / "wide.json")


@pytest.mark.parametrize(("scheme", "made", "of"), [("central", "80", "5,000"), ("forward", "41", "2,501")])
def test_of_very_many_entries_a_sample_is_turned_and_said_so(
    run, run_json, tmp_path, monkeypatch, scheme, made, of
) -> None:
    """ℓ = Σ (h − 49)² with h = 50: every entry of the weight has the gradient 2."""
    turned = []
    probe = numeric._probe
    monkeypatch.setattr(numeric, "_probe", lambda *args: turned.append(len(args[3])) or probe(*args))
    args = (wide(tmp_path, {}), "--mode", "numeric", "--scheme", scheme, "--wrt", "W1")
    text = " ".join(run("explain", *args).stdout.split())
    assert sum(turned) < 1000
    assert f"40 of 2,500 entries: {made} of {of} calls" in text
    assert "Of 2,500 entries, these 40 were computed: the worst 5 of them, and the best." in text
    assert "The 40 entries that were computed agree with reverse mode to" in text
    assert f"What all of it would cost: {of} evaluations of the output" in text and f"there are {of} of them" in text
    assert f"They are reverse mode's: all of them would take numeric mode {of} calls." in text
    probes = probed(run_json, *args)
    assert [s["value"] for s in probes] == pytest.approx([2] * 6, rel=1e-5)  # the first entry is among the worst
    indonesian = " ".join(run("explain", *args, "--lang", "id").stdout.split())
    assert f"40 dari 2,500 entri: {made} dari {of} pemanggilan fungsi" in indonesian
    assert "Dari 2,500 entri, 40 yang dihitung" in indonesian


def test_a_sample_warns_of_what_it_looked_at(run, tmp_path) -> None:
    """A relu whose argument is 1e-9: a step of any weight of its unit goes over the kink. The 40 entries are those at
    ⌊2499 k / 39⌋: none of unit 5, whose entries are 200 to 249."""
    args = ("--mode", "numeric", "--wrt", "W1")
    near = run("explain", wide(tmp_path, {1: -50 + 1e-9}, activation="relu"), *args)
    assert near.code == 0 and "near a kink: for W1[1, 1]" in near.stderr
    assert run("explain", wide(tmp_path, {5: -50 + 1e-9}, activation="relu"), *args).stderr == ""


def test_the_error_of_the_table_is_the_one_that_ranks_and_is_summed_up(run) -> None:
    """By hand, of the lecture's net: |476.0000000436 − 476| over 748, the largest entry for W1."""
    text = run("explain", FORWARD, "--mode", "numeric", "--slide", "6").stdout
    assert re.search(r"W₁\[1,1\] .* 5.8e-11\n", text)
    ranked = run("explain", "specs/classifier.yaml", "--mode", "numeric", "--slide", "6").stdout
    errors = [float(number) for number in re.findall(r" (\S+)\n", ranked[ranked.index("error\n") + 6 :])[:5]]
    assert len(set(errors)) > 2 and errors == sorted(errors, reverse=True)


def test_small_nets_are_told_whole(run, tmp_path) -> None:
    text = run("explain", wide(tmp_path, {}), "--mode", "numeric", "--wrt", "b1").stdout
    assert "All 50 entries: 100 calls" in text and "All 50 entries agree" in text
    full = run("explain", wide(tmp_path, {}), "--mode", "numeric", "--wrt", "W1", "--detail", "full").stdout
    assert "All 2,500 entries: 5,000 calls" in full and "W₁[25,49]" in full


def test_the_entry_worked_through_has_a_derivative_if_any_has(run) -> None:
    """The first row of the classifier's W1 leads to a dead unit: its derivatives are 0."""
    shown = run(
        "explain", str(Path(__file__).parent.parent / "specs" / "classifier.yaml"), "--mode", "numeric", "--slide", "4"
    ).stdout
    assert "W₁[2,1]" in shown and "W₁[1,1]" not in shown


def last_slide(run, spec: str, *args: str) -> str:
    return " ".join(run("explain", spec, "--mode", "numeric", *args).stdout.split()).rsplit("What to notice", 1)[1]


def agreement(text: str) -> str:
    said = re.search(r"(\S) Checked with reverse mode: the largest relative difference is (\S+)\.", text)
    return f"{said[1]} {said[2]}"


def test_rounding_is_not_told_as_a_derivative(run) -> None:
    """y = 2 x + 1 fits all four points: ℓ is 0, and so is every derivative; what the quotients give is rounding."""
    fit = ("specs/regression.yaml", "--set", "W1=[[2]]", "--set", "b1=[1]")
    text = last_slide(run, *fit)
    assert "∂ℓ/∂W₁ and ∂ℓ/∂b₁ cannot be told from 0" in text and "largest derivative" not in text
    indonesian = run("explain", *fit, "--mode", "numeric", "--lang", "id").stdout
    assert "tidak dapat dibedakan dari 0" in " ".join(indonesian.split())
    assert agreement(text) in ("✓ 3e-15", "✓ 2e-15", "✓ 1e-15")  # as the table has it: absolute where all is 0
    other = last_slide(run, "specs/regression.yaml")  # ∂ℓ/∂W₁ = −¼ Σ 2 · (x + 1) · x = −20, ∂ℓ/∂b₁ = −7
    assert "W₁ has the largest derivative in size, -20.00:" in other


def test_a_quotient_at_a_kink_is_not_told_as_a_derivative(run, tmp_path) -> None:
    """ℓ = |h₃| at h₃ = 0: from b₃ = −2 up and down ℓ grows, and its central quotient is 0 but for rounding.

    ∂ℓ/∂W₁[1,1] is 0 from the left and 1 from the right: 0.5 is none of them.
    """
    layers = [
        {"type": "linear", "weight": [[1, -1], [1, 1]], "activation": "relu"},
        {"type": "linear", "weight": [[1, 1]], "bias": [-2]},
    ]
    (tmp_path / "kink.json").write_text(
        json.dumps({"input": [1, 1], "target": [0], "layers": layers, "loss": "absolute_error"})
    )
    text = last_slide(run, str(tmp_path / "kink.json"))
    assert "is at a kink" in text and "largest derivative" not in text and "The gradient" not in text
    assert "cannot be told from 0" not in text and ": 0. To first order" not in text
    assert agreement(text) == "⚠ 0.5"  # reverse mode says 0, and the table 0.5


FALLS = [10.0 ** -(2 * n) for n in range(6)]  # h² from h = 1 to 1e-5
RISES = [10.0 ** (n - 16) for n in range(6, 16)]  # 1e-16 / h from h = 1e-6 to 1e-15


def without(errors: list[float], *lucky: int) -> tuple[tuple[float, float], ...]:
    return tuple((10.0**-n, 5e-17 if n in lucky else error) for n, error in enumerate(errors))


@pytest.mark.parametrize("lucky", [(), (10,), (10, 11), (9, 10, 11, 13), (2,), (15,), (7,)])
def test_the_best_step_is_none_where_the_error_is_small_by_chance(lucky) -> None:
    """By hand: h² and 1e-16 / h cross between 1e-5 (1e-10 and 1e-11) and 1e-6 (1e-12 and 1e-10)."""
    assert best_step(without(FALLS + RISES, *lucky)) in (pytest.approx(1e-5), pytest.approx(1e-6))


def test_the_best_step_of_an_error_that_falls_by_the_fourth_power() -> None:
    fourth = [10.0 ** -(4 * n) for n in range(4)] + [10.0 ** (n - 16) for n in range(4, 16)]
    assert best_step(without(fourth, 11, 12)) in (pytest.approx(1e-3), pytest.approx(1e-4))


def test_the_best_step_of_the_classifier(run) -> None:
    """Its error falls to 6e-12 at 1e-5, rises to 6e-8 at 1e-9, and is 0 by chance at 1e-10 and at 1e-11."""
    text = " ".join(run("explain", "specs/classifier.yaml", "--mode", "numeric", "--slide", "5").stdout.split())
    assert "the best step of the central quotient is near 1e-05" in text


# --- words that quotients and points choose ------------------------------------------------------------------------

SKIP = str(Path(__file__).parent.parent / "specs" / "skip.yaml")


def test_quotients_that_differ_by_rounding_are_equal_in_size(run) -> None:
    """Every gradient of the residual block has 1 as its largest entry; in reverse mode the first one is named."""
    for mode in ("reverse", "numeric"):
        text = " ".join(run("explain", SKIP, "--mode", mode).stdout.split())
        assert "The gradient keeps its size on its way." in text and "W₁[1,1] has the largest derivative" in text


@pytest.mark.parametrize(("lang", "says"), [("en", "falls with the step"), ("id", "mengecil bersama langkahnya")])
def test_an_error_that_only_the_one_sided_quotient_has_falls_with_the_step(run, lang: str, says: str) -> None:
    """ℓ is quadratic in W₁[1,1], with numbers that float64 holds exactly."""
    text = " ".join(run("explain", SKIP, "--mode", "numeric", "--lang", lang).stdout.split())
    assert says in text and "hardly depends" not in text and "hampir tidak bergantung" not in text


def test_a_gradient_across_a_kink_gets_no_tick(run) -> None:
    spec = "input: {x: [1]}\ntarget: {y: 5}\nlayers:\n  - {type: linear, weight: [[0]], activation: relu}\n"
    spec += "  - {type: linear, weight: [[3]]}\nloss: squared_error\n"
    text = run("explain", "-", "--mode", "numeric", stdin=spec).stdout
    lines = [line for line in text.splitlines() if line.startswith("∂ℓ/∂W₁ ")]
    assert lines and not any("✓" in line for line in lines)
    assert any("✓" in line for line in text.splitlines() if line.startswith("∂ℓ/∂W₂ "))
