"""Removing words for good: files as far as they can be, a gradebook's rows, and what a database keeps of rows that are gone."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import Connection, Delete, Engine, Select, delete, select
from sqlalchemy.exc import DatabaseError, OperationalError

from .gradebook import TRIES, again_while_busy
from .guard import SET_ASIDE

PARTS = ("submitted", "autograded", "feedback")
LOCK_SECONDS = 10  # how long PostgreSQL waits for whoever has a table open


def remove(path: Path) -> tuple[int, list[str]]:
    """Remove a file or a folder, as much of it as can be: how many files that were, and why the others were not."""
    count, kept = 0, []
    inner = [] if path.is_symlink() or not path.is_dir() else list(os.walk(path, topdown=False, onerror=lambda error: kept.append(f"a folder cannot be read ({error.strerror})")))
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


def beside(place: Path) -> tuple[list[Path], list[Path]]:
    """What of a hand-in may stand beside its folder: copies that a killed run left half, and files that were set aside.

    :param place: ``submitted/LEARNER/ASSIGNMENT``, or the same of another part
    """
    half = re.compile(re.escape(f".{place.name}.") + "[0-9a-f]+")
    aside = re.compile(re.escape(f"{place.name}-") + "[0-9a-f]{8}")  # another module's name may begin with this one's
    return _named(place.parent, half), _named(place.parent / SET_ASIDE, aside)


def remove_hand_ins(connection: Connection, which: Select[Any]) -> dict[str, int]:
    """Remove hand-ins from a gradebook with all that hangs on them, and say how many rows that were.

    :param which: selects the ids of hand-ins
    """
    submissions, notebooks = api.SubmittedAssignment.__table__, api.SubmittedNotebook.__table__
    grades, comments = api.Grade.__table__, api.Comment.__table__
    keys = select(notebooks.c.id).where(notebooks.c.assignment_id.in_(which))
    return {
        "comments": removed(connection, delete(comments).where(comments.c.notebook_id.in_(keys))),
        "grades": removed(connection, delete(grades).where(grades.c.notebook_id.in_(keys))),
        "notebooks": removed(connection, delete(notebooks).where(notebooks.c.assignment_id.in_(which))),
        "hand-ins": removed(connection, delete(submissions).where(submissions.c.id.in_(which))),
    }


def removed(connection: Connection, statement: Delete) -> int:
    """Do it, and say how many rows that were."""
    return int(connection.execute(statement).rowcount)


def scrub(database: Engine, tries: int = TRIES) -> list[str]:
    """Leave nothing of removed rows in a database's file; what of them is left elsewhere.

    :raises CohortError: when others hold it all the time
    """
    if database.dialect.name == "sqlite":
        again_while_busy(lambda: _vacuum(database), tries)
        return []
    left = []
    try:
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            try:
                for table in ("comment", "grade", "submitted_notebook", "submitted_assignment", "student"):
                    connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
    except DatabaseError:
        left.append("Removed rows in the database's own files, until its next vacuum; ask its operator")
    return [*left, "The database's write-ahead log and backups; ask its operator when the next ones take their place"]


def backups(root: Path) -> list[str]:
    """Lines on copies of a gradebook that lie beside it."""
    found = [path.name for path in sorted(root.glob("gradebook.db.*"))]
    return [f"Backups of the gradebook beside it: {', '.join(found)}. Remove them, if you can do without"] if found else []


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name)) if folder.is_dir() and not folder.is_symlink() else []


def _vacuum(database: Engine) -> None:
    connection = database.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    except sqlite3.OperationalError as error:
        raise OperationalError("VACUUM", None, error) from None
    finally:
        connection.close()
