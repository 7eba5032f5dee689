"""Slides as a web page, opened in Chromium: in CI always, elsewhere where it is installed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sample_deck
from conftest import needs, run_adcli
from selenium import webdriver

from adcli.render.html import rendered

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = needs("chromium", "chromedriver")
SPECS = Path(__file__).resolve().parent.parent / "specs"
DECKS = {
    "sample": (),
    "forward": ("forward-mode.yaml", "--mode", "forward"),
    "reverse": ("reverse-mode.yaml", "--lang", "id"),
    "classifier": ("classifier.yaml", "--lang", "id"),
    "forward classifier": ("classifier.yaml", "--mode", "forward"),
    "columns": ("columns.json",),
    "program": ("micrograd.yaml",),
    "batch": ("xor.yaml", "--lang", "id"),
    "shared": ("shared-weight.yaml", "--lang", "id"),
    "long names": ("long.json",),
}
LONG = {
    "input": {"an_input_vector_with_a_very_long_name_ab": [1, -1]},
    "target": {"y": [1, 0]},
    "layers": [
        {
            "type": "linear",
            "name": "hidden_layer_with_a_very_long_name_abcde",
            "weight": [[1, 2], [3, 4]],
            "bias": [1, 1],
        },
        {"type": "leaky_relu", "name": "another_layer_with_a_very_long_name_abcd"},
        {"type": "linear", "weight": {"random": "normal", "shape": [40, 2], "seed": 1, "scale": 12345.6}},
        {"type": "linear", "weight": {"random": "normal", "shape": [2, 40], "seed": 2}},
    ],
    "loss": "squared_error",
}
# Five gradients of three rows: two columns on their slide.
COLUMNS = {
    "input": [0.31, -1.27, 0.852],
    "layers": [
        {"type": "linear", "weight": {"random": "normal", "shape": [3, 3], "seed": seed}} for seed in range(1, 6)
    ],
    "loss": "squared_error",
    "target": [1, 2, 3],
}
DESK, PHONE = (1280, 720), (390, 844)

# What lies outside of its slide; what scrolls by itself on a phone doesn't count.
OUTSIDE = """
const [selector, right, bottom] = arguments, found = []
const SCROLLS = 'header, .grouplabel, .text, .slots, .tracker, .eq, .work, .table, .strip:has(.large)'
for (const e of document.querySelectorAll(selector)) {
  if (e.closest('.step, aside.notes, mphantom, title')) continue
  if (right < 800 && e.parentElement.closest(SCROLLS)) continue
  const r = e.getBoundingClientRect(), s = getComputedStyle(e)
  if (s.visibility == 'hidden' || !r.width || !r.height) continue
  if (r.left < -1 || r.right > right + 1 || (bottom && (r.bottom > bottom + 1 || r.top < -1)))
    found.push([e.outerHTML.slice(0, 90), r.left, r.top, r.right, r.bottom])
}
return found
"""


# What sticks out of its column into its neighbour.
BESIDE = """
const found = []
for (const box of document.querySelectorAll('section.present :is(header, .stage, .side, .storage)')) {
  const { left, right, top, bottom } = box.getBoundingClientRect()
  for (const e of box.querySelectorAll('*:not(svg *):not(math *)')) {
    const r = e.getBoundingClientRect()
    if (r.width && (r.left < left - 5 || r.right > right + 5 || r.top < top - 5 || r.bottom > bottom + 5))
      found.push([box.className, left, top, right, bottom, e.outerHTML.slice(0, 90), r.left, r.top, r.right, r.bottom])
  }
}
return found
"""

# Tags that lie over a formula: over one of its letters, since a box of mathematics may be narrower than what it holds.
COVERED = """
const found = [], rect = e => e.getBoundingClientRect()
const letters = [...document.querySelectorAll('section.present .stage :is(mi, mn, mo, mtext)')].map(e => [e, rect(e)])
for (const tag of document.querySelectorAll('section.present .stage :is(.reads, .tag, .remark)')) {
  const t = rect(tag)
  for (const [e, r] of letters)
    if (!tag.contains(e) && r.left < t.right && r.right > t.left && r.top < t.bottom && r.bottom > t.top)
      found.push([tag.textContent, e.textContent, t.left, r.right])
}
return found
"""

# Formulas that lie on each other.
CROSSED = """
const found = [], lines = [...document.querySelectorAll('section.present .stage .line')]
const meet = (a, b, from, to, air) => a[from] < b[to] - air && b[from] < a[to] - air
const cross = (a, b) => meet(a, b, 'left', 'right', 2) && meet(a, b, 'top', 'bottom', 8)
const parts = lines.map(line => [...line.children].map(e => e.getBoundingClientRect()))
parts.forEach((one, i) => parts.slice(i + 1).forEach((other, j) => {
  if (one.some(a => other.some(b => cross(a, b))))
    found.push([lines[i].textContent.slice(0, 40), lines[i + 1 + j].textContent.slice(0, 40)])
}))
return found
"""

# How large the letters of the stage are on each slide of a step forward.
LETTERS = """
const size = e => parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom
return [...document.querySelectorAll('section[data-kind="forward.step"] .stage')].map(stage =>
  Math.min(...[...stage.querySelectorAll('math')].filter(e => !e.closest('.remark, .text')).map(size)))
