"""The words: reading grades on text pooled per page, and words that a learner does not meet."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest
import textstat
import yaml
from bs4 import BeautifulSoup

from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.hub.service_settings import CourseSettings
from patient_partner_mentor.hub.terms import terms
from patient_partner_mentor.interface import texts

AVOIDED = (
    "fail fails failed wrong poor weak shallow insufficient must score late invalid submit grade hand-in release revision kernel "
    "Markdown JSON"
).split()
LEARNERS_PAGES = (
    "welcome how-this-works how-to-reflect glossary closing help accessibility credits my-reflections certificate resource-library what-counts-as-done"
).split()
TITLES_AND_LABELS = "h1, h2, h3, h4, script, .card-kind, .card-label, .card-title, .card-credit, .card-host, .card-role, .library, .lists, nav, .question-only, blockquote"


def sentences(parts: list[str]) -> str:
    """Parts of a page as one text, each ending like a sentence."""
    return " ".join(p if re.search(r"[.?!:…”]$", p) else p + "." for p in (re.sub(r"\s+", " ", p).strip() for p in parts) if p)


def grades(text: str) -> tuple[float, float, float]:
    """ARI, Coleman-Liau, words a sentence."""
    return (
        textstat.automated_readability_index(text),
        textstat.coleman_liau_index(text),
        textstat.lexicon_count(text) / max(1, textstat.sentence_count(text)),
    )


def body(path: Path) -> str:
    """A page's own text without the author's titles and labels."""
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser").article
    for one in page.select(TITLES_AND_LABELS):
        one.decompose()
    blocks = page.find_all(["p", "li", "dt", "dd", "td", "th", "summary"])
    return sentences([b.get_text(" ") for b in blocks if not b.find(["p", "li"])])


def prompts(module) -> str:
    said = [module.topic_note, module.next_step.prompt]
    for step in module.steps:
        said += [step.prompt, step.lighter or "", *step.parts, *step.starters]
    return sentences(said)


def interface(groups: Collection[str] = ()) -> str:
    """Every sentence of the interface, or of some groups; single words and names of kinds are no sentences to measure."""
    found: list[str] = []

    def walk(value) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and len(value.split()) > 2:
            found.append(re.sub(r"\{\w+\}", "5", value))

    walk({k: v for k, v in texts().items() if k != "language" and (not groups or k in groups)})
    return sentences(found)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_modules_prompts_and_text_are_plain(course: Course, book: Path, number: int):
    module = course.modules[number - 1]
    *asked, length = grades(prompts(module))
    assert max(asked) <= 6 and length <= 20, f"prompts of {module.name}: {asked}, {length}"
    *told, length = grades(body(book / "notebooks" / module.name / "module.html"))
    assert max(told) <= 8 and length <= 20, f"text of {module.name}: {told}, {length}"


@pytest.mark.parametrize("name", LEARNERS_PAGES)
def test_a_page_for_learners_is_plain(book: Path, name: str):
    *found, length = grades(body(book / "book" / f"{name}.html"))
    assert max(found) <= 8 and length <= 20, f"{name}: {found}, {length}"


# pages whose text differs in a cohort; what the two on sharing show beyond it is in the interface, which is measured below
COHORT_PAGES = "welcome how-this-works help closing what-counts-as-done".split()
NOWHERE_ELSE = ("stay on your device", "this browser, on this device", "nowhere else", "works without one", "Nobody but you reads", "Nobody reads your words but you", "no account")


@pytest.mark.parametrize("name", COHORT_PAGES)
def test_a_page_of_a_cohort_is_plain(cohort_book: Path, name: str):
    *found, length = grades(body(cohort_book / "book" / f"{name}.html"))
    assert max(found) <= 8 and length <= 20, f"{name}: {found}, {length}"


def test_what_is_told_before_sharing_is_plain():
    """Sentences that learners read with care: the terms made from settings, and the words of each group by itself."""
    course = CourseSettings(title="Trial", readers=("Fay", "Gus"), reading_days=5, contact="Fay")
    *found, length = grades(sentences([line for section in terms(course)["sections"] for line in section["lines"]]))
    assert max(found) <= 8 and length <= 20, f"terms: {found}, {length}"
    for group in ("home", "consent", "share", "comments"):
        *found, length = grades(interface([group]))
        assert max(found) <= 6 and length <= 20, f"{group}: {found}, {length}"


def test_each_mode_says_what_is_true_in_it(book: Path, cohort_book: Path):
    """No page of a cohort says that words stay in the browser or that it works offline; no page for one alone speaks of sharing."""
    for path in sorted(cohort_book.rglob("*.html")):
        told = re.sub(r"\s+", " ", _said(path))
        if path.stem in ("operators-guide", "authors-guide"):
            continue
        for words in NOWHERE_ELSE:
            assert words not in told, f"{path.name}: {words}"
    for path in sorted(book.rglob("*.html")):
        if path.stem in ("operators-guide", "authors-guide", "what-counts-as-done") or path.stem.startswith("facilitators-"):
            continue
        for words in ("facilitator reads", "Share with", "Sign out", "Signed in"):
            assert words not in _said(path), f"{path.name}: {words}"


def _said(path: Path) -> str:
    """A page's text, and the texts that its scripts show."""
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return " ".join(page.get_text(" ").split()) + " ".join(one.string or "" for one in page.select("script[type='application/json']"))


def test_before_you_mentor_is_plain(book: Path):
    *found, length = grades(body(book / "notebooks/7-be-a-mentor/before-you-mentor.html"))
    assert max(found) <= 8 and length <= 20, found


def test_the_interface_is_plain():
    *found, length = grades(interface())
    assert max(found) <= 6 and length <= 20, found


def test_the_messages_of_the_check_are_plain():
    said = [one for group in ("credit", "noticing") for value in texts()[group].values() for one in (value.values() if isinstance(value, dict) else [value])]
    *found, length = grades(sentences([re.sub(r"\{\w+\}", "what happened", one) for one in said]))
    assert max(found) <= 6 and length <= 20, found


def test_no_avoided_word_is_in_the_interface_the_help_or_a_prompt(course: Course, root: Path):
    said = [interface(), *map(prompts, course.modules)]
    said.append(sentences([str(v) for v in yaml.safe_load((root / "book/help-default.yml").read_text("utf-8")).values()]))
    for words in said:
        for avoided in AVOIDED:
            assert not re.search(rf"(?<![\w-]){avoided}(?![\w-])", words, re.I), f"'{avoided}' in: {words[:60]}"


def test_a_why_text_has_100_to_200_words(course: Course, book: Path):
    for module in course.modules:
        page = BeautifulSoup((book / "notebooks" / module.name / "module.html").read_text("utf-8"), "html.parser")
        for step in module.steps:
            section = page.select_one(f"#step-{step.number}")
            why = []
            for one in section.find_all(recursive=False):
                if one.name in ("p", "ul", "ol"):
                    why.append(one.get_text(" "))
                elif one.name != "h2":
                    break
            assert 100 <= len(" ".join(why).split()) <= 205, f"{module.name}, step {step.number}: {len(' '.join(why).split())} words"
