"""A cohort's learner in a real browser on a real Hub: write, consent, review, share, receipt, comment, take back, leave."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.handins import hand_in, read_hand_in
from patient_partner_mentor.reflections import assemble, read_journal
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

from .cohort_people import CONSENT, MODULE, REVIEW, Person, agree, at_review, comment, form, hand_ins, lose_answers, open_page, other, share, state_of, unfold, write

SHARED, KEPT = "I would like to be called a partner, since it says that I have a part in this.", "My neighbor drives me, and I keep that to myself for now."


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


def newest(hub: Hub, module: Module, name: str) -> dict:
    """The newest hand-in of a person, word for word, as her own page gets it."""
    return hub.ask(name, "GET", f"{COURSE}/api/share/{module.id}").json()["shared"]["hand_in"]


def test_the_whole_way(cohort: Hub, person: Person, module: Module, learner: str):
    page = person(learner, at_the_door=True)
    assert page.locator(".who-reads").inner_text().startswith("Fay reads what you share, within 5 days. Nobody reads what you keep.")
    page.get_by_role("link", name="Start with module 1").click()
    page.wait_for_selector("html[data-forms=ready]")
    write(page, 1, SHARED)
    write(page, 2, KEPT)
    other(page, 2, "Keep this for me")
    expect(form(page, 2).locator(".form-outcome")).to_have_text("Done. Your words stay with you. Your facilitator sees only that you did this step.")
    other(page, 3, "Skip this one")
    other(page, 4, "I would rather talk or draw")
    expect(form(page, 4).locator(".form-outcome")).to_contain_text("Your facilitator will ask how and when suits you.")

    page.get_by_role("link", name="See what I could share").click()
    page.get_by_role("link", name="Open the page on who reads").click()
    page.wait_for_selector("html[data-consent=ready]")
    assert page.locator("input[type=checkbox]:checked").count() == 0
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("html[data-share=ready]")
    assert page.locator("input[type=checkbox]:checked").count() == 0
    expect(page.locator("[data-step=my-skills] .share-hint")).to_have_text("You chose to keep this one for yourself. They see only that you did the step.")
    page.get_by_role("button", name="Share all I wrote").click()
    assert page.locator("input[type=checkbox]:checked").evaluate_all("(all) => all.map((one) => one.id)") == ["goes-name-myself"]
    page.get_by_label("I would like a reply to this one: Step 1").check()
    expect(page.locator(".share-summary")).to_contain_text("1 answer goes, word for word as above. 1 answer stays with you.")
    share(page)
    receipt = page.locator(".receipt").inner_text()
    assert re.search(r"Shared on \w+ \d+, \d{4} at \d+:\d\d [AP]M Eastern Standard Time", receipt.replace("\u202f", " "))
    assert re.search(r"Fay will read it by \w+ \d+, \d{4} \(Europe/Berlin\)", receipt)
    assert SHARED in receipt and KEPT not in receipt and "You asked for a reply to: Step 1" in receipt

    found = newest(cohort, module, learner)
    assert [(one["status"], one["share"]) for one in found["answers"]] == [("written", True), ("written", False), ("skipped", False), ("other-way", False), ("open", False)]
    assert found["reply_wanted"] == module.step(1).id and SHARED in found["answers"][0]["text"]
    assert KEPT not in str(found) and "time" not in str(found)

    comment(cohort, module, learner, {1: "Thank you. Shall we talk about it?"})
    open_page(page, cohort, "book/welcome.html")
    card = page.locator("[data-module=patient-partner]")
    expect(card).to_contain_text("Shared on")
    expect(card).to_contain_text("1 new comment.")
    page.get_by_role("link", name="Read my new comment").click()
    page.wait_for_selector("html[data-comments=ready]")
    box = page.locator("#step-1 details.comment")
    assert page.evaluate("document.activeElement.closest('details')?.id") == "comment-name-myself"
    expect(box.locator(".comment-words")).to_be_hidden()
    assert state_of(cohort, learner)["new"] == 1
    page.keyboard.press("Enter")
    expect(box.locator(".comment-words")).to_have_text("Thank you. Shall we talk about it?")
    expect(box.locator("summary")).to_have_text("A comment on what you shared")
    box.get_by_role("button", name="Please call me").click()
    expect(box.locator(".comment-status")).to_have_text("Your answer: please call me. You can change it.")
    assert state_of(cohort, learner)["new"] == 0
    said = [one for one in cohort.ask("fay", "GET", f"exchange/{COURSE}/replies").json() if one["user"] == learner]
    assert [(one["step"], one["reply"]) for one in said] == [("name-myself", "please-call-me")]

    open_page(page, cohort, "book/my-reflections.html")
    beside = page.locator('.answer[data-step="name-myself"] details.comment')
    expect(beside).to_contain_text("Shall we talk about it?")
    expect(beside.get_by_role("button", name="Please call me")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".progress-list li").first).to_contain_text("Shared on")
    open_page(page, cohort, "book/welcome.html")
    expect(page.locator(".course-start a").first).to_have_text("Continue where I stopped")


def test_the_pages_hand_in_is_pythons(cohort: Hub, person: Person, module: Module, learner: str):
    """The same journal and choices give the same JSON on both sides, whatever the statuses are."""
    page = open_page(person(learner), cohort, REVIEW)
    texts = {1: "One, with ünïcode 🌻 and </script>", 2: "Two\nlines", 3: "Three"}
    answers = [asking.answer(module, number, words) for number, words in texts.items()]
    answers.append(asking.answer(module, 4, "", status="skipped"))
    answers[1] = asking.answer(module, 2, texts[2], enough=True, again=True, lighter=True)
    given = [one.model_dump(mode="json") for one in answers]
    journal = assemble(read_journal({"schema_version": 1, "course": answers[0].course, "module": module.id, "module_version": module.version}), answers)
    ids = [step.id for step in module.steps]
    for chosen, reply in (([1, 2], 2), ([], None), ([1, 2, 3], None), ([3], 3)):
        steps = [module.step(number).id for number in chosen]
        made = page.evaluate(
            "([course, module, answers, chosen, reply]) => window.ppm.handIn(course, module, answers, new Set(chosen), reply)",
            [answers[0].course, {"id": module.id, "version": module.version, "steps": ids}, given, steps, reply and module.step(reply).id],
        )
        ours = hand_in(journal, "0123456789abcdef", ids, steps, reply and module.step(reply).id)
        assert read_hand_in(made | {"id": "0123456789abcdef"}) == ours
        assert [set(one) for one in made["answers"]] == [set(one.model_dump(exclude_none=True)) if one.share else {"step", "status"} for one in ours.answers]


def test_an_answer_that_was_lost_on_the_way_is_shared_once(cohort: Hub, person: Person, module: Module, learner: str):
    """The service took it, and the receipt did not arrive: the page says so, and the second try is the same hand-in."""
    page = at_review(person(learner, troubled=True), cohort, learner, SHARED)
    lose_answers(page)
    page.locator("#share-now").click()
    expect(page.locator(".share-status")).to_contain_text("We did not hear back from the course.")
    first = hand_ins(cohort, module, learner)
    assert len(first) == 1
    page.unroute_all()
    page.reload()  # even after the page was left
    page.wait_for_selector("html[data-share=ready]")
    assert page.locator("#share-now").is_hidden()  # it sees by itself that all of it is shared
    expect(page.locator(".shared-difference")).to_have_text("Nothing has changed since then.")
    open_page(page, cohort, MODULE)
    open_page(page, cohort, REVIEW)
    page.evaluate("document.getElementById('share-now').hidden = false")
    share(page)
    assert hand_ins(cohort, module, learner) == first


def test_the_same_words_pressed_again_are_the_same(cohort: Hub, person: Person, module: Module, learner: str):
    page = at_review(person(learner, troubled=True), cohort, learner, SHARED)
    lose_answers(page)
    for _ in range(2):
        page.locator("#share-now").click()
        expect(page.locator(".share-status")).to_contain_text("We did not hear back from the course.")
        expect(page.locator("#share-now")).to_be_enabled()
    page.unroute_all()
    share(page)
    assert len(hand_ins(cohort, module, learner)) == 1


def test_sharing_again_says_what_differs(cohort: Hub, person: Person, module: Module, learner: str):
    agree(cohort, learner)
    page = open_page(person(learner), cohort, MODULE)
    write(page, 1, SHARED)
    write(page, 2, "Second words that may be shared as well.")
    open_page(page, cohort, REVIEW)
    for step in ("name-myself", "my-skills"):
        page.locator(f"#goes-{step}").check()
    share(page)
    open_page(page, cohort, MODULE)
    expect(page.locator("#step-1 .shared-line")).to_contain_text("You shared this answer on")
    write(page, 1, SHARED + " And I said it out loud today.")
    other(page, 3, "Skip this one")
    other(page, 2, "Keep this for me")
    expect(form(page, 2).locator(".form-outcome")).to_contain_text("stays shared until you take it back")
    open_page(page, cohort, REVIEW)
    expect(page.locator("[data-step=name-myself] .share-hint")).to_have_text("You changed this since you shared it.")
    expect(page.locator("[data-step=my-skills] .share-hint")).to_contain_text("The earlier words stay shared until you take them back.")
    expect(page.locator("[data-step=what-i-bring]")).to_contain_text("You changed this since you shared it.")
    expect(page.locator(".shared-difference")).to_have_text("3 things would be different if you share again. They are marked below.")
    share(page)
    assert len(hand_ins(cohort, module, learner)) == 2
    assert [one["share"] for one in newest(cohort, module, learner)["answers"]] == [True, False, False, False, False]


@pytest.mark.parametrize("read", [False, True])
def test_taking_back_says_whether_it_was_opened(cohort: Hub, person: Person, module: Module, learner: str, read: bool):
    page = at_review(person(learner), cohort, learner, SHARED)
    share(page)
    if read:
        one = hand_ins(cohort, module, learner)[-1]
        cohort.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}/{learner}/{one['id']}").raise_for_status()
        cohort.ask("fay", "PUT", f"exchange/{COURSE}/opened/{module.name}/{learner}", params={"time": one["time"]}).raise_for_status()
    open_page(page, cohort, REVIEW)
    expect(page.locator(".shared-now")).to_contain_text("It has been opened" if read else "Nobody has opened it yet.")
    page.get_by_role("button", name="Take it back").click()
    assert page.evaluate("document.activeElement.textContent") == "No, leave it shared"
    if read:
        expect(page.locator(".shared-now")).to_contain_text("What was read cannot be unread")
    page.get_by_role("button", name="Yes, take it back").click()
    said = "Taken back. It had been opened before, so it may have been read." if read else "Taken back. Nobody had opened it."
    expect(page.locator("#share-place p.status").first).to_contain_text(said)
    assert page.locator("input[type=checkbox]:checked").count() == 0
    assert state_of(cohort, learner)["shared"] is None
    page.locator("#goes-name-myself").check()
    share(page)  # the same words again are a new hand-in
    assert len(hand_ins(cohort, module, learner)) == 2


def test_consents_are_kept_can_change_and_are_asked_again(cohort: Hub, person: Person, learner: str):
    page = open_page(person(learner), cohort, CONSENT)
    page.get_by_label("quote a sentence of mine").check()
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_selector("html[data-share=ready]")
    consent = cohort.ask(learner, "GET", f"{COURSE}/api/consent").json()["consent"]
    assert (consent["course"], consent["quotes"], consent["research"]) == (False, True, False)
    open_page(page, cohort, CONSENT)
    assert page.locator("input:checked").evaluate_all("(all) => all.map((one) => one.id)") == ["may-quotes"]
    page.get_by_label("quote a sentence of mine").uncheck()
    page.get_by_role("button", name="Keep these choices").click()
    expect(page.get_by_text("Your choices are kept.", exact=True)).to_be_visible()
    before = cohort.settings_file.read_text("utf-8")
    cohort.settings_file.write_text(before.replace("fay@example.org", "fay.new@example.org"), "utf-8")
    cohort.stop_service()
    cohort.start_service()
    try:
        open_page(page, cohort, REVIEW)
        expect(page.locator("#share-place")).to_contain_text("The page on who reads has changed.")
        page.get_by_role("link", name="Open the page on who reads").click()
        page.wait_for_selector("html[data-consent=ready]")
        expect(page.locator(".notice")).to_contain_text("These words have changed since you read them")
        expect(page.locator("#consent-place")).to_contain_text("fay.new@example.org")
        assert page.locator("input:checked").count() == 0
    finally:
        cohort.settings_file.write_text(before, "utf-8")
        cohort.stop_service()
        cohort.start_service()


def test_newer_words_of_another_window_are_shown_before_they_go(cohort: Hub, person: Person, module: Module, learner: str):
    """What is shared is what the page showed, never what it did not."""
    agree(cohort, learner)
    page = open_page(person(learner), cohort, MODULE)
    write(page, 1, SHARED)
    review = open_page(page.context.new_page(), cohort, REVIEW)
    review.locator("#goes-name-myself").check()
    write(page, 1, "Other words, written meanwhile in the first window.")
    review.locator("#share-now").click()
    expect(review.locator("#share-place p.status").first).to_contain_text("Something was changed in another window.")
    expect(review.locator("[data-step=name-myself] .written")).to_contain_text("written meanwhile")
    assert hand_ins(cohort, module, learner) == []
    review.locator("#goes-name-myself").check()  # a choice is for the words that were chosen
    share(review)
    assert "written meanwhile" in newest(cohort, module, learner)["answers"][0]["text"]


def test_words_and_choices_come_along_to_another_device(cohort: Hub, person: Person, learner: str):
    page = at_review(person(learner), cohort, learner, SHARED)
    expect(page.locator("[data-step=name-myself]")).to_have_attribute("data-goes", "true")
    page.wait_for_function("async () => !(await window.ppm.everything(window.ppm.settings, true)).there.every((one) => !one.share)")
    there = person(learner)
    expect(there.locator(".course-start a")).to_have_text("Continue where I stopped")
    open_page(there, cohort, REVIEW)
    expect(there.locator("[data-step=name-myself] .written")).to_contain_text(SHARED)
    assert there.locator("#goes-name-myself").is_checked()


def test_what_a_facilitator_counts_is_counted_on_every_page(cohort: Hub, person: Person, course: Course, learner: str):
    """The start, the module's page, My reflections and the certificate; what she writes later takes nothing of it away."""
    agree(cohort, learner)
    for module in course.modules[:6]:
        asking.share(cohort, learner, asking.sharing(module, {1: "Few words"}), agree=False).raise_for_status()
        comment(cohort, module, learner, {}, credits=range(1, 5))
    first = course.modules[0]
    page = person(learner)
    expect(page.locator(f"[data-module={first.id}] .module-state")).to_have_text("4 of 5 steps done")
    open_page(page, cohort, MODULE)
    expect(page.locator(".module-progress").first).to_have_text("4 of 5 steps done")
    expect(page.locator(".step-list [data-step=my-skills] .step-state")).to_have_text("Done")
    expect(page.locator(".credit-line")).to_have_count(4)
    expect(page.locator(".credit-line").first).to_contain_text("Your facilitator counts this step as done, since ")
    write(page, 2, "Short")
    form(page, 2).get_by_role("button", name="Done with this step").click()
    expect(form(page, 2).locator(".form-outcome")).to_contain_text("Is this all for today?")
    expect(page.locator(".module-progress").first).to_have_text("4 of 5 steps done")
    page.goto(page.url.replace(MODULE, "book/my-reflections.html"))
    page.wait_for_selector("html[data-reflections=ready]")
    expect(page.locator("#what-you-did")).to_contain_text("24 of 40 steps done")
    expect(page.locator("#my-answers [data-step=my-skills] .credit-line")).to_have_count(1)
    page.goto(page.url.replace("my-reflections", "certificate"))
    expect(page.locator(".certificate")).to_contain_text(course.modules[5].title)


