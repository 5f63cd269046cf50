"""'make cohort' as people meet it: a learner signs in and is in the course, a facilitator finds what she needs, a list is pasted."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import pytest
import requests
from playwright.sync_api import Page, Response, expect

from patient_partner_mentor.curriculum import Course
from tests.cohort_running import COURSE, FACILITATOR, LEARNERS, Cohort
from tests.integration import service_asking as asking

from .conftest import Visitor
from .looking import CUT, SIDEWAYS, SMALL, axe, names_and_roles

VisitCohort = Callable[..., Page]
ASK = """async ([method, path, body]) => {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)[1];
  const answer = await fetch(path, { method, body, headers: { "Content-Type": "application/json", "X-XSRFToken": decodeURIComponent(token) } });
  return answer.status;
}"""
STATE = """async (path) => {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)[1];
  return (await fetch(path, { headers: { "X-XSRFToken": decodeURIComponent(token) } })).json();
}"""


@pytest.fixture
def cohort(trial: Cohort) -> Cohort:
    """The trial of 'make cohort'."""
    return trial


def pages_errors_are_meant(visitor: Visitor) -> None:
    """Forget what the browser says of pages that were refused on purpose."""
    visitor.errors = [said for said in visitor.errors if "the server responded with a status of 4" not in said]


def share(page: Page, cohort: Cohort, course: Course, number: int, words: str) -> None:
    """Share one answer of a module, as the course's own page would."""
    module = course.modules[number - 1]
    given = asking.sharing(module, {1: words})
    consent = '{"course": false, "quotes": false, "research": false, "seen": "0123456789abcdef"}'
    assert page.evaluate(ASK, ["PUT", f"{cohort.course_url}api/consent", consent]) == 200
    assert page.evaluate(ASK, ["POST", f"{cohort.course_url}api/share/{module.id}", given.model_dump_json()]) == 200


def test_it_says_where_it_is_and_who_may_sign_in(cohort: Cohort) -> None:
    """The address, each account with its password, and what a trial does not do."""
    assert cohort.url in cohort.said
    for account in (*LEARNERS, FACILITATOR):
        assert re.search(rf"{account} +{cohort.passwords[account]}", cohort.said)
    assert "For trial only: learners are not isolated from each other by the system." in cohort.said
    assert sorted(path.name for path in (cohort.course_folder / "release").iterdir()) == sorted(path.parent.name for path in cohort.root.glob("notebooks/*/module.yml"))
    listed = cohort.run("nbgrader", "list")
    assert listed.returncode == 0 and listed.stderr.count(f"{COURSE} ") == 8, listed.stderr


def test_what_it_keeps_is_its_owners_alone(cohort: Cohort) -> None:
    """No other account of the machine reads passwords, tokens or the store."""
    assert cohort.folder.stat().st_mode & 0o777 == 0o700
    for name in ("trial.json", "grader.sh", "hub.json", "hub.log", "hub/cookie_secret", "hub/accounts.json", "service/course.sqlite"):
        assert (cohort.folder / name).stat().st_mode & 0o077 == 0, name


