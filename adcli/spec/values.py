"""Values of a spec: numbers, nested lists, fractions, files and random draws, all float64 in the end."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np

from adcli.arrays import MOST_NUMBERS, Array
from adcli.errors import nearest, quoted
from adcli.spec.part import Part, kind

_FRACTION = re.compile(r"\s*([-+]?[0-9]{1,300})\s*(?:/\s*([0-9]{1,300})\s*)?\Z")
_RANDOM_FIELDS: dict[str, dict[str, float]] = {
    "normal": {"scale": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "integers": {"low": -3, "high": 3},
}
_FILE_KEYS = ("file", "key")


class Value(NamedTuple):
    """An array of a spec, and how it was written."""

    array: Array
    part: Part | None
    has_fractions: bool = False


class Budget:
    """How many numbers the values of one spec may still hold together."""

    def __init__(self) -> None:
        self.left = MOST_NUMBERS

    def take(self, part: Part, shape: tuple[int, ...]) -> bool:
        """Count an array before it is made; too many are a problem."""
        self.left -= math.prod(shape)
        if self.left >= 0:
            return True
        self.left = 0
        part.problem(f"all values of a spec together may hold at most {MOST_NUMBERS:,} numbers")
        return False


def is_value_mapping(value: object) -> bool:
    """A mapping with the key ``file`` or ``random`` is a value, any other one is not."""
    return isinstance(value, dict) and ("file" in value or "random" in value)


def read_value(part: Part, what: str, budget: Budget) -> Value | None:
    """The value that ``part`` writes, or None where it has a problem (which is noted)."""
    if not isinstance(part.value, dict):
        return read_numbers(part, what, budget)
    if "file" in part:
        from adcli.spec.files import read_file  # only few specs have files

        part.only_keys("a value from a file", _FILE_KEYS)
        array = read_file(part, budget)
    elif "random" in part:
        array = _random(part, budget)
    else:
        part.problem(f"{what} must be a number, a list of numbers, or a mapping with `file` or `random`")
        return None
    return None if array is None else Value(array, part)


def read_numbers(part: Part, what: str, budget: Budget | None = None) -> Value | None:
    """A number or a rectangular nested list of numbers and fractions."""
    shape: list[int] = []
    flat = [part.value]
    while isinstance(flat[0], list):
        length = len(flat[0])
        for index, row in enumerate(flat):
            if not isinstance(row, list) or len(row) != length or not length:
                _ragged(_element(part, index, shape), row, length, what)
                return None
        shape.append(length)
        flat = [entry for row in flat for entry in row]
    if budget and not budget.take(part, (len(flat),)):
        return None
    fractions = False
    if not set(map(type, flat)) <= {int, float}:
        for index, entry in enumerate(flat):
            if type(entry) is not int and type(entry) is not float:
                number = _fraction(entry)
                if number is None:
                    _not_a_number(_element(part, index, shape), entry, what, bool(shape))
                    return None
                flat[index] = number
                fractions = True
    try:
        array = np.array(flat, dtype=np.float64)
    except OverflowError:
        flat = [_as_float(entry) for entry in flat]
        array = np.array(flat, dtype=np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        index = int(np.argmin(finite))
        wrong = "is NaN" if math.isnan(flat[index]) else "is infinite, or too large for a float64"
        _element(part, index, shape).problem(f"{what}: an entry {wrong}; every number must be finite")
        return None
    return Value(array.reshape(shape), part, fractions)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _element(part: Part, index: int, shape: list[int]) -> Part:
    """The part at the flat ``index`` of the levels that ``shape`` has counted so far."""
    for step in np.unravel_index(index, tuple(shape)) if shape else ():
        part = part[int(step)]
    return part


def _ragged(part: Part, row: Any, length: int, what: str) -> None:
    if not isinstance(row, list):
        part.problem(f"{what}: a list is expected here as in the rows before, not {kind(row)}")
    elif not row:
        part.problem(f"{what}: an empty list holds no numbers")
    else:
        part.problem(f"{what}: rows of different lengths: {length} entries before, {len(row)} here")


def _not_a_number(part: Part, entry: Any, what: str, nested: bool) -> None:
    if isinstance(entry, list):
        part.problem(f"{what}: a number is expected here as in the entries before, not a list")
        return
    hint = None
    if isinstance(entry, str) and re.fullmatch(r"\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*", entry):
        hint = "write the number without quotes"
    elif isinstance(entry, str) and "/" in entry:
        hint = 'a fraction is two whole numbers, as in "1/3"'
    where = "an entry is" if nested else "it is"
    part.problem(f"{what}: {where} {kind(entry)}, not a number", hint)


def _fraction(entry: Any) -> float | None:
    """``"1/3"`` as a float64; None where ``entry`` is not a fraction's text."""
    match = _FRACTION.match(entry) if isinstance(entry, str) else None
    if not match or (match[2] and not int(match[2])):
        return None
    from fractions import Fraction  # most specs have none

    return float(Fraction(int(match[1]), int(match[2] or 1)))


def _random(part: Part, budget: Budget) -> Array | None:
    """A draw from numpy's ``default_rng(seed)``, which gives the same numbers on every machine."""
    before = len(part.document.problems)
    name = part["random"].choice("distribution", _RANDOM_FIELDS)
    if name is None:
        return None
    defaults = _RANDOM_FIELDS[name]
    part.only_keys(f"a random value ({name})", ("random", "shape", "seed", *defaults))
    for needed in ("shape", "seed"):
        if needed not in part:
            part.problem(
                f"a random value needs {'a' if needed == 'shape' else 'its'} `{needed}`", nearest(needed, part.value)
            )
    shape = _shape(part["shape"]) if "shape" in part else None
    seed = part.get("seed")
    if seed is not None and (type(seed.value) is not int or seed.value < 0):
        seed.problem(f"`seed` must be a whole number from 0, not {kind(seed.value)}")
    fields = {key: _field(part, key, name, default) for key, default in defaults.items()}
    if fields.get("scale", 0) < 0:
        part["scale"].problem("`scale` must not be negative")
    if "low" in fields and fields["high"] < fields["low"]:
        part.problem(f"`high` ({fields['high']:g}) must not be below `low` ({fields['low']:g})")
    if len(part.document.problems) > before or shape is None or seed is None or not budget.take(part, shape):
        return None
    generator = np.random.default_rng(seed.value)
    if name == "normal":
        return generator.normal(0, fields["scale"], shape)
    if name == "uniform":
        return generator.uniform(fields["low"], fields["high"], shape)
    return generator.integers(int(fields["low"]), int(fields["high"]), shape, endpoint=True).astype(np.float64)


def _shape(part: Part) -> tuple[int, ...] | None:
    sizes = part.value if isinstance(part.value, list) else [part.value]
    if len(sizes) > 32 or not all(type(size) is int and size > 0 for size in sizes):
        part.problem("`shape` must be a list of whole numbers from 1")
        return None
    return tuple(sizes)


def _field(part: Part, key: str, distribution: str, default: float) -> float:
    """A number of a random value; the default where it isn't given, or has a problem."""
    if key not in part:
        return default
    if distribution == "integers":
        value = part[key].value
        if type(value) is int and -(2**62) < value < 2**62:
            return float(value)
        part[key].problem(f"{quoted(key)} must be a whole number")
        return default
    number = read_numbers(part[key], quoted(key))
    if number is not None and number.array.ndim:
        part[key].problem(f"{quoted(key)} must be a number, not a list")
    return default if number is None or number.array.ndim else float(number.array)
