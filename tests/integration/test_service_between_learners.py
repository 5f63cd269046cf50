"""Nobody reaches what is another's: as another learner, of another course, without a token, under a forged name or path."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Iterator
from urllib.parse import urlparse

import pytest

from patient_partner_mentor.archives import packed
from patient_partner_mentor.curriculum import Course, Module
from tests.hub_running import COURSE, OTHER, Hub
from tests.integration import service_asking as asking
from tests.made_archives import archive

FILES = packed({"module.ipynb": b"{}"})


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    """A module that one learner has shared, with feedback on it."""
    return course.modules[5]


@pytest.fixture(scope="module")
def shared(hub: Hub, module: Module) -> Iterator[tuple[str, str]]:
    """The learner whose things are tried for, and the id of the hand-in."""
    owner = hub.new_learner()
    given = asking.sharing(module, {1: "Not for others"})
    asking.save(hub, owner, asking.answer(module, 1, "Not for others"))
    asking.share(hub, owner, given).raise_for_status()
    page = b'<p>Not for others</p><script type="application/json" id="ppm-comments">{"comments": []}</script>'
    hub.ask("fay", "PUT", f"exchange/{COURSE}/feedback/{module.name}/{owner}/{given.id}", data=page).raise_for_status()
    yield owner, given.id
    assert hub.ask(owner, "GET", f"{COURSE}/api/copy").json()["shared"][0]["hand_in"]["answers"][0]["text"] == "Not for others"


ATTEMPTS = [  # what somebody tries; {u} and {i} are the owner and the hand-in, {a} the assignment, {m} the module
    ("read the hand-in", "GET", f"exchange/{COURSE}/submissions/{{a}}/{{u}}/{{i}}", None),
    ("replace it", "PUT", f"exchange/{COURSE}/submissions/{{a}}/{{u}}/{{i}}", FILES),
    ("delete it", "DELETE", f"exchange/{COURSE}/submissions/{{a}}/{{u}}/{{i}}", None),
    ("fetch the feedback", "GET", f"exchange/{COURSE}/feedback/{{a}}/{{u}}/{{i}}", None),
    ("write feedback", "PUT", f"exchange/{COURSE}/feedback/{{a}}/{{u}}/{{i}}", b"<p>forged</p>"),
    ("release", "PUT", f"exchange/{COURSE}/assignments/forged", FILES),
    ("take in", "DELETE", f"exchange/{COURSE}/assignments/{{a}}", None),
    ("erase", "POST", f"exchange/{COURSE}/erase/{{u}}", b"{}"),
    ("list replies", "GET", f"exchange/{COURSE}/replies", None),
    ("list consents", "GET", f"exchange/{COURSE}/consents", None),
    ("read by a path", "GET", f"exchange/{COURSE}/submissions/{{a}}/x%2F..%2F{{u}}/{{i}}", None),
    ("read by dots", "GET", f"exchange/{COURSE}/submissions/{{a}}/../{{a}}/{{u}}/{{i}}", None),
]
OF_MEMBERS = [  # what a member may do, and nobody else
    ("list", "GET", f"exchange/{COURSE}/submissions/{{a}}", None),
    ("list assignments", "GET", f"exchange/{COURSE}/assignments", None),
    ("submit", "POST", f"exchange/{COURSE}/submissions/{{a}}", FILES),
    ("journal", "GET", f"{COURSE}/api/journal", None),
    ("state", "GET", f"{COURSE}/api/state", None),
    ("copy", "GET", f"{COURSE}/api/copy", None),
    ("erase own", "POST", f"{COURSE}/api/erase", b'{"sure": true}'),
    ("take back", "DELETE", f"{COURSE}/api/share/{{m}}", None),
    ("comments", "GET", f"{COURSE}/api/comments/{{m}}", None),
    ("withdraw a wish", "DELETE", f"{COURSE}/api/wishes/{{m}}/x/other-way", None),
    ("ask again", "PUT", f"{COURSE}/api/wishes/{{m}}/x/other-way", None),
    ("page", "GET", f"{COURSE}/book/welcome.html", None),
]


def _try(hub: Hub, who: str | None, method: str, path: str, body: bytes | None, shared: tuple[str, str], module: Module, headers: dict[str, str] | None = None) -> int:
    owner, id = shared
    return hub.ask(who, method, path.format(u=owner, i=id, a=module.name, m=module.id), data=body, headers=headers or {}).status_code


@pytest.mark.parametrize(("method", "path", "body"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
@pytest.mark.parametrize("who", ["ben", "cleo", "gus", OTHER, "nemo", None, "forged"])
def test_others_are_refused(hub: Hub, shared: tuple[str, str], module: Module, who: str | None, method: str, path: str, body: bytes | None) -> None:
    """Learners, other courses' people, strangers, nobody, and a token that is none."""
    headers = {"Authorization": "token 0123456789abcdef0123456789abcdef"} if who == "forged" else {}
    assert _try(hub, None if who == "forged" else who, method, path, body, shared, module, headers) in (403, 404)


@pytest.mark.parametrize(("method", "path", "body"), [row[1:] for row in OF_MEMBERS], ids=[row[0] for row in OF_MEMBERS])
@pytest.mark.parametrize("who", ["cleo", "gus", OTHER, "nemo", None])
def test_whoever_is_not_in_the_course_gets_nothing(hub: Hub, shared: tuple[str, str], module: Module, who: str | None, method: str, path: str, body: bytes | None) -> None:
    """People of another course, strangers and nobody; a browser that nobody is signed in at goes to the Hub."""
    assert _try(hub, who, method, path, body, shared, module) in (403, 302 if who is None else 403)


