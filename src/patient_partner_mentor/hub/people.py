"""Whose words stand under an account: the person's whom the Hub meant when they came first, and nobody else's of that name.

The Hub gives each row of its users a mark (``persons.py``). The store keeps the first one it saw for each account. When an
account comes with another mark, it was deleted at the Hub and given to somebody new: as long as anything of the first
person's is here, the new one is told so, and nothing is read or written. When nothing is left, the name is free.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from .refusals import Refused
from .store import Store, lock_learner, now
from .tables import OF_A_LEARNER, people

PERSONS = "PPM_PERSONS"  # 'yes' where the Hub has the page for marks, so that its absence is no permission
REMEMBERED = 10_000  # sign-ins, and accounts


class People:
    """The persons whom the service has met.

    :param ask: gives an account's mark at the Hub, or nothing where the Hub has no page for it
    """

    def __init__(self, store: Store, ask: Callable[[str], Awaitable[str | None]]) -> None:
        self._store, self._ask = store, ask
        self._needed = os.environ.get(PERSONS) == "yes"
        self._marks: dict[str, str | None] = {}  # by a digest of the token: asked once for each sign-in
        self._bound: dict[str, str] = {}

    async def check(self, token: str, account: str) -> None:
        """Let the person in whom the account belongs to.

        :raises Refused: when it belongs to somebody else, or the Hub cannot be asked
        """
        key = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        if key not in self._marks:
            mark = await self._ask(account)
            if mark is None and self._needed:
                raise Refused("away")
            _remember(self._marks, key, mark)
        mark = self._marks[key]
        if mark is None or self._bound.get(account) == mark:
            return
        standing = await self._store.read(_standing, account, mark)
        if standing == "free":
            standing = await self._store.write(bind, account, mark)
        if standing != "theirs":
            raise Refused("another-person")
        _remember(self._bound, account, mark)


def _remember(kept: dict[str, Any], key: str, value: str | None) -> None:
    while len(kept) >= REMEMBERED:
        del kept[next(iter(kept))]  # the oldest; it is asked for again
    kept[key] = value


def _standing(connection: Connection, account: str, mark: str) -> str:
    """Whether the account is this person's (``theirs``), nobody's (``free``) or ``another``'s."""
    kept = connection.execute(select(people.c.mark).where(people.c.account == account)).scalar()
    if kept == mark:
        return "theirs"
    return "another" if kept is not None and _anything(connection, account) else "free"


def _anything(connection: Connection, account: str) -> bool:
    """Whether anything of an account's is here, in any course."""
    return any(connection.execute(select(table.c.account).where(table.c.account == account).limit(1)).first() for table in OF_A_LEARNER)


def bind(connection: Connection, account: str, mark: str) -> str:
    """Give a free account to a person, and say how it stands then."""
    lock_learner(connection, "", account)
    standing = _standing(connection, account, mark)
    if standing != "free":
        return standing
    connection.execute(delete(people).where(people.c.account == account))
    connection.execute(insert(people).values(account=account, mark=mark, since=now()))
    return "theirs"


def same(connection: Connection, accounts: list[str]) -> tuple[int, dict[str, list[str]]]:
    """Have whoever comes next under these names count as the person whom they belong to; all names when there are none.

    :returns: how many names that was, and for each that is not known here the known ones near it
    """
    known = set(connection.execute(select(people.c.account)).scalars())
    unknown = {one: difflib.get_close_matches(one, sorted(known), 3) for one in accounts if one not in known}
    chosen = set(accounts) or known
    if not unknown:
        for account in chosen:
            connection.execute(delete(people).where(people.c.account == account))
    return (0 if unknown else len(chosen)), unknown
