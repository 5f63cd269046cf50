"""Passwords of the course's own, on a Hub as an operator sets it up: changing one, and losing it."""

from __future__ import annotations

import os
import re
import subprocess
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
    """A Hub with passwords of its own, whose state has a small disk of its own where one can be mounted."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "state").mkdir(mode=0o700)
    mounted = os.geteuid() == 0 and not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(folder / "state")], check=False, capture_output=True).returncode
    try:
        with configured_hub(folder, {"admins": ["fay"]}) as running:
            yield running
    finally:
        if mounted:
            subprocess.run(["umount", str(folder / "state")], check=True)


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


AWAY = "The list of accounts cannot be read at the moment."


def said_since(hub: ConfiguredHub, begin: int, what: str) -> list[str]:
    """What the Hub's log says of the accounts' file since then; it holds no traceback."""
    log = (hub.folder / "hub.log").read_text("utf-8")[begin:]
    assert "Traceback" not in log, log
    return [line for line in log.splitlines() if f"accounts.json, {what}" in line]


def roster(hub: ConfiguredHub, fay: requests.Session, person: str = "") -> requests.Response:
    """Look at the roster, or add somebody."""
    page = fay.get(f"{hub.course_url}roster", timeout=30)
    if not person or page.status_code != 200:
        return page
    return fay.post(f"{hub.course_url}roster", data={"_xsrf": hidden(page.text, "_xsrf"), "do": "add", "list": person}, timeout=60)


def delete(hub: ConfiguredHub, fay: requests.Session, account: str) -> requests.Response:
    """Delete an account as the Hub's page for operators does."""
    token = next(one.value for one in fay.cookies if one.name == "_xsrf" and one.path == "/hub/")
    return fay.delete(f"{hub.hub_api}/users/{account}", headers={"X-XSRFToken": token}, timeout=30)


@pytest.mark.parametrize("damage", [b'{"passwords": {"ana": "00', b"[]", None], ids=["half written", "of another shape", "a folder in its place"])
def test_accounts_that_cannot_be_read_are_said_to_everybody(own: ConfiguredHub, damage: bytes | None) -> None:
    """At joining, signing in, changing a password, the roster and deleting; the file is not written over, and all works when it is back."""
    fay, path = sign_in(own, "fay"), own.folder / "state" / "accounts.json"
    link = re.search(r"http[^<]+join\?key=[^<]+", unescape(roster(own, fay, "rosa").text))[0]
    adding = {"_xsrf": hidden(roster(own, fay).text, "_xsrf"), "do": "add", "list": "otto"}
    whole, begin = path.read_bytes(), (own.folder / "hub.log").stat().st_size
    page = requests.Session().get(link, timeout=30)
    path.unlink()
    path.write_bytes(damage) if damage is not None else path.mkdir()
    try:
        browser = requests.Session()
        form = {"_xsrf": hidden(browser.get(f"{own.url}hub/login", timeout=30).text, "_xsrf")}
        asked = [
            requests.get(link, timeout=30),
            browser.post(f"{own.url}hub/join", data=form | {"key": hidden(page.text, "key"), "password": NEW}, timeout=30),
            browser.post(f"{own.url}hub/login", data=form | {"username": "fay", "password": PASSWORD}, timeout=30),
            change(own, fay, PASSWORD, NEW),
        ]
        for said in asked:
            assert said.status_code == 503 and AWAY in said.text and str(path) not in said.text
        for said in (roster(own, fay), fay.post(f"{own.course_url}roster", data=adding, timeout=60)):
            assert said.status_code == 503 and "The list of accounts cannot be read or changed" in said.text
        deleted = delete(own, fay, "rosa")
        assert deleted.status_code == 503 and deleted.json()["message"].startswith(AWAY)
        assert path.is_dir() if damage is None else path.read_bytes() == damage
        assert len(said_since(own, begin, "cannot be read")) <= 1 and said_since(own, 0, "cannot be read")  # once a minute, for all of them
    finally:
        path.rmdir() if damage is None else path.unlink()
        path.write_bytes(whole)
        path.chmod(0o600)
    assert not list(path.parent.glob(".accounts*"))
    assert "otto" not in roster(own, fay).text and "rosa" in roster(own, fay).text
    assert join(own, link, NEW).url.startswith(own.course_url)
    assert delete(own, fay, "rosa").status_code == 204


def test_joining_and_all_else_on_a_full_disk(own: ConfiguredHub) -> None:
    """Each is a sentence, loses nothing and leaves no draft; with room again the same link works."""
    path = own.folder / "state" / "accounts.json"
    if not path.parent.is_mount():
        pytest.skip("mounting a small disk needs root")
    fay = sign_in(own, "fay")
    link = re.search(r"http[^<]+join\?key=[^<]+", unescape(roster(own, fay, "nina").text))[0]
    whole, begin = path.read_bytes(), (own.folder / "hub.log").stat().st_size
    with (path.parent / "filling").open("wb", buffering=0) as filling, pytest.raises(OSError, match="No space left"):
        while True:
            filling.write(bytes(4096))
    try:
        joined = join(own, link, NEW)
        assert joined.status_code == 503 and "Your link still works." in joined.text and "key=" not in joined.url
        changed = change(own, fay, PASSWORD, NEW)
        assert changed.status_code == 503 and "The old one still works." in changed.text
        added = roster(own, fay, "otto")
        assert added.status_code == 503 and "The list of accounts cannot be read or changed" in added.text
        assert delete(own, fay, "nina").status_code == 503
        assert path.read_bytes() == whole
        assert len(said_since(own, begin, "cannot be written (No space left on device)")) == 1
    finally:
        (path.parent / "filling").unlink()
    assert sorted(one.name for one in path.parent.iterdir() if "accounts" in one.name) == ["accounts.json", "accounts.json.lock"]
    assert join(own, link, NEW).url.startswith(own.course_url)
    assert "otto" not in roster(own, fay).text
    assert delete(own, fay, "nina").status_code == 204