def test_a_learner_lists_and_submits_for_herself_only(hub: Hub, shared: tuple[str, str], module: Module) -> None:
    """Whatever name or time is written into the request or the files, the service's own count."""
    owner, _ = shared
    ben = hub.new_learner()
    forged = packed({"module.ipynb": b"{}", "timestamp.txt": b"2001-01-01 00:00:00.000000 UTC", "submission_secret.txt": owner.encode()})
    for more in ({}, {"params": {"user": owner, "student": owner}}, {"headers": {"X-Forwarded-User": owner, "JUPYTERHUB_USER": owner}}):
        receipt = hub.ask(ben, "POST", f"exchange/{COURSE}/submissions/{module.name}", data=forged, **more).json()
        assert receipt["user"] == ben
        assert receipt["time"] > "2026"
    assert {one["user"] for one in hub.ask(ben, "GET", f"exchange/{COURSE}/submissions/{module.name}?history=yes").json()} == {ben}
    assert {one["user"] for one in hub.ask(ben, "GET", f"exchange/{COURSE}/submissions").json()} == {ben}
    fetched = hub.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}/{ben}/{receipt['id']}").content
    with zipfile.ZipFile(io.BytesIO(fetched)) as archive:
        assert sorted(archive.namelist()) == ["module.ipynb", "timestamp.txt"]
        assert archive.read("timestamp.txt").decode().startswith(receipt["time"][:10])


@pytest.mark.parametrize("path", ["{c}/../../etc/passwd", "{c}/book/../../hub.json", "{c}/book/..%2f..%2fhub.json", "{c}/_static/..%2f..%2fhub.json", "{c}/%2e%2e/x", "exchange/{c}/assignments/..%2f..%2fx", "exchange/..%2fx/assignments", "{c}/book/%00.html"])
def test_no_path_leads_out(hub: Hub, ana: str, path: str) -> None:
    """Encoded or not: no file but the book's own."""
    where = urlparse(hub.service_url)
    with socket.create_connection((where.hostname, where.port)) as line:  # an HTTP library would tidy the path up
        request = f"GET {hub.prefix}{path.format(c=COURSE)} HTTP/1.1\r\nHost: x\r\nAuthorization: token {hub.token(ana)}\r\nConnection: close\r\n\r\n"
        line.sendall(request.encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.split(b" ")[1] in (b"400", b"403", b"404"), answer[:300]
    assert b"proxy" not in answer


def test_a_cookie_opens_nothing_of_nbgraders(hub: Hub, ana: str) -> None:
    """The exchange takes tokens only, so that no page can use it through somebody's browser."""
    browser = hub.sign_in(ana)
    assert browser.get(f"{hub.course_url}{COURSE}/book/welcome.html").status_code == 200
    assert browser.get(f"{hub.course_url}exchange/courses").status_code == 403


def test_two_accounts_in_one_browser_stay_apart(hub: Hub, module: Module, ana: str, ben: str) -> None:
    """After signing out and in as another, pages and journal are the other's; the first one's page token is worth nothing."""
    browser = hub.sign_in(ana)
    browser.get(hub.course_url)
    old = browser.cookies.get("_xsrf", path=hub.prefix)
    asking.save(hub, ana, asking.answer(module, 1, "The first one's"))
    browser.get(f"{hub.course_url}leave", headers={"Sec-Fetch-Site": "same-origin"})
    again = hub.sign_in(ben)
    browser.cookies.update(again.cookies)
    assert f'"account": "{ben}"' in browser.get(f"{hub.course_url}{COURSE}/book/welcome.html").text
    assert browser.get(f"{hub.course_url}{COURSE}/api/journal").json() == {"journals": {}}
    one = asking.answer(module, 1, "Meant for the first")
    where = f"{hub.course_url}{COURSE}/api/journal/{module.id}/{one.step}"
    assert browser.put(where, json={"answer": one.model_dump(mode="json"), "seen": None}, headers={"X-XSRFToken": old}).status_code == 403
    assert hub.ask(ben, "GET", f"{COURSE}/api/journal").json() == {"journals": {}}


def test_an_archive_that_is_not_plain_is_refused(hub: Hub, module: Module, ana: str) -> None:
    """Links, ways out, too many files, too much unpacked, no archive: nothing of it is kept."""

    link = zipfile.ZipInfo("module.ipynb")
    link.external_attr = 0o120777 << 16
    bad = [
        archive((link, b"/etc/passwd")),
        *[archive((name, b"x")) for name in ("../x", "/x", "a/../../x", "a\\..\\x", "C:x", "a//x", " ", "a/.", "x\x01", "n" * 200)],
        archive(*[(f"f{number}", b"") for number in range(201)]),
        archive(("x", b"\0" * 21_000_000)),
        archive(("A", b"1"), ("a", b"2")),
        *[archive((name, b"x")) for name in ("Timestamp.txt", "timestamp.txt/x", "CON")],
        archive(("x", b"words" * 99), method=zipfile.ZIP_LZMA),
        archive(("x", b"words" * 99), method=zipfile.ZIP_LZMA)[:60] + b"broken" + archive(("x", b"words" * 99), method=zipfile.ZIP_LZMA)[66:],
        archive(("a", b"1"), ("a/b", b"2")),
        b"no archive",
        b"",
    ]
    for data in bad:
        said = hub.ask(ana, "POST", f"exchange/{COURSE}/submissions/{module.name}", data=data)
        assert (said.status_code, said.json()["reason"]) == (400, "damaged")
    assert hub.ask(ana, "GET", f"exchange/{COURSE}/submissions").json() == []
