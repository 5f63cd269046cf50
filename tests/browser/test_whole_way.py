"""The whole way of a cohort, on the real thing: Hub, proxy, course service, formgrader, two learners and a facilitator.

A learner writes, keeps one answer, skips one, shares; the facilitator collects, grades, comments and releases with
nbgrader's own buttons; the learner reads each comment beside its answer. The other learner sees none of it. Then the
canary: what was kept is nowhere but in the learner's own journal, and what was shared is nowhere once it is erased.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cohort_running import Cohort, running_cohort
from tests.hub_running import until

from .cohort_people import form, other, saved, share, unfold, write
from .conftest import Visitor

NAME = "1-patient-partner"
MODULE = f"notebooks/{NAME}/module.html"
REVIEW = "book/cohort/share.html?module=patient-partner"
SHARED = "canary-shared-5127 I keep a list of what works on bad days."
KEPT = "canary-kept-9034 This stays with me, whoever asks."
SKIPPED = "canary-skipped-6671 I wrote this and then let it be."
FIRST = "canary-first-draft-2218 My first try at it."
BENS = "canary-ben-4410 I draw maps of the clinic for others."
AGAIN = "canary-again-8837 I am glad that I could think it over."
ABOUT_BENS = "canary-about-bens-1196 May we print your maps?"
COMMENT = "canary-comment-7745 Your list made me think of my own. What is at the top of it?"
OPEN, DONE = "html[data-forms=ready]", "html[data-comments]"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cohort]:
    """What 'make cohort' starts, in a folder of its own."""
    with running_cohort(tmp_path_factory.mktemp("way") / "cohort") as running:
        yield running


@pytest.fixture(scope="module")
def people(browser: Browser, cohort: Cohort) -> Iterator[Callable[[str], Page]]:
    """The page of a person who is signed in, each in a browser of their own, for as long as the story goes on."""
    visitors: dict[str, Visitor] = {}

    def page_of(name: str) -> Page:
        if name not in visitors:
            context = browser.new_context(service_workers="block", reduced_motion="reduce", timezone_id="America/New_York", locale="en-US")
            visitors[name] = Visitor(context, cohort.url)
            cohort.sign_in(context.new_page(), name)
        return visitors[name].context.pages[0]

    yield page_of
    for visitor in visitors.values():
        visitor.check()
        visitor.context.close()


def read(page: Page, cohort: Cohort, path: str = MODULE) -> Page:
    page.goto(cohort.course_url + path)
    for ready in (OPEN, DONE) if path == MODULE else ():
        page.wait_for_selector(ready)
    return page


def press(page: Page, button: str, row: str, done: str) -> None:
    """Press one of the formgrader's buttons, and wait for what it says."""
    page.locator("tr", has_text=row).locator(f".{button} a").click()
    expect(page.locator(".modal:visible")).to_contain_text(done, timeout=60_000)
    page.locator(".modal:visible").get_by_role("button", name="OK").click()
    expect(page.locator(".modal:visible")).to_have_count(0)


def test_two_learners_write_and_share(cohort: Cohort, people: Callable[[str], Page]):
    ana = read(people("ana"), cohort)
    write(ana, 2, FIRST)
    ana.reload()
    ana.wait_for_selector(OPEN)
    write(ana, 2, SHARED)
    form(ana, 2).locator("button.primary").click()
    write(ana, 3, KEPT)
    other(ana, 3, "Keep this for me")
    write(ana, 4, SKIPPED)
    other(ana, 4, "Skip this one")
    saved(ana, 4)
    expect(form(ana, 3).locator(".form-outcome")).to_have_text("Done. Your words stay with you. Your facilitator sees only that you did this step.")
    read(ana, cohort, REVIEW)
    ana.get_by_role("link", name="Open the page on who reads").click()
    boxes = ana.get_by_role("checkbox")
    expect(boxes).to_have_count(3)
    assert not any(box.is_checked() for box in boxes.all())
    ana.get_by_role("button", name="I have read this. Go on").click()
    ana.wait_for_selector("html[data-share]")
    review = ana.locator(".share-step")
    expect(review.nth(1)).to_contain_text(SHARED)
    assert SKIPPED not in ana.locator("main").inner_text()
    review.nth(1).get_by_label("Share these words").check()
    ana.get_by_role("radio").nth(1).check()
    share(ana)
    receipt = ana.locator(".receipt").inner_text()
    assert SHARED in receipt
    assert KEPT not in receipt
    assert re.search(r"Shared on \w+ \d+, 2\d{3} at .* Eastern Standard Time", receipt), receipt
    ben = read(people("ben"), cohort)
    write(ben, 2, BENS)
    assert "canary-shared" not in ben.content()
    read(ben, cohort, REVIEW)
    ben.get_by_role("link", name="Open the page on who reads").click()
    ben.get_by_role("button", name="I have read this. Go on").click()
    ben.wait_for_selector("html[data-share]")
    ben.get_by_role("button", name="Share all I wrote").click()
    share(ben)


