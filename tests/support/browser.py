"""A headless Chromium that looks at Airflow's pages, and takes the pictures of docs/."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

# A folder: where the pictures go. Without it none is taken.
PICTURES = "DATA_HUB_PICTURES"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]
_MILLISECONDS = 30_000
_WIDTH, _HEIGHT = 1280, 800


@dataclass(frozen=True)
class Browser:
    """A page of a browser.

    Attributes:
        page: Playwright's page.
        url: where Airflow is.
    """

    page: Page
    url: str

    @classmethod
    @contextmanager
    def open(cls, url: str) -> "Iterator[Browser]":
        """Start the machine's Chromium or Chrome, or the one of ``playwright install chromium``; end it at last."""
        found = next(filter(None, map(shutil.which, _NAMES)), None)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
            page = chromium.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
            page.set_default_timeout(_MILLISECONDS)
            yield cls(page, url.rstrip("/"))
            chromium.close()

    def go(self, path: str) -> None:
        """Open a page of Airflow's."""
        self.page.goto(f"{self.url}/{path}")

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def see(self, text: str) -> None:
        """Wait until a text is on the page, or fail."""
        self.page.get_by_text(text).first.wait_for()

    def take_picture(self, name: str, height: int = _HEIGHT) -> None:
        """Keep what is seen as NAME.png, if somebody asked for pictures."""
        if folder := os.environ.get(PICTURES):
            self.page.set_viewport_size({"width": _WIDTH, "height": height})
            # Until the page has stopped moving.
            self.page.wait_for_load_state("networkidle")
            self.page.wait_for_timeout(1000)
            self.page.screenshot(path=Path(folder) / f"{name}.png")
