"""The store of the course service: SQLite by default, PostgreSQL by its URL and then for several replicas.

Work is a function of a connection, run in a thread inside one transaction; it is acknowledged when it is on disk. SQLite
has one writer: saves that wait while the disk is busy go into its next transaction together, each behind a savepoint.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, text as sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from .refusals import of_the_store

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 5
_READER_SECONDS = 0.05  # how long the writer waits for a short reader, when it empties the log
TOGETHER = 100  # saves in one transaction, at most
_LOCK = 7_310_052  # PostgreSQL's advisory locks have numbers; any one will do, always the same

_Result = TypeVar("_Result")


def now() -> str:
    """The service's clock: UTC, with microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Store:
    """The open store. Its tables are brought up to date first.

    :param url: as SQLAlchemy reads it
    :param threads: how many readers at once, and how many writers on PostgreSQL
    """

    def __init__(self, url: str, threads: int = 4) -> None:
        self.engine = _engine(url, threads)
        self.sqlite = self.engine.dialect.name == "sqlite"
        migrate(self.engine)
        self._pool = ThreadPoolExecutor(threads, "store")
        self._writer = _Writer(self.engine) if self.sqlite else None

    async def read(self, work: Callable[..., _Result], *values: Any) -> _Result:
        """What ``work(connection, *values)`` finds.

        :raises Refused: when the database cannot be asked
        """
        return await self._run(self._pool.submit(self._read, work, values))

    async def write(self, work: Callable[..., _Result], *values: Any) -> _Result:
        """What ``work(connection, *values)`` returns, once its changes are on disk. It may be run twice.

        :raises Refused: when the database cannot take it; then nothing has changed
        """
        if self._writer:
            return await self._run(self._writer.put(work, values))
        return await self._run(self._pool.submit(self._write, work, values))

    async def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log, which has what was removed for a while; say whether nothing of it is left.

        Most of it goes into the database without the writer. What the writer does then is short, and a reader in the way
        is not waited for here, so that no save waits for it: ask again a little later.
        """
        try:
            await asyncio.wrap_future(self._pool.submit(_checkpoint, self.engine, "PASSIVE", BUSY_SECONDS))
            return await self.alone(_checkpoint, self.engine, "TRUNCATE", _READER_SECONDS)
        except sqlite3.Error:  # no room: it stays for now
            return False

    async def alone(self, work: Callable[..., _Result], *values: Any) -> _Result:
        """What ``work(*values)`` gives, while SQLite's writer writes nothing else. All saves wait meanwhile.

        :raises sqlite3.Error: as it comes from there
        """
        if self._writer is None:
            raise RuntimeError("only SQLite has one writer")
        return await asyncio.wrap_future(self._writer.put(work, values, alone=True))

    async def _run(self, future: Future[_Result]) -> _Result:
        try:
            return await asyncio.wrap_future(future)
        except DBAPIError as error:
            refusal = of_the_store(error)
        raise refusal  # out here, so that no context leads to the database's words

    def close(self) -> None:
        """Finish what was begun, and let go of the database."""
        if self._writer:
            self._writer.close()
        self._pool.shutdown()
        self.engine.dispose()

    def _read(self, work: Callable[..., _Result], values: tuple[Any, ...]) -> _Result:
        with self.engine.connect() as connection:
            return work(connection, *values)

    def _write(self, work: Callable[..., _Result], values: tuple[Any, ...]) -> _Result:
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            return work(connection, *values)


@dataclass(frozen=True)
class _Job:
    work: Callable[..., Any]
    values: tuple[Any, ...]
    alone: bool  # outside any transaction, and without a connection
    future: Future[Any] = field(default_factory=Future)


class _Writer:
    """SQLite's one writer: a thread that takes everything that waits into one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def put(self, work: Callable[..., Any], values: tuple[Any, ...], alone: bool = False) -> Future[Any]:
        """Have it done; the future is done when it is on disk."""
        job = _Job(work, values, alone)
        job.future.set_running_or_notify_cancel()  # from here on nobody can call it off half-way
        self._waiting.put(job)
        return job.future

    def close(self) -> None:
        """Do what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        closed = False
        while not closed:
            found = self._next()
            closed = None in found
            jobs = [job for job in found if job]
            for alone, group in groupby(jobs, lambda job: job.alone):
                for jobs_now in [[job] for job in group] if alone else [list(group)]:
                    self._do(jobs_now)

    def _next(self) -> list[_Job | None]:
        found = [self._waiting.get()]
        while len(found) < TOGETHER:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                break
        return found

    def _do(self, jobs: list[_Job]) -> None:
        """All of them in one transaction; if that cannot be, each in its own, so that one never takes others with it."""
        try:
            results = [jobs[0].work(*jobs[0].values)] if jobs[0].alone else self._together(jobs)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
            else:
                for job in jobs:
                    self._do([job])
            return
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)

    def _together(self, jobs: list[_Job]) -> list[Any]:
        results: list[Any] = []
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            if len(jobs) == 1:
                return [jobs[0].work(connection, *jobs[0].values)]
            for job in jobs:
                try:
                    with connection.begin_nested():
                        results.append(job.work(connection, *job.values))
                except DBAPIError:  # the transaction itself may be lost: begin again, one by one
                    raise
                except Exception as error:
                    results.append(error)
        return results


def lock_learner(connection: Connection, course: str, account: str) -> None:
    """One change at a time for each learner, whichever replica makes it. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sql("SELECT pg_advisory_xact_lock(hashtextextended(:whose, 0))"), {"whose": f"{course}/{account}"})


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; of several replicas that start at once, one does it and the others wait."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.lock", mode=0o600), engine.connect().execution_options(writes=True) as connection:
            _upgrade(config, connection)
    else:
        with engine.connect() as connection:
            connection.execute(sql("SELECT pg_advisory_lock(:number)"), {"number": _LOCK})
            connection.commit()
            try:
                _upgrade(config, connection)
            finally:
                connection.rollback()
                connection.execute(sql("SELECT pg_advisory_unlock(:number)"), {"number": _LOCK})
                connection.commit()


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, "head")


def _engine(url: str, threads: int) -> Engine:
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        return create_engine(where, hide_parameters=True, pool_pre_ping=True, pool_size=threads, max_overflow=2)
    path = Path(where.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # its logs take this mode from it
    engine = create_engine(
        where, hide_parameters=True, pool_size=threads + 1, max_overflow=2, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    event.listen(engine, "connect", _settings_of_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _settings_of_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, so that a writer waits before it has read
    # auto_vacuum comes first: it says how a new file is laid out, and changes nothing in one that is there
    for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _checkpoint(engine: Engine, how: str, seconds: float) -> bool:
    """Bring SQLite's write-ahead log into its database, and say whether nothing stood in the way.

    :param seconds: how long to wait for a reader
    """
    connection = engine.raw_connection()  # SQLAlchemy begins a transaction, and a checkpoint wants none
    try:
        connection.driver_connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
        return not connection.driver_connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()[0]
    finally:
        connection.driver_connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        connection.close()
