"""The journal in the store: answers saved step by step, settled here and not in the browser."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, insert, select, update

from .. import COURSE_ID
from ..reflections import NEXT_STEP, SCHEMA_VERSION, Answer, Revision, read_answer, settle
from .refusals import Refused
from .service_settings import Quotas
from .store import lock_learner, now
from .tables import answers


@dataclass(frozen=True)
class Learner:
    """Whose data it is: an account in a course, as the Hub named it."""

    course: str
    account: str


def save(connection: Connection, who: Learner, answer: Answer, seen: Revision | None, quotas: Quotas) -> bytes:
    """Write an answer over what is there, and return what is kept now, as JSON. Words that it overtakes are kept in it.

    :param seen: the revision that the writer had last seen
    :raises Refused: when it or the whole journal is larger than the quotas allow
    """
    lock_learner(connection, who.course, who.account)
    here = and_(_of(who), answers.c.module == answer.module, answers.c.step == answer.step)
    kept = connection.execute(select(answers.c.data).where(here).with_for_update()).scalar()
    before = read_answer(json.loads(kept)) if kept else None
    after = settle(before, answer, seen)
    if after == before:
        return bytes(kept)
    data = after.model_dump_json().encode()
    others = connection.execute(select(func.coalesce(func.sum(answers.c.size), 0)).where(_of(who))).scalar_one() - (len(kept) if kept else 0)
    if len(data) > quotas.answer or others + len(data) > quotas.journal:
        raise Refused("too-large")
    values = {"data": data, "size": len(data), "module_version": after.module_version, "saved_at": now()}
    if kept:
        connection.execute(update(answers).where(here).values(values))
    else:
        connection.execute(insert(answers).values(course=who.course, account=who.account, module=answer.module, step=answer.step, **values))
    return data


def journals(connection: Connection, who: Learner, module: str | None = None) -> dict[str, bytes]:
    """A learner's journals by module id, as JSON; or the one journal of a module."""
    found = select(answers).where(_of(who)).order_by(answers.c.module, answers.c.step)
    rows: dict[str, list] = {}
    for row in connection.execute(found if module is None else found.where(answers.c.module == module)):
        rows.setdefault(row.module, []).append(row)
    return {name: _journal(name, of_module) for name, of_module in rows.items()}


def _journal(module: str, rows: list) -> bytes:
    """The journal put together from its answers' own bytes: what is kept has been read and checked before."""
    steps = b",".join(bytes(row.data) for row in rows if row.step != NEXT_STEP)
    next_step = next((bytes(row.data) for row in rows if row.step == NEXT_STEP), b"null")
    head = {"schema_version": SCHEMA_VERSION, "course": COURSE_ID, "module": module, "module_version": max(row.module_version for row in rows)}
    return json.dumps(head).encode()[:-1] + b', "answers": [' + steps + b'], "next_step": ' + next_step + b"}"


def _of(who: Learner):
    return and_(answers.c.course == who.course, answers.c.account == who.account)
