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
    read = connection.execute(select(func.count()).select_from(hand_ins).where(*_of(hand_ins, who), hand_ins.c.read_at.is_not(None))).scalar_one()
    removed = {"feedback": connection.execute(delete(feedback).where(feedback.c.hand_in.in_(keys))).rowcount}
    for table in OF_A_LEARNER:
        removed[table.name] = connection.execute(delete(table).where(*_of(table, who))).rowcount
    if any(removed.values()):
        connection.execute(insert(erasures).values(course=who.course, time=now(), asked_by=asked_by, counts=json.dumps(removed)))
        count_removal(connection)
    left = []
    if read:
        left.append({"what": text("service.left_collected"), "ask": text("service.left_collected_ask"), "kind": "collected", "count": read})
    return {"removed": removed, "left": left}


def _of(table: Any, who: Learner) -> tuple[Any, Any]:
    return (table.c.course == who.course, table.c.account == who.account)
