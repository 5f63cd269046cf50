"""What nbgrader puts into the store and takes out: assignments, hand-ins, feedback with its comments."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from ..handins import HAND_IN_FILE
from .. import archives
from . import sharing, wishes
from .comment_data import carried
from .journals import Learner
from .refusals import Refused
from .service_settings import Quotas
from .store import lock_learner, now
from .tables import assignments, comments, consents, credits, feedback, hand_ins

NOTEBOOK = "module"
_EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
OWN_FILES = ("timestamp.txt", "submission_secret.txt")  # these say who and when: not for the sender to say


def names(connection: Connection, course: str) -> dict[str, str]:
    """The released assignments, each with the time of its last release."""
    return {row.name: row.time for row in connection.execute(select(assignments.c.name, assignments.c.time).where(assignments.c.course == course))}


def assignment(connection: Connection, course: str, name: str) -> bytes:
    """A released assignment's archive.

    :raises Refused: when there is none
    """
    found = connection.execute(select(assignments.c.content).where(assignments.c.course == course, assignments.c.name == name)).scalar()
    if found is None:
        raise Refused("not-here")
    return bytes(found)


def release(connection: Connection, course: str, name: str, content: bytes, replace: bool) -> None:
    """Put an assignment out.

    :raises Refused: when it is out already, and not to be replaced
    """
    lock_learner(connection, course, "")
    here = and_(assignments.c.course == course, assignments.c.name == name)
    there = connection.execute(select(assignments.c.time).where(here)).scalar()
    if there and not replace:
        raise Refused("there-already")
    connection.execute(delete(assignments).where(here))
    connection.execute(insert(assignments).values(course=course, name=name, content=content, time=now()))


def withdraw(connection: Connection, course: str, name: str) -> None:
    """Take an assignment in again; what was handed in stays."""
    connection.execute(delete(assignments).where(assignments.c.course == course, assignments.c.name == name))


def submit(connection: Connection, who: Learner, name: str, id: str, content: bytes, quotas: Quotas) -> dict[str, str]:
    """Keep the files of 'nbgrader submit', beside the earlier ones."""
    lock_learner(connection, who.course, who.account)
    time = sharing.take(connection, who, name, id, "files", content, {}, quotas)
    return {"user": who.account, "id": id, "time": time}


def listing(connection: Connection, course: str, name: str | None, account: str | None, history: bool) -> list[dict[str, Any]]:
    """Hand-ins, the newest last: of one assignment or all, of one learner or all, every one or each learner's newest.

    ``feedback`` names the notebooks that have a feedback page, with its time. What has no words any more is not among
    them, but with ``history``: ``taken_back`` marks it, and ``took_back`` says when the learner did it, and not the end of
    keeping. It is said for as long as the record is kept, since every facilitators' folder has to hear of it.
    """
    where = [hand_ins.c.course == course]
    where += [hand_ins.c.assignment == name] if name else []
    where += [hand_ins.c.account == account] if account else []
    where += [] if history else [hand_ins.c.taken_back.is_(None)]
    fields = [hand_ins.c[field] for field in ("key", "account", "id", "assignment", "time", "taken_back", "expired_at")]
    rows = connection.execute(select(*fields).where(*where).order_by(hand_ins.c.time, hand_ins.c.key)).all()
    answered: dict[int, dict[str, str]] = {}
    for page in connection.execute(select(feedback.c.hand_in, feedback.c.notebook, feedback.c.time).join(hand_ins).where(*where)):
        answered.setdefault(page.hand_in, {})[page.notebook] = page.time
    found = [
        {"user": row.account, "id": row.id, "assignment": row.assignment, "time": row.time, "feedback": answered.get(row.key, {})}
        | ({"taken_back": True} if row.taken_back else {})
        | ({"took_back": row.taken_back} if row.taken_back and not row.expired_at else {})
        for row in rows
    ]
    return found if history else list({(one["user"], one["assignment"]): one for one in found}.values())


def fetch(connection: Connection, who: Learner, name: str, id: str, collecting: bool) -> bytes:
    """A hand-in's archive, put together now: the released notebook, the hand-in, and the time by the service's clock.

    :param collecting: a facilitator fetches it, so a copy lies there from now on; nobody need have read it
    :raises Refused: when there is none, or it was taken back
    """
    row = connection.execute(select(hand_ins).where(_the(who, name, id))).first()
    if row is None or row.content is None:
        raise Refused("not-here")
    if collecting and row.collected_at is None:
        connection.execute(update(hand_ins).where(hand_ins.c.key == row.key).values(collected_at=now()))
    content = bytes(row.content)
    files = archives.unpacked(content, 2**31, 10**6) if row.kind == "files" else {HAND_IN_FILE: content, f"{NOTEBOOK}.ipynb": _notebook(connection, who.course, name)}
    files = {name: data for name, data in files.items() if archives.folded(name).split("/")[0] not in OWN_FILES}
    return archives.packed(files | {"timestamp.txt": nbgraders(row.time).encode()})


def opened(connection: Connection, who: Learner, name: str, time: str) -> None:
    """A person has a hand-in open before them: from now on the learner is told that it was opened. The first time stays.

    :param time: of the hand-in, as its ``timestamp.txt`` says it
    :raises Refused: when there is no such hand-in
    """
    here = and_(hand_ins.c.course == who.course, hand_ins.c.account == who.account, hand_ins.c.assignment == name)
    that = and_(here, hand_ins.c.time == time.strip().replace(" UTC", "Z").replace(" ", "T"))
    if connection.execute(select(hand_ins.c.key).where(that)).first() is None:
        raise Refused("not-here")
    connection.execute(update(hand_ins).where(that, hand_ins.c.read_at.is_(None)).values(read_at=now()))


def deliver(connection: Connection, who: Learner, name: str, id: str, notebook: str, page: bytes) -> dict[str, int]:
    """Keep a feedback page, and the comments and credits that it carries as data. The same page again changes nothing.

    :raises Refused: when there is no such hand-in, or the learner took it back: the page holds its words
    """
    lock_learner(connection, who.course, who.account)
    row = connection.execute(select(hand_ins.c.key, hand_ins.c.taken_back, hand_ins.c.expired_at).where(_the(who, name, id))).first()
    if row is None:
        raise Refused("not-here")
    if row.taken_back and not row.expired_at:
        raise Refused("took-back")
    key = row.key
    here = and_(feedback.c.hand_in == key, feedback.c.notebook == notebook)
    connection.execute(delete(feedback).where(here))
    connection.execute(insert(feedback).values(hand_in=key, notebook=notebook, content=page, time=now()))
    given, raised = carried(page)
    _credit(connection, who, name, id, raised)
    there = {row.step: row for row in connection.execute(select(comments).where(comments.c.hand_in == key))}
    for step, words in given.items():
        old = there.pop(step, None)
        if old and bytes(old.content) == words:
            continue
        fresh = {"content": words, "time": now(), "read_at": None}  # a reply stays: it was given to a person, and not to a spelling
        if old:
            connection.execute(update(comments).where(comments.c.key == old.key).values(fresh))
        elif _said_before(connection, who, name, key, step, words):
            continue
        else:
            connection.execute(insert(comments).values(hand_in=key, course=who.course, account=who.account, assignment=name, step=step, **fresh))
        wishes.answered(connection, who, name, step)
    for old in there.values():  # a comment that the facilitator has withdrawn
        connection.execute(delete(comments).where(comments.c.key == old.key))
    return {"comments": len(given)}


def _credit(connection: Connection, who: Learner, name: str, id: str, raised: dict[str, str]) -> None:
    """Keep what a human counts of a hand-in, in place of what they counted of it before. What they count of others stays."""
    here = and_(credits.c.course == who.course, credits.c.account == who.account, credits.c.assignment == name, credits.c.hand_in == id)
    before = {row.step: row for row in connection.execute(select(credits).where(here))}
    for step, row in before.items():
        if raised.get(step) != row.state:
            connection.execute(delete(credits).where(credits.c.key == row.key))
    fresh = [step for step, state in raised.items() if step not in before or before[step].state != state]
    for step in fresh:
        values = {"course": who.course, "account": who.account, "assignment": name, "hand_in": id, "step": step}
        connection.execute(insert(credits).values(**values, state=raised[step], time=now()))


def _said_before(connection: Connection, who: Learner, name: str, hand_in: int, step: str, words: bytes) -> bool:
    """Whether this is the comment on an earlier hand-in, which nbgrader's gradebook carries over to the newer one unseen."""
    earlier = (comments.c.course == who.course, comments.c.account == who.account, comments.c.assignment == name, comments.c.step == step)
    this = select(hand_ins.c.time).where(hand_ins.c.key == hand_in).scalar_subquery()  # times are in order; keys need not be, since rows move
    before = select(comments.c.content).join(hand_ins, hand_ins.c.key == comments.c.hand_in).where(*earlier, hand_ins.c.time < this)
    last = before.order_by(hand_ins.c.time.desc()).limit(1)
    found = connection.execute(last).scalar()
    return found is not None and bytes(found) == words


