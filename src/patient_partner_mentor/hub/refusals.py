"""What the course service answers when it does not do what was asked: a sentence for people, and a reason for programs."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from ..errors import CourseError
from ..interface import text

STATUS = {
    "damaged": 400,
    "newer": 400,
    "unknown": 400,
    "sure": 400,
    "sign-in": 403,
    "not-yours": 403,
    "other-account": 403,
    "another-person": 403,
    "roster": 403,
    "not-here": 404,
    "consent": 409,
    "other-words": 409,
    "taken-back": 409,
    "took-back": 409,
    "there-already": 409,
    "too-much": 409,
    "too-large": 413,
    "too-often": 429,
    "too-many": 429,
    "consents": 429,
    "trouble": 500,
    "accounts": 503,
    "busy": 503,
    "away": 503,
    "full": 507,
}
REASON = "X-PPM-Reason"  # in which the Hub tells the course service why it could not
_DISK_FULL = "53100"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class Refused(CourseError):
    """The service did not do it, and nothing has changed.

    :param reason: one of ``STATUS``; the sentence stands under ``service`` in the interface's texts
    """

    def __init__(self, reason: str) -> None:
        self.reason, self.status = reason, STATUS[reason]
        super().__init__(text(f"service.{reason}"))


def of_the_store(error: DBAPIError) -> Refused:
    """What to say when the database could not do it. No message of the database's goes out: it may name a path."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == _DISK_FULL:
        return Refused("full")
    if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Refused("busy")
    return Refused("away")
