"""``--get``: a part of the JSON, for scripts."""

from __future__ import annotations

import re
from typing import Any

from adcli.errors import AdcliError, Problem, nearest, quoted

_STEP = re.compile(r'(?:^|\.)(?:"([^"]+)"(?=\.|$)|([^.]*))')


def part(whole: Any, path: str) -> Any:
    """The part of ``whole`` at a path of keys and indices (from 0), divided by points; a key with a point in quotes.

    Raises:
        AdcliError: there is no such part.
    """
    found = whole
    for step in (quoted_key or key for quoted_key, key in _STEP.findall(path)):
        known = (
            list(found)
            if isinstance(found, dict)
            else [str(i) for i in range(len(found))]
            if isinstance(found, list)
            else []
        )
        if step not in known:
            hint = nearest(step, known) or (
                f"there are {', '.join(known[:12])}" if known else "there is nothing inside"
            )
            raise AdcliError(Problem(f"--get {path}: there is no {quoted(step)}", None, hint))
        found = found[step] if isinstance(found, dict) else found[int(step)]
    return found
