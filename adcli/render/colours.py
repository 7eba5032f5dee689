"""The colours of a slide, light and dark, the same in every format.

Each role reads on the ground, on panels and on its own tint (contrast ≥ 4.5), and any two roles stay apart
for colour-blind readers and in grey; ``tests/test_colours.py`` computes it.
"""

from __future__ import annotations

from typing import NamedTuple

from adcli.explain.maths import Role


class Theme(NamedTuple):
    """Colours as ``#rrggbb``: ink on a ground; a role's colour, and the tint of what lies under it."""

    ground: str
    panel: str
    ink: str
    muted: str
    line: str
    roles: dict[Role, str]
    tints: dict[Role, str]


LIGHT = Theme(
    ground="#fcfcfa",
    panel="#f2f2ee",
    ink="#1b2028",
    muted="#5c6470",
    line="#d3d6d9",
    roles={
        Role.VALUE: "#1f66d0",
        Role.PARAMETER: "#161c28",
        Role.TANGENT: "#a1370c",
        Role.COTANGENT: "#8a106c",
        Role.DONE: "#043d28",
    },
    tints={
        Role.VALUE: "#e3eefb",
        Role.PARAMETER: "#e9ebef",
        Role.TANGENT: "#fbe9dc",
        Role.COTANGENT: "#fae3f3",
        Role.DONE: "#d5efe1",
    },
)
DARK = Theme(
    ground="#14181f",
    panel="#1c222b",
    ink="#eceff4",
    muted="#a3adba",
    line="#3a434f",
    roles={
        Role.VALUE: "#81a9f7",
        Role.PARAMETER: "#e1f1fd",
        Role.TANGENT: "#f8ae53",
        Role.COTANGENT: "#ff59a7",
        Role.DONE: "#87e996",
    },
    tints={
        Role.VALUE: "#1c3050",
        Role.PARAMETER: "#2c333d",
        Role.TANGENT: "#3d2c16",
        Role.COTANGENT: "#451c37",
        Role.DONE: "#18392a",
    },
)
