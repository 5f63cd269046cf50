"""The built pages hold the whole curriculum, and nothing about a resource that the course may not say."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

MODULES = range(1, 9)


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.fixture(scope="module")
def soups(book: Path) -> dict[str, BeautifulSoup]:
    """Every built page, parsed."""
    return {p.relative_to(book).as_posix(): BeautifulSoup(p.read_text("utf-8"), "html.parser") for p in book.rglob("*.html")}


def page_of(soups, module: dict) -> BeautifulSoup:
    return soups[f"notebooks/{module['number']}-{module['id']}/module.html"]


def test_eight_modules_of_five_steps_with_the_authors_titles(soups, outline):
    assert len(outline["modules"]) == 8
    for module in outline["modules"]:
        page = page_of(soups, module)
        assert squeeze(page.h1.get_text()) == module["title"]
        titles = [squeeze(t.get_text()) for t in page.select("section.step > h2 .step-title")]
        assert titles == [step["title"] for step in module["steps"]]
        listed = [squeeze(t.get_text()) for t in page.select(".step-list a")]
        assert listed == titles


def cards_at(page: BeautifulSoup, number: int) -> list[BeautifulSoup]:
    return page.select(f"#step-{number} .card")


def test_every_resource_stands_at_its_step_as_the_outline_says(soups, outline):
    count = 0
    for module in outline["modules"]:
        page = page_of(soups, module)
        for step in module["steps"]:
            cards = cards_at(page, step["number"])
            labels = [squeeze(c.select_one(".card-label").get_text()) for c in cards]
            assert labels == list(dict.fromkeys(squeeze(r["label"]) for r in step["resources"]))
            for resource in step["resources"]:
                count += 1
                check_card(cards[labels.index(squeeze(resource["label"]))], resource)
    assert count == 45


def check_card(card: BeautifulSoup, resource: dict) -> None:
    text = squeeze(card.get_text(" "))
    links = [unescape(a["href"]) for a in card.select(".card-link a")]
    where = resource["label"]
    if resource["url"]:
        assert resource["url"] in links, where
    else:
        assert not [u for u in links if u not in [a["url"] for a in resource.get("alternatives", [])]], where
        assert "You do not need it here." in text
    for author in resource.get("authors", []):
        assert author in text, f"{where}: {author}"
    if "publisher" in resource:
        assert resource["publisher"].replace(" (per label; channel not seen)", "") in text, where
    if "year" in resource:
        assert str(resource["year"]) in text, where
    if resource["title_verified"] and resource.get("title") != resource["label"]:
        assert squeeze(resource["title"]) in text, where
    if not resource["title_verified"]:
        assert not card.select(".card-title") or len(card.select(".card-title")) < 1
    said = {"sign-in": "ask you to sign in", "may-expire": "may have expired", "replaced": "no longer works", "lost": "no link that works"}
    if resource["status"] in said:
        assert said[resource["status"]] in text, where
    if resource["status"] == "no-link":
        assert "gives no link" in text
    if resource.get("may_ask_payment"):
        assert "ask for payment" in text, where
    assert "You can do this step without it." in text
    if resource["url"] or resource.get("alternatives"):
        assert "not yet checked" in text or "last checked on" in text
        assert "Tell us if it is broken" in text
    if "youtube" in resource:
        video = card.select_one(".video")
        assert (video["data-video"], int(video["data-start"])) == (resource["youtube"]["id"], resource["youtube"]["start_seconds"])


def test_stand_ins_stand_where_a_decision_says_so_and_nowhere_else(soups, outline):
    decided = {(4, 3): 4, (5, 3): 1, (8, 4): 1}
    for module in outline["modules"]:
        for step in module["steps"]:
            shown = page_of(soups, module).select(f"#step-{step['number']} .card-alternative")
            assert len(shown) == decided.get((module["number"], step["number"]), 0)
            if not shown:
                continue
            expected = [a["url"] for r in step["resources"] for a in r["alternatives"]]
            assert [one.a["href"] for one in shown] == expected
            for one in shown:
                assert "choice" in one.select_one(".card-role").get_text() or "second reading" in one.get_text().lower()


def test_no_dead_or_session_address_is_on_any_page(soups, outline, book):
    resources = [r for m in outline["modules"] for s in m["steps"] for r in s["resources"]]
    dead = [r["source_url"] for r in resources if r["source_url"] and r["source_url"] != r["url"]]
    assert len(dead) > 10
    for path in book.rglob("*"):
        if path.suffix not in (".html", ".js", ".json"):
            continue
        content = unescape(path.read_text("utf-8"))
        for address in dead:
            assert not re.search(re.escape(address) + r"(?![\w/.-])", content), f"{path.name} shows {address}"
        for part in ("d.docs.live.net", "rec/play", "searchId=", "#:~:text", "originRequestUrl"):
            assert part not in content, f"{path.name} holds {part}"


def test_the_editors_notes_and_background_are_on_no_page(soups, outline):
    text = "\n".join(squeeze(page.get_text(" ")) for page in soups.values())
    for module in outline["modules"]:
        for step in module["steps"]:
            for resource in step["resources"]:
                for line in [resource.get("note"), resource.get("decision"), *resource.get("context", [])]:
                    assert not line or squeeze(line) not in text


def test_the_author_is_credited_as_the_outline_asks(soups, outline):
    credit = outline["credit"]
    page = soups["book/credits.html"]
    links = [a["href"] for a in page.select("article a")]
    assert credit["url"] in links and credit["author_page"] in links
    assert credit["author"] in page.get_text() and "March 2024" in page.get_text()
    assert squeeze(outline["opening_quotation"]) in squeeze(soups["book/welcome.html"].get_text(" "))
    for path, one in soups.items():
        if path not in ("index.html", "404.html"):
            assert credit["author"] in one.select_one(".site-footer").get_text(), path


def test_prompts_of_the_design_stand_word_for_word(course):
    assert course.modules[0].steps[4].prompt == (
        "Think of a request you said yes to when part of you wanted to say no. Choose one that is all right to think about "
        "today. What would have made it safe to say no?"
    )
    assert course.modules[0].steps[4].lighter == "Write one kind 'no' that you could use. You do not owe a reason."
    assert course.modules[7].steps[4].prompt == (
        "Think of a part of your story that people may ask you to tell. You do not need to tell it here. How will you know, "
        "on the day, if you are ready?"
    )
    assert course.modules[7].steps[4].lighter == "What helps you after saying something hard?"


SENSITIVE = "1.2 1.4 1.5 2.1 2.2 3.2 3.3 3.5 4.1 4.2 5.2 5.5 6.1 7.1 7.2 7.3 7.5 8.2 8.3 8.5".split()


def test_hard_steps_have_a_lighter_prompt_and_every_module_a_form_of_its_own(course):
    marked = [f"{m.number}.{s.number}" for m in course.modules for s in m.steps if s.sensitive]
    assert marked == SENSITIVE
    for module in course.modules:
        assert any(step.kind != "answer" for step in module.steps), module.name
        assert all(2 <= len(step.starters) <= 4 for step in module.steps)
    one, eight = course.modules[0], course.modules[7]
    assert one.steps[0].prompt.split("?")[0] in eight.steps[0].prompt
    assert one.steps[3].prompt.split(". ")[-1].split("?")[0] in eight.steps[3].prompt
    assert {t for s in eight.steps for t in s.looks_back_to} == {"patient-partner/name-myself", "patient-partner/my-worth"}
    assert all(s.looks_back == "after writing" for s in eight.steps if s.looks_back_to)


def test_prompts_and_cards_can_be_read_without_javascript(soups, course):
    for module in course.modules:
        page = soups[f"notebooks/{module.name}/module.html"]
        prompts = [squeeze(p.get_text()) for p in page.select(".question-only .prompt")]
        assert prompts == [squeeze(s.prompt) for s in module.steps] + [module.next_step.prompt]
        assert squeeze(module.topic_note) in squeeze(page.get_text(" "))


def test_the_topic_note_stands_on_the_page_before_the_module(soups, course):
    assert course.modules[0].topic_note in squeeze(soups["book/welcome.html"].get_text(" "))
    for module, later in zip(course.modules, course.modules[1:], strict=False):
        assert squeeze(later.topic_note) in squeeze(soups[f"notebooks/{module.name}/module.html"].select_one(".next-module").get_text(" "))
