"""The course service's store by itself, on SQLite and on PostgreSQL: its tables, replicas, and what it keeps how long."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub import erasing, journals, mailbox, sharing
from patient_partner_mentor.hub.comment_data import carried
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.quota import Rate
from patient_partner_mentor.hub.refusals import Refused
from patient_partner_mentor.hub.service_settings import CourseSettings, Quotas
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.taking import Taking
from patient_partner_mentor.hub.tables import answers, erasures, metadata
from patient_partner_mentor.reflections import NEXT_STEP, Revision, read_answer, read_journal
from tests.integration import service_asking as asking

def taken(store: Store, who: Learner) -> Any:
    """A learner's copy."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in Taking(store, who, lambda size: None).everything()])

    return json.loads(done(whole()))


ANA, BEN = Learner("c", "ana"), Learner("c", "ben")


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """What it gives, on a loop of its own in a thread of its own: the browser tests of the same run have one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(120)


def _course(**more: Any) -> CourseSettings:
    return CourseSettings(title="T", readers=("Fay",), reading_days=5, contact="Fay", **more)


def test_the_migrations_make_the_tables_that_the_program_knows(stores: list[Store]) -> None:
    """Nothing was changed in one place only."""
    with stores[0].engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_two_replicas_lose_no_words(stores: list[Store], course: Course) -> None:
    """Forty writers of one answer at both replicas at once: the newest stands, and the others' words are beside it."""
    module, quotas = course.modules[0], Quotas()

    async def work() -> list[bytes]:
        saves = [stores[n % 2].write(journals.save, ANA, asking.answer(module, 1, f"Words {n}", f"w{n}"), None, quotas) for n in range(20)]
        return await asyncio.gather(*saves)

    done(work())
    kept = read_answer(taken(stores[0], ANA)["journals"][module.id]["answers"][0])
    assert {kept.text, *(one.text for one in kept.overtaken)} == {f"Words {n}" for n in range(20)}
    assert kept.revision.count == 20


def test_one_hand_in_at_both_replicas_is_one(stores: list[Store], course: Course) -> None:
    """The same request at both at once gets the same receipt twice; different ones get different times."""
    module, quotas = course.modules[0], Quotas()
    given = asking.sharing(module, {1: "Words"})
    others = [asking.sharing(module, {1: f"Words {n}"}) for n in range(10)]

    async def work() -> list[dict[str, Any]]:
        await stores[0].write(sharing.set_consent, ANA, True, False, False, asking.SEEN)
        same = [stores[n % 2].write(sharing.share, ANA, module.name, given, quotas) for n in range(10)]
        more = [stores[n % 2].write(sharing.share, ANA, module.name, one, quotas) for n, one in enumerate(others)]
        return await asyncio.gather(*same, *more)

    receipts = done(work())
    assert len({json.dumps(one) for one in receipts[:10]}) == 1
    assert len({one["time"] for one in receipts}) == 11


def test_one_refusal_among_many_takes_no_other_along(stores: list[Store], course: Course) -> None:
    """Saves that share a transaction stand or fall alone."""
    module, small = course.modules[0], Quotas(answer=2000)

    async def work() -> list[Any]:
        texts = ["x" * (5000 if n % 7 == 0 else 50) for n in range(50)]
        saves = [stores[0].write(journals.save, Learner("c", f"a{n}"), asking.answer(module, 1, text), None, small) for n, text in enumerate(texts)]
        return await asyncio.gather(*saves, return_exceptions=True)

    found = done(work())
    assert [n for n, one in enumerate(found) if isinstance(one, Refused)] == list(range(0, 50, 7))
    with stores[1].engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar() == 42


def _all_of(store: Store, module: Module, who: Learner) -> None:
    async def work() -> None:
        await store.write(journals.save, who, asking.answer(module, 1, "Words"), Revision(count=1, writer="x"), Quotas())
        await store.write(sharing.set_consent, who, True, True, False, asking.SEEN)
        given = asking.sharing(module, {1: "Words"})
        await store.write(sharing.share, who, module.name, given, Quotas())
        page = f'<script id="ppm-comments">{json.dumps({"comments": [{"step": module.step(1).id, "comment": "Hello"}]})}</script>'
        await store.write(mailbox.deliver, who, module.name, given.id, "module", page.encode())

    done(work())


def test_erasing_one_leaves_the_other(stores: list[Store], course: Course) -> None:
    """Everything of one learner goes; a count stays; the other's is as it was."""
    module = course.modules[0]
    for who in (ANA, BEN):
        _all_of(stores[0], module, who)
    report = done(stores[1].write(erasing.erase, ANA, "learner"))
    assert {kind: count for kind, count in report["removed"].items() if count != 1} == {"credits": 0, "kept_copies": 0, "wishes": 0}
    copies = [taken(stores[0], who) for who in (ANA, BEN)]
    assert [len(one["journals"]) + len(one["shared"]) + len(one["comments"]) + len(one["consents"]) for one in copies] == [0, 4]
    with stores[0].engine.connect() as connection:
        assert "ana" not in str(connection.execute(select(erasures)).all())


