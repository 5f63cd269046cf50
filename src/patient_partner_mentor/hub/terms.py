"""What learners are told before they share: sentences made from the course's settings, and a mark of exactly these words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..cards import day
from ..interface import text
from .service_settings import CourseSettings

_LENGTH = 32  # characters of the mark


def terms(settings: CourseSettings) -> dict[str, Any]:
    """The sections of the page on who reads, each with a title and lines, and the mark of their words under ``seen``.

    A learner's consent holds the mark of the words that were agreed to, so that changed words are asked about again.
    """
    sections = [{"title": text(title), "lines": list(lines)} for title, lines in _sections(settings)]
    words = json.dumps(sections, ensure_ascii=False).encode()
    return {"sections": sections, "seen": hashlib.sha256(words).hexdigest()[:_LENGTH]}


def listed(names: Sequence[str]) -> str:
    """Names as they stand in a sentence: "Fay", "Fay and Gus", "Fay, Gus and Hal"."""
    return text("consent.and", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else names[0]


def _sections(settings: CourseSettings) -> Iterator[tuple[str, Iterator[str]]]:
    yield "consent.who_title", iter((text("consent.who", readers=listed(settings.readers), count=len(settings.readers)), text("consent.who_else"), text("consent.who_keeps")))
    yield "consent.when_title", iter((text("consent.when", days=settings.reading_days, count=settings.reading_days), text("consent.when_help")))
    yield "consent.limits_title", _limits(settings)
    yield "consent.choice_title", iter((text("consent.choice"), text("consent.choice_each"), text("consent.choice_back")))
    yield "consent.kept_title", iter((text("consent.kept_words", end=_end(settings), days=settings.words_days), text("consent.kept_record", days=settings.record_days), text("consent.kept_copy", days=settings.copy_days), text("consent.kept_erase")))
    yield "consent.contact_title", iter((text("consent.contact", contact=settings.contact),))


def _limits(settings: CourseSettings) -> Iterator[str]:
    yield text("consent.limits")
    yield text("consent.limits_safety")
    yield text("consent.limits_law")
    if settings.secrecy:
        yield settings.secrecy


def _end(settings: CourseSettings) -> str:
    return text("consent.end_on", date=day(settings.ends)) if settings.ends else text("consent.end")
