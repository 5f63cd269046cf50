"""Two people at one browser, signing out, erasing; and the service killed, cut off or unwilling while somebody writes and shares."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from patient_partner_mentor.curriculum import Course, Module
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

from .cohort_people import MODULE, REVIEW, Person, agree, at_review, comment, form, hand_ins, leave, open_page, saved, share, sign_in, state_of, stored, write

WORDS = "Canary of the first person: my sister sits beside me at the clinic."
LATER = "Canary of later: this was typed while the course was away."


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


@pytest.fixture
def away(cohort: Hub) -> Iterator[Hub]:
    """The Hub, whose course service a test may kill; it runs again afterwards."""
    yield cohort
    if not cohort.healthy():
        cohort.start_service()


def texts(hub: Hub, name: str) -> list[str]:
    """What the service has of a person's words."""
    journals = hub.ask(name, "GET", f"{COURSE}/api/journal").json()["journals"]
    return [one["text"] for journal in journals.values() for one in journal["answers"]]


def test_two_people_at_one_browser(cohort: Hub, person: Person, learner: str):
    """The first signs out; nothing of hers is left that the course has, and the second meets none of it anywhere."""
    second = cohort.new_learner()
    page = open_page(person(learner, troubled=True, at_the_door=True), cohort, MODULE)
    write(page, 1, WORDS)
    window = open_page(page.context.new_page(), cohort, "book/my-reflections.html")
    expect(window.locator("main")).to_contain_text(WORDS)
    assert WORDS in stored(page)
    leave(page)
    expect(window.locator("h1")).to_have_text("This page was closed")
    assert WORDS not in window.content()
    assert not [words for words in (WORDS, learner, "name-myself") if words in stored(page)]
    page.go_back()  # the page before is not shown again
    page.wait_for_load_state()
    assert WORDS not in page.content()
    sign_in(page, cohort, second)
    for path in ("book/welcome.html", MODULE, REVIEW, "book/my-reflections.html", "search.html?q=Canary"):
        page.goto(f"{cohort.course_url}{COURSE}/{path}")
        page.wait_for_load_state("networkidle")
        assert WORDS not in page.content()
        assert page.locator("textarea").evaluate_all("(all) => all.every((one) => one.value === '')")
    assert texts(cohort, second) == []
    leave(page)
    sign_in(page, cohort, learner)
    expect(form(open_page(page, cohort, MODULE), 1).locator("textarea").last).to_have_value(WORDS)


def test_signing_out_from_a_page_of_an_error(cohort: Hub, person: Person, learner: str):
    """It has no scripts; the start page does it, and nothing stays in the browser."""
    page = open_page(person(learner, troubled=True), cohort, MODULE)
    write(page, 1, WORDS)
    page.goto(f"{cohort.course_url}{COURSE}/book/nothing.html")
    expect(page.locator(".account-bar")).to_contain_text(f"Signed in as {learner}")
    leave(page)
    assert WORDS not in stored(page)


def test_a_page_left_open_saves_nothing_into_the_next_account(cohort: Hub, person: Person, learner: str):
    """Somebody signs in over an open page without signing out of it: its words stay its own."""
    second = cohort.new_learner()
    page = open_page(person(learner, troubled=True), cohort, MODULE)
    write(page, 1, WORDS)
    page.context.clear_cookies()
    other = page.context.new_page()
    # where a browser lets pages keep nothing, the open page does not hear of the next one
    other.add_init_script("Object.defineProperty(Storage.prototype, 'setItem', { value: () => { throw new Error('blocked'); } })")
    sign_in(other, cohort, second)
    form(page, 1).locator("textarea").last.fill(LATER)
    expect(form(page, 1).locator(".form-status")).to_contain_text("You are signed out of the course.", timeout=20_000)
    assert texts(cohort, second) == []
    assert LATER not in " ".join(texts(cohort, learner))


