"""WCAG 2.2 AA in the states that a page gets into while somebody works with it, and what axe-core does not look at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .looking import CUT, SIDEWAYS, SMALL, Visit, axe, names_and_roles, open_all, seed

MODULE = "notebooks/1-patient-partner/module.html"
LETTER = "notebooks/4-advancing-expertise/module.html"
MINE = "book/my-reflections.html"
CERTIFICATE = "book/certificate.html"
WORDS = "I keep a list of what works on bad days."
YOUTUBE = "https://www.youtube-nocookie.com"


def worked_with(visit: Visit) -> Page:
    """A module with everything open: ways in, other ways, earlier words, a finished, a skipped and a lighter step."""
    page = visit(MODULE)
    box = page.locator("#step-2 textarea")
    box.fill(WORDS)
    box.fill("")
    page.locator("#step-1 form button.primary").click()
    expect(page.locator("#step-1 .form-outcome")).not_to_be_empty()
    page.locator("#step-3 .other-ways summary").click()
    page.locator("#step-3 .other-ways button").first.click()
    open_all(page)
    page.locator("#step-4 .starters button, #step-4 .lighter button").first.click()
    page.locator("#step-5 .lighter button").click()
    page.locator("#step-5 textarea").fill(WORDS)
    page.locator("#step-5 button.primary").click()
    open_all(page)
    page.locator(".menu summary").click()
    expect(page.locator("#step-2 .earlier .words")).to_have_text(WORDS)
    expect(page.locator("#step-3 .form-outcome")).to_contain_text("Step done")
    expect(page.locator(".menu a").first).to_be_visible()
    return page


def come_back_to(visit: Visit) -> Page:
    """A module with folded steps, one of them open again, and questions that have changed since."""
    page = visit(MODULE)
    seed(page, 1, earlier=True)
    page.reload()
    expect(page.locator(".step-fold")).to_have_count(5)
    page.locator("#step-2 .step-fold button").click()
    expect(page.locator("#step-2 .changed")).to_be_visible()
    return page


def looking_back(visit: Visit) -> Page:
    """The last module, with what was written in the first one shown again."""
    page = visit(MODULE)
    seed(page)
    page.goto(page.url.replace("1-patient-partner", "8-evaluate"))
    page.wait_for_selector("html[data-forms=ready]")
    while page.locator(".step-fold").count():
        page.locator(".step-fold button").first.click()
    open_all(page)
    expect(page.locator(".look-back .words").first).to_contain_text("What I wrote for step")
    return page


def nothing_kept(visit: Visit) -> Page:
    """A module on a shared computer, where words stay on the page only."""
    page = visit(MODULE)
    page.evaluate("window.ppm.openStore(JSON.parse(document.getElementById('ppm-settings').textContent)).keepNothing(true)")
    page.reload()
    page.wait_for_selector("html[data-forms=ready]")
    page.locator("#step-2 textarea").fill(WORDS)
    expect(page.locator("#step-2 .form-status")).to_contain_text("nothing is kept")
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def video_open(visit: Visit) -> Page:
    """A module with a video shown; a page of ours stands in for YouTube's."""
    page = visit(MODULE)
    answer = {"content_type": "text/html", "body": "<!DOCTYPE html><html lang='en'><title>Player</title><p>Player</p>"}
    page.route(f"{YOUTUBE}/**", lambda route: route.fulfill(**answer))
    page.locator(".video-button").first.click()
    page.frame_locator(".video iframe").locator("p").wait_for()
    foreign = visit.visitors[-1].foreign
    assert foreign
    assert all(address.startswith(YOUTUBE) for address in foreign)
    foreign.clear()
    return page


def dark_chosen(visit: Visit) -> Page:
    """A module in dark by the reader's own choice."""
    page = visit(MODULE)
    page.locator(".theme-switch").click()
    page.locator(".theme-switch").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    return page


def mine(visit: Visit) -> Page:
    """My reflections, with answers to every step."""
    page = visit(MINE)
    seed(page, earlier=True)
    page.reload()
    expect(page.locator("#my-answers .answer")).to_have_count(40)
    expect(page.locator("#my-plan .written")).to_have_count(8)
    for summary in page.locator("#my-answers summary").all()[:3]:
        summary.click()
    return page


