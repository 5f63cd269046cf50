"""What learners ask of people stands until a person closes it, on SQLite and PostgreSQL; and a comment is new only once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text as sql

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.handins import HandIn, read_hand_in
from patient_partner_mentor.hub import erasing, mailbox, sharing, wishes
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.refusals import Refused
from patient_partner_mentor.hub.service_settings import Quotas
from patient_partner_mentor.hub.store import MIGRATIONS, Store
from tests.integration import service_asking as asking
from tests.integration.test_service_store import done, taken

ANA, OTHER = Learner("c", "ana"), Learner("other", "ana")
FIRST = "I thought of my neighbor, who drives me to the clinic when the bus is late."
SECOND = "I thought of it once more, and now it is my sister whom I would like to ask."
CALL, MORE = "please-call-me", "yes-please"
_STEP_1, _STEP_2 = 1, 2

Share = Callable[..., HandIn]


@pytest.fixture
def store(stores: list[Store]) -> Store:
    """One of the two replicas."""
    return stores[0]


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


@pytest.fixture
def share(store: Store, module: Module) -> Share:
    """Shares the first step's words, and gives the hand-in."""
    done(store.write(sharing.set_consent, ANA, False, False, False, asking.SEEN))

    def shared(words: str, reply: bool = False, other_way: int = 0) -> HandIn:
        data = json.loads(asking.sharing(module, {_STEP_1: words}).model_dump_json(exclude_none=True))
        if reply:
            data["reply_wanted"] = module.step(_STEP_1).id
        for one in data["answers"]:
            if other_way and one["step"] == module.step(other_way).id:
                one["status"] = "other-way"
        given = read_hand_in(data)
        done(store.write(sharing.share, ANA, module.name, given, Quotas()))
        return given

    return shared


def give_back(store: Store, module: Module, given: HandIn, comments: dict[int, str]) -> None:
    """What 'nbgrader release_feedback' sends."""
    said = [{"step": module.step(number).id, "comment": words} for number, words in comments.items()]
    page = f'<html><script type="application/json" id="ppm-comments">{json.dumps({"comments": said})}</script></html>'.encode()
    done(store.write(mailbox.deliver, ANA, module.name, given.id, "module", page))


def open_ones(store: Store, course: str = "c") -> list[tuple[str, str]]:
    """The open wishes, by kind and what was said later."""
    found = done(store.read(wishes.standing, course))
    return [(one["wish"], one["later"]) for one in found if not one["closed_at"]]


def tap(store: Store, module: Module, reply: str) -> None:
    """The learner answers the newest comment on the first step."""
    done(store.write(sharing.answer_comment, ANA, module.name, module.step(_STEP_1).id, reply))


def comments(store: Store, module: Module) -> list[dict[str, Any]]:
    """What the learner's page shows."""
    return done(store.read(sharing.module_comments, ANA, module.name))


def test_a_call_stands_until_somebody_called(store: Store, module: Module, share: Share) -> None:
    """A typo that is mended, a comment withdrawn and written again, another hand-in, taking back: the call is still asked for."""
    given = share(FIRST)
    give_back(store, module, given, {_STEP_1: "Thank you for thsi."})
    tap(store, module, CALL)
    give_back(store, module, given, {_STEP_1: "Thank you for this."})
    assert open_ones(store) == [(CALL, None)]
    assert [(one["reply"], one["new"]) for one in comments(store, module)] == [(CALL, True)]
    give_back(store, module, given, {})
    assert open_ones(store) == [(CALL, None)]
    give_back(store, module, given, {_STEP_1: "Thank you once more."})
    again = share(SECOND)
    give_back(store, module, again, {_STEP_1: "I read it again."})
    assert open_ones(store) == [(CALL, None)]
    done(store.write(sharing.take_back, ANA, module.name))
    assert open_ones(store) == [(CALL, None), ("taken-back", None)]
    call = done(store.read(wishes.standing, "c"))[0]
    done(store.write(wishes.close, "c", call["key"], "fay"))
    assert open_ones(store) == [("taken-back", None)]
    closed = [one for one in done(store.read(wishes.standing, "c")) if one["closed_at"]]
    assert [(one["wish"], one["closed_by"]) for one in closed] == [(CALL, "fay")]
    done(store.write(wishes.open_again, "c", call["key"]))
    assert open_ones(store)[0] == (CALL, None)


def test_another_tap_stands_beside_the_call(store: Store, module: Module, share: Share) -> None:
    """Whoever tapped "Please call me" and then "No, thanks" is still seen; a person decides what that means."""
    give_back(store, module, share(FIRST), {_STEP_1: "Thank you."})
    tap(store, module, CALL)
    tap(store, module, "no-thanks")
    assert open_ones(store) == [(CALL, "no-thanks")]
    tap(store, module, CALL)
    assert open_ones(store) == [(CALL, None)]
    tap(store, module, MORE)
    assert open_ones(store) == [(CALL, MORE), (MORE, None)]


