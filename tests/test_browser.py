"""The web browser is opened without becoming part of the command."""

import time
from pathlib import Path

import psutil
import pytest
from hub_up import wait_for

from hub_cli import browser

URL = "http://127.0.0.1:8080"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the user's browser, which stays open, writes its page and its process id to."""
    script, page = tmp_path / "browser", tmp_path / "page"
    script.write_text(f'#!/bin/sh\necho "$1 $$" > {page}.new && mv {page}.new {page}\nexec sleep 60\n')
    script.chmod(0o755)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{script} %s")
    return page


def test_a_browser_that_stays_open_neither_holds_up_nor_is_ended_with_the_command(opened: Path) -> None:
    began = time.monotonic()
    browser.open_page(URL)
    assert time.monotonic() - began < 10
    wait_for(opened.exists, 20)
    url, pid = opened.read_text().split()
    process = psutil.Process(int(pid))
    assert (url, process in psutil.Process().children(recursive=True)) == (URL, False)
    process.kill()


@pytest.mark.parametrize("variable", ["CI", None])
def test_nothing_is_opened_on_a_build_server_or_without_a_display(
    opened: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    if variable:
        monkeypatch.setenv(variable, "true")
    else:
        monkeypatch.delenv("DISPLAY")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("a browser was opened"))
    browser.open_page(URL)
