"""WCAG 2.2 AA on every page: axe-core, names and roles, headings, targets, narrow screens, large text, text spacing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .conftest import Visitor
from .looking import CUT, SIDEWAYS, SMALL, axe, every_page, look, names_and_roles, tree

PAGES = list(every_page())
MODULES = [path for path in PAGES if path.endswith("/module.html")]
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((h) => h.checkVisibility()).map((h) => Number(h.localName[1]))"
SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }");
  document.adoptedStyleSheets = [sheet];
}"""


@pytest.fixture(scope="module")
def walker(browser: Browser, site: str) -> Iterator[Visitor]:
    """One context for all pages, so that they come from the browser's cache."""
    visitor = Visitor(browser.new_context(service_workers="block", reduced_motion="reduce"), site)
    visitor.context.new_page()
    yield visitor
    visitor.context.close()


@pytest.fixture(scope="module")
def opened(walker: Visitor, path: str) -> Iterator[Page]:
    """One page of the book, opened once for all that is asked of it."""
    page = walker.context.pages[0]
    look(page, walker.base, path)
    yield page
    walker.check()


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    """The page in a browser window of a desk, as it was opened."""
    opened.emulate_media(color_scheme="light")
    opened.set_viewport_size({"width": 1280, "height": 800})
    yield opened
    opened.evaluate("() => { document.adoptedStyleSheets = []; document.documentElement.style.fontSize = ''; }")


every = pytest.mark.parametrize("path", PAGES, scope="module")


def test_no_page_is_left_out(book: Path):
    assert sorted(PAGES) == sorted(str(p.relative_to(book)) for p in book.rglob("*.html"))


def test_titles_tell_pages_apart(book: Path):
    titles = [re.search("<title>(.*?)</title>", (book / path).read_text("utf-8"), re.S)[1] for path in PAGES if path != "index.html"]
    assert len(set(titles)) == len(titles)


@every
def test_axe_finds_nothing(page: Page):
    faults = axe(page)
    assert not faults, "\n".join(faults)


@every
def test_title_language_and_headings(page: Page):
    assert page.title().strip()
    assert page.locator("html").get_attribute("lang") == "en"
    levels = page.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), f"a level is skipped: {levels}"


@every
def test_names_and_roles(page: Page):
    faults = names_and_roles(page)
    assert not faults, "\n".join(faults)
    assert ("heading", page.locator("h1").inner_text()) in tree(page)


@pytest.mark.parametrize("path", MODULES, scope="module")
def test_each_box_says_its_question(page: Page):
    asked = page.evaluate("[...document.querySelectorAll('.form-place script')].map((s) => JSON.parse(s.textContent).question)")
    assert len(asked) == 6  # five steps and "my next step"
    found = tree(page)
    for question in asked:
        for name in question.get("parts") or [question["prompt"]]:
            assert ("textbox", name) in found
        if question.get("parts"):
            assert ("group", question["prompt"]) in found
        assert page.locator(f"form[data-step='{question['step']}'] .form-status[role=status]").count() == 1
    assert page.locator("textarea").count() == sum(len(q.get("parts") or [1]) for q in asked)


@every
def test_targets_are_large_enough(page: Page):
    page.set_viewport_size({"width": 375, "height": 800})
    faults = page.evaluate(SMALL)
    assert not faults, "\n".join(faults)


@every
@pytest.mark.parametrize(("width", "size"), [(320, 100), (640, 200), (1280, 200)])
def test_nothing_is_cut_on_narrow_screens_and_in_large_text(page: Page, width: int, size: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
    assert page.evaluate(SIDEWAYS) <= 0
    faults = page.evaluate(CUT)
    assert not faults, "\n".join(faults)


@every
@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_is_cut_with_more_space_in_the_text(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(SPACING)
    spaced = page.locator("p").first.evaluate("(p) => { const style = getComputedStyle(p), size = parseFloat(style.fontSize); return [parseFloat(style.lineHeight) / size, parseFloat(style.letterSpacing) / size]; }")
    assert spaced == pytest.approx([1.5, 0.12], abs=0.01)
    assert page.evaluate(SIDEWAYS) <= 0
    faults = page.evaluate(CUT)
    assert not faults, "\n".join(faults)
