"""What CONTRIBUTING.md promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import adcli.primitives as primitives
from adcli.cli import adcli
from adcli.primitives import activations

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_one_declaration_adds_a_primitive(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- softsign -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found
    with monkeypatch.context() as patch:
        patch.setattr(activations, "RULES", dict(activations.RULES))
        exec(found[1], vars(activations))
        # The table of all rules is made at import, after every declaration.
        patch.setitem(primitives.RULES, "softsign", activations.RULES["softsign"])  # type: ignore[arg-type]
        spec = tmp_path / "spec.yaml"
        spec.write_text("input: {x: [1, -3]}\ntarget: {y: [0, 0]}\nlayers: [{type: softsign}]\nloss: squared_error\n")
        result = CliRunner().invoke(adcli, ["grad", str(spec), "--mode", mode, "--get", "gradients"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["x"] == pytest.approx([2 * 0.5 * 0.25, -2 * 0.75 / 16])
    vars(activations).pop("softsign", None)
