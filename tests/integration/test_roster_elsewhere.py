"""The roster where others look after passwords, where there is none, and its way into nbgrader's gradebook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.configured_hub import ConfiguredHub, configured_hub
from tests.hub_running import Hub


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:
    """A Hub whose sign-in is a class by name, as that of an OAuth service is."""
    with configured_hub(tmp_path_factory.mktemp("elsewhere"), {"sign_in": {"by": "jupyterhub.auth.DummyAuthenticator"}}, "c.Authenticator.allow_all = False\n") as running:
        yield running


def signed_in(hub: ConfiguredHub, account: str) -> requests.Session:
    """A browser's session."""
    session = requests.Session()
    page = session.get(f"{hub.url}hub/login", timeout=30)
    form = {"username": account, "password": "any", "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
    said = session.post(f"{hub.url}hub/login", data=form, headers={"Referer": page.url}, timeout=30, allow_redirects=False)
    session.status = said.status_code  # type: ignore[attr-defined]
    return session


def test_accounts_are_made_and_no_link(elsewhere: ConfiguredHub) -> None:
    """What is new is in the group and may sign in; a second time adds nobody twice."""
    fay = signed_in(elsewhere, "fay")
    where = f"{elsewhere.course_url}roster"
    page = fay.get(where, timeout=30)
    assert page.status_code == 200 and "others look after" in page.text
    token = unescape(re.search(r'name="_xsrf" value="([^"]+)"', page.text)[1])
    pasted = "Dora Example <dora@example.org>\nemil"
    for known in (False, True):
        looked = fay.post(where, data={"_xsrf": token, "do": "look", "list": pasted}, timeout=30).text
        assert ("Is in the course already" in looked) is known and "dora@example.org" in looked
        added = fay.post(where, data={"_xsrf": token, "do": "add", "list": pasted}, timeout=60)
        assert added.status_code == 200 and added.text.count('class="slip"') == 2
        assert f'<p class="slip-link">{elsewhere.url}</p>' in added.text and "join?key" not in added.text
        assert "nbgrader db student import roster.csv" in added.text  # this service has no gradebook to write to
    assert signed_in(elsewhere, "dora@example.org").status == 302  # type: ignore[attr-defined]
    assert signed_in(elsewhere, "stranger").status == 403  # type: ignore[attr-defined]
    emil = signed_in(elsewhere, "emil")
    assert emil.get(elsewhere.course_url, timeout=30).url.endswith("book/welcome.html")
    assert emil.get(where, timeout=30).status_code == 403


def test_a_service_that_is_not_told_of_a_roster_has_none(hub: Hub) -> None:
    """Its token may do nothing at the Hub then, and the page says whom to ask."""
    fay = hub.sign_in("fay")
    page = fay.get(f"{hub.course_url}ppm-trial/roster", timeout=30)
    assert page.status_code == 403 and "may not add people here" in unescape(page.text)
    assert fay.get(f"{hub.course_url}ppm-trial/facilitator", timeout=30).status_code == 200


def test_the_roster_is_entered_in_the_gradebook(tmp_path: Path) -> None:
    """By a program of its own; a second time changes nothing, and what is not said anew stays."""
    book = f"sqlite:///{tmp_path / 'gradebook.db'}"
    people = [{"id": "ana.example", "first_name": "Ana", "last_name": "Example", "email": "ana@example.org"}, {"id": "ben", "first_name": "", "last_name": "", "email": ""}]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "patient_partner_mentor.cohort.roster"]
    for sent, new in ((people, 2), ([{"id": "ana.example"}], 0)):
        data = json.dumps({"gradebook": book, "course": "ppm", "people": sent})
        done = subprocess.run(command, input=data, capture_output=True, text=True, env=environment, timeout=120, check=True)
        assert json.loads(done.stdout) == {"new": new}
    from nbgrader.api import Gradebook

    with Gradebook(book, "ppm") as opened:
        student = opened.find_student("ana.example")
        assert (student.first_name, student.last_name, student.email) == ("Ana", "Example", "ana@example.org")
