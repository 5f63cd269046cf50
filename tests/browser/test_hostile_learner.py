"""Hostile text on the learner's own pages: as answers and as comments, on every page that shows them, none of it runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from patient_partner_mentor.curriculum import Course
from tests.hostile_texts import texts
from tests.hub_running import Hub

from .cohort_people import CONSENT, MODULE, REVIEW, agree, comment, open_page, share, write
from .test_hostile_text import RAN

ALIVE = "() => [...document.querySelectorAll('main *')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value)) || ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'VIDEO', 'AUDIO', 'MARQUEE'].includes(e.tagName)).map((e) => e.outerHTML.slice(0, 100))"


@pytest.fixture
def person_at_risk(person: Callable[..., Page], learner: str) -> Page:
    """A learner in whose pages a dialog or a script of somebody else's would be seen."""
    page = person(learner)
    page.on("dialog", lambda dialog: dialog.dismiss() or page.evaluate("window.xss = 1"))
    return page


def test_no_text_runs_on_a_learners_page(person_at_risk: Page, cohort: Hub, learner: str, course: Course):
    page, every, module = person_at_risk, texts(), course.modules[0]
    assert len(every) >= 200
    fifths = ["\n".join(every[number::5]) for number in range(5)]
    agree(cohort, learner)

    def calm(words: str, shown: bool = True) -> None:
        assert not any(page.evaluate(RAN)), page.url
        assert page.evaluate(ALIVE) == [], page.url
        if shown:
            assert words.splitlines()[0] in page.locator("main").inner_text() or any(words.splitlines()[0] in box.input_value() for box in page.locator("main textarea").all())

    open_page(page, cohort, MODULE)
    for number in range(2, 6):
        write(page, number, fifths[number - 2])
        page.locator(f"#step-{number} button.primary").first.click()
    calm(fifths[0])
    open_page(page, cohort, REVIEW)
    page.get_by_role("button", name="Share all I wrote").click()
    calm(fifths[0])
    share(page)
    calm(fifths[0])
    comment(cohort, module, learner, {number + 1: words for number, words in enumerate(fifths)})
    for path in (MODULE, "book/my-reflections.html", "book/welcome.html", REVIEW, CONSENT):
        open_page(page, cohort, path)
        for summary in page.locator("main details:not([open]) > summary").all():
            if summary.is_visible():
                summary.click()
        calm(fifths[0], shown=path in (MODULE, "book/my-reflections.html"))
        if path == MODULE:
            expect(page.locator(".comment")).to_have_count(5)
            assert fifths[4].splitlines()[0] in page.locator("#step-5 .comment").inner_text()
