"""The settings of the course service: one file, named by ``PPM_SERVICE_SETTINGS``, as JSON or YAML.

A small one::

    store: sqlite:////srv/ppm/course.sqlite     # or postgresql://user@host/name
    book: /srv/ppm/book                         # the built cohort book, _build/cohort/html
    courses:
      ppm-2026:
        title: Patient Partner Mentor, autumn 2026
        readers: [Fay Example]
        reading_days: 7
        contact: Fay Example, fay@example.org, +1 555 0100
        time_zone: America/New_York

Where the service listens, what it is called and its token are not here: the Hub gives them (``JUPYTERHUB_SERVICE_URL``
and the like). Without the Hub's address it listens on 127.0.0.1 only.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ..handins import LARGEST
from .settings_file import read_settings

SETTINGS = "PPM_SERVICE_SETTINGS"
CourseName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Size = Annotated[int, Field(ge=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quotas(_Settings):
    """How much one learner may send and ask for. Sizes are bytes; those of nbgrader's archives count unpacked as well."""

    answer: Size = 4_000_000  # one answer with its overtaken texts
    journal: Size = 60_000_000  # all answers of one learner to one course
    hand_in: Size = LARGEST
    hand_ins_a_day: Size = 30  # for one module; sharing again is always possible, a runaway program is not
    shared: Size = 100_000_000  # all words and files that one learner shares of one course and has not taken back
    consents_a_day: Size = 100
    archive: Size = 5_000_000  # what 'nbgrader submit' sends, packed
    unpacked: Size = 20_000_000
    files: Size = 200  # in an archive
    saves_a_minute: Size = 240
    bytes_a_minute: Size = 20_000_000  # of all saves, after a whole journal at once; reading twice that, after four journals
    reads_a_minute: Size = 600
    assignment: Size = 20_000_000
    feedback: Size = 5_000_000


class CourseSettings(_Settings):
    """One course, as its learners are told of it before they share anything.

    ``graders`` are Hub services that act as facilitators, besides a service with the course's own name; ``gradebook`` is
    nbgrader's, as a URL, where the service can write to it: the roster's page enters learners there; ``ends`` is the
    cohort's last day, from which the days of keeping count.
    """

    title: Words
    readers: Annotated[tuple[Words, ...], Field(min_length=1)]
    reading_days: Annotated[int, Field(ge=1, le=365)]
    contact: Words
    secrecy: Words | None = None
    time_zone: str = "UTC"
    graders: tuple[Words, ...] = ()
    gradebook: str | None = None
    book: Path | None = None
    ends: date | None = None
    words_days: Annotated[int, Field(ge=1)] = 90  # shared words are kept so long after the end
    record_days: Annotated[int, Field(ge=1)] = 365  # and so long that a module was shared
    wait_days: Annotated[int, Field(ge=3, le=60)] = 7  # so long before either goes it is announced
    copy_days: Annotated[int, Field(ge=7, le=60)] = 14  # and so long afterwards it can be brought back

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("this time zone is not known; write one like 'Europe/Berlin'")
        return value


class ServiceSettings(_Settings):
    """All settings of the course service.

    :param store: a URL as SQLAlchemy reads it; ``sqlite:///`` with a path, or ``postgresql://``
    :param book: the folder of the built cohort book
    :param courses: the courses by their name, the same that nbgrader calls course_id and the Hub's groups end in
    :param curriculum: the course's own folder, with ``notebooks/`` in it; by default the one named by ``PPM_COURSE``, or
        the installed package's copy
    :param cache_seconds: how long the Hub's word on a token is kept; so long an account that left a group is still in
    :param erased_within_days: the operator's promise to learners: so many days after words were removed they are in no backup,
        and on PostgreSQL in no file of the database. Without it learners are told to ask
    :param vacuum: ``full`` lets the service have PostgreSQL write its tables anew at night, so that removed words leave its files
    :param quiet_hour: the hour of the day, in UTC, from which the store may be tidied
    """

    store: str
    book: Path
    courses: Annotated[dict[CourseName, CourseSettings], Field(min_length=1)]
    curriculum: Path | None = None
    quotas: Quotas = Quotas()
    cache_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    erased_within_days: Annotated[int, Field(ge=1, le=366)] | None = None
    vacuum: Literal["plain", "full"] = "plain"
    quiet_hour: Annotated[int, Field(ge=0, le=23)] = 3

    @field_validator("courses")
    @classmethod
    def _no_address_of_ours(cls, value: dict[str, CourseSettings]) -> dict[str, CourseSettings]:
        if taken := {"exchange", "health", "leave", "oauth_callback"} & set(value):
            raise ValueError(f"a course cannot be called '{sorted(taken)[0]}', since an address of the service is")
        return value

    @field_validator("store")
    @classmethod
    def _store_of_a_known_kind(cls, value: str) -> str:
        if value.startswith("postgresql://"):
            return value.replace("postgresql://", "postgresql+psycopg://", 1)
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("the store is 'sqlite:///' with a path, or 'postgresql://'")
        return value


def load_settings(path: Path | None = None) -> ServiceSettings:
    """The settings out of their file.

    :param path: by default what ``PPM_SERVICE_SETTINGS`` names
    :raises CurriculumError: with the field, what was expected and what to do
    """
    return read_settings(ServiceSettings, path, SETTINGS, "the course service")
