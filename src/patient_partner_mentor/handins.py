"""The hand-in: what a learner chose to share of one module, made from the journal at the moment of sharing.

An answer that is kept, skipped or done another way carries its status and nothing else: no text, no times. The id is
made by the learner's side and kept there before anything is sent, so that a second try is the same hand-in.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from .curriculum import Slug
from .errors import RecordError
from .limits import HAND_IN, Unreadable, read_json
from .reflections import (
    NEXT_STEP,
    SCHEMA_VERSION,
    Answer,
    Hash,
    Journal,
    Language,
    SchemaVersion,
    Status,
    Text,
    Whole,
    listed,
    read_record,
    Record,
    blank,
)

HAND_IN_FILE = "reflections.json"
LARGEST = HAND_IN.size
_SHARED_ONLY = ("text", "prompt", "prompt_hash", "language", "enough", "again", "lighter")


class SharedAnswer(Record):
    """One step of a hand-in. ``text`` and what belongs to it are there only if the learner shared written words."""

    step: Slug
    status: Status
    share: bool = False
    text: Text | None = Field(default=None, repr=False)
    prompt: Text | None = None
    prompt_hash: Hash | None = None
    language: Language | None = None
    enough: bool = False
    again: bool = False
    lighter: bool = False

    @model_validator(mode="after")
    def _words_only_where_shared(self) -> SharedAnswer:
        given = self.status == "written" and self.share
        if not given and (self.share or any(getattr(self, name) for name in _SHARED_ONLY)):
            raise ValueError("words stand with an answer that is not shared")
        if given and (self.text is None or blank(self.text) or self.prompt is None or self.prompt_hash is None or self.language is None):
            raise ValueError("a shared answer lacks its words, prompt or language")
        return self


class HandIn(Record):
    """What a learner shares of a module. Who handed it in, and when, is said by whoever took it, never by the file."""

    model_config = ConfigDict(
        title="Hand-in of a module of a Patient Partner Mentor course",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    schema_version: SchemaVersion
    id: Annotated[str, Field(pattern=r"^[a-z0-9]{8,64}$")]
    course: Slug
    module: Slug
    module_version: Whole
    answers: Annotated[tuple[SharedAnswer, ...], Field(max_length=40), BeforeValidator(listed)] = ()
    reply_wanted: Slug | None = None

    @model_validator(mode="after")
    def _each_step_once(self) -> HandIn:
        steps = [one.step for one in self.answers]
        if len(set(steps)) != len(steps):
            raise ValueError("a step stands there twice")
        if self.reply_wanted is not None and not any(one.step == self.reply_wanted and one.share for one in self.answers):
            raise ValueError("a reply is wanted to words that are not shared")
        return self

    def answer(self, step: str) -> SharedAnswer | None:
        """What the hand-in says of a step, or nothing."""
        return next((one for one in self.answers if one.step == step), None)


def hand_in(journal: Journal, id: str, steps: Iterable[str], shared: Collection[str], reply_wanted: str | None = None) -> HandIn:
    """The hand-in of a journal.

    :param id: 8 to 64 lower-case letters and digits, made by the learner's side beforehand
    :param steps: the module's step ids, in order; an untouched one is said to be open
    :param shared: the steps whose written words are shared; ``next-step`` may be one of them
    :param reply_wanted: the one shared step that the learner would like a reply to
    :raises RecordError: if it cannot be made so, for example for a reply to words that are not shared
    """
    names = [*steps, *([NEXT_STEP] if NEXT_STEP in shared else [])]
    return read_hand_in(
        {
            "schema_version": SCHEMA_VERSION,
            "id": id,
            "course": journal.course,
            "module": journal.module,
            "module_version": journal.module_version,
            "answers": [_shared(name, journal.answer(name), name in shared) for name in names],
            "reply_wanted": reply_wanted,
        }
    )


def read_hand_in(data: Any) -> HandIn:
    """A hand-in out of data of any origin, with the known fields only.

    :raises NewerRecordError: when a newer version of the course wrote it
    :raises RecordError: when it is none, or holds words that are not shared
    """
    return read_record(HandIn, data)


def parse_hand_in(raw: bytes) -> HandIn:
    """A hand-in out of the bytes of a file.

    :raises RecordError: when it is too large, too deeply nested, not UTF-8, not JSON, or no hand-in
    """
    why, data = "broken", None
    try:
        data = read_json(raw, HAND_IN)
    except Unreadable as error:
        why = error.why
    if why == "large":
        raise RecordError(f"This hand-in has more than {LARGEST} bytes. No module can fill that; another program wrote it. Hand in again from the course.")
    if data is None:
        raise RecordError("This hand-in is not JSON. It is probably cut off, or another program wrote it. Hand in again from the course.")
    return read_hand_in(data)


def open_hand_in(path: Path) -> HandIn:
    """A hand-in out of a file that anybody may have put there: only a regular file is opened, and never a link.

    :raises RecordError: when there is none, or it cannot be read; no message holds any of its text, nor a path
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        raise RecordError("There is no hand-in here that is a plain file. It was not handed in by the course. Hand in again from the course.") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise RecordError("The hand-in is no plain file of its own. It was not handed in by the course. Hand in again from the course.")
        raw = file.read(LARGEST + 1)
    return parse_hand_in(raw)


def hand_in_schema() -> dict[str, Any]:
    """The JSON Schema of a hand-in; a copy is published under ``schemas/``."""
    return HandIn.model_json_schema()


def _shared(step: str, answer: Answer | None, share: bool) -> dict[str, Any]:
    if answer is None:
        return {"step": step, "status": "open"}
    if answer.status != "written" or not share:
        return {"step": step, "status": answer.status}
    return {"step": step, "status": "written", "share": True} | {name: getattr(answer, name) for name in _SHARED_ONLY}
