"""A learner is deleted at the Hub, and somebody else of the same name is added: they meet nothing of the first one's."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import requests

from patient_partner_mentor.curriculum import Course
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub, configured_hub
from tests.hub_running import until
from tests.integration import service_asking as asking

WORDS = "For my own eyes: the first Ana's nurse was kind."
SAID = "This name belonged to somebody else before. Ask your facilitator or the operator."
SCOPES = ["read:users:groups!user", "read:users:name!user", "access:services!service=course"]
MORE = """
c.JupyterHub.services.append({{"name": "operator", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{"name": "operator", "services": ["operator"], "scopes": ["tokens", "admin:users", "admin:groups"]}})
"""


class Place:
    """A Hub with its operator, who deletes and adds people as the Hub's admin page does."""

    def __init__(self, hub: ConfiguredHub, operator: str) -> None:
        self.hub, self._operator = hub, operator
        self.service = f"{hub.url}services/course/"

    def order(self, method: str, path: str, data: Any = None) -> requests.Response:
        """Have the Hub do something, as its operator."""
        said = requests.request(method, f"{self.hub.hub_api}/{path}", headers={"Authorization": f"token {self._operator}"}, json=data, timeout=30)
        said.raise_for_status()
        return said

    def again(self, account: str) -> None:
        """Delete an account at the Hub, and add one of the same name to the course."""
        self.order("DELETE", f"users/{account}")
        self.order("POST", f"users/{account}")
        self.order("POST", f"groups/nbgrader-{COURSE}/users", {"users": [account]})

    def token(self, account: str) -> str:
        """A new token of somebody's, as each sign-in gives one."""
        return str(self.order("POST", f"users/{account}/tokens", {"scopes": SCOPES}).json()["token"])

    def ask(self, token: str, method: str, path: str, data: Any = None) -> requests.Response:
        """Ask the course service with a token."""
        return requests.request(method, self.service + path, headers={"Authorization": f"token {token}"}, json=data, timeout=30)

    def signed_in(self, account: str, password: str = PASSWORD) -> tuple[int, requests.Session]:
        """What the Hub says to a name and a password, with the browser's session."""
        session = requests.Session()
        session.get(f"{self.hub.url}hub/login", timeout=30)
        form = {"username": account, "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
        return session.post(f"{self.hub.url}hub/login", data=form, timeout=30, allow_redirects=False).status_code, session


@pytest.fixture(scope="module", params=["accounts", "jupyterhub.auth.DummyAuthenticator"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One Hub with passwords of ours, and one where others look after them."""
    operator = secrets.token_hex(32)
    more = MORE.format(token=operator) + ("" if request.param == "accounts" else "c.Authenticator.allow_all = False\n")
    with configured_hub(tmp_path_factory.mktemp("persons"), {"sign_in": {"by": request.param}}, more) as hub:
        yield Place(hub, operator)


def written(place: Place, token: str, course: Course, words: str) -> requests.Response:
    """Save a private answer."""
    one = asking.answer(course.modules[0], 1, words)
    return place.ask(token, "PUT", f"{COURSE}/api/journal/{one.module}/{one.step}", {"answer": one.model_dump(mode="json"), "seen": None})


def test_a_name_that_has_words_is_nobody_elses(place: Place, course: Course) -> None:
    """Not its journal, its pages or its copy, and nothing can be written under it, until the words are erased."""
    first = place.token("ana")
    written(place, first, course, WORDS).raise_for_status()
    place.again("ana")
    second = place.token("ana")
    for method, path in (("GET", "api/journal"), ("GET", "api/copy"), ("GET", "api/state"), ("POST", "api/erase")):
        said = place.ask(second, method, f"{COURSE}/{path}", {"sure": True} if method == "POST" else None)
        assert said.status_code == 403 and said.json()["reason"] == "another-person" and SAID in said.json()["message"], path
        assert WORDS not in said.text
    assert written(place, second, course, "Mine").status_code == 403
    assert place.ask(second, "GET", f"exchange/{COURSE}/submissions/{course.modules[0].name}").status_code == 403
    until(lambda: place.ask(first, "GET", f"{COURSE}/api/journal").status_code == 403, "the first one's token to end")

    fay = place.token("fay")
    place.ask(fay, "POST", f"exchange/{COURSE}/erase/ana", {}).raise_for_status()
    assert place.ask(second, "GET", f"{COURSE}/api/journal").json()["journals"] == {}
    written(place, second, course, "Mine").raise_for_status()
    assert "Mine" in place.ask(place.token("ana"), "GET", f"{COURSE}/api/journal").text


def test_the_operator_says_that_it_is_the_same_person(place: Place, course: Course) -> None:
    """With one command; a name that nobody has is an error with names near it."""
    written(place, place.token("ben"), course, WORDS).raise_for_status()
    place.again("ben")
    back = place.token("ben")
    assert place.ask(back, "GET", f"{COURSE}/api/journal").status_code == 403
    command = [sys.executable, "-m", "patient_partner_mentor.hub.same_person", "--settings", str(place.hub.folder / "service.json")]
    wrong = subprocess.run([*command, "bem"], capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 1 and "Did you mean ben?" in wrong.stderr and "Traceback" not in wrong.stderr
    assert place.ask(back, "GET", f"{COURSE}/api/journal").status_code == 403
    subprocess.run([*command, "ben"], capture_output=True, text=True, timeout=60, check=True)
    assert WORDS in place.ask(back, "GET", f"{COURSE}/api/journal").text


def test_only_the_course_service_is_told_who_is_who(place: Place) -> None:
    """Nobody else, not even the operator's token."""
    for token in (place.token("fay"), place._operator, ""):  # noqa: SLF001 - the test's own
        said = requests.get(f"{place.hub.hub_api}/person?account=ana", headers={"Authorization": f"token {token}"}, timeout=30)
        assert said.status_code == 403


def test_a_password_ends_with_its_account(place: Place, course: Course) -> None:
    """The first one's password opens nothing; the second joins by a new link, and is told that the name was somebody else's."""
    if json.loads((place.hub.folder / "hub.json").read_text("utf-8"))["sign_in"]["by"] != "accounts":
        pytest.skip("passwords are looked after elsewhere")
    place.ask(place.token("fay"), "POST", f"exchange/{COURSE}/erase/ana", {}).raise_for_status()
    place.order("DELETE", "users/ana")  # by whichever test came before
    roster, fay = f"{place.service}{COURSE}/roster", place.signed_in("fay")[1]

    def invite() -> str:
        token = unescape(re.search(r'name="_xsrf" value="([^"]+)"', fay.get(roster, timeout=30).text)[1])  # type: ignore[index]
        return unescape(re.search(r"http[^<]+join\?key=[^<]+", fay.post(roster, data={"_xsrf": token, "do": "add", "list": "ana"}, timeout=60).text)[0])  # type: ignore[index]

    def join(link: str, password: str) -> requests.Session:
        session = requests.Session()
        session.get(link, timeout=30)
        form = {"key": link.partition("key=")[2], "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
        session.post(link.partition("?")[0], data=form, timeout=30)
        return session

    old = join(invite(), PASSWORD)
    assert old.get(f"{place.service}{COURSE}/", timeout=30).status_code == 200
    written(place, place.token("ana"), course, WORDS).raise_for_status()
    place.order("DELETE", "users/ana")
    place.order("POST", "users/ana")
    assert place.signed_in("ana")[0] == 403
    new = join(invite(), "another one entirely")
    assert place.signed_in("ana")[0] == 403
    page = new.get(f"{place.service}{COURSE}/book/welcome.html", timeout=30)
    assert page.status_code == 403 and SAID in unescape(page.text)
    until(lambda: "hub/login" in old.get(f"{place.service}{COURSE}/", timeout=30).url, "the first one's browser to be signed out")
