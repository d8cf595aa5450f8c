"""The user's web browser."""

import os
import platform
import subprocess
import sys

# Two processes deep, so that the browser is nobody's child here: it neither holds us up nor ends with us.
_DETACHED = """
import subprocess, sys
nothing = subprocess.DEVNULL
command = [sys.executable, "-m", "webbrowser", *sys.argv[1:]]
subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
"""


def open_page(url: str) -> None:
    """Open a page, and return at once; without a display, or on a build server, do nothing."""
    if _has_display():
        subprocess.run([sys.executable, "-c", _DETACHED, url], check=False)


def _has_display() -> bool:
    if os.environ.get("CI"):
        return False
    return platform.system() == "Darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