def withdraw(store: Store, module: Module, kind: str, step: int = _STEP_1, who: Learner = ANA) -> None:
    done(store.write(wishes.withdraw, who, module.name, module.step(step).id, kind))


def test_a_learner_withdraws_what_nobody_has_read(store: Store, module: Module, share: Share) -> None:
    """Nobody hears of it, and sharing the same way again does not ask again; the learner can."""
    given = share(FIRST, reply=True, other_way=_STEP_2)
    give_back(store, module, given, {_STEP_2: "Hello."})
    done(store.write(sharing.answer_comment, ANA, module.name, module.step(_STEP_2).id, CALL))
    assert sorted(open_ones(store)) == [("other-way", None), (CALL, None), ("reply-wanted", None)]
    withdraw(store, module, "reply-wanted")
    withdraw(store, module, "other-way", _STEP_2)
    withdraw(store, module, CALL, _STEP_2)
    assert done(store.read(wishes.standing, "c")) == []
    assert [one["reply"] for one in comments(store, module)] == [None] and done(store.read(mailbox.replies, "c")) == []
    share(SECOND, other_way=_STEP_2)
    assert done(store.read(wishes.standing, "c")) == []
    mine = done(store.read(wishes.of_learner, ANA))[module.name]
    assert sorted((one["wish"], bool(one["withdrawn"])) for one in mine) == [("other-way", True), (CALL, True), ("reply-wanted", True)]
    assert all(one["withdrawn"] for one in taken(store, ANA)["wishes"])
    done(store.write(wishes.ask_again, ANA, module.name, module.step(_STEP_2).id, "other-way"))
    done(store.write(sharing.answer_comment, ANA, module.name, module.step(_STEP_2).id, CALL))
    assert open_ones(store) == [(CALL, None), ("other-way", None)]
    for _ in range(3):
        withdraw(store, module, CALL, _STEP_2)
        done(store.write(sharing.answer_comment, ANA, module.name, module.step(_STEP_2).id, CALL))
    assert sorted(one["wish"] for one in taken(store, ANA)["wishes"]) == ["other-way", CALL, "reply-wanted"], "no loop fills the table"


def test_whoever_read_a_wish_is_told_that_it_was_withdrawn(store: Store, module: Module, share: Share) -> None:
    """It stands among what is done, by nobody's hand, and no facilitator opens it again; what came after the page was read is not told."""
    share(FIRST, other_way=_STEP_2)
    found = done(store.read(wishes.standing, "c"))
    done(store.write(wishes.was_shown, "c", max(one["time"] for one in found)))
    done(store.write(wishes.was_shown, "c", "2020-01-01T00:00:00.000000Z"))  # a page that was drawn before and came later
    share(SECOND, reply=True, other_way=_STEP_2)
    withdraw(store, module, "other-way", _STEP_2)
    withdraw(store, module, "reply-wanted")
    assert [(one["wish"], one["closed_by"]) for one in done(store.read(wishes.standing, "c"))] == [("other-way", wishes.WITHDRAWN)]
    done(store.write(wishes.open_again, "c", found[0]["key"]))
    assert open_ones(store) == []
    done(store.write(wishes.ask_again, ANA, module.name, module.step(_STEP_2).id, "other-way"))
    assert open_ones(store) == [("other-way", None)]
    withdraw(store, module, "other-way", _STEP_2)
    assert [one["closed_by"] for one in done(store.read(wishes.standing, "c"))] == [wishes.WITHDRAWN]


def test_nobody_withdraws_anybody_elses_wish_or_what_is_none(store: Store, module: Module, share: Share) -> None:
    """Nor what a person has done, nor that something was taken back."""
    share(FIRST, other_way=_STEP_2)
    done(store.write(sharing.take_back, ANA, module.name))
    done(store.write(wishes.close, "c", next(one["key"] for one in done(store.read(wishes.standing, "c")) if one["wish"] == "other-way"), "fay"))
    step = module.step(_STEP_2).id
    share(SECOND, reply=True)
    for who, place, kind in ((OTHER, module.step(_STEP_1).id, "reply-wanted"), (ANA, step, "reply-wanted"), (ANA, step, "other-way"), (ANA, "", "taken-back"), (ANA, step, "no-such")):
        for change in (wishes.withdraw, wishes.ask_again):
            with pytest.raises(Refused) as refused:
                done(store.write(change, who, module.name, place, kind))
            assert refused.value.reason == "not-here"
    assert open_ones(store) == [("reply-wanted", None), ("taken-back", None)]


