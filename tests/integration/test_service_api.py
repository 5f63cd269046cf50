"""The course service's face for learners, on a real Hub: what is saved, shared, taken back, answered, copied, erased."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.reflections import read_answer, read_journal
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

Shares = Callable[..., str]


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


def test_a_journal_comes_back_as_it_was_written(hub: Hub, module: Module, ana: str) -> None:
    """Save two steps and the next step, read them as a journal; every character survives."""
    first = asking.answer(module, 1, "Ünïcode 🌻, \u0000 and </script>")
    assert asking.save(hub, ana, first).json()["answer"] == first.model_dump(mode="json")
    asking.save(hub, ana, asking.answer(module, 2, "Two"))
    journal = read_journal(hub.ask(ana, "GET", f"{COURSE}/api/journal/{module.id}").json()["journal"])
    assert journal.answer(module.step(1).id) == first
    assert list(hub.ask(ana, "GET", f"{COURSE}/api/journal").json()["journals"]) == [module.id]
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal/{module.id}").headers["Cache-Control"] == "no-store"
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal/shared-decision-making-x").status_code == 400


def test_two_devices_lose_nothing(hub: Hub, module: Module, ana: str) -> None:
    """A second writer that had not seen the first overtakes it, and the first one's words stay beside."""
    here, there = asking.answer(module, 1, "From the phone", "phone"), asking.answer(module, 1, "From the desk", "desk")
    asking.save(hub, ana, here)
    kept = read_answer(asking.save(hub, ana, there).json()["answer"])
    assert (kept.text, [one.text for one in kept.overtaken]) == ("From the desk", ["From the phone"])
    assert kept.revision.count > here.revision.count
    seen = kept.revision.model_dump()
    later = asking.answer(module, 1, "Seen and changed", "phone", times=3)
    after = read_answer(asking.save(hub, ana, later, seen).json()["answer"])
    assert (after.text, after.revision.count) == ("Seen and changed", 3)


def test_the_same_save_again_changes_nothing(hub: Hub, module: Module, ana: str) -> None:
    """A request that is sent twice, as browsers do, is one."""
    one = asking.answer(module, 1, "Once")
    assert asking.save(hub, ana, one).json() == asking.save(hub, ana, one).json()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a | {"step": "patient-partner"},
        lambda a: a | {"module": "no-module"},
        lambda a: a | {"course": "another"},
        lambda a: a | {"text": 7},
        lambda a: a | {"schema_version": 99},
        lambda a: [a],
        lambda a: None,
    ],
)
def test_what_is_no_answer_here_is_not_kept(hub: Hub, module: Module, ana: str, spoil: Callable) -> None:
    """Address and answer have to agree, and the answer has to be one."""
    one = asking.answer(module, 1, "Words").model_dump(mode="json")
    said = hub.ask(ana, "PUT", f"{COURSE}/api/journal/{module.id}/{module.step(1).id}", json={"answer": spoil(one), "seen": None})
    assert said.status_code == 400
    assert set(said.json()) == {"message", "reason"}
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal").json() == {"journals": {}}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 9_000, b'{"answer": ' * 900])
def test_broken_json_is_said_in_a_sentence(hub: Hub, module: Module, ana: str, body: bytes) -> None:
    """Cut off, not UTF-8, or nested without end."""
    for method, path in (("PUT", f"journal/{module.id}/{module.step(1).id}"), ("POST", f"share/{module.id}"), ("PUT", f"comments/{module.id}/x")):
        said = hub.ask(ana, method, f"{COURSE}/api/{path}", data=body)
        assert (said.status_code, said.json()["reason"]) == (400, "damaged")


def test_sharing_waits_for_the_consent_page(hub: Hub, module: Module, ana: str) -> None:
    """Nothing is shared before it was seen; agreeing to nothing is enough."""
    given = asking.sharing(module, {1: "Words"})
    said = asking.share(hub, ana, given, agree=False)
    assert (said.status_code, said.json()["reason"]) == (409, "consent")
    assert hub.ask(ana, "GET", f"{COURSE}/api/state").json()["consent"] is None
    assert asking.share(hub, ana, given).status_code == 200