"""

# What must be scrolled on a phone: its class, the widest thing in it that can't break, its room, and its hint.
SCROLLED = """
return [...document.querySelectorAll('section *')].filter(e =>
  /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
).map(e => {
  const whole = [...e.querySelectorAll('math, table, .end, svg, .chains, .slot, .position')]
  const style = getComputedStyle(e)
  return [e.className, Math.max(...whole.map(w => w.getBoundingClientRect().right - w.getBoundingClientRect().left)),
    e.clientWidth, style.backgroundImage.split('linear-gradient').length - 1, style.backgroundAttachment]
})
"""

# How much is not revealed.
HIDDEN = """
return [...document.querySelectorAll('.fragment:not(.step)')]
  .filter(e => !e.checkVisibility({ opacityProperty: true })).length
"""

# One token of each kind and text: what they are set in is what all are set in.
PROBE = """
const seen = new Set()
for (const e of document.querySelectorAll('mi, mn, mtext')) {
  const key = e.tagName + e.textContent + e.parentElement.tagName
  if (!seen.has(key)) e.dataset.probe = ''
  seen.add(key)
}
return document.fonts.ready.then(() => seen.size)
"""


class Browser:
    """Chromium with what the tests ask of it."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        self.driver = webdriver.Chrome(options=options, service=service)

    def call(self, method: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(method, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def open(self, page: Path, query: str = "", size: tuple[int, int] = DESK, scripts: bool = True) -> None:
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 800
        )
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.driver.get("about:blank")
        self.messages()  # those of the page before, to which reading its style sheets adds some
        self.driver.get(f"{page.as_uri()}{query}")
        # The driver may return before the page is read to its end, on a busy machine one time in ten.
        self.wait("return location.protocol == 'file:' && document.readyState == 'complete'")
        if scripts and width > 800 and "article" not in query:
            self.wait("return !!window.Reveal && Reveal.isReady()")

    def wait(self, condition: str) -> None:
        for _ in range(1000):
            if self.run(condition):
                return
            time.sleep(0.02)
        raise AssertionError(f"never true: {condition}")

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
        return {url for url in urls if not url.startswith(("data:", "about:"))}

    def pages(self) -> int:
        pdf = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = Browser()
    yield opened
    opened.driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("decks")
    for name, spec in (("long.json", LONG), ("columns.json", COLUMNS)):
        (folder / name).write_text(json.dumps(spec), encoding="utf-8")
    for name, arguments in DECKS.items():
        if arguments:
            spec, *options = arguments
            place = folder if spec.endswith(".json") else SPECS
            assert run_adcli("explain", place / spec, *options, "-o", folder / f"{name}.html").code == 0
        else:
            (folder / f"{name}.html").write_text(rendered(sample_deck.deck()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in DECKS}


EVERY_DECK = pytest.mark.parametrize("name", list(DECKS))


@EVERY_DECK
def test_arrows_move_and_reveal_and_nothing_overflows(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name])
    phases = browser.run("return Reveal.getSlides().map(s => s.querySelectorAll('.step').length)")
    seen = []
    for _ in range(sum(phases) + len(phases)):
        here = browser.run("return [Reveal.getIndices().h, (Reveal.getIndices().f ?? -1) + 1]")
        if here not in seen:
            seen.append(here)
        outside = browser.run(OUTSIDE, "section.present *", *DESK) + browser.run(BESIDE)
        assert outside + browser.run(COVERED) + browser.run(CROSSED) == [], here
        browser.press("ArrowRight", 39)
    assert seen == [[slide, phase] for slide, last in enumerate(phases) for phase in range(last + 1)]
    browser.press("ArrowLeft", 37)
    assert browser.run("return [Reveal.getIndices().h, (Reveal.getIndices().f ?? -1) + 1]") == seen[-2]
    assert browser.messages() == []
    assert browser.requests() == {pages[name].as_uri()}


@pytest.mark.parametrize("spec", ["classifier.yaml", "xor.yaml"])
def test_letters_of_a_step_forward_can_be_read_in_a_hall(browser: Browser, tmp_path: Path, spec: str) -> None:
    """In pixels of a page of 720."""
    assert run_adcli("explain", SPECS / spec, "--mode", "forward", "-o", tmp_path / "deck.html").code == 0
    browser.open(tmp_path / "deck.html")
    sizes = browser.run(LETTERS)
    assert len(sizes) > 5
    assert min(sizes) >= 20


@EVERY_DECK
def test_every_formula_is_there_in_its_own_font(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name], "?article")
    empty = """
    return [...document.querySelectorAll('math, svg')].filter(e => {
      const r = e.getBoundingClientRect()
      return !e.matches('.small') && !(r.width > 2 && r.height > 2)
    }).map(e => e.outerHTML.slice(0, 200))"""
    assert browser.run(empty) == []
    browser.run(PROBE)
    browser.call("DOM.enable")
    browser.call("CSS.enable")
    root = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    for node in browser.call("DOM.querySelectorAll", nodeId=root, selector="[data-probe]")["nodeIds"]:
        fonts = browser.call("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
        strange = [font for font in fonts if not font["isCustomFont"]]
        assert fonts, browser.call("DOM.getOuterHTML", nodeId=node)["outerHTML"]
        assert strange == [], browser.call("DOM.getOuterHTML", nodeId=node)["outerHTML"]
    browser.call("CSS.disable")
    browser.call("DOM.disable")


@EVERY_DECK
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_on_a_phone_it_is_an_article(browser: Browser, pages: dict[str, Path], name: str, scripts: bool) -> None:
    browser.open(pages[name], "", PHONE, scripts)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.run("return document.documentElement.classList.contains('deck')") is False
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    assert browser.run(OUTSIDE, "section *", PHONE[0], 0) == []
    assert browser.run(HIDDEN) == 0
    assert browser.messages() == []


@EVERY_DECK
def test_on_a_phone_a_formula_breaks_where_it_can_and_what_scrolls_says_so(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    """Only what is alone too wide scrolls; an edge beyond which it goes on is shaded."""
    browser.open(pages[name], "", PHONE)
    for kind, widest, room, shades, attachment in browser.run(SCROLLED):
        if "tracker" not in kind:  # the rows within it scroll
            assert (shades, attachment) == (2, "local, scroll"), kind
        indent = 45  # of a group, and of what stands before a formula
        assert widest > room - indent, kind
        assert "table" not in kind or name in ("columns", "long names")


def test_on_a_phone_the_factors_of_the_classifier_stand_below_each_other(
    browser: Browser, pages: dict[str, Path]
) -> None:
    """Its products of decimals were cut at the right edge; the longest gradient still is, and scrolls."""
    browser.open(pages["classifier"], "", PHONE)
    wide = [found for found in browser.run(SCROLLED) if "eq" in found[0]]
    assert len(wide) <= 1
    broken = """
    return [...document.querySelectorAll('.part')].filter(part => {
      const tops = [...part.querySelectorAll('math')].map(m => m.getBoundingClientRect().bottom)
      return tops.length > 1 && Math.max(...tops) > Math.min(...tops) + 30
    }).length"""
    assert browser.run(broken) >= 2
    browser.open(pages["classifier"])
    assert browser.run(broken) == 0  # on a slide a product stays on its line


@EVERY_DECK
def test_print_gives_a_page_a_slide(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name], "?print-pdf")
    slides = pages[name].read_text(encoding="utf-8").count("<section ")
    browser.wait("return document.querySelectorAll('.pdf-page').length > 0")
    assert browser.pages() == slides
    assert browser.run(HIDDEN) == 0


def test_print_gives_a_page_a_slide_from_a_small_window_too(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["reverse"], "?print-pdf", PHONE)
    browser.wait("return document.querySelectorAll('.pdf-page').length > 0")
    assert browser.pages() == pages["reverse"].read_text(encoding="utf-8").count("<section ")


@pytest.mark.parametrize("window", [DESK, (900, 600)])
def test_a_formula_breaks_before_its_letters_shrink(
    browser: Browser, pages: dict[str, Path], window: tuple[int, int]
) -> None:
    browser.open(pages["reverse"], "", window)
    zooms = browser.run("return [...document.querySelectorAll('.stage > .group')].map(e => +e.style.zoom)")
    assert len(zooms) >= 4
    assert min(zooms) >= 0.9


@EVERY_DECK
def test_plain_print_gives_the_article_a_page_a_slide(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name])
    browser.run("addEventListener('beforeprint', () => { window.printed = document.documentElement.className })")
    assert browser.pages() == pages[name].read_text(encoding="utf-8").count("<section ")
    assert "deck" not in browser.run("return window.printed")
    assert browser.run("return document.documentElement.classList.contains('deck')")


