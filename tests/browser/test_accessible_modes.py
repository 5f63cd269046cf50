"""Readers who see pages in another way: less motion, their own colors, on paper, or without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .looking import Visit, every_page, seed

MODULE = "notebooks/1-patient-partner/module.html"
MODULES = [path for path in every_page() if path.endswith("/module.html")]
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => { const style = getComputedStyle(one);
  return style.animationName !== "none" || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0) || style.scrollBehavior !== "auto"; })
  .map((one) => `${one.localName}.${one.className}`)"""
LONG = "A long answer that no box of a few lines can hold. " * 60


@pytest.mark.parametrize("path", ["book/welcome.html", MODULE, "book/my-reflections.html", "search.html?q=hope"])
def test_nothing_moves_for_those_who_ask_for_less_motion(visit: Visit, path: str):
    page = visit(path, reduced_motion="reduce")
    assert not page.evaluate(MOVING)
    assert page.evaluate("document.getAnimations().length") == 0


def test_motion_is_seen_by_the_check(visit: Visit):
    page = visit(MODULE, reduced_motion="no-preference")
    assert page.evaluate(MOVING) == []  # the course moves nothing for anybody
    page.evaluate("document.body.style.transition = 'opacity 1s'")
    assert page.evaluate(MOVING) == ["body.page-module"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_of_the_readers_own(visit: Visit, scheme: str):
    page = visit(MODULE, forced_colors="active", color_scheme=scheme)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    edges = page.evaluate("""() => [...document.querySelectorAll("textarea, button, .button, .card, .reflection, .help-box")].filter((one) => one.checkVisibility() && !one.matches(".theme-switch")).map((one) => {
      const style = getComputedStyle(one), paper = getComputedStyle(document.body).backgroundColor;
      return [`${one.localName}.${one.className}`, style.borderTopStyle === "solid" && parseFloat(style.borderTopWidth) >= 1 && style.borderTopColor !== paper];
    })""")
    assert len(edges) > 20
    assert not [name for name, seen in edges if not seen]
    for where in ("#step-2 textarea", "#step-2 button.primary", ".brand"):
        page.locator(where).first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        style = page.locator(where).first.evaluate("(one) => { const s = getComputedStyle(one); return [s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor === getComputedStyle(document.body).backgroundColor]; }")
        assert style == ["solid", 3, False]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_module_on_paper(visit: Visit, scheme: str):
    page = visit(MODULE, color_scheme=scheme)
    page.locator("#step-2 textarea").fill(LONG)
    page.locator("#step-2 button.primary").click()
    expect(page.locator("#step-2 .form-status")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("#step-2 .step-fold")).to_be_visible()
    page.emulate_media(media="print")
    mirror = page.locator("#step-2 .mirror")
    assert mirror.inner_text().strip() == LONG.strip()
    assert mirror.evaluate("(one) => one.scrollHeight <= one.clientHeight + 1 && one.clientHeight > 300 && one.checkVisibility({ contentVisibilityAuto: true })")
    assert page.locator("textarea, button, .site-header, .site-footer nav, .skip-link, .page-turn").evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length") == 0
    for question in page.locator(".reflection .ask label, .reflection .ask legend").all():
        expect(question).to_be_visible()
    addresses = page.locator(".card-link a").evaluate_all("(all) => all.map((link) => [link.getAttribute('href'), getComputedStyle(link, '::after').content])")
    assert addresses
    assert all(href in printed for href, printed in addresses)
    colors = page.evaluate("[document.body, document.querySelector('.card')].map((one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color])")
    assert colors == [["rgb(255, 255, 255)", "rgb(0, 0, 0)"]] * 2  # ink on paper, in dark too


def test_my_words_on_paper(visit: Visit):
    page = visit("book/my-reflections.html")
    seed(page)
    page.reload()
    expect(page.locator("#my-answers .answer")).to_have_count(40)
    page.emulate_media(media="print")
    assert page.locator(".written").evaluate_all("(all) => all.every((one) => one.checkVisibility() && one.scrollHeight <= one.clientHeight + 1)")
    assert page.locator("button, input, .panel, .site-header").evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length") == 0


DEAD = """() => [...document.querySelectorAll("button, input, textarea, select, [role=button]")].filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", list(every_page())[2:])
def test_without_javascript_a_page_still_teaches(browser, site: str, path: str):
    with browser.new_context(java_script_enabled=False, service_workers="block") as context:
        page = context.new_page()
        page.goto(site + path)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".no-script")).to_contain_text("JavaScript")
        assert not page.evaluate(DEAD)
        page.locator(".menu summary").click()
        expect(page.locator(".menu ol a").first).to_be_visible()


@pytest.mark.parametrize("path", MODULES)
def test_without_javascript_a_module_asks_its_questions(browser, site: str, path: str):
    with browser.new_context(java_script_enabled=False, service_workers="block") as context:
        page = context.new_page()
        page.goto(site + path)
        asked = page.evaluate("[...document.querySelectorAll('.form-place script')].map((s) => JSON.parse(s.textContent).question.prompt)")
        assert len(asked) == 6
        shown = page.locator(".question-only .prompt")
        assert [one.inner_text() for one in shown.all()] == asked
        for one in shown.all():
            expect(one).to_be_visible()
        assert page.locator(".card-link a[href^=http]").count() >= 3
        assert page.locator(".video").evaluate_all("(all) => all.every((one) => !one.checkVisibility())")
        expect(page.locator("section.step p").first).to_be_visible()
