"""A learner's own server on a Hub: the apps with a journal in the learner's own folder, and nobody else's way in."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.hub_running import Hub, running_hub, until

ROOT = Path(__file__).parents[2]
MODULE = "notebooks/1-patient-partner/module.html"
BOX = "#step-2 .reflection textarea"
CONFIG = """
c.Spawner.cmd = [{python!r}, "-m", "patient_partner_mentor.cli", "--root", {root!r}, "learner"]
c.Spawner.http_timeout = 60
c.SimpleLocalProcessSpawner.home_dir_template = {home!r} + "/{{username}}"
"""


@pytest.fixture(scope="module")
def hub(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub that gives learners servers of their own; ana's runs."""
    folder = tmp_path_factory.mktemp("own")
    more = CONFIG.format(python=sys.executable, root=str(ROOT), home=str(folder / "homes"))
    with running_hub(folder, more=more) as running:
        token = {"Authorization": f"token {running.token('ana')}"}
        requests.post(f"{running.hub_api}/users/ana/server", headers=token, timeout=60).raise_for_status()
        until(lambda: requests.get(f"{running.hub_api}/users/ana", headers=token, timeout=30).json()["servers"].get("", {}).get("ready"), "ana's server")
        yield running


def signed_in(browser: Browser, hub: Hub, user: str) -> Page:
    """A browser of somebody who has signed in at the Hub."""
    context = browser.new_context(service_workers="block")
    context.request.get(f"{hub.url}hub/login")
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "_xsrf" and cookie["path"] == "/hub/")
    said = context.request.post(f"{hub.url}hub/login", form={"username": user, "password": "trial", "_xsrf": token}, max_redirects=0)
    assert said.status == 302
    return context.new_page()


def test_the_owner_writes_and_finds_it_in_a_journal_of_her_own(browser: Browser, hub: Hub):
    page = signed_in(browser, hub, "ana")
    broken = []
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    page.goto(f"{hub.url}user/ana/apps/{MODULE}")
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("Written on my own server.")
    expect(page.locator("#step-2 .form-status")).to_have_text("Saved.")
    journal = hub.folder / "homes/ana/.local/share/patient-partner-mentor/journal/patient-partner.json"
    assert [one["text"] for one in json.loads(journal.read_text("utf-8"))["answers"]] == ["Written on my own server."]
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    page.get_by_role("link", name="Read this module in the book").click()
    page.wait_for_selector("html[data-forms=ready]")
    assert json.loads(page.locator("#ppm-settings").inner_text())["account"] == "ana"
    expect(page.locator(BOX)).to_have_value("Written on my own server.")
    expect(page.locator(".app-link a").first).to_have_attribute("href", f"../../../apps/{MODULE}")
    assert broken == []
    page.context.close()


def test_nobody_else_gets_in(browser: Browser, hub: Hub):
    page = signed_in(browser, hub, "ben")
    for place in (f"apps/{MODULE}", f"course/{MODULE}", "apps/notebooks/apps/portfolio.html"):
        answer = page.goto(f"{hub.url}user/ana/{place}")
        assert answer.status in (403, 404), place
        assert "Written on my own server." not in page.content()
    for headers in ({}, {"Authorization": f"token {hub.token('ben')}"}, {"Authorization": f"token {hub.token('ana')}"}):
        there = requests.get(f"{hub.url}user/ana/apps/{MODULE}", headers=headers | {"Sec-Fetch-Mode": "cors"}, allow_redirects=False, timeout=30)
        assert there.status_code == 403
    page.context.close()


@pytest.mark.parametrize("path", ["api/contents/", "api/kernels", "api/terminals", "files/.bashrc", "lab", "tree", "voila/render/x.md", "apps/..%2f..%2f.bashrc", "course/..%2f..%2f.bashrc", "course/sw.js"])
def test_the_server_has_the_course_and_nothing_else(browser: Browser, hub: Hub, path: str):
    page = signed_in(browser, hub, "ana")
    assert page.goto(f"{hub.url}user/ana/{path}").status in (403, 404)
    page.context.close()
