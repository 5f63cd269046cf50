"""A Hub behind nginx with TLS and a path prefix, as the deploy guide shows it: links, cookies, origins, websockets, in and out."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.configured_hub import OWN_SERVERS, PASSWORD, ConfiguredHub, configured_hub
from tests.hub_running import free_port
from tests.nginx_running import GROUP, certificate, nginx

PREFIX = "/with/us/"
BOX = "#step-2 .reflection textarea"
# As on any Hub with servers for learners, but each as the account of the tests; and with a certificate that nobody else knows.
MORE = OWN_SERVERS + """
c.Spawner.environment["SSL_CERT_FILE"] = {cert!r}
"""


@pytest.fixture(scope="module")
def hub(book: Path) -> Iterator[ConfiguredHub]:  # noqa: ARG001 - the learners' servers show it
    """The Hub, in a folder that nginx's account can walk through to its socket."""
    folder = Path(tempfile.mkdtemp(prefix="ppm-tls-"))
    folder.chmod(0o755)
    port = free_port()
    cert = certificate(folder)
    settings = {
        "url": f"http://127.0.0.1:{free_port()}{PREFIX}",  # where nobody listens: the socket takes its place
        "public_url": f"https://127.0.0.1:{port}{PREFIX}",
        "front_group": GROUP,
        "sockets": str(folder / "sockets"),
        "servers": "apps",
    }
    more = MORE.format(homes=str(folder / "homes"), cert=str(cert))
    try:
        with nginx(folder, port, free_port(), PREFIX, folder / "sockets"), configured_hub(folder / "hub", settings, more, trusted=cert) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser; that it knows nobody who signed the certificate is the one thing that it may not mind."""
    context = browser.new_context(ignore_https_errors=True, service_workers="block")
    context.set_default_timeout(60_000)
    yield context
    context.close()


def kept(context: BrowserContext) -> dict[str, dict]:
    """The browser's cookies by name and path."""
    return {f"{one['name']} {one['path']}": dict(one) for one in context.cookies()}


def test_every_cookie_goes_by_tls_alone_and_leaves_with_its_owner(hub: ConfiguredHub, visitor: BrowserContext) -> None:
    """Sign in, look at all cookies, sign out; then nothing opens, and copies of the cookies neither."""
    page = visitor.new_page()
    hub.sign_in(page, "ana")
    cookies = kept(visitor)
    hubs, ours = f"{PREFIX}hub/", f"{PREFIX}services/course/"
    assert {f"jupyterhub-hub-login {hubs}", f"jupyterhub-session-id {PREFIX}", f"service-course {ours}", f"_xsrf {ours}"} <= set(cookies)
    for name, one in cookies.items():
        assert one["secure"] and one["sameSite"] == "Lax" and one["path"].startswith(PREFIX), name
        assert one["httpOnly"] == (one["name"] != "_xsrf"), name  # the pages' scripts answer with that one
    assert visitor.request.get(hub.course_url + "api/state").ok
    page.goto(f"{hub.url}services/course/leave")
    page.wait_for_url(f"{hub.url}hub/login**")
    assert not {"jupyterhub-hub-login", "service-course"} & {one["name"] for one in visitor.cookies()}
    copied = "; ".join(f"{one['name']}={one['value']}" for one in cookies.values() if ours.startswith(one["path"]))
    said = requests.get(hub.course_url + "api/state", headers={"Cookie": copied}, verify=hub.asked.verify, timeout=30, allow_redirects=False)
    assert said.status_code in (302, 401, 403)


