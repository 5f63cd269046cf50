"""A page whose scripts did not come, or came wrong: it says so, says that nothing is lost, and offers to try again."""

from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path

from playwright.sync_api import Route, expect

MODULE = "notebooks/1-patient-partner/module.html"
PAGES = {MODULE: "html[data-forms=ready]", "book/my-reflections.html": "html[data-reflections=ready]", "book/certificate.html": "html[data-reflections=ready]"}
SAID = "This part of the page has not loaded. What you wrote before is safe."
SOME_SECONDS_LATER = "document.getAnimations().forEach((one) => one.finish())"  # of the style sheet's own clock
PORTAL = "<!DOCTYPE html><title>Welcome to our network</title><p>Please agree to the terms.</p>"


def blocked(route: Route) -> None:
    """As by a filter, or a connection that ends."""
    route.abort()


def half(route: Route) -> None:
    """As by a connection that ends in the middle."""
    whole = route.fetch().text()
    route.fulfill(content_type="text/javascript", body=whole[: len(whole) // 2])


def portal(route: Route) -> None:
    """As by a network that wants to be agreed to, or a host without the file."""
    route.fulfill(content_type="text/html", body=PORTAL)


def scripts(book: Path, path: str) -> list[str]:
    """The names of the scripts that a page loads, without their hashes."""
    return re.findall(r'<script [^>]*src="[^"]*/([\w-]+)\.[0-9a-f]{10}\.js"', (book / path).read_text("utf-8"))


def test_each_script_in_turn(browser, site, book):
    turns, missed = cycle((blocked, half, portal)), set()
    everything = [(path, name, next(turns)) for path in PAGES for name in scripts(book, path)]
    for path, name, way in {*everything, *((MODULE, "form", way) for way in (blocked, half, portal))}:
        ready = PAGES[path]
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        page.route(re.compile(rf"/{name}\.[0-9a-f]+\.js$"), way)
        page.goto(site + path)
        page.evaluate(SOME_SECONDS_LATER)
        notice = page.locator(".not-loaded").first
        expect(page.locator(ready).or_(notice).first).to_be_visible()
        if page.locator(ready).count() == 0:
            missed.add((path, name, way))
            expect(notice).to_contain_text(SAID)
            page.unroute_all()
            notice.get_by_role("link", name="Try again").click()
            page.wait_for_selector(ready)
        expect(page.locator(".not-loaded:visible")).to_have_count(0)
        context.close()
    assert missed > {(MODULE, "form", way) for way in (blocked, half, portal)}
    assert {"reflections", "record"} <= {name for _, name, _ in missed}
