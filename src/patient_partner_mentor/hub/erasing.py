"""What belongs to one learner, all of it: its erasure."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from ..interface import text
from .journals import Learner
from .marks import count_removal
from .store import lock_learner, now
from .tables import OF_A_LEARNER, erasures, feedback, hand_ins


def erase(connection: Connection, who: Learner, asked_by: str) -> dict[str, Any]:
    """Remove all of a learner's data from the store, keep how much it was, and say what is left with facilitators."""
    lock_learner(connection, who.course, who.account)
    keys = select(hand_ins.c.key).where(*_of(hand_ins, who))
    copies = connection.execute(select(func.count(hand_ins.c.collected_at)).where(*_of(hand_ins, who))).scalar_one()
    removed = {"feedback": connection.execute(delete(feedback).where(feedback.c.hand_in.in_(keys))).rowcount}
    for table in OF_A_LEARNER:
        removed[table.name] = connection.execute(delete(table).where(*_of(table, who))).rowcount
    if any(removed.values()):
        connection.execute(insert(erasures).values(course=who.course, time=now(), asked_by=asked_by, counts=json.dumps(removed)))
        count_removal(connection)
    return {"removed": removed, "left": collected(copies)}


def collected(count: int, then: str = "service.left_collected_ask") -> list[dict[str, Any]]:
    """What is said of copies in the facilitators' folder, which the service cannot reach.

    :param then: the text that says what becomes of them
    """
    said = {"what": text("service.left_collected"), "ask": text(then), "kind": "collected", "count": count}
    return [said] if count else []


def _of(table: Any, who: Learner) -> tuple[Any, Any]:
    return (table.c.course == who.course, table.c.account == who.account)
