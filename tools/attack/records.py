"""Good answers and hand-ins of the course, for the attacks to spoil and the neighbor to save."""

from __future__ import annotations

import random
import secrets
from typing import Any

from patient_partner_mentor import COURSE_ID
from patient_partner_mentor.curriculum import Module
from patient_partner_mentor.reflections import LIMIT, Answer, Question, change, fresh

SENTENCE = "Last week I asked my neighbor to drive me to the clinic, and I was surprised how glad she was. "
WIDEST = "\N{SUNFLOWER}"  # four bytes of UTF-8, one character of the limit
SEEN = "0123456789abcdef"
AGREED = {"course": False, "quotes": False, "research": False, "seen": SEEN}


def question(module: Module, number: int) -> Question:
    """What a step asks."""
    step = module.step(number)
    return Question(
        course=COURSE_ID, module=module.id, step=step.id, module_version=module.version, prompt=step.prompt, prompt_hash=step.prompt_hash, language="en"
    )


def written(module: Module, number: int, text: str, before: Answer | None = None, writer: str = "w1") -> Answer:
    """A written answer, or the next version of one."""
    asked = question(module, number)
    return change(before or fresh(asked, writer), {"text": text}, asked, writer, "2026-11-24T10:00:00Z")


def spoiled(module: Module, number: int, **fields: Any) -> dict[str, Any]:
    """The body of a save whose answer has other fields."""
    return {"answer": written(module, number, SENTENCE).model_dump(mode="json") | fields, "seen": None}


def tiny_overtaken(module: Module, chance: random.Random, count: int = 52_000) -> dict[str, Any]:
    """A save within every size, of very many small parts."""
    past = [{"text": f"{chance.randrange(10**6)}", "revision": {"count": 1, "writer": "w"}, "prompt": "p"} for _ in range(count)]
    return spoiled(module, 1, overtaken=past)


def large(module: Module, number: int, chance: random.Random) -> dict[str, Any]:
    """A save of some three million bytes, as large as the course's own limits let one be."""
    widest = WIDEST * (LIMIT - 8)
    past = [{"text": f"{chance.randrange(10**8):08}{widest}", "revision": {"count": n, "writer": "w"}, "prompt": widest} for n in range(19)]
    return spoiled(module, number, overtaken=past, revision={"count": 1000 + chance.randrange(10**6), "writer": "w"})


def hand_in(module: Module, text: str = SENTENCE, prompt: str | None = None, steps: int = 5) -> dict[str, Any]:
    """A hand-in that shares the same words in each step."""
    answers = [
        {"step": one.step, "status": "written", "share": True, "text": text, "prompt": prompt or one.prompt, "prompt_hash": one.prompt_hash, "language": "en"}
        for one in (question(module, number) for number in range(1, steps + 1))
    ]
    return {"schema_version": 1, "id": secrets.token_hex(8), "course": COURSE_ID, "module": module.id, "module_version": module.version, "answers": answers}