def test_the_service_is_killed_while_somebody_writes(away: Hub, person: Person, learner: str):
    page = open_page(person(learner, troubled=True), away, MODULE)
    write(page, 1, WORDS)
    away.stop_service(signal.SIGKILL)
    form(page, 1).locator("textarea").last.fill(LATER)
    expect(form(page, 1).locator(".form-status")).to_contain_text("Saved on this device. We cannot reach the course right now.", timeout=20_000)
    away.start_service()
    saved(page, 1)
    assert LATER in " ".join(texts(away, learner))
    assert away.ask(learner, "GET", f"{COURSE}/api/copy").text.count(LATER) == 1


def test_the_service_is_killed_while_somebody_shares(away: Hub, person: Person, module: Module, learner: str):
    page = at_review(person(learner, troubled=True), away, learner, WORDS)
    page.route("**/api/share/*", lambda route: (away.stop_service(signal.SIGKILL), route.continue_()))
    page.locator("#share-now").click()
    expect(page.locator(".share-status")).to_contain_text("We did not hear back from the course.", timeout=30_000)
    page.unroute_all()
    page.locator("#share-now").click()
    expect(page.locator(".share-status")).to_contain_text("Please press “Share now” again in a moment.", timeout=30_000)
    away.start_service()
    share(page)
    assert len(hand_ins(away, module, learner)) == 1
    assert WORDS in page.locator(".receipt").inner_text()


def test_signed_out_while_sharing(cohort: Hub, person: Person, module: Module, learner: str):
    """The page says what to do, and after signing in again in another window the same button shares."""
    page = at_review(person(learner, troubled=True), cohort, learner, WORDS)
    page.wait_for_function("async () => (await window.ppm.everything(window.ppm.settings, true)).there.some((one) => one.share)")
    page.context.clear_cookies()
    page.locator("#share-now").click()
    expect(page.locator(".share-status")).to_contain_text("You are signed out, so nothing was shared. Your words are safe on this device.")
    assert hand_ins(cohort, module, learner) == []
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    window = opened.value
    window.locator("input[name=username]").fill(learner)
    window.locator("input[name=password]").fill("trial")
    window.locator("#login_submit").click()
    window.wait_for_selector("html[data-home=ready]")
    share(page)
    assert len(hand_ins(cohort, module, learner)) == 1


def test_too_many_for_today_is_said_and_changes_nothing(cohort: Hub, person: Person, module: Module, learner: str):
    agree(cohort, learner)
    for number in range(30):
        asking.share(cohort, learner, asking.sharing(module, {2: f"Words {number}"}), agree=False).raise_for_status()
    page = open_page(person(learner, troubled=True), cohort, MODULE)
    write(page, 1, WORDS)
    open_page(page, cohort, REVIEW)
    page.locator("#goes-name-myself").check()
    page.locator("#share-now").click()
    expect(page.locator(".share-status")).to_have_text("You have shared this module many times today. What you shared before is kept. Try again tomorrow.")
    assert len(hand_ins(cohort, module, learner)) == 30
    expect(page.locator("[data-step=name-myself] .written")).to_contain_text(WORDS)


