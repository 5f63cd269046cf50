"""WCAG 2.2 AA on a cohort's pages, in the states that learners meet: home, consent, review, receipt, comments, sign-out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from patient_partner_mentor.curriculum import Course, Module
from tests.hub_running import Hub
from tests.integration import service_asking as asking

from .cohort_people import CONSENT, MODULE, REVIEW, Person, agree, comment, form, hand_ins, open_page, share
from .looking import CUT, SIDEWAYS, SMALL, axe, names_and_roles
from .test_accessible import HEADINGS, SPACING
from .test_keyboard import FOCUS, tab_to

LONG = "A word-for-word answer, with Alongwordwithoutanyspacethatgoesonandonandonandonandontotheedge in it. " * 4


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


def prepare(hub: Hub, module: Module, name: str, shared: bool, comments: bool) -> None:
    """A learner who wrote, skipped and kept, and perhaps shared and was answered."""
    asking.save(hub, name, asking.answer(module, 1, LONG)).raise_for_status()
    asking.save(hub, name, asking.answer(module, 2, LONG + "Kept.", enough=True, again=True)).raise_for_status()
    asking.save(hub, name, asking.answer(module, 3, "", status="skipped")).raise_for_status()
    asking.save(hub, name, asking.answer(module, 4, LONG + "Four.", share=True)).raise_for_status()
    agree(hub, name)
    if shared:
        asking.share(hub, name, asking.sharing(module, {1: LONG, 4: LONG}), agree=False).raise_for_status()
    if comments:
        comment(hub, module, name, {1: LONG, 4: "Thank you. " + LONG})


def opened_comments(page: Page, hub: Hub) -> None:
    open_page(page, hub, f"{MODULE}#comments")
    page.locator("#comment-name-myself summary").click()
    page.locator("#comment-name-myself").get_by_role("button", name="Yes, please").click()
    expect(page.locator("#comment-name-myself .comment-status")).not_to_be_empty()


def receipt(page: Page, hub: Hub) -> None:
    open_page(page, hub, REVIEW)
    page.locator("#goes-name-myself").check()
    page.get_by_label("I would like a reply to this one: Step 1").check()
    share(page)


def asked_back(page: Page, hub: Hub) -> None:
    open_page(page, hub, REVIEW)
    page.get_by_role("button", name="Take it back").click()


def leaving(page: Page, hub: Hub) -> None:
    """The dialog of signing out, with words that a page could not carry on."""
    open_page(page, hub, MODULE)
    page.route("**/api/journal/**", lambda route: route.abort())
    form(page, 5).locator("textarea").last.fill(LONG)
    page.locator(".sign-out").click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=30_000)


def erasing(page: Page, hub: Hub) -> None:
    open_page(page, hub, "book/my-reflections.html")
    page.get_by_role("button", name="Erase my words").click()


def gate(page: Page, hub: Hub) -> None:
    open_page(page, hub, REVIEW)
    page.wait_for_selector("html[data-share=gate]")


STATES: dict[str, tuple[bool | None, bool, Callable[[Page, Hub], object]]] = {
    "home": (None, False, lambda page, hub: open_page(page, hub, "book/welcome.html")),
    "home with comments": (True, True, lambda page, hub: open_page(page, hub, "book/welcome.html")),
    "gate": (None, False, gate),
    "consent": (None, False, lambda page, hub: open_page(page, hub, CONSENT)),
    "consent changed later": (False, False, lambda page, hub: open_page(page, hub, CONSENT)),
    "review": (False, False, lambda page, hub: open_page(page, hub, REVIEW)),
    "review after sharing": (True, False, asked_back),
    "receipt": (False, False, receipt),
    "all modules": (True, False, lambda page, hub: open_page(page, hub, "book/cohort/share.html")),
    "comments": (True, True, opened_comments),
    "my reflections": (True, True, erasing),
    "signing out": (False, False, leaving),
}


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_accessible(cohort: Hub, person: Person, module: Module, learner: str, state: str):
    """axe in light and dark at two widths; names and roles; headings; targets; 320 px; 200 %; wide spacing."""
    shared, comments, arrive = STATES[state]
    if shared is not None:
        prepare(cohort, module, learner, shared, comments)
    page = person(learner, troubled=state == "signing out")
    arrive(page, cohort)
    dialog = page.locator("dialog[open]").count() > 0
    faults = [f"'{words}' stands on the page" for words in ("null", "undefined", "[object", "{count}", "@") if words in page.locator("body").inner_text().replace("fay@example.org", "")]
    faults += axe(page)
    if not dialog:  # a dialog's own page behind it is not there for anybody
        faults += names_and_roles(page)
    levels = page.evaluate(HEADINGS)
    if levels[0] != 1 or levels.count(1) != 1 or any(after > before + 1 for before, after in zip(levels, levels[1:], strict=False)):
        faults.append(f"headings: {levels}")
    page.set_viewport_size({"width": 375, "height": 800})
    faults += page.evaluate(SMALL)
    for width, size in ((320, 100), (640, 200), (1280, 200)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
        faults += [f"{width} px, {size} %: {line}" for line in page.evaluate(CUT)] + ([f"sideways at {width} px, {size} %"] if page.evaluate(SIDEWAYS) > 0 else [])
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 375, "height": 800})
    page.evaluate(SPACING)
    faults += [f"spacing: {line}" for line in page.evaluate(CUT)]
    assert not faults, "\n".join(faults)


def test_keyboard_alone_through_consent_review_and_sharing(cohort: Hub, person: Person, module: Module, learner: str):
    """From the module's end to the receipt with Tab, Space and Enter, the focus in sight all the way."""
    asking.save(cohort, learner, asking.answer(module, 1, LONG)).raise_for_status()
    asking.save(cohort, learner, asking.answer(module, 2, LONG + "Kept.", enough=True, again=True)).raise_for_status()
    page = person(learner, viewport={"width": 375, "height": 667})
    open_page(page, cohort, MODULE)

    def reach(where: str) -> None:
        tab_to(page, where)
        page.evaluate("window.stops = []")
        found = page.evaluate(FOCUS)
        assert not found["wrong"], found["wrong"]

    reach(".share-link a")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-share=gate]")
    reach("#share-place a.button")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-consent=ready]")
    reach("#may-research")
    page.keyboard.press("Space")
    reach("#consent-place button.primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-share=ready]")
    reach("#share-place .buttons button")  # share all I wrote
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Share all I wrote"
    reach("#goes-name-myself")
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.id") == "goes-name-myself"
    reach("#reply-none")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "reply-name-myself"
    reach("#share-now")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-share=receipt]")
    assert page.evaluate("document.activeElement.textContent") == "Shared. Thank you"
    consent = cohort.ask(learner, "GET", "ppm-trial/api/consent").json()["consent"]
    assert (consent["course"], consent["quotes"], consent["research"]) == (False, False, True)
    assert len(hand_ins(cohort, module, learner)) == 1


def test_the_dialog_of_signing_out_holds_and_gives_back_the_focus(cohort: Hub, person: Person, learner: str):
    page = person(learner, troubled=True)
    leaving(page, cohort)
    assert page.evaluate("document.activeElement.id") == "leave-title"
    assert page.evaluate("[...document.querySelectorAll('dialog, .site-header')].map((one) => getComputedStyle(one).backgroundColor)") == ["rgb(255, 253, 250)"] * 2
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "sign-out"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_of_the_readers_own(cohort: Hub, person: Person, module: Module, learner: str, scheme: str):
    """In forced colors, what goes and what stays is still told apart, and so is the chosen answer to a comment."""
    prepare(cohort, module, learner, shared=True, comments=True)
    page = person(learner, forced_colors="active", color_scheme=scheme)
    open_page(page, cohort, REVIEW)
    widths = page.locator(".share-step").evaluate_all("(all) => all.map((one) => parseFloat(getComputedStyle(one).borderTopWidth))")
    assert widths[3] > widths[0] > 0
    opened_comments(page, cohort)
    pressed = page.locator("#comment-name-myself button").evaluate_all("(all) => all.map((one) => parseFloat(getComputedStyle(one).borderTopWidth))")
    assert pressed[0] > pressed[1]
