"""The modules and the portfolio as apps: the same forms as in the book, with a journal, beside it on one server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from patient_partner_mentor.curriculum import Course
from tests.apps_running import AppServer, apps, until
from tests.browser.looking import axe

MODULES = [f"{n}-{name}" for n, name in enumerate("patient-partner embrace-learnings careful-and-kind-care advancing-expertise develop-and-nurture-your-niche find-and-connect be-a-mentor evaluate".split(), 1)]
PORTFOLIO = "/apps/notebooks/apps/portfolio.html"
PROSE = "section.step > p:not([class]), section.step > ul"
FORM = "#step-2 .reflection"
BOX = f"{FORM} textarea"
CANARY = "canary-8161-only-in-this-browser"


def unfold(page: Page) -> None:
    button = page.locator("#step-2 .step-fold button")
    if button.count():
        button.click()


def journal(server: AppServer, module: str = "patient-partner") -> dict:
    path = server.data / "journal" / f"{module}.json"
    return {one["step"]: one for one in json.loads(path.read_text("utf-8"))["answers"]} if path.exists() else {}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_an_app_with_six_forms(enter, server, course: Course, name):
    page = enter(server.app(name))
    module = next(m for m in course.modules if m.name == name)
    assert page.locator("h1").inner_text() == module.title
    assert page.locator("form.reflection").count() == 6
    assert [s.get_attribute("data-step") for s in page.locator("form.reflection").all()] == [*(s.id for s in module.steps), "next-step"]
    for step in module.steps:
        assert page.locator(f"#step-{step.number} .step-title").inner_text() == step.title
        assert page.locator(f"#step-{step.number} form.reflection[data-step={step.id}]").count() == 1
    assert page.locator("pre, code, .input_area").count() == 0
    assert page.locator("main").count() == 1
    assert page.locator("a[href='']").count() == 0
    assert page.title().startswith(module.title)


def test_the_words_are_those_of_the_book(enter, server):
    name = MODULES[0]
    here = enter(server.app(name)).locator(PROSE).all_inner_texts()
    there = enter(f"/course/notebooks/{name}/module.html")
    there.wait_for_selector("html[data-forms=ready]")
    assert here == there.locator(PROSE).all_inner_texts()
    assert len(here) == 15


def test_what_is_typed_is_in_the_journal_and_in_the_book(enter, server):
    page = enter(server.app())
    page.locator(BOX).fill("I keep a list of what works on bad days.")
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    assert journal(server)["my-skills"]["text"] == "I keep a list of what works on bad days."
    page.locator(f"{FORM} button.primary").click()
    expect(page.locator(f"{FORM} .form-outcome")).to_have_text("Done.")
    expect(page.locator(".step-list [data-step=my-skills] .step-state")).to_have_text("Done")
    book = enter(f"/course/notebooks/{MODULES[0]}/module.html")
    book.wait_for_selector("html[data-forms=ready]")
    unfold(book)
    expect(book.locator(BOX)).to_have_value("I keep a list of what works on bad days.")
    book.locator(BOX).press_sequentially(" More, from the book.")
    again = enter(server.app())
    unfold(again)
    expect(again.locator(BOX)).to_have_value("I keep a list of what works on bad days. More, from the book.")
    until(lambda: journal(server)["my-skills"]["text"].endswith("from the book."))


def test_another_browser_finds_it_in_the_journal(enter, server):
    page = enter(server.app(MODULES[5]))
    page.locator(BOX).fill("From the first browser.")
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    other = enter(server.app(MODULES[5]), fresh=True)
    unfold(other)
    expect(other.locator(BOX)).to_have_value("From the first browser.")
    other.locator(BOX).press_sequentially(" And the second.")
    until(lambda: journal(server, "find-and-connect")["people-and-places"]["text"].endswith("And the second."))
    assert other.locator(f"{FORM} .earlier").is_hidden(), "an answer's own past is not somebody else's text"
    expect(page.locator(BOX)).to_have_value("From the first browser.")
    page.locator("h1").click()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator(BOX)).to_have_value("From the first browser. And the second.")


def test_the_book_and_the_apps_lead_to_each_other(enter, server):
    page = enter(f"/course/notebooks/{MODULES[2]}/module.html")
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(".app-link a").click()
    page.wait_for_selector("html[data-forms=ready]")
    assert page.url == server.app(MODULES[2])
    page.get_by_role("link", name="Read this module in the book").click()
    page.wait_for_selector("html[data-forms=ready]")
    assert page.url == f"{server.base}/course/notebooks/{MODULES[2]}/module.html"
    page = enter(server.app(MODULES[6]))
    page.get_by_role("link", name="See everything in my portfolio").click()
    page.wait_for_selector("html[data-forms=ready]")
    page.get_by_role("link", name="Open My reflections in the book").click()
    page.wait_for_selector("html[data-reflections=ready]")
    page.get_by_role("link", name="See everything in my portfolio").click()
    expect(page.locator("h1")).to_have_text("My portfolio")


def test_every_link_of_an_app_inside_the_course_leads_somewhere(enter, server):
    page = enter(server.app(MODULES[6]))
    addresses = page.evaluate("[...new Set([...document.links].map((a) => a.href.split('#')[0]))].filter((a) => a.startsWith(location.origin))")
    assert len(addresses) > 15
    for address in addresses:
        answer = page.request.get(address)
        assert answer.status == 200, address


def test_a_kernel_that_is_gone_is_replaced_and_the_text_stays(enter, server):
    page = enter(server.app(MODULES[3]))
    page.locator(BOX).fill("Before the kernel went. ")
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    for kernel in server.kernels():
        kernel.kill()
    page.locator(BOX).press_sequentially("After it.")
    until(lambda: journal(server, "advancing-expertise")["closing-gaps"]["text"] == "Before the kernel went. After it.", 40)
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    expect(page.locator(BOX)).to_have_value("Before the kernel went. After it.")


LOOKED_AT = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"


def test_a_page_that_nobody_looks_at_gives_its_kernel_back_and_gets_another(enter, server):
    page = enter(f"/course/notebooks/{MODULES[6]}/module.html").context.new_page()
    page.clock.install()
    page.goto(server.app(MODULES[6]))
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("Before the pause.")
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    kernel = page.locator(".app-status").get_attribute("data-kernel")
    status = f"{server.base}/apps/api/kernels/{kernel}"
    page.evaluate(LOOKED_AT, True)
    page.clock.fast_forward("29:00")
    assert page.request.get(status).status == 204
    page.clock.fast_forward("02:00")
    until(lambda: page.request.get(status).status == 404)
    page.evaluate(LOOKED_AT, False)
    page.locator(BOX).press_sequentially(" And after it.")
    until(lambda: any(one["text"] == "Before the pause. And after it." for one in journal(server, "be-a-mentor").values()), 40)


def test_a_course_that_was_away_says_so_and_stands_in_nobodys_way_afterwards(book, browser, tmp_path):
    with apps(tmp_path / "data") as server:
        context = browser.new_context(service_workers="block")
        server.let_in(context)
        page = context.new_page()
        page.clock.install()
        page.goto(server.app(MODULES[0]))
        page.wait_for_selector("html[data-forms=ready]")
        bar = page.locator(".app-status")
        server.kill()
        expect(bar).to_contain_text("The course does not answer right now.", timeout=20_000)
        server.start()
        page.clock.fast_forward("00:10")  # it waits up to so long between two tries
        expect(bar).to_contain_text("The course was started again. Open the address that it shows there", timeout=20_000)
        server.let_in(context)
        page.clock.fast_forward("00:10")
        expect(bar).to_have_text("The course had stopped. It runs again, and your words are here.", timeout=20_000)
        page.clock.fast_forward("00:21")
        expect(bar).to_be_empty()
        context.close()


def test_noticing_is_answered_by_the_kernel(enter, server):
    page = enter(server.app(MODULES[4]))
    page.locator(BOX).fill("I went to the park with my neighbor on Monday. I felt calm and it meant a lot to me that she asked.")
    page.locator(f"{FORM} button.primary").click()
    page.get_by_role("button", name="See what my words include").click()
    expect(page.locator(f"{FORM} .settle")).to_contain_text("Your words include: what happened; what it felt like or meant")


def test_a_damaged_journal_is_put_aside_and_said_in_one_sentence(enter, server):
    folder = server.data / "journal"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluate.json").write_bytes(b'{"schema_version": 1, "cou')
    page = enter(server.app(MODULES[7]))
    expect(page.locator(f"{FORM} .form-status")).to_contain_text("could not be read. It was put aside, and nothing was removed")
    assert [path.read_bytes() for path in folder.glob("evaluate.damaged-*.json")] == [b'{"schema_version": 1, "cou']
    page.locator(BOX).fill("Written anew.")
    expect(page.locator(f"{FORM} .form-status")).to_have_text("Saved.")
    assert journal(server, "evaluate")["challenges"]["text"] == "Written anew."


def test_the_portfolio_shows_all_of_it_and_gives_copies(enter, server, tmp_path):
    page = enter(server.app(MODULES[0]))
    unfold(page)
    page.locator("[data-step=name-myself] textarea").first.fill("I want to be called a patient partner.")
    page.locator("[data-step=next-step] textarea").fill("Ask about travel money.")
    expect(page.locator("[data-step=next-step] .form-status")).to_have_text("Saved.")
    page = enter(server.app(MODULES[7]))
    page.locator("[data-step=successes] textarea").fill("These days I say co-researcher.")
    expect(page.locator("[data-step=successes] .form-status")).to_have_text("Saved.")
    page = enter(PORTFOLIO, fresh=True)  # another browser: all of it comes from the journal
    expect(page.locator("#my-plan")).to_contain_text("Ask about travel money.")
    pair = page.locator(".portfolio-pair", has_text="These days I say co-researcher.")
    expect(pair).to_contain_text("I want to be called a patient partner.")
    assert page.locator(".portfolio-words li").count() == 8
    assert "steps are done" in page.locator("#my-steps").inner_text()
    for button, ending in (("A document", ".docx"), ("Plain text", ".txt"), ("A copy to go on with", ".json")):
        with page.expect_download() as handed:
            page.get_by_role("button", name=button).click()
        path = tmp_path / handed.value.suggested_filename
        handed.value.save_as(path)
        assert path.name.endswith(ending)
        words = " ".join(p.text for p in __import__("docx").Document(path).paragraphs) if ending == ".docx" else path.read_text("utf-8-sig")
        assert "Ask about travel money." in words
        assert "I want to be called a patient partner." in words
    copy = json.loads((tmp_path / next(p.name for p in tmp_path.glob("*.json"))).read_text())
    assert copy["format"] == "patient-partner-mentor-copy"


def test_without_the_key_a_page_says_what_to_do(enter, server):
    page = enter(server.app(), key=False)
    expect(page.locator("h1")).to_have_text("One more step")
    assert not axe(page)
    page.get_by_role("link", name="Go to the book").click()
    expect(page.locator("h1")).to_be_visible()
    assert "/course/" in page.url


def test_a_public_server_keeps_nothing_and_shows_nobody_elses_words(browser, book, tmp_path):
    with apps(tmp_path / "data", "--identity", "public") as server:
        assert server.token == ""
        one, two = (browser.new_context(service_workers="block") for _ in range(2))
        page = one.new_page()
        page.goto(server.app())
        page.wait_for_selector("html[data-forms=ready]")
        page.locator(BOX).fill(CANARY)
        expect(page.locator(f"{FORM} .form-status")).to_contain_text("Saved on this device")
        page.locator(f"{FORM} button.primary").click()
        page.goto(server.base + PORTFOLIO)
        page.wait_for_selector("html[data-forms=ready]")
        expect(page.locator("#my-answers")).to_contain_text(CANARY)
        with page.expect_download():
            page.get_by_role("button", name="A document").click()
        page.goto(server.app())
        page.wait_for_selector("html[data-forms=ready]")
        unfold(page)
        expect(page.locator(BOX)).to_have_value(CANARY)
        other = two.new_page()
        for address in (server.app(), server.base + PORTFOLIO):
            other.goto(address)
            other.wait_for_selector("html[data-forms=ready]")
            assert CANARY not in other.content()
        held = [Path(f.path) for kernel in [*server.kernels(), __import__("psutil").Process(server.process.pid)] for f in kernel.open_files()]
        files = [*(p for p in server.data.rglob("*") if p.is_file()), server.log, *held, *(p for p in Path("/tmp").glob("ppm-*/*") if p.is_file())]
        assert all(CANARY.encode() not in p.read_bytes() for p in files if p.exists())
        assert not (server.data / "journal").exists()
        for context in (one, two):
            context.close()
