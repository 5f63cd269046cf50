"""Ways to look at a page that the accessibility tests share: every page there is, axe-core, words cut off, small targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import yaml
from playwright.sync_api import Page, Route

ROOT = Path(__file__).parents[2]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
REFRESH = '<meta http-equiv="refresh"[^>]*>'
Visit = Callable[..., Page]

# What a screen reader is told: role in Chromium's tree, and the elements that must have it.
ROLES = {
    "link": "a[href]",
    "button": "button, input[type=file]",
    "textbox": "textarea, input[type=text], input[type=password]",
    "searchbox": "input[type=search]",
    "checkbox": "input[type=checkbox]",
    "radio": "input[type=radio]",
    "DisclosureTriangle": "summary",
    "status": "[role=status]",
}

# What axe cannot decide, and why it is right all the same: rule, elements, reason. Anything else it leaves open fails.
UNDECIDED = [
    (
        "color-contrast",
        ".reflection-letter textarea",
        "Ruled paper is a gradient, which axe does not measure; test_words_on_ruled_paper does.",
    ),
    (
        "color-contrast",
        "html:not(:has(link[rel=stylesheet])) :is(h1, p)",
        "The page for a wrong address can link no style sheet (it stands at any depth), so it has the browser's own colors; "
        "axe takes the dark paper for white.",
    ),
    (
        "color-contrast",
        "dialog[open] *",
        "A dialog lies over the page, and axe looks through it. Its paper is opaque and its colors are the panels', which "
        "axe measures; test_the_dialog_of_signing_out_holds_and_gives_back_the_focus looks at the paper.",
    ),
]

RUN_AXE = """async ([rules, undecided]) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations", "incomplete"], iframes: false });
  const allowed = (rule, node) => undecided.some(([name, where]) => name === rule && document.querySelector(node.target.at(-1))?.matches(where));
  const lines = (list, keep) => list.flatMap((rule) => rule.nodes.filter((node) => keep(rule.id, node)).map((node) =>
    `${rule.id}: ${node.target.join(" ")}: ${[...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ")}`));
  return [...lines(found.violations, () => true), ...lines(found.incomplete, (rule, node) => !allowed(rule, node)).map((line) => `not decided: ${line}`)];
}"""

# Words that stand outside the page, outside their button or behind an edge. What can be scrolled is not cut,
# nor what is there for screen readers alone.
CUT = """() => {
  const bad = [], width = document.documentElement.clientWidth;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest(".skip-link, script, noscript, textarea")) continue;
    const boxes = [];
    let scrolls = false;
    for (let up = parent; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (/auto|scroll/.test(style.overflowX) || style.clipPath !== "none") { scrolls = true; break; }
      if (/hidden|clip/.test(style.overflow) || up.matches("button, .button, summary")) boxes.push(up.getBoundingClientRect());
    }
    if (scrolls) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const at of range.getClientRects()) {
      const out = at.left < -1 || at.right > width + 1
        || boxes.some((box) => at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1);
      if (at.width && out) { bad.push(`${parent.localName}.${parent.className}: ${node.data.trim().slice(0, 60)}`); break; }
    }
  }
  return bad;
}"""

# Targets under 24 by 24 pixels. WCAG 2.5.8 leaves out links in a sentence: here, inline ones with 20 letters beside them.
SMALL = """() => [...document.querySelectorAll("a[href], button, input, textarea, select, summary, [tabindex='0']")].filter((one) => {
  if (!one.checkVisibility({ visibilityProperty: true }) || one.matches(".skip-link")) return false;
  const box = one.getBoundingClientRect();
  if (box.width >= 24 && box.height >= 24) return false;
  if (one.localName !== "a" || getComputedStyle(one).display !== "inline") return true;
  let block = one.parentElement;
  while (getComputedStyle(block).display === "inline") block = block.parentElement;
  const links = [...block.querySelectorAll("a")].reduce((sum, link) => sum + link.textContent.trim().length, 0);
  return block.textContent.trim().length - links < 20;
}).map((one) => { const box = one.getBoundingClientRect(); return `${one.localName}.${one.className} "${one.textContent.trim().slice(0, 40)}" ${box.width} x ${box.height}`; })"""

SIDEWAYS = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"

# An answer to every step, as if written; a step's number decides whether it was written, skipped or done another way.
SEED = """async ([moduleCount, earlier]) => {
  const { change, fresh, openStore } = window.ppm, settings = JSON.parse(document.getElementById("ppm-settings").textContent);
  const store = openStore(settings), time = new Date().toISOString();
  for (const module of settings.modules.slice(0, moduleCount)) for (const [i, step] of [...module.steps, "next-step"].entries()) {
    const question = { course: settings.course, module: module.id, step, module_version: 1, language: "en",
      prompt: "What was asked here before, in other words?", prompt_hash: module.hashes?.[i] ?? "0".repeat(16) };
    const words = `${["On Monday we met in the small room", "My neighbor drove while I read the letters", "A nurse asked twice what helps at night", "Nothing", "Quiet", "Call them soon"][i]}. What I wrote for step ${i + 1}. Alongwordwithoutanyspacethatgoesonandonandonandontotheedge.`;
    let answer = change(fresh(question, "seed"), i === 3 ? { status: "skipped" } : i === 4 ? { status: "other-way" } : { text: words }, question, "seed", time);
    if (earlier) answer = { ...answer, overtaken: [{ text: "What I wrote at first.", time, revision: { count: 0, writer: "seed" }, prompt: question.prompt }] };
    await store.save(answer, null);
  }
}"""


def every_page() -> Iterator[str]:
    """The address of every HTML page of the book: what the table of contents names, and what the build adds."""
    yield from ("index.html", "404.html", "search.html")

    def under(entries: list[dict]) -> Iterator[str]:
        for entry in entries:
            yield entry["file"] + ".html"
            yield from under(entry.get("sections", ()))

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    yield toc["root"] + ".html"
    for part in toc["parts"]:
        yield from under(part["chapters"])


def look(page: Page, site: str, path: str) -> None:
    """Open any page and wait until it is ready; the front door is kept from leading on, and the page for a wrong address
    comes as an ordinary answer, since the browser reports a 404 as an error."""
    page.unroute_all()
    if path == "index.html":
        page.route("**/index.html", lambda route: _answer(route, REFRESH))
    if path == "404.html":
        page.route("**/no/such/*", lambda route: _answer(route))
    page.goto(site + ("no/such/page.html" if path == "404.html" else path))
    if path.endswith("/module.html"):
        page.wait_for_selector("html[data-forms=ready]")
    if path in ("book/my-reflections.html", "book/certificate.html"):
        page.wait_for_selector("html[data-reflections=ready]")


def _answer(route: Route, without: str = "") -> None:
    answer = route.fetch()
    route.fulfill(response=answer, status=200, body=re.sub(without, "", answer.text()) if without else answer.text())


def seed(page: Page, modules: int = 8, earlier: bool = False) -> None:
    """Give the browser answers to every step of the first modules, as if they had been written."""
    back = page.url
    page.goto(back.split("/course/")[0] + "/course/book/help.html")  # a page with the whole record, and no form of its own
    page.evaluate(SEED, [modules, earlier])
    page.goto(back)


def open_all(page: Page, within: str = "main") -> None:
    """Open every part that is folded away."""
    for summary in page.locator(f"{within} details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()


def axe(page: Page, widths: tuple[int, ...] = (1280, 375)) -> list[str]:
    """What axe-core finds wrong or cannot decide, in light and dark, at each width.

    The program comes in through the debugger, so the pages' policy stays as learners have it.
    """
    page.evaluate(AXE)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            lines = page.evaluate(RUN_AXE, [RULES, [line[:2] for line in UNDECIDED]])
            found += [f"{scheme}, {width} px: {line}" for line in lines]
    return found


def tree(page: Page) -> list[tuple[str, str]]:
    """Role and name of everything in the accessibility tree."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    said = [n for n in nodes if not n["ignored"]]
    return [(n["role"]["value"], n.get("name", {}).get("value", "").strip()) for n in said]


def names_and_roles(page: Page) -> list[str]:
    """Faults in the names and roles of what can be worked with."""
    found = tree(page)
    faults = [f"{role} without a name" for role, name in found if role in ROLES and role != "status" and not name]
    for role, elements in ROLES.items():
        shown = page.locator(elements).evaluate_all("(all) => all.filter((one) => one.checkVisibility()).length")
        told = sum(1 for r, _ in found if r == role)
        if shown != told:
            faults.append(f"{shown} of '{elements}' can be seen, and {told} have the role {role}")
    return faults
