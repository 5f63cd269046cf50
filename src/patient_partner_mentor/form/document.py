"""The portfolio as a document for a word processor (.docx). It is made in memory; nothing is written to a disk."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import date

from docx import Document

from ..cards import day
from ..curriculum import Course
from ..interface import text
from ..reflections import NEXT_STEP, Answer, blank

# What XML 1.0 cannot hold: https://www.w3.org/TR/xml/#charsets
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def portfolio_document(course: Course, answers: Iterable[Answer], today: date) -> bytes:
    """A Word document with headings by module and step, the questions, and the learner's words.

    :param answers: of any modules; those to steps that have left the course stand at the end
    """
    left = {(one.module, one.step): one for one in answers}
    document = Document()
    document.core_properties.title = text("reflections.text_title")
    document.core_properties.author = ""
    document.add_heading(text("reflections.text_title"), 0)
    document.add_paragraph(text("reflections.text_saved", date=day(today)))
    plan = [(module, left.get((module.id, NEXT_STEP))) for module in course.modules]
    if any(one and not blank(one.text) for _, one in plan):
        document.add_heading(text("reflections.plan"), 1)
        for module, one in plan:
            if one and not blank(one.text):
                document.add_paragraph(f"{module.title}: {_plain(one.text)}", style="List Bullet")
    for module in course.modules:
        rows = [(step.title, left.pop((module.id, step.id))) for step in module.steps if (module.id, step.id) in left]
        if one := left.pop((module.id, NEXT_STEP), None):
            rows.append((text("module.next_step"), one))
        if rows:
            document.add_heading(text("reflections.module_heading", number=module.number, title=module.title), 1)
        for title, answer in rows:
            _answer(document, title, answer)
    if left:
        document.add_heading(text("reflections.others"), 1)
        for answer in left.values():
            _answer(document, answer.prompt, answer)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _answer(document: Document, title: str, answer: Answer) -> None:
    document.add_heading(_plain(title), 2)
    document.add_paragraph().add_run(_plain(answer.prompt)).italic = True
    said = {"skipped": "reflections.skipped", "other-way": "reflections.other_way"}.get(answer.status)
    if said:
        document.add_paragraph(text(said))
    if not blank(answer.text):
        for paragraph in re.split(r"\n{2,}", answer.text):
            document.add_paragraph(_plain(paragraph))


def _plain(words: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", words)
