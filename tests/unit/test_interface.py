"""The interface's texts: each is used, each is filled in, and each pair has two forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from patient_partner_mentor.errors import CurriculumError
from patient_partner_mentor.interface import text, texts

SOURCE = Path(__file__).parent.parent.parent / "src" / "patient_partner_mentor"
COMPUTED = ("card.", "library.", "credit.", "noticing.", "rules.", "desk.", "roster.", "keeping.", "home.leaving_", "comments.credited_", "comments.wish_")  # looked up by kind, status, reason or element


def leaves(data: dict, before: str = "") -> list[tuple[str, object]]:
    found = []
    for name, value in data.items():
        key = f"{before}{name}"
        found += leaves(value, key + ".") if isinstance(value, dict) and not set(value) <= {"alone", "cohort"} else [(key, value)]
    return found


def test_every_text_is_used():
    code = "\n".join(p.read_text("utf-8") for p in SOURCE.rglob("*") if p.suffix in (".py", ".js", ".html"))
    unused = [
        key
        for key, _ in leaves(texts())
        if not key.startswith(("language", *COMPUTED)) and not re.search(rf"""["'.]{re.escape(key.split(".")[-1])}\b""", code)
    ]
    assert unused == []


def test_a_text_is_filled_in():
    assert text("module.step", number=3) == "Step 3"
    assert text("module.videos", count=1) == "1 video"
    assert text("module.videos", count=2) == "2 videos"


def test_a_pair_has_two_forms():
    for key, value in leaves(texts()):
        assert not isinstance(value, list) or len(value) == 2, key


def test_a_language_without_texts_is_said():
    with pytest.raises(CurriculumError, match="no interface texts for the language 'tlh'"):
        texts("tlh")
