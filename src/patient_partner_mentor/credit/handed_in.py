"""The credit of a hand-in, step by step, and each step as the plain text that a facilitator reads.

The notebooks' cells under stock nbgrader and our own grading both call this, so that they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .. import COURSE_ID
from ..curriculum import Module, Step
from ..errors import RecordError
from ..handins import HandIn, SharedAnswer
from ..interface import text
from ..reflections import NEXT_STEP
from .check import Outcome, check
from .lines import own_words
from .rules import RULES, State

STATE_TEXTS: dict[State, str] = {"done": "form.state_done", "begun": "form.state_begun", "open": "form.state_open"}
_NOTES = {
    "skipped": "grading.skipped",
    "kept": "grading.kept",
    "other-way": "grading.other_way",
    "language": "grading.language",
    "lighter": "grading.lighter",
    "copied": "grading.asked_copied",
    "repeated": "grading.asked_repeated",
    "short": "grading.asked_short",
}
# What a terminal, or a page that plays one, would obey: all control characters but the tab and the line feed.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class StepCredit:
    """One step of a hand-in: what was answered, what it counts for, and whether a reply would be welcome."""

    step: Step
    answer: SharedAnswer | None
    outcome: Outcome
    reply_wanted: bool = False

    @property
    def words(self) -> str:
        """The shared words, or nothing."""
        return (self.answer.text or "") if self.answer and self.answer.share else ""


def credited(module: Module, given: HandIn | None) -> tuple[StepCredit, ...]:
    """What each of the module's steps counts for; without a hand-in all are open.

    :raises RecordError: if the hand-in is of another module
    """
    if given and (given.course, given.module) != (COURSE_ID, module.id):
        raise RecordError(f"This is a hand-in of another module, not of {module.name}. It was probably put here by hand. Collect it again.")
    found: list[StepCredit] = []
    earlier: list[str] = []
    for step in module.steps:
        answer = given.answer(step.id) if given else None
        outcome = _outcome(step, answer, earlier)
        found.append(StepCredit(step, answer, outcome, bool(given and answer and given.reply_wanted == step.id)))
        if answer and answer.text:
            earlier.append(own_words(answer.text, step.parts))
    return tuple(found)


def shown(one: StepCredit) -> str:
    """A step as a facilitator reads it: what it counts for, what to know, the question, and the shared words as plain text."""
    note = text(_NOTES[one.outcome.reason]) if one.outcome.reason in _NOTES else ""
    lines = [f"{text(STATE_TEXTS[one.outcome.state])}. {note}".rstrip()]
    if one.reply_wanted:
        lines.append(text("grading.reply_wanted"))
    if one.words:
        lines += ["", *_question(one), "", one.words]
    return plain("\n".join(lines))


def _question(one: StepCredit) -> list[str]:
    """The question that was answered; and the step's own where that is another by now, unless it was the lighter one."""
    asked = one.answer.prompt if one.answer and one.answer.prompt else one.step.prompt
    lines = [text("grading.question", prompt=asked)]
    if one.answer and one.answer.prompt_hash != one.step.prompt_hash:
        lines.append(text("grading.question_now", prompt=one.step.prompt))
    return lines


def shown_next_step(given: HandIn | None) -> str:
    """The shared line to take away from a module, or nothing."""
    answer = given.answer(NEXT_STEP) if given else None
    return plain(answer.text) if answer and answer.text else ""


def plain(words: str) -> str:
    """Text without characters that would steer a terminal or turn the direction of what follows."""
    return _CONTROLS.sub("\ufffd", words.replace("\r\n", "\n").replace("\r", "\n"))


def state_of(points: float) -> State:
    """The state that this credit stands for, also where a human gave it."""
    return "done" if points >= RULES.points["done"] else "begun" if points > 0 else "open"


def raised_by(points: float | None, outcome: Outcome) -> State | None:
    """The state to which a human's score raises a step, or nothing: no score of theirs lowers what the check counts."""
    given = state_of(points or 0.0)
    return given if RULES.points[given] > RULES.points[outcome.state] else None


def _outcome(step: Step, answer: SharedAnswer | None, earlier: Sequence[str]) -> Outcome:
    if answer is None:
        return check("", status="open")
    same_question = answer.prompt_hash == step.prompt_hash
    parts = step.parts if same_question else ()
    return check(
        own_words(answer.text or "", step.parts),
        status=answer.status,
        shared=answer.share,
        prompt="\n".join((answer.prompt or "", *parts)),
        earlier=earlier,
        language=_primary(answer.language),
        enough=answer.enough,
        again=answer.again,
        lighter=answer.lighter,
    )


def _primary(language: str | None) -> str:
    """The language without its region: word lists are for languages."""
    return (language or RULES.languages[0]).split("-")[0].lower()
