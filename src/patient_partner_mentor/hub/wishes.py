"""What learners ask of people: a call, more on something, a reply, a way other than writing; and that they took words back.

A wish has a life of its own. A comment that is mended or withdrawn, another hand-in, taking back: none of these closes it.
A person does, and the store keeps who and when. Only a wish for a reply is also closed by the reply itself. The learner can
withdraw it; then nobody is asked any more, and whoever may have read it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from .journals import Learner
from .marks import mark, set_mark
from .refusals import Refused
from .store import lock_learner, now
from .tables import comments, wishes

CALL, MORE, REPLY, OTHER_WAY, TAKEN_BACK = "please-call-me", "yes-please", "reply-wanted", "other-way", "taken-back"
ORDER = (CALL, MORE, REPLY, OTHER_WAY, TAKEN_BACK)  # the most pressing first
BY_REPLY, WITHDRAWN, UNREAD = " reply", " withdrawn", " unread"  # what closed a wish where no person did; no account begins with a space
BY_LEARNER = (WITHDRAWN, UNREAD)  # after a facilitator's start page had shown it, and before
SHOWN_DAYS = 14  # so long a closed wish is shown, and can be opened again


def tapped(connection: Connection, who: Learner, assignment: str, step: str, comment: int, reply: str, time: str) -> None:
    """A learner answered a comment. What was asked for before stands, with the newer answer beside it."""
    before = and_(_open(who, assignment, step), wishes.c.comment == comment, wishes.c.kind.in_((CALL, MORE)))
    connection.execute(update(wishes).where(before, wishes.c.kind != reply).values(later=reply))
    connection.execute(update(wishes).where(before, wishes.c.kind == reply).values(later=None))
    if reply in (CALL, MORE):
        _ask(connection, who, assignment, step, reply, time, comment)


def shared(connection: Connection, who: Learner, assignment: str, reply_wanted: str | None, other_ways: Iterable[str], time: str) -> None:
    """A learner shared a module: a reply may be wanted, and steps may have been done another way."""
    if reply_wanted:
        _ask(connection, who, assignment, reply_wanted, REPLY, time)
    for step in other_ways:
        ever = and_(_of(who, assignment, step), wishes.c.kind == OTHER_WAY)
        if connection.execute(select(wishes.c.key).where(ever)).first() is None:  # who asked once need not ask at each sharing
            _ask(connection, who, assignment, step, OTHER_WAY, time)


def taken_back(connection: Connection, who: Learner, assignment: str) -> None:
    """A learner took back what was shared of a module."""
    _ask(connection, who, assignment, "", TAKEN_BACK, now())


def withdraw(connection: Connection, who: Learner, assignment: str, step: str, kind: str) -> None:
    """The learner no longer wants it. Of a wish that no facilitator was shown, nobody hears.

    :raises Refused: when the learner has no such wish that is open
    """
    lock_learner(connection, who.course, who.account)
    here = and_(_open(who, assignment, step), wishes.c.kind == kind)
    rows = connection.execute(select(wishes.c.key, wishes.c.since).where(here)).all()
    if not rows or kind == TAKEN_BACK:
        raise Refused("not-here")
    until = shown_until(connection, who.course)
    for row in rows:
        by = WITHDRAWN if row.since <= until else UNREAD
        connection.execute(update(wishes).where(wishes.c.key == row.key).values(closed_at=now(), closed_by=by))
    mine = and_(comments.c.course == who.course, comments.c.account == who.account, comments.c.assignment == assignment, comments.c.step == step)
    connection.execute(update(comments).where(mine, comments.c.reply == kind).values(reply=None, replied_at=None))


def ask_again(connection: Connection, who: Learner, assignment: str, step: str, kind: str) -> None:
    """The learner wants it after all. A tap on a comment says so by itself.

    :raises Refused: when the learner withdrew no such wish
    """
    lock_learner(connection, who.course, who.account)
    withdrawn = and_(_of(who, assignment, step), wishes.c.kind == kind, wishes.c.closed_by.in_(BY_LEARNER))
    if kind in (CALL, MORE) or connection.execute(select(wishes.c.key).where(withdrawn)).first() is None:
        raise Refused("not-here")
    _ask(connection, who, assignment, step, kind, now())


def of_learner(connection: Connection, who: Learner) -> dict[str, list[dict[str, Any]]]:
    """The learner's own open wishes, and those that the learner withdrew, by assignment: each step's newest of a kind."""
    mine = and_(wishes.c.course == who.course, wishes.c.account == who.account, wishes.c.kind != TAKEN_BACK)
    newest: dict[tuple[str, str, str], Any] = {}
    for row in connection.execute(select(wishes).where(mine).order_by(wishes.c.since, wishes.c.key)):
        newest[row.assignment, row.step, row.kind] = row
    found: dict[str, list[dict[str, Any]]] = {}
    for row in newest.values():
        if row.closed_at is None or row.closed_by in BY_LEARNER:
            found.setdefault(row.assignment, []).append({"step": row.step, "wish": row.kind, "since": row.since, "withdrawn": row.closed_at})
    return found


def was_shown(connection: Connection, course: str, until: str) -> None:
    """A facilitator's start page has shown the wishes of a course up to this time."""
    if until > shown_until(connection, course):
        set_mark(connection, _shown(course), until)


