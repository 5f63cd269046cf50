"""Sharing: consents, hand-ins from the page, taking back, comments and what a learner is told of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from ..curriculum import Course
from ..handins import HandIn, parse_hand_in
from . import erasing, wishes
from .comment_data import RAISED
from .journals import Learner
from .marks import count_removal
from .refusals import Refused
from .service_settings import Quotas
from .store import lock_learner, now
from .tables import comments, consents, credits, feedback, hand_ins

Reply = Literal["yes-please", "no-thanks", "please-call-me"]


def consent(connection: Connection, who: Learner) -> dict[str, Any] | None:
    """What the learner agreed to last, or nothing if the page was never seen."""
    row = connection.execute(select(consents).where(_of(consents, who)).order_by(consents.c.key.desc()).limit(1)).first()
    return row and {"course": row.course_use, "quotes": row.quotes, "research": row.research, "seen": row.seen, "time": row.time}


def set_consent(connection: Connection, who: Learner, course: bool, quotes: bool, research: bool, seen: str, quotas: Quotas = Quotas()) -> dict[str, Any] | None:
    """Add what the learner agrees to from now on; what was agreed before stays on record with its time.

    :raises Refused: when that was changed too often today; what was agreed before holds
    """
    lock_learner(connection, who.course, who.account)
    before = consent(connection, who)
    if not before or [before[k] for k in ("course", "quotes", "research", "seen")] != [course, quotes, research, seen]:
        today = select(func.count()).select_from(consents).where(_of(consents, who), consents.c.time >= now()[:10])
        if connection.execute(today).scalar_one() >= quotas.consents_a_day:
            raise Refused("consents")
        connection.execute(
            insert(consents).values(course=who.course, account=who.account, course_use=course, quotes=quotes, research=research, seen=seen, time=now())
        )
    return consent(connection, who)


def share(connection: Connection, who: Learner, assignment: str, given: HandIn, quotas: Quotas) -> dict[str, Any]:
    """Take a hand-in and give its receipt; the same one again gets the same receipt.

    :raises Refused: when the consent page was not seen, the id is used up, or there were too many today
    """
    lock_learner(connection, who.course, who.account)
    content = json.dumps(given.model_dump(mode="json", exclude_none=True), ensure_ascii=False).encode()
    before = connection.execute(select(hand_ins).where(_of(hand_ins, who), hand_ins.c.id == given.id)).first()
    if before and before.taken_back:
        raise Refused("taken-back")
    if before and (before.kind != "shared" or parse_hand_in(before.content) != given):
        raise Refused("other-words")
    if before:
        return receipt(before.time, given)
    if not consent(connection, who):
        raise Refused("consent")
    time = take(connection, who, assignment, given.id, "shared", content, _outline(given), quotas)
    other_ways = [one.step for one in given.answers if one.status == "other-way"]
    wishes.shared(connection, who, assignment, given.reply_wanted, other_ways, time)
    return receipt(time, given)


def take(connection: Connection, who: Learner, assignment: str, id: str, kind: str, content: bytes, outline: dict[str, Any], quotas: Quotas) -> str:
    """Keep a hand-in beside the earlier ones, and return the time; no two of a learner's have the same.

    :raises Refused: when there were too many today, or more words are shared than the course keeps of one learner
    """
    held = select(func.coalesce(func.sum(hand_ins.c.size), 0)).where(_of(hand_ins, who), hand_ins.c.content.is_not(None))
    if connection.execute(held).scalar_one() + len(content) > quotas.shared:
        raise Refused("too-much")
    mine = and_(_of(hand_ins, who), hand_ins.c.assignment == assignment)
    time = now()
    today = connection.execute(select(func.count()).select_from(hand_ins).where(mine, hand_ins.c.time >= time[:10])).scalar_one()
    if today >= quotas.hand_ins_a_day:
        raise Refused("too-many")
    last = connection.execute(select(func.max(hand_ins.c.time)).where(mine)).scalar()
    if last and time <= last:  # nbgrader tells hand-ins apart by their times
        time = _after(last)
    values = {"course": who.course, "account": who.account, "id": id, "kind": kind, "assignment": assignment, "time": time}
    connection.execute(insert(hand_ins).values(content=content, size=len(content), outline=json.dumps(outline), **values))
    return time


def take_back(connection: Connection, who: Learner, assignment: str) -> dict[str, Any]:
    """Drop the words of everything that the learner shared of a module, and the pages of comments, which hold them too.

    That they were shared and taken back stays, and what people counted; and so do the comments: they were given to the learner.

    :raises Refused: when nothing is shared
    """
    lock_learner(connection, who.course, who.account)
    mine = and_(_of(hand_ins, who), hand_ins.c.assignment == assignment, hand_ins.c.taken_back.is_(None))
    rows = connection.execute(select(hand_ins.c.key, hand_ins.c.read_at, hand_ins.c.collected_at).where(mine)).all()
    if not rows:
        raise Refused("not-here")
    connection.execute(delete(feedback).where(feedback.c.hand_in.in_([row.key for row in rows])))
    connection.execute(update(hand_ins).where(mine).values(content=None, taken_back=now()))
    count_removal(connection)
    wishes.taken_back(connection, who, assignment)
    left = erasing.collected(sum(row.collected_at is not None for row in rows), "service.left_collected_soon")
    return {"taken_back": True, "read": any(row.read_at for row in rows), "left": left}


def newest(connection: Connection, who: Learner, assignment: str) -> dict[str, Any] | None:
    """What the learner shares of a module at this time, word for word; nothing if it is nothing, or was taken back."""
    mine = and_(_of(hand_ins, who), hand_ins.c.assignment == assignment)
    row = connection.execute(select(hand_ins).where(mine).order_by(hand_ins.c.time.desc(), hand_ins.c.key.desc()).limit(1)).first()
    if row is None or row.taken_back:
        return None
    words = json.loads(bytes(row.content)) if row.kind == "shared" and row.content is not None else None
    return {"id": row.id, "time": row.time, "kind": row.kind, "read": row.read_at is not None, "hand_in": words}


def states(connection: Connection, who: Learner, course: Course) -> dict[str, Any]:
    """Each module as the learner's pages show it: what is shared, how many comments there are, which steps a human counts, and what the learner asked for."""
    newest: dict[str, Any] = {}
    fields = [hand_ins.c[name] for name in ("assignment", "id", "kind", "time", "outline", "taken_back", "expired_at", "read_at")]
    for row in connection.execute(select(*fields).where(_of(hand_ins, who)).order_by(hand_ins.c.time)):
        newest[row.assignment] = row
    counted = select(comments.c.assignment, func.count().label("all"), func.count(comments.c.read_at).label("read"))
    numbers = {row.assignment: row for row in connection.execute(counted.where(_of(comments, who)).group_by(comments.c.assignment))}
    counted_by_people, wished = _credited(connection, who), wishes.of_learner(connection, who)
    found = {module: _state(newest.get(module.name), numbers.get(module.name), counted_by_people.get(module.name, {})) for module in course.modules}
    return {module.id: state | {"wishes": wished.get(module.name, [])} for module, state in found.items()}


