"""Bad specs: each file of ``errors`` has its whole standard error beside it, to the letter."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "errors"
SPECS = sorted(p for p in FOLDER.iterdir() if p.suffix in (".yaml", ".json"))
RAW_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
RELU = "\nlayers: [{type: relu}]\n"


def wrong(run, *args, stdin=None):
    """The error of a run, which must be one of the user's."""
    ran = run("grad", *args, stdin=stdin)
    assert (ran.code, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    assert not RAW_CONTROL.search(ran.stderr)
    return ran.stderr


@pytest.mark.parametrize("spec", SPECS, ids=lambda p: p.name)
def test_the_whole_text_of_an_error(run, spec, tmp_path, monkeypatch):
    shutil.copy(spec, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert wrong(run, spec.name) == Path(f"{spec}.err").read_text(encoding="utf-8")


def test_the_example_of_the_interface(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["title: a", "input: {x: [1, 1]}", "target: {y: 2}", "layers:"]
    lines += ["  - {type: linear, weight: [[1, 1], [1, 1]]}", "  - {type: linear, weight: [[1, 2, 0], [1, 1, 0]]}"]
    Path("forward.yaml").write_text("\n".join(lines))
    assert wrong(run, "forward.yaml") == (
        "forward.yaml:6:28: error: layer 2 (linear): weight is 2 × 3, but its input h1 has 2 entries\n"
        "    6 |   - {type: linear, weight: [[1, 2, 0], [1, 1, 0]]}\n"
        "      |                            ^\n"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[" * 30_000, "1:33", "nested more than 32 deep"),
        ('{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", "1:38", "nested more than 32 deep"),
        ("input: " + "[" * 32 + "1" + "]" * 32 + RELU, "1:39", "nested more than 32 deep"),
        ("input: [1, " + "9" * 10_000 + "]" + RELU, "1:12", "`input`: an entry is infinite, or too large"),
        (
            '{"input": [1, ' + "9" * 10_000 + '], "layers": [{"type": "relu"}]}',
            "1:15",
            "`input`: an entry is infinite, or too large",
        ),
        ("input: 0x" + "f" * 10_000 + RELU, "1:8", "`input`: an entry is infinite, or too large"),
        ("input: [" + "1," * 1_000_001 + "]", "1:2000005", "more than 1,000,000 values"),
    ],
    ids=["brackets", "JSON brackets", "33 deep", "digits", "JSON digits", "hexadecimal digits", "values"],
)
def test_too_much_of_something(run, text, place, message):
    assert wrong(run, "-", stdin=text).startswith(f"<stdin>:{place}: error: {message}")


def test_thirty_two_deep_is_read(run):
    assert run("grad", "-", stdin="input: " + "[" * 31 + "1" + "]" * 31 + RELU).code == 0


def test_a_long_text(run, tmp_path):
    spec = tmp_path / "long.yaml"
    spec.write_text("#" * (8 * 2**20 + 1))
    assert wrong(run, spec) == f"adcli: error: {spec} is longer than 8 MiB\n"


def test_what_is_no_regular_file(run, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert wrong(run, tmp_path).endswith("it is a directory\n")
    assert wrong(run, fifo).endswith("it is not a regular file\n")
    assert wrong(run, "/dev/zero").endswith("it is not a regular file\n")
    assert wrong(run, tmp_path / "none").endswith("No such file or directory\n")


def pickled(path):
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


def changed(size):
    def write(path):
        np.save(path, np.ones(4))
        data = path.read_bytes()
        path.write_bytes(data[:size] if size < 0 else data + b"\0" * size)

    return write


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (pickled, "it holds pickled objects, not numbers"),
        (lambda path: np.save(path, np.ones(2, complex)), "it holds complex128 entries, not real numbers"),
        (lambda path: np.save(path, np.array([np.nan])), "it holds NaN or an infinity; every number must be finite"),
        (changed(-1), "it holds fewer bytes than its header declares"),
        (changed(1), "it holds more bytes than its header declares"),
        (lambda path: path.write_bytes(b"no array"), "it is damaged"),
        (lambda path: path.symlink_to("/etc/hosts"), "the path leaves the spec's folder"),
        (lambda path: path.mkdir(), "it is a directory"),
        (os.mkfifo, "it is not a regular file"),
    ],
)
def test_a_file_of_numbers(run, tmp_path, write, message):
    write(tmp_path / "a.npy")
    spec = tmp_path / "s.yaml"
    spec.write_text("input: {file: a.npy}" + RELU)
    assert wrong(run, spec).startswith(f"{spec}:1:15: error: can't read `a.npy`: {message}")


def test_a_folder_whose_name_begins_alike_is_another_folder(run, tmp_path):
    for folder in ("net", "network"):
        (tmp_path / folder).mkdir()
    np.save(tmp_path / "network" / "a.npy", np.ones(2))
    spec = tmp_path / "net" / "s.yaml"
    spec.write_text("input: {file: ../network/a.npy}" + RELU)
    assert "can't read `../network/a.npy`: the path leaves the spec's folder" in wrong(run, spec)


def test_an_archive_member_that_unpacks_to_more(run, tmp_path):
    np.save(tmp_path / "one.npy", np.ones(1))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", (tmp_path / "one.npy").read_bytes() + b"\0" * 10**7)
    spec = tmp_path / "s.yaml"
    spec.write_text("input: {file: a.npz, key: x}" + RELU)
    assert "it holds more bytes than its header declares" in wrong(run, spec)


@pytest.mark.parametrize("damage", ["cut", "encrypted", "text"])
def test_a_damaged_archive(run, tmp_path, damage):
    archive = tmp_path / "a.npz"
    np.savez(archive, x=np.ones(3))
    data = bytearray(archive.read_bytes())
    if damage == "encrypted":
        for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(header) + flags] |= 1
    archive.write_bytes({"cut": data[: len(data) // 2], "encrypted": data, "text": b"x = 1"}[damage])
    spec = tmp_path / "s.yaml"
    spec.write_text("input: {file: a.npz, key: x}" + RELU)
    assert wrong(run, spec).startswith(f"{spec}:1:15: error: can't read `a.npz`: it is damaged")
