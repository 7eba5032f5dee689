"""Draws docs/slide-html.png: a slide of the lecture's example in Chromium (needs chromium and chromedriver)."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

HERE = Path(__file__).resolve().parent
SPEC = HERE.parent / "specs" / "forward-mode.yaml"
SLIDE = 6  # f₃ in its last phase


def picture(page: Path) -> bytes:
    """Slide ``SLIDE`` of the deck ``page``, 1280 × 720 as PNG."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as driver:
        size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(f"{page.as_uri()}?theme=light")
        WebDriverWait(driver, 10).until(lambda d: d.execute_script("return !!window.Reveal && Reveal.isReady()"))
        driver.execute_script("Reveal.slide(arguments[0] - 1, 0, 99)", SLIDE)
        return base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        deck = Path(folder) / "deck.html"
        command = [sys.executable, "-m", "adcli", "explain", str(SPEC), "--mode", "forward", "-o", str(deck)]
        subprocess.run(command, check=True)
        (HERE / "slide-html.png").write_bytes(picture(deck))
