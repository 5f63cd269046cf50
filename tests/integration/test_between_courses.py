"""Two courses of one Hub: what the facilitators of one can do to the people of the other, with their token and their pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import requests

from patient_partner_mentor.hub.accounts import Accounts
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub

OTHER = "ppm-b"
TOKENS = {COURSE: "a" * 64, OTHER: "b" * 64}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredHub]:
    """A Hub of two courses: Fay's with Ana and Ben, and Gus's with Cleo, who has not joined yet."""
    folder = tmp_path_factory.mktemp("two")
    courses = {
        COURSE: {"folder": str(folder / "course"), "learners": ["ana", "ben"], "facilitators": ["fay"], "token": TOKENS[COURSE]},
        OTHER: {"folder": str(folder / "course"), "learners": ["ana", "cleo"], "facilitators": ["gus"], "token": TOKENS[OTHER]},
    }
    hub = ConfiguredHub(folder, {"courses": courses}, "")
    service = json.loads((folder / "service.json").read_text("utf-8"))
    service["courses"][OTHER] = service["courses"][COURSE] | {"title": "The other course", "readers": ["Gus"]}
    (folder / "service.json").write_text(json.dumps(service), "utf-8")
    Accounts(folder / "state" / "accounts.json").set_password("gus", PASSWORD)
    try:
        hub.start()
        yield hub
    finally:
        hub.close()


def ask(hub: ConfiguredHub, method: str, path: str, data: Any = None) -> requests.Response:
    """Ask the Hub with the token of the first course's grader."""
    return requests.request(method, f"{hub.hub_api}/{path}", headers={"Authorization": f"token {TOKENS[COURSE]}"}, json=data, timeout=30)


def test_a_graders_token_reads_its_own_course(two: ConfiguredHub) -> None:
    """Which is what nbgrader asks for; it is a facilitator at the course service."""
    assert [one["name"] for one in ask(two, "GET", "groups").json()] == [f"nbgrader-{COURSE}"]
    assert set(ask(two, "GET", f"groups/nbgrader-{COURSE}").json()["users"]) >= {"ana", "ben"}
    wishes = requests.get(f"{two.url}services/course/exchange/{COURSE}/replies", headers={"Authorization": f"token {TOKENS[COURSE]}"}, timeout=30)
    assert wishes.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("GET", "users", None),
        ("GET", "users/ana", None),  # which would say what other courses she is in
        ("GET", "users/gus", None),
        ("GET", f"groups/nbgrader-{OTHER}", None),
        ("GET", f"groups/formgrade-{OTHER}", None),
        ("GET", f"groups/formgrade-{COURSE}", None),
        ("POST", f"groups/nbgrader-{COURSE}/users", {"users": ["gus"]}),
        ("POST", f"groups/nbgrader-{OTHER}/users", {"users": ["ben"]}),
        ("POST", f"groups/formgrade-{COURSE}/users", {"users": ["ben"]}),
        ("DELETE", f"groups/nbgrader-{COURSE}/users", {"users": ["ana"]}),
        ("PUT", f"groups/nbgrader-{COURSE}/properties", {}),
        ("POST", "users/gus/tokens", {}),
        ("POST", "join-links", {"course": COURSE, "accounts": ["cleo"]}),
    ],
)
def test_a_graders_token_reaches_nobody_else(two: ConfiguredHub, method: str, path: str, data: Any) -> None:
    """Nobody's groups can be read with it, and nobody is put anywhere."""
    assert ask(two, method, path, data).status_code in (403, 404)


class Desk:
    """A facilitator at the roster page of a course."""

    def __init__(self, hub: ConfiguredHub, account: str, course: str) -> None:
        self.hub, self.session = hub, requests.Session()
        self.address = f"{hub.url}services/course/{course}/roster"
        self.session.get(f"{hub.url}hub/login", timeout=30)
        form = {"username": account, "password": PASSWORD, "_xsrf": self.session.cookies.get("_xsrf", path="/hub/")}
        self.session.post(f"{hub.url}hub/login", data=form, timeout=30).raise_for_status()

    def send(self, do: str, pasted: str = "") -> str:
        """The answer to a button of the page."""
        page = self.session.get(self.address, timeout=30)
        token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert page.status_code == 200 and token
        said = self.session.post(self.address, data={"_xsrf": unescape(token[1]), "do": do, "list": pasted}, timeout=60)
        assert said.status_code == 200, said.text
        return unescape(said.text)

    def links(self, do: str, pasted: str = "") -> dict[str, str]:
        """The join links of the slips on the answer, by account."""
        found = re.findall(r'class="slip-link">([^<]+)</p>\s*<p>[^<]*<strong>([^<]+)', self.send(do, pasted))
        return {account: link for link, account in found}


def opens(link: str) -> bool:
    """Whether a join link still asks for a password."""
    return requests.get(link, timeout=30).status_code == 200


def join(link: str, password: str) -> None:
    """Choose a password by a join link."""
    with requests.Session() as session:
        session.get(link, timeout=30)
        form = {"key": link.partition("key=")[2], "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
        session.post(link.partition("?")[0], data=form, timeout=30).raise_for_status()


@pytest.mark.parametrize("named_by", ["page", "settings"])
def test_the_course_that_invited_somebody_keeps_the_invitation(two: ConfiguredHub, named_by: str) -> None:
    """Another course that adds them ends no link, gets none and is told so; the first one still makes new ones."""
    fay, gus = Desk(two, "fay", COURSE), Desk(two, "gus", OTHER)
    account = {"page": "zoe", "settings": "cleo"}[named_by]
    first = gus.links("add", account)[account] if named_by == "page" else ""
    said = fay.send("add", f"{account}\nyan")
    assert f"Another course invited these people first. They come in with the link they got there, or with a new one from that course: {account}" in said
    assert "The other course" not in said and said.count("join?key=") == 1
    assert not first or opens(first)
    assert account not in fay.links("links")
    second = gus.links("links")[account]
    assert opens(second) and not (first and opens(first))
    join(second, PASSWORD)
    assert Accounts(two.folder / "state" / "accounts.json").came_by(account) == OTHER
    said = fay.send("add", account)
    assert "sign in with it as before" in said and "invited these people" not in said
