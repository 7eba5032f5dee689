"""Stories read what a primitive declares, and know none by its name."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from adcli import primitives
from adcli.explain.blocks import Group
from adcli.explain.maths import Matrix, Product, Role
from adcli.explain.story import Request, told
from adcli.primitives import activations, losses
from adcli.spec.model import read_spec
from adcli.spec.source import Source
from adcli.trace import build_trace

LOGITS = "input: [1, 2]\ntarget: [0, 1, 0]\nlayers: [{type: linear, weight: [[0, 0], [0, 0], [0, 0]]}]\nloss: %s\n"


@pytest.fixture
def under_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """softmax as ``gibbs`` and cross_entropy as ``surprise``."""
    for table, name, other in ((activations.RULES, "softmax", "gibbs"), (losses.RULES, "cross_entropy", "surprise")):
        monkeypatch.setitem(table, other, table[name])  # type: ignore[arg-type]
        monkeypatch.setitem(primitives.RULES, other, table[name])  # type: ignore[arg-type]
    monkeypatch.setitem(losses.FIELDS, "surprise", losses.FIELDS["cross_entropy"])


@pytest.mark.usefixtures("under_other_names")
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_a_slope_is_made_of_stands_before_it(run: Callable, mode: str) -> None:
    """For three equal logits every probability is 1/3; the slope is (1/3, -2/3, 1/3)."""
    told = run("explain", "-", "--mode", mode, "--fractions", stdin=LOGITS % "surprise").stdout
    assert told.index("softmax(h₁) = [1/3 1/3 1/3]") < told.index("softmax(h₁) − y")
    assert "[1/3 -2/3 1/3]" in told


@pytest.mark.usefixtures("under_other_names")
def test_what_mixes_entries_takes_no_single_number(run: Callable) -> None:
    ran = run("grad", "-", stdin="input: {x: 1}\nlayers: [{type: gibbs}]\n")
    assert ran.code == 2 and "its input x is a number, but gibbs takes a vector or a batch" in ran.stderr
    told = run("explain", "-", stdin="input: {x: [1, 2]}\nlayers: [{type: gibbs}, {type: gibbs}]\n").stdout
    assert "Every output of gibbs depends on every input: a full Jacobian" in told


def test_what_is_added_as_it_is_has_the_identity(run: Callable) -> None:
    """As a bias has; the numbers of an identity are no news."""
    told = run("explain", "-", stdin="parameters: {a: [1, 2], b: [3, 5]}\nprogram: [c = a + b, d = c * a]\n").stdout
    assert told.count("I₂") == 2


@pytest.mark.parametrize(("weight", "role"), [("W", Role.PARAMETER), ("V", Role.VALUE)])
def test_a_jacobian_has_the_colour_of_the_weight_that_it_is(weight: str, role: Role) -> None:
    """W is a parameter, but V = 2 W a value on the way."""
    lines = ("V = W * 2", f"h = {weight} @ x", "s = sum(h)")
    spec = f"{{parameters: {{W: [[1, 2], [3, 4]], x: [1, 1]}}, program: {json.dumps(lines)}}}"
    deck, _ = told(build_trace(read_spec(Source("spec.yaml", spec, "."))), Request("reverse", ("x",), lines=lines))
    groups = [block for slide in deck.slides for block in slide.stage if isinstance(block, Group)]
    products = [p.expression for g in groups for f in g.formulas for p in f.parts if isinstance(p.expression, Product)]
    found = {m.role for p in products for m in p.factors if isinstance(m, Matrix) and m.array.shape == (2, 2)}
    assert found == {role}
