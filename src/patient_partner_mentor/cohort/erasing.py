"""Erasing one learner from a facilitators' folder: files, exports, gradebook, and through the exchange the course service."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader import api
from sqlalchemy import Connection, Delete, Engine, delete, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from ..errors import CohortError
from .client import ServiceError, connect
from .folder import CourseFolder, alone
from .gradebook import again_while_busy, engine
from .guard import SET_ASIDE

PARTS = ("submitted", "autograded", "feedback")
_PLAIN = re.compile(r"[^\x00-\x1f/\\]{1,128}")


@dataclass
class Erased:
    """What was removed, and what is left with whom."""

    learner: str
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    complete: bool = True

    def lines(self) -> list[str]:
        """The report for a facilitator."""
        removed = self.removed or ["nothing, since nothing was there"]
        return [f"Removed of {self.learner}:", *(f"- {one}" for one in removed), "Left:", *(f"- {one}" for one in self.left or ["nothing that we know of"])]


def erase(folder: CourseFolder, learner: str, module: str = "", ask_service: bool = True) -> Erased:
    """Remove a learner's words here and at the course service.

    :param module: the words of this module only, with the comments on them, and nothing at the service; the credit stays
    :raises CohortError: if the name can be nobody's, or a part cannot be written
    """
    if not _PLAIN.fullmatch(learner) or learner.strip(". ") == "":
        raise CohortError("This is no learner's account. Give the name as the Hub has it.")
    if module:
        folder.module(module)
    report = Erased(learner)
    database = engine(folder.gradebook, folder.course)
    with alone(folder.root):
        _files(folder, learner, module, report)
        if not module:
            _exports(folder.root, learner, report)
        counted = again_while_busy(lambda: _rows(database, learner, module))
        report.removed += [f"{count} {what} in the gradebook" for what, count in counted.items() if count]
        _scrub(database, report)
    if module:
        report.left.append(f"Credit of {module} in the gradebook, without words")
    elif ask_service:
        _service(folder, learner, report)
    else:
        report.left.append("What the course service holds: it was not asked")
    _others(folder.root, report)
    return report


def _files(folder: CourseFolder, learner: str, module: str, report: Erased) -> None:
    for part in PARTS:
        mine = folder.root / str(getattr(folder.coursedir, f"{part}_directory")) / learner
        paths = [mine / module, *mine.glob(f".{module}.*"), *mine.glob(f"{SET_ASIDE}/{module}-*")] if module else [mine]
        for path in paths:
            if not os.path.lexists(path):
                continue
            count = 1 if path.is_symlink() else sum(len(names) for _, _, names in os.walk(path))
            try:
                path.unlink() if path.is_symlink() or not path.is_dir() else shutil.rmtree(path)
            except OSError as error:
                raise CohortError(f"{path} cannot be removed ({error.strerror}). Remove it by hand, then do this again.") from None
            report.removed.append(f"{count} {'file' if count == 1 else 'files'} in {path.relative_to(folder.root)}")


def _exports(root: Path, learner: str, report: Erased) -> None:
    """Take the learner's lines out of what ``nbgrader export`` wrote."""
    for path in sorted(root.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.reader(file))
        column = table[0].index("student_id") if table and "student_id" in table[0] else None
        kept = [row for row in table if column is None or len(row) <= column or row[column] != learner]
        if len(kept) < len(table):
            out = io.StringIO()
            csv.writer(out, lineterminator="\n").writerows(kept)
            new = path.with_name(f".{path.name}.new")
            new.write_text(out.getvalue(), "utf-8")
            new.replace(path)
            report.removed.append(f"{len(table) - len(kept)} lines in {path.name}")


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
        report.complete = False
        report.left.append(f"What the course service holds: {error} Then do this again.")
        return
    report.removed += [f"{count} {what} at the course service" for what, count in said["removed"].items() if count]
    report.left += [f"{one['what']}. {one['ask']}" for one in said["left"] if one.get("kind") != "collected"]  # those are what was removed here


def _others(root: Path, report: Erased) -> None:
    backups = [path.name for path in sorted(root.glob("gradebook.db.*"))]
    if backups:
        report.left.append(f"Backups of the gradebook beside it: {', '.join(backups)}. Remove them, if you can do without")
    if any(root.glob("*.log")) or (root / ".nbgrader.log").exists():
        report.left.append("The account's name, and none of its words, in nbgrader's log")
