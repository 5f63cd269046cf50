"""The record of reflections: answers, their revisions, and the journal of one module. The twin of ``form/record.js``.

The same rules stand in the browser; ``tests/data/record_vectors.json`` holds the two together. Reading is strict about
what an answer is and leaves unknown fields out; what is read is clean, and a change makes a new answer.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from .curriculum import Slug
from .errors import NewerRecordError, RecordError
from .limits import part_marks

SCHEMA_VERSION = 1
LIMIT = 20_000  # characters of a text, counted as code points
OVERTAKEN = 20  # overtaken texts that are kept
LONGEST_PAST = 5 * OVERTAKEN  # of a list that is read; more of them are no list of ours
ANSWERS = 2_000  # answers that a file may hold
NEXT_STEP = "next-step"
FLAGS = ("share", "enough", "again", "lighter", "reply_wanted")
# What String.prototype.trim takes away: https://tc39.es/ecma262/#sec-white-space. Python's strip() differs.
_SPACES = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

Status = Literal["open", "written", "skipped", "other-way"]


def clean(text: str) -> str:
    """Plain text as it is kept: Unicode NFC, lone surrogates replaced, endless runs of marks parted, at most LIMIT code points."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return part_marks(unicodedata.normalize("NFC", part_marks(whole)))[:LIMIT]  # once more: one mark can become two


def blank(text: str) -> bool:
    """Whether there is nothing to read in it, by the browser's idea of white space."""
    return not text.strip(_SPACES)


def _number(value: Any) -> int:
    """A whole number as a browser reads it from JSON: 1.0 is one, true is none."""
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:  # Infinity, in a browser
        number = math.inf
    if not number.is_integer():
        raise ValueError("a whole number is expected")
    return int(number)


def _version(value: Any) -> int:
    found = _number(value)
    if found > SCHEMA_VERSION:
        raise NewerRecordError(found, SCHEMA_VERSION)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is expected")
    return clean(value)


def listed(value: Any) -> Any:
    return () if value is None else tuple(value) if isinstance(value, list) else value


def _few(value: Any) -> Any:
    """A list that no browser of ours ever made is counted before any of it is looked at: it would take seconds."""
    if isinstance(value, list) and len(value) > LONGEST_PAST:
        raise ValueError("more earlier texts than a course ever keeps")
    return listed(value)


