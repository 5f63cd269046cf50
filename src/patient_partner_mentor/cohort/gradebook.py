"""Writing many hand-ins' credit into nbgrader's gradebook at once: the rows that stock autograde writes, in one transaction.

Only what a machine found is written. A human's score and comment are never read, compared or set here, so that nobody's
word is lost to whoever grades at the same time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from nbgrader import api
from sqlalchemy import Connection, Engine, bindparam, create_engine, event, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from ..curriculum import Module
from ..errors import CohortError
from .assignments import NOTEBOOK, comment_id, graded_id, step_of

TRIES, LONGEST_PAUSE = 12, 2.0  # seconds
T = TypeVar("T")
_students, _submissions, _notebooks = api.Student.__table__, api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
_grades, _comments = api.Grade.__table__, api.Comment.__table__


@dataclass(frozen=True)
class Graded:
    """What was found of one hand-in.

    :param points: by step id
    :param time: when it was handed in, UTC, if that is known
    """

    learner: str
    points: Mapping[str, float]
    time: datetime | None


@dataclass(frozen=True)
class Said:
    """What stands in the gradebook for one step: the score that counts, and the facilitator's comment."""

    score: float | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Cells:
    """An assignment's rows in the gradebook that a hand-in's rows hang on."""

    assignment: str
    notebook: str
    graded: Mapping[str, str]  # cell id by step id
    comments: Mapping[str, str]
    checksums: Mapping[str, str]  # by grade id, as generate_assignment saved them


_engines: dict[tuple[str, str], Engine] = {}


def engine(address: str, course: str, tries: int = TRIES) -> Engine:
    """The gradebook's database, made with nbgrader's tables if it is new; one engine a process.

    :raises CohortError: when it cannot be reached
    """

    def opened() -> None:
        api.Gradebook(address, course).close()

    if (address, course) not in _engines:
        again_while_busy(opened, tries)
        found = create_engine(address, hide_parameters=True)
        if found.dialect.name == "sqlite":
            event.listen(found, "connect", _begin_ourselves)
            event.listen(found, "begin", _begin_writing)
        _engines[address, course] = found
    return _engines[address, course]


def cells(connection: Connection, module: Module, assignment: str, advice: str) -> Cells:
    """The rows that a module's hand-ins hang on.

    :param advice: what to do when they are not there
    :raises CohortError: when the gradebook has no such assignment, or one with other steps
    """
    book = select(api.Notebook.id, api.Assignment.id).join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
    row = connection.execute(book.where(api.Assignment.name == assignment, api.Notebook.name == NOTEBOOK)).first()
    if row is None:
        raise CohortError(f"The gradebook does not know the assignment '{assignment}'. {advice}")
    notebook, owner = row
    found: dict[str, dict[str, str]] = {"GradeCell": {}, "TaskCell": {}}
    base = api.BaseCell.__table__
    for cell in connection.execute(select(base.c.id, base.c.name, base.c.type).where(base.c.notebook_id == notebook)):
        found.setdefault(cell.type, {})[cell.name] = cell.id
    steps = [step.id for step in module.steps]
    if set(found["GradeCell"]) != {graded_id(one) for one in steps} or set(found["TaskCell"]) != {comment_id(one) for one in steps}:
        raise CohortError(f"The gradebook's cells of '{assignment}' are not this module's steps. {advice}")
    source = api.SourceCell.__table__
    checksums = {row.name: row.checksum for row in connection.execute(select(source.c.name, source.c.checksum).where(source.c.notebook_id == notebook))}
    return Cells(owner, notebook, {s: found["GradeCell"][graded_id(s)] for s in steps}, {s: found["TaskCell"][comment_id(s)] for s in steps}, checksums)


def times(connection: Connection, its: Cells) -> dict[str, datetime | None]:
    """When each learner's hand-in that the gradebook has was handed in."""
    found = select(_submissions.c.student_id, _submissions.c.timestamp).where(_submissions.c.assignment_id == its.assignment)
    return {row.student_id: row.timestamp for row in connection.execute(found)}


def said(connection: Connection, assignment: str, learner: str) -> dict[str, Said]:
    """What the gradebook has of each step of a hand-in."""
    base = api.BaseCell.__table__
    book = _notebooks.join(_submissions, _submissions.c.id == _notebooks.c.assignment_id).join(api.Assignment, api.Assignment.id == _submissions.c.assignment_id)
    book = book.join(base, base.c.notebook_id == _notebooks.c.notebook_id)
    where = (api.Assignment.name == assignment, _submissions.c.student_id == learner)
    score = select(base.c.name, api.Grade.score.label("score")).select_from(book.join(_grades, (_grades.c.cell_id == base.c.id) & (_grades.c.notebook_id == _notebooks.c.id)))
    score = score.where(*where, base.c.type == "GradeCell")
    words = select(base.c.name, _comments.c.manual_comment).select_from(book.join(_comments, (_comments.c.cell_id == base.c.id) & (_comments.c.notebook_id == _notebooks.c.id)))
    words = words.where(*where)
    scores = {step_of(row.name): row.score for row in connection.execute(score)}
    written = {step_of(row.name): row.manual_comment for row in connection.execute(words)}
    return {step: Said(scores.get(step), written.get(step)) for step in scores.keys() | written.keys()}


def save(address: str, course: str, its: Cells, found: Sequence[Graded]) -> None:
    """Write what was found of these hand-ins: all of them, or none.

    A cell that a human has scored keeps that score, and is marked for another look, as nbgrader does it.

    :raises CohortError: when the database stays out of reach
    """
    ordered = sorted(found, key=lambda one: one.learner)  # two graders lock rows in one order

    def write() -> None:
        with engine(address, course).begin() as connection:
            _save(connection, its, ordered)

    again_while_busy(write)


