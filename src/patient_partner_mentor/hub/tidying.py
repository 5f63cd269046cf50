"""When removed words leave the files of the store: at once where that is quick, otherwise at night, and what is said of it.

One round is for all removals that wait for it, and a round is followed by ten times its own length of rest, so that
nobody who erases in a loop slows the others down.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

from ..cards import day
from ..errors import CourseError
from ..interface import text
from . import emptying
from .clock import moment
from .marks import EMPTIED, in_files, mark, removals, set_mark
from .service_settings import ServiceSettings
from .store import Store, lock_learner, now
from .tables import WITH_WORDS

log = logging.getLogger("ppm.service")
WAIT_SECONDS = 5.0  # how long an answer waits for the files
REST = 10
SMALL = 16_000_000  # bytes of tables that PostgreSQL writes anew in a blink
NIGHT_HOURS = 3
WORTH, WORTH_BYTES = 0.25, 16_000_000  # this share of a file, and no less than that, is unused before it is given back
_TIDIED = "tidied"
_GIVEN_BACK = 1_000_000  # bytes in one transaction
_LONGEST_REST = 3600.0


class Tidying:
    """The files of one store.

    :param wait: seconds that an answer waits for the files
    :param small: bytes of PostgreSQL's tables, up to which they are written anew at once
    :param worth: bytes that are unused, at least, before SQLite's file gives them back
    """

    def __init__(self, store: Store, settings: ServiceSettings, wait: float = WAIT_SECONDS, worth: int = WORTH_BYTES, small: int = SMALL) -> None:
        self._store, self._settings, self._wait, self._worth, self._small = store, settings, wait, worth, small
        self._waiting: list[asyncio.Future[bool]] = []
        self._task: asyncio.Task[None] | None = None
        self._rested = 0.0

    async def told(self, report: dict[str, Any]) -> dict[str, Any]:
        """A report of a removal, with ``scrubbed``: whether the words are out of the files, and what is ``left`` if not."""
        done = not await self._store.read(in_files) or await self.emptied()
        left = [*report.get("left", ()), *([] if done else [await self._files()]), self._backups()]
        return report | {"scrubbed": done, "left": left}

    async def emptied(self) -> bool:
        """Have removed words taken out of the files, and say whether it is done. If not, it goes on by itself or at night."""
        if not self._store.sqlite and not await self._quick():
            return False
        asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(asked)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._rounds())
        try:
            return await asyncio.wait_for(asked, self._wait)
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Leave what is not done to the next start or night."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def night(self, moment: datetime) -> bool:
        """Once a night, take out of the files what is still there and give unused room back; say whether this was the time."""
        if not 0 <= (moment.hour - self._settings.quiet_hour) % 24 < NIGHT_HOURS or not await self._store.write(_claim, moment.date().isoformat()):
            return False
        if await self._store.read(in_files) and not await self._round():
            log.warning("Removed words are still in files of the store. The next night tries again.")
        if self._store.sqlite:
            await self._give_back()
        return True

    async def _rounds(self) -> None:
        while self._waiting:
            await asyncio.sleep(max(0.0, self._rested - time.monotonic()))
            asked, self._waiting = self._waiting, []
            done = await self._round()
            for one in asked:
                if not one.done():
                    one.set_result(done)

    async def _round(self) -> bool:
        begun = time.monotonic()
        try:
            return await (self._sqlite_round() if self._store.sqlite else self._postgres_round())
        except CourseError:  # no room, or the store is away; it stays noted
            return False
        finally:
            over = time.monotonic()
            self._rested = over + min(_LONGEST_REST, REST * (over - begun))

    async def _sqlite_round(self) -> bool:
        known = await self._store.write(removals)  # by the writer, behind every removal that it counts
        for table in WITH_WORDS:
            await emptying.rewrite(self._store, table)
        await _until(self._store.empty_log)
        await self._store.write(set_mark, EMPTIED, str(known))
        return True

    async def _postgres_round(self) -> bool:
        if self._settings.vacuum != "full":
            return False
        known = await self._store.write(removals)
        done = await asyncio.to_thread(emptying.vacuum_full, self._store.engine, WITH_WORDS)
        if not done or not await asyncio.to_thread(emptying.empty_postgres_log, self._store.engine):
            return False
        await self._store.write(set_mark, EMPTIED, str(known))
        return True

    async def _quick(self) -> bool:
        """Whether PostgreSQL can do it now: allowed, possible, and small enough that nobody notices."""
        if self._settings.vacuum != "full":
            return False
        return await self._store.read(lambda c: emptying.size_of(c, WITH_WORDS) <= self._small and emptying.log_can_be_emptied(c))

    async def _give_back(self) -> None:
        unused, whole = await self._store.read(lambda c: emptying.free(c.connection.driver_connection))
        if unused < max(self._worth, WORTH * whole):
            return
        before = unused + 1
        while 0 < unused < before:
            before, unused = unused, await self._store.alone(emptying.give_back, self._store.engine, _GIVEN_BACK)
        await self._store.empty_log()

    async def _files(self) -> dict[str, Any]:
        by = await self.by()
        ask = text("service.left_files_day", day=day(by)) if by else text("service.left_files_ask")
        return {"what": text("service.left_files"), "ask": ask, "kind": "files", "day": by and by.isoformat()}

    def _backups(self) -> dict[str, Any]:
        days = self._settings.erased_within_days
        by = days and _today() + timedelta(days)
        ask = text("service.left_backups_day", day=day(by)) if by else text("service.left_backups_ask")
        return {"what": text("service.left_backups"), "ask": ask, "kind": "backups", "day": by and by.isoformat()}

    async def by(self) -> date | None:
        """The day by which removed words are out of the files; nothing where that is with the operator, who has set no day.

        Where a night of ours does it, that is the day after the next night.
        """
        ours = self._store.sqlite or (self._settings.vacuum == "full" and await self._store.read(emptying.log_can_be_emptied))
        if ours:
            return _today() + timedelta(2)
        days = self._settings.erased_within_days
        return _today() + timedelta(days) if days else None


async def _until(work: Callable[[], Awaitable[bool]]) -> None:
    """Try until it is done, less and less often."""
    pause = 0.02
    while not await work():
        await asyncio.sleep(pause)
        pause = min(1.0, 2 * pause)


def _claim(connection: Any, today: str) -> bool:
    """Whether this night is ours: of several replicas, and of several tries, one has it."""
    lock_learner(connection, "", _TIDIED)
    if mark(connection, _TIDIED) == today:
        return False
    set_mark(connection, _TIDIED, today)
    return True


def _today() -> date:
    return moment(now()).date()
