"""My reflections: copies out, copies in, erase and undo, the certificate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_nothing_lost import MODULE, unfold

MINE = "book/my-reflections.html"
BOX = "#step-2 .reflection textarea"


def answer(**changes) -> dict:
    """An answer as a copy holds it."""
    return {
        "schema_version": 1,
        "course": "patient-partner-mentor",
        "module": "patient-partner",
        "step": "my-skills",
        "module_version": 1,
        "prompt": "A question?",
        "prompt_hash": "0123456789abcdef",
        "status": "written",
        "share": False,
        "text": "From the copy.",
        "enough": False,
        "again": False,
        "lighter": False,
        "reply_wanted": False,
        "language": "en",
        "revision": {"count": 5000, "writer": "other"},
        "time": "2026-03-01T10:00:00Z",
        "overtaken": [],
    } | changes


def copy(*answers: dict, **changes) -> bytes:
    """A copy to go on with."""
    data = {"format": "patient-partner-mentor-copy", "schema_version": 1, "course": "patient-partner-mentor", "saved": "2026-03-01T10:00:00Z"}
    return json.dumps(data | {"answers": list(answers)} | changes).encode()


def bring(page: Page, content: bytes, name: str = "my-reflections-to-go-on.json") -> None:
    page.locator("#bring-file").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})


def preview(page: Page):
    return page.locator("#bring-a-copy-in [aria-live]")


def write(visit, words: str) -> None:
    page = visit(MODULE)
    unfold(page)
    page.locator(BOX).fill(words)
    expect(page.locator("#step-2 .form-status")).to_contain_text("Saved on this device")
    page.close()


def stored(page: Page) -> str:
    return page.evaluate(
        """async () => { const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
        return JSON.stringify((await window.ppm.openShelf(window.ppm.openStore(settings)).all()).answers); }"""
    )


def test_every_answer_stands_on_one_page_and_leaves_in_a_copy(visit, tmp_path):
    write(visit, "The words of step two, which are at least eight.")
    page = visit(MODULE)
    page.locator("#step-3 .other-ways summary").click()
    page.locator("#step-3").get_by_role("button", name="Skip this one").click()
    page.locator("#my-next-step textarea").fill("Call the council on Monday.")
    page.locator("#my-next-step button.primary").click()
    expect(page.locator("#my-next-step .form-outcome")).to_contain_text("Kept")
    page = visit(MINE)
    expect(page.locator("#what-you-did")).to_contain_text("2 of 40 steps done")
    expect(page.locator("#my-plan")).to_contain_text("Call the council on Monday.")
    expect(page.locator("#my-answers")).to_contain_text("The words of step two, which are at least eight.")
    expect(page.locator("#my-answers")).to_contain_text("Skipped. That counts as done.")
    with page.expect_download() as got:
        page.get_by_role("button", name="A copy to read").click()
    text = Path(got.value.path()).read_text("utf-8-sig")
    for words in ("The words of step two, which are at least eight.", "Call the council on Monday.", "Module 1: Patient Partner", "Skipped"):
        assert words in text
    with page.expect_download() as got:
        page.get_by_role("button", name="A copy to go on with").click()
    content = Path(got.value.path()).read_bytes()
    other = visit(MINE, fresh=True)
    bring(other, content)
    expect(preview(other)).to_contain_text("3 new here.")
    other.get_by_role("button", name="Bring it in").click()
    expect(preview(other)).to_contain_text("Done. 3 answers are now as in the copy.")
    expect(other.locator("#my-answers")).to_contain_text("The words of step two, which are at least eight.")
    bring(other, content)
    expect(preview(other)).to_contain_text("There is nothing to change")


def test_a_newer_copy_wins_and_keeps_what_was_here(visit):
    write(visit, "Written here.")
    page = visit(MINE)
    bring(page, copy(answer()))
    expect(preview(page)).to_contain_text("1 newer in the copy")
    assert "From the copy." not in stored(page), "nothing changes before it is asked for"
    page.get_by_role("button", name="Bring it in").click()
    expect(page.locator("#my-answers .answer > .written")).to_have_text("From the copy.")
    page.locator("#my-answers summary").click()
    expect(page.locator("#my-answers details")).to_contain_text("Written here.")


def test_an_older_copy_never_wins(visit):
    write(visit, "Written here, later.")
    page = visit(MINE)
    bring(page, copy(answer(revision={"count": 0, "writer": "other"})))
    expect(preview(page)).to_contain_text("1 older in the copy")
    page.get_by_role("button", name="Bring it in").click()
    expect(preview(page)).to_contain_text("Done.")
    expect(page.locator("#my-answers .answer > .written")).to_have_text("Written here, later.")
    page.locator("#my-answers summary").click()
    expect(page.locator("#my-answers details")).to_contain_text("From the copy.")


NOT_OURS = "This is not a “copy to go on with” from this course."
BROKEN = {
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", NOT_OURS),
    "nothing": (b"", NOT_OURS),
    "a list": (b"[]", NOT_OURS),
    "a bare null": (b"null", NOT_OURS),
    "other data": (b'{"answers": []}', NOT_OURS),
    "cut off": (copy(answer())[:-40], NOT_OURS),
    "nested without end": (b"[" * 100_000, NOT_OURS),
    "answers of the wrong kind": (copy(format="patient-partner-mentor-copy", answers={"0": 1}), NOT_OURS),
    "an answer that is a text": (copy("hello"), NOT_OURS),
    "a text that is a number": (copy(answer(text=7)), NOT_OURS),
    "a step id with a path": (copy(answer(step="../../etc")), NOT_OURS),
    "a step id from the prototype": (copy(answer(step="__proto__")), NOT_OURS),
    "a revision without end": (copy(answer(revision={"count": 1e308, "writer": "x"})), NOT_OURS),
    "a revision of texts": (copy(answer(revision={"count": "9", "writer": "<b>"})), NOT_OURS),
    "a time in words": (copy(answer(time="yesterday")), NOT_OURS),
    "one good, one broken": (copy(answer(), answer(step="my-worth", status="shiny")), NOT_OURS),
    "a newer copy": (copy(answer(), schema_version=2), "made by a newer version of the course"),
    "a newer answer": (copy(answer(schema_version=2)), "made by a newer version of the course"),
    "another course": (copy(answer(), course="other-course"), "This copy comes from another course"),
    "50 MB": (b" " * 50_000_000, "larger than any copy from this course"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_copy_that_cannot_be_used_gets_one_sentence_and_changes_nothing(visit, name, tmp_path):
    content, sentence = BROKEN[name]
    page = visit(MINE)
    before = stored(page)
    path = tmp_path / "copy.json"
    path.write_bytes(content)
    page.locator("#bring-file").set_input_files(path)
    expect(preview(page)).to_contain_text(sentence)
    expect(preview(page)).to_contain_text("Nothing has changed.")
    assert stored(page) == before
    assert page.get_by_role("button", name="Bring it in").count() == 0


def test_hostile_words_stay_words(visit):
    hostile = [
        "<img src=x onerror=\"document.title='taken'\">",
        "<script>document.title='taken'</script>",
        "javascript:alert(1)",
        "\u202egnp.exe\u202c right to left \u200f mark",
        '{"__proto__": {"text": "taken"}}',
        "a lone surrogate \ud800 inside",
    ]
    page = visit(MINE)
    before = {"text": hostile[1], "time": None, "revision": {"count": 1, "writer": "a"}, "prompt": hostile[0]}
    content = copy(answer(text="\n".join(hostile), prompt=hostile[0], overtaken=[before]))
    bring(page, content.replace(b'{"schema_version": 1, "course"', b'{"__proto__": {"polluted": true}, "schema_version": 1, "course"'))
    page.get_by_role("button", name="Bring it in").click()
    shown = page.locator("#my-answers .answer > .written")
    expect(shown).to_contain_text("javascript:alert(1)")
    text = shown.inner_text()
    assert hostile[0] in text and hostile[1] in text and "\ufffd" in text and "\ud800" not in text
    assert page.title() != "taken"
    assert page.evaluate("({}).polluted") is None
    assert page.locator("#my-answers img, #my-answers script").count() == 0
    expect(shown).to_have_attribute("dir", "auto")


def test_an_answer_to_a_step_that_left_the_course_is_still_shown(visit):
    page = visit(MINE)
    bring(page, copy(answer(module="a-module-of-old", step="a-step", text="From an older course.")))
    page.get_by_role("button", name="Bring it in").click()
    expect(page.locator("#my-answers")).to_contain_text("From an older course.")


def test_erase_offers_a_copy_asks_and_can_be_undone(visit):
    write(visit, "To be erased, and to come back.")
    page = visit(MINE)
    page.get_by_role("button", name="Erase my words").click()
    panel = page.locator("#erase")
    expect(panel).to_contain_text("Keep a copy first?")
    expect(panel).to_contain_text("Erase 1 answer from this device?")
    expect(page.get_by_role("button", name="No, keep")).to_be_focused()
    page.get_by_role("button", name="Yes, erase").click()
    expect(panel).to_contain_text("Erased from this device: 1 answer,")
    assert stored(page) == "[]"
    assert "come back" not in page.evaluate("JSON.stringify({...localStorage})")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#my-answers")).to_contain_text("To be erased, and to come back.")
    page.get_by_role("button", name="Erase my words").click()
    page.get_by_role("button", name="Yes, erase").click()
    expect(panel).to_contain_text("Erased from this device")
    page.reload()
    page.wait_for_selector("html[data-reflections=ready]")
    assert stored(page) == "[]"
    again = visit(MODULE)
    expect(again.locator(BOX)).to_have_value("")


def test_the_certificate_comes_with_six_modules_and_says_what_it_is(visit, course):
    page = visit("book/certificate.html")
    expect(page.locator("#certificate-place")).to_contain_text("So far: 0.")
    five = [answer(module=m.id, step=s.id, status="skipped", text="") for m in course.modules[:5] for s in m.steps]
    four_steps = [answer(module=course.modules[5].id, step=s.id, enough=True) for s in course.modules[5].steps[:4]]
    mine = visit(MINE)
    bring(mine, copy(*five, *four_steps[:3]))
    mine.get_by_role("button", name="Bring it in").click()
    expect(preview(mine)).to_contain_text("Done.")
    page = visit("book/certificate.html")
    expect(page.locator("#certificate-place")).to_contain_text("So far: 5.")
    bring(mine, copy(*four_steps))
    mine.get_by_role("button", name="Bring it in").click()
    expect(preview(mine)).to_contain_text("Done.")
    page = visit("book/certificate.html")
    page.get_by_label("The name to print on it").fill("Ana <b>Example</b>")
    expect(page.locator(".certificate-name")).to_have_text("Ana <b>Example</b>")
    expect(page.locator(".certificate")).to_contain_text("6 of 8 modules complete")
    expect(page.locator(".certificate")).to_contain_text("does not license anyone to mentor")
    assert "Ana" not in page.evaluate("JSON.stringify({...localStorage})")


def test_module_eight_asks_again_and_offers_the_answer_of_that_time(visit, course):
    first, last = course.modules[0], course.modules[7]
    mine = visit(MINE)
    bring(mine, copy(answer(module=first.id, step="name-myself", text="Then I said: a helper."), answer(module=first.id, step="saying-no", text="Never shown by itself.")))
    mine.get_by_role("button", name="Bring it in").click()
    expect(preview(mine)).to_contain_text("Done.")
    page = visit(f"notebooks/{last.name}/module.html")
    offer = page.locator("#step-1 .look-back")
    expect(offer).to_be_hidden()
    page.locator("#step-1 textarea").fill("Now I say: a partner.")
    expect(offer).to_be_visible()
    expect(offer).not_to_contain_text("a helper")
    offer.locator("summary").click()
    expect(offer).to_contain_text("Then I said: a helper.")
    assert "Never shown by itself." not in page.locator("body").inner_text()


def test_a_copy_can_be_copied_and_shared_with_the_device(visit):
    write(visit, "Words for the clipboard.")
    page = visit("book/help.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    # headless Chromium on Linux has no share sheet: the browser's own function is stood in for, ours is real
    page.context.add_init_script(
        """navigator.canShare = (data) => Boolean(data.files);
        navigator.share = async (data) => { window.shared = await data.files[0].text(); window.sharedName = data.files[0].name; };"""
    )
    page = visit(MINE)
    page.get_by_role("button", name="Copy all as text").click()
    expect(page.get_by_text("Copied. Paste it where you like")).to_be_visible()
    assert "Words for the clipboard." in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Share or save with this device").click()
    expect(page.get_by_text("Handed over to your device.")).to_be_visible()
    assert "Words for the clipboard." in page.evaluate("window.shared")
    assert page.evaluate("window.sharedName").endswith(".txt")