def test_consents_change_and_stay_on_record(hub: Hub, ana: str) -> None:
    """The newest counts; the copy has every one with its time."""
    for quotes in (False, True, True, False):
        said = hub.ask(ana, "PUT", f"{COURSE}/api/consent", json={"course": True, "quotes": quotes, "research": False, "seen": asking.SEEN})
        assert said.json()["consent"]["quotes"] is quotes
    assert [one["quotes"] for one in hub.ask(ana, "GET", f"{COURSE}/api/copy").json()["consents"]] == [False, True, False]
    assert {"user": ana, "quotes": False}.items() <= next(one for one in hub.ask("fay", "GET", f"exchange/{COURSE}/consents").json() if one["user"] == ana).items()
    assert hub.ask(ana, "PUT", f"{COURSE}/api/consent", json={"course": 1, "quotes": False, "research": False, "seen": asking.SEEN}).status_code == 400


def test_a_receipt_is_the_same_every_time(hub: Hub, module: Module, ana: str) -> None:
    """The same hand-in again is the same; the same id with other words is refused; a new one stands beside the old."""
    given = asking.sharing(module, {1: "Shared", 2: "Kept"}, shared=[1])
    receipt = asking.share(hub, ana, given).json()
    assert receipt == asking.share(hub, ana, given).json()
    assert (receipt["id"], receipt["module"], receipt["shared"], receipt["kept"]) == (given.id, module.id, [module.step(1).id], [module.step(2).id])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", receipt["time"])
    other = asking.share(hub, ana, asking.sharing(module, {1: "Other words"}, id=given.id))
    assert (other.status_code, other.json()["reason"]) == (409, "other-words")
    asking.share(hub, ana, asking.sharing(module, {1: "Newer"})).raise_for_status()
    history = hub.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}?history=yes").json()
    assert len([one for one in history if one["user"] == ana]) == 2
    state = hub.ask(ana, "GET", f"{COURSE}/api/state").json()
    assert state["modules"][module.id]["shared"]["answers"][0] == {"step": module.step(1).id, "status": "written", "share": True}
    assert state["reading_days"] == 5


