"""Collecting and grading whole cohorts: what ``ppm collect`` and ``ppm grade`` do.

Hand-ins are graded in batches. A batch's graded copies are written beside their places, its rows go into the gradebook in
one transaction, and then the copies are put in place. Killed at any moment, the next run finds what is missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.utils import parse_utc

from ..errors import CohortError, RecordError
from ..handins import HAND_IN_FILE, HandIn, open_hand_in
from . import copies
from .folder import CourseFolder, alone, stamp_of
from .gradebook import Graded, engine, reading, save, times
from .guard import finish_killed, unused
from .lines import kept_lines
from .names import refusal, shown
from .progress import progress
from .ready import known_now

BATCH = 200  # hand-ins of one transaction


@dataclass
class Report:
    """What became of the hand-ins of a run."""

    graded: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)  # one line each: learner, assignment, reason
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Waiting:
    """A hand-in that is to be graded, before it is opened."""

    learner: str
    folder: Path
    place: Path
    stamp: str | None

    @property
    def time(self) -> datetime | None:
        """When it was handed in, UTC."""
        return parse_utc(self.stamp) if self.stamp else None


def grade(folder: CourseFolder, assignment: str, learner: str = "", again: bool = False) -> Report:
    """Grade an assignment's hand-ins that are new or newer than their graded copy.

    :param learner: one learner's only
    :param again: all of them, also those that were graded before
    :raises CohortError: if the assignment cannot be graded at all
    """
    report = Report()
    folder.module(assignment)
    engine(folder.gradebook, folder.course)
    with alone(folder.root):
        finish_killed(folder.coursedir)
        waiting = _waiting(folder, assignment, learner, again, report)
        its = known_now(folder.coursedir, assignment)[1] if waiting else None
        bar = progress(waiting, f"hand-ins of {assignment}")
        for some in _batches(bar):
            prepared = [one for one in (_prepared(folder, assignment, waits, report) for waits in some) if one]
            if not prepared or its is None:
                continue
            save(folder.gradebook, folder.course, its, [graded for _, _, graded in prepared])
            for new, place, _ in prepared:
                copies.put(new, place)
            report.graded += len(prepared)
    return report


def collect(folder: CourseFolder, assignment: str) -> tuple[list[str], bool]:
    """Get an assignment's hand-ins from the course service, each learner's newest, and remove here what was taken back.

    :return: the lines of what was removed and of what was not to be had, and whether all went well
    :raises CohortError: if the service refuses or cannot be reached
    """
    with kept_lines() as (log, lines):
        folder.coursedir.assignment_id = assignment
        operation = ExchangeFactory(config=folder.config).Collect(coursedir=folder.coursedir, authenticator=None, config=folder.config)
        operation.log, operation.update = log, True
        try:
            operation.start()
        except (ExchangeError, SystemExit):
            if operation.whole:
                raise CohortError(lines[-1] if lines else "The course service did not answer. Is it running, and is its address right?") from None
        return lines, operation.whole and not any("was not collected" in line for line in lines)


def _waiting(folder: CourseFolder, assignment: str, learner: str, again: bool, report: Report) -> list[Waiting]:
    """The hand-ins to grade, in order of learner; for what cannot be one, a line."""
    its = known_now(folder.coursedir, assignment)[1]
    with reading(folder.gradebook, folder.course) as connection:
        there = times(connection, its)
    found = []
    submitted = folder.root / str(folder.coursedir.submitted_directory)
    for entry in sorted(os.scandir(submitted), key=lambda one: one.name) if submitted.is_dir() else ():
        if learner and entry.name != learner:
            continue
        place = Path(entry.path, assignment)
        if reason := refusal(entry, assignment):
            report.problems.append(f"{shown(entry.name)}, {assignment}: {reason}")
            continue
        if not os.path.lexists(place):
            continue
        waits = Waiting(entry.name, place, folder.place("autograded", entry.name, assignment), stamp_of(place))
        copies.clear(waits.place)
        if not again and entry.name in there and _is_graded(waits, there[entry.name]):
            report.unchanged += 1
        else:
            found.append(waits)
    if learner and not found and not report.unchanged and not report.problems:
        report.problems.append(f"{shown(learner)}, {assignment}: there is no hand-in here. Was it collected?")
    return found


def _is_graded(waits: Waiting, known: datetime | None) -> bool:
    """Whether the graded copy and the gradebook are of this hand-in or a newer one."""
    if not (waits.place / copies.ASSIGNMENT_FILE).is_file():
        return False
    copied = stamp_of(waits.place)
    if waits.time is None:
        return True
    return copied is not None and known is not None and parse_utc(copied) >= waits.time and known >= waits.time


def _prepared(folder: CourseFolder, assignment: str, waits: Waiting, report: Report) -> tuple[Path, Path, Graded] | None:
    """A graded copy beside its place, or nothing, with a line that says why."""
    try:
        module, _, template = known_now(folder.coursedir, assignment)
        strange = unused(waits.folder, template.released)
        given: HandIn = open_hand_in(waits.folder / HAND_IN_FILE)
        notebook, points = copies.copy_of(template, module, given)
        permissions = 0o664 if folder.coursedir.groupshared else 0o444
        new = copies.prepare(waits.place, notebook, given, waits.stamp, permissions)
    except RecordError as error:
        report.problems.append(f"{waits.learner}, {assignment}: {error}")
        return None
    except OSError as error:
        report.problems.append(f"{waits.learner}, {assignment}: a file cannot be read or written ({error.strerror}). Look at the folders of this learner.")
        return None
    if strange:
        report.notes.append(f"{waits.learner}, {assignment}: {strange}")
    return new, waits.place, Graded(waits.learner, points, waits.time)


def _batches(waiting: Iterator[Waiting]) -> Iterator[Sequence[Waiting]]:
    some: list[Waiting] = []
    for one in waiting:
        some.append(one)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some
