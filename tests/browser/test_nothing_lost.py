"""Nothing typed is lost: every character typed more than a second before is there, or the page said what is not kept."""

from __future__ import annotations

import random
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FLAGS
from tests.browser.persistent import Chromium

MODULE = "notebooks/1-patient-partner/module.html"
FORM = "#step-2 .reflection"
BOX = f"{FORM} textarea"
WORDS = "I plan every visit, carry the list of pills, and ask what each one is for. "


def opened(context, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-forms=ready]")
    unfold(page)
    return page


def unfold(page: Page) -> None:
    button = page.locator("#step-2 .step-fold button")
    if button.count():
        button.click()


def status(page: Page):
    return page.locator(f"{FORM} .form-status")


def test_a_tab_closed_in_the_middle_of_a_word(visit):
    page = visit(MODULE)
    page.locator(BOX).press_sequentially("I plan every vis")
    page.close()
    again = visit(MODULE)
    unfold(again)
    expect(again.locator(BOX)).to_have_value("I plan every vis")


def test_reload_back_and_forward(visit):
    page = visit(MODULE)
    page.locator(BOX).press_sequentially("Before the reload.")
    page.reload()
    page.wait_for_selector("html[data-forms=ready]")
    unfold(page)
    expect(page.locator(BOX)).to_have_value("Before the reload.")
    page.locator(BOX).press_sequentially(" After it.")
    page.goto(page.url.replace(MODULE, "book/help.html"))
    page.go_back()
    page.wait_for_selector("html[data-forms=ready]")
    unfold(page)
    expect(page.locator(BOX)).to_have_value("Before the reload. After it.")


def kill_round(chromium: Chromium, address: str, seed: int) -> None:
    """Type at a person's pace, kill at a random moment, and look what is there."""
    chance = random.Random(seed)
    page = opened(chromium.start(), address)
    page.locator(BOX).fill("")
    page.locator(BOX).focus()
    typed: list[tuple[float, int]] = []
    text = WORDS * 2
    until = time.monotonic() + chance.uniform(1.2, 4.0)
    for count, letter in enumerate(text, 1):
        page.keyboard.type(letter, delay=chance.uniform(10, 60))
        typed.append((time.monotonic(), count))
        if time.monotonic() > until:
            break
    killed = time.monotonic()
    chromium.kill()
    safe = max((count for when, count in typed if when < killed - 1), default=0)
    page = opened(chromium.start(), address)
    found = page.locator(BOX).input_value()
    chromium.close()
    assert text.startswith(found), f"round {seed}: what came back is not what was typed"
    assert len(found) >= safe, f"round {seed}: {safe} characters were older than a second, {len(found)} came back"


def test_the_browser_killed_while_typing(playwright, site, tmp_path):
    chromium = Chromium(playwright, tmp_path / "profile", FLAGS)
    for seed in range(3):
        kill_round(chromium, site + MODULE, seed)


@pytest.mark.soak
def test_the_browser_killed_again_and_again(playwright, site, tmp_path):
    chromium = Chromium(playwright, tmp_path / "profile", FLAGS)
    for seed in range(100, 160):
        kill_round(chromium, site + MODULE, seed)
    print("\n60 rounds of kill -9: every character older than one second was there.")


def test_two_tabs_writing_keep_both(visit):
    one, two = visit(MODULE), visit(MODULE)
    one.bring_to_front()
    one.locator(BOX).press_sequentially("From the first window.")
    expect(two.locator(BOX)).to_have_value("From the first window.")  # a window that nobody types in follows
    one.evaluate("() => { document.hasFocus = () => false; }")  # headless windows all say that they have the focus
    two.locator(BOX).fill("From the second window.")
    expect(one.locator(BOX)).to_have_value("From the second window.")


def test_two_tabs_at_the_same_moment_lose_neither_text(visit):
    one, two = visit(MODULE), visit(MODULE)
    for page, words in ((one, "The first text."), (two, "The second text.")):
        page.evaluate("""() => { document.hasFocus = () => true; }""")  # both windows lie side by side, and have a caret
        page.locator(BOX).focus()
        page.locator(BOX).press_sequentially(words)
    one.locator(BOX).press_sequentially(" More.")
    expect(status(one)).to_contain_text("Both are kept")
    one.close()
    two.close()
    again = visit(MODULE)
    unfold(again)
    kept = again.locator(BOX).input_value() + again.locator(f"{FORM} .earlier").inner_text()
    again.locator(f"{FORM} .earlier summary").click()
    kept += again.locator(f"{FORM} .earlier").inner_text()
    assert "The first text. More." in kept
    assert "The second text." in kept