def test_taking_back_drops_the_words_at_once(hub: Hub, module: Module, ana: str) -> None:
    """Whoever fetched before is said; afterwards nobody can, and the same hand-in does not come in again by itself."""
    given = asking.sharing(module, {1: f"Canary of {ana}"})
    asking.share(hub, ana, given).raise_for_status()
    where = f"exchange/{COURSE}/submissions/{module.name}/{ana}/{given.id}"
    assert hub.ask(ana, "GET", where).status_code == 200
    assert hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]["shared"]["read"] is False
    assert hub.ask("fay", "GET", where).status_code == 200
    shared = hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]["shared"]
    assert shared["read"] is False  # a copy lies there, and nobody need have looked at it
    opened = f"exchange/{COURSE}/opened/{module.name}/{ana}"
    time = {"time": shared["time"].replace("T", " ").replace("Z", " UTC")}
    assert hub.ask(ana, "PUT", opened, params=time).status_code == 403
    assert hub.ask("fay", "PUT", opened, params={"time": "2020-01-01 00:00:00 UTC"}).status_code == 404
    assert hub.ask("fay", "PUT", opened, params=time).status_code == 200
    assert hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]["shared"]["read"] is True
    page = f'<p>Canary of {ana}</p><script type="application/json" id="ppm-comments">{json.dumps({"comments": [{"step": module.steps[0].id, "comment": "Thank you"}]})}</script>'
    feedback = f"exchange/{COURSE}/feedback/{module.name}/{ana}/{given.id}"
    assert hub.ask("fay", "PUT", feedback, data=page.encode()).status_code == 200
    assert _in_files(hub, f"Canary of {ana}")
    said = hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").json()
    assert (said["taken_back"], said["read"], said["scrubbed"]) == (True, True, True)
    assert [one["kind"] for one in said["left"]] == ["collected", "backups"]
    assert not _in_files(hub, f"Canary of {ana}")
    assert hub.ask("fay", "GET", where).status_code == hub.ask("fay", "GET", feedback).status_code == 404
    refused = hub.ask("fay", "PUT", feedback, data=page.encode())  # from a folder that has not collected since
    assert (refused.status_code, refused.json()["reason"]) == (409, "took-back")
    assert [one["comment"] for one in hub.ask(ana, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"]] == ["Thank you"]
    assert ana not in [one["user"] for one in hub.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}").json()]
    assert asking.share(hub, ana, given).json()["reason"] == "taken-back"
    assert hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").status_code == 404
    state = hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]
    assert state["shared"] is None and state["taken_back"]
    assert not _in_files(hub, f"Canary of {ana}")


def test_quotas_are_kept(hub: Hub, course: Course, ana: str) -> None:
    """Too large, and too often in a day; each with a reason and a sentence."""
    module = course.modules[4]
    large = asking.answer(module, 1, "x")
    body = {"answer": large.model_dump(mode="json") | {"more": "x" * 4_100_000}, "seen": None}
    said = hub.ask(ana, "PUT", f"{COURSE}/api/journal/{module.id}/{large.step}", json=body)
    assert (said.status_code, said.json()["reason"]) == (413, "too-large")
    said = hub.ask(ana, "POST", f"{COURSE}/api/share/{module.id}", data=b"x" * 1_000_001)
    assert (said.status_code, said.json()["reason"]) == (413, "too-large")
    codes = [asking.share(hub, ana, asking.sharing(module, {1: f"Words {number}"})).status_code for number in range(32)]
    assert codes == [200] * 30 + [429] * 2


def _deliver(hub: Hub, module: Module, user: str, id: str, comments: dict[str, str]) -> None:
    data = {"comments": [{"step": step, "comment": words} for step, words in comments.items()]}
    page = f'<p>Page</p><script type="application/json" id="ppm-comments">{json.dumps(data)}</script>'
    hub.ask("fay", "PUT", f"exchange/{COURSE}/feedback/{module.name}/{user}/{id}", data=page.encode()).raise_for_status()


def test_comments_are_new_until_read_and_can_be_answered(hub: Hub, module: Module, ana: str) -> None:
    """A facilitator's page brings them; releasing again keeps what was read, unless the words have changed."""
    given, step, other = asking.sharing(module, {1: "Words"}), module.step(1).id, module.step(2).id
    asking.share(hub, ana, given).raise_for_status()
    _deliver(hub, module, ana, given.id, {step: "Thank <you>", other: "Two"})
    state = hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]
    assert (state["comments"], state["new"]) == (2, 2)
    where = f"{COURSE}/api/comments/{module.id}"
    hub.ask(ana, "PUT", f"{where}/{step}", json={"read": True}).raise_for_status()
    said = hub.ask(ana, "PUT", f"{where}/{step}", json={"reply": "please-call-me"}).json()["comments"]
    assert [(one["step"], one["comment"], one["new"], one["reply"]) for one in said] == [(step, "Thank <you>", False, "please-call-me"), (other, "Two", True, None)]
    assert {"user": ana, "step": step, "reply": "please-call-me"}.items() <= next(one for one in hub.ask("fay", "GET", f"exchange/{COURSE}/replies").json() if one["user"] == ana).items()
    _deliver(hub, module, ana, given.id, {step: "Thank <you>"})
    assert [(one["step"], one["new"]) for one in hub.ask(ana, "GET", where).json()["comments"]] == [(step, False)]
    _deliver(hub, module, ana, given.id, {step: "Changed"})
    assert hub.ask(ana, "GET", where).json()["comments"][0]["new"] is True
    assert hub.ask(ana, "PUT", f"{where}/{step}", json={"reply": "shout"}).status_code == 400
    assert hub.ask(ana, "PUT", f"{where}/{other}", json={"read": True}).status_code == 404