def _credited(connection: Connection, who: Learner) -> dict[str, dict[str, dict[str, str]]]:
    """The steps that a human counts, by assignment; of several hand-ins the one for which a step counts most, and then the first."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    rows = connection.execute(select(credits).where(_of(credits, who)).order_by(credits.c.time, credits.c.key)).all()
    for row in sorted(rows, key=lambda row: RAISED.index(row.state), reverse=True):
        found.setdefault(row.assignment, {}).setdefault(row.step, {"state": row.state, "time": row.time})
    return found


def module_comments(connection: Connection, who: Learner, assignment: str) -> list[dict[str, Any]]:
    """The comments on a module, the oldest first."""
    rows = connection.execute(select(comments).where(_of(comments, who), comments.c.assignment == assignment).order_by(comments.c.time, comments.c.key))
    return [
        {"step": row.step, "comment": bytes(row.content).decode(), "time": row.time, "new": row.read_at is None, "reply": row.reply} for row in rows
    ]


def answer_comment(connection: Connection, who: Learner, assignment: str, step: str, reply: Reply | None) -> list[dict[str, Any]]:
    """Mark the comments on a step as read, and answer the newest, if there is an answer.

    :raises Refused: when there is none
    """
    lock_learner(connection, who.course, who.account)
    here = and_(_of(comments, who), comments.c.assignment == assignment, comments.c.step == step)
    newest = connection.execute(select(comments.c.key).where(here).order_by(comments.c.time.desc(), comments.c.key.desc()).limit(1)).scalar()
    if newest is None:
        raise Refused("not-here")
    time = now()
    connection.execute(update(comments).where(here, comments.c.read_at.is_(None)).values(read_at=time))
    if reply:
        connection.execute(update(comments).where(comments.c.key == newest).values(reply=reply, replied_at=time))
        wishes.tapped(connection, who, assignment, step, newest, reply, time)
    return module_comments(connection, who, assignment)


def receipt(time: str, given: HandIn) -> dict[str, Any]:
    """What the learner is told of a hand-in that was taken."""
    shared = [one.step for one in given.answers if one.share]
    kept = [one.step for one in given.answers if one.status == "written" and not one.share]
    return {"id": given.id, "time": time, "module": given.module, "shared": shared, "kept": kept, "reply_wanted": given.reply_wanted}


def _outline(given: HandIn) -> dict[str, Any]:
    steps = [{"step": one.step, "status": one.status, "share": one.share} for one in given.answers]
    return {"answers": steps, "reply_wanted": given.reply_wanted}


def _state(newest: Any, numbers: Any, credited: dict[str, Any]) -> dict[str, Any]:
    shared = None
    if newest and not newest.taken_back:
        shared = {"id": newest.id, "time": newest.time, "kind": newest.kind, "read": newest.read_at is not None}
        shared |= {"answers": [], "reply_wanted": None, **json.loads(newest.outline)}
    said, read = (numbers.all, numbers.read) if numbers else (0, 0)
    back = newest.taken_back if newest and not newest.expired_at else None
    return {"shared": shared, "taken_back": back, "comments": said, "new": said - read, "credited": credited}


def _after(time: str) -> str:
    """The next microsecond."""
    return (datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ") + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _of(table: Any, who: Learner) -> Any:
    return and_(table.c.course == who.course, table.c.account == who.account)
