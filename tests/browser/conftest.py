"""Fixtures for tests in a real browser. A page that breaks the policy, asks a third party or reports an error fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.apps_running import AppServer, apps
from tests.cohort_running import Cohort, running_cohort
from tests.find_browser import find
from tests.hub_running import Hub, running_hub
from tests.serving import ours, running

from .cohort_people import let_in, open_page, sign_in

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.effectiveDirective} ${e.blockedURI}`));
"""


class Visitor:
    """Watches the pages of a context: errors, requests to other hosts, broken policy."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.requests: list[str] = []
        context.add_init_script(WATCH)
        context.on("page", self._follow)
        context.on("request", self._request)

    def _follow(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _request(self, request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self.foreign.append(request.url)

    def check(self) -> None:
        """Fail unless every page kept to the rules."""
        broken = [v for page in self.context.pages for v in (page.evaluate("window.violations ?? []"))]
        assert not broken, f"Content-Security-Policy violations: {broken}"
        assert not self.foreign, f"requests to others: {self.foreign}"
        assert not self.errors, f"errors in the page: {self.errors}"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright itself, for tests that start browsers of their own."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests; each test has a context of its own."""
    started = playwright.chromium.launch(executable_path=find(), args=FLAGS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def site(book: Path) -> Iterator[str]:
    """The address of the built book on the course's own server, with a slash at the end."""
    with running(ours(book)) as address:
        yield address + "/course/"


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the book in a fresh context: ``visit("book/help.html", viewport={...})``. Rules are checked after.

    Several calls in one test share the context unless ``fresh=True``.
    """
    visitors: list[Visitor] = []

    def open_page(path: str, fresh: bool = False, **options) -> Page:
        if fresh or not visitors:
            options = {"service_workers": "block", "reduced_motion": "reduce"} | options
            visitors.append(Visitor(browser.new_context(**options), site))
        page = visitors[-1].context.new_page()
        page.goto(site + path)
        if "module.html" in path:
            page.wait_for_selector("html[data-forms=ready]")
        if "my-reflections" in path or "certificate" in path:
            page.wait_for_selector("html[data-reflections=ready]")
        return page

    open_page.visitors = visitors
    yield open_page
    for visitor in visitors:
        visitor.check()
        visitor.context.close()


@pytest.fixture(scope="session")
def server(book: Path, tmp_path_factory) -> Iterator[AppServer]:
    """The server of 'make serve', with a data folder of its own."""
    with apps(tmp_path_factory.mktemp("apps") / "data") as running:
        yield running


@pytest.fixture
def enter(browser: Browser, server: AppServer) -> Iterator[Callable[..., Page]]:
    """Open a page of the server in a fresh context that has the key: ``enter(address)``; rules are checked after."""
    visitors: list[Visitor] = []

    def open_page(address: str, fresh: bool = False, key: bool = True, **options) -> Page:
        if fresh or not visitors:
            context = browser.new_context(**({"service_workers": "block", "reduced_motion": "reduce"} | options))
            context.set_default_timeout(15_000)
            visitors.append(Visitor(context, server.base))
            if key:
                server.let_in(context)
        page = visitors[-1].context.new_page()
        page.goto(server.base + address if address.startswith("/") else address)
        if "/apps/" in address and key:
            page.wait_for_selector("html[data-forms=ready]")
        return page

    yield open_page
    for visitor in visitors:
        visitor.errors = [said for said in visitor.errors if "403 (Forbidden)" not in said]  # the refusal without a key
        visitor.check()
        visitor.context.close()


@pytest.fixture(scope="session")
def cohort(cohort_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A real Hub whose course service serves the cohort's book."""
    with running_hub(tmp_path_factory.mktemp("cohort"), {"book": str(cohort_book), "quotas": {"saves_a_minute": 100_000}}) as hub:
        yield hub


@pytest.fixture
def learner(cohort: Hub) -> str:
    """A learner of whom the service holds nothing yet."""
    return cohort.new_learner()


@pytest.fixture
def person(browser: Browser, cohort: Hub) -> Iterator[Callable[..., Page]]:
    """Somebody signed in, at the start of the course in a browser of their own: ``person("ana", viewport={...})``. Rules are checked after.

    With ``at_the_door=True`` they come through the Hub's own page. With ``troubled=True`` the page may report requests
    that did not get through; nothing else.
    """
    visitors: list[tuple[Visitor, bool]] = []

    def open_person(name: str, troubled: bool = False, at_the_door: bool = False, **options) -> Page:
        given = {"reduced_motion": "reduce", "locale": "en-US", "timezone_id": "America/New_York"} | options
        context = browser.new_context(**given)
        visitors.append((Visitor(context, cohort.url), troubled))
        if at_the_door:
            return sign_in(context.new_page(), cohort, name)
        let_in(context, cohort, name)
        return open_page(context.new_page(), cohort, "book/welcome.html")

    yield open_person
    for visitor, troubled in visitors:
        if troubled:
            visitor.errors = [error for error in visitor.errors if not error.startswith("Failed to load resource")]
        visitor.check()
        visitor.context.close()


@pytest.fixture(scope="session")
def trial(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cohort]:  # noqa: ARG001 - two builds at once would be in each other's way
    """The trial of 'make cohort', as one starts it; tests that stop or kill it start it again."""
    with running_cohort(tmp_path_factory.mktemp("cohort") / "kept") as running:
        yield running


@pytest.fixture
def visit_cohort(browser: Browser, trial: Cohort) -> Iterator[Callable[..., Page]]:
    """A fresh browser at the trial, signed in if told: ``visit_cohort("ana")``. Rules are checked after, on every page."""
    visitors: list[Visitor] = []

    def open_page(account: str | None = None, **options) -> Page:
        options = {"service_workers": "block", "reduced_motion": "reduce"} | options
        visitors.append(Visitor(browser.new_context(**options), trial.url))
        page = visitors[-1].context.new_page()
        page.set_default_timeout(60_000)
        if account:
            trial.sign_in(page, account)
        return page

    open_page.visitors = visitors
    yield open_page
    for visitor in visitors:
        visitor.check()
        visitor.context.close()
