"""Forward, reverse and symbolic mode against numbers that an independent implementation, and the lecture, computed."""

import json
from pathlib import Path

import numpy as np
import pytest

from adcli.engines import forward, reverse, symbolic
from adcli.engines.structure import Result
from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import build_trace

CASES = Path(__file__).parent / "cases"
ALL = sorted(CASES.glob("*.yaml"))
ENGINES = {"forward": forward, "reverse": reverse, "symbolic": symbolic}


def expected_of(path: Path) -> dict:
    return json.loads(path.with_name(f"{path.stem}.expected.json").read_text())


def run(path: Path, engine: str, wrt: list[str]) -> Result:
    module = ENGINES[engine]
    return module.run(module.plan(build_trace(read_spec(read_source(str(path)))), wrt))


def agrees(found: np.ndarray, right: list) -> bool:
    numbers = np.array(right)
    return np.shape(found) == numbers.shape and bool(np.all(np.abs(found - numbers) <= 1e-12 + 1e-9 * np.abs(numbers)))


def test_there_are_cases() -> None:
    assert len(ALL) >= 42


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_gradients_and_values(path: Path, engine: str) -> None:
    expected = expected_of(path)
    leaves = expected.get("gradients") or expected["jacobians"]
    result = run(path, engine, list(leaves))
    for name, value in expected["trace"].items():
        assert agrees(result.values[name], value), name
    for name, right in leaves.items():
        assert agrees(result.gradients[name], right), name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", [p for p in ALL if "inner" in expected_of(p)], ids=lambda path: path.stem)
def test_gradients_of_values_inside_the_trace(path: Path, engine: str) -> None:
    inner = expected_of(path)["inner"]
    result = run(path, engine, list(inner))
    for name, right in inner.items():
        assert agrees(result.gradients[name], right), name


@pytest.mark.parametrize("name", ["forward-mode", "shape-vector-out", "loss-cross_entropy-batch"])
def test_json_of_the_command(run_json, name: str) -> None:
    expected = expected_of(CASES / f"{name}.yaml")
    found = run_json("grad", str(CASES / f"{name}.yaml"))
    kind = "gradients" if "gradients" in expected else "jacobians"
    assert list(found) == ["schema", "command", "title", "mode", "output", "trace", kind, "stored", "warnings"]
    assert [line["name"] for line in found["trace"]] == list(expected["trace"])
    for parameter, numbers in found[kind].items():
        assert agrees(np.array(numbers), expected[kind][parameter])
