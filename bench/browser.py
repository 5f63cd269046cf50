"""Visits in Chromium, measured: bytes and requests as the network saw them, first paint, and the last form ready."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, TimeoutError, sync_playwright

from .server import ADDRESS

PROBE = (Path(__file__).parent / "probe.js").read_text("utf-8")
SAYS = "bench:"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--no-proxy-server", f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {ADDRESS}",  # third parties fail at once, alike everywhere
]
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOW_CPU = {"rate": 4}
PATIENCE = 90_000  # ms
STATE = """() => ({ ready: document.readyState, shown: document.visibilityState, forms: document.querySelectorAll("form.reflection").length,
  writable: document.querySelectorAll("form.reflection textarea:not([readonly])").length, paints: performance.getEntriesByType("paint").length })"""


@dataclass(frozen=True)
class Visit:
    """One visit. Times are in ms from the start of navigation, ``size`` in bytes with headers."""

    forms: float
    paint: float
    loaded: float
    size: int
    requests: int
    files: dict[str, int]
    missing: tuple[str, ...]
    blocked: tuple[str, ...]
    errors: tuple[str, ...]


class NotReady(RuntimeError):
    """The forms of a page did not get ready; the message says how far they came.

    On a busy machine a throttled visit may stand still with its first requests unanswered: one was seen in some 150,
    on the stock page, and could not be brought about again. Chromium's emulated network is suspected, not proved.
    """


class _Traffic:
    """What goes over the network for one page, from the browser's own account; its cache, blobs and data are left out."""

    def __init__(self, session: CDPSession, site: str) -> None:
        self.site = site
        self.asked: dict[str, str] = {}
        self.heads: dict[str, float] = {}
        self.done: dict[str, int] = {}
        self.missing: list[str] = []
        self.foreign: list[str] = []
        session.on("Network.requestWillBeSent", self._ask)
        session.on("Network.requestServedFromCache", lambda said: self.asked.pop(said["requestId"], None))
        session.on("Network.responseReceived", self._answer)
        session.on("Network.loadingFinished", lambda said: self._end(said["requestId"], said["encodedDataLength"]))
        session.on("Network.loadingFailed", lambda said: self._end(said["requestId"], self.heads.get(said["requestId"], 0)))
        session.send("Network.enable")

    def _ask(self, said: dict[str, Any]) -> None:
        url = said["request"]["url"]
        if url.startswith(self.site):
            self.asked[said["requestId"]] = url.removeprefix(self.site)
        elif url.startswith(("http:", "https:")):
            self.foreign.append(url)

    def _answer(self, said: dict[str, Any]) -> None:
        answer = said["response"]
        self.heads[said["requestId"]] = answer["encodedDataLength"]  # all that is known of an answer that is thrown away
        if answer.get("fromDiskCache"):
            self.asked.pop(said["requestId"], None)
        elif answer["status"] >= 400:
            self.missing.append(answer["url"].removeprefix(self.site))

    def _end(self, name: str, size: float) -> None:
        if name in self.asked:
            self.done[name] = int(size)

    @property
    def waiting(self) -> set[str]:
        return self.asked.keys() - self.done.keys()


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """The browser for all visits."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def pair(browser: Browser, site: str, page: str, forms: int, slow: bool) -> tuple[Visit, Visit]:
    """A first visit in a fresh context and a second one in the same: cold and warm.

    Service workers are blocked: our own starts after the forms are ready, and would fetch the whole course.
    """
    context = browser.new_context(service_workers="block")
    context.add_init_script(PROBE.replace("FORMS", str(forms)))
    try:
        return visit(context, site, page, slow), visit(context, site, page, slow)
    finally:
        context.close()


def visit(context: BrowserContext, site: str, page: str, slow: bool) -> Visit:
    """Open a page in a new tab, wait until its forms are ready and its load event is over, and close the tab.

    :raises NotReady: if that does not come
    """
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    session = context.new_cdp_session(tab)
    traffic = _Traffic(session, site)
    if slow:
        session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
        session.send("Emulation.setCPUThrottlingRate", SLOW_CPU)
    try:
        with tab.expect_console_message(lambda said: said.text.startswith(SAYS), timeout=PATIENCE) as said:
            tab.goto(site + page, wait_until="commit", timeout=PATIENCE)
    except TimeoutError as error:
        state = tab.evaluate(STATE)
        raise NotReady(
            f"The forms of {site + page} were not ready in {PATIENCE / 1000:.0f} s (throttled: {slow}). "
            f"The page: {state}; {len(traffic.waiting)} of {len(traffic.asked)} requests not answered; errors: {errors}."
        ) from error
    found = json.loads(said.value.text.removeprefix(SAYS))
    while traffic.waiting:  # begun before that moment, so it belongs to the page
        tab.wait_for_timeout(20)
    files = {url: traffic.done[name] for name, url in traffic.asked.items()}
    tab.close()
    return Visit(**found, size=sum(traffic.done.values()), requests=len(traffic.asked), files=files,
                 missing=tuple(traffic.missing), blocked=tuple(traffic.foreign), errors=tuple(errors))


def try_forms(browser: Browser, site: str, page: str, forms: int) -> None:
    """Type into every form of a page, so that two working pages are compared; it also warms the browser up.

    :raises RuntimeError: if a form does not take the words
    """
    context = browser.new_context(service_workers="block")
    tab = context.new_page()
    tab.goto(site + page)
    boxes = tab.locator("form.reflection")
    boxes.nth(forms - 1).wait_for()
    for number in range(boxes.count()):
        area = boxes.nth(number).locator("textarea:not([readonly])").first
        area.press_sequentially("words")
        if area.input_value() != "words":
            raise RuntimeError(f"Form {number + 1} of {site + page} does not take what is typed. Mend the page before measuring it.")
    if boxes.count() != forms:
        raise RuntimeError(f"{site + page} has {boxes.count()} forms, and {forms} are expected.")
    context.close()
