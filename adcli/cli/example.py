"""``adcli example``: the specs that come with adcli."""

from __future__ import annotations

from pathlib import Path

import click

from adcli.cli.output import output_option, write
from adcli.errors import AdcliError, Problem, nearest, quoted


def folder() -> Path:
    """Where the specs are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"


@click.command("example")
@click.argument("name", required=False)
@output_option
def command(name: str | None, output: str | None) -> None:
    """Lists the specs that come with adcli, or prints the one called NAME.

    adcli example forward-mode > forward-mode.yaml
    """
    specs = {path.stem: path for path in sorted(folder().glob("*.yaml"))}
    if name is None:
        width = max(map(len, specs), default=0)
        write("".join(f"{stem.ljust(width)}  {_first_comment(path)}\n" for stem, path in specs.items()), output)
        return
    name = name.removesuffix(".yaml")
    if name not in specs:
        hint = nearest(name, specs) or f"one of {', '.join(specs)}"
        raise AdcliError(Problem(f"there is no example {quoted(name)}", None, hint))
    write(specs[name].read_bytes(), output)


def _first_comment(path: Path) -> str:
    """What a spec shows, as its first line says."""
    line = path.read_text(encoding="utf-8").partition("\n")[0]
    return line.removeprefix("#").strip()