@pytest.fixture
def small_disk(cohort: Hub, tmp_path: Path) -> Iterator[Path]:
    """The service with its store on a file system of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", str(place)], check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    before = cohort.settings_file.read_text("utf-8")
    cohort.stop_service()
    cohort.settings_file.write_text(json.dumps(json.loads(before) | {"store": f"sqlite:///{place / 'course.sqlite'}"}), "utf-8")
    try:
        cohort.start_service()
        yield place
    finally:
        cohort.stop_service()
        cohort.settings_file.write_text(before, "utf-8")
        cohort.start_service()
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_and_leaves_everything_whole(small_disk: Path, cohort: Hub, person: Person, module: Module, learner: str):
    agree(cohort, learner)
    page = open_page(person(learner, troubled=True), cohort, MODULE)
    write(page, 1, WORDS)
    review = open_page(page.context.new_page(), cohort, REVIEW)
    filling = os.open(small_disk / "filling", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(filling, bytes(4096))
    os.close(filling)
    for number in range(100):  # a log has a little room left
        said = asking.save(cohort, learner, asking.answer(module, 3, f"{number}" * 5000, f"other{number}"))
        if said.status_code != 200:
            break
    assert said.status_code == 507
    form(page, 2).locator("textarea").first.fill(LATER * 300)
    expect(form(page, 2).locator(".form-status")).to_contain_text("The course has no room left right now", timeout=20_000)
    review.locator("#goes-name-myself").check()
    review.locator("#share-now").click()
    expect(review.locator(".share-status")).to_contain_text("The course has no room left right now, so nothing was shared. Your words are safe.", timeout=20_000)
    assert hand_ins(cohort, module, learner) == []
    (small_disk / "filling").unlink()
    saved(page, 2)
    open_page(review, cohort, REVIEW)
    review.locator("#goes-name-myself").check()
    share(review)
    assert len(hand_ins(cohort, module, learner)) == 1
    assert LATER in " ".join(texts(cohort, learner))


def test_signing_out_warns_of_words_that_the_course_has_not(away: Hub, person: Person, learner: str):
    page = open_page(person(learner, troubled=True), away, MODULE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    write(page, 1, WORDS)
    away.stop_service(signal.SIGKILL)
    form(page, 2).locator("textarea").first.fill(LATER)
    expect(form(page, 2).locator(".form-status")).to_contain_text("We cannot reach the course", timeout=20_000)
    page.locator(".sign-out").click()
    dialog = page.get_by_role("dialog", name="Some of your words are only here")
    expect(dialog).to_contain_text("The course does not have 1 answer from this device yet.", timeout=20_000)
    dialog.get_by_role("button", name="Copy these words").click()
    expect(dialog).to_contain_text("Copied.")
    assert LATER in page.evaluate("navigator.clipboard.readText()")
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(form(page, 2).locator("textarea").first).to_have_value(LATER)
    page.locator(".sign-out").click()
    expect(dialog).to_be_visible(timeout=20_000)
    away.start_service()
    dialog.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/hub/login*", timeout=30_000)
    assert LATER in " ".join(texts(away, learner))
    assert WORDS not in stored(page) and LATER not in stored(page)


def test_signing_out_all_the_same_keeps_the_words_for_the_account(away: Hub, person: Person, learner: str):
    second = away.new_learner()
    page = open_page(person(learner, troubled=True), away, MODULE)
    write(page, 1, WORDS)
    away.stop_service(signal.SIGKILL)
    form(page, 2).locator("textarea").first.fill(LATER)
    expect(form(page, 2).locator(".form-status")).to_contain_text("We cannot reach the course", timeout=20_000)
    page.locator(".sign-out").click()
    page.get_by_role("button", name="Sign out all the same").click(timeout=20_000)
    page.wait_for_url("**/hub/login*")
    assert LATER in stored(page) and WORDS not in stored(page)
    away.start_service()
    sign_in(page, away, second)
    open_page(page, away, MODULE)
    assert LATER not in page.content()
    assert page.locator("textarea").evaluate_all("(all) => all.every((one) => one.value === '')")
    assert texts(away, second) == []
    leave(page)
    sign_in(page, away, learner)
    open_page(page, away, MODULE)
    expect(form(page, 2).locator("textarea").first).to_have_value(LATER)
    saved(page, 2)
    assert sorted(WORDS in one or LATER in one for one in texts(away, learner)) == [True, True]


def test_on_a_shared_computer_nothing_is_kept_and_all_is_there(cohort: Hub, person: Person, module: Module, learner: str):
    agree(cohort, learner)
    page = open_page(person(learner), cohort, "book/my-reflections.html")
    page.get_by_role("button", name="Do not keep anything on this device").click()
    open_page(page, cohort, MODULE)
    write(page, 1, WORDS)
    assert WORDS not in stored(page)
    open_page(page, cohort, "book/my-reflections.html")
    expect(page.locator(".answer .written").first).to_contain_text(WORDS)
    open_page(page, cohort, REVIEW)
    page.locator("#goes-name-myself").check()
    share(page)
    assert WORDS not in stored(page)
    leave(page)
    assert WORDS not in stored(page)
    assert len(hand_ins(cohort, module, learner)) == 1


def test_erasing_reaches_the_course_and_says_what_is_left(cohort: Hub, person: Person, module: Module, learner: str, tmp_path: Path):
    page = at_review(person(learner), cohort, learner, WORDS)
    share(page)
    comment(cohort, module, learner, {1: "A comment that goes too."})
    id = hand_ins(cohort, module, learner)[-1]["id"]
    cohort.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}/{learner}/{id}").raise_for_status()
    device = person(learner)  # another device, which keeps a copy in its browser
    open_page(device, cohort, MODULE)
    open_page(page, cohort, "book/my-reflections.html")
    page.get_by_role("button", name="Erase my words here and at the course").click()
    assert page.evaluate("document.activeElement.textContent") == "No, keep"
    with page.expect_download() as copy:
        page.locator("#erase").get_by_role("button", name="A copy of all that the course holds of you").click()
    copy.value.save_as(tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_text("utf-8").count(WORDS) == 2
    page.get_by_role("button", name="Yes, erase").click()
    expect(page.locator("#erase [role=status]")).to_have_text("Erased: 1 answer, here and at the course, with its earlier words.")
    expect(page.locator("#erase")).to_contain_text("Answers: 1. Times that you shared: 1. Comments: 1.")
    expect(page.locator("#erase")).to_contain_text("Copies that your facilitator made to read from")
    assert WORDS not in stored(page) and WORDS not in page.content()
    assert WORDS not in cohort.ask(learner, "GET", f"{COURSE}/api/copy").text
    assert state_of(cohort, learner)["shared"] is None

    open_page(device, cohort, "book/welcome.html")  # it does not bring back what was erased; it asks
    expect(device.locator(".notice")).to_contain_text("The course holds none of your words, but this browser still has them.")
    open_page(device, cohort, MODULE)
    expect(form(device, 1).locator(".form-status")).to_contain_text("Saved on this device")
    assert texts(cohort, learner) == []
    open_page(device, cohort, "book/welcome.html")
    device.get_by_role("button", name="Erase them here too").click()
    expect(device.get_by_text("Erased from this device.")).to_be_visible()
    assert WORDS not in stored(device)


ATTACKS = [
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 2'>",
    "</script><script>window.ran = 3</script>",
    "<svg/onload=window.ran=4>",
    "javascript:window.ran=5",
    '"><iframe srcdoc="<script>parent.ran=6</script>">',
    "{{constructor.constructor('window.ran=7')()}}",
    "<details open ontoggle=window.ran=8>",
    r"\u003cscript\u003ewindow.ran=9\u003c/script\u003e",
    "<a href='javascript:window.ran=10'>x</a>",
    "]]><script>window.ran=11</script><!--",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.ran=12>",
]


def test_hostile_text_runs_nowhere(cohort: Hub, person: Person, module: Module, learner: str):
    """As answers and as comments, on every page that shows them; it stands there as it was written."""
    agree(cohort, learner)
    words = "\n".join(ATTACKS)
    asking.save(cohort, learner, asking.answer(module, 1, words)).raise_for_status()
    asking.save(cohort, learner, asking.answer(module, 2, words[::2] + words)).raise_for_status()
    asking.share(cohort, learner, asking.sharing(module, {1: words, 2: words}), agree=False).raise_for_status()
    comment(cohort, module, learner, {1: words, 2: ATTACKS[2]})
    page = person(learner)
    for path in ("book/welcome.html", f"{MODULE}#comments", "book/my-reflections.html", REVIEW):
        open_page(page, cohort, path)
        _open_comments(page)
        assert page.evaluate("window.ran") is None
        assert page.locator("main iframe, main img[src=x], main script:not([type]), a[href^=javascript]").count() == 0
    open_page(page, cohort, MODULE)
    _open_comments(page)
    assert page.locator("#step-1 .comment-words").text_content() == words
    open_page(page, cohort, REVIEW)
    page.get_by_role("button", name="Share all I wrote").click()
    share(page)
    assert page.evaluate("window.ran") is None
    assert ATTACKS[0] in page.locator(".receipt").inner_text()


def _open_comments(page: Page) -> None:
    for summary in page.locator("details.comment:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