def test_a_call_is_closed_by_its_button_and_by_nothing_else(cohort: Hub, person: Person, module: Module, learner: str):
    """A typo that is mended leaves the request on the facilitators' start; "I called" closes it, and a misclick can be undone."""
    agree(cohort, learner)
    asking.share(cohort, learner, asking.sharing(module, {1: SHARED}), agree=False).raise_for_status()
    comment(cohort, module, learner, {1: "Thank you for thsi."})
    cohort.ask(learner, "PUT", f"{COURSE}/api/comments/{module.id}/{module.step(1).id}", json={"reply": "please-call-me"}).raise_for_status()
    comment(cohort, module, learner, {1: "Thank you for this."})
    page = person("fay")
    page.goto(f"{cohort.course_url}{COURSE}/facilitator")
    called = page.get_by_role("button", name=f"I called: {learner}, Module 1: {module.step(1).title}")
    expect(page.locator("tr", has=called)).to_contain_text("Please call me")
    called.press("Enter")
    expect(page.get_by_role("button", name=f"I called: {learner},")).to_have_count(0)
    page.reload()  # the form is not sent once more
    page.locator("details > summary", has_text="done in the last two weeks").click()
    again = page.get_by_role("button", name=f"Open again: {learner},")
    expect(page.locator("tr", has=again)).to_contain_text("fay")
    again.click()
    expect(page.get_by_role("button", name=f"I called: {learner},")).to_have_count(1)
    asked = cohort.ask("fay", "GET", f"exchange/{COURSE}/replies").json()
    assert [one["reply"] for one in asked if one["user"] == learner] == ["please-call-me"]


