"""The feedback page of one hand-in, for ``nbgrader generate_feedback``: each step's question, words, credit and comment.

The page needs no script, font or style from anywhere; its policy lets in nothing but its own style. The comments, and
the credit that a human gave, stand in it once more as data, from which the course service shows each beside its answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbgrader.converters import GenerateFeedback
from nbgrader.utils import parse_utc

from ..cards import day
from ..credit.handed_in import STATE_TEXTS, StepCredit, credited, plain, raised_by, shown_next_step
from ..curriculum import MODULE_FILE, Module, load_module
from ..errors import CourseError
from ..handins import HAND_IN_FILE, HandIn, open_hand_in
from ..interface import text, texts
from .assignments import NOTEBOOK
from .folder import stamp_of
from .gradebook import Said, reading, said

TEMPLATE, STYLE = "feedback.html", "feedback.css"
_STATUS_NOTES = {"skipped": "feedback.skipped", "other-way": "feedback.other_way", "written": "feedback.kept", "open": "feedback.nothing"}


def page(module: Module, given: HandIn, by_step: Mapping[str, Said], time: datetime | None) -> str:
    """The page of a hand-in.

    :param by_step: what the gradebook has of each step
    :param time: when it was shared, UTC
    """
    steps = [_step(one, by_step.get(one.step.id, Said())) for one in credited(module, given)]
    comments = [{"step": one["id"], "comment": one["comment"]} for one in steps if one["comment"]]
    credits = [{"step": one["id"], "state": one["raised"]} for one in steps if one["raised"]]
    style = _file(STYLE)
    values = {
        "language": texts()["language"],
        "title": text("feedback.title", title=module.title),
        "shared_on": text("feedback.shared_on", time=f"{day(time.date())}, {time:%H:%M} UTC") if time else "",
        "count": text("feedback.comments_count", count=len(comments)) if comments else text("feedback.comments_none"),
        "steps": steps,
        "next_step": {"question": module.next_step.prompt, "words": shown_next_step(given)},
        "say": lambda key: text(f"feedback.{key}"),
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'",
        "style": Markup(style),
        "data": Markup(_as_data({"comments": comments, "credits": credits})),
    }
    return _template().render(values)


class FeedbackExporter(Exporter):
    """Makes the page of a graded copy, where nbgrader would render the notebook."""

    file_extension = ".html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.parent, GenerateFeedback):  # made once a run, before nbgrader skips what it finds there
            for graded in map(Path, self.parent.assignments):
                _remove_old(self.parent.coursedir, graded)

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **_kwargs: Any) -> tuple[str, dict[str, Any]]:
        """The page of the hand-in in the folder of this notebook, which itself is not opened."""
        assert resources is not None and self.parent is not None
        resources["output_extension"] = self.file_extension
        return _page_of(self.parent.coursedir, Path(filename).parent), resources


def _page_of(coursedir: Any, graded: Path) -> str:
    """The page of a graded copy.

    :param graded: ``autograded/LEARNER/ASSIGNMENT``
    """
    learner, assignment = graded.parts[-2:]
    source = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    module = _module(source, (source / MODULE_FILE).stat().st_mtime_ns)
    given = open_hand_in(graded / HAND_IN_FILE)
    with reading(coursedir.db_url, coursedir.course_id) as connection:
        found = said(connection, assignment, learner)
    stamp = stamp_of(graded)
    return page(module, given, found, parse_utc(stamp) if stamp else None)


def _remove_old(coursedir: Any, graded: Path) -> None:
    """Remove a page to which a comment or credit has been added since, or which a killed run left half: nbgrader would take it for done."""
    folder = Path(coursedir.format_path(coursedir.feedback_directory, *graded.parts[-2:]))
    if not folder.is_dir():
        return
    made = folder / f"{NOTEBOOK}.html"
    try:
        fresh = made.is_file() and made.read_text("utf-8", "replace") == _page_of(coursedir, graded) and stamp_of(folder) == stamp_of(graded)
    except (CourseError, OSError):  # nbgrader comes to it, and says so
        return
    if not fresh:
        shutil.rmtree(folder)


def _step(one: StepCredit, given: Said) -> dict[str, Any]:
    raised = raised_by(given.score, one.outcome)  # a human can raise what the learner reads, and lowers nothing
    return {
        "id": one.step.id,
        "number": one.step.number,
        "title": one.step.title,
        "question": (one.answer.prompt if one.answer and one.answer.prompt else None) or one.step.prompt,
        "words": plain(one.words),
        "language": one.answer.language if one.answer and one.words else "",
        "note": "" if one.words else text(_STATUS_NOTES[one.answer.status if one.answer else "open"]),
        "state": text(STATE_TEXTS[raised or one.outcome.state]),
        "raised": raised,
        "comment": plain(given.comment or "").strip(),
    }


def _as_data(data: Any) -> str:
    """JSON that may stand in a page: nothing in it can end the element that holds it."""
    return json.dumps(data, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _template() -> Any:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True).from_string(_file(TEMPLATE))


@cache
def _module(source: Path, _changed: int) -> Module:
    return load_module(source)