def again_while_busy(work: Callable[[], T], tries: int = TRIES) -> T:
    """Do it, again after a pause while somebody else holds the database or was there first.

    :param tries: how often; on SQLite each of them waits for a while by itself
    :raises CohortError: when that does not end
    """
    for number in range(tries):
        try:
            return work()
        except (OperationalError, IntegrityError, api.InvalidEntry) as error:
            reason = type(getattr(error, "orig", error)).__name__
            if isinstance(error, OperationalError) and not _passing(error):
                break
        time.sleep(min(LONGEST_PAUSE, 0.05 * 2**number) * random.uniform(0.5, 1))
    raise CohortError(f"The gradebook cannot be written right now ({reason}). Is its database running and its disk not full? Nothing is half done; do this again.")


@contextmanager
def reading(address: str, course: str) -> Iterator[Connection]:
    """A connection for looking things up: on SQLite it waits for no writer, and no writer for it, but for moments."""
    with engine(address, course).connect().execution_options(writes=False) as connection:
        yield connection


def _save(connection: Connection, its: Cells, found: Sequence[Graded]) -> None:
    learners = [one.learner for one in found]
    there = set(connection.execute(select(_students.c.id).where(_students.c.id.in_(learners))).scalars())
    _add(connection, _students, [{"id": one} for one in learners if one not in there])
    submission = _submissions_of(connection, its, found, learners)
    notebook = _notebooks_of(connection, its, submission)
    points = {(notebook[submission[one.learner]], its.graded[step]): value for one in found for step, value in one.points.items()}
    tasks = [(key, cell) for key in notebook.values() for cell in its.comments.values()]
    graded = _pairs(connection, _grades, notebook, [*its.graded.values(), *its.comments.values()])
    _add(connection, _grades, [_grade(key, cell, value) for (key, cell), value in points.items() if (key, cell) not in graded])
    _add(connection, _grades, [_grade(key, cell, None) for key, cell in tasks if (key, cell) not in graded])
    changed = [{"key": key, "cell": cell, "points": value} for (key, cell), value in points.items() if (key, cell) in graded]
    if changed:
        where = (_grades.c.notebook_id == bindparam("key"), _grades.c.cell_id == bindparam("cell"))
        scored = {"auto_score": bindparam("points"), "needs_manual_grade": _grades.c.manual_score.is_not(None)}
        connection.execute(update(_grades).where(*where).values(scored), changed)
    commented = _pairs(connection, _comments, notebook, list(its.comments.values()))
    _add(connection, _comments, [{"id": api.new_uuid(), "notebook_id": key, "cell_id": cell} for key, cell in tasks if (key, cell) not in commented])


def _submissions_of(connection: Connection, its: Cells, found: Sequence[Graded], learners: list[str]) -> dict[str, str]:
    here = (_submissions.c.assignment_id == its.assignment, _submissions.c.student_id.in_(learners))
    known = {row.student_id: row.id for row in connection.execute(select(_submissions.c.id, _submissions.c.student_id).where(*here))}
    new = [{"id": api.new_uuid(), "assignment_id": its.assignment, "student_id": one.learner, "timestamp": one.time} for one in found if one.learner not in known]
    _add(connection, _submissions, new)
    newer = [{"key": known[one.learner], "time": one.time} for one in found if one.learner in known and one.time]
    if newer:
        connection.execute(update(_submissions).where(_submissions.c.id == bindparam("key")).values(timestamp=bindparam("time")), newer)
    return known | {row["student_id"]: row["id"] for row in new}


def _notebooks_of(connection: Connection, its: Cells, submission: Mapping[str, str]) -> dict[str, str]:
    here = (_notebooks.c.notebook_id == its.notebook, _notebooks.c.assignment_id.in_(submission.values()))
    known = {row.assignment_id: row.id for row in connection.execute(select(_notebooks.c.id, _notebooks.c.assignment_id).where(*here))}
    new = [{"id": api.new_uuid(), "assignment_id": key, "notebook_id": its.notebook, "flagged": False} for key in submission.values() if key not in known]
    _add(connection, _notebooks, new)
    return known | {row["assignment_id"]: row["id"] for row in new}


def _pairs(connection: Connection, table: Any, notebook: Mapping[str, str], cells: Sequence[str]) -> set[tuple[str, str]]:
    """Which of these rows there are. The cells are named too: nbgrader's only index begins with them."""
    here = (table.c.cell_id.in_(cells), table.c.notebook_id.in_(notebook.values()))
    rows = connection.execute(select(table.c.notebook_id, table.c.cell_id).where(*here))
    return {(row.notebook_id, row.cell_id) for row in rows}


def _grade(notebook: str, cell: str, points: float | None) -> dict[str, Any]:
    return {"id": api.new_uuid(), "notebook_id": notebook, "cell_id": cell, "auto_score": points, "needs_manual_grade": points is None}


def _add(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _passing(error: DBAPIError) -> bool:
    """Whether it is of the kind that ends by itself: a lock, or a transaction that the database gave up for another."""
    return any(word in str(error.orig).lower() for word in ("locked", "busy", "deadlock", "serialize", "starting up"))


def _begin_ourselves(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin only at the first write, too late to wait for a lock
    connection.execute("PRAGMA secure_delete = ON").close()  # a comment that was erased is not to stand in free pages


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes", True) else "BEGIN")
