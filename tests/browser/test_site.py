"""The site round the forms: nobody else is asked, the policy holds, it works offline, from disk and under any path."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from playwright.sync_api import expect

from patient_partner_mentor.publish import offline
from patient_partner_mentor.deployment import load_deployment
from tests.browser.conftest import WATCH
from tests.browser.test_nothing_lost import BOX, MODULE, unfold
from tests.serving import ours, plain, running

UNTIL_NEW = """async (first) => {
    for (;;) {
        const now = await caches.keys();
        if (now.length === 1 && now[0] !== first[0]) return;
        await new Promise((again) => setTimeout(again, 50));
    }
}"""
YOUTUBE = "https://www.youtube-nocookie.com/"


def pages(book: Path) -> list[str]:
    """Every page of the built book."""
    return sorted(p.relative_to(book).as_posix() for p in book.rglob("*.html"))


def test_no_page_asks_anybody_else_and_none_breaks_the_policy(visit, book):
    paths = pages(book)
    for some in (paths[i : i + 6] for i in range(0, len(paths), 6)):  # so that their waits overlap
        tabs = {path: visit(path) for path in some}
        for path, page in tabs.items():
            page.wait_for_load_state("networkidle")
            for notice in page.locator("details").all():
                notice.evaluate("(one) => { one.open = true; }")
            assert page.evaluate("window.violations") == [], path
            assert page.locator("link[rel=preconnect], link[rel=dns-prefetch], link[rel=prefetch]").count() == 0, path
            page.close()
    assert len(paths) >= 25


def test_the_policy_is_a_header_and_in_the_page(visit, site):
    page = visit("book/help.html")
    answer = page.request.get(site + "book/help.html")
    header = answer.headers["content-security-policy"]
    assert header.startswith("default-src 'none'; script-src 'self'; style-src 'self';") and "unsafe" not in header
    assert page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") == header
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_video_is_asked_for_only_when_the_learner_asks(visit):
    page = visit(MODULE)
    visitor = visit.visitors[0]
    asked: list[str] = []
    page.route(YOUTUBE + "**", lambda route: (asked.append(route.request.url), route.fulfill(status=200, content_type="text/html", body="<title>player</title>")))
    box = page.locator("#step-2 .video")
    expect(box.locator("button")).to_contain_text("YouTube (Google) will know that you opened it.")
    assert asked == [] and visitor.foreign == []
    box.locator("button").click()
    frame = box.locator("iframe")
    expect(frame).to_have_attribute("title", "Video: The Patient Revolution Community: Hope")
    expect(frame).to_have_attribute("referrerpolicy", "strict-origin-when-cross-origin")
    source = frame.get_attribute("src")
    assert source.startswith(YOUTUBE + "embed/zXxurYUndK4?start=49&cc_load_policy=1")
    assert "autoplay" not in source + (frame.get_attribute("allow") or "")
    assert asked and all(url.startswith(YOUTUBE) for url in visitor.foreign)
    visitor.foreign.clear()


def test_a_video_that_does_not_answer_is_said_with_the_link(visit):
    page = visit("book/help.html")
    page.clock.install()
    page.goto(page.url.replace("book/help.html", MODULE))
    page.wait_for_selector("html[data-forms=ready]")
    page.route(YOUTUBE + "**", lambda route: route.fulfill(status=200, content_type="text/html", body="<title>Error 153</title>"))
    page.locator("#step-2 .video button").click()
    page.clock.run_for(9000)
    expect(page.locator("#step-2 .video-status")).to_contain_text("did not load here")
    expect(page.locator("#step-2 .card-link a")).to_have_attribute("href", "https://www.youtube.com/watch?v=zXxurYUndK4&t=49s")
    visit.visitors[0].foreign.clear()


def test_it_works_from_a_plain_server_under_any_path(browser, book):
    with running(plain(book, "/some/where/deep/")) as address:
        page = browser.new_page()
        page.add_init_script(WATCH)
        page.goto(f"{address}/some/where/deep/")
        page.wait_for_url("**/some/where/deep/book/welcome.html")
        page.get_by_role("link", name="Start with module 1").click()
        page.wait_for_selector("html[data-forms=ready]")
        page.locator(BOX).fill("Under a path.")
        page.goto(f"{address}/some/where/deep/book/my-reflections.html")
        expect(page.locator("#my-answers")).to_contain_text("Under a path.")
        assert page.evaluate("window.violations") == []
        page.close()


def test_it_works_unzipped_from_disk(browser, book):
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    page.goto((book / MODULE).as_uri())
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("From disk.")
    expect(page.locator("#step-2 .form-status")).to_contain_text("Saved on this device")
    page.reload()
    page.wait_for_selector("html[data-forms=ready]")
    unfold(page)
    expect(page.locator(BOX)).to_have_value("From disk.")
    page.goto((book / "search.html").as_uri() + "?q=mentor")
    expect(page.locator("#search-results li").first).to_be_visible()
    assert errors == [] and page.evaluate("window.violations") == []
    page.close()


def test_no_link_of_the_book_leads_nowhere(book):
    ids = {path: set(re.findall(r'\bid="([^"]+)"', (book / path).read_text("utf-8"))) for path in pages(book)}
    filled_by_scripts = {"keep-a-copy"}
    for path in pages(book):
        for target in re.findall(r'(?:href|src)="([^"]+)"', (book / path).read_text("utf-8")):
            if urlsplit(target).scheme:
                continue
            name, _, anchor = unquote(target).partition("#")
            file = (book / path).parent / name if name else book / path
            file = (file / "index.html") if file.is_dir() else file
            assert file.is_file(), f"{path} links to {target}"
            if anchor and file.suffix == ".html":
                assert anchor in ids[file.resolve().relative_to(book.resolve()).as_posix()] | filled_by_scripts, f"{path} links to {target}"


def test_search_finds_prompts_and_cards(visit):
    page = visit("search.html")
    for words, module in (("wanted to say no", "Patient Partner"), ("Equitable Compensation", "Patient Partner"), ("Gourgouris", "Develop and Nurture your Niche")):
        page.get_by_label("Search the course").fill(words)
        page.get_by_role("button", name="Search").click()
        expect(page.locator("#search-results li", has_text=module).first).to_be_visible()


@pytest.fixture
def own_book(book, tmp_path):
    """A copy of the built book that a test may change."""
    return Path(shutil.copytree(book, tmp_path / "html"))


def test_it_works_without_a_connection_after_one_visit(browser, own_book):
    with running(ours(own_book)) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/course/book/welcome.html")
        page.wait_for_selector("html[data-offline=ready]")
        expect(page.locator(".offline-status")).to_have_text("This course now works without a connection too.")
    # the server is gone: every page, and writing, go on
    for path in ("book/help.html", "notebooks/5-develop-and-nurture-your-niche/module.html", "search.html?q=nature"):
        page.goto(f"{address}/course/{path}")
    expect(page.locator("#search-results li").first).to_be_visible()
    page.goto(f"{address}/course/{MODULE}")
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("Written without a connection.")
    expect(page.locator("#step-2 .form-status")).to_contain_text("Saved on this device")
    page.goto(f"{address}/course/book/my-reflections.html")
    expect(page.locator("#my-answers")).to_contain_text("Written without a connection.")
    context.close()


def test_the_offline_copy_follows_the_book_and_never_mixes_editions(browser, own_book, root):
    with running(ours(own_book)) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/course/{MODULE}")
        page.wait_for_selector("html[data-offline=ready]")
        first = page.evaluate("caches.keys()")
        # a new edition: another form script under another name, and pages that name it
        old = next((own_book / "_static").glob("form.*.js"))
        new = old.with_name("form.0123456789.js")
        new.write_text(old.read_text("utf-8") + "\nwindow.edition = 2;\n", "utf-8")
        old.unlink()
        for html in own_book.rglob("*.html"):
            html.write_text(html.read_text("utf-8").replace(old.name, new.name), "utf-8")
        settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))["sphinx"]["config"]["ppm_deployment"]
        offline.write(own_book, load_deployment(settings, root))
        page.goto(f"{address}/course/{MODULE}")
        page.wait_for_selector("html[data-forms=ready]")
        assert page.evaluate("window.edition") == 2, "a page that came from the network runs the form that it names"
        page.evaluate(UNTIL_NEW, first)
        kept = page.evaluate("async () => { const cache = await caches.open((await caches.keys())[0]); return (await cache.keys()).map((one) => new URL(one.url).pathname); }")
        assert not any(old.name in path for path in kept) and any(new.name in path for path in kept)
        assert not any("sw.js" in path or "edition.json" in path for path in kept)
    page.goto(f"{address}/course/{MODULE}")
    page.wait_for_selector("html[data-forms=ready]")
    assert page.evaluate("window.edition") == 2
    context.close()


PORTAL = "<!DOCTYPE html><title>Welcome to our network</title><p>Please agree to the terms.</p>"
REFUSED = """() => navigator.serviceWorker.register("../../sw.js", { scope: "../../" }).then((registration) => new Promise((done) => {
  const look = () => registration.installing ?? registration.waiting ?? registration.active ? setTimeout(look, 20) : done(true);
  look();
}))"""
KEPT = """async (path) => {
  const address = new URL(`../../${path}`, location.href).href;
  for (const name of await caches.keys()) {
    const found = await (await caches.open(name)).match(address);
    if (found) return found.text();
  }
  return null;
}"""
KEEP_WRONGLY = """async ([path, text]) => {
  const cache = await caches.open((await caches.keys())[0]);
  await cache.put(new URL(`../../${path}`, location.href).href, new Response(text, { headers: { "Content-Type": "text/html" } }));
}"""


def test_the_offline_copy_takes_a_file_only_for_what_it_is(browser, own_book):
    """A captive portal, or a host without the file, answers with a page of its own and 200."""
    page_of_help, form = "book/help.html", f"_static/{next((own_book / '_static').glob('form.*.js')).name}"
    right = {path: (own_book / path).read_text("utf-8") for path in (page_of_help, form)}
    with running(ours(own_book)) as address:
        context = browser.new_context()
        page = context.new_page()
        (own_book / page_of_help).write_text(PORTAL, "utf-8")
        page.goto(f"{address}/course/{MODULE}")
        assert page.evaluate(REFUSED) and page.evaluate(KEPT, page_of_help) is None
        (own_book / page_of_help).write_text(right[page_of_help], "utf-8")
        page.goto(f"{address}/course/{MODULE}")
        page.wait_for_selector("html[data-offline=ready]")
        assert {path: page.evaluate(KEPT, path) for path in right} == right
        page.evaluate(KEEP_WRONGLY, [form, PORTAL])  # as an earlier worker could
        page.goto(f"{address}/course/{MODULE}")
        page.wait_for_selector("html[data-forms=ready]")
        assert page.evaluate(KEPT, form) == right[form], "what was kept wrongly mends itself"
    context.close()


def test_light_and_dark_can_be_chosen_and_are_kept(visit):
    page = visit("book/help.html", color_scheme="light")
    button = page.get_by_role("button", name="Light or dark")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button.click()
    button.click()
    expect(button).to_contain_text("Dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_welcome_page_starts_and_goes_on_where_one_stopped(visit, course):
    page = visit("book/welcome.html")
    expect(page.locator(".course-start .button")).to_have_text("Start with module 1")
    page = visit(MODULE)
    page.locator("#step-1 textarea").first.fill("a partner, after nine years as a patient of this clinic")
    page.locator("#step-1 button.primary").click()
    expect(page.locator("#step-1 .form-outcome")).to_have_text("Done.")
    page = visit("book/welcome.html")
    go_on = page.locator(".course-start .button")
    expect(go_on).to_have_text("Continue where I stopped")
    expect(page.locator(".continue-at")).to_have_text("Next is Patient Partner, step 2.")
    expect(page.locator(".module-card").first).to_contain_text("1 of 5 steps done")
    go_on.click()
    page.wait_for_url("**/1-patient-partner/module.html#step-2")
