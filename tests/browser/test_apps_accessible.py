"""WCAG 2.2 AA on the running apps, every one: the proofs that the book's pages pass."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.apps_running import until

from .looking import CUT, SIDEWAYS, SMALL, axe, names_and_roles, tree
from .test_accessible import HEADINGS, SPACING
from .test_accessible_modes import MOVING
from .test_apps import MODULES, PORTFOLIO, journal

APPS = [*(f"/apps/notebooks/{name}/module.html" for name in MODULES), PORTFOLIO]
EDGES = """() => [...document.querySelectorAll("textarea, button, .button, .card, .reflection, .help-box")].filter((one) => one.checkVisibility() && !one.matches(".theme-switch")).map((one) => {
  const style = getComputedStyle(one), paper = getComputedStyle(document.body).backgroundColor;
  return [`${one.localName}.${one.className}`, style.borderTopStyle === "solid" && parseFloat(style.borderTopWidth) >= 1 && style.borderTopColor !== paper];
})"""


@pytest.mark.parametrize("address", APPS)
def test_an_app_is_accessible(enter, address):
    page = enter(address)
    wide = (1280, 375) if address in (APPS[0], PORTFOLIO) else (375,)  # the frame around is the same on each
    faults = axe(page, wide) + names_and_roles(page)  # in light and dark
    assert not faults, "\n".join(faults)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    levels = page.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), levels
    page.set_viewport_size({"width": 375, "height": 800})
    assert not page.evaluate(SMALL)
    for width, size in ((320, 100), (640, 200), (1280, 200)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
        assert page.evaluate(SIDEWAYS) <= 0
        assert not page.evaluate(CUT)
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 375, "height": 800})
    page.evaluate(SPACING)
    assert page.evaluate(SIDEWAYS) <= 0
    assert not page.evaluate(CUT)
    assert not page.evaluate(MOVING)


@pytest.mark.parametrize("name", MODULES)
def test_each_box_of_an_app_says_its_question(enter, server, course, name):
    page = enter(server.app(name))
    folded = page.locator(".step-fold button")
    while folded.count():  # steps that another test has done
        folded.first.click()
    found = tree(page)
    module = next(m for m in course.modules if m.name == name)
    for step in module.steps:
        for label in step.parts or [step.prompt]:
            assert ("textbox", label) in found
    assert ("textbox", module.next_step.prompt) in found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_of_the_readers_own_and_paper(enter, server, scheme):
    page = enter(server.app(MODULES[0]), forced_colors="active", color_scheme=scheme)
    edges = page.evaluate(EDGES)
    assert len(edges) > 20
    assert not [name for name, seen in edges if not seen]
    page.emulate_media(media="print", forced_colors="none")
    assert page.locator("textarea, button, .site-header, .skip-link").evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length") == 0
    assert page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]") == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    for question in page.locator(".reflection .ask label, .reflection .ask legend").all():
        expect(question).to_be_visible()


def test_with_the_keyboard_alone(enter, server):
    page = enter(server.app(MODULES[5]))
    page.bring_to_front()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TEXTAREA":
            break
    page.keyboard.type("I would ask the group that meets at the library.")
    step = page.evaluate("document.activeElement.form.dataset.step")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button.primary')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-step={step}] .form-outcome")).to_have_text("Done.")
    until(lambda: journal(server, "find-and-connect").get(step, {}).get("text"))


def test_without_javascript_the_text_and_the_way_to_the_book_are_there(enter, server):
    page = enter(server.app(MODULES[0]), java_script_enabled=False, key=False)
    assert "One more step" in page.locator("h1").inner_text()
    server.let_in(page.context)
    page.goto(server.app(MODULES[0]))
    expect(page.locator("noscript .no-script, .no-script")).to_contain_text("Writing needs JavaScript")
    assert page.locator("section.step").count() == 5
