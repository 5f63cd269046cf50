"""Steps that a human counts, on SQLite and PostgreSQL: the learner's pages are told, and what is told lowers nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.handins import HandIn
from patient_partner_mentor.hub import erasing, kept, mailbox, sharing
from patient_partner_mentor.hub.comment_data import carried
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.refusals import Refused
from patient_partner_mentor.hub.service_settings import Quotas
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.tables import credits
from tests.integration import service_asking as asking
from tests.integration.test_service_store import done, taken

ANA, BEN = Learner("c", "ana"), Learner("c", "ben")


@pytest.fixture
def store(stores: list[Store]) -> Store:
    """One of the two replicas."""
    return stores[0]


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


def share(store: Store, module: Module, words: str, who: Learner = ANA) -> HandIn:
    """The learner shares the first step's words."""
    done(store.write(sharing.set_consent, who, False, False, False, asking.SEEN))
    given = asking.sharing(module, {1: words})
    done(store.write(sharing.share, who, module.name, given, Quotas()))
    return given


def give_back(store: Store, module: Module, given: HandIn, states: dict[int, str], who: Learner = ANA) -> None:
    """What 'nbgrader release_feedback' sends."""
    said = {"comments": [], "credits": [{"step": module.step(number).id, "state": state} for number, state in states.items()]}
    page = f'<html><script type="application/json" id="ppm-comments">{json.dumps(said)}</script></html>'.encode()
    done(store.write(mailbox.deliver, who, module.name, given.id, "module", page))


def told(store: Store, course: Course, module: Module, who: Learner = ANA) -> dict[int, str]:
    """What the learner's pages are told, by step number."""
    found = done(store.read(sharing.states, who, course))[module.id]["credited"]
    return {one.number: found[one.id]["state"] for one in module.steps if one.id in found}


def test_what_a_human_counts_is_told(store: Store, course: Course, module: Module) -> None:
    """Released again, a mistake is put right; nobody else's pages say anything."""
    given = share(store, module, "Few words")
    share(store, module, "Other words", BEN)
    assert told(store, course, module) == {}
    give_back(store, module, given, {1: "done", 2: "begun"})
    assert told(store, course, module) == {1: "done", 2: "begun"}
    since = done(store.read(sharing.states, ANA, course))[module.id]["credited"][module.step(1).id]["time"]
    give_back(store, module, given, {1: "done", 3: "done"})
    assert told(store, course, module) == {1: "done", 3: "done"}
    assert done(store.read(sharing.states, ANA, course))[module.id]["credited"][module.step(1).id]["time"] == since
    assert told(store, course, module, BEN) == told(store, course, course.modules[1]) == {}


def test_what_was_counted_once_stays_counted(store: Store, course: Course, module: Module) -> None:
    """Another hand-in with less, and words taken back, take no credit away."""
    give_back(store, module, share(store, module, "Few words"), {1: "done", 2: "begun"})
    give_back(store, module, share(store, module, "Other words"), {2: "done"})
    assert told(store, course, module) == {1: "done", 2: "done"}
    done(store.write(sharing.take_back, ANA, module.name))
    assert told(store, course, module) == {1: "done", 2: "done"}


def test_it_is_in_the_copy_and_goes_with_everything(store: Store, course: Course, module: Module) -> None:
    give_back(store, module, share(store, module, "Few words"), {1: "done"})
    give_back(store, module, share(store, module, "Few words", BEN), {1: "done"}, BEN)
    copied = [(one["module"], one["step"], one["state"]) for one in taken(store, ANA)["credits"]]
    assert copied == [(module.name, module.step(1).id, "done")]
    assert done(store.write(erasing.erase, ANA, "learner"))["removed"]["credits"] == 1
    assert told(store, course, module) == {} and told(store, course, module, BEN) == {1: "done"}


def test_it_outlives_the_words_and_goes_with_the_record(store: Store, course: Course, module: Module) -> None:
    """At a cohort's end; and it comes back with what comes back, unless a newer word of a human's is there."""
    given = share(store, module, "Few words")
    give_back(store, module, given, {1: "done", 2: "begun"})
    _keep(store, kept.WORDS, 1)
    assert told(store, course, module) == {1: "done", 2: "begun"}
    _keep(store, kept.RECORD, 2)
    assert told(store, course, module) == {}
    done(store.write(kept.restore_some, "c", 2))
    assert told(store, course, module) == {1: "done", 2: "begun"}
    _keep(store, kept.RECORD, 3)
    again = share(store, module, "Few words")
    give_back(store, module, again, {2: "done"})
    done(store.write(kept.restore_some, "c", 3))
    assert told(store, course, module) == {1: "done", 2: "done"}


def _keep(store: Store, kind: str, expiry: int) -> None:
    while done(store.write(kept.keep_some, "c", kind, expiry, "2027-01-01T00:00:00.000000Z")):
        pass
    with store.engine.connect() as connection:
        left = connection.execute(select(func.count()).select_from(credits)).scalar_one()
    assert left == (0 if kind == kept.RECORD else 2)


@pytest.mark.parametrize("said", [{"step": "my-skills"}, {"step": "my-skills", "state": "open"}, {"step": "my-skills", "state": ["done"]}, {"step": "My Skills", "state": "done"}, {"state": "done"}, "done", None])
def test_a_damaged_credit_is_refused(said: Any) -> None:
    """As damaged comments are, and with nothing of it kept."""
    page = f'<script id="ppm-comments">{json.dumps({"comments": [], "credits": [said]})}</script>'.encode()
    with pytest.raises(Refused):
        carried(page)
