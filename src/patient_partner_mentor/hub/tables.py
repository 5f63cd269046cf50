"""The tables of the course service's store. What changes here needs a migration beside it.

Texts of learners stand in ``data`` and ``content`` columns only, as bytes: PostgreSQL's text cannot hold every character
that JSON can. Times are UTC in ISO 8601 with microseconds, so that they sort as text on every database.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}
)
_TIME = String(32)
KEY_OF = "key_of"  # marks a column that holds another table's keys and is no foreign key: rows may move, and it moves with them


def _whose() -> list[Column[str]]:
    return [Column("course", String(63), nullable=False), Column("account", String(255), nullable=False)]


answers = Table(  # the journal: one row for each step that the learner touched
    "answers",
    metadata,
    Column("course", String(63), primary_key=True),
    Column("account", String(255), primary_key=True),
    Column("module", String(60), primary_key=True),
    Column("step", String(60), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("module_version", Integer, nullable=False),
    Column("saved_at", _TIME, nullable=False),
)
hand_ins = Table(  # what was shared, by the page ("shared") or as files by 'nbgrader submit' ("files"); earlier ones stay
    "hand_ins",
    metadata,
    Column("key", Integer, primary_key=True),
    *_whose(),
    Column("id", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("assignment", String(80), nullable=False),
    Column("time", _TIME, nullable=False),
    Column("content", LargeBinary),  # nothing once it was taken back, or its days were over
    Column("size", Integer, nullable=False),
    Column("outline", Text, nullable=False),  # steps with their states, and no words
    Column("taken_back", _TIME),  # when its words went, whoever had them go
    Column("expired_at", _TIME),  # the same time, where the end of keeping did it, and not the learner
    Column("read_at", _TIME),  # a person first opened it in the formgrader
    Column("collected_at", _TIME),  # a copy of it first left for the facilitators' folder
    UniqueConstraint("course", "account", "id"),
    Index("ix_hand_ins_of", "course", "assignment", "account", "time"),
)
assignments = Table(
    "assignments",
    metadata,
    Column("course", String(63), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("time", _TIME, nullable=False),
)
feedback = Table(
    "feedback",
    metadata,
    Column("hand_in", ForeignKey("hand_ins.key", ondelete="CASCADE"), primary_key=True),
    Column("notebook", String(80), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("time", _TIME, nullable=False),
)
comments = Table(
    "comments",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("hand_in", ForeignKey("hand_ins.key", ondelete="CASCADE"), nullable=False),
    *_whose(),
    Column("assignment", String(80), nullable=False),
    Column("step", String(60), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("time", _TIME, nullable=False),
    Column("read_at", _TIME),
    Column("reply", String(20)),
    Column("replied_at", _TIME),
    UniqueConstraint("hand_in", "step"),
    Index("ix_comments_of", "course", "account", "assignment"),
)
credits = Table(  # steps that a human counts for more than the check does: it outlives the words for which it was given
    "credits",
    metadata,
    Column("key", Integer, primary_key=True),
    *_whose(),
    Column("assignment", String(80), nullable=False),
    Column("hand_in", String(64), nullable=False),  # the id of the hand-in that was read
    Column("step", String(60), nullable=False),
    Column("state", String(8), nullable=False),
    Column("time", _TIME, nullable=False),
    UniqueConstraint("course", "account", "assignment", "hand_in", "step", name="uq_credits_of"),
)
wishes = Table(  # what a learner asked of people: it outlives comments and hand-ins, and only a person closes it
    "wishes",
    metadata,
    Column("key", Integer, primary_key=True),
    *_whose(),
    Column("assignment", String(80), nullable=False),
    Column("step", String(60), nullable=False),  # nothing where it is about the whole module
    Column("kind", String(16), nullable=False),
    Column("since", _TIME, nullable=False),
    Column("comment", Integer, info={KEY_OF: "comments"}),  # the key of the comment that was answered so, which may have gone since
    Column("later", String(20)),  # what the learner answered to the same comment afterwards
    Column("closed_at", _TIME),
    Column("closed_by", String(255)),
    Index("ix_wishes_of", "course", "account", "assignment"),
)
consents = Table(  # only ever added to, but for an erasure
    "consents",
    metadata,
    Column("key", Integer, primary_key=True),
    *_whose(),
    Column("course_use", Boolean, nullable=False),
    Column("quotes", Boolean, nullable=False),
    Column("research", Boolean, nullable=False),
    Column("seen", String(64), nullable=False),
    Column("time", _TIME, nullable=False),
    Index("ix_consents_of", "course", "account"),
)
erasures = Table(  # that something was erased, and how much; not whose
    "erasures",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("course", String(63), nullable=False),
    Column("time", _TIME, nullable=False),
    Column("asked_by", String(12), nullable=False),
    Column("counts", Text, nullable=False),
)
marks = Table(  # what the service notes down about itself
    "marks",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
people = Table(  # the person whom an account belongs to, by the Hub's mark of them
    "people",
    metadata,
    Column("account", String(255), primary_key=True),
    Column("mark", String(64), nullable=False),
    Column("since", _TIME, nullable=False),
)
expiries = Table(  # what goes after a cohort's end: announced, then done, and then its kept copy dropped or brought back
    "expiries",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("course", String(63), nullable=False),
    Column("kind", String(8), nullable=False),  # shared "words", or the whole "record"
    Column("ends", String(10), nullable=False),  # the cohort's last day, as the settings had it
    Column("day", String(10), nullable=False),  # not before this day
    Column("counts", Text, nullable=False),
    Column("announced_at", _TIME, nullable=False),
    Column("waited", Integer, nullable=False),  # seconds that the service was up since then, or since it was done
    Column("held", String(20)),  # why it does not go on
    Column("confirmed_at", _TIME),  # a person said that it is right
    Column("done_at", _TIME),
    Column("over_at", _TIME),
    Column("outcome", String(12)),  # "withdrawn", "dropped" or "back"
    Index("ix_expiries_of", "course", "kind"),
)
kept_copies = Table(  # a row of another table each, for as long as an expiry can be undone
    "kept_copies",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("expiry", Integer, nullable=False),
    *_whose(),
    Column("id", String(16), nullable=False),
    Column("origin", String(12), nullable=False),
    Column("row", Text, nullable=False),  # its fields without words, as JSON
    Column("content", LargeBinary),
    Index("ix_kept_copies_of", "course", "account"),
    Index("ix_kept_copies_expiry", "expiry"),
)
OF_A_LEARNER = (answers, comments, consents, credits, hand_ins, wishes, kept_copies)  # feedback goes with its hand-in; the copies go last
WITH_WORDS = (answers, comments, feedback, hand_ins, kept_copies)
