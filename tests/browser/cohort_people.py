"""People of a cohort in a real browser: they sign in at the real Hub, write, share, and read comments."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from patient_partner_mentor.curriculum import Module
from tests.hub_running import COURSE, Hub

MODULE = "notebooks/1-patient-partner/module.html"
REVIEW = "book/cohort/share.html?module=patient-partner"
CONSENT = "book/cohort/before-you-share.html"
READY = {"module.html": "comments", "before-you-share": "consent", "share.html": "share", "my-reflections": "reflections", "welcome": "home"}
STORED = """() => new Promise((good) => {
  const asked = indexedDB.open("patient-partner-mentor", 1), texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  asked.onupgradeneeded = () => asked.result.createObjectStore("answers");
  asked.onsuccess = () => {
    const all = asked.result.transaction("answers").objectStore("answers"), keys = all.getAllKeys(), values = all.getAll();
    values.onsuccess = () => { asked.result.close(); good([...texts, JSON.stringify(keys.result), JSON.stringify(values.result)].join("\\n")); };
  };
})"""
Person = Callable[..., Page]


def sign_in(page: Page, hub: Hub, name: str) -> Page:
    """Through the Hub's own page, to the start of the course."""
    page.goto(hub.course_url)
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill("trial")
    page.locator("#login_submit").click()
    page.wait_for_selector("html[data-home=ready]")
    return page


def let_in(context: BrowserContext, hub: Hub, name: str) -> None:
    """Signed in at the Hub without its page, in a third of the time; the course's own sign-in is still the browser's."""
    cookies = hub.sign_in(name).cookies
    context.add_cookies([{"name": one.name, "value": one.value or "", "domain": "127.0.0.1", "path": one.path} for one in cookies])


def open_page(page: Page, hub: Hub, path: str) -> Page:
    """Open a page of the course, and wait until it has asked all that it asks."""
    page.goto(f"{hub.course_url}{COURSE}/{path}")
    name = next(name for part, name in READY.items() if part in path)
    page.wait_for_selector(f"html[data-{name}]")
    if name == "comments":
        page.wait_for_selector("html[data-forms=ready]")
    return page


def form(page: Page, step: int) -> Locator:
    """The form of a step."""
    return page.locator(f"#step-{step} form.reflection")


def saved(page: Page, step: int) -> None:
    """Wait until the course has a step's words."""
    expect(form(page, step).locator(".form-status")).to_have_text("Saved.", timeout=20_000)


def unfold(page: Page, step: int) -> None:
    """Open a step that is done and folded."""
    button = page.locator(f"#step-{step} .step-fold button")
    if button.count():
        button.click()


def write(page: Page, step: int, words: str) -> None:
    """Write an answer, and wait until the course has it."""
    unfold(page, step)
    form(page, step).locator("textarea").last.fill(words)
    saved(page, step)


def at_review(page: Page, hub: Hub, name: str, words: str) -> Page:
    """Agree, write the first step, and choose it on the page where one shares: one press is left."""
    agree(hub, name)
    write(open_page(page, hub, MODULE), 1, words)
    open_page(page, hub, REVIEW)
    page.locator("#goes-name-myself").check()
    return page


def lose_answers(page: Page) -> None:
    """What is shared arrives, and the service's answer does not, until ``unroute_all``."""

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/share/*", lose)


def other(page: Page, step: int, way: str) -> None:
    """Do a step in one of the other ways, by the words of its button."""
    unfold(page, step)
    form(page, step).locator("details.other-ways > summary").click()
    form(page, step).get_by_role("button", name=way).click()


def agree(hub: Hub, name: str) -> None:
    """Read who reads, without a browser."""
    seen = hub.ask(name, "GET", f"{COURSE}/api/state").json()["terms"]["seen"]
    hub.ask(name, "PUT", f"{COURSE}/api/consent", json={"course": False, "quotes": False, "research": False, "seen": seen}).raise_for_status()


def share(page: Page) -> None:
    """Press the button of the review page, and wait for the receipt."""
    page.locator("#share-now").click()
    page.wait_for_selector("html[data-share=receipt]")


def state_of(hub: Hub, name: str, module: str = "patient-partner") -> dict[str, Any]:
    """What the service says of a module."""
    return hub.ask(name, "GET", f"{COURSE}/api/state").json()["modules"][module]


def hand_ins(hub: Hub, module: Module, name: str) -> list[dict[str, Any]]:
    """All that a person ever shared of a module, as a facilitator sees it."""
    history = hub.ask("fay", "GET", f"exchange/{COURSE}/submissions/{module.name}?history=yes").json()
    return [one for one in history if one["user"] == name]


def comment(hub: Hub, module: Module, name: str, comments: dict[int, str], credits: Iterable[int] = ()) -> None:
    """Deliver a facilitator's comments, by step number, and the steps that they count as done, with the newest hand-in."""
    data: dict[str, Any] = {"comments": [{"step": module.step(number).id, "comment": words} for number, words in comments.items()]}
    data["credits"] = [{"step": module.step(number).id, "state": "done"} for number in credits]
    page = f'<p>Page</p><script type="application/json" id="ppm-comments">{json.dumps(data).replace("<", chr(92) + "u003c")}</script>'
    id = hand_ins(hub, module, name)[-1]["id"]
    hub.ask("fay", "PUT", f"exchange/{COURSE}/feedback/{module.name}/{name}/{id}", data=page.encode()).raise_for_status()


def stored(page: Page) -> str:
    """Everything that this browser keeps for the course's origin."""
    return page.evaluate(STORED)


def leave(page: Page) -> None:
    """Sign out with the button, and wait for the Hub's sign-in."""
    page.locator(".sign-out").click()
    page.wait_for_url("**/hub/login*")


def no_foreign_words(context: BrowserContext, words: str) -> None:
    """No open page of this browser has these words in it."""
    for page in context.pages:
        assert words not in page.content()