def feedback_page(connection: Connection, who: Learner, name: str, id: str, notebook: str) -> bytes:
    """A feedback page.

    :raises Refused: when there is none
    """
    found = select(feedback.c.content).join(hand_ins, hand_ins.c.key == feedback.c.hand_in).where(_the(who, name, id), feedback.c.notebook == notebook)
    page = connection.execute(found).scalar()
    if page is None:
        raise Refused("not-here")
    return bytes(page)


def replies(connection: Connection, course: str) -> list[dict[str, Any]]:
    """What learners answered to comments, for the facilitators; above all who would like a call."""
    found = select(comments).where(comments.c.course == course, comments.c.reply.is_not(None)).order_by(comments.c.replied_at)
    return [{"user": r.account, "assignment": r.assignment, "step": r.step, "reply": r.reply, "time": r.replied_at} for r in connection.execute(found)]


def agreed(connection: Connection, course: str) -> list[dict[str, Any]]:
    """What each learner agreed to last: whom facilitators may quote, and whose words may go to research."""
    newest: dict[str, Any] = {}
    for row in connection.execute(select(consents).where(consents.c.course == course).order_by(consents.c.key)):
        newest[row.account] = {"user": row.account, "course": row.course_use, "quotes": row.quotes, "research": row.research, "time": row.time}
    return [newest[account] for account in sorted(newest)]


def nbgraders(time: str) -> str:
    """A time as nbgrader writes it into ``timestamp.txt``."""
    return time.replace("T", " ").replace("Z", " UTC")


def _notebook(connection: Connection, course: str, name: str) -> bytes:
    try:
        files = archives.unpacked(assignment(connection, course, name), 2**31, 10**6)
    except Refused:  # shared from the page, though nbgrader has nothing out
        files = {}
    return files.get(f"{NOTEBOOK}.ipynb") or json.dumps(_EMPTY).encode()


def _the(who: Learner, name: str, id: str) -> Any:
    return and_(hand_ins.c.course == who.course, hand_ins.c.account == who.account, hand_ins.c.assignment == name, hand_ins.c.id == id)