def shown_until(connection: Connection, course: str) -> str:
    """Up to which time wishes were shown; nothing before any was."""
    return mark(connection, _shown(course)) or ""


def answered(connection: Connection, who: Learner, assignment: str, step: str) -> None:
    """A comment that is new to the learner was given back: the reply is there. A call is not."""
    wanted = and_(_open(who, assignment, step), wishes.c.kind == REPLY)
    connection.execute(update(wishes).where(wanted).values(closed_at=now(), closed_by=BY_REPLY))


def close(connection: Connection, course: str, key: int, by: str) -> None:
    """A facilitator has done what was asked.

    :raises Refused: when this course has no such wish
    """
    _change(connection, course, key, wishes.c.closed_at.is_(None), {"closed_at": now(), "closed_by": by})


def open_again(connection: Connection, course: str, key: int) -> None:
    """It was closed by mistake.

    :raises Refused: when this course has no such wish
    """
    _change(connection, course, key, and_(wishes.c.closed_at.is_not(None), wishes.c.closed_by.not_in(BY_LEARNER)), {"closed_at": None, "closed_by": None})


def standing(connection: Connection, course: str) -> list[dict[str, Any]]:
    """The open wishes of a course, the most pressing first, then those that a person closed or the learner withdrew of late, the newest first."""
    since = (datetime.now(UTC) - timedelta(SHOWN_DAYS)).strftime("%Y-%m-%d")
    late = and_(wishes.c.closed_at >= since, wishes.c.closed_by.not_in((BY_REPLY, UNREAD)))
    found = connection.execute(select(wishes).where(wishes.c.course == course, or_(wishes.c.closed_at.is_(None), late)))
    rows = [{"user": row.account, "wish": row.kind, "time": row.since, **{name: getattr(row, name) for name in _TOLD}} for row in found]
    waiting = sorted((one for one in rows if not one["closed_at"]), key=lambda one: (ORDER.index(one["wish"]), one["time"]))
    return waiting + sorted((one for one in rows if one["closed_at"]), key=lambda one: one["closed_at"], reverse=True)


def _shown(course: str) -> str:
    return f"wishes-shown:{course}"


_TOLD = ("key", "assignment", "step", "later", "closed_at", "closed_by")


def _ask(connection: Connection, who: Learner, assignment: str, step: str, kind: str, time: str, comment: int | None = None) -> None:
    """Open a wish, unless the same one is open. One that the learner withdrew is opened again, so that no loop of the two fills the table.

    If it had been shown, it keeps its day: whoever read it then is told when it is withdrawn once more.
    """
    if connection.execute(select(wishes.c.key).where(_open(who, assignment, step), wishes.c.kind == kind)).first():
        return
    withdrawn = select(wishes.c.key, wishes.c.since, wishes.c.closed_by).where(_of(who, assignment, step), wishes.c.kind == kind, wishes.c.closed_by.in_(BY_LEARNER)).limit(1)
    row = connection.execute(withdrawn).first()
    if row:
        since = row.since if row.closed_by == WITHDRAWN else time
        connection.execute(update(wishes).where(wishes.c.key == row.key).values(since=since, comment=comment, later=None, closed_at=None, closed_by=None))
        return
    whose = {"course": who.course, "account": who.account, "assignment": assignment, "step": step}
    connection.execute(insert(wishes).values(**whose, kind=kind, since=time, comment=comment))


def _change(connection: Connection, course: str, key: int, where: Any, values: dict[str, Any]) -> None:
    here = and_(wishes.c.course == course, wishes.c.key == key)
    if connection.execute(select(wishes.c.key).where(here)).first() is None:
        raise Refused("not-here")
    connection.execute(update(wishes).where(here, where).values(**values))  # twice is as good as once


def _open(who: Learner, assignment: str, step: str) -> Any:
    return and_(_of(who, assignment, step), wishes.c.closed_at.is_(None))


def _of(who: Learner, assignment: str, step: str) -> Any:
    return and_(wishes.c.course == who.course, wishes.c.account == who.account, wishes.c.assignment == assignment, wishes.c.step == step)