def renew(hub: ConfiguredHub, fay: requests.Session, account: str) -> requests.Response:
    """Press "New link" beside a learner on the roster."""
    return fay.post(f"{hub.course_url}roster", data={"_xsrf": hidden(roster(hub, fay).text, "_xsrf"), "do": "renew", "account": account}, timeout=60)


def told(hub: ConfiguredHub, browser: requests.Session) -> dict | None:
    """What a page of the learner's asks the Hub."""
    return browser.get(f"{hub.url}hub/new-link", headers={"Accept": "application/json"}, timeout=30).json()["link"]


def decided(hub: ConfiguredHub, browser: requests.Session) -> None:
    """Press the one button of the page about the link."""
    page = browser.get(f"{hub.url}hub/new-link", timeout=30)
    browser.post(f"{hub.url}hub/new-link", data={"_xsrf": hidden(page.text, "_xsrf")}, timeout=30).raise_for_status()


def test_a_new_link_for_a_forgotten_password(own: ConfiguredHub) -> None:
    """The old password works until the link is used; the learner is told by whom and when, and ends one that she never asked for."""
    fay = sign_in(own, "fay")
    accounts = Accounts(own.folder / "state" / "accounts.json")
    roster(own, fay, "quin")
    accounts.set_password("quin", PASSWORD)
    quin = sign_in(own, "quin")
    assert told(own, quin) is None and "There is no new link" in quin.get(f"{own.url}hub/new-link", timeout=30).text
    link = re.search(r"http[^<]+join\?key=[^<]+", unescape(renew(own, fay, "quin").text))[0]
    found = told(own, quin)
    assert found and found["by"] == "fay" and found["made"] and not found["used"]
    page = quin.get(f"{own.url}hub/new-link", timeout=30).text
    assert "fay made a new link to your account on" in page and "key=" not in page
    decided(own, quin)
    assert told(own, quin) is None and join(own, link, NEW).status_code == 404
    first = re.search(r"http[^<]+join\?key=[^<]+", unescape(renew(own, fay, "quin").text))[0]
    second = re.search(r"http[^<]+join\?key=[^<]+", unescape(renew(own, fay, "quin").text))[0]
    assert join(own, first, NEW).status_code == 404, "another one ends the one before"
    assert sign_in(own, "quin").get(f"{own.course_url}book/welcome.html", timeout=30).status_code == 200
    hers = join(own, second, NEW)
    assert hers.url.startswith(own.course_url)
    assert "hub/login" in quin.get(f"{own.url}hub/new-link", timeout=30).url, "every sign-in with the old password has ended"
    again = sign_in(own, "quin", NEW)
    found = told(own, again)
    assert found and found["by"] == "fay" and found["used"]
    page = again.get(f"{own.url}hub/new-link", timeout=30).text
    assert "to choose a new password." in page and "That was me" in page
    decided(own, again)
    assert told(own, again) is None
    assert join(own, second, PASSWORD).status_code == 404


def test_a_new_link_is_for_the_courses_own_learners(own: ConfiguredHub) -> None:
    """Not for a facilitator or operator, for nobody outside, and not for whoever another course invited; the Hub itself sees to it."""
    fay = sign_in(own, "fay")
    for account in ("fay", "nobody", "../ana", ""):
        said = renew(own, fay, account)
        assert said.status_code in (400, 403, 404, 422) or "There is no new link" in said.text, (account, said.status_code)
        assert "key=" not in said.text
    accounts = Accounts(own.folder / "state" / "accounts.json")
    roster(own, fay, "rene")
    accounts.set_password("rene", PASSWORD)
    rene = sign_in(own, "rene")
    assert rene.get(f"{own.course_url}roster", timeout=30).status_code == 403
    token = next(one.value for one in rene.cookies if one.name == "_xsrf" and one.path == "/hub/")
    asked = rene.post(f"{own.hub_api}/join-links", json={"course": COURSE, "renew": "quin", "by": "rene"}, headers={"X-XSRFToken": token}, timeout=30)
    assert asked.status_code == 403
    assert accounts.renew("nora", 3, COURSE, "fay") is None, "whoever has no password gets a first link"
    accounts.set_password("nora", PASSWORD)
    assert accounts.renew("nora", 0, COURSE, "fay") and accounts.renewed("nora") is None, "a link that is over is no news"
    assert accounts.renew("nora", 3, COURSE, "fay") and accounts.renewed("nora")
    accounts.change_password("nora", NEW)
    assert accounts.renewed("nora") is None, "a new password ends it"
