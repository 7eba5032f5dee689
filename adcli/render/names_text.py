"""Names in characters: letters with hats, tildes and indices."""

from __future__ import annotations

from adcli.errors import printable
from adcli.explain.maths import Mark, Name
from adcli.notation.names import SUBSCRIPTS

HATS = dict(zip("WHACEGIJOSUYZacegijosuwyzh", "ŴĤÂĈÊĜÎĴÔŜÛŶẐâĉêĝîĵôŝûŵŷẑĥ", strict=True))


def name_text(name: Name, ascii_only: bool) -> str:
    """``W₁``, ``Ŵ₁``, ``h~``; an entry as ``W₁[2,1]``, of a vector as ``x₁``."""
    base = name.base
    sub = name.sub if ascii_only else name.sub.translate(SUBSCRIPTS)
    if name.sub and not name.sub.isdigit():
        sub = f"_{name.sub}"
    if not name.sub and len(name.entry) == 1 and name.base.isalpha():  # x₁, not x[1]; but out.1[2]
        name = name._replace(sub=str(name.entry[0]), entry=())
        sub = name.sub if ascii_only else name.sub.translate(SUBSCRIPTS)
    after = "~" if name.mark is Mark.TILDE else ""
    if name.mark is Mark.HAT:
        base, after = (base, "^") if ascii_only or base not in HATS else (HATS[base], "")
    if name.base == "ℓ" and ascii_only:
        base = "l"
    entry = f"[{','.join(map(str, name.entry))}]" if name.entry else ""
    written = f"{base}{after}{sub}" if after == "~" else f"{base}{sub}{after}"
    return printable(written + entry)
