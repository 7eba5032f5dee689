"""Values from ``.npy``, ``.npz`` and ``.csv`` files beside a spec. Nothing in a file is trusted or executed."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from adcli.arrays import Array
from adcli.errors import AdcliError, nearest, printable, quoted
from adcli.spec.part import Part, kind
from adcli.spec.source import open_regular, read_source
from adcli.spec.values import Budget
from adcli.spec.yaml_reader import scalar

_LONGEST_HEADER = 10_000
_BROKEN = (
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    EOFError,
    MemoryError,
    OSError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # of zipfile, for an encrypted member or an unknown compression
)


class _RefusedError(Exception):
    """What is wrong with a file, in words for the user."""


def read_file(part: Part, budget: Budget) -> Array | None:
    """The array of ``{file: …}``, or None where it has a problem (which is noted)."""
    place = part["file"]
    name = place.text("`file`")
    if name is None:
        return None
    ending = os.path.splitext(name)[1].lower()
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    if ending not in readers:
        place.problem(f"can't read {quoted(name)}: a value's file ends in .npy, .npz or .csv")
        return None
    if "key" in part and ending != ".npz":
        part.problem("`key` goes with a .npz file", key="key")
        return None
    try:
        path = _inside(name, part.document.source.folder)
        array = readers[ending](path, part, budget)
        if array is not None and not np.isfinite(array).all():
            raise _RefusedError("it holds NaN or an infinity; every number must be finite")
        return array
    except _RefusedError as refused:
        place.problem(f"can't read {quoted(name)}: {refused}")
    except AdcliError as error:
        problem = error.problems[0]
        line = f" (line {problem.place.line})" if problem.place else ""
        place.problem(f"{problem.message}{line}")
    except _BROKEN as error:
        place.problem(
            f"can't read {quoted(name)}: it is damaged ({printable(str(error))[:80] or type(error).__name__})"
        )
    return None


def _inside(name: str, folder: str) -> str:
    """The real path of ``name``, which must not leave ``folder``, be it by ``..`` or by a link."""
    if "\0" in name or os.path.isabs(name):
        raise _RefusedError("the path must be relative to the spec's folder")
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath([root, path]) != root:
        raise _RefusedError("the path leaves the spec's folder")
    return path


def _open(path: str) -> IO[bytes]:
    try:
        return open(open_regular(path), "rb")
    except AdcliError as error:
        raise _RefusedError(error.problems[0].message.partition(": ")[2]) from None


def _read_npy(path: str, part: Part, budget: Budget) -> Array | None:
    with _open(path) as file:
        return _npy(file, part, budget)


def _read_npz(path: str, part: Part, budget: Budget) -> Array | None:
    with _open(path) as file, zipfile.ZipFile(file) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
        key = part.value.get("key", keys[0] if len(keys) == 1 else None)
        if not isinstance(key, str) or key not in keys:
            wrong = (
                f"there is no {quoted(key)} in it"
                if isinstance(key, str)
                else f"`key` must name an array of it, and is {kind(key)}"
            )
            hint = nearest(key, keys) if isinstance(key, str) else None
            raise _RefusedError(f"{wrong}{', ' + hint if hint else ''}")
        names = archive.namelist()
        with archive.open(names[keys.index(key)]) as member:
            return _npy(member, part, budget)


def _npy(file: IO[bytes], part: Part, budget: Budget) -> Array | None:
    """An array in numpy's format, of as many bytes as its header declares, and no more."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise _RefusedError("its format version is not 1.0 or 2.0")
    read_header: Any = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran_order, dtype = read_header(file, max_header_size=_LONGEST_HEADER)
    if dtype.hasobject:
        raise _RefusedError("it holds pickled objects, not numbers")
    if dtype.kind not in "iuf":
        raise _RefusedError(f"it holds {dtype.name} entries, not real numbers")
    if any(size < 1 for size in shape) or len(shape) > 32:
        raise _RefusedError("it holds no numbers")
    if not budget.take(part, shape):
        return None
    size = math.prod(shape) * dtype.itemsize
    data = bytearray()
    while len(data) <= size and (chunk := file.read(min(2**20, size + 1 - len(data)))):
        data += chunk
    if len(data) != size:
        raise _RefusedError(f"it holds {'more' if len(data) > size else 'fewer'} bytes than its header declares")
    array = np.frombuffer(data, dtype).astype(np.float64)
    return array.reshape(shape[::-1]).T if fortran_order else array.reshape(shape)


def _read_csv(path: str, part: Part, budget: Budget) -> Array | None:
    """Rows of numbers, divided by commas. A single row or column is a vector."""
    os.close(open_regular(path))
    rows: list[list[float]] = []
    for number, line in enumerate(read_source(path).text.splitlines(), 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        wrong = next((cell for cell in cells if type(scalar(cell)) not in (int, float)), None)
        if wrong is not None:
            raise _RefusedError(f"line {number}: {quoted(wrong)} is not a number")
        rows.append([float(scalar(cell)) for cell in cells])
        if len(rows[-1]) != len(rows[0]):
            raise _RefusedError(f"line {number} has {len(rows[-1])} entries, the lines before {len(rows[0])}")
    if not rows:
        raise _RefusedError("it holds no numbers")
    if not budget.take(part, (len(rows), len(rows[0]))):
        return None
    array = np.array(rows)
    return array.reshape(-1) if 1 in array.shape else array
