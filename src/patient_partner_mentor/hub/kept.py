"""Kept copies: what goes at a cohort's end moves here first, some rows at a time, and can be brought back for some days.

Each row is moved in one transaction, so that it stands in one of the two places whenever a process is killed. A learner's
own erasure reaches the copies like everything else (``OF_A_LEARNER``).
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from sqlalchemy import Connection, Table, and_, case, delete, func, insert, select, update

from ..reflections import merge, read_answer
from .marks import count_removal
from .store import lock_learner
from .tables import answers, comments, consents, credits, feedback, hand_ins, kept_copies, wishes

WORDS, RECORD = "words", "record"
BITE = 50
_STEPS = {WORDS: ("feedback", "comments", "words"), RECORD: ("feedback", "comments", "hand_ins", "answers", "consents", "wishes", "credits")}
_TABLES: dict[str, Table] = {"feedback": feedback, "comments": comments, "words": hand_ins, "hand_ins": hand_ins, "answers": answers, "consents": consents, "wishes": wishes, "credits": credits}
_BACK = ("hand_ins", "words", "comments", "feedback", "answers", "consents", "wishes", "credits")  # what others refer to comes back first
_BYTES = ("data", "content")


def keep_some(connection: Connection, course: str, kind: str, expiry: int, time: str) -> int:
    """Move the next few rows of what goes into kept copies; nothing when nothing is left."""
    lock_learner(connection, course, " keeping")
    for origin in _STEPS[kind]:
        rows = _rows(connection, origin, course)
        for row in rows:
            _put(connection, origin, row, expiry, time)
        if rows:
            count_removal(connection)
            return len(rows)
    return 0


def count(connection: Connection, course: str, kind: str) -> dict[str, int]:
    """How much would go now."""
    found = {origin: connection.execute(select(func.count()).select_from(_of(origin, course).subquery())).scalar_one() for origin in _STEPS[kind]}
    return {origin: number for origin, number in found.items() if number}


def drop_some(connection: Connection, expiry: int) -> int:
    """Drop the next few copies for good; nothing when there are none."""
    keys = connection.execute(select(kept_copies.c.key).where(kept_copies.c.expiry == expiry).limit(BITE)).scalars().all()
    if keys:
        connection.execute(delete(kept_copies).where(kept_copies.c.key.in_(keys)))
        count_removal(connection)
    return len(keys)


def restore_some(connection: Connection, course: str, expiry: int) -> int:
    """Bring the next few copies back to where they came from; nothing when there are none.

    What was written since then stays: an answer keeps the older words beside the newer ones.
    """
    lock_learner(connection, course, " keeping")
    order = case({name: number for number, name in enumerate(_BACK)}, value=kept_copies.c.origin)
    rows = connection.execute(select(kept_copies).where(kept_copies.c.expiry == expiry).order_by(order, kept_copies.c.key).limit(BITE)).all()
    for row in rows:
        _restore(connection, row.origin, json.loads(row.row), row.content)
    connection.execute(delete(kept_copies).where(kept_copies.c.key.in_([row.key for row in rows])))
    return len(rows)


def told(row: Any) -> bytes:
    """A kept copy, for the copy that its learner takes along."""
    fields = json.loads(row.row)
    held = {"bytes": fields["size"]} if fields.get("kind") == "files" else {"content": _plain(row.content)}
    return json.dumps({"what": row.origin, **fields, **held}, ensure_ascii=False).encode()


def _of(origin: str, course: str) -> Any:
    table = _TABLES[origin]
    if origin == "feedback":
        found = select(feedback, hand_ins.c.id.label("hand_in_id"), hand_ins.c.course, hand_ins.c.account)
    elif origin == "comments":
        found = select(comments, hand_ins.c.id.label("hand_in_id"))
    else:
        return select(table).where(table.c.course == course, *([hand_ins.c.content.is_not(None)] if origin == "words" else []))
    return found.join(hand_ins, hand_ins.c.key == table.c.hand_in).where(hand_ins.c.course == course)


def _rows(connection: Connection, origin: str, course: str, hand_in: int | None = None) -> list[Any]:
    """The next few rows, held until the transaction ends, so that no erasure comes in between."""
    table = _TABLES[origin]
    found = _of(origin, course) if hand_in is None else _of(origin, course).where(table.c.hand_in == hand_in)
    return list(connection.execute(found.order_by(*table.primary_key).limit(BITE if hand_in is None else None).with_for_update(of=table)))


def _put(connection: Connection, origin: str, row: Any, expiry: int, time: str) -> None:
    table, values = _TABLES[origin], dict(row._mapping)
    here = and_(*(column == values[column.name] for column in table.primary_key))
    content = next((values.pop(name) for name in _BYTES if name in values), None)
    if origin == "hand_ins":  # what hangs on it would go with it
        for child in ("feedback", "comments"):
            for one in _rows(connection, child, row.course, row.key):
                _put(connection, child, one, expiry, time)
    if origin == "words":
        connection.execute(update(hand_ins).where(here).values(content=None, taken_back=time, expired_at=time))
        values |= {"dropped": time}
    else:
        connection.execute(delete(table).where(here))
    kept = {"expiry": expiry, "course": row.course, "account": row.account, "id": secrets.token_hex(8), "origin": origin}
    connection.execute(insert(kept_copies).values(**kept, row=json.dumps(values), content=content))


def _restore(connection: Connection, origin: str, row: dict[str, Any], content: bytes | None) -> None:
    lock_learner(connection, row["course"], row["account"])
    if origin == "answers":
        _restore_answer(connection, row, bytes(content or b""))
    elif origin == "consents":
        lowest = connection.execute(select(func.min(consents.c.key))).scalar() or 1
        taken = connection.execute(select(consents.c.key).where(consents.c.key == row["key"])).scalar()
        connection.execute(insert(consents).values(**row | {"key": lowest - 1 if taken is not None else row["key"]}))  # never the newest
    elif origin == "wishes":
        connection.execute(insert(wishes).values(**_without(row, "key") | {"comment": None}))  # comments that come back have other keys
    elif origin == "credits":
        here = and_(*(credits.c[name] == row[name] for name in ("course", "account", "assignment", "hand_in", "step")))
        if connection.execute(select(credits.c.key).where(here)).scalar() is None:  # a newer word of a human's stays
            connection.execute(insert(credits).values(**_without(row, "key")))
    elif origin == "words":
        mine = and_(_hand_in(row, row["id"]), hand_ins.c.content.is_(None), hand_ins.c.taken_back == row["dropped"])
        connection.execute(update(hand_ins).where(mine).values(content=content, taken_back=row["taken_back"], expired_at=None))
    elif origin == "hand_ins":
        if connection.execute(select(hand_ins.c.key).where(_hand_in(row, row["id"]))).scalar() is None:
            connection.execute(insert(hand_ins).values(**_without(row, "key"), content=content))
    else:
        _restore_said(connection, _TABLES[origin], row, content)


def _restore_answer(connection: Connection, row: dict[str, Any], content: bytes) -> None:
    here = and_(*(answers.c[name] == row[name] for name in ("course", "account", "module", "step")))
    live = connection.execute(select(answers.c.data).where(here).with_for_update()).scalar()
    if live is None:
        connection.execute(insert(answers).values(**row, data=content))
        return
    both = merge(read_answer(json.loads(content)), read_answer(json.loads(bytes(live)))).model_dump_json().encode()
    connection.execute(update(answers).where(here).values(data=both, size=len(both)))


def _restore_said(connection: Connection, table: Table, row: dict[str, Any], content: bytes | None) -> None:
    """A comment or a feedback page, unless its hand-in has gone or a newer one is there. A page of what was taken back since holds those words."""
    stands = [] if table is comments else [hand_ins.c.taken_back.is_(None)]
    key = connection.execute(select(hand_ins.c.key).where(_hand_in(row, row["hand_in_id"]), *stands)).scalar()
    name = "step" if table is comments else "notebook"
    there = connection.execute(select(table.c.hand_in).where(table.c.hand_in == key, table.c[name] == row[name])).scalar()
    if key is not None and there is None:
        values = {column.name: row[column.name] for column in table.columns if column.name in row and column.name not in ("key", "hand_in")}
        connection.execute(insert(table).values(**values, hand_in=key, content=content))


def _hand_in(row: dict[str, Any], id: str) -> Any:
    return and_(hand_ins.c.course == row["course"], hand_ins.c.account == row["account"], hand_ins.c.id == id)


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _plain(content: bytes | None) -> Any:
    if content is None:
        return None
    try:
        return json.loads(bytes(content))
    except ValueError:
        return bytes(content).decode("utf-8", "replace")
