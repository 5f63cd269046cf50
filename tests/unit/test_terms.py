"""What learners are told before they share: made from the settings, with a mark that changes with the words alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from patient_partner_mentor.hub.service_settings import CourseSettings
from patient_partner_mentor.hub.terms import listed, terms

BASE: dict[str, Any] = {"title": "Trial", "readers": ("Fay",), "reading_days": 5, "contact": "Fay, fay@example.org"}


def lines(**more: Any) -> list[str]:
    """All lines of the terms with these settings."""
    return [line for section in terms(CourseSettings(**BASE | more))["sections"] for line in section["lines"]]


def mark(**more: Any) -> str:
    """Their mark."""
    return terms(CourseSettings(**BASE | more))["seen"]


def test_names_stand_in_a_sentence():
    assert [listed(names) for names in (["Fay"], ["Fay", "Gus"], ["Fay", "Gus", "Hal"])] == ["Fay", "Fay and Gus", "Fay, Gus and Hal"]
    assert "Fay and Gus read what you share. No other learner sees it." in lines(readers=("Fay", "Gus"))


def test_own_words_on_secrecy_and_the_end_are_there():
    assert "In Testland, nurses report fevers." in lines(secrecy="In Testland, nurses report fevers.")
    assert any("90 days after the course ends, on May 3, 2027" in line for line in lines(ends=date(2027, 5, 3)))
    assert "They read it within a day. Nobody reads it at once." in lines(reading_days=1)


@pytest.mark.parametrize("change", [{"readers": ("Gus",)}, {"reading_days": 6}, {"contact": "Gus"}, {"secrecy": "More."}, {"words_days": 30}, {"record_days": 30}, {"ends": date(2027, 5, 3)}])
def test_changed_words_have_another_mark(change: dict[str, Any]):
    assert mark(**change) != mark()


def test_what_learners_are_not_told_changes_no_mark():
    assert mark(title="Other", time_zone="Europe/Berlin", graders=("g",)) == mark()
    assert len(mark()) == 32 and not mark().strip("0123456789abcdef")