SchemaVersion = Annotated[Literal[1], BeforeValidator(_version)]
Whole = Annotated[int, Field(ge=1), BeforeValidator(_number)]
Count = Annotated[int, Field(ge=0, lt=10**12), BeforeValidator(_number)]
Writer = Annotated[str, Field(pattern=r"^[a-z0-9]{1,32}$")]
Text = Annotated[str, Field(max_length=LIMIT), BeforeValidator(_text)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{2,20}$")]
Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")]


class Record(BaseModel):
    """What every record has in common: frozen, strict, unknown fields left out, and no text of it in an error."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class Revision(Record):
    """Which version of an answer it is: a counter, and the random id of who wrote it."""

    count: Count
    writer: Writer


class Overtaken(Record):
    """A text that was overtaken, with what is needed to read it later. ``time`` is UTC, for display only."""

    text: Text = Field(repr=False)
    time: Time | None = None
    revision: Revision
    prompt: Text


class Question(Record):
    """What a form asks: the step, the words of the prompt with their hash, and the lighter prompt if there is one."""

    course: Slug
    module: Slug
    step: Slug
    module_version: Whole
    prompt: Text
    prompt_hash: Hash
    lighter: Text | None = None
    language: Language


class Answer(Record):
    """A learner's answer to one step, or to "my next step" (step ``next-step``).

    ``time`` is UTC and for display only. ``prompt`` holds the words that were answered, the lighter ones if those were
    chosen; ``prompt_hash`` always names the step's question.
    """

    schema_version: SchemaVersion
    course: Slug
    module: Slug
    step: Slug
    module_version: Whole
    prompt: Text
    prompt_hash: Hash
    text: Text = Field(repr=False)
    status: Status
    share: bool = False
    enough: bool = False
    again: bool = False
    lighter: bool = False
    reply_wanted: bool = False
    language: Language
    revision: Revision
    time: Time | None = None
    overtaken: Annotated[tuple[Overtaken, ...], BeforeValidator(_few)] = Field(
        default=(), repr=False, json_schema_extra={"maxItems": OVERTAKEN}
    )

    @field_validator("status")
    @classmethod
    def _status_fits_text(cls, value: Status, info: ValidationInfo) -> Status:
        return _settled_status(value, info.data.get("text", ""))

    @field_validator("overtaken")
    @classmethod
    def _newest_are_kept(cls, value: tuple[Overtaken, ...]) -> tuple[Overtaken, ...]:
        return gather(value)


class Journal(Record):
    """All answers of one learner to one module, kept ones included, in order of step id; and "my next step"."""

    model_config = ConfigDict(
        title="Journal of a module of a Patient Partner Mentor course",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    schema_version: SchemaVersion
    course: Slug
    module: Slug
    module_version: Whole
    answers: Annotated[tuple[Answer, ...], Field(max_length=ANSWERS), BeforeValidator(listed)] = ()
    next_step: Answer | None = None

    def answer(self, step: str) -> Answer | None:
        """The answer to a step, or nothing if nobody has touched it."""
        everything = (*self.answers, self.next_step)
        return next((one for one in everything if one and one.step == step), None)


def compare(a: Revision, b: Revision) -> int:
    """Which of two revisions is newer: positive when ``a`` is. A counter decides, then the writer's id; never a clock."""
    return a.count - b.count or (a.writer > b.writer) - (a.writer < b.writer)


def fresh(question: Question, writer: str) -> Answer:
    """An answer to a question that nobody has touched yet."""
    return Answer(
        **question.model_dump(exclude={"lighter"}),
        schema_version=SCHEMA_VERSION,
        status="open",
        text="",
        revision=Revision(count=0, writer=writer),
    )


def change(answer: Answer, patch: Mapping[str, Any], question: Question, writer: str, time: str | None) -> Answer:
    """The answer after a change by this writer. A changed question takes the earlier words along as overtaken.

    :param patch: new values by field name; only a text is checked, and cleaned
    """
    revision = Revision(count=answer.revision.count + 1, writer=writer)
    after = answer.model_copy(update={**patch, "revision": revision, "time": time})
    update: dict[str, Any] = {"text": clean(after.text)}
    update["status"] = _settled_status(after.status, update["text"])
    if question.prompt_hash != answer.prompt_hash and not blank(answer.text):
        if update["text"] == answer.text:  # a tick or a skip does not make old words an answer to a new question
            return after.model_copy(update=update)
        update["overtaken"] = gather(after.overtaken, [past(answer)])
    update |= {"prompt_hash": question.prompt_hash, "module_version": question.module_version}
    update["prompt"] = (after.lighter and question.lighter) or question.prompt
    return after.model_copy(update=update)


def past(answer: Answer) -> Overtaken:
    """The answer's words as an overtaken text."""
    return Overtaken.model_construct(text=answer.text, time=answer.time, revision=answer.revision, prompt=answer.prompt)


def gather(*lists: Iterable[Overtaken]) -> tuple[Overtaken, ...]:
    """Lists of overtaken texts as one: each text once, the newest OVERTAKEN, oldest first."""
    by_text: dict[str, Overtaken] = {}
    for item in (one for items in lists for one in items):
        other = by_text.get(item.text)
        if not blank(item.text) and (other is None or compare(item.revision, other.revision) > 0):
            by_text[item.text] = item
    newest_last = cmp_to_key(lambda a, b: compare(a.revision, b.revision))
    return tuple(sorted(by_text.values(), key=newest_last)[-OVERTAKEN:])


def merge(a: Answer, b: Answer) -> Answer:
    """Two versions of one answer as one: the newer revision wins, and the other's words stay as overtaken."""
    older, newer = (b, a) if compare(a.revision, b.revision) > 0 else (a, b)
    return _beside(newer, older.overtaken, newer.overtaken, [past(older)])


def settle(stored: Answer | None, draft: Answer, seen: Revision | None = None) -> Answer:
    """What to keep when ``draft`` is written over ``stored``.

    A text that somebody else wrote in between is overtaken by what was typed last, and never lost.

    :param seen: the revision that the draft's writer had last seen
    """
    if stored is None:
        return draft
    known = stored.revision.writer == draft.revision.writer or (seen is not None and compare(stored.revision, seen) == 0)
    again = known and all(getattr(stored, name) == getattr(draft, name) for name in ("text", "status", *FLAGS))
    count = max(draft.revision.count, stored.revision.count + (0 if again else 1))
    mine = draft.model_copy(update={"revision": draft.revision.model_copy(update={"count": count})})
    if not known:
        return merge(stored, mine)
    return _beside(mine, stored.overtaken, mine.overtaken)


def receive(stored: Answer | None, draft: Answer, seen: Revision | None = None) -> Answer:
    """What to keep when a draft comes over a wire, where an earlier one may arrive after a later one.

    :param seen: the revision that the draft's writer had last seen here
    """
    if stored and stored.revision.writer == draft.revision.writer and draft.revision.count < stored.revision.count:
        return stored
    return settle(stored, draft, seen)


def join_parts(labels: Sequence[str], values: Sequence[str]) -> str:
    """The text of several labelled parts as one text."""
    if all(blank(value) for value in values):
        return ""
    return "\n\n".join(f"{label}\n{value}" for label, value in zip(labels, values, strict=True))


def split_parts(labels: Sequence[str], text: str) -> list[str] | None:
    """One text as the parts that it was joined from.

    Parts that cannot be told apart any more come back as None: then the whole text is shown in one box, and nothing
    is lost.
    """
    if blank(text):
        return [""] * len(labels)
    values: list[str] = []
    rest = "\n\n" + text
    for label in reversed(labels):
        at = rest.rfind(f"\n\n{label}\n")
        if at < 0:
            return None
        values.insert(0, rest[at + len(label) + 3 :])
        rest = rest[:at]
    return values if rest == "" and join_parts(labels, values) == text else None


def read_answer(data: Any) -> Answer:
    """An answer out of data of any origin, with the known fields only.

    :raises NewerRecordError: when a newer version of the course wrote it
    :raises RecordError: when it is none
    """
    return read_record(Answer, data)


def read_journal(data: Any) -> Journal:
    """A journal out of data of any origin. Several answers to one step are merged.

    :raises NewerRecordError: when a newer version of the course wrote it, or one of its answers
    :raises RecordError: when it is none, or holds an answer to another module
    """
    found = read_record(Journal, data)
    return assemble(found, [*found.answers, *([found.next_step] if found.next_step else [])])


def assemble(journal: Journal, answers: Iterable[Answer]) -> Journal:
    """The journal with these answers in place of its own, each step once.

    :raises RecordError: if one belongs to another module
    """
    by_step: dict[str, Answer] = {}
    for one in answers:
        _of_one_module(journal, one)
        by_step[one.step] = merge(by_step[one.step], one) if one.step in by_step else one
    next_step = by_step.pop(NEXT_STEP, None)
    return journal.model_copy(update={"answers": tuple(by_step[s] for s in sorted(by_step)), "next_step": next_step})


def merge_journals(a: Journal, b: Journal) -> Journal:
    """Two journals of one learner and one module as one, answer by answer. Whose they are is the caller's to know.

    :raises RecordError: if they belong to different modules
    """
    _of_one_module(a, b)
    everything = [one for journal in (a, b) for one in (*journal.answers, journal.next_step) if one]
    newer = max((a, b), key=lambda journal: journal.module_version)
    return assemble(newer, everything)


def journal_schema() -> dict[str, Any]:
    """The JSON Schema of a journal, its answers inside it; a copy is published under ``schemas/``."""
    return Journal.model_json_schema()


def _settled_status(status: Status, text: str) -> Status:
    if status in ("open", "written"):
        return "open" if blank(text) else "written"
    return status


def _of_one_module(journal: Journal, other: Journal | Answer) -> None:
    if (journal.course, journal.module) != (other.course, other.module):
        raise RecordError(
            f"Here are answers to two modules, '{journal.module}' of '{journal.course}' and '{other.module}' of "
            f"'{other.course}', where those to one are expected. They were probably put together by hand. "
            "Open the copy that the course saved. Nothing was changed."
        )


def _beside(answer: Answer, *lists: Iterable[Overtaken]) -> Answer:
    """The answer with overtaken texts beside it; its own text is none of them."""
    return answer.model_copy(update={"overtaken": gather(*([one for one in items if one.text != answer.text] for items in lists))})


_Model = TypeVar("_Model", bound=Record)
_NAMES = {"HandIn": "hand-in"}


def read_record(model: type[_Model], data: Any) -> _Model:
    """A record of this kind out of data of any origin; no error holds any of the data.

    :raises NewerRecordError: when a newer version of the course wrote it
    :raises RecordError: when it is none
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        places = [".".join(map(str, problem["loc"])) for problem in error.errors(include_url=False, include_input=False)]
    # Raised out here, so that no context leads from this error to the one that holds the data.
    fields = ", ".join(dict.fromkeys(places[:5])).strip()
    raise RecordError(
        f"This {_NAMES.get(model.__name__, model.__name__.lower())} cannot be read{f' (look at: {fields})' if fields else ''}. It is probably cut "
        "off, changed by another program, or no copy of this course. Open another copy. Nothing was changed."
    )
