"""What tests of the course service send: answers, hand-ins and archives, made through the real records."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from typing import Any

from patient_partner_mentor import COURSE_ID
from patient_partner_mentor.curriculum import Module
from patient_partner_mentor.handins import HandIn, hand_in
from patient_partner_mentor.hub.journals import Learner
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.taking import Taking
from patient_partner_mentor.reflections import Answer, Question, assemble, change, fresh, read_journal
from tests.hub_running import COURSE, Hub

SEEN = "0123456789abcdef"


def answer(module: Module, number: int, text: str, writer: str = "w1", times: int = 1, **patch: Any) -> Answer:
    """A written answer to a step, changed so many times by one writer."""
    step = module.step(number)
    question = Question(
        course=COURSE_ID, module=module.id, step=step.id, module_version=module.version, prompt=step.prompt, prompt_hash=step.prompt_hash, language="en"
    )
    found = fresh(question, writer)
    for _ in range(times):
        found = change(found, {"text": text, **patch}, question, writer, "2026-11-24T10:00:00Z")
    return found


def sharing(module: Module, texts: dict[int, str], shared: Collection[int] = (), id: str | None = None) -> HandIn:
    """A hand-in of a module with these words, by step number; without ``shared``, all of them are shared."""
    answers = [answer(module, number, text) for number, text in texts.items()]
    empty = read_journal({"schema_version": 1, "course": COURSE_ID, "module": module.id, "module_version": module.version})
    chosen = [module.step(number).id for number in (shared or texts)]
    return hand_in(assemble(empty, answers), id or secrets.token_hex(8), [step.id for step in module.steps], chosen)


async def copy_of(store: Store, who: Learner) -> Any:
    """A learner's copy of all that a store holds, as the service streams it."""
    return json.loads(b"".join([piece async for piece in Taking(store, who, lambda size: None).everything()]))


def save(hub: Hub, user: str, one: Answer, seen: Any = None, course: str = COURSE) -> Any:
    """Save an answer as a learner's page does."""
    body = {"answer": one.model_dump(mode="json"), "seen": seen}
    return hub.ask(user, "PUT", f"{course}/api/journal/{one.module}/{one.step}", json=body)


def share(hub: Hub, user: str, given: HandIn, agree: bool = True) -> Any:
    """Share as a learner's page does, after the consent page."""
    if agree:
        hub.ask(user, "PUT", f"{COURSE}/api/consent", json={"course": False, "quotes": False, "research": False, "seen": SEEN}).raise_for_status()
    return hub.ask(user, "POST", f"{COURSE}/api/share/{given.module}", data=given.model_dump_json().encode(), headers={"Content-Type": "application/json"})