def test_a_course_closes_its_own_wishes_only(store: Store, module: Module, share: Share) -> None:
    """A facilitator of another course neither sees nor closes one."""
    give_back(store, module, share(FIRST), {_STEP_1: "Thank you."})
    tap(store, module, CALL)
    key = done(store.read(wishes.standing, "c"))[0]["key"]
    assert done(store.read(wishes.standing, "other")) == []
    for change in (lambda: store.write(wishes.close, "other", key, "gus"), lambda: store.write(wishes.open_again, "other", key)):
        with pytest.raises(Refused) as refused:
            done(change())
        assert refused.value.reason == "not-here"
    assert open_ones(store) == [(CALL, None)]


def test_another_way_and_taking_back_are_told(store: Store, module: Module, share: Share) -> None:
    """"I would rather talk or draw" reaches the facilitators once, and so does a take-back."""
    share(FIRST, other_way=_STEP_2)
    share(SECOND, other_way=_STEP_2)
    assert open_ones(store) == [("other-way", None)]
    done(store.write(wishes.close, "c", done(store.read(wishes.standing, "c"))[0]["key"], "fay"))
    share(FIRST + " And more.", other_way=_STEP_2)
    assert open_ones(store) == []
    done(store.write(sharing.take_back, ANA, module.name))
    assert open_ones(store) == [("taken-back", None)]


def test_a_comment_belongs_to_its_hand_in(store: Store, module: Module, share: Share) -> None:
    """nbgrader carries a comment over to the next hand-in. It is no new one there, and answers no wish."""
    first = share(FIRST, reply=True)
    give_back(store, module, first, {_STEP_1: "Whom would you ask?"})
    assert open_ones(store) == []
    tap(store, module, "no-thanks")
    second = share(SECOND, reply=True)
    assert open_ones(store) == [("reply-wanted", None)]
    give_back(store, module, second, {_STEP_1: "Whom would you ask?"})
    give_back(store, module, second, {_STEP_1: "Whom would you ask?"})
    assert [(one["comment"], one["new"], one["reply"]) for one in comments(store, module)] == [("Whom would you ask?", False, "no-thanks")]
    assert open_ones(store) == [("reply-wanted", None)]
    third = share(FIRST + " That is all.", reply=True)
    give_back(store, module, third, {_STEP_1: "Whom would you ask?"})
    assert len(comments(store, module)) == 1 and open_ones(store) == [("reply-wanted", None)]
    give_back(store, module, third, {_STEP_1: "Your sister, then."})
    assert [(one["comment"], one["new"]) for one in comments(store, module)] == [("Whom would you ask?", False), ("Your sister, then.", True)]
    assert open_ones(store) == []


def test_the_same_words_on_two_steps_are_two_comments(store: Store, module: Module, share: Share) -> None:
    """Only the same step's earlier comment counts as said before."""
    give_back(store, module, share(FIRST), {_STEP_1: "Thank you."})
    give_back(store, module, share(SECOND), {_STEP_1: "Thank you.", _STEP_2: "Thank you."})
    assert sorted(one["step"] for one in comments(store, module)) == sorted(module.step(number).id for number in (_STEP_1, _STEP_2))


def test_wishes_belong_to_the_learner(store: Store, module: Module, share: Share) -> None:
    """They are in the learner's copy, and go with an erasure."""
    give_back(store, module, share(FIRST), {_STEP_1: "Thank you."})
    tap(store, module, CALL)
    assert [one["wish"] for one in taken(store, ANA)["wishes"]] == [CALL]
    done(store.write(erasing.erase, OTHER, "learner"))
    assert open_ones(store) == [(CALL, None)]
    assert done(store.write(erasing.erase, ANA, "learner"))["removed"]["wishes"] == 1
    assert done(store.read(wishes.standing, "c")) == []


def test_an_older_store_keeps_its_wishes(url: str, store: Store, module: Module, share: Share) -> None:
    """Wishes of a store from before they had a table are taken over when it is brought up to date."""
    give_back(store, module, share(FIRST, reply=True), {_STEP_1: "Thank you."})
    tap(store, module, CALL)
    share(SECOND, reply=True, other_way=_STEP_2)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sql("DROP TABLE wishes"))
        connection.execute(sql("DROP TABLE people"))
        connection.execute(sql("DROP TABLE credits"))
        connection.execute(sql("ALTER TABLE hand_ins DROP COLUMN collected_at"))
        connection.execute(sql("ALTER TABLE hand_ins DROP COLUMN expired_at"))
        connection.execute(sql("UPDATE hand_ins SET read_at = time"))  # which was when it was collected
        config.attributes["connection"] = connection
        command.stamp(config, "0003")
    newer = Store(url)
    assert open_ones(newer) == [(CALL, None), ("reply-wanted", None), ("other-way", None)]
    assert done(newer.read(sharing.newest, ANA, module.name))["read"] is False  # collected then; opened, nobody knows
    assert [one["kind"] for one in done(newer.write(erasing.erase, ANA, "learner"))["left"]] == ["collected"]
    newer.close()