def opened(cohort: Cohort, learner: str) -> bool:
    """Whether the store says that somebody opened what a learner shared."""
    with sqlite3.connect(f"file:{next((cohort.folder / 'service').glob('*.sqlite'))}?mode=ro", uri=True) as store:
        return store.execute("SELECT max(read_at) FROM hand_ins WHERE account = ?", (learner,)).fetchone()[0] is not None


def test_the_facilitator_collects_grades_comments_and_releases(cohort: Cohort, people: Callable[[str], Page]):
    fay = people("fay")
    expect(fay.locator("main")).to_contain_text("Module 1, Patient Partner: 2 learners")
    expect(fay.locator("tr", has_text="Would like a reply to this answer")).to_contain_text("ana")
    assert fay.locator("tr", has_text="ben").locator("td").all_inner_texts() == ["No", "No", "No"]
    fay.get_by_role("link", name="Read and answer").click()
    fay.wait_for_url("**/formgrader/**")
    press(fay, "collect", NAME, "Successfully collected")
    for learner in ("ana", "ben"):
        fay.goto(f"{cohort.formgrader_url}/manage_submissions/{NAME}")
        press(fay, "autograde", learner, "Successfully autograded")
    fay.goto(f"{cohort.formgrader_url}/gradebook/{NAME}/module")
    rows = fay.locator("tbody tr")
    expect(rows).to_have_count(2)
    scores = sorted(re.search(r"(\d+) / 20", row.inner_text())[1] for row in rows.all())
    assert scores == ["12", "4"]  # three steps of ana's, one of ben's
    rows.filter(has_text="12 / 20").locator("a").first.click()
    fay.wait_for_url("**/submissions/**")
    fay.wait_for_load_state("networkidle")  # nbgrader asks for the comments after the page is there
    until(lambda: opened(cohort, "ana"), "the service to know that ana's answers were opened")
    assert not opened(cohort, "ben")  # his were collected and counted, and nobody has looked at them
    page = fay.locator("body")
    expect(page).to_contain_text(SHARED)
    expect(page).to_contain_text("Done")
    for private in (KEPT, SKIPPED, FIRST, BENS):
        assert private not in fay.content()
    box = fay.locator("#comment_my-skills-comment")
    with fay.expect_response(lambda said: "/api/comment/" in said.url and said.request.method == "PUT"):
        box.fill(COMMENT)
        box.blur()
    for learner in ("ana", "ben"):
        for button, done in (("generate-feedback", "Successfully generated feedback"), ("release-feedback", "Successfully released feedback")):
            fay.goto(f"{cohort.formgrader_url}/manage_submissions/{NAME}")
            press(fay, button, learner, done)


def test_the_learner_reads_the_comment_beside_the_answer_and_nobody_else_does(cohort: Cohort, people: Callable[[str], Page]):
    ana, ben = people("ana"), people("ben")
    read(ana, cohort, "book/welcome.html")
    expect(ana.locator("main")).to_contain_text("1 new comment")
    read(ana, cohort)
    comment = ana.locator("#step-2 .comment")
    expect(comment).to_have_count(1)
    comment.locator("summary").click()
    expect(comment).to_contain_text(COMMENT)
    unfold(ana, 2)
    expect(form(ana, 2).locator("textarea")).to_have_value(SHARED)
    comment.get_by_role("button", name="Yes, please").click()
    expect(comment.get_by_role("button", name="Yes, please")).to_have_attribute("aria-pressed", "true")
    read(ana, cohort, "book/welcome.html")
    expect(ana.locator("html[data-home]")).to_have_count(1)
    assert "1 new comment" not in ana.locator("main").inner_text()
    fay = people("fay")
    fay.goto(f"{cohort.course_url}facilitator")
    expect(fay.locator("tr", has_text="Would like you to go on with this")).to_contain_text("ana")
    assert "Would like a reply" not in fay.locator("main").inner_text()
    read(ben, cohort)
    expect(ben.locator(".comment")).to_have_count(0)
    for path in (MODULE, "book/my-reflections.html", "book/welcome.html"):
        read(ben, cohort, path)
        assert "canary-comment" not in ben.content()
        assert "canary-shared" not in ben.content()


def places(cohort: Cohort, words: str) -> list[str]:
    """Every file of the trial with these words in it, the databases' logs included."""
    needle = words.split()[0].encode()
    return sorted(str(path.relative_to(cohort.folder)) for path in cohort.folder.rglob("*") if path.is_file() and not path.is_symlink() and needle in path.read_bytes())


def outside_the_journal(cohort: Cohort, words: str) -> list[str]:
    """The same without the service's store; there, only the journal's own table may have them."""
    needle = words.split()[0]
    found = [place for place in places(cohort, words) if not place.startswith("service/")]
    store = next((cohort.folder / "service").glob("*.sqlite"))
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                held = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
                if needle.encode() in held:
                    found.append(table)
    return found


