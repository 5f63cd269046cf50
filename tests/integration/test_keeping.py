"""The end of keeping in two steps, on SQLite and on PostgreSQL: announced, waiting, held, kept, brought back; and the clock."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command as migrate
from alembic.config import Config
from sqlalchemy import func, insert, select, update
from sqlalchemy import text as sql

from patient_partner_mentor.cli import main
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub import erasing, journals, keeping, kept, mailbox, sharing
from patient_partner_mentor.hub.clock import HEARTBEAT, clock_is_right
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.marks import set_mark
from patient_partner_mentor.hub.service_settings import CourseSettings, Quotas
from patient_partner_mentor.hub.store import MIGRATIONS, Store
from patient_partner_mentor.hub.tables import answers, comments, expiries, feedback, hand_ins, kept_copies, wishes
from patient_partner_mentor.hub.terms import terms
from tests.integration import service_asking as asking

ANA, BEN = Learner("c", "ana"), Learner("c", "ben")
WRITTEN, ENDS = "2026-11-20T10:00:00.000000Z", date(2026, 12, 18)
BEGIN = datetime(2026, 12, 1, 3, tzinfo=UTC)
WORDS_GO = ENDS + timedelta(91)
RECORD_GO = ENDS + timedelta(366)


def command(*words: str) -> int:
    """Run 'ppm', in a thread of its own for the same reason, and give its exit code."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(main, words).result(60)


