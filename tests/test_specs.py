"""The specs that come with adcli."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from adcli.cli import adcli

SPECS = sorted((Path(__file__).resolve().parent.parent / "specs").glob("*.yaml"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_says_what_it_shows_and_both_modes_agree(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    found = []
    for mode in ("forward", "reverse"):
        result = CliRunner().invoke(adcli, ["grad", str(path), "--mode", mode, "--format", "json"])
        assert result.exit_code == 0 and result.stderr == ""
        data = json.loads(result.stdout)
        found.append(data["gradients"] if "gradients" in data else data["jacobians"])
    assert found[0].keys() == found[1].keys()
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-12, atol=1e-15)