def test_a_join_link_leads_to_where_people_are(hub: ConfiguredHub, visitor: BrowserContext, browser: Browser) -> None:
    """The link on the slip is the public address, and whoever opens it is in."""
    page = visitor.new_page()
    hub.sign_in(page, "fay")
    page.goto(f"{hub.course_url}roster")
    page.locator("textarea").fill("dora = Dora Example")
    page.locator("button[value=look]").click()
    page.locator("button[value=add]").click()
    page.wait_for_load_state()
    link = next(word for word in page.locator("main").inner_text().split() if "/join?key=" in word)
    assert link.startswith(f"{hub.url}hub/join?key=")
    invited = browser.new_context(ignore_https_errors=True, service_workers="block")
    try:
        joining = invited.new_page()
        joining.goto(link)
        joining.locator("input[type=password]").first.fill(PASSWORD)
        joining.locator("form button[type=submit]").last.click()
        joining.wait_for_url(f"{hub.url}services/course/**")
        assert all(one["secure"] for one in invited.cookies())
    finally:
        invited.close()


def test_a_learners_own_server_is_reached_with_its_websocket(hub: ConfiguredHub, visitor: BrowserContext) -> None:
    """What is typed in an app arrives, over a socket of the same address."""
    page = visitor.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda one: sockets.append(one.url))
    hub.sign_in(page, "ben")
    page.goto(f"{hub.url}user/ben/apps/notebooks/1-patient-partner/module.html")
    if page.url.startswith(f"{hub.url}hub/"):
        page.goto(f"{hub.url}hub/spawn")
        page.wait_for_url(f"{hub.url}user/ben/**", timeout=120_000)
        page.goto(f"{hub.url}user/ben/apps/notebooks/1-patient-partner/module.html")
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("Written behind TLS.")
    expect(page.locator("#step-2 .form-status")).to_have_text("Saved.")
    journal = next(hub.folder.parent.glob("homes/ben/**/patient-partner.json"))
    assert [one["text"] for one in json.loads(journal.read_text("utf-8"))["answers"]] == ["Written behind TLS."]
    assert sockets and all(one.startswith(hub.url.replace("https:", "wss:") + "user/ben/") for one in sockets)
    assert not [one["name"] + " " + one["path"] for one in visitor.cookies() if not one["secure"]]


def test_another_site_moves_nobody(hub: ConfiguredHub, visitor: BrowserContext) -> None:
    """Its link, picture or form neither signs anybody out nor opens a socket; the person is asked."""
    page: Page = visitor.new_page()
    hub.sign_in(page, "ana")
    leaving = [f"{hub.url}services/course/leave", f"{hub.url}hub/logout"]
    for address in leaving:
        page.goto("data:text/html,<a>x</a>")
        page.evaluate("(address) => { document.querySelector('a').href = address; document.querySelector('a').click(); }", address)
        page.get_by_role("heading", name="Do you want to sign out?").wait_for()
        assert urlparse(page.url).path == urlparse(address).path
        assert visitor.request.get(hub.course_url + "api/state").ok
    for address in leaving:  # without the page's own token
        page.goto("data:text/html,<form method=post>")
        page.evaluate("(address) => { document.querySelector('form').action = address; document.querySelector('form').submit(); }", address)
        page.wait_for_url(f"{address}**")
        assert visitor.request.get(hub.course_url + "api/state").ok
    page.goto(leaving[0])  # typed: that is the person
    page.wait_for_url(f"{hub.url}hub/login**")


def test_the_question_can_be_answered_without_a_script(hub: ConfiguredHub, browser: Browser) -> None:
    """By keyboard, at the course and at the Hub."""
    for address in ("services/course/leave", "hub/logout"):
        context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
        try:
            page = context.new_page()
            hub.sign_in(page, "ana")
            page.set_content(f'<a href="{hub.url}{address}">out</a>')
            page.goto("about:blank")
            page.set_content(f'<a href="{hub.url}{address}">out</a>')
            page.get_by_role("link", name="out").click()
            page.get_by_role("button", name="Sign out").focus()
            page.keyboard.press("Enter")
            page.wait_for_url(f"{hub.url}hub/login**")
            assert "jupyterhub-hub-login" not in {one["name"] for one in context.cookies()}
        finally:
            context.close()
