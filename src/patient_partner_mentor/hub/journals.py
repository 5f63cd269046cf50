"""The journal in the store: answers saved step by step, settled here and not in the browser."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, tuple_, update

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


def places(connection: Connection, who: Learner, module: str | None = None) -> Sequence[Any]:
    """Where a learner wrote, with the sizes: by module, and in each by step with "my next step" last; or in one module only."""
    fields = (answers.c.module, answers.c.step, answers.c.module_version, answers.c.size)
    found = select(*fields).where(_of(who)).order_by(answers.c.module, answers.c.step == NEXT_STEP, answers.c.step)
    return connection.execute(found if module is None else found.where(answers.c.module == module)).all()


def texts(connection: Connection, who: Learner, some: Iterable[Any]) -> dict[tuple[str, str], bytes]:
    """The answers of these places, as JSON."""
    those = tuple_(answers.c.module, answers.c.step).in_([(one.module, one.step) for one in some])
    found = select(answers.c.module, answers.c.step, answers.c.data).where(_of(who), those)
    return {(row.module, row.step): bytes(row.data) for row in connection.execute(found)}


class PutTogether:
    """Journals put together from their answers' own bytes, as they come: what is kept has been read and checked before.

    :param all_places: as ``places`` gives them
    """

    def __init__(self, all_places: Iterable[Any]) -> None:
        self._versions: dict[str, int] = {}
        for one in all_places:
            self._versions[one.module] = max(one.module_version, self._versions.get(one.module, 1))
        self._module, self._answers, self._next = "", 0, False

    def add(self, some: Iterable[Any], found: Mapping[tuple[str, str], bytes], named: bool) -> bytes:
        """The next places, with what was found there; what was erased meanwhile is left out.

        :param named: whether each journal stands behind its module's id
        """
        out = []
        for one in some:
            data = found.get((one.module, one.step))
            if data is None:
                continue
            if one.module != self._module:
                out.append(self._begin(one.module, named))
            if one.step == NEXT_STEP:
                out.append(b'], "next_step": ' + data)
                self._next = True
            else:
                out.append((b", " if self._answers else b"") + data)
                self._answers += 1
        return b"".join(out)

    def end(self) -> bytes:
        """The end of the journal that was begun; nothing where none was."""
        if not self._module:
            return b""
        return b"}" if self._next else b'], "next_step": null}'

    def _begin(self, module: str, named: bool) -> bytes:
        head = {"schema_version": SCHEMA_VERSION, "course": COURSE_ID, "module": module, "module_version": self._versions[module]}
        before = self.end() + (b", " if self._module else b"")
        self._module, self._answers, self._next = module, 0, False
        return before + (json.dumps(module).encode() + b": " if named else b"") + json.dumps(head).encode()[:-1] + b', "answers": ['


def _of(who: Learner) -> Any:
    return and_(answers.c.course == who.course, answers.c.account == who.account)
