"""The result of ``adcli grad`` as an ``.npz`` for ``numpy.load``: an array a name, and the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from adcli.arrays import Array

_UNIX = 3
_READABLE = 0o600 << 16


def content(arrays: Mapping[str, Array]) -> bytes:
    """The archive, uncompressed, with a fixed date and system for every member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # its date is 1980-01-01
            member.create_system = _UNIX
            member.external_attr = _READABLE
            data = io.BytesIO()
            np.lib.format.write_array(data, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(member, data.getvalue())
    return buffer.getvalue()
