"""``adcli explain``: the derivation as slides, step by step."""

from __future__ import annotations

from importlib import import_module

import click
import numpy as np

from adcli.cli.options import (
    check_quotient,
    checkpoint_option,
    expression_options,
    load_schedule,
    load_spec,
    number_options,
    output_options,
    quotient_options,
    trace_of,
    wrt_option,
)
from adcli.cli.output import chosen_format, warn, write
from adcli.engines.run import MODES
from adcli.engines.structure import check_wrt, default_wrt
from adcli.errors import AdcliError, Problem, quoted
from adcli.explain.deck import Deck, Numbers
from adcli.explain.messages import LANGUAGES
from adcli.explain.story import Request, told
from adcli.trace import Trace

FORMATS = ("text", "markdown", "beamer", "html", "json")
DETAILS = ("low", "normal", "full")


@click.command("explain")
@expression_options
@click.option("--mode", type=click.Choice(MODES), default="reverse", show_default=True, help="Whose story.")
@wrt_option
@click.option("--only", multiple=True, metavar="NAME", help="The story of one parameter or input.")
@quotient_options
@checkpoint_option
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="English or Indonesian.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    default="normal",
    show_default=True,
    help="low: larger, without chain rule and storage; full: nothing shortened.",
)
@click.option("--slide", "number", type=click.IntRange(min=1), metavar="N", help="In text: only slide N.")
@click.option("--handout", is_flag=True, help="Beamer: a page a slide, for print.")
@number_options(4)
@output_options(FORMATS)
def command(
    spec: str | None,
    expression: str | None,
    givens: tuple[str, ...],
    settings: tuple[str, ...],
    mode: str,
    wrt: tuple[str, ...],
    only: tuple[str, ...],
    step: float | None,
    scheme: str | None,
    checkpoint: str | None,
    lang: str,
    detail: str,
    number: int | None,
    handout: bool,
    digits: int,
    fractions: bool,
    format_: str | None,
    output: str | None,
) -> None:
    """The derivation of SPEC as slides: every step, every matrix.

    In a terminal a slide at a time (space, backspace, q); in a pipe all of them. A spec's own
    fractions stay fractions.

    adcli explain SPEC --mode forward --lang id -o deck.html
    """
    chosen = chosen_format(format_, output, FORMATS)
    check_quotient(mode, step, scheme)
    _check(chosen, number, handout)
    read = load_spec(spec, expression, givens)
    trace = trace_of(read, settings)
    names = _names(trace, wrt, only)
    numbers = Numbers(digits, fractions or trace.has_fractions, whole=detail == "full")
    schedule = load_schedule(trace, mode, checkpoint)
    lines = None if read.program is None else tuple(str(line.part.value) for line in read.program if line)
    request = Request(mode, names, lang, detail, numbers, scheme or "central", step, schedule, lines)
    deck, scene = told(trace, request)
    if number is not None and number > len(deck.slides):
        raise AdcliError(f"--slide {number}: there are {len(deck.slides)} slides")
    warn(scene.warnings)
    with np.errstate(all="ignore"):  # a Jacobian is made when it is looked at
        if chosen == "text":
            from adcli.cli.pager import show

            show(deck, number, output)
        elif chosen == "json":
            from adcli.render.slides_json import document

            write(document(deck, scene), output)
        else:
            write(_rendered(chosen, deck, handout), output)


def _names(trace: Trace, wrt: tuple[str, ...], only: tuple[str, ...]) -> tuple[str, ...]:
    """What is differentiated for.

    Raises:
        AdcliError: a name is none of the trace's, ``only`` is several or no parameter or input, or both options
            are given.
    """
    if not only:
        return check_wrt(trace, wrt) or default_wrt(trace)
    if wrt:
        raise AdcliError("--only and --wrt exclude each other: --only NAME is the story of that name alone")
    if len(only) > 1:
        raise AdcliError(Problem("--only is the story of one name alone", None, "--wrt may be given several times"))
    known = [name for name in trace.differentiable if name in trace.leaves]
    if only[0] not in known:
        message = f"--only: {quoted(only[0])} is no parameter or input to differentiate for"
        raise AdcliError(Problem(message, None, f"one of {', '.join(known[:12])}"))
    return only


def _rendered(format_: str, deck: Deck, handout: bool) -> str:
    module = "adcli.render.slides_markdown" if format_ == "markdown" else f"adcli.render.{format_}"
    rendered = import_module(module).rendered
    text: str = rendered(deck, handout=True) if handout else rendered(deck)
    return text


def _check(chosen: str, number: int | None, handout: bool) -> None:
    if number is not None and chosen != "text":
        raise AdcliError(f"--slide goes with text, not with {chosen}")
    if handout and chosen != "beamer":
        raise AdcliError(f"--handout goes with beamer, not with {chosen}")