def copy_brought(visit: Visit) -> Page:
    """My reflections, asked whether to bring a copy in."""
    page = mine(visit)
    with page.expect_download() as download:
        page.locator("#keep-a-copy button").last.click()
    copy = Path(download.value.path()).read_text("utf-8").replace("What I wrote for step 2.", "What I wrote elsewhere.")
    changed = re.sub(r'"count": ?1\b', '"count": 9', copy)
    page.locator("#bring-file").set_input_files({"name": "copy.json", "mimeType": "application/json", "buffer": changed.encode()})
    expect(page.locator("#bring-a-copy-in button.primary")).to_be_focused()
    return page


def erase_asked(visit: Visit) -> Page:
    """My reflections, asked whether to erase."""
    page = mine(visit)
    page.locator("#erase button").click()
    expect(page.locator("#erase-ask")).to_be_visible()
    page.locator("#a-shared-computer button").click()
    expect(page.locator("#a-shared-computer [role=status]")).not_to_be_empty()
    return page


def erased(visit: Visit) -> Page:
    """My reflections, erased, with the way to undo it."""
    page = mine(visit)
    page.locator("#erase button").click()
    page.locator("#erase button.primary").click()
    expect(page.locator("#my-answers .answer")).to_have_count(0)
    expect(page.locator("#erase button")).to_be_focused()
    return page


def certificate_earned(visit: Visit) -> Page:
    """The certificate, with a name on it."""
    page = visit(CERTIFICATE)
    seed(page)
    page.reload()
    page.locator("#certificate-name").fill("Maria Fernanda Oliveira-Featherstonehaugh of the Riverside Family Council")
    expect(page.locator(".certificate-name")).to_contain_text("Riverside")
    return page


def search_results(visit: Visit) -> Page:
    """The search page with results."""
    page = visit("search.html?q=hope")
    expect(page.locator("#search-results li").first).to_be_visible()
    return page


def welcome_back(visit: Visit) -> Page:
    """The welcome page for somebody who has begun."""
    page = visit(MODULE)
    seed(page, 1)
    page.goto(page.url.replace(MODULE, "book/welcome.html"))
    expect(page.locator(".continue-at")).to_be_visible()
    return page


STATES = [worked_with, come_back_to, looking_back, nothing_kept, video_open, dark_chosen]
STATES += [mine, copy_brought, erase_asked, erased, certificate_earned, search_results, welcome_back]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_state_is_as_accessible(visit: Visit, state):
    page = state(visit)
    faults = axe(page)
    faults += names_and_roles(page)
    faults += page.evaluate(SMALL)
    page.set_viewport_size({"width": 320, "height": 800})
    faults += page.evaluate(CUT)
    assert not faults, "\n".join(faults)
    assert page.evaluate(SIDEWAYS) <= 0


# What axe does not look at

# Contrast of two CSS colors as WCAG 2.2 defines it; all our colors are opaque.
CONTRAST = """(a, b) => {
  const light = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}"""
BEHIND = """(one) => { for (let up = one.parentElement; up; up = up.parentElement) { const color = getComputedStyle(up).backgroundColor; if (!color.endsWith(", 0)")) return color; } return "rgb(255, 255, 255)"; }"""
EDGES = f"""() => {{
  const contrast = {CONTRAST}, behind = {BEHIND};
  return [...document.querySelectorAll("textarea, input, button, .button")].filter((one) => one.checkVisibility() && !one.matches(".theme-switch, [type=file]")).map((one) => {{
    const style = getComputedStyle(one), around = behind(one);
    const seen = Math.max(parseFloat(style.borderTopWidth) ? contrast(style.borderTopColor, around) : 0, style.backgroundColor.endsWith(", 0)") ? 0 : contrast(style.backgroundColor, around));
    return [`${{one.localName}}.${{one.className}}`, seen];
  }});
}}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [LETTER, MINE, "search.html"])
def test_edges_of_controls_can_be_seen(visit: Visit, path: str, scheme: str):
    page = visit(path, color_scheme=scheme)
    edges = page.evaluate(EDGES)
    assert edges
    assert not [edge for edge in edges if edge[1] < 3]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_on_ruled_paper(visit: Visit, scheme: str):
    page = visit(LETTER, color_scheme=scheme)
    low = page.locator(".reflection-letter textarea").evaluate(
        f"""(one) => {{ const contrast = {CONTRAST}, style = getComputedStyle(one);
        const colors = [...style.backgroundImage.matchAll(/rgb\\([^)]*\\)/g), [style.backgroundColor]].map((found) => found[0]);
        return [colors.length, Math.min(...colors.map((color) => contrast(color, style.color)))]; }}"""
    )
    assert low[0] >= 2  # the paper and its lines
    assert low[1] >= 4.5