def test_without_a_script_a_wide_window_shows_the_article_too(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["reverse"], "", DESK, scripts=False)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.run(OUTSIDE, "section *", DESK[0], 0) == []
    assert browser.run("return document.documentElement.scrollHeight") > 5 * DESK[1]


def test_t_turns_the_theme_and_states_follow_the_phase(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["sample"])
    ground = "return getComputedStyle(document.querySelector('.reveal-viewport')).backgroundColor"
    before = browser.run(ground)
    browser.press("t", 84)
    assert browser.run(ground) != before
    state = "return document.querySelectorAll('section.present .slot')[4].dataset.s"
    assert browser.run(state) == "held"
    browser.press("ArrowRight", 39)
    browser.press("ArrowRight", 39)
    assert browser.run(state) == "let-go"
    browser.press("ArrowLeft", 37)
    assert browser.run(state) == "held"


def test_s_opens_the_speaker_notes(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["sample"])
    own = browser.driver.current_window_handle
    browser.press("s", 83)
    for _ in range(100):
        others = [h for h in browser.driver.window_handles if h != own]
        if others:
            break
        time.sleep(0.02)
    browser.driver.switch_to.window(others[0])
    try:
        assert browser.run("return document.querySelector('.said').textContent") == sample_deck.deck().slides[0].note
        assert browser.run("return document.querySelectorAll('section').length") == 2
        assert browser.run("return document.querySelector('.now section').getBoundingClientRect().width") > 200
    finally:
        browser.driver.close()
        browser.driver.switch_to.window(own)


# The words of the drawing and of the storage row that can be seen.
SEEN = """
return [...document.querySelectorAll('section.present :is(.strip .full text, .storage mn, .meter b)')]
  .filter(e => getComputedStyle(e).visibility == 'visible').map(e => e.textContent).join(' ')
"""


def test_drawing_and_storage_show_a_result_not_before_its_line(browser: Browser, pages: dict[str, Path]) -> None:
    """The lecture's step 3 back: h̃ = [8 6] hangs under its value and is in hand only when its line says so."""
    browser.open(pages["reverse"])
    browser.run("Reveal.slide(6)")
    seen = [browser.run(SEEN)]
    for _ in range(browser.run("return document.querySelectorAll('section.present .step').length")):
        browser.press("ArrowRight", 39)
        seen.append(browser.run(SEEN))
    assert ["◀ [8 6]" in words for words in seen] == [False, False, False, False, True]
    assert ["𝐖3 2×2 ✓" in words for words in seen] == [False, False, True, True, True]
    in_hand_and_meter = [words.split(" 1·2·4")[0].split(" 36 1 ")[-1] for words in seen]
    assert in_hand_and_meter == ["4", "4", "4", "4", "8 6 2"]