@pytest.mark.parametrize("asks", ["learner", "facilitator"])
def test_erase_reaches_everything_that_the_service_holds(hub: Hub, module: Module, ana: str, asks: str) -> None:
    """A copy first; then nothing is left in any table or live file, counts apart, and what is left elsewhere is said."""
    canary = f"Canary {ana} sings"
    asking.save(hub, ana, asking.answer(module, 1, canary)).raise_for_status()
    given = asking.sharing(module, {1: canary})
    asking.share(hub, ana, given).raise_for_status()
    hub.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}/{ana}/{given.id}").raise_for_status()
    _deliver(hub, module, ana, given.id, {module.step(1).id: canary})
    copied = hub.ask(ana, "GET", f"{COURSE}/api/copy")
    assert copied.text.count(canary) == 3
    assert "attachment" in copied.headers["Content-Disposition"]
    assert hub.ask(ana, "POST", f"{COURSE}/api/erase", json={}).json()["reason"] == "sure"
    assert _in_files(hub, canary)
    said = hub.ask(ana, "POST", f"{COURSE}/api/erase", json={"sure": True}) if asks == "learner" else hub.ask("fay", "POST", f"exchange/{COURSE}/erase/{ana}")
    report = said.json()
    assert report["removed"] == {"feedback": 1, "answers": 1, "comments": 1, "consents": 1, "credits": 0, "hand_ins": 1, "kept_copies": 0, "wishes": 0}
    assert [one["kind"] for one in report["left"]] == ["collected", "backups"]
    assert report["scrubbed"] is True
    empty = hub.ask(ana, "GET", f"{COURSE}/api/copy").json()
    assert [empty[kind] for kind in ("journals", "shared", "comments", "consents")] == [{}, [], [], []]
    assert not _in_files(hub, canary)


def test_pages_know_whose_they_are(hub: Hub, ana: str) -> None:
    """The four markers are filled in; nothing of it is kept by a browser; the policy is the book's, as a header."""
    page = hub.ask(ana, "GET", f"{COURSE}/book/welcome.html")
    found = json.loads(re.search(r'id="ppm-settings">(.*?)</script>', page.text)[1])
    home = f"{hub.prefix}{COURSE}/"
    assert found == {"account": ana, "api": f"{home}api/", "home": f"{home}book/welcome.html", "leave": f"{hub.prefix}leave"}
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; script-src 'self'; style-src 'self'; frame-ancestors 'none'"
    assert (page.headers["X-Frame-Options"], page.headers["X-Content-Type-Options"], page.headers["Cache-Control"]) == ("DENY", "nosniff", "no-store")


def test_errors_are_pages_in_the_courses_look(hub: Hub, ana: str) -> None:
    """In the book's own frame for whoever is in the course, and a small page with its style for whoever is not."""
    missing = hub.ask(ana, "GET", f"{COURSE}/book/nothing.html")
    assert missing.status_code == 404
    assert f'href="{hub.prefix}{COURSE}/book/help.html">Help of {ana}' in missing.text
    assert '<p role="alert">There is nothing at this address.' in missing.text
    stranger = hub.ask("nemo", "GET", f"{COURSE}/book/nothing.html")
    assert stranger.status_code == 403
    assert '<html lang="en">' in stranger.text and "_static/course.0123456789.css" in stranger.text and "Help of" not in stranger.text
    assert "There is no course for your account yet" in hub.ask("nemo", "GET", "").text


