"""A module without a mouse: from the first key to the next module, with the focus seen all the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .looking import Visit, open_all, seed

MODULE = "notebooks/1-patient-partner/module.html"
NEXT = "notebooks/2-embrace-learnings/module.html"
STOPS = 150  # more than a module has with everything open
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 667}

# Everything that the Tab key should reach, in the order of the page.
EXPECTED = """() => {
  window.stops = [...document.querySelectorAll("a[href], button, input, textarea, select, summary, iframe")].filter((one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }));
  return window.stops.length;
}"""

# Where the focus is, and what is wrong with the way it shows: no outline, out of sight, or under something else.
FOCUS = """() => {
  const one = document.activeElement, wrong = [];
  const name = `${one.localName}.${one.className} "${one.textContent.trim().slice(0, 40)}"`;
  if (one === document.body) return { at: -1, name, wrong };
  const style = getComputedStyle(one);
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) wrong.push(`no outline: ${name}`);
  const light = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  let around = one.parentElement;
  while (around.parentElement && getComputedStyle(around).backgroundColor.endsWith(", 0)")) around = around.parentElement;
  const [low, high] = [light(style.outlineColor), light(getComputedStyle(around).backgroundColor)].sort((a, b) => a - b);
  if ((high + 0.05) / (low + 0.05) < 3) wrong.push(`faint outline: ${name}`);
  const boxes = [...one.getClientRects()], box = boxes[0];
  const end = one.localName === "textarea" ? box.top + 40 : box.bottom; // Chromium brings the caret into sight, not the whole box
  if (box.left < 0 || box.right > innerWidth + 1 || box.top < 0 || end > innerHeight + 1) wrong.push(`out of sight: ${name} ${JSON.stringify(box)}`);
  const seen = (x, y) => { const hit = document.elementFromPoint(x, y); return hit && (one.contains(hit) || hit.contains(one)); };
  if (![[0.5, 0.5], [0.05, 0.3], [0.95, 0.7]].every(([x, y]) => seen(box.left + box.width * x, box.top + (end - box.top) * y))) wrong.push(`covered: ${name}`);
  return { at: window.stops.indexOf(one), name, wrong };
}"""


def walk(page: Page, key: str) -> tuple[list[int], list[str]]:
    """Press the key until the focus leaves the page: the stops in order, and all that was wrong on the way."""
    order: list[int] = []
    wrong: list[str] = []
    for _ in range(STOPS):
        page.keyboard.press(key)
        found = page.evaluate(FOCUS)
        if found["at"] in order or (found["at"] == -1 and order):
            return order, wrong
        order.append(found["at"])
        wrong += found["wrong"] if found["at"] >= 0 else [f"not expected: {found['name']}"]
    raise AssertionError(f"no end after {STOPS} stops: a trap? The last was {found['name']}")


def tab_to(page: Page, where: str, key: str = "Tab") -> None:
    """Press the key until the focus is on an element."""
    for _ in range(STOPS):
        page.keyboard.press(key)
        if page.evaluate("(where) => document.activeElement.matches(where)", where):
            return
    raise AssertionError(f"the key {key} does not lead to {where}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_stop_in_order_seen_and_not_covered(visit: Visit, size: dict, scheme: str):
    page = visit(MODULE, viewport=size, color_scheme=scheme)
    open_all(page)
    page.reload()  # the focus starts at the top again
    page.wait_for_selector("html[data-forms=ready]")
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    expected = page.evaluate(EXPECTED)
    assert expected > 40
    forward, wrong = walk(page, "Tab")
    assert not wrong, "\n".join(wrong)
    assert forward == list(range(expected))
    page.locator(".site-footer :is(a, button)").last.focus()
    back, wrong = walk(page, "Shift+Tab")
    assert not wrong, "\n".join(wrong)
    assert back[: expected - 1] == list(reversed(range(expected - 1)))


def test_the_skip_link_comes_first_and_leads_to_the_text(visit: Visit):
    page = visit(MODULE)
    page.keyboard.press("Tab")
    link = page.locator(".skip-link")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_menu_opens_closes_and_gives_the_focus_back(visit: Visit, size: dict):
    page = visit(MODULE, viewport=size)
    summary, links = page.locator(".menu > summary"), page.locator(".menu ol a")
    tab_to(page, ".menu > summary")
    page.keyboard.press("Enter")
    expect(links.first).to_be_visible()
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()
    expect(summary).to_be_focused()

    page.keyboard.press("Space")
    tab_to(page, ".menu li:last-child a")
    page.keyboard.press("Tab")
    expect(page.locator(".site-nav a[href*=my-reflections]")).to_be_focused()
    expect(links.first).to_be_hidden()  # an open menu could cover what comes next


def test_a_whole_module(visit: Visit):
    page = visit(MODULE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, "#step-1 textarea")  # a sentence to complete, in two boxes
    page.keyboard.type("Maria, a patient partner")
    page.keyboard.press("Tab")
    expect(page.locator("#step-1 textarea").nth(1)).to_be_focused()
    page.keyboard.type("I live with this every day")
    tab_to(page, "#step-1 button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#step-1 .form-outcome")).to_have_text("Done.")
    expect(page.locator("#step-1 button.primary")).to_be_focused()

    tab_to(page, "#step-2 .way-in summary")  # a starter
    page.keyboard.press("Enter")
    tab_to(page, "#step-2 .starters button")
    starter = page.evaluate("document.activeElement.textContent").rstrip(" .…")
    page.keyboard.press("Space")
    expect(page.locator("#step-2 textarea")).to_be_focused()
    page.keyboard.type("know who to call.")
    expect(page.locator("#step-2 textarea")).to_have_value(f"{starter} know who to call.")
    tab_to(page, "#step-2 button.primary")
    page.keyboard.press("Space")
    expect(page.locator("#step-2 .form-outcome")).to_have_text("Done.")

    tab_to(page, "#step-3 .other-ways summary")  # skipped
    page.keyboard.press("Space")
    tab_to(page, "#step-3 .other-ways button")
    page.keyboard.press("Enter")
    expect(page.locator("#step-3 .form-outcome")).to_contain_text("Step done")
    expect(page.locator("#step-3 .other-ways button")).to_be_focused()  # "I want to write after all"

    tab_to(page, "#step-4 .other-ways summary")  # another way
    page.keyboard.press("Enter")
    tab_to(page, "#step-4 .other-ways li:last-child button, #step-4 .other-ways button:last-child")
    page.keyboard.press("Enter")
    expect(page.locator("#step-4 form")).to_have_attribute("data-state", "done")

    tab_to(page, "#step-5 .way-in summary")  # the lighter question
    page.keyboard.press("Enter")
    tab_to(page, "#step-5 .lighter button")
    page.keyboard.press("Enter")
    expect(page.locator("#step-5 textarea")).to_be_focused()
    page.keyboard.type("Not this week.")
    tab_to(page, "#step-5 button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#step-5 .form-outcome")).to_have_text("Done.")

    tab_to(page, "#my-next-step textarea")
    page.keyboard.type("Ask first.")
    tab_to(page, "#my-next-step button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("#my-next-step .form-outcome")).to_contain_text("Kept")
    expect(page.locator(".module-progress")).to_have_text("5 of 5 steps done")
    tab_to(page, ".next-module a.button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{NEXT}")


def test_a_folded_step_opens_with_the_focus_in_sight(visit: Visit):
    page = visit(MODULE, viewport=PHONE)
    box = page.locator("#step-2 textarea")
    box.fill("I keep a list of what to ask, on the fridge.")
    page.locator("#step-2 button.primary").click()
    expect(page.locator("#step-2 .form-outcome")).to_have_text("Done.")
    page.reload()
    tab_to(page, "#step-2 .step-fold button")
    page.keyboard.press("Enter")
    expect(box).to_be_visible()
    focused = page.locator(":focus")
    expect(focused).to_be_in_viewport()
    assert focused.evaluate("(one) => one.closest('#step-2') !== null")
    tab_to(page, "#step-2 textarea")


def test_a_video_is_left_with_the_keys(visit: Visit):
    page = visit(MODULE)
    answer = {"content_type": "text/html", "body": "<!DOCTYPE html><html lang='en'><title>Player</title><button>Play</button></html>"}
    page.route("https://www.youtube-nocookie.com/**", lambda route: route.fulfill(**answer))
    tab_to(page, ".video-button")
    page.keyboard.press("Enter")
    expect(page.locator(".video iframe")).to_be_focused()
    page.frame_locator(".video iframe").get_by_role("button").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('#step-2 .card a')")
    visit.visitors[-1].foreign.clear()


def test_a_whole_erase_and_its_undo(visit: Visit):
    page = visit(MODULE)
    page.locator("#step-2 textarea").fill("I keep a list.")
    page.locator("#step-2 button.primary").click()
    expect(page.locator("#step-2 .form-status")).to_contain_text("Saved")
    page = visit("book/my-reflections.html")
    tab_to(page, "#erase button")
    page.keyboard.press("Enter")
    expect(page.locator("#erase :focus")).to_contain_text("No, keep")  # the careful answer has the focus
    tab_to(page, "#erase button.primary", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#erase :focus")).to_contain_text("Undo")
    page.keyboard.press("Enter")
    expect(page.locator("#erase [role=status]")).to_contain_text("back")
    expect(page.locator("#my-answers .answer")).to_have_count(1)
    expect(page.locator("#erase :focus")).to_be_visible()


@pytest.mark.parametrize("answer", ["Bring it in", "Leave it"])
def test_the_focus_stays_when_a_copy_is_brought_in_or_left(visit: Visit, answer: str):
    page = visit("book/my-reflections.html")
    seed(page, 1)
    page.reload()
    expect(page.locator("#my-answers .answer")).to_have_count(5)
    with page.expect_download() as download:
        page.get_by_role("button", name="A copy to go on with").click()
    copy = Path(download.value.path()).read_bytes()
    page.locator("#erase button").click()
    page.locator("#erase button.primary").click()
    expect(page.locator("#my-answers .answer")).to_have_count(0)
    page.locator("#bring-file").set_input_files({"name": "copy.json", "mimeType": "application/json", "buffer": copy})
    expect(page.locator("#bring-a-copy-in :focus")).to_have_text("Bring it in")
    if answer == "Leave it":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#bring-a-copy-in .status")).not_to_be_empty()
    expect(page.locator("#bring-a-copy-in :focus")).to_be_visible()
    page.locator("#erase button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#erase :focus")).to_be_visible()


def test_the_focus_stays_when_there_is_nothing_to_erase(visit: Visit):
    page = visit("book/my-reflections.html")
    page.locator("#erase button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#erase [role=status]")).to_contain_text("nothing to erase")
    expect(page.locator("#erase :focus")).to_be_visible()
