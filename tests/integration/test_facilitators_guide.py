"""The facilitator's guide: plain words, an hour that adds up, and a plan for each module of the course as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from patient_partner_mentor.curriculum import Course

from .test_plain_words import body, grades

PAGES = "facilitators-guide facilitators-sessions facilitators-care care-table facilitators-paper group-agreement paper-sheet lighter-questions".split()
LABELS = ("This week's steps:", "Bring:", "The talk question:", "Without speaking:", "Closing:", "Take care:")
MINUTES = re.compile(r"^\| (\d+) to (\d+) \|", re.M)


def sections(path: Path) -> dict[str, str]:
    """A page's parts by their headings."""
    parts = re.split(r"^## (.+)$", path.read_text("utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def hour(plan: str) -> list[int]:
    """The minutes at which a plan's parts begin, and the last one's end; each part begins where the one before ends."""
    spans = [(int(begin), int(end)) for begin, end in MINUTES.findall(plan)]
    assert all(before[1] == after[0] for before, after in zip(spans, spans[1:], strict=False)), spans
    return [begin for begin, _ in spans] + [spans[-1][1]]


@pytest.mark.parametrize("name", PAGES)
def test_the_guide_is_plain(book: Path, name: str):
    *found, length = grades(body(book / "book" / f"{name}.html"))
    assert max(found) <= 8 and length <= 20, f"{name}: {found}, {length}"


def test_each_module_has_a_session_of_an_hour(course: Course, root: Path):
    plans = sections(root / "book/facilitators-sessions.md")
    for module in course.modules:
        plan = plans[f"{module.number}. {module.title}"]
        assert [label for label in LABELS if f"**{label}**" not in plan] == []
        assert plan.count("**The talk question:**") == 1
        minutes = hour(plan)
        assert (minutes[0], minutes[-1]) == (0, 60), f"{module.title}: {minutes}"
        assert "| Break. |" in plan


def test_every_lighter_question_is_on_the_page_to_print(course: Course, root: Path):
    said = (root / "book/lighter-questions.md").read_text("utf-8")
    parts = re.split(r"^\*\*Module (\d+), (.+)\*\*$", said, flags=re.M)[1:]
    printed = [(int(number), title, re.findall(r"^- Step (\d): (.+)$", lines, re.M)) for number, title, lines in zip(*[iter(parts)] * 3, strict=True)]
    assert printed == [(m.number, m.title, [(str(s.number), s.lighter) for s in m.steps if s.lighter]) for m in course.modules]


def test_the_opening_session_is_an_hour(root: Path):
    minutes = hour(sections(root / "book/facilitators-guide.md")["The opening session"])
    assert (minutes[0], minutes[-1]) == (0, 60)