def test_what_is_open_and_what_is_not(hub: Hub, ana: str) -> None:
    """Styles need no sign-in; a script's request without one is refused and not led away; there is no offline copy."""
    style = hub.ask(None, "GET", f"{COURSE}/_static/course.0123456789.css")
    assert (style.status_code, style.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert hub.ask(None, "GET", "no-course/_static/course.0123456789.css").status_code == 302
    assert hub.ask(None, "GET", f"{COURSE}/book/welcome.html", headers={"Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert hub.ask(None, "GET", f"{COURSE}/book/welcome.html").status_code == 302
    assert hub.ask(ana, "GET", f"{COURSE}/sw.js").status_code == 404


def test_a_browser_signs_in_writes_and_leaves(hub: Hub, module: Module, ana: str) -> None:
    """With the Hub's cookie and the page's own token, through the proxy; without the token a cookie changes nothing."""
    browser = hub.sign_in(ana)
    page = browser.get(hub.course_url)
    assert page.url == f"{hub.course_url}{COURSE}/book/welcome.html"
    one = asking.answer(module, 1, "In a browser")
    where = f"{hub.course_url}{COURSE}/api/journal/{module.id}/{one.step}"
    body = {"answer": one.model_dump(mode="json"), "seen": None}
    assert browser.put(where, json=body).status_code == 403
    token = browser.cookies.get("_xsrf", path=hub.prefix)
    assert browser.put(where, json=body, headers={"X-XSRFToken": token}).status_code == 200
    asked = browser.get(f"{hub.course_url}leave")  # nothing says that a page of ours asks, so the person is
    assert asked.url == f"{hub.course_url}leave" and 'method="post"' in asked.text
    assert browser.get(hub.course_url).url.endswith("welcome.html")
    assert browser.get(f"{hub.course_url}leave", headers={"Sec-Fetch-Site": "same-origin"}).url == f"{hub.url}hub/login"
    assert browser.get(f"{hub.course_url}{COURSE}/api/journal").status_code == 403


def test_logs_name_nobody(hub: Hub, module: Module, ana: str) -> None:
    """Method, part, status and time: no account, address, question or word."""
    asking.save(hub, ana, asking.answer(module, 1, "A secret word"))
    hub.ask(ana, "GET", f"{COURSE}/api/state?secret=query")
    log = (hub.folder / "service.log").read_text("utf-8")
    assert "PUT Step 200" in log
    for secret in ("A secret word", "query", module.step(1).id, f" {ana} ", hub.token(ana)):
        assert secret not in log


def _in_files(hub: Hub, words: str) -> bool:
    """Whether words stand in any live file of the store."""
    return any(words.encode() in path.read_bytes() for path in Path(hub.folder, "store").iterdir() if path.is_file())


def test_a_page_of_somebody_else_is_not_served(hub: Hub, module: Module, ana: str, ben: str) -> None:
    """A page says whose it is. When another account is signed in by now, nothing is read, saved, shared or erased."""
    one = asking.answer(module, 1, "Words of a page that stayed open")
    mine = {"X-PPM-Account": ana}
    calls = [
        ("GET", "journal", None),
        ("GET", "state", None),
        ("PUT", f"journal/{module.id}/{one.step}", {"answer": one.model_dump(mode="json"), "seen": None}),
        ("POST", f"share/{module.id}", asking.sharing(module, {1: "Words"}).model_dump(mode="json")),
        ("PUT", "consent", {"course": True, "quotes": True, "research": True, "seen": asking.SEEN}),
        ("POST", "erase", {"sure": True}),
    ]
    for method, path, body in calls:
        said = hub.ask(ben, method, f"{COURSE}/api/{path}", json=body, headers=mine)
        assert (said.status_code, said.json()["reason"]) == (403, "other-account"), path
        assert ana not in said.text
    assert hub.ask(ben, "GET", f"{COURSE}/api/journal").json() == {"journals": {}}
    assert hub.ask(ben, "GET", f"{COURSE}/api/consent").json() == {"consent": None}
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal", headers=mine).status_code == 200


def test_what_is_shared_comes_back_word_for_word(hub: Hub, module: Module, ana: str, ben: str) -> None:
    """The newest hand-in, for its own learner; nothing once it was taken back, and nothing of anybody else's."""
    where = f"{COURSE}/api/share/{module.id}"
    assert hub.ask(ana, "GET", where).json() == {"shared": None}
    asking.share(hub, ana, asking.sharing(module, {1: "First"})).raise_for_status()
    given = asking.sharing(module, {1: "Second", 2: "Kept"}, shared=[1])
    asking.share(hub, ana, given).raise_for_status()
    found = hub.ask(ana, "GET", where).json()["shared"]
    assert (found["id"], found["kind"], found["read"]) == (given.id, "shared", False)
    assert found["hand_in"] == given.model_dump(mode="json", exclude_none=True)
    assert hub.ask(ben, "GET", where).json() == {"shared": None}
    hub.ask(ana, "DELETE", where).raise_for_status()
    assert hub.ask(ana, "GET", where).json() == {"shared": None}


def test_the_terms_are_the_settings_in_sentences(hub: Hub, ana: str) -> None:
    """Who, how soon, limits, choice, how long, whom to ask; and a mark of exactly these words."""
    state = hub.ask(ana, "GET", f"{COURSE}/api/state").json()
    told = "\n".join(line for section in state["terms"]["sections"] for line in section["lines"])
    for words in ("Fay reads what you share.", "within 5 days", "in danger", "the law asks", "changes nothing in your care", "90 days", "365 days", "fay@example.org"):
        assert words in told
    assert state["terms"] == hub.ask(ana, "GET", f"{COURSE}/api/state").json()["terms"]
