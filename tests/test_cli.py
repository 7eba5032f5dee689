"""The command line: options, files, exit codes, and the same bytes everywhere."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import adcli.__main__
import adcli.cli.grad

LECTURE = str(Path(__file__).parent.parent / "specs" / "forward-mode.yaml")


def process(*args: str, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A process whose standard output is buffered, as it is where nobody asks for another."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "ADCLI_DEBUG", "PYTHONUNBUFFERED")}
    environment = {**kept, **environment}
    return subprocess.run([sys.executable, *args], stdout=stdout, stderr=subprocess.PIPE, env=environment, timeout=60)


def rejected(run, *args):
    ran = run("grad", LECTURE, *args)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("adcli: error: ")
    return ran.stderr


def test_get(run):
    assert run("grad", LECTURE, "--get", "gradients.W4").stdout == "[[680.0, 1088.0]]\n"
    assert run("grad", LECTURE, "--get", "trace.1.name").stdout == '"h2"\n'
    assert "there is no `w4`" in rejected(run, "--get", "gradients.w4")


def test_wrt(run):
    ran = run("grad", LECTURE, "--format", "json", "--wrt", "x", "--wrt", "h3", "--wrt", "W1")
    found = json.loads(ran.stdout)["gradients"]
    assert set(found) == {"x", "h3", "W1"}
    assert found["h3"] == [136, 68]
    rejected(run, "--wrt", "h9")
    rejected(run, "--wrt", "y")


@pytest.mark.parametrize(
    "args",
    [
        ["--lr", "nan"], ["--lr", "a"], ["--digits", "0"], ["--format", "xml"], ["--mode", "backward"], ["--colour"],
        ["-o", "a.svg"], ["-o", "/dev/null/none/a.json"], ["--step", "1"],
    ],
)  # fmt: skip
def test_wrong_options(run, args):
    rejected(run, *args)


@pytest.mark.parametrize(
    ("command", "endings"),
    [
        ("grad", ".txt, .json, .csv, .npz, .tex"),
        ("graph", ".txt, .dot, .mmd, .svg"),
        ("check", ".txt, .json"),
        ("cost", ".txt, .json"),
        ("explain", ".txt, .md, .tex, .html, .json"),
    ],
)
def test_an_ending_that_the_command_does_not_write(run, tmp_path, command, endings):
    for name in ("x.png", "x.yaml", "x.json.bak"):
        ran = run(command, LECTURE, "-o", tmp_path / name)
        ending = os.path.splitext(name)[1]
        assert (ran.code, ran.stdout) == (2, "")
        assert f"{name}: this command writes {endings}, not {ending}\n" in ran.stderr
    assert not list(tmp_path.iterdir())
    for name in ("x", "x.TXT"):
        assert run(command, LECTURE, "-o", tmp_path / name).code == 0
    first, other = ((tmp_path / name).read_text(encoding="utf-8").splitlines()[0] for name in ("x", "x.TXT"))
    assert first == other and not first.startswith("{")


FRACTIONS = str(Path(__file__).parent / "cases" / "value-fractions.yaml")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([LECTURE, "--layout", "jacobian"], "  ∂loss/∂W1 = [476 476 748 748]  1 × 4\n"),
        ([LECTURE, "--lr", "0.5"], "  W4 = [-338 -543]  1 × 2\n"),
        ([LECTURE, "--wrt", "h3"], "  ∂loss/∂h3 = [136 68]\n"),
        ([FRACTIONS, "--digits", "3"], "  ∂loss/∂W1 = [-0.365 -0.313]  1 × 2\n"),
        ([FRACTIONS, "--fractions"], "h1    W1 x         1      [-1/21]\n"),
        ([FRACTIONS, "--fractions"], "  ∂loss/∂W1 = [-23/63 -0.312925]  1 × 2\n"),
    ],
)
def test_options_of_text(run, args, line):
    ran = run("grad", *args)
    assert (ran.code, ran.stderr) == (0, "")
    assert line in ran.stdout


def test_a_step_too_far_and_a_step_for_nothing(run):
    ran = run("grad", LECTURE, "--lr", "1e308", "--get", "updated.W4")
    assert (ran.code, ran.stdout) == (0, '[["-Infinity", "-Infinity"]]\n')
    assert "adcli: warning: the step for W4 is too large for a float64\n" in ran.stderr
    ran = run("grad", LECTURE, "--lr", "1", "--wrt", "h1")
    assert (ran.code, ran.stderr) == (2, "adcli: error: --lr: no parameter is among the names of --wrt\n")


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("name", ["loss-huber-batch", "shape-depth-6", "shape-vector-out", "loss-cross_entropy-batch"])
def test_lines_are_no_wider_than_asked(run, monkeypatch, width, name):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run("grad", str(Path(__file__).parent / "cases" / f"{name}.yaml"))
    assert ran.code == 0
    assert max(map(len, ran.stdout.splitlines())) <= width


def test_a_file_is_written_whole_or_not_at_all(run, tmp_path):
    out = tmp_path / "out.json"
    assert run("grad", LECTURE, "-o", out).code == 0
    before = out.read_bytes()
    assert json.loads(before)["command"] == "grad"
    assert run("grad", LECTURE, "--set", "x=[1]", "-o", out).code == 2
    assert out.read_bytes() == before
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_disk_that_is_full_leaves_no_draft(run, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    out = tmp_path / "out.json"
    ran = run("grad", LECTURE, "-o", out)
    assert (ran.code, ran.stderr) == (2, f"adcli: error: can't write {out}: No space left on device\n")
    assert os.listdir(tmp_path) == []


def test_a_spec_is_not_overwritten_by_its_own_result(run, tmp_path):
    spec, link = tmp_path / "net.json", tmp_path / "link.json"
    spec.write_bytes(Path(LECTURE).read_bytes())
    link.symlink_to(spec)
    for command in ("grad", "check", "cost", "explain"):
        for args in ((spec, "-o", spec), ("-o", link, spec), (link, "-o", spec)):
            ran = run(command, *args)
            assert (ran.code, ran.stdout) == (2, "")
            assert ran.stderr.endswith(" would overwrite the SPEC itself\n")
    assert spec.read_bytes() == Path(LECTURE).read_bytes()


def test_a_dash_is_standard_output_and_nothing_is_no_file(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("grad", LECTURE, "-o", "-") == run("grad", LECTURE)
    assert run("example", "order", "-o", "-") == run("example", "order")
    assert os.listdir(tmp_path) == []
    assert rejected(run, "-o", "") == "adcli: error: -o: the name of the file is empty\n"


def test_a_pipe_with_the_name_of_a_file():
    ran = process("-m", "adcli", "grad", LECTURE, "--format", "json", "-o", "/dev/stdout")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert json.loads(ran.stdout)["command"] == "grad"


def test_a_file_has_the_rights_that_others_would_give_it(run, tmp_path):
    new, old, link = tmp_path / "new.json", tmp_path / "old.json", tmp_path / "link.json"
    old.touch()
    old.chmod(0o604)
    link.symlink_to(old)
    before = os.umask(0o027)
    try:
        for out in (new, link):
            assert run("grad", LECTURE, "-o", out).code == 0
    finally:
        os.umask(before)
    assert [stat.S_IMODE(out.stat().st_mode) for out in (new, old)] == [0o640, 0o604]
    assert link.is_symlink() and json.loads(old.read_bytes())["command"] == "grad"


@pytest.mark.parametrize(("raised", "code"), [(ZeroDivisionError("a"), 70), (KeyboardInterrupt(), 130)])
def test_other_ends(run, monkeypatch, raised, code):
    def fail(*args, **kwargs):
        raise raised

    monkeypatch.delenv("ADCLI_DEBUG", raising=False)
    monkeypatch.setattr(adcli.cli.grad, "differentiate", fail)
    ran = run("grad", LECTURE)
    assert (ran.code, ran.stdout) == (code, "")
    assert ran.stderr == ("adcli: fault: ZeroDivisionError: a\n" if code == 70 else "")


def test_a_fault_has_a_traceback_on_request(run, monkeypatch):
    monkeypatch.setenv("ADCLI_DEBUG", "1")
    monkeypatch.setattr(adcli.cli.grad, "differentiate", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("grad", LECTURE)


@pytest.mark.parametrize(
    "args",
    [
        ("grad", LECTURE), ("explain", LECTURE, "--format", "html"), ("--help",),
        ("grad", LECTURE, "--format", "json", "-o", "/dev/stdout"),
    ],
)  # fmt: skip
def test_a_broken_pipe_ends_quietly(args):
    reader, writer = os.pipe()
    os.close(reader)
    ran = process("-m", "adcli", *args, stdout=writer)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_standard_output_that_is_closed(tmp_path):
    out = tmp_path / "out.json"
    for args, code in ((("-o", str(out)), 0), ((), 2), (("--format", "npz"), 2)):
        close = "import os, runpy, sys; os.close(1); sys.stdout = None; runpy.run_module('adcli', run_name='__main__')"
        ran = process("-c", close, "grad", LECTURE, *args)
        error = b"adcli: error: can't write to standard output: it is closed\n"
        assert (ran.returncode, ran.stderr) == (code, error if code else b"")
    assert json.loads(out.read_bytes())["command"] == "grad"


def test_an_interrupt_while_modules_are_imported(monkeypatch, capsys):
    """As if Ctrl-C came while the first import runs."""

    class Interrupt:
        def find_spec(self, name, path, target=None):
            if name == "adcli.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "adcli.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupt(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        adcli.__main__.main()
    assert (ended.value.code, capsys.readouterr()) == (130, ("", ""))


def test_the_same_bytes_everywhere():
    ran = [
        process("-m", "adcli", "grad", LECTURE, **environment)
        for environment in (
            {"PYTHONHASHSEED": "0"}, {"PYTHONHASHSEED": "1"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}
        )
    ]  # fmt: skip
    assert {(r.returncode, r.stderr) for r in ran} == {(0, b"")}
    assert len({r.stdout for r in ran}) == 1


@pytest.mark.parametrize("columns", [40, 80])
def test_the_width_is_kept(columns):
    out = process("-m", "adcli", "grad", LECTURE, COLUMNS=str(columns)).stdout.decode()
    assert out
    assert max(map(len, out.splitlines())) <= columns


def test_json_needs_neither_sympy_nor_rich():
    code = f"""
import sys, adcli.cli
sys.argv = ["adcli", "grad", {LECTURE!r}, "--format", "json"]
try: adcli.cli.main()
except SystemExit: print({{"sympy", "rich"}} & set(sys.modules), file=sys.stderr)
"""
    assert process("-c", code).stderr == b"set()\n"


def test_shell_completion():
    assert b"_adcli_completion" in process("-m", "adcli", _ADCLI_COMPLETE="bash_source").stdout


def test_a_hostile_title_is_harmless(run):
    spec = 'title: "\\e[31m[bold]a[/bold]\\u202e[/nothing]"\ninput: 1\nlayers: [{type: relu}]'
    ran = run("grad", "-", stdin=spec)
    assert ran.code == 0
    assert "[bold]a[/bold]" in ran.stdout
    assert not {"\x1b", "\u202e"} & set(ran.stdout)