def test_everything_listens_on_this_computer_only(cohort: Cohort) -> None:
    """At one port, the front door; everything else listens at sockets."""
    listening = [one.laddr.ip for part in cohort.processes().values() for one in part.net_connections("tcp") if one.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_a_learner_signs_in_and_is_in_the_course(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """With the account that signed in, and no server of the learner's own."""
    page = visit_cohort("ana")
    assert page.url == f"{cohort.course_url}book/welcome.html"
    assert page.evaluate("JSON.parse(document.getElementById('ppm-settings').textContent).account") == "ana"
    assert set(cohort.processes()) == {"cohort", "hub", "proxy", "service", "formgrader"}


CLOSED = ["services/ppm-trial/formgrader", "services/course/ppm-trial/facilitator", "services/course/ppm-trial/roster", "hub/spawn", "hub/spawn/ben", "user/ana/", "user/ben/lab", "hub/admin"]


def test_a_learner_opens_nothing_else(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """Each is refused in plain words, on a page of the course's."""
    page = visit_cohort("ben")
    for path in CLOSED:
        said: Response | None = page.goto(cohort.url + path)
        assert said is not None and said.status in (403, 404, 424), path
        words = page.locator("main").inner_text()
        assert not re.search(r"server|spawn|\b403\b|\b404\b|token|JupyterHub|scope", words, re.I), words
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_a_learner_can_start_nothing_and_make_no_token(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """The Hub's own interface refuses, with the learner's cookie and the page's token."""
    page = visit_cohort("ben")
    page.goto(f"{cohort.url}hub/home")
    for method, path, body in (("POST", "users/ben/server", "{}"), ("POST", "users/ben/tokens", "{}"), ("GET", "users", None), ("GET", "groups", None), ("GET", f"join-links?course={COURSE}", None)):
        assert page.evaluate(ASK, [method, f"/hub/api/{path}", body]) in (403, 404), path
    assert page.evaluate(ASK, ["POST", "/hub/api/join-links", f'{{"course": "{COURSE}", "accounts": ["cleo"]}}']) == 403
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_wrong_passwords_are_said_plainly_and_not_for_ever(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """What to do next; after ten of them nobody can go on guessing for a while."""
    page = visit_cohort()
    page.goto(cohort.url)
    for _ in range(10):
        page.get_by_label("Account name").fill("nobody")
        page.get_by_label("Password", exact=True).fill("guessed")
        page.get_by_role("button", name="Sign in").click()
        assert "do not go together" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("Password", exact=True).input_value() == ""
    page.get_by_label("Password", exact=True).fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    assert "Wait ten minutes" in page.get_by_role("alert").inner_text()
    page.get_by_label("Password", exact=True).fill("seen")
    page.get_by_role("button", name="Show the password").click()
    assert page.get_by_label("Password", exact=True).get_attribute("type") == "text"
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_the_hub_reads_no_large_body_of_a_stranger(cohort: Cohort) -> None:
    """It is refused by its announced length, before the rest of it was sent; and so it fills no memory."""
    where = urlparse(cohort.url)
    for length in (2_000_000, 90_000_000):
        with socket.create_connection((where.hostname, where.port), timeout=15) as stranger:
            stranger.sendall(f"POST /hub/login HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {length}\r\n\r\n".encode() + b"x" * 100_000)  # the proxy passes nothing on before
            assert b" 200 " not in stranger.recv(200)  # a Hub that takes it would wait for the rest, and say nothing yet


def test_a_facilitator_finds_the_formgrader_and_it_asks_nobody_else(cohort: Cohort, visit_cohort: VisitCohort, course: Course) -> None:
    """From sign-in to a learner's answer in nbgrader's own page: no third party is asked, and no page is framed."""
    share(visit_cohort("cleo"), cohort, course, 2, "A neighbor drove me, and I read the letter aloud.")
    page = visit_cohort(FACILITATOR)
    assert page.url == f"{cohort.course_url}facilitator"
    assert "1 learner" in page.locator("main").inner_text()
    for command in ("collect", "grade"):
        done = cohort.run("ppm", command, "--course-folder", str(cohort.course_folder))
        assert done.returncode == 0, done.stdout + done.stderr
    page.reload()
    assert "Nothing new" not in page.locator("main").inner_text()  # that it was collected opens nothing
    page.get_by_role("link", name="Read and answer").click()
    page.wait_for_url(f"{cohort.formgrader_url}/**")
    said = page.goto(f"{cohort.formgrader_url}/gradebook/{course.modules[1].name}/module")
    assert said is not None and "frame-ancestors" in (said.header_value("content-security-policy") or "")
    page.get_by_role("link", name=re.compile("Submission #1")).click()
    page.wait_for_url(f"{cohort.formgrader_url}/submissions/**")
    assert "A neighbor drove me" in page.locator("#notebook").first.inner_text()
    assert page.locator("textarea.comment").count() >= 5
    whole = page.content()
    assert not re.search(r"""(?:src|href)=["']?https?://(?!127\.0\.0\.1)(?!www\.|youtu)[^"']*\.(?:js|css)""", whole)
    assert "mathjax" not in "".join(re.findall(r"<script[^>]*src=[^>]*>", whole)).lower()
    assert page.locator("iframe").count() == 0
    visitor: Visitor = visit_cohort.visitors[-1]
    assert not visitor.foreign
    visitor.errors.clear()  # stock pages are not ours to mend


def paste(page: Page, cohort: Cohort, lines: str) -> None:
    """Paste a list on the roster's page, and have it looked at."""
    page.goto(f"{cohort.course_url}roster")
    page.get_by_label("A list of learners").fill(lines)
    page.get_by_role("button", name="Look at the list").click()


def test_a_list_with_a_bad_line_does_nothing(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """The line is named by its number, the list stays in the box, and nobody was added."""
    page = visit_cohort(FACILITATOR)
    paste(page, cohort, "Gil Example <gil@example.org>\n\nHana <hana@example.org> <hana@example.net>\ngil.example")
    said = page.get_by_role("alert").inner_text()
    assert "Line 3:" in said and "Line 4:" in said and "Nothing was done" in said
    assert page.get_by_label("A list of learners").input_value().startswith("Gil Example")
    assert "gil.example" not in page.locator("h2:has-text('In the course now') + ul").inner_text()
    assert page.get_by_role("button", name=re.compile("^Add")).count() == 0
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_a_list_becomes_learners_with_join_links(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """What was understood comes first; then accounts, gradebook and slips; a link is used once and opens the course."""
    page = visit_cohort(FACILITATOR)
    paste(page, cohort, f"Name, E-mail\nDora <script>alert(1)</script>, dora@example.org\nemil\n{FACILITATOR}\nana\n")
    table = page.locator(".roster-table")
    assert "dora" in table.inner_text() and "Is in the course already" in table.locator("tr", has_text="ana").last.inner_text()
    assert requests.get(f"{cohort.url}hub/join", timeout=30).status_code == 404
    page.get_by_role("button", name="Add these 4 people").click()
    body = page.locator("main").inner_text()
    assert "They are in the gradebook too." in body
    assert re.search(rf"facilitators of this course.*: {FACILITATOR}", body) and re.search(r"have an account already.*: ana", body)
    links = page.locator(".slip-link").all_inner_texts()
    assert len(links) == 2 and all(re.fullmatch(rf"{cohort.url}hub/join\?key=[\w-]{{32}}", link) for link in links)
    students = cohort.run("nbgrader", "db", "student", "list")
    assert "emil" in students.stdout + students.stderr and "dora" in students.stdout + students.stderr
    join_and_be_in(cohort, visit_cohort, links[1], "emil")
    again = visit_cohort()
    again.goto(links[1])
    assert "no longer of use" in again.get_by_role("alert").inner_text()
    page.goto(f"{cohort.course_url}roster")
    assert "emil · has joined" in page.locator("main").inner_text()
    page.get_by_role("button", name=re.compile("Make a new link|Make new links")).click()
    newer = page.locator(".slip-link").first.inner_text()
    assert newer not in links
    again.goto(links[0])
    assert "no longer of use" in again.get_by_role("alert").inner_text()
    assert "join?key=[secret]" in cohort.log() and not any(link.rsplit("=", 1)[1] in cohort.log() for link in (*links, newer))
    pages_errors_are_meant(visit_cohort.visitors[2])


def join_and_be_in(cohort: Cohort, visit_cohort: VisitCohort, link: str, account: str) -> None:
    """Open a join link as its learner does; weak passwords are turned down with what would do."""
    page = visit_cohort()
    page.goto(link)
    assert page.get_by_label("Your account name").input_value() == account
    page.get_by_label("Your password").fill("aaaaaaaaaaaa")
    page.get_by_role("button", name="Join the course").click()
    assert "easy to guess" in page.get_by_role("alert").inner_text()
    page.get_by_label("Your password").fill("blue boats and bread")
    page.get_by_role("button", name="Join the course").click()
    page.wait_for_url(f"{cohort.course_url}book/welcome.html")
    assert page.evaluate("JSON.parse(document.getElementById('ppm-settings').textContent).account") == account
    pages_errors_are_meant(visit_cohort.visitors[-1])


def test_a_lost_password_is_the_operators_to_renew(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """With one command; the old password ends, and the page is the same that a first link leads to."""
    page = visit_cohort(FACILITATOR)
    paste(page, cohort, "noor")
    page.get_by_role("button", name="Add this person").click()
    link = page.locator(".slip-link").inner_text()
    join_and_be_in(cohort, visit_cohort, link, "noor")
    start = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(cohort.root), "cohort", "--port", str(cohort.port), "--folder", str(cohort.folder), "--new-link"]
    done = subprocess.run([*start, "noor"], capture_output=True, text=True, timeout=120, check=True)
    again = visit_cohort()
    again.goto(cohort.url)
    again.get_by_label("Account name").fill("noor")
    again.get_by_label("Password", exact=True).fill("blue boats and bread")
    again.get_by_role("button", name="Sign in").click()
    again.get_by_role("alert").wait_for()
    pages_errors_are_meant(visit_cohort.visitors[-1])
    join_and_be_in(cohort, visit_cohort, done.stdout.strip(), "noor")
    unknown = subprocess.run([*start, "nobody"], capture_output=True, text=True, timeout=120, check=False)
    assert unknown.returncode == 1 and "knows no account" in unknown.stderr


def test_a_new_link_is_told_to_its_learner(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """On her own page, with who made it; she ends it with one button, and finds where to change her password."""
    desk = visit_cohort(FACILITATOR)
    paste(desk, cohort, "pia")
    desk.get_by_role("button", name="Add this person").click()
    join_and_be_in(cohort, visit_cohort, desk.locator(".slip-link").inner_text(), "pia")
    page = visit_cohort.visitors[-1].context.pages[-1]
    desk.goto(f"{cohort.course_url}roster")
    desk.get_by_role("button", name="New link for pia").press("Enter")
    expect(desk.get_by_text("Here is a new link for pia.")).to_be_visible()
    link = desk.locator(".slip-link").inner_text()
    page.reload()
    expect(page.locator(".new-link")).to_contain_text(f"{FACILITATOR} made a new link to your account.")
    page.get_by_role("link", name="See what that means").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A new link to your account")
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 760})
        assert page.evaluate(SIDEWAYS) <= 0
        assert not axe(page)
    page.get_by_role("button", name="I did not ask for this").click()
    page.wait_for_url(f"{cohort.course_url}book/welcome.html")
    page.wait_for_selector("html[data-link=ready]")
    expect(page.locator(".new-link")).to_have_count(0)
    page.get_by_role("link", name="Change my password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Change my password")
    over = visit_cohort()
    over.goto(link)
    expect(over.get_by_role("alert")).to_contain_text("This link is no longer of use.")
    pages_errors_are_meant(visit_cohort.visitors[-1])


def test_a_list_for_nbgrader_is_a_file(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """And a form of another site's, without the page's own token, does nothing."""
    page = visit_cohort(FACILITATOR)
    page.goto(f"{cohort.course_url}roster")
    token = page.locator("input[name=_xsrf]").first.input_value()
    page.goto(f"{cohort.course_url}roster")
    ask = "async ([path, data]) => { const said = await fetch(path, { method: 'POST', body: new URLSearchParams(data) }); return [said.status, await said.text()]; }"
    status, content = page.evaluate(ask, [f"{cohort.course_url}roster", {"_xsrf": token, "do": "csv", "list": "Kim Example <kim@example.org>"}])
    assert (status, content) == (200, "id,first_name,last_name,email\r\nkim.example,Kim,Example,kim@example.org\r\n")
    for forged in ({}, {"_xsrf": "forged"}):
        status, _ = page.evaluate(ask, [f"{cohort.course_url}roster", forged | {"do": "add", "list": "forged"}])
        assert status == 403
    page.goto(f"{cohort.course_url}roster")
    assert "forged" not in page.locator("main").inner_text()
    pages_errors_are_meant(visit_cohort.visitors[0])


def look_at(state: str, page: Page) -> list[str]:
    """What is not right with a page: axe-core in light and dark at both widths, language, parts, names, targets, words cut off, help."""
    faults = axe(page) + names_and_roles(page)
    page.set_viewport_size({"width": 375, "height": 800})
    faults += page.evaluate(SMALL) + page.evaluate(CUT)
    if page.evaluate(SIDEWAYS) > 0:
        faults.append("the page is wider than the screen")
    if page.locator("html").get_attribute("lang") != "en" or page.get_by_role("main").count() != 1 or page.locator("h1").count() != 1:
        faults.append("no language, or not one main part with one heading")
    if "988" not in page.locator(".help-box").inner_text():
        faults.append("no help box")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    return [f"{state}: {fault}" for fault in faults]


def test_the_pages_before_signing_in_are_accessible(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """Sign-in, sign-in that did not go through, and a link that is over."""
    page = visit_cohort()
    page.goto(cohort.url)
    faults = look_at("sign-in", page)
    page.get_by_label("Account name").fill("cleo")
    page.get_by_label("Password", exact=True).fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    faults += look_at("sign-in again", page)
    page.goto(f"{cohort.url}hub/join?key=over")
    faults += look_at("a link that is over", page)
    assert not faults, "\n".join(faults)
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_the_hubs_pages_for_learners_are_accessible(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """The Hub's home, what is closed to them, and what is not there."""
    page = visit_cohort("ana")
    faults = []
    for path in ("hub/home", "hub/spawn", "hub/nothing"):
        page.goto(cohort.url + path)
        faults += look_at(path, page)
    assert not faults, "\n".join(faults)
    pages_errors_are_meant(visit_cohort.visitors[0])


def test_the_facilitators_pages_and_joining_are_accessible(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """From the start through the roster to the page that a join link leads to."""
    page = visit_cohort(FACILITATOR)
    faults = look_at("start", page)
    page.goto(f"{cohort.course_url}roster")
    faults += look_at("roster", page)
    paste(page, cohort, "mia\nmia")
    faults += look_at("roster with a bad line", page)
    paste(page, cohort, "Mia Example <mia@example.org>")
    faults += look_at("roster understood", page)
    page.get_by_role("button", name="Add this person").click()
    faults += look_at("roster added", page)
    joining = visit_cohort()
    joining.goto(page.locator(".slip-link").inner_text())
    faults += look_at("join", joining)
    joining.locator("#password_input").evaluate("(box) => box.removeAttribute('minlength')")
    joining.get_by_label("Your password").fill("short")
    joining.get_by_role("button", name="Join the course").click()
    assert "characters" in joining.get_by_role("alert").inner_text()
    faults += look_at("join again", joining)
    assert not faults, "\n".join(faults)
    for visitor in visit_cohort.visitors:
        pages_errors_are_meant(visitor)


def test_a_service_that_was_killed_comes_back_with_everything(cohort: Cohort, visit_cohort: VisitCohort, course: Course) -> None:
    """Meanwhile a page in plain words; afterwards what was shared is there."""
    page = visit_cohort("ben")
    share(page, cohort, course, 3, "The nurse asked twice, and waited.")
    cohort.kill("service")
    page.goto(f"{cohort.course_url}book/welcome.html")
    if page.locator("h1").inner_text() == "The course is away for a moment":  # else the Hub was quicker
        assert page.get_by_role("button", name="Load the page again").is_visible()
    cohort.back("service")
    page.goto(f"{cohort.course_url}book/welcome.html")
    state: Any = page.evaluate(STATE, f"{cohort.course_url}api/state")
    assert state["modules"]
    visit_cohort.visitors[0].errors.clear()


def test_a_second_one_in_its_place_says_what_to_do(cohort: Cohort, tmp_path: Any) -> None:
    """The same folder, or a port that is taken: one sentence, and nothing has changed."""
    start = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(cohort.root), "cohort", "--port"]
    done = subprocess.run([*start, "0", "--folder", str(cohort.folder)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "runs already" in done.stderr and "Traceback" not in done.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*start, str(port), "--folder", str(tmp_path / "other")], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and f"ppm cohort --port {port + 1}" in done.stderr and "Traceback" not in done.stderr
    assert cohort.healthy()


@pytest.mark.parametrize("part", ["hub", pytest.param("cohort", marks=pytest.mark.soak)])
def test_whatever_is_killed_no_process_is_left_and_nothing_is_lost(cohort: Cohort, visit_cohort: VisitCohort, part: str) -> None:
    """A Hub without its program, or a program without its Hub: the rest ends by itself, and starts again as it was."""
    before = cohort.passwords
    cohort.kill(part)
    cohort.stop()
    assert cohort.left_over() == []
    cohort.start()
    assert cohort.passwords == before
    page = visit_cohort("cleo")
    state: Any = page.evaluate(STATE, f"{cohort.course_url}api/state")
    assert state["modules"]


def test_ctrl_c_ends_it_soon_and_a_second_run_finds_everything(cohort: Cohort, visit_cohort: VisitCohort) -> None:
    """Accounts, passwords, who joined, what was shared and collected."""
    cohort.stop()
    assert cohort.process is not None and cohort.process.returncode == 0
    assert "Stopping" in cohort.said
    cohort.start()
    page = visit_cohort("ana")
    assert page.url == f"{cohort.course_url}book/welcome.html"
    desk = visit_cohort(FACILITATOR)
    desk.goto(f"{cohort.course_url}roster")
    assert "ana · has joined" in desk.locator("main").inner_text()
