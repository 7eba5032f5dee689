"""The result of ``adcli grad`` in each of its formats; only the module of the one asked for is imported."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from adcli.arrays import Array
from adcli.cli.json_path import part
from adcli.engines.diagnose import Warning
from adcli.engines.structure import Result
from adcli.render.style import Style
from adcli.trace import Trace

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("text", "json", "csv", "npz", "latex")


class Found(NamedTuple):
    """What a format may show. ``graph``: in text, as a graph, with these gradients in full."""

    trace: Trace
    mode: str
    result: Result
    warnings: list[Warning]
    updated: dict[str, Array] | None
    style: Style
    graph: tuple[str, ...] | None


def in_format(chosen: str, found: Found, path: str | None, *, to_file: bool) -> str | bytes:
    """The whole result; ``path``: only that part of its JSON."""
    if path is not None or chosen == "json":
        return _json(found, path)
    if chosen == "text":
        return _text(found, to_file)
    trace, mode, result, _, updated, style, _ = found
    if chosen == "latex":
        from adcli.render.grad_latex import document

        return document(trace, result, mode, style, updated)
    from adcli.render.grad_arrays import named_arrays

    arrays = named_arrays(trace, result, updated)
    writer: Callable[[dict[str, Array]], str | bytes] = import_module(f"adcli.render.grad_{chosen}").content
    return writer(arrays)


def _json(found: Found, path: str | None) -> str:
    from adcli.render.grad_json import content
    from adcli.render.json_format import document, one_line

    whole = content(found.trace, found.mode, found.result, found.warnings, found.updated)
    return document(whole) if path is None else one_line(part(whole, path)) + "\n"


def _text(found: Found, to_file: bool) -> str:
    from adcli.render.grad_text import show, show_graph
    from adcli.render.terminal import rendered

    trace, mode, result, _, updated, style, graph = found

    def shown(console: Console) -> None:
        if graph is None:
            show(console, trace, result, mode, style, updated)
        else:
            show_graph(console, trace, result, mode, style, updated, graph)

    return rendered(shown, to_file=to_file)
