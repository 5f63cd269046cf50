"""What the service holds of one learner, taken along piece by piece: the journals, or all of it as one copy.

No more of it is in memory at once than a piece and its largest row, however much there is. Between two pieces others are served.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, func, literal, select, tuple_

from . import journals, kept
from .journals import Learner
from .store import Store
from .tables import comments, consents, credits, hand_ins, kept_copies, wishes
from .wishes import BY_LEARNER

PIECE = 500_000  # bytes that are read from the store at once, or one row where that is larger
ROWS = 500
_NAMES = {hand_ins: ("id",), comments: ("assignment", "step", "time"), consents: ("key",), credits: ("assignment", "hand_in", "step"), wishes: ("assignment", "step", "kind", "since"), kept_copies: ("id",)}  # rows may move and get other keys meanwhile

_Row = TypeVar("_Row")


async def whole(data: bytes) -> AsyncIterator[bytes]:
    """Something that is there already, as pieces."""
    yield data


class Taking:
    """What is read of a learner.

    :param counted: is told how many bytes there are before they are read, and may refuse
    """

    def __init__(self, store: Store, who: Learner, counted: Callable[[int], None]) -> None:
        self._store, self._who, self._counted = store, who, counted

    async def around(self, before: bytes, pieces: AsyncIterator[bytes], after: bytes) -> AsyncIterator[bytes]:
        """Pieces with something round them."""
        yield before
        async for piece in pieces:
            yield piece
        yield after

    async def journals(self, module: str | None = None, places: Any = None) -> AsyncIterator[bytes]:
        """The journals by module id as JSON; or the one journal of a module, which is null where nobody wrote."""
        texts = None
        if places is None:
            places, texts = await self._store.read(_small, self._who, module)
            self._counted(sum(one.size for one in places))
        put_together = journals.PutTogether(places)
        if module is None:
            yield b"{"
        for some in in_pieces(places, lambda one: one.size):
            found = texts or await self._store.read(journals.texts, self._who, some)
            yield put_together.add(some, found, named=module is None)
        yield put_together.end() or (b"" if module is None else b"null")
        if module is None:
            yield b"}"

    async def everything(self) -> AsyncIterator[bytes]:
        """All of it as one JSON object. How much it is, is counted before anything leaves."""
        places = await self._store.read(journals.places, self._who)
        keys = {table: await self._store.read(_sizes, table, self._who) for table in _NAMES}
        self._counted(sum(one.size for one in places) + sum(size for rows in keys.values() for _, size in rows))
        yield json.dumps({"account": self._who.account, "course": self._who.course}, ensure_ascii=False).encode()[:-1] + b', "journals": '
        async for piece in self.journals(places=places):
            yield piece
        for name, table, of_row in _PARTS:
            yield f', "{name}": ['.encode()
            first = True
            for some in in_pieces(keys[table], lambda one: one[1]):
                rows = await self._store.read(_rows, table, self._who, [key for key, _ in some])
                if rows:
                    yield (b"" if first else b", ") + b", ".join(map(of_row, rows))
                    first = False
            yield b"]"
        yield b"}"


def in_pieces(rows: Iterable[_Row], size_of: Callable[[_Row], int]) -> Iterator[list[_Row]]:
    """Rows in lists that are read at once."""
    some: list[_Row] = []
    size = 0
    for row in rows:
        if some and (size + size_of(row) > PIECE or len(some) >= ROWS):
            yield some
            some, size = [], 0
        some.append(row)
        size += size_of(row)
    if some:
        yield some


def _small(connection: Connection, who: Learner, module: str | None) -> tuple[Sequence[Any], dict[tuple[str, str], bytes] | None]:
    """Where a learner wrote; and the answers themselves where they are no more than one piece, which is so for nearly everybody."""
    places = journals.places(connection, who, module)
    one_piece = len(places) <= ROWS and sum(one.size for one in places) <= PIECE
    return places, journals.texts(connection, who, places) if places and one_piece else None


def _sizes(connection: Connection, table: Any, who: Learner) -> list[tuple[tuple[Any, ...], int]]:
    """What names each of a learner's rows, with its size, the oldest first."""
    size = func.coalesce(func.length(table.c.content), 0) if "content" in table.c else literal(0)
    found = select(*_name(table), size).where(*_whose(table, who)).order_by(*_order(table))
    return [(tuple(row[:-1]), row[-1]) for row in connection.execute(found)]


def _rows(connection: Connection, table: Any, who: Learner, names: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
    return connection.execute(select(table).where(*_whose(table, who), tuple_(*_name(table)).in_(names)).order_by(*_order(table))).all()


def _name(table: Any) -> list[Any]:
    return [table.c[name] for name in _NAMES[table]]


def _whose(table: Any, who: Learner) -> tuple[Any, Any]:
    return (table.c.course == who.course, table.c.account == who.account)


def _order(table: Any) -> list[Any]:
    return [table.c.time, table.c.key] if "time" in table.c else [table.c.key]


def _shared(row: Any) -> bytes:
    one = _json(module=row.assignment, id=row.id, time=row.time, taken_back=None if row.expired_at else row.taken_back, expired=row.expired_at, read=row.read_at, collected=row.collected_at)
    if row.kind == "shared" and row.content is not None:
        return one[:-1] + b', "hand_in": ' + bytes(row.content) + b"}"
    return one[:-1] + f', "bytes": {row.size}}}'.encode() if row.kind == "files" else one


def _comment(row: Any) -> bytes:
    return _json(module=row.assignment, step=row.step, comment=bytes(row.content).decode(), time=row.time, reply=row.reply)


def _consent(row: Any) -> bytes:
    return _json(course=row.course_use, quotes=row.quotes, research=row.research, time=row.time)


def _credit(row: Any) -> bytes:
    return _json(module=row.assignment, step=row.step, state=row.state, time=row.time)


def _json(**values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def _wish(row: Any) -> bytes:
    return _json(module=row.assignment, step=row.step, wish=row.kind, time=row.since, closed=row.closed_at, withdrawn=row.closed_by in BY_LEARNER)


_PARTS = (
    ("shared", hand_ins, _shared),
    ("comments", comments, _comment),
    ("consents", consents, _consent),
    ("credits", credits, _credit),
    ("wishes", wishes, _wish),
    ("kept_copies", kept_copies, kept.told),
)
