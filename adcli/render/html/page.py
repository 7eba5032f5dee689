"""The page around the slides: styles, fonts and scripts within it, and nothing from anywhere else."""

from __future__ import annotations

import base64
from importlib import resources

from adcli.explain.deck import Deck, Slide
from adcli.render.colours import DARK, LIGHT, Theme
from adcli.render.html.cells import CLASSES
from adcli.render.html.parts import Writer
from adcli.render.html.words import safe
from adcli.render.layout import in_two_columns

FONTS = (("Math", "math", 400), ("Sans", "sans", 400), ("Sans", "sans-bold", 700), ("Mono", "mono", 400))
MOST_DASHES = 24
FONT_NOTE = "The fonts are subsets of Latin Modern, under the GUST Font License: www.gust.org.pl/fonts/licenses"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; img-src data:"


def rendered(deck: Deck) -> str:
    """The whole page: everything in it, nothing fetched; the same deck gives the same bytes."""
    writer = Writer(deck)
    slides = "".join(slide_html(slide, writer) for slide in deck.slides)
    title = safe(deck.title)
    return (
        f'<!doctype html>\n<html lang="{safe(deck.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{_asset('reveal.css')}</style>\n"
        f"<style>{_faces()}\n{_colours()}\n{_asset('deck.css')}</style>\n</head>\n"
        f'<body>\n<main><div id="deck"><h1>{title}</h1><div class="slides">\n{slides}</div></div></main>\n'
        f"<!--\n{FONT_NOTE}\n\nreveal.js:\n{_asset('reveal.LICENSE')}-->\n"
        f"<script>{_asset('reveal.js')}</script>\n<script>{_asset('deck.js')}</script>\n</body>\n</html>\n"
    )


def slide_html(slide: Slide, writer: Writer) -> str:
    """One slide: header, strip, stage and side, storage, note."""
    position = ""
    if slide.position:
        dashes = "".join(
            f'<i class="{"on" if i < slide.position.step else "cur" if i == slide.position.step else ""}"></i>'
            for i in range(1, slide.position.steps + 1)
        )
        few = 1 < slide.position.steps <= MOST_DASHES
        drawn = f'<span class="dashes" aria-hidden="true">{dashes}</span>' if few else ""
        position = f" · <span>{safe(slide.position.text)}</span>{drawn}"
    sentence = f'<p class="sentence">{writer.runs(slide.sentence)}</p>' if slide.sentence else ""
    strip = f'<div class="strip">{writer.block(slide.strip)}</div>' if slide.strip else ""
    stage = f"<div{_halves(slide)}>{writer.stage(slide.stage)}</div>"
    side = f'<div class="side">{"".join(map(writer.block, slide.side))}</div>' if slide.side else ""
    storage = writer.storage(slide.storage) if slide.storage else ""
    label = safe(writer.labels.note)
    note = f'<aside class="notes" role="note" aria-label="{label}">{safe(slide.note)}</aside>' if slide.note else ""
    steps = "".join(
        f'<i class="fragment step" data-fragment-index="{k}" aria-hidden="true"></i>' for k in range(slide.last_phase)
    )
    return (
        f'<section data-kind="{safe(slide.kind)}" id="s-{safe(slide.id)}">'
        f'<div class="sheet{"" if side else " one"}">'
        f'<header><p class="head"><span class="deckname" aria-hidden="true">{safe(writer.title)}</span>'
        f"<span>{safe(slide.head)}</span>{position}</p><h2>{writer.runs(slide.title)}</h2>"
        f'{sentence}</header>{strip}<div class="body">{stage}{side}</div>{storage}</div>'
        f"{steps}{note}</section>\n"
    )


def _halves(slide: Slide) -> str:
    """The attributes of a stage: in two columns, read down each, where it is a list of short formulas."""
    if not in_two_columns(slide):
        return ' class="stage"'
    return f' class="stage halves" style="--rows:{(len(slide.stage) + 1) // 2}"'


def _asset(name: str) -> str:
    return resources.files("adcli.render.html").joinpath("assets", name).read_text(encoding="utf-8")


def _faces() -> str:
    folder = resources.files("adcli.render.html").joinpath("assets")
    return "\n".join(
        f'@font-face{{font-family:"adcli {family}";font-weight:{weight};'
        f"src:url(data:font/woff2;base64,{base64.b64encode(folder.joinpath(f'{file}.woff2').read_bytes()).decode()})}}"
        for family, file, weight in FONTS
    )


def _colours() -> str:
    """Both themes as custom properties: the reader's own choice, or what the key T chose."""
    light, dark = _properties(LIGHT), _properties(DARK)
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}"
    )


def _properties(theme: Theme) -> str:
    plain = {"ground": theme.ground, "panel": theme.panel, "ink": theme.ink, "muted": theme.muted, "line": theme.line}
    roles = {CLASSES[role]: colour for role, colour in theme.roles.items()}
    tints = {f"{CLASSES[role]}-tint": colour for role, colour in theme.tints.items()}
    return ";".join(f"--{name}:{colour}" for name, colour in (plain | roles | tints).items())