def test_storage_full_is_said_and_nothing_is_taken_away(visit):
    page = visit(MODULE)
    session = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 8_000_000})
    page.locator(BOX).fill("Written while there was room.")
    expect(status(page)).to_contain_text("Saved on this device")
    page.evaluate(FILL)
    page.locator(BOX).fill("Written when the device was full. " + WORDS * 200)
    expect(status(page)).to_contain_text("Your words are on this page but not saved. Press Copy before you close it.")
    expect(page.locator(f"{FORM} button", has_text="Copy")).to_be_visible()
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    page.evaluate("localStorage.clear()")
    page.locator(BOX).press_sequentially("!")
    expect(status(page)).to_contain_text("Saved on this device")


def test_storage_blocked_is_said(playwright, site, tmp_path):
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    chromium = Chromium(playwright, tmp_path / "profile", FLAGS, blocked)
    page = opened(chromium.start(), site + MODULE)
    assert page.evaluate("(() => { try { localStorage.length; return false } catch { return true } })()"), "storage is not blocked"
    page.locator(BOX).fill("Nothing can be kept here.")
    expect(status(page)).to_contain_text("not saved. Press Copy")
    expect(page.locator(BOX)).to_have_value("Nothing can be kept here.")
    page.goto(site + "book/my-reflections.html")
    page.wait_for_selector("html[data-reflections=ready]")
    expect(page.get_by_text("does not let the course keep anything")).to_be_visible()
    chromium.close()


def test_a_database_that_never_answers_is_said_and_the_copy_stands_in(visit):
    page = visit("book/help.html")
    page.context.add_init_script("IDBFactory.prototype.open = () => ({});")  # as Safari has done: no success, no error
    page.context.clock.install()
    page = page.context.new_page()
    page.goto(visit.visitors[0].base + MODULE)
    page.clock.run_for(3500)
    page.wait_for_selector("html[data-forms=ready]")
    page.locator(BOX).fill("Kept in the copy.")
    page.clock.run_for(6000)
    expect(status(page)).to_contain_text("this browser may forget it. Press Copy")
    expect(page.locator(f"{FORM} button", has_text="Copy")).to_be_visible()
    page.reload()
    page.clock.run_for(3500)
    page.wait_for_selector("html[data-forms=ready]")
    unfold(page)
    expect(page.locator(BOX)).to_have_value("Kept in the copy.")
    page.goto(visit.visitors[0].base + "book/my-reflections.html")
    page.clock.run_for(3500)
    page.wait_for_selector("html[data-reflections=ready]")
    expect(page.locator("#my-answers")).to_contain_text("Kept in the copy.")


@pytest.mark.parametrize("year", [1999, 2099])
def test_a_clock_set_back_or_forward_changes_nothing(visit, year):
    page = visit(MODULE)
    page.locator(BOX).fill("Before the clock was changed.")
    expect(status(page)).to_contain_text("Saved")
    page.close()
    other = visit("book/help.html")
    other.context.clock.set_fixed_time(f"{year}-06-01T12:00:00Z")
    page = visit(MODULE)
    unfold(page)
    page.locator(BOX).fill("After the clock was changed.")
    page.locator(f"{FORM} button.primary").click()
    page.close()
    other.context.clock.set_fixed_time("2026-11-22T12:00:00Z")
    page = visit(MODULE)
    unfold(page)
    expect(page.locator(BOX)).to_have_value("After the clock was changed.")


FILL = """async () => {
    let n = 0;
    for (let size = 1 << 20; size >= 1; size >>= 1) try { for (;;) localStorage.setItem("fill" + n++, "x".repeat(size)); } catch {}
    const base = await new Promise((good, bad) => { const asked = indexedDB.open("filler", 1); asked.onupgradeneeded = () => asked.result.createObjectStore("all"); asked.onsuccess = () => good(asked.result); asked.onerror = bad; });
    const put = (size) => new Promise((good, bad) => { const all = base.transaction("all", "readwrite"); all.objectStore("all").put(crypto.getRandomValues(new Uint8Array(size)), n++); all.oncomplete = good; all.onabort = all.onerror = bad; });
    for (let size = 65536; size >= 1024; size >>= 1) try { for (let i = 0; i < 400; i++) await put(size); throw new Error("never full"); } catch (error) { if (error.message === "never full") throw error; }
}"""


def seed_answer(page: Page, **changes) -> None:
    """Put an answer into the store as an earlier version of the course would have."""
    page.evaluate(
        """async (changes) => {
            const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
            const { fresh, openStore } = window.ppm;
            const question = { course: settings.course, module: "patient-partner", step: "my-skills", module_version: 1, prompt: "An older question?", prompt_hash: "0123456789abcdef", language: "en" };
            const answer = { ...fresh(question, "earlier"), status: "written", text: "An answer to the older question.", time: "2026-01-01T10:00:00Z", revision: { count: 7, writer: "earlier" }, ...changes };
            if (changes.raw) {
                const base = await new Promise((good, bad) => { const asked = indexedDB.open("patient-partner-mentor", 1); asked.onupgradeneeded = () => asked.result.createObjectStore("answers"); asked.onsuccess = () => good(asked.result); asked.onerror = bad; });
                await new Promise((good) => { const all = base.transaction("answers", "readwrite"); all.objectStore("answers").put(changes.raw, `${settings.deployment}/${settings.course}/${settings.account}/patient-partner/my-skills`); all.oncomplete = good; });
                base.close();
            } else await openStore(settings).save(answer, null);
        }""",
        changes,
    )


