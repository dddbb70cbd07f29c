"""A real browser for tests: Chromium if the machine has it, else the one in the PySide6 wheels (extra `browser`)."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)


def _webengine() -> bool:
    """Whether Qt's Chromium is installed and finds the libraries it needs."""
    if importlib.util.find_spec("PySide6") is None:
        return False
    load = "from PySide6.QtWebEngineWidgets import QWebEngineView"
    return subprocess.run([sys.executable, "-c", load], capture_output=True).returncode == 0


WEBENGINE = CHROMIUM is None and _webengine()
MISSING = "" if CHROMIUM or WEBENGINE else "no Chromium on PATH and no PySide6 (pip install -e '.[browser]')"


class Visit(NamedTuple):
    html: str  # the document after its scripts have run
    console: list[str]  # messages of the browser's console: errors, refused resources


def visit(page: Path, fragment: str = "", width: int = 1000) -> Visit:
    """Open a page from the disk at `#fragment` in a window of `width` pixels."""
    return open_address(page.resolve().as_uri() + fragment, page.parent / "profile", width)


def open_address(url: str, profile: Path, width: int) -> Visit:
    """Open an address; the browser may write to the folder `profile`."""
    if CHROMIUM:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom", url]
    else:
        command = [sys.executable, str(Path(__file__).with_name("webengine.py")), url, str(width)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=90, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert ran.returncode == 0, ran.stderr
    return Visit(ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line])
