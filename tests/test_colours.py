"""The five roles can be told apart by everybody, on both grounds."""

from __future__ import annotations

from itertools import combinations

import pytest
from colour_science import SIGHT, ciede2000, contrast, lab

from adcli.render.colours import DARK, LIGHT, Theme

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
LEAST = {"all cones": 20.0, "protan": 10.0, "deutan": 10.0, "tritan": 10.0, "grey": 5.0}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # from the table of Sharma, Wu & Dalal (2005)
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
        ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_is_that_of_the_paper(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("sight", list(SIGHT))
@THEMES
def test_roles_stay_apart(theme: Theme, sight: str) -> None:
    seen = {role: lab(colour, sight) for role, colour in theme.roles.items()}
    assert len(seen) == 5
    for one, other in combinations(seen, 2):
        assert ciede2000(seen[one], seen[other]) >= LEAST[sight], (one, other)


@THEMES
def test_everything_can_be_read(theme: Theme) -> None:
    for colour in (*theme.roles.values(), theme.ink, theme.muted):
        assert contrast(colour, theme.ground) >= 4.5
        assert contrast(colour, theme.panel) >= 4.5
    for role, colour in theme.roles.items():
        assert contrast(colour, theme.tints[role]) >= 4.5, role
        assert contrast(theme.ink, theme.tints[role]) >= 7, role
