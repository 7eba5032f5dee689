"""Errors inside a scalar: where a character of a text stands in the file, however the text is written."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adcli.spec import json_reader, yaml_reader
from adcli.spec.source import Source

START = "parameters: {a: 1}\nprogram:\n"


@pytest.mark.parametrize(
    ("text", "place", "line", "column_of"),
    [
        (START + "  - |\n    c = a\n      + 1\n      + zz\n", (6, 9), "      + zz", "z"),
        (START + "  - |2- # kept\n\n      c = a +\n    zz", (6, 5), "    zz", "z"),
        (START + "  - >-\n    c = a + 1\n    + a\n\n    + zz\n", (7, 7), "    + zz", "z"),
        (START + "  - c = a\n      + 1\n      + zz # why\n", (5, 9), "      + zz # why", "z"),
        (START + "  - &line c = zz\n", (3, 15), "  - &line c = zz", "z"),
        (START + "  - 'c = a\n     + zz'\n", (4, 8), "     + zz'", "z"),
        (START + '  - "c =\\x20\\u0061\\t+ \\\n    \\x61 + zz"\n', (4, 12), '    \\x61 + zz"', "z"),
        (START + '  - "c = a + \\U0000007az"\n', (3, 14), '  - "c = a + \\U0000007az"', "\\"),
        (START.replace("\n", "\r\n") + "  - |\r\n    c = a\r\n      + zz\r\n", (5, 9), "      + zz", "z"),
        ('{"parameters": {"a": 1},\n "program": ["c = a + \\u0071"]}', (2, 23), None, "\\"),
        ('{"parameters": {"a": 1},\n "program": ["c\\t=\\n\\u0061 + q"]}', (2, 30), None, "q"),
    ],
    ids=[
        "literal", "literal with an indicator", "folded", "continued", "anchor", "single quotes", "double quotes",
        "an escape itself", "CRLF", "a JSON escape", "JSON blanks",
    ],
)  # fmt: skip
def test_an_error_points_into_the_expression(run, text, place, line, column_of):
    ran = run("grad", "-", stdin=text)
    row, column = place
    assert ran.stderr.startswith(f"<stdin>:{row}:{column}: error: there is no value `")
    shown, caret = ran.stderr.splitlines()[1:3]
    assert line is None or shown == f"{row:5} | {line}"
    assert shown[caret.index("^")] == column_of


def test_a_name_of_a_block_is_pointed_to(run):
    ran = run("grad", "-", stdin=START + "  - |\n    2c = a\n")
    assert ran.stderr.startswith("<stdin>:4:5: error: `2c` is not a name")


def test_an_alias_is_pointed_to_itself(run):
    ran = run("grad", "-", stdin="title: &t c = zz\nparameters: {a: 1}\nprogram:\n  - *t\n")
    assert ran.stderr.startswith("<stdin>:4:5: error: there is no value `zz`")


TEXTS = st.text(st.sampled_from("abc +-='\"\\#:\té√😀\n "), min_size=1, max_size=40).filter(str.strip)


def points_right(text: str, value: str, offset_of) -> None:
    for at, character in enumerate(value):
        if not character.isspace():
            offset = offset_of(at)
            assert text[offset] == character or text[offset] == "\\", (value, at, text[offset:])
            assert all(offset_of(earlier) < offset for earlier in range(at) if not value[earlier].isspace())


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TEXTS, st.sampled_from([None, "'", '"', "|", ">"]), st.sampled_from([12, 80]), st.booleans())
def test_every_character_of_yaml_has_its_place(value: str, style: str | None, width: int, unicode: bool) -> None:
    text = yaml.dump({"a": ["0", value]}, default_style=style, width=width, allow_unicode=unicode)
    source = Source("s.yaml", text, ".")
    read = yaml_reader.parse(source)["a"][1]
    if isinstance(read, str):
        points_right(text, read, lambda at: yaml_reader.locate_character(source, ("a", 1), read, at))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TEXTS, st.booleans())
def test_every_character_of_json_has_its_place(value: str, ascii_only: bool) -> None:
    text = json.dumps({"a": [0, value]}, ensure_ascii=ascii_only)
    source = Source("s.json", text, ".")
    points_right(text, value, lambda at: json_reader.locate_character(source, ("a", 1), value, at))
