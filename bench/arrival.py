"""``python -m bench.arrival``: from sign-in to one's own words, in the course and in a stock notebook, on one Hub in one run.

In the course a learner comes to the form that holds the answer; in stock JupyterHub to JupyterLab with a notebook that
holds it. First with nothing of the learner's running, then again in the same browser.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from patient_partner_mentor.curriculum import load_course
from patient_partner_mentor.publish.build import build, html_folder
from tests.browser.conftest import FLAGS
from tests.find_browser import find
from tests.hub_running import COURSE, ROOT, Hub, running_hub
from tests.integration import service_asking as asking

from .cohort import CONFIG

ROUNDS, RATIO = 3, 5
WORDS = "I keep a list of what works on bad days."
BOX = "#step-2 form.reflection textarea"


def sign_in(page: Page, hub: Hub, name: str, to: str) -> None:
    """The Hub's sign-in, filled in, on the way to an address."""
    page.goto(f"{hub.url}hub/login?next={quote(to, safe='')}")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill("trial")


def in_the_course(page: Page) -> None:
    """The answer stands in its box."""
    page.wait_for_function("([box, words]) => document.querySelector(box)?.value === words", arg=[BOX, WORDS], timeout=120_000)


def in_a_notebook(page: Page) -> None:
    """The answer stands in the notebook, which takes input."""
    page.locator(".jp-Notebook", has_text=WORDS).wait_for(timeout=120_000)


def visit(browser: Browser, hub: Hub, name: str, first: str, again: str, there: Callable[[Page], None]) -> tuple[float, float]:
    """Seconds from the press of the button to one's own words, the first time and again."""
    context = browser.new_context(service_workers="block")
    found = []
    try:
        page = context.new_page()
        sign_in(page, hub, name, first)
        began = time.monotonic()
        page.locator("input[type=submit]").click(no_wait_after=True)
        there(page)
        found.append(time.monotonic() - began)
        page.goto("about:blank")
        began = time.monotonic()
        page.goto(hub.url.rstrip("/") + again, wait_until="commit")
        there(page)
        found.append(time.monotonic() - began)
    finally:
        context.close()
    return found[0], found[1]


def measure() -> dict[str, list[tuple[float, float]]]:
    """Both in turns, each time with learners whose browser and server are new."""
    build(ROOT, mode="cohort")
    module = load_course(ROOT).modules[0]
    found: dict[str, list[tuple[float, float]]] = {"course": [], "JupyterLab": []}
    with tempfile.TemporaryDirectory(prefix="bench-arrival-") as place, sync_playwright() as playwright:
        folder = Path(place)
        with running_hub(folder, {"book": str(html_folder(ROOT, "cohort"))}, more=CONFIG.format(home=str(folder / "homes"))) as hub:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            for _ in range(ROUNDS):
                one = hub.new_learner()
                asking.save(hub, one, asking.answer(module, 2, WORDS)).raise_for_status()
                address = f"/services/course/{COURSE}/notebooks/{module.name}/module.html"
                found["course"].append(visit(browser, hub, one, address, address, in_the_course))
                other = hub.new_learner()
                home = folder / "homes" / other
                home.mkdir(parents=True)
                address = f"/user/{other}/lab/tree/answer.ipynb"
                cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": WORDS}
                (home / "answer.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
                found["JupyterLab"].append(visit(browser, hub, other, f"/hub/spawn?next={quote(address, safe='')}", address, in_a_notebook))
            browser.close()
    return found


def main() -> int:
    """Measure, print, and say by the exit code whether the target was met."""
    found = measure()
    middle = {name: tuple(median(one[i] for one in visits) for i in range(2)) for name, visits in found.items()}
    print(f"From sign-in to one's own words, {ROUNDS} learners each, medians: seconds the first time, and again")
    for name, (first, again) in middle.items():
        print(f"  {name:10} {first:6.2f} {again:6.2f}")
    ratio = middle["JupyterLab"][0] / middle["course"][0]
    print(f"{'PASS' if ratio >= RATIO else 'MISS'}  own words {ratio:.1f}x sooner than in a stock notebook (target >= {RATIO}x)")
    return 0 if ratio >= RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
