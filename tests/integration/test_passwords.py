"""Passwords of the course's own, on a Hub as an operator sets it up: changing one, and losing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from patient_partner_mentor.hub.accounts import Accounts
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub, configured_hub
from tests.hub_running import until

NEW = "seven geese over water"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:
    """A Hub with passwords of its own."""
    with configured_hub(tmp_path_factory.mktemp("own")) as running:
        yield running


def hidden(page: str, name: str) -> str:
    """What a form sends along."""
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def sign_in(hub: ConfiguredHub, account: str, password: str = PASSWORD) -> requests.Session:
    """A browser; whether it got in is in what it has."""
    browser = requests.Session()
    page = browser.get(f"{hub.url}hub/login", timeout=30)
    browser.post(page.url, data={"_xsrf": hidden(page.text, "_xsrf"), "username": account, "password": password}, timeout=30)
    return browser


def inside(hub: ConfiguredHub, browser: requests.Session) -> bool:
    """Whether the Hub knows who this is."""
    page = browser.get(f"{hub.url}hub/home", timeout=30)
    assert page.status_code == 200 and 'href="/hub/password"' in page.text  # on the sign-in page, too
    return page.url.endswith("/hub/home")


def in_course(hub: ConfiguredHub, browser: requests.Session) -> bool:
    """Whether the course service does, without asking the Hub's pages for another cookie."""
    return browser.get(hub.course_url, timeout=30, allow_redirects=False, headers={"Accept": "text/html"}).headers.get("Location", "").find("oauth2") < 0


def join(hub: ConfiguredHub, link: str, password: str) -> requests.Response:
    """Open a link and choose a password."""
    browser = requests.Session()
    page = browser.get(link, timeout=30)
    if page.status_code != 200:
        return page
    return browser.post(f"{hub.url}hub/join", data={"_xsrf": hidden(page.text, "_xsrf"), "key": hidden(page.text, "key"), "password": password}, timeout=30)


def change(hub: ConfiguredHub, browser: requests.Session, old: str, new: str) -> requests.Response:
    """Fill the page in."""
    page = browser.get(f"{hub.url}hub/password", timeout=30)
    return browser.post(f"{hub.url}hub/password", data={"_xsrf": hidden(page.text, "_xsrf"), "old": old, "password": new}, timeout=30)


def test_changing_a_password_signs_out_every_other_browser(own: ConfiguredHub) -> None:
    """At the Hub and at the course; a wrong old or a bad new one changes nothing."""
    here, elsewhere = sign_in(own, "ana"), sign_in(own, "ana")
    assert in_course(own, here) and in_course(own, elsewhere)
    assert 'href="/hub/password"' in sign_in(own, "fay").get(f"{own.course_url}facilitator", timeout=30).text
    wrong = change(own, here, "not my password", NEW)
    assert wrong.status_code == 400 and "not the password you use now" in wrong.text
    assert change(own, here, PASSWORD, "short").status_code == 400
    assert change(own, here, PASSWORD, "aaaaaaaaaaaa").status_code == 400
    assert inside(own, elsewhere) and inside(own, sign_in(own, "ana"))
    changed = change(own, here, PASSWORD, NEW)
    assert changed.status_code == 200 and "Your password is changed" in changed.text
    assert NEW not in changed.text and changed.headers["Cache-Control"] == "no-store"
    assert inside(own, here) and in_course(own, here)
    assert not inside(own, elsewhere)
    until(lambda: not in_course(own, elsewhere), "the course to hear of it", 20)
    assert not inside(own, sign_in(own, "ana")) and inside(own, sign_in(own, "ana", NEW))
    assert inside(own, sign_in(own, "ben"))


def test_the_page_is_for_people_who_are_signed_in_and_for_its_own_form(own: ConfiguredHub) -> None:
    """A stranger is asked to sign in; a form of another page is refused."""
    stranger = requests.get(f"{own.url}hub/password", timeout=30)
    assert "/hub/login" in stranger.url
    ben = sign_in(own, "ben")
    assert ben.post(f"{own.url}hub/password", data={"old": PASSWORD, "password": NEW}, timeout=30).status_code == 403
    assert inside(own, sign_in(own, "ben"))


def test_a_lost_password_ends_and_with_its_link_all_sign_ins(own: ConfiguredHub) -> None:
    """Whoever is signed in with the old password is out when the new one is chosen."""
    before = sign_in(own, "ben")
    assert in_course(own, before)
    accounts = Accounts(own.folder / "state" / "accounts.json")
    accounts.forget("ben")
    link = f"{own.url}hub/join?key={accounts.make_link('ben', 1)}"
    assert not inside(own, sign_in(own, "ben"))
    assert join(own, link, NEW).status_code == 200
    assert not inside(own, before)
    until(lambda: not in_course(own, before), "the course to hear of it", 20)
    assert inside(own, sign_in(own, "ben", NEW))


def test_by_whose_link_somebody_came_outlives_a_new_password(own: ConfiguredHub) -> None:
    """So that an account cannot be made to look like one that the operator let in."""
    accounts = Accounts(own.folder / "state" / "accounts.json")
    key = accounts.make_links(["ines"], 1, COURSE)["ines"]
    assert accounts.join(key, PASSWORD) == "ines"
    accounts.change_password("ines", NEW)
    assert accounts.came_by("ines") == COURSE and accounts.fits("ines", NEW) and not accounts.fits("ines", PASSWORD)
