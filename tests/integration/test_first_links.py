"""Whoever runs a course is let in by the operator's hand: a learner's account that a course's link opened does not become a facilitator's."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import requests

from patient_partner_mentor.hub.accounts import Accounts
from tests.configured_hub import PASSWORD, ConfiguredHub, COURSE
from tests.hub_running import stop


def signed_in(hub: ConfiguredHub, account: str, password: str) -> tuple[int, requests.Session]:
    """What the Hub says to a name and a password, with the browser's session."""
    session = requests.Session()
    session.get(f"{hub.url}hub/login", timeout=30)
    form = {"username": account, "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
    return session.post(f"{hub.url}hub/login", data=form, timeout=30, allow_redirects=False).status_code, session


def named(hub: ConfiguredHub, **people: list[str]) -> None:
    """Name people in the Hub's settings, and start it again."""
    path = hub.folder / "hub.json"
    whole = json.loads(path.read_text("utf-8"))
    whole["courses"][COURSE] |= people
    path.write_text(json.dumps(whole), "utf-8")
    if hub.process:
        stop(hub.process)
    hub.start()


def links(hub: ConfiguredHub) -> dict[str, str]:
    """The first links, of which nobody else may know."""
    path = hub.folder / "state" / "first-links.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return dict(line.split(" ") for line in path.read_text("utf-8").splitlines())


def test_a_password_by_a_courses_link_ends_when_its_account_facilitates(tmp_path: Path) -> None:
    """So does the browser that is signed in with it; a new facilitator comes in by a link that the operator hands over."""
    hub = ConfiguredHub(tmp_path / "hub", {}, "")
    accounts = Accounts(hub.folder / "state" / "accounts.json")
    accounts.join(accounts.make_links(["zoe"], 14, "ppm-other")["zoe"], PASSWORD)
    try:
        named(hub, learners=["ana", "zoe"])
        assert not (hub.folder / "state" / "first-links.txt").exists()
        status, squatter = signed_in(hub, "zoe", PASSWORD)
        assert status == 302 and squatter.get(f"{hub.course_url}book/welcome.html", timeout=30).status_code == 200
        named(hub, facilitators=["fay", "zoe", "gus"])
        assert signed_in(hub, "zoe", PASSWORD)[0] == 403
        assert "hub/login" in squatter.get(f"{hub.course_url}facilitator", timeout=30).url
        assert signed_in(hub, "fay", PASSWORD)[0] == 302  # by the operator's hand
        first = links(hub)
        assert set(first) == {"gus", "zoe"}
        log = (hub.folder / "hub.log").read_text("utf-8")
        assert "passwords were ended: zoe" in log and "first-links.txt" in log and not any(link.partition("key=")[2] in log for link in first.values())
        with requests.Session() as gus:
            gus.get(first["gus"], timeout=30)
            form = {"key": first["gus"].partition("key=")[2], "password": PASSWORD, "_xsrf": gus.cookies.get("_xsrf", path="/hub/")}
            gus.post(first["gus"].partition("?")[0], data=form, timeout=30).raise_for_status()
            assert gus.get(f"{hub.course_url}facilitator", timeout=30).status_code == 200
        named(hub)
        assert links(hub) == {"zoe": first["zoe"]}  # a link that nobody used stays as it was
        assert signed_in(hub, "gus", PASSWORD)[0] == 302
    finally:
        hub.close()
