"""CSV, NPZ and LaTeX: what other programs read from them."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import needs

from adcli.notation.names import latex_name
from adcli.notation.numbers import latex_number
from adcli.render.grad_csv import content as csv_of
from adcli.render.latex import latex_matrix, latex_text

ROOT = Path(__file__).parent.parent
LECTURE = str(ROOT / "specs" / "forward-mode.yaml")
CASES = ROOT / "tests" / "cases"
INFINITE = '{"input": {"x": [0, 4]}, "layers": [{"type": "sqrt"}]}'


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def expected(name: str) -> dict[str, dict]:
    return json.loads((CASES / f"{name}.expected.json").read_text())


@pytest.mark.parametrize("mode", ["reverse", "forward", "numeric"])
@pytest.mark.parametrize("name", ["loss-cross_entropy-batch", "shape-vector-out"])
def test_csv_holds_every_entry_at_its_indices(run, name, mode):
    right = expected(name)
    right = right.get("gradients") or right["jacobians"]
    wrt = [part for leaf in right for part in ("--wrt", leaf)]
    ran = run("grad", CASES / f"{name}.yaml", "--mode", mode, "--format", "csv", *wrt)
    assert ran.code == 0 and "\r" not in ran.stdout
    rows = table(ran.stdout)
    assert len(rows) == sum(np.size(array) for array in right.values())
    for row in rows:
        index = tuple(int(row[axis]) for axis in ("row", "column") if row[axis])
        assert float(row["value"]) == pytest.approx(np.array(right[row["name"]])[index], rel=1e-6, abs=1e-9)


def test_csv_of_numbers_vectors_and_more_axes():
    arrays = {"a": np.array(0.1), "b": np.array([1e300, -0.0]), "C": np.array([[[np.nan, np.inf, -np.inf]]])}
    lines = ["name,row,column,axis3,value", "a,,,,0.1", "b,0,,,1e+300", "b,1,,,-0.0"]
    assert csv_of(arrays) == "\n".join([*lines, "C,0,0,0,NaN", "C,0,0,1,inf", "C,0,0,2,-inf", ""])


def test_csv_spells_an_infinity_so_that_numpy_reads_it(run):
    ran = run("grad", "-", "--format", "csv", "--wrt", "x", stdin=INFINITE)
    values = np.genfromtxt(io.StringIO(ran.stdout), delimiter=",", skip_header=1, usecols=3)
    assert values.tolist() == [np.inf, 0.0, 0.0, 0.25]


@pytest.mark.parametrize("format_", ["csv", "npz"])
def test_updated_parameters(run, tmp_path, format_):
    out = tmp_path / f"a.{format_}"
    assert run("grad", LECTURE, "--lr", "0.5", "-o", out).code == 0
    if format_ == "npz":
        assert np.load(out)["updated.W4"].tolist() == [[-338.0, -543.0]]
    else:
        assert "updated.W4,0,1,-543.0\n" in out.read_text()


def test_npz_is_what_numpy_loads(run, tmp_path):
    out = tmp_path / "a.npz"
    right = expected("shape-vector-out")["jacobians"]
    wrt = [part for leaf in right for part in ("--wrt", leaf)]
    assert run("grad", CASES / "shape-vector-out.yaml", *wrt, "-o", out).code == 0
    with np.load(out, allow_pickle=False) as found:
        assert found.files == list(right)
        for name in found.files:
            assert found[name].dtype == np.float64
            np.testing.assert_allclose(found[name], right[name], rtol=1e-9, atol=1e-12)


def test_npz_has_the_same_bytes_every_time(run, tmp_path, monkeypatch):
    outs = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for out in outs:
        assert run("grad", LECTURE, "-o", out).code == 0
        monkeypatch.setattr("time.time", lambda: 2e9)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    piped = subprocess.run([sys.executable, "-m", "adcli", "grad", LECTURE, "--format", "npz"], capture_output=True)
    assert piped.stdout == outs[0].read_bytes()


def test_npz_is_not_shown_in_a_terminal():
    terminal, other = os.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "adcli", "grad", LECTURE, "--format", "npz"], stdout=other, stderr=subprocess.PIPE
    )
    os.close(other)
    os.close(terminal)
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"adcli: error: an npz file is not for a terminal\n") and b"-o" in ran.stderr


@pytest.mark.parametrize("format_", ["csv", "npz", "latex"])
def test_get_is_of_json_only(run, format_):
    ran = run("grad", LECTURE, "--format", format_, "--get", "gradients.W1")
    assert (ran.code, ran.stdout, ran.stderr) == (
        2,
        "",
        f"adcli: error: --get is a part of the JSON, not of {format_}\n",
    )


@pytest.mark.parametrize(
    ("number", "fractions", "text"),
    [
        (3.2e-05, False, r"3.2 \cdot 10^{-5}"), (-1e300, False, "-10^{300}"), (1e-7, False, "10^{-7}"),
        (-np.inf, False, r"-\infty"), (np.nan, False, r"\text{NaN}"), (-1 / 3, True, r"-\frac{1}{3}"),
        (1 / 99, True, r"\frac{1}{99}"), (1 / 100, True, "0.01"),
        (-1 / 3, False, "-0.333333"), (476.0, False, "476"),
    ],
)  # fmt: skip
def test_numbers_in_latex(number, fractions, text):
    assert latex_number(number, 6, fractions) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("W1", "W_1"), ("W_g", "W_{g}"), ("h12", "h_{12}"), ("loss", r"\ell"), ("x", "x"), ("d.1", "d_{.1}"),
        ("logits", r"\mathrm{logits}"), ("W_hid_den", r"W_{\mathrm{hid\_den}}"), ("x_", r"x_{\_}"),
    ],
)  # fmt: skip
def test_names_in_latex(name, text):
    assert latex_name(name) == text


def test_names_with_an_accent():
    assert latex_name("h1", r"\dot") == r"\dot{h}_1"
    assert latex_name("loss", r"\bar") == r"\bar{\ell}"


def test_a_long_matrix_is_shortened_in_latex():
    text = latex_matrix(np.arange(2500.0).reshape(50, 50))
    assert r"\vdots" in text and r"\cdots" in text and r"\ddots" in text
    assert text.splitlines()[1].startswith("  0 & 1 & 2") and text.splitlines()[-2].endswith(" & 2499")
    assert r"\cdots" not in latex_matrix(np.ones((2, 12)))


HOSTILE = '\\input{/etc/passwd} \\write18{ls} % & _ # $x$ ^^M \\end{document} ²√α é 数学 \U0001f600 \u202e " ~ ``---<|>'


def test_text_in_latex_is_printed_and_never_obeyed():
    text = latex_text(HOSTILE)
    assert text.isascii() and r"\textbackslash{}input\{/etc/passwd\}" in text
    assert not {r"\input", r"\write", r"\end", "^^", " %", "--"} & {
        text[i : i + n] for n in (2, 4, 6) for i in range(999)
    }


WIDE = {"random": "normal", "shape": [3, 40], "seed": 1, "scale": 1e-9}
DOCUMENTS = {
    "lecture": ([LECTURE, "--lr", "0.1"], None),
    "rows": ([LECTURE, "--layout", "jacobian"], None),
    "batch": ([str(CASES / "loss-cross_entropy-batch.yaml"), "--fractions"], None),
    "jvp": ([str(CASES / "shape-vector-softmax.yaml"), "--mode", "forward", "--tangent", "x=[1, 0]"], None),
    "vjp": ([str(CASES / "shape-vector-softmax.yaml"), "--cotangent", "[1, 0, 0]", "--digits", "17"], None),
    "infinite": (["-", "--wrt", "x"], INFINITE),
    "hostile": (
        ["-", "--digits", "12"],
        json.dumps({"title": HOSTILE * 3, "input": {"x": {**WIDE, "shape": [40]}},
                    "layers": [{"type": "linear", "name": "hid_den", "weight": WIDE}, {"type": "exp", "name": "x_"}]}),
    ),
}  # fmt: skip


@needs("pdflatex")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_latex_compiles(run, tmp_path, name):
    args, stdin = DOCUMENTS[name]
    assert run("grad", *args, "-o", tmp_path / "a.tex", stdin=stdin).code == 0
    options = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    ran = subprocess.run(["pdflatex", *options, "a.tex"], cwd=tmp_path, capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-2000:].decode("utf-8", "replace")
    log = (tmp_path / "a.log").read_text(errors="replace")
    assert "Overfull" not in log and "Missing character" not in log


def test_latex_of_a_gradient(run):
    text = run("grad", LECTURE, "--wrt", "W4", "--format", "latex").stdout
    assert "\\frac{\\partial \\ell}{\\partial W_4} =\n\\begin{bmatrix}\n  680 & 1088\n\\end{bmatrix}" in text
    assert text.startswith("\\documentclass") and text.endswith("\\end{document}\n")