def test_canary_what_was_not_shared_is_nowhere_but_in_the_journal(cohort: Cohort, root: Path):
    for words in (KEPT, SKIPPED):
        assert outside_the_journal(cohort, words) == ["answers"], words
    assert outside_the_journal(cohort, FIRST) == [], "words that she wrote over are nobody's any more"
    assert {place.split("/")[1] for place in places(cohort, SHARED) if place.startswith("course/")} >= {"submitted", "autograded", "feedback"}
    assert "hand_ins" in outside_the_journal(cohort, SHARED)
    log = cohort.log() + cohort.said
    built = [path for path in (root / "_build").rglob("*") if path.is_file() and path.suffix in (".html", ".js", ".json")]
    assert len(built) > 50
    for words in (SHARED, KEPT, SKIPPED, FIRST, BENS, COMMENT):
        assert words.split()[0] not in log
        assert not [path for path in built if words.split()[0].encode() in path.read_bytes()]


def test_a_copy_holds_all_of_it(cohort: Cohort, people: Callable[[str], Page]):
    held = people("ana").request.get(f"{cohort.course_url}api/copy").json()
    text = json.dumps(held)
    for words in (SHARED, KEPT, SKIPPED, COMMENT):
        assert words in text, words
    assert "canary-ben" not in text


def test_taken_back_means_gone_from_the_formgrader_at_the_next_collect(cohort: Cohort, people: Callable[[str], Page]):
    """Ben takes it back; fay reads so at her start, collects with the formgrader's button, and finds nothing of it there. What he shares next she finds."""
    ben, fay = people("ben"), people("fay")
    fay.goto(f"{cohort.formgrader_url}/gradebook/{NAME}/module")
    fay.locator("tbody tr", has_text="4 / 20").locator("a").first.click()
    fay.wait_for_url("**/submissions/**")
    expect(fay.locator("body")).to_contain_text(BENS)
    bens = fay.url
    with fay.expect_response(lambda said: "/api/comment/" in said.url and said.request.method == "PUT"):
        box = fay.locator("#comment_my-skills-comment")
        box.fill(ABOUT_BENS)
        box.blur()
    read(ben, cohort, REVIEW)
    ben.wait_for_selector("html[data-share]")
    ben.get_by_role("button", name="Take it back").click()
    ben.get_by_role("button", name="Yes, take it back").click()
    expect(ben.locator("main")).to_contain_text("removed the next time your facilitator collects")
    assert places(cohort, ABOUT_BENS), "her comment was in the gradebook"

    fay.goto(f"{cohort.course_url}facilitator")
    taken = fay.locator("tr", has_text="Took back what was shared")
    expect(taken).to_contain_text("ben")
    expect(fay.locator("main")).to_contain_text("leaves your folder, with your comments on it, when you collect next")
    fay.goto(cohort.formgrader_url)
    press(fay, "collect", NAME, f"ben took back {NAME}. Removed here")
    said = fay.request.get(bens)
    assert said.status == 404 and "canary" not in said.text()
    for page in (f"manage_submissions/{NAME}", f"gradebook/{NAME}/module"):
        fay.goto(f"{cohort.formgrader_url}/{page}")
        expect(fay.locator("tbody tr")).to_have_count(1)
        assert "ben" not in fay.locator("tbody").inner_text()
    assert outside_the_journal(cohort, BENS) == ["answers"], "his own words are in his own journal alone"
    assert places(cohort, ABOUT_BENS) == []
    assert outside_the_journal(cohort, SHARED), "ana's are where they were"

    read(ben, cohort)
    write(ben, 1, AGAIN)
    read(ben, cohort, REVIEW)
    ben.wait_for_selector("html[data-share]")
    ben.locator(".share-step").first.get_by_label("Share these words").check()
    share(ben)
    fay.goto(cohort.formgrader_url)
    press(fay, "collect", NAME, "Successfully collected")
    fay.goto(f"{cohort.formgrader_url}/manage_submissions/{NAME}")
    press(fay, "autograde", "ben", "Successfully autograded")
    assert "hand_ins" in outside_the_journal(cohort, AGAIN) and outside_the_journal(cohort, BENS) == ["answers"]


def test_erased_means_gone_everywhere(cohort: Cohort, people: Callable[[str], Page]):
    done = cohort.run("ppm", "erase", "ana", "--yes")
    assert done.returncode == 0, done.stderr
    assert not re.search("canary", done.stdout + done.stderr)
    for words in (SHARED, KEPT, SKIPPED, FIRST, COMMENT):
        assert places(cohort, words) == [], f"after erasing: {words.split()[0]}"
    assert places(cohort, AGAIN), "nobody else's words go with them"
    fay = people("fay")
    fay.goto(f"{cohort.formgrader_url}/manage_submissions/{NAME}")
    expect(fay.locator("tbody")).to_contain_text("ben")
    assert "ana" not in fay.locator("tbody").inner_text()
    held = people("ana").request.get(f"{cohort.course_url}api/copy").json()
    assert (held["journals"], held["shared"], held["comments"]) == ({}, [], [])