def test_wishes_are_withdrawn_where_they_were_made(cohort: Hub, person: Person, module: Module, learner: str):
    """A call at its comment, another way at its step. The facilitators' start asks for them no more, and says so of the one that it had shown."""
    agree(cohort, learner)
    data = json.loads(asking.sharing(module, {1: SHARED}).model_dump_json(exclude_none=True))
    next(one for one in data["answers"] if one["step"] == module.step(2).id)["status"] = "other-way"
    asking.share(cohort, learner, read_hand_in(data), agree=False).raise_for_status()
    comment(cohort, module, learner, {1: "Thank you for this."})
    fay = person("fay")
    fay.goto(f"{cohort.course_url}{COURSE}/facilitator")
    mine = fay.locator("tr", has_text=learner)
    expect(mine.filter(has_text="Would rather talk or draw")).to_have_count(1)

    page = open_page(person(learner), cohort, f"{MODULE}#comments")
    box = page.locator("#comment-name-myself")
    box.locator("summary").click()
    box.get_by_role("button", name="Please call me").click()
    expect(box.locator(".wish")).to_contain_text("You asked for a call on")
    page.reload()
    page.wait_for_selector("html[data-comments=ready]")
    if not box.get_attribute("open"):
        box.evaluate("one => { one.open = true; }")
    button = box.get_by_role("button", name="I no longer want this")
    button.focus()
    button.press("Enter")
    expect(box.locator(".wish")).to_contain_text("You no longer want this. Nobody will ask you about it.")
    expect(box.locator("button[aria-pressed=true]")).to_have_count(0)
    assert box.locator(".wish button").count() == 0 and page.evaluate("document.activeElement.className") == "wish-status"

    unfold(page, 2)
    way = page.locator("#step-2 .wish")
    expect(way).to_contain_text("that you would rather talk or draw")
    way.get_by_role("button").click()
    expect(way.get_by_role("button")).to_have_text("I want it after all")
    way.get_by_role("button").click()
    expect(way).to_contain_text("that you would rather talk or draw")
    way.get_by_role("button", name="I no longer want this").click()
    expect(way.get_by_role("status")).to_have_text("You no longer want this. Nobody will ask you about it.")
    assert [one["wish"] for one in state_of(cohort, learner)["wishes"] if not one["withdrawn"]] == []

    fay.reload()
    expect(mine.get_by_role("button")).to_have_count(0)
    fay.locator("details > summary", has_text="done in the last two weeks").click()
    expect(mine.filter(has_text="Withdrawn by the learner")).to_have_count(1)
    assert "Please call me" not in "".join(mine.all_inner_texts()), "of what nobody had read, nobody hears"
