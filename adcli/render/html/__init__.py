"""Slides as one web page that fetches nothing: a deck of reveal.js, and without a script an article."""

from adcli.render.html.page import rendered

__all__ = ["rendered"]
