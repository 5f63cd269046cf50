"""Erasing one learner: at the course service through the exchange, in the gradebook, and in the files of a facilitators' folder."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader import api
from sqlalchemy import Connection, Delete, Engine, delete, select, update
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from ..advice import quoted
from ..errors import CohortError
from . import exports
from .client import ServiceError, connect
from .folder import CourseFolder, alone
from .gradebook import again_while_busy, engine
from .guard import SET_ASIDE

PARTS = ("submitted", "autograded", "feedback")


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
        of_module = [mine / module, *mine.glob(f".{module}.*"), *mine.glob(f"{SET_ASIDE}/{module}-*")] if module and not mine.is_symlink() else []
        for path in of_module if module else [mine]:
            if not os.path.lexists(path):
                continue
            count, kept = _remove(path)
            shown = quoted(str(path.relative_to(folder.root)))
            if count:
                report.removed.append(f"{count} {'file' if count == 1 else 'files'} in {shown}")
            if kept:
                report.fail(f"{shown}, where {kept[0]}. Remove it by hand")


def _remove(path: Path) -> tuple[int, list[str]]:
    """Remove a file or a folder, as much of it as can be: how many files that were, and why the others were not."""
    count, kept = 0, []
    inner = [] if path.is_symlink() or not path.is_dir() else list(os.walk(path, topdown=False))
    for place, folders, files in inner:
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*files, *links):
            try:
                os.unlink(os.path.join(place, name))
                count += 1
            except OSError as error:
                kept.append(f"a file cannot be removed ({error.strerror})")
        if not kept and place != str(path):
            try:
                os.rmdir(place)
            except OSError as error:
                kept.append(f"a folder cannot be removed ({error.strerror})")
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            count += 1
        elif not kept:
            path.rmdir()
    except OSError as error:
        kept.append(f"it cannot be removed ({error.strerror})")
    return count, kept


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
        _scrub(database, report)
    except CohortError as error:
        report.fail(f"What the gradebook holds: {error}")
    except SQLAlchemyError as error:
        report.fail(f"What the gradebook holds: it cannot be read or written ({type(error).__name__}). Is its file whole? Then do this again")


def _rows(database: Engine, learner: str, module: str) -> dict[str, int]:
    submissions, notebooks = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
    grades, comments, students = api.Grade.__table__, api.Comment.__table__, api.Student.__table__
    mine = select(submissions.c.id).where(submissions.c.student_id == learner)
    if module:
        mine = mine.join(api.Assignment, api.Assignment.id == submissions.c.assignment_id).where(api.Assignment.name == module)
    keys = select(notebooks.c.id).where(notebooks.c.assignment_id.in_(mine))
    with database.begin() as connection:
        if module:
            emptied = update(comments).where(comments.c.notebook_id.in_(keys), comments.c.manual_comment.is_not(None)).values(manual_comment=None)
            return {"comments": connection.execute(emptied).rowcount}
        return {
            "comments": _count(connection, delete(comments).where(comments.c.notebook_id.in_(keys))),
            "grades": _count(connection, delete(grades).where(grades.c.notebook_id.in_(keys))),
            "notebooks": _count(connection, delete(notebooks).where(notebooks.c.assignment_id.in_(mine))),
            "hand-ins": _count(connection, delete(submissions).where(submissions.c.student_id == learner)),
            "learners": _count(connection, delete(students).where(students.c.id == learner)),
        }


def _count(connection: Connection, statement: Delete) -> int:
    return int(connection.execute(statement).rowcount)


def _scrub(database: Engine, report: Erased) -> None:
    """Leave nothing of removed rows in a database's file."""
    if database.dialect.name == "sqlite":
        again_while_busy(lambda: _vacuum(database))
        return
    try:
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in ("comment", "grade", "submitted_notebook", "submitted_assignment", "student"):
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
    except DatabaseError:
        report.left.append("Removed rows in the database's own files, until its next vacuum; ask its operator")
    report.left.append("The database's write-ahead log and backups; ask its operator when the next ones take their place")


def _vacuum(database: Engine) -> None:
    connection = database.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    except sqlite3.OperationalError as error:
        raise OperationalError("VACUUM", None, error) from None
    finally:
        connection.close()


def _service(folder: CourseFolder, learner: str, report: Erased) -> None:
    try:
        said = connect(str(folder.config.CourseServiceExchange.get("service_url", ""))).json("POST", folder.course, "erase", learner)
    except ServiceError as error:
        report.fail(f"What the course service holds: {error} Then do this again.")
        return
    report.removed += [f"{count} {what} at the course service" for what, count in said["removed"].items() if count]
    report.left += [f"{one['what']}. {one['ask']}" for one in said["left"] if one.get("kind") != "collected"]  # those are what was removed here


def _others(root: Path, report: Erased) -> None:
    backups = [path.name for path in sorted(root.glob("gradebook.db.*"))]
    if backups:
        report.left.append(f"Backups of the gradebook beside it: {', '.join(backups)}. Remove them, if you can do without")
    if any(root.glob("*.log")) or (root / ".nbgrader.log").exists():
        report.left.append("The account's name, and none of its words, in nbgrader's log")