def test_a_prompt_changed_under_an_answer_shows_both(visit):
    seed_answer(visit("book/help.html"))
    page = visit(MODULE)
    unfold(page)
    expect(page.locator(BOX)).to_have_value("An answer to the older question.")
    expect(page.locator(f"{FORM} .changed")).to_contain_text("The question has changed")
    expect(page.locator(f"{FORM} .changed")).to_contain_text("An older question?")
    page.locator(BOX).fill("An answer to the new one.")
    expect(status(page)).to_contain_text("Saved on this device")
    expect(page.locator(f"{FORM} .earlier")).to_be_visible()
    page.locator(f"{FORM} .earlier summary").click()
    expect(page.locator(f"{FORM} .earlier")).to_contain_text("An answer to the older question.")
    page.locator(f"{FORM} .earlier button").click()
    expect(page.locator(BOX)).to_have_value("An answer to the older question.")
    expect(page.locator(f"{FORM} .earlier")).to_contain_text("An answer to the new one.")


def in_the_database(page: Page, what: str) -> list:
    """Everything that the browser's database holds: ``getAll`` gives the records, ``getAllKeys`` their keys."""
    return page.evaluate(
        """(what) => new Promise((good) => { const asked = indexedDB.open("patient-partner-mentor"); asked.onsuccess = () => {
            const got = asked.result.transaction("answers").objectStore("answers")[what](); got.onsuccess = () => good(got.result); }; })""",
        what,
    )


def test_a_newer_record_is_left_alone(visit):
    newer = {"schema_version": 99, "text": "From the future.", "surprise": True}
    seed_answer(visit("book/help.html"), raw=newer)
    page = visit(MODULE)
    expect(status(page)).to_contain_text("A newer version of the course wrote here")
    page.locator(BOX).fill("Written beside it.")
    page.locator(f"{FORM} button.primary").click()
    expect(page.locator(f"{FORM} .form-outcome")).not_to_be_empty()
    page.close()
    page = visit(MODULE)
    unfold(page)
    expect(page.locator(BOX)).to_have_value("Written beside it.")
    stored = in_the_database(page, "getAll")
    assert newer in stored
    page = visit("book/my-reflections.html")
    expect(page.locator("#my-answers")).to_contain_text("Written beside it.")
    expect(page.get_by_text("1 answer on this device cannot be read here.")).to_be_visible()


def test_a_damaged_record_is_put_aside_and_said(visit):
    seed_answer(visit("book/help.html"), raw={"schema_version": 1, "text": 42})
    page = visit(MODULE)
    expect(status(page)).to_contain_text("could not be read. It was put aside")
    page.locator(BOX).fill("Written anew.")
    expect(status(page)).to_contain_text("Saved on this device")
    page.close()
    page = visit(MODULE)
    unfold(page)
    expect(page.locator(BOX)).to_have_value("Written anew.")
    keys = in_the_database(page, "getAllKeys")
    assert any("!damaged-" in key for key in keys)


def test_a_box_that_is_full_says_so_and_keeps_what_is_there(visit):
    page = visit(MODULE)
    page.locator(BOX).fill("ä" * 20000)
    page.locator(BOX).press("End")
    page.keyboard.insert_text("one more")
    expect(status(page)).to_contain_text("20,000 characters and is full")
    page.close()
    page = visit(MODULE)
    unfold(page)
    expect(page.locator(BOX)).to_have_value("ä" * 20000)


def test_nothing_is_kept_where_nothing_should_be(visit):
    page = visit("book/my-reflections.html")
    page.get_by_role("button", name="Do not keep anything on this device").click()
    expect(page.get_by_text("Nothing new is kept on this device now")).to_be_visible()
    page.close()
    page = visit(MODULE)
    page.locator(BOX).fill("Only on this page, the owl phrase.")
    expect(status(page)).to_contain_text("nothing is kept on this device")
    expect(page.locator(f"{FORM} button", has_text="Copy")).to_be_visible()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    page.wait_for_selector("html[data-forms=ready]")
    assert asked == ["beforeunload"]
    expect(page.locator(BOX)).to_have_value("")
    assert "owl phrase" not in str(page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})"))


def test_a_deleted_text_can_be_brought_back(visit):
    page = visit(MODULE)
    page.locator(BOX).fill("A long text that took an hour to write.")
    page.locator(BOX).fill("")
    page.locator(f"{FORM} .earlier summary").click()
    page.get_by_role("button", name="Bring this back").click()
    expect(page.locator(BOX)).to_have_value("A long text that took an hour to write.")