def in_thread(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run it on a loop of its own: the browser tests of the same run have one in this thread."""

    async def whole() -> Any:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, whole()).result(120)


def course_settings(**more: Any) -> CourseSettings:
    """One course's settings, with the shortest waiting that they allow."""
    return CourseSettings(**{"title": "T", "readers": ("Fay",), "reading_days": 5, "contact": "Fay", "ends": ENDS, "wait_days": 3, "copy_days": 7, **more})


@pytest.fixture
def store(stores: list[Store]) -> Store:
    """One of the two replicas."""
    return stores[0]


async def fill(store: Store, module: Module, *people: Learner, seen: str | None = "2026-12-01T02:00:00.000000Z") -> None:
    """Everything that a course holds, written in November; the service was up until a time."""
    for who in people:
        for number in (1, 2):
            await store.write(journals.save, who, asking.answer(module, number, f"Words of {who.account}, {number}"), None, Quotas())
        await store.write(sharing.set_consent, who, True, False, False, asking.SEEN)
        given = asking.sharing(module, {1: f"Shared by {who.account}"})
        await store.write(sharing.share, who, module.name, given, Quotas())
        page = f'<script id="ppm-comments">{json.dumps({"comments": [{"step": module.step(1).id, "comment": "Hello"}]})}</script>'
        await store.write(mailbox.deliver, who, module.name, given.id, "module", page.encode())
    await store.write(_in_november)
    if seen:
        await store.write(set_mark, HEARTBEAT, seen)


def _in_november(connection: Any) -> None:
    connection.execute(update(answers).values(saved_at=WRITTEN))
    connection.execute(update(hand_ins).values(time=WRITTEN))


def counted(store: Store) -> dict[str, int]:
    """How many rows there are, hand-ins with words counted."""
    with store.engine.connect() as connection:
        found = {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (answers, comments, hand_ins, kept_copies)}
        return found | {"words": connection.execute(select(func.count(hand_ins.c.content))).scalar_one()}


class Service:
    """The hourly work of a service, with a clock that a test sets."""

    def __init__(self, store: Store, at: datetime = BEGIN, **settings: Any) -> None:
        self.store, self.at, self.courses = store, at, {"c": course_settings(**settings)}

    @property
    def time(self) -> str:
        """The clock, as the store writes it."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def beat(self) -> bool:
        """One hour's work."""
        return await keeping.keep(self.store, self.courses, self.time)

    async def up(self, until: date, days: int = 4) -> None:
        """Be up until this day; of a longer time only the last days count, two hours a beat."""
        while self.at.date() < until:
            left = (until - self.at.date()).days
            self.at += timedelta(days=min(25, left - days)) if left > days else timedelta(hours=2)
            await self.beat()

    def standing(self) -> list[tuple[str, str, str | None, bool]]:
        """What is announced, held or kept."""
        with self.store.engine.connect() as connection:
            return [(one["kind"], one["day"], one["held"], bool(one["done"])) for one in keeping.standing(connection, "c")]


def test_what_goes_is_announced_waits_and_is_kept_before_it_is_dropped(store: Store, course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """Words after their days and the rest later, as learners were told; a week before it is said, with counts and no words."""

    async def work() -> None:
        await fill(store, course.modules[0], ANA, BEN)
        service = Service(store)
        await service.beat()
        await service.up(WORDS_GO - timedelta(4))
        assert service.standing() == []
        await service.up(WORDS_GO - timedelta(3))
        assert service.standing() == [("words", WORDS_GO.isoformat(), None, False)]
        assert "go on 2027-03-19 (2 feedback, 2 comments, 2 words)" in caplog.text
        assert "Shared by" not in caplog.text
        assert await store.read(keeping.leaving, "c") == {"words": WORDS_GO.isoformat()}
        await service.up(WORDS_GO - timedelta(1))
        assert counted(store) == {"answers": 4, "comments": 2, "hand_ins": 2, "kept_copies": 0, "words": 2}
        await service.up(WORDS_GO + timedelta(1))
        assert counted(store) == {"answers": 4, "comments": 0, "hand_ins": 2, "kept_copies": 6, "words": 0}
        assert "Shared by ana" in json.dumps(await asking.copy_of(store, ANA))
        await service.up(WORDS_GO + timedelta(6), 6)
        assert counted(store)["kept_copies"] == 6
        await service.up(WORDS_GO + timedelta(9))
        assert counted(store)["kept_copies"] == 0
        await service.up(RECORD_GO + timedelta(1))
        assert counted(store) == {"answers": 0, "comments": 0, "hand_ins": 0, "kept_copies": 8, "words": 0}
        await service.up(RECORD_GO + timedelta(9), 9)
        assert sum(counted(store).values()) == 0
        await service.up(RECORD_GO + timedelta(30))
        assert service.standing() == []

    in_thread(work)


def test_what_went_comes_back_as_it_was(store: Store, course: Course) -> None:
    """All of it, words of the time between beside it; then it stays until a person says that it may go."""
    module = course.modules[0]

    async def work() -> None:
        await fill(store, module, ANA, BEN)
        before = [await asking.copy_of(store, who) for who in (ANA, BEN)]
        said = await store.read(sharing.module_comments, ANA, module.name)
        service = Service(store, record_days=92)  # so that both are kept at the same time
        await service.up(WORDS_GO + timedelta(3), 6)
        assert [one[0] for one in service.standing() if one[3]] == ["words", "record"]
        assert (await asking.copy_of(store, ANA))["journals"] == {}
        await store.write(journals.save, BEN, asking.answer(module, 1, "Newer words", "w9"), None, Quotas())
        assert await keeping.restore(store, "c") == 14
        assert await asking.copy_of(store, ANA) == before[0]
        assert await store.read(sharing.module_comments, ANA, module.name) == said
        both = json.dumps(await asking.copy_of(store, BEN))
        assert "Newer words" in both and "Words of ben, 1" in both and "Words of ben, 2" in both
        await service.up(WORDS_GO + timedelta(30))
        assert {one[2] for one in service.standing()} == {"brought-back"}
        assert counted(store)["words"] == 2
        assert await store.write(keeping.confirm, "c") == 2
        await service.up(WORDS_GO + timedelta(36))
        assert counted(store)["words"] == 0

    in_thread(work)


def told_as(store: Store, module: Module) -> dict[str, list[tuple[bool, bool]]]:
    """Of each learner's hand-ins, whether the words are gone, and whether the learner took them back."""
    with store.engine.connect() as connection:
        found = mailbox.listing(connection, "c", module.name, None, True)
    return {who: [("taken_back" in one, "took_back" in one) for one in found if one["user"] == who] for who in ("ana", "ben")}


def test_what_expired_is_told_from_what_was_taken_back(store: Store, course: Course) -> None:
    """The second stays taken back whatever expires or comes back, and its page of comments stays away too."""
    module = course.modules[0]

    async def work() -> None:
        await fill(store, module, ANA, BEN)
        await store.write(kept.keep_some, "c", "words", 1, "2027-03-18T12:00:00.000000Z")  # the pages have gone, and the words not yet
        await store.write(sharing.take_back, ANA, module.name)
        while await store.write(kept.keep_some, "c", "words", 1, "2027-03-18T12:00:01.000000Z"):
            pass
        assert told_as(store, module) == {"ana": [(True, True)], "ben": [(True, False)]}
        copies = [(await asking.copy_of(store, who))["shared"][0] for who in (ANA, BEN)]
        assert [(bool(one["taken_back"]), bool(one["expired"])) for one in copies] == [(True, False), (False, True)]
        while await store.write(kept.restore_some, "c", 1):
            pass
        assert told_as(store, module) == {"ana": [(True, True)], "ben": [(False, False)]}
        pages = select(hand_ins.c.account).join(feedback, feedback.c.hand_in == hand_ins.c.key)
        with store.engine.connect() as connection:
            assert connection.execute(pages).scalars().all() == ["ben"]

    in_thread(work)


@pytest.mark.parametrize("copies", ["kept", "dropped"])
def test_an_older_store_tells_them_apart(url: str, store: Store, course: Course, copies: str) -> None:
    """By its kept copies, or, when these are gone, by the days of the expiry and the note of the take-back; pages of what was taken back go."""
    module = course.modules[0]

    async def older() -> None:
        await fill(store, module, ANA, BEN)
        await store.write(sharing.take_back, ANA, module.name)
        service = Service(store)
        await service.up(WORDS_GO + timedelta(1))
        key = await store.read(_key_of, "ana")
        with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
            during = connection.execute(select(expiries.c.announced_at)).scalar_one()  # she took it back after it was announced
            connection.execute(update(hand_ins).where(hand_ins.c.account == "ana").values(taken_back=during))
            connection.execute(update(wishes).values(since=during))
            connection.execute(insert(feedback).values(hand_in=key, notebook="module", content=b"her words", time=during))
            if copies == "dropped":
                connection.execute(kept_copies.delete())
            connection.execute(sql("ALTER TABLE hand_ins DROP COLUMN expired_at"))
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            migrate.stamp(config, "0007")

    in_thread(older)
    newer = Store(url)
    with newer.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(feedback)).scalar_one() == 0
    assert told_as(newer, module) == {"ana": [(True, True)], "ben": [(True, False)]}
    newer.close()


def _key_of(connection: Any, account: str) -> int:
    return connection.execute(select(hand_ins.c.key).where(hand_ins.c.account == account)).scalar_one()


def test_an_erasure_reaches_the_kept_copies(store: Store, course: Course) -> None:
    """Nothing of who erased comes back; the others' does."""

    async def work() -> None:
        await fill(store, course.modules[0], ANA, BEN)
        service = Service(store, record_days=92)
        await service.up(WORDS_GO + timedelta(3), 6)
        report = await store.write(erasing.erase, ANA, "learner")
        assert report["removed"]["kept_copies"] == 7
        await keeping.restore(store, "c")
        copies = [json.dumps(await asking.copy_of(store, who)) for who in (ANA, BEN)]
        assert ["Words of" in copy and "Shared by" in copy for copy in copies] == [False, True]

    in_thread(work)


@pytest.mark.parametrize("pause", ["in 2036", "three weeks ahead", "back in 2020"])
def test_a_wrong_clock_removes_nothing(store: Store, course: Course, pause: str, caplog: pytest.LogCaptureFixture) -> None:
    """However long it goes on where it is far off, and for the days of waiting where it is near; right again, all is as before."""
    wrong = {"in 2036": datetime(2036, 1, 1, tzinfo=UTC), "three weeks ahead": datetime(2026, 12, 22, tzinfo=UTC), "back in 2020": datetime(2020, 1, 1, tzinfo=UTC)}[pause]

    async def work() -> None:
        await fill(store, course.modules[0], ANA, BEN)
        before = counted(store)
        service = Service(store, words_days=1, record_days=2)
        await service.beat()
        service.at = wrong
        for _ in range(12 * (9 if pause != "three weeks ahead" else 2)):
            assert await service.beat() is False
            service.at += timedelta(hours=2)
        assert counted(store) == before
        if pause == "in 2036":
            assert "Nothing is removed" in caplog.text
            assert service.standing() == []
        service.at = BEGIN + timedelta(hours=1)
        await service.beat()
        assert counted(store) == before
        assert not await store.read(keeping.clock_in_doubt)
        await service.up(ENDS + timedelta(40))
        assert counted(store)["words"] == 0  # and the right end still comes

    in_thread(work)


def test_a_clock_that_was_wrong_from_the_first_start_is_measured_by_the_records(store: Store, course: Course) -> None:
    """A store without a heartbeat, as an older version left it; and a service that was really away goes on when somebody says so."""

    async def work() -> None:
        await fill(store, course.modules[0], ANA, seen=None)
        service = Service(store, datetime(2036, 1, 1, tzinfo=UTC))
        await service.up(date(2036, 3, 1))
        assert counted(store)["words"] == 1
        assert await store.read(keeping.clock_in_doubt)
        assert await store.write(clock_is_right)
        await service.up(date(2036, 3, 3))
        assert counted(store)["words"] == 1  # announced, and waiting
        await service.up(date(2036, 3, 6))
        assert counted(store)["words"] == 0

    in_thread(work)


@pytest.mark.parametrize("ends", [date(2025, 12, 18), date(2026, 6, 18)])
def test_a_mistyped_end_removes_nothing(store: Store, course: Course, ends: date) -> None:
    """Set in the middle of a course, it is held for as long as nobody confirms it; mended, it is as if it never was."""

    async def work() -> None:
        await fill(store, course.modules[0], ANA, BEN)
        service = Service(store, ends=ends, record_days=100)
        await service.up(date(2027, 3, 1))
        assert {one[2] for one in service.standing()} == {"ends-records"}
        assert await store.read(keeping.leaving, "c") == {}
        assert counted(store)["words"] == 2
        service.courses = {"c": course_settings()}
        await service.beat()
        assert service.standing() == []
        service.courses = {"c": course_settings(ends=date(2026, 11, 30))}  # and an earlier one than before is held, too
        await service.up(WORDS_GO + timedelta(20))
        assert [one[2] for one in service.standing()] == ["ends-earlier"]
        assert counted(store)["words"] == 2

    in_thread(work)


def test_two_replicas_do_it_once(store: Store, url: str, course: Course) -> None:
    """Both beat at once, at every step: waiting is not counted twice, and each row has one copy."""
    other = Store(url)

    async def work() -> None:
        await fill(store, course.modules[0], ANA, BEN)
        both = [Service(store), Service(other)]
        at = datetime(2027, 3, 15, 12, tzinfo=UTC)
        await store.write(set_mark, HEARTBEAT, "2027-03-15T11:00:00.000000Z")
        while at.date() < WORDS_GO + timedelta(1):
            for one in both:
                one.at = at
            await asyncio.gather(*(one.beat() for one in both))
            assert counted(store)["words"] == (0 if at.date() >= WORDS_GO else 2)
            at += timedelta(hours=2)
        assert counted(store)["kept_copies"] == 6
        with store.engine.connect() as connection:
            assert len(connection.execute(select(expiries)).all()) == 1

    in_thread(work)
    other.close()


_DYING = """
import asyncio, sys
from patient_partner_mentor.hub import kept
from patient_partner_mentor.hub.store import Store
kept.BITE = 1
store = Store(sys.argv[1])
async def work():
    for step in iter(lambda: sys.stdin.readline(), ""):
        await store.write(kept.keep_some, "c", "record", 1, "2027-01-01T00:00:00.000000Z")
        print("done", flush=True)
    return
asyncio.run(work())
"""


def test_killed_in_the_midst_nothing_is_half(store: Store, url: str, course: Course) -> None:
    """After each of some kills every row is in one place, and all of it comes back."""

    async def all_of() -> list[Any]:
        return [await asking.copy_of(store, who) for who in (ANA, BEN)]

    in_thread(lambda: fill(store, course.modules[0], ANA, BEN))
    before = in_thread(all_of)
    for steps in (1, 4):
        worker = subprocess.Popen([sys.executable, "-c", _DYING, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert worker.stdin and worker.stdout
        for _ in range(steps):
            worker.stdin.write("go\n")
            worker.stdin.flush()
            assert worker.stdout.readline() == "done\n"
        worker.stdin.write("go\n")
        worker.stdin.flush()
        worker.send_signal(signal.SIGKILL)  # somewhere in the next step
        worker.communicate()
    found = counted(store)
    assert found["answers"] + found["hand_ins"] < 6
    with store.engine.connect() as connection:
        gone = connection.execute(select(kept_copies.c.account, kept_copies.c.origin, kept_copies.c.row)).all()
        assert len({tuple(row) for row in gone}) == len(gone)

    async def bring_back() -> list[Any]:
        while await store.write(kept.restore_some, "c", 1):
            pass
        return await all_of()

    assert in_thread(bring_back) == before


def test_the_operators_command_says_and_undoes(tmp_path: Path, course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """'ppm keeping' lists what is announced and kept, and brings it back."""
    url = f"sqlite:///{tmp_path / 'course.sqlite'}"
    store = Store(url)
    file = tmp_path / "service.json"
    file.write_text(json.dumps({"store": url, "book": "x", "courses": {"c": {"title": "T", "readers": ["Fay"], "reading_days": 5, "contact": "Fay", "ends": "2026-12-18", "wait_days": 3}}}), "utf-8")

    async def work(until: date) -> None:
        service = Service(store, datetime(2027, 3, 15, 20, tzinfo=UTC))
        await store.write(set_mark, HEARTBEAT, "2027-03-15T18:00:00.000000Z")
        await service.up(until)

    def said(*words: str) -> str:
        assert command("keeping", "--settings", str(file), *words) == 0
        return capsys.readouterr().out

    assert said() == "Nothing is announced, and there is nothing to bring back.\n"
    in_thread(lambda: fill(store, course.modules[0], ANA))
    in_thread(lambda: work(date(2027, 3, 16)))
    assert said().startswith("c: Shared words and comments (1 page of comments, 1 comment, 1 time that words were shared): go on 2027-03-19.")
    in_thread(lambda: work(date(2027, 3, 21)))
    assert "--bring-back c undoes it" in said()
    assert "c: 3 rows were brought back." in said("--bring-back", "c")
    assert counted(store)["words"] == 1
    assert command("keeping", "--settings", str(file), "--go-on", "d") == 1
    assert "There is no course 'd'" in capsys.readouterr().err
    store.close()


def test_learners_are_told_of_the_kept_copy() -> None:
    """The page on who reads names its days, and other days are other words."""
    assert any("For 14 more days, a copy is kept" in line for section in terms(course_settings(copy_days=14))["sections"] for line in section["lines"])
    assert terms(course_settings())["seen"] != terms(course_settings(copy_days=20))["seen"]


@pytest.mark.parametrize("short", [{"wait_days": 2}, {"copy_days": 6}])
def test_waiting_cannot_be_set_to_nothing(short: dict[str, int]) -> None:
    """The safe minimum is the settings' own."""
    with pytest.raises(ValueError, match="greater than or equal"):
        course_settings(**short)
