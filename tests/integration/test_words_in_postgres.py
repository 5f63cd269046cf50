"""Removed words in the real data folder of a PostgreSQL, and what is said of them at each moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text as sql
from sqlalchemy.engine import make_url

from patient_partner_mentor.cards import day
from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.hub import erasing, sharing
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.tidying import SMALL, Tidying
from tests.find_postgres import running_postgres
from tests.integration.test_words_in_files import NIGHT, canary, found, in_thread, settings, write_all

STEPS = ("ALTER SYSTEM SET wal_recycle = off", "ALTER SYSTEM SET wal_keep_size = 0", "SELECT pg_reload_conf()")
RIGHTS = ("GRANT pg_checkpoint TO service", "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO service")


@pytest.fixture
def cluster() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL whose service is an account without other rights: the address for it, and the data folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)) as url:
            if not url:
                pytest.skip("there is no PostgreSQL here, and apt cannot install it")
            administer(url, "CREATE ROLE service LOGIN", "GRANT ALL ON SCHEMA public TO service", "GRANT CREATE ON DATABASE ppm TO service")
            yield url.replace("ppm@", "service@"), Path(folder) / "data"


def administer(url: str, *statements: str) -> None:
    """Do what the operator's guide says, as its administrator."""
    where = make_url(url)
    with psycopg.connect(dbname="ppm", user="ppm", host=where.query["host"], autocommit=True) as connection:
        for one in statements:
            connection.execute(one.encode())


@contextmanager
def opened(url: str, small: int = SMALL, **more: Any) -> Iterator[tuple[Store, Tidying]]:
    """The store and its tidying with these settings."""
    asked = settings(url, **more)
    store = Store(asked.store)
    try:
        yield store, Tidying(store, asked, small=small)
    finally:
        store.close()


def places(data: Path, word: str) -> set[str]:
    """Where a word is: in table files, in the log, or both."""
    return {"log" if place.startswith("pg_wal") else "tables" for place in found(data, word)}


def sentence(report: dict[str, Any]) -> str:
    """What is said of the files."""
    return "".join(f"{one['what']}. {one['ask']}" for one in report["left"] if one["kind"] == "files")


def test_the_sentence_agrees_with_the_data_folder(cluster: tuple[str, Path], course: Course) -> None:
    """Rows, long values and indexes: without the operator's word it stays and is said; with it, it is gone from tables and log."""
    url, data = cluster
    word, module = canary(), course.modules[0]

    async def first(store: Store, tidy: Tidying) -> None:
        await write_all(store, module, Learner("c", "ana"), word)
        await write_all(store, module, Learner("c", "ben"), "other words")
        administer(url, "CHECKPOINT")
        assert places(data, word) == {"tables", "log"}
        report = await tidy.told(await store.write(erasing.erase, Learner("c", "ana"), "learner"))
        assert report["scrubbed"] is False
        assert "Ask the people who run your course when they are gone." in sentence(report)
        await tidy.night(NIGHT)
        assert places(data, word) == {"tables", "log"}

    async def with_a_promise(store: Store, tidy: Tidying) -> None:
        report = await tidy.told({"removed": {}})
        by = datetime.now(UTC).date() + timedelta(30)
        assert report["scrubbed"] is False
        assert f"They are gone by {day(by)}." in sentence(report)
        assert f"gone from them by {day(by)}." in report["left"][-1]["ask"]

    async def tables_only(store: Store, tidy: Tidying) -> None:
        await tidy.night(NIGHT + timedelta(1))
        assert "tables" not in places(data, word) and "log" in places(data, word)
        assert sentence(await tidy.told({"removed": {}}))  # the log has them, so it is still said

    async def all_of_it(store: Store, tidy: Tidying) -> None:
        assert sentence(await _erase_more(store, tidy)) == ""
        assert places(data, word) == set()
        assert (await tidy.told({"removed": {}}))["scrubbed"] is True

    async def _erase_more(store: Store, tidy: Tidying) -> dict[str, Any]:
        return await tidy.told(await store.write(erasing.erase, Learner("c", "ben"), "learner"))

    for work, more in ((first, {}), (with_a_promise, {"erased_within_days": 30}), (tables_only, {"vacuum": "full"})):
        with opened(url, **more) as (store, tidy):
            in_thread(lambda: work(store, tidy))
    administer(url, *STEPS, *RIGHTS)
    with opened(url, vacuum="full") as (store, tidy):
        in_thread(lambda: all_of_it(store, tidy))


def test_a_take_back_and_a_night_of_ours(cluster: tuple[str, Path], course: Course) -> None:
    """Tables that are not small wait for the night, and the day that is said is after it."""
    url, data = cluster
    word, module = canary(), course.modules[0]
    administer(url, *STEPS, *RIGHTS)

    async def work() -> None:
        await write_all(store, module, Learner("c", "ana"), "nothing special")
        await store.write(_put_words, word)
        administer(url, "CHECKPOINT")
        report = await tidy.told(await store.write(sharing.take_back, Learner("c", "ana"), module.name))
        assert report["scrubbed"] is False
        assert f"gone by {day(datetime.now(UTC).date() + timedelta(2))}." in sentence(report)
        assert places(data, word) == {"tables", "log"}
        await tidy.night(NIGHT)
        assert places(data, word) == set()
        assert (await tidy.told({"removed": {}}))["scrubbed"] is True

    with opened(url, small=0, vacuum="full") as (store, tidy):
        in_thread(work)


def test_what_an_old_reader_may_still_see_is_not_called_gone(cluster: tuple[str, Path], course: Course) -> None:
    """PostgreSQL keeps rows for a transaction that began before they were erased; the answer says so, and the next night does it."""
    url, data = cluster
    word = canary()
    administer(url, *STEPS, *RIGHTS)

    async def work() -> None:
        await write_all(store, course.modules[0], Learner("c", "ana"), word)
        with psycopg.connect(dbname="ppm", user="service", host=make_url(url).query["host"]) as reader:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT count(*) FROM marks")
            report = await tidy.told(await store.write(erasing.erase, Learner("c", "ana"), "learner"))
            assert report["scrubbed"] is False
            assert sentence(report)
            assert "tables" in places(data, word)
        await tidy.night(NIGHT)
        assert places(data, word) == set()
        assert (await tidy.told({"removed": {}}))["scrubbed"] is True

    with opened(url, vacuum="full") as (store, tidy):
        in_thread(work)


def _put_words(connection: Any, word: str) -> None:
    connection.execute(sql("UPDATE hand_ins SET content = :words"), {"words": (f"{word} " * 3).encode()})