def test_what_a_learner_shares_in_all_has_an_end(stores: list[Store], course: Course) -> None:
    """Over all modules and days, files as well as words; what was taken back makes room, and what was shared before is kept."""
    given = [asking.sharing(course.modules[number], {1: "Words " * 100}) for number in range(3)]
    size = len(json.dumps(given[0].model_dump(mode="json", exclude_none=True)))
    quotas = Quotas(shared=2 * size + 400)
    done(stores[0].write(sharing.set_consent, ANA, True, False, False, asking.SEEN))

    def share(number: int, who: Learner = ANA) -> Any:
        return done(stores[number % 2].write(sharing.share, who, course.modules[number].name, given[number], quotas))

    share(0)
    share(1)
    for work in (lambda: share(2), lambda: done(stores[0].write(mailbox.submit, ANA, course.modules[2].name, "0" * 32, bytes(size), quotas))):
        with pytest.raises(Refused, match="Take back a module") as caught:
            work()
        assert (caught.value.reason, caught.value.status) == ("too-much", 409)
    assert share(0)["id"] == given[0].id  # the same again is no more
    done(stores[1].write(sharing.take_back, ANA, course.modules[0].name))
    share(2)
    done(stores[1].write(sharing.take_back, ANA, course.modules[1].name))
    again = asking.sharing(course.modules[0], {1: "Words " * 100})
    done(stores[0].write(sharing.share, ANA, course.modules[0].name, again, quotas))
    assert len(taken(stores[0], ANA)["shared"]) == 4


def test_a_choice_is_changed_so_often_a_day(stores: list[Store]) -> None:
    """The last one holds; the same again is no change."""
    quotas = Quotas(consents_a_day=4)
    for quotes in (True, True, False, True, False):
        done(stores[0].write(sharing.set_consent, ANA, True, quotes, False, asking.SEEN, quotas))
    with pytest.raises(Refused, match="Your last choice holds"):
        done(stores[1].write(sharing.set_consent, ANA, True, True, False, asking.SEEN, quotas))
    assert done(stores[0].read(sharing.consent, ANA))["quotes"] is False


def test_a_journal_of_many_pieces_is_whole(stores: list[Store], course: Course) -> None:
    """Each answer stands where it belongs, however the rows fall into pieces; and what is counted is what there is."""
    quotas, counted = Quotas(), []
    for number, module in enumerate(course.modules[:4]):
        for step in range(1, 4):
            done(stores[0].write(journals.save, ANA, asking.answer(module, step, "\u00e9" * (50_000 if number == 2 else 10)), None, quotas))
    last = asking.answer(course.modules[1], 1, "Next").model_copy(update={"step": NEXT_STEP})
    done(stores[1].write(journals.save, ANA, last, None, quotas))

    async def pieces(module: str | None) -> list[bytes]:
        return [piece async for piece in Taking(stores[0], ANA, counted.append).journals(module)]

    whole = json.loads(b"".join(done(pieces(None))))
    assert sorted(whole) == sorted(module.id for module in course.modules[:4])
    for module in course.modules[:4]:
        assert json.loads(b"".join(done(pieces(module.id)))) == whole[module.id]
        assert {one.step for one in read_journal(whole[module.id]).answers} == {module.step(step).id for step in range(1, 4)}
    assert (whole[course.modules[1].id]["next_step"]["text"], whole[course.modules[0].id]["next_step"]) == ("Next", None)
    assert done(pieces(course.modules[7].id)) == [b"null"]
    assert counted[0] == sum(len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for of in whole.values() for one in (*of["answers"], of["next_step"]) if one)


def test_a_learner_writes_so_often_a_minute() -> None:
    """A bucket for each account, filled again as time goes by."""
    time = [0.0]
    rate = Rate(3, lambda: time[0])
    for _ in range(3):
        rate.take("ana")
    with pytest.raises(Refused, match="Wait a minute"):
        rate.take("ana")
    rate.take("ben")
    time[0] = 20.0
    rate.take("ana")
    with pytest.raises(Refused):
        rate.take("ana")


@pytest.mark.parametrize("said", ['{"comments": [{"step": "../x", "comment": "a"}]}', '{"comments": 7}', "{", '{"comments": [{"step": "a"}]}', "[" * 5000])
def test_comments_that_cannot_be_read_are_refused(said: str) -> None:
    """A page that carries broken data is not delivered."""
    with pytest.raises(Refused):
        carried(f'<script id="ppm-comments" type="application/json">{said}</script>'.encode())


@pytest.mark.parametrize("piece", ["<script ", '<script id="ppm-comments"', ' id="ppm-comments"', '<script id="ppm-comments">', '<script id="ppm-comments" x'])
def test_a_page_of_broken_elements_is_looked_through_once(piece: str) -> None:
    """A megabyte of elements that never end once held the whole service for minutes."""
    start = time.process_time()
    assert carried(piece.encode() * (1_000_000 // len(piece))) == ({}, {})
    assert time.process_time() - start < 2


def test_errors_of_the_database_hold_no_words(stores: list[Store], course: Course) -> None:
    """Neither the message nor what led to it shows a parameter."""

    def broken(connection: Any) -> None:
        connection.execute(answers.insert().values(course="c", account="a", module="m", step="s", data=b"A secret word", size=None, module_version=1, saved_at=""))

    with pytest.raises(Refused) as caught:
        done(stores[0].write(broken))
    assert "secret" not in repr(caught.value) + str(caught.value.__cause__) + str(caught.value.__context__)
