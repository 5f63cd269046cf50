"""What the form says a step counts for, and the questions that settle the two cases in which it asks."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from patient_partner_mentor.credit.check import check
from patient_partner_mentor.credit.words import equivalents, tokens
from patient_partner_mentor.form import bundle

MODULE = "notebooks/1-patient-partner/module.html"


def form(page, number: int):
    return page.locator(f"#step-{number} .reflection")


def state(page, step: str):
    return page.locator(f".step-list [data-step={step}] .step-state")


def finish(page, number: int, text: str) -> None:
    form(page, number).locator("textarea").first.fill(text)
    form(page, number).locator("button.primary").click()


def test_a_few_words_are_asked_about_and_a_tap_makes_them_done(visit):
    page = visit(MODULE)
    finish(page, 2, "I plan.")
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Thank you. A few words can be enough. Is this all for today?")
    expect(state(page, "my-skills")).to_have_text("Begun")
    page.get_by_role("button", name="I will add more").click()
    expect(form(page, 2).locator("textarea")).to_be_focused()
    form(page, 2).locator("button.primary").click()
    page.get_by_role("button", name="Yes, done").click()
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done.")
    expect(state(page, "my-skills")).to_have_text("Done")
    page = visit(MODULE)
    expect(page.locator("#step-2 .step-fold-state")).to_have_text("Done")


def test_the_questions_own_words_are_asked_about(visit, course):
    page = visit(MODULE)
    prompt = course.modules[0].steps[1].prompt
    finish(page, 2, prompt)
    expect(form(page, 2).locator(".form-outcome")).to_have_text("These look like the question’s own words. On purpose?")
    expect(state(page, "my-skills")).to_have_text("Not started")
    page.get_by_role("button", name="I will change it").click()
    finish(page, 2, prompt + " I know the bus times, the quiet hours at the clinic, and which neighbor has a car on Tuesdays and is glad to come along with me.")
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done.")


def test_the_same_words_in_two_steps_are_asked_about_and_can_be_meant(visit):
    page = visit(MODULE)
    words = "I keep a list of what works on bad days, and I share it with my sister who helps me with the forms."
    finish(page, 2, words)
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done.")
    finish(page, 3, words)
    expect(form(page, 3).locator(".form-outcome")).to_have_text("These look like your words in an earlier step. On purpose?")
    page.get_by_role("button", name="Yes, that is what I mean").click()
    expect(form(page, 3).locator(".form-outcome")).to_have_text("Done.")
    expect(page.locator(".module-progress")).to_have_text("2 of 5 steps done")
    page.goto(page.url.replace(MODULE, "book/my-reflections.html"))
    expect(page.locator("#what-you-did")).to_contain_text("2 of 40 steps done")


def test_a_lighter_answer_of_any_length_is_done(visit):
    page = visit(MODULE)
    form(page, 2).locator(".way-in summary").click()
    page.get_by_role("button", name="Answer the lighter question").first.click()
    finish(page, 2, "Lists.")
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done.")


def test_labels_of_parts_are_not_the_learners_words(visit):
    page = visit(MODULE)
    finish(page, 1, "Ana")
    expect(form(page, 1).locator(".form-outcome")).to_contain_text("Is this all for today?")


def test_a_question_that_is_open_is_asked_again_on_the_next_visit(visit):
    page = visit(MODULE)
    finish(page, 2, "I plan.")
    expect(form(page, 2).locator(".form-status")).to_contain_text("Saved on this device")
    page = visit(MODULE)
    expect(form(page, 2).locator(".form-outcome")).to_contain_text("Is this all for today?")
    expect(state(page, "my-skills")).to_have_text("Begun")


def test_what_the_words_include_is_shown_only_when_asked_and_changes_nothing(visit):
    page = visit(MODULE)
    visitor = visit.visitors[0]
    finish(page, 2, "Last week I asked my neighbor for a ride to the clinic, and I felt so relieved when she said yes.")
    ask = form(page, 2).get_by_role("button", name="See what my words include")
    expect(ask).to_be_visible()
    assert not any("noticing" in url for url in visitor.requests), "the word list loads when it is first asked for"
    ask.click()
    said = form(page, 2).locator(".settle p")
    expect(said).to_contain_text("Your words include: what happened; what it felt like or meant.")
    expect(said).to_contain_text("Is there one small thing to do next?")
    expect(said).to_contain_text("This is a list of words, not a person. It misses a lot. It never changes what counts as done.")
    assert sum("noticing" in url for url in visitor.requests) == 1
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done.")
    expect(state(page, "my-skills")).to_have_text("Done")
    finish(page, 3, "The a the a the a the a the a.")
    form(page, 3).get_by_role("button", name="See what my words include").click()
    expect(form(page, 3).locator(".settle p")).to_contain_text("That says little.")


def test_a_word_list_that_does_not_load_is_said_and_changes_nothing(visit):
    page = visit(MODULE)
    page.route("**/noticing.*.js", lambda route: route.abort())
    finish(page, 2, "Last week I asked my neighbor for a ride to the clinic, and she said yes.")
    form(page, 2).get_by_role("button", name="See what my words include").click()
    expect(form(page, 2).locator(".settle p")).to_contain_text("The word list did not load")
    expect(state(page, "my-skills")).to_have_text("Done")
    visit.visitors[0].errors.clear()  # the line that did not load


@pytest.fixture(scope="module")
def rules_page(browser):
    """A page with the browser's check alone."""
    page = browser.new_page()
    script = bundle.classic_script([("record.js", bundle.HERE), ("rules.js", bundle.CREDIT), ("credit.js", bundle.CREDIT)])
    page.evaluate(script)
    yield page
    page.close()


def in_browser(page, cases: list[dict]) -> list[dict]:
    return page.evaluate("(cases) => JSON.parse(cases).map(({ text, ...a }) => ({ ...window.ppm.check(text, { status: 'written', language: 'en', ...a }), tokens: window.ppm.tokens(text) }))", json.dumps(cases))


def in_python(cases: list[dict]) -> list[dict]:
    found = []
    for case in cases:
        outcome = check(case["text"], **{k: v for k, v in case.items() if k != "text"})
        found.append({"state": outcome.state, "reason": outcome.reason, "question": outcome.question, "tokens": tokens(case["text"])})
    return found


def test_the_vectors_in_the_browser(rules_page, root):
    vectors = json.loads((root / "tests/data/credit_vectors.json").read_text("utf-8"))
    for case, found in zip(vectors, in_browser(rules_page, [v["case"] for v in vectors]), strict=True):
        assert {k: found[k] for k in ("state", "reason")} == case["want"], case["name"]


def test_python_and_the_browser_agree_on_ten_thousand_texts(rules_page):
    from tests.unit.test_credit import generated_cases

    cases = generated_cases(10_000)
    for start in range(0, len(cases), 1000):
        batch = cases[start : start + 1000]
        for case, mine, theirs in zip(batch, in_python(batch), in_browser(rules_page, batch), strict=True):
            assert mine == theirs, f"differs at a text of {len(case['text'])} characters"
    assert sum(1 for c in cases if equivalents(tokens(c["text"])) > 8) > 1000
