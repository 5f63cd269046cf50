"""Words that were removed are searched for in the real files of the store, SQLite's and PostgreSQL's, at each moment."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub import emptying, erasing, journals, mailbox, sharing
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.marks import in_files
from patient_partner_mentor.hub.service_settings import CourseSettings, Quotas, ServiceSettings
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.tables import WITH_WORDS
from patient_partner_mentor.hub.tidying import Tidying
from tests.integration import service_asking as asking

NIGHT = datetime(2026, 12, 1, 3, 30, tzinfo=UTC)
QUOTAS = Quotas(hand_ins_a_day=1000)


def settings(url: str, **more: Any) -> ServiceSettings:
    """The service's settings for a store."""
    course = CourseSettings(title="T", readers=("Fay",), reading_days=5, contact="Fay")
    return ServiceSettings(store=url, book=Path(), courses={"c": course}, **more)


def in_thread(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run it on a loop of its own: the browser tests of the same run have one in this thread."""

    async def whole() -> Any:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, whole()).result(120)


def found(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold a word."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes())


def canary() -> str:
    """A word that is nowhere else."""
    return f"canary{secrets.token_hex(8)}"


async def write_all(store: Store, module: Module, who: Learner, word: str) -> None:
    """Words in every column that holds words: short ones in the rows, long ones where a database puts long ones."""
    long = f"{word} " + base64.b64encode(os.urandom(30_000)).decode()  # no database can make this much smaller
    for number, said in ((1, word), (2, f"{word} {long} {word}")):
        await store.write(journals.save, who, asking.answer(module, number, said), None, QUOTAS)
    await store.write(sharing.set_consent, who, True, False, False, asking.SEEN)
    given = asking.sharing(module, {1: word, 2: f"{word} {long[:20_000]} {word}"})
    await store.write(sharing.share, who, module.name, given, QUOTAS)
    page = f'<p>{long}</p><script id="ppm-comments">{json.dumps({"comments": [{"step": module.step(1).id, "comment": word}]})}</script>'
    await store.write(mailbox.deliver, who, module.name, given.id, "module", page.encode())


async def erased(store: Store, tidy: Tidying, who: Learner) -> dict[str, Any]:
    """Erase as the service does."""
    return await tidy.told(await store.write(erasing.erase, who, "learner"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite."""
    opened = Store(f"sqlite:///{tmp_path / 'store' / 'course.sqlite'}")
    yield opened
    opened.close()


def _tidy(store: Store, **more: Any) -> Tidying:
    return Tidying(store, settings("sqlite:////nowhere", **more))


def test_erased_words_are_in_no_file_after_the_answer(store: Store, course: Course, tmp_path: Path) -> None:
    """Three learners at once, one of them not erased: two words are gone from database and log when the answers come, and one is not."""
    module, words = course.modules[0], {name: canary() for name in ("ana", "ben", "cleo")}

    async def work() -> list[dict[str, Any]]:
        tidy = _tidy(store)
        for name, word in words.items():
            await write_all(store, module, Learner("c", name), word)
        assert all(found(tmp_path, word) for word in words.values())
        return await asyncio.gather(*(erased(store, tidy, Learner("c", name)) for name in ("ana", "ben")))

    for report in in_thread(work):
        assert report["scrubbed"] is True
        assert [one["kind"] for one in report["left"]] == ["backups"]
    assert [bool(found(tmp_path, word)) for word in words.values()] == [False, False, True]


def test_what_sqlite_leaves_when_it_balances_its_pages_goes_too(store: Store, tmp_path: Path) -> None:
    """Rows that grow are copied from page to page, and parts of them stay in unused room; deleting alone leaves them there."""
    chance = random.Random(1)
    words: dict[tuple[str, str], str] = {}
    old: set[str] = set()

    def live(connection: Any) -> None:
        run = connection.connection.driver_connection.execute
        for number in range(10_000):
            key, word = (f"p{chance.randrange(60)}", f"m{chance.randrange(48)}"), f"canary{number:08d}x"
            if key in words:
                old.add(words[key])
            if key in words and chance.random() < 0.25:
                run("DELETE FROM answers WHERE account = ? AND module = ?", key)
                del words[key]
                continue
            put = "INSERT INTO answers VALUES ('c', ?, ?, 's', ?, 1, 1, '') ON CONFLICT DO UPDATE SET data = excluded.data"
            run(put, (*key, f"{word} ".encode() * chance.choice([1, 2, 5, 20, 60, 150, 300])))
            words[key] = word

    def left() -> set[str]:
        whole = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        return {word.decode() for word in set(re.findall(rb"canary[0-9]{8}x", whole))} & old

    async def work() -> dict[str, Any]:
        await store.write(live)
        assert await store.empty_log()
        assert left(), "this store would show nothing"
        return await erased(store, _tidy(store), Learner("c", "p0"))

    assert in_thread(work)["scrubbed"] is True
    assert left() == set()


def test_rows_that_moved_are_the_same_rows(store: Store, course: Course) -> None:
    """Rewriting changes nothing that anybody reads: comments are still with their hand-ins, and all in their order."""
    module, names = course.modules[0], ("ana", "ben", "cleo")

    async def work() -> tuple[list[Any], list[Any]]:
        for name in names:
            await write_all(store, module, Learner("c", name), canary())

        async def all_of() -> list[Any]:
            copies = [await asking.copy_of(store, Learner("c", name)) for name in names]
            listed = await store.read(mailbox.listing, "c", None, None, True)
            called = "SELECT account, step FROM comments WHERE key IN (SELECT comment FROM wishes)"  # a wish keeps to its comment
            whose = await store.read(lambda c: [tuple(row) for row in c.exec_driver_sql(called)])
            assert whose == [("ben", module.step(1).id)]
            return [*copies, listed, *[await store.read(sharing.module_comments, Learner("c", name), module.name) for name in names]]

        await store.write(sharing.answer_comment, Learner("c", "ben"), module.name, module.step(1).id, "please-call-me")
        before = await all_of()
        for _ in range(2):
            for table in WITH_WORDS:
                await emptying.rewrite(store, table)
        return before, await all_of()

    before, after = in_thread(work)
    assert before == after


def test_a_long_reader_holds_up_the_files_and_no_save(store: Store, course: Course, tmp_path: Path) -> None:
    """While somebody reads, saves go on and the answer says that words are still there, with a day; afterwards they go by themselves."""
    module, word = course.modules[0], canary()

    async def work() -> None:
        tidy = Tidying(store, settings("sqlite:////nowhere"), wait=0.3)
        await write_all(store, module, Learner("c", "ana"), word)
        reader = sqlite3.connect(tmp_path / "store" / "course.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM answers").fetchone()
        report = await erased(store, tidy, Learner("c", "ana"))
        assert report["scrubbed"] is False
        assert report["left"][0]["kind"] == "files" and report["left"][0]["day"] > "2026"
        assert found(tmp_path, word)
        assert await store.write(journals.save, Learner("c", "ben"), asking.answer(module, 1, "Others go on"), None, QUOTAS)
        again = await erased(store, tidy, Learner("c", "ana"))  # there is nothing left of hers, and still the truth is said
        assert (again["scrubbed"], any(again["removed"].values())) == (False, False)
        reader.close()
        while await store.read(in_files):
            await asyncio.sleep(0.02)
        assert not found(tmp_path, word)
        await tidy.close()

    in_thread(work)


def test_an_erasure_of_nothing_does_nothing(store: Store) -> None:
    """Nothing was there: no note of it, no round, and the answer is true."""

    async def work() -> tuple[dict[str, Any], int]:
        tidy = _tidy(store)
        report = await erased(store, tidy, Learner("c", "ana"))
        assert tidy._task is None
        return report, await store.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM erasures").scalar_one())

    report, noted = in_thread(work)
    assert report["scrubbed"] is True
    assert noted == 0


def test_a_night_gives_unused_room_back_in_small_bites(store: Store, course: Course, tmp_path: Path) -> None:
    """A file of which most is unused shrinks at night, once; by day, and in a second try of the same night, nothing happens."""
    path = tmp_path / "store" / "course.sqlite"

    def fill(connection: Any) -> None:
        row = "INSERT INTO answers VALUES ('c', ?, ?, 's', randomblob(200000), 1, 1, '')"
        connection.connection.driver_connection.executemany(row, [("ana" if n else "ben", f"m{n}") for n in range(40)])

    async def work() -> None:
        tidy = Tidying(store, settings("sqlite:////nowhere"), worth=2_000_000)
        await store.write(fill)
        await store.write(erasing.erase, Learner("c", "ana"), "learner")
        await tidy.emptied()
        before = path.stat().st_size
        assert not await tidy.night(NIGHT.replace(hour=12))
        assert path.stat().st_size == before
        assert await tidy.night(NIGHT)
        assert path.stat().st_size < before / 5
        assert not await tidy.night(NIGHT)
        assert len((await store.read(lambda c: c.exec_driver_sql("SELECT data FROM answers").scalar_one()))) == 200_000

    in_thread(work)


def test_a_removal_before_a_crash_is_tidied_the_next_night(store: Store, course: Course, tmp_path: Path) -> None:
    """What was deleted when the service died is noted in the store, and leaves the files at the next chance."""
    word = canary()

    async def work() -> None:
        await write_all(store, course.modules[0], Learner("c", "ana"), word)
        await store.write(erasing.erase, Learner("c", "ana"), "learner")
        assert found(tmp_path, word)
        assert await store.read(in_files)
        await _tidy(store).night(NIGHT)
        assert not await store.read(in_files)

    in_thread(work)
    assert not found(tmp_path, word)
