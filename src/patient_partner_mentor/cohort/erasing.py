"""Erasing one learner: at the course service through the exchange, in the gradebook, and in the files of a facilitators' folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader import api
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from ..advice import quoted
from ..errors import CohortError
from . import exports
from .client import ServiceError, connect
from .folder import CourseFolder, alone
from .gradebook import again_while_busy, engine
from .removing import PARTS, backups, beside, remove, remove_hand_ins, removed, scrub


@dataclass
class Erased:
    """What was removed, and what is left with whom."""

    learner: str
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    complete: bool = True

    def fail(self, what: str) -> None:
        """Note what could not be removed; the rest goes on."""
        self.complete = False
        self.left.append(what)

    def lines(self) -> list[str]:
        """The report for a facilitator."""
        removed = self.removed or ["nothing, since nothing was there"]
        return [f"Removed of {quoted(self.learner)}:", *(f"- {one}" for one in removed), "Left:", *(f"- {one}" for one in self.left or ["nothing that we know of"])]


def erase(folder: CourseFolder, learner: str, module: str = "", ask_service: bool = True) -> Erased:
    """Remove a learner's words at the course service and here; whatever cannot be removed is named, and the rest goes on.

    The service and the gradebook come first: what others could still read or send again is gone before the files.

    :param module: the words of this module only, with the comments on them, and nothing at the service; the credit stays
    :raises CohortError: if the name can be nobody's, there is no such module, or somebody else works in the folder
    """
    if not possible(learner):
        raise CohortError("This is no learner's account. Give the name as the Hub has it.")
    if module:
        folder.module(module)
    report = Erased(learner)
    with alone(folder.root):
        if writable(learner):
            if ask_service and not module:
                _service(folder, learner, report)
            _gradebook(folder, learner, module, report)
        _files(folder, learner, module, report)
        if not module:
            _exports(folder.root, learner, report)
    if module:
        report.left.append(f"Credit of {module} in the gradebook, without words")
    elif not ask_service:
        report.left.append("What the course service holds: it was not asked")
    _others(folder.root, report)
    return report


def possible(learner: str) -> bool:
    """Whether it is a name that a folder of one learner can have: no path, and not nothing."""
    return "/" not in learner and "\x00" not in learner and learner.strip(". ") != ""


def writable(learner: str) -> bool:
    """Whether a Hub or a database can have this name at all; a folder's name can be bytes that are no text."""
    try:
        learner.encode()
    except UnicodeEncodeError:
        return False
    return True


def holds(folder: CourseFolder, learner: str) -> list[Path]:
    """The learner's folders here."""
    return [place for part in PARTS if os.path.lexists(place := _part(folder, part) / learner)]


def _part(folder: CourseFolder, part: str) -> Path:
    return folder.root / str(getattr(folder.coursedir, f"{part}_directory"))


def _files(folder: CourseFolder, learner: str, module: str, report: Erased) -> None:
    for mine in holds(folder, learner):
        for path in _of_module(mine, module, report) if module else [mine]:
            if not os.path.lexists(path):
                continue
            count, kept = remove(path)
            shown = quoted(str(path.relative_to(folder.root)))
            if count:
                report.removed.append(f"{count} {'file' if count == 1 else 'files'} in {shown}")
            if kept:
                report.fail(f"{shown}, where {kept[0]}. Remove it by hand")


def _of_module(mine: Path, module: str, report: Erased) -> list[Path]:
    """What a learner's folder may have of a module."""
    shown = quoted(str(Path(mine.parent.name, mine.name)))
    if mine.is_symlink():
        if os.path.lexists(mine / module):
            report.fail(f"{shown}, which is a link. Remove {quoted(module)} by hand where it leads to")
        return []
    try:
        half, aside = beside(mine / module)
    except OSError as error:
        report.fail(f"{shown}, which cannot be read ({error.strerror}). Remove it by hand")
        return []
    return [*half, *aside, mine / module]


def _exports(root: Path, learner: str, report: Erased) -> None:
    """Take the learner's lines out of what ``nbgrader export`` wrote."""
    for path in sorted(root.glob("*.csv")):
        shown = quoted(path.name)
        try:
            count, doubt = exports.without(path, learner)
        except OSError as error:
            report.fail(f"{shown} cannot be read or written ({error.strerror}). Look through it by hand")
            continue
        if count:
            report.removed.append(f"{count} {'line' if count == 1 else 'lines'} in {shown}")
        if doubt:
            report.fail(f"{shown}: {doubt}. Look through it by hand")


def _gradebook(folder: CourseFolder, learner: str, module: str, report: Erased) -> None:
    try:
        database = engine(folder.gradebook, folder.course)
        counted = again_while_busy(lambda: _rows(database, learner, module))
        report.removed += [f"{count} {what} in the gradebook" for what, count in counted.items() if count]
        report.left += scrub(database)
    except CohortError as error:
        report.fail(f"What the gradebook holds: {error}")
    except SQLAlchemyError as error:
        report.fail(f"What the gradebook holds: it cannot be read or written ({type(error).__name__}). Is its file whole? Then do this again")


def _rows(database: Engine, learner: str, module: str) -> dict[str, int]:
    submissions, notebooks, comments, students = (one.__table__ for one in (api.SubmittedAssignment, api.SubmittedNotebook, api.Comment, api.Student))
    mine = select(submissions.c.id).where(submissions.c.student_id == learner)
    with database.begin() as connection:
        if module:
            mine = mine.join(api.Assignment, api.Assignment.id == submissions.c.assignment_id).where(api.Assignment.name == module)
            keys = select(notebooks.c.id).where(notebooks.c.assignment_id.in_(mine))
            emptied = update(comments).where(comments.c.notebook_id.in_(keys), comments.c.manual_comment.is_not(None)).values(manual_comment=None)
            return {"comments": connection.execute(emptied).rowcount}
        return remove_hand_ins(connection, mine) | {"learners": removed(connection, delete(students).where(students.c.id == learner))}


def _service(folder: CourseFolder, learner: str, report: Erased) -> None:
    try:
        said = connect(str(folder.config.CourseServiceExchange.get("service_url", ""))).json("POST", folder.course, "erase", learner)
    except ServiceError as error:
        report.fail(f"What the course service holds: {error} Then do this again.")
        return
    report.removed += [f"{count} {what} at the course service" for what, count in said["removed"].items() if count]
    report.left += [f"{one['what']}. {one['ask']}" for one in said["left"] if one.get("kind") != "collected"]  # those are what was removed here


def _others(root: Path, report: Erased) -> None:
    report.left += backups(root)
    if any(root.glob("*.log")) or (root / ".nbgrader.log").exists():
        report.left.append("The account's name, and none of its words, in nbgrader's log")
