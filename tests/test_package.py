"""What CONTRIBUTING.md promises, and what the house is built on: each room knows only those at its left."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import adcli.primitives as primitives
from adcli.primitives import activations

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "errors", "arrays", "spec", "primitives", "trace", "derivation", "engines", "notation", "cost", "graph", "explain",
    "render", "cli",
)  # fmt: skip

# Softsign (Turian, Bergstra & Bengio 2009) has the slope 1 / (1 + |x|)²: 1/4 at 1, 1/16 at -3, and 1 at 0.
SPEC = """
input: {x: [1, -3, 0]}
target: {y: [0, 0, 1]}
layers:
  - {type: linear, weight: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], activation: softsign}
loss: squared_error
"""
GRADIENT = [2 * 0.5 * 0.25, -2 * 0.75 / 16, -2.0]


@pytest.fixture
def softsign(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The declaration in CONTRIBUTING.md, entered as if it stood in ``activations.py``."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- softsign -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found
    with monkeypatch.context() as patch:
        patch.setattr(activations, "RULES", dict(activations.RULES))
        exec(found[1], vars(activations))
        # The table of all rules is made at import, after every declaration.
        patch.setitem(primitives.RULES, "softsign", activations.RULES["softsign"])  # type: ignore[arg-type]
        yield
    vars(activations).pop("softsign")


@pytest.mark.usefixtures("softsign")
@pytest.mark.parametrize("mode", ["numeric", "symbolic", "forward", "reverse"])
def test_one_declaration_gives_a_primitive_to_every_engine(mode: str, run_json: Callable[..., dict]) -> None:
    found = run_json("grad", "-", "--mode", mode, "--wrt", "z1", stdin=SPEC)
    assert found["gradients"]["z1"] == pytest.approx(GRADIENT, rel=1e-4)


@pytest.mark.usefixtures("softsign")
@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("cost",),
        ("graph", "--format", "svg"),
        *(("explain", "--format", form) for form in ("text", "markdown", "beamer", "html", "json")),
        ("explain", "--mode", "symbolic", "--lang", "id"),
    ],
    ids=" ".join,
)
def test_one_declaration_gives_a_primitive_to_every_command(command: tuple[str, ...], run: Callable) -> None:
    ran = run(command[0], "-", *command[1:], stdin=SPEC)
    assert (ran.code, ran.stderr) == (0, "")
    assert "softsign" in ran.stdout or command[0] in ("check", "cost") or "json" in command


def imported(path: Path) -> Iterator[str]:
    """The rooms that a file takes something from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"adcli.{name.name}" for name in node.names] if node.module == "adcli" else [node.module or ""]
        else:
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith("adcli."):
                yield name.split(".")[1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_what_stands_left_of_it(room: str) -> None:
    place = ROOT / "adcli" / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    assert files
    right = ROOMS[ROOMS.index(room) + 1 :]
    found = {(path.relative_to(ROOT / "adcli").as_posix(), other) for path in files for other in imported(path)}
    assert not {(path, other) for path, other in found if other in right}


def test_every_room_has_its_place() -> None:
    here = {path.stem for path in (ROOT / "adcli").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert here == {*ROOMS, "__init__", "__main__"}
