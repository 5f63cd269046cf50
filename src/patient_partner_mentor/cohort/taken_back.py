"""What a learner took back leaves a facilitators' folder when it collects next: copies, feedback pages, rows of the gradebook.

The course service says who took back what, and when, for as long as it keeps the record; so each folder hears of it at its
own next collect, and what could not be removed is tried again at each one after. Why: docs/decisions/0029-taken-back.md.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy import Engine, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from .. import advice
from ..errors import CohortError
from .folder import stamp_of
from .gradebook import again_while_busy, engine, reading
from .guard import SET_ASIDE
from .names import shown
from .removing import PARTS, backups, beside, remove, remove_hand_ins, scrub
from .wire import stamp

NOTE = ".ppm-taken-back"  # whose rows were removed and may still be in the gradebook's file, while that is so
TRIES = 2  # on SQLite each of them waits for a minute, and a person waits for a button
_SAID = {"hand-ins": ("hand-in", "hand-ins"), "grades": ("grade", "grades"), "comments": ("written comment", "written comments")}


@dataclass(frozen=True)
class TakenBack:
    """What a learner took back of a module, by the times of hand-ins, UTC.

    :param stands: of those that were not taken back; whatever expired is among them
    :param last: when something was last taken back
    """

    learner: str
    taken: frozenset[datetime]
    stands: frozenset[datetime]
    last: datetime

    def covers(self, time: datetime | None) -> bool:
        """Whether a copy of this time is of what was taken back. One without a time may be, and so it counts."""
        return time is None or time in self.taken or (time not in self.stands and time <= self.last)


@dataclass
class Outcome:
    """What became of it.

    :param removed: what was removed, by learner
    :param left: what could not be removed, by learner
    :param rows_left: whose rows are still in the gradebook; newer words of theirs would stand beside older comments
    :param notes: what else a facilitator has to know
    :param scrubbed: whether no removed row is left in a file of the gradebook that we can reach
    """

    removed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    left: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rows_left: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    scrubbed: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing of it is left that we can reach."""
        return not self.left and self.scrubbed

    def said(self, module: str) -> list[str]:
        """A line for each learner of whom something was removed."""
        return [f"{shown(learner)} took back {module}. Removed here: {', '.join(what)}." for learner, what in sorted(self.removed.items())]

    def failed(self, module: str, root: Path) -> list[str]:
        """A line for each learner of whom something is left, with what to do."""
        again = f"Set that right, and collect again: {advice.ppm('collect', module, folder=root)}"
        return [f"{shown(learner)} took back {module}, and this is still here: {'; '.join(what)}. {again}" for learner, what in sorted(self.left.items())]


def of_history(history: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[TakenBack]:
    """Who took something back.

    :param history: each learner's hand-ins of one module, as the service lists them
    """
    found = []
    for learner, those in sorted(history.items()):
        back = [one for one in those if one.get("took_back")]
        if back:
            stands = frozenset(_time(one["time"]) for one in those if not one.get("took_back"))
            found.append(TakenBack(learner, frozenset(_time(one["time"]) for one in back), stands, max(_time(one["took_back"]) for one in back)))
    return found


def remove_copies(coursedir: Any, module: str, found: Sequence[TakenBack]) -> Outcome:
    """Remove what was taken back of a module from a facilitators' folder, which nobody else works in meanwhile.

    :param coursedir: nbgrader's idea of the folder
    """
    outcome = Outcome()
    _gradebook(coursedir, module, found, outcome)
    for one in found:
        for part in PARTS:
            place = Path(coursedir.format_path(getattr(coursedir, f"{part}_directory"), one.learner, module))
            try:
                _files(Path(coursedir.root), part, place, one, outcome)
            except OSError as error:
                outcome.left[one.learner].append(f"{_near(place, Path(coursedir.root))}, which cannot be read ({error.strerror})")
    return outcome


def _files(root: Path, part: str, place: Path, one: TakenBack, outcome: Outcome) -> None:
    mine = place.parent
    if not os.path.lexists(mine):
        return
    if mine.is_symlink() or place.is_symlink():
        if os.path.lexists(place):
            outcome.left[one.learner].append(f"{_near(place, root)}, where a link leads elsewhere; remove the files there, and then the link")
        return
    half, aside = beside(place)
    said = stamp_of(place) if place.is_dir() else None
    gone = [*half, *aside, place] if one.covers(parse_utc(said) if said else None) else half
    count = 0  # the folder itself comes last: its time says what it and the others are of
    for path in gone:
        if os.path.lexists(path):
            number, kept = remove(path)
            count += number
            if kept:
                outcome.left[one.learner].append(f"{_near(path, root)}, where {kept[0]}")
    if count:
        outcome.removed[one.learner].append(f"{count} {'file' if count == 1 else 'files'} of {part}/")
    for folder in (mine / SET_ASIDE, mine):
        with suppress(OSError):  # there is none, or it is not empty
            folder.rmdir()


def _gradebook(coursedir: Any, module: str, found: Sequence[TakenBack], outcome: Outcome) -> None:
    address = make_url(coursedir.db_url)
    note = Path(coursedir.root, NOTE)
    if address.get_backend_name() == "sqlite" and not os.path.exists(address.database or ""):
        note.unlink(missing_ok=True)
        return
    if not found and not note.exists():
        return
    by_learner = {one.learner: one for one in found}
    try:
        database = engine(coursedir.db_url, coursedir.course_id, TRIES)
        rows = again_while_busy(lambda: _hand_ins(coursedir, module, by_learner), TRIES)
        outcome.rows_left.update(rows.values())
        if rows:
            _write(note, {*_read(note), *((learner, module) for learner in rows.values())})
            _remove_rows(database, rows, outcome)
            outcome.rows_left.clear()
            outcome.notes += backups(Path(coursedir.root))
    except (CohortError, SQLAlchemyError, OSError) as error:
        for learner in outcome.rows_left or by_learner:
            outcome.rows_left.add(learner)
            outcome.left[learner].append(f"what the gradebook may hold of it ({_reason(error)})")
    else:
        _scrub(database, note, module, outcome)


def _hand_ins(coursedir: Any, module: str, by_learner: Mapping[str, TakenBack]) -> dict[str, str]:
    """The hand-ins in the gradebook that were taken back: each one's id with its learner."""
    hand_ins = api.SubmittedAssignment.__table__
    asked = select(hand_ins.c.id, hand_ins.c.student_id, hand_ins.c.timestamp).join(api.Assignment, api.Assignment.id == hand_ins.c.assignment_id)
    with reading(coursedir.db_url, coursedir.course_id) as connection:
        rows = connection.execute(asked.where(api.Assignment.name == module)).all()
    return {row.id: row.student_id for row in rows if row.student_id in by_learner and by_learner[row.student_id].covers(row.timestamp)}


def _remove_rows(database: Engine, rows: Mapping[str, str], outcome: Outcome) -> None:
    hand_ins, notebooks, comments = (one.__table__ for one in (api.SubmittedAssignment, api.SubmittedNotebook, api.Comment))

    def work() -> dict[str, dict[str, int]]:
        counts = {}
        with database.begin() as connection:
            for id, learner in sorted(rows.items(), key=lambda row: row[1]):  # two folders lock rows of one gradebook in one order
                which = select(hand_ins.c.id).where(hand_ins.c.id == id)
                book = comments.join(notebooks, notebooks.c.id == comments.c.notebook_id)
                written = select(func.count()).select_from(book).where(notebooks.c.assignment_id == id, func.coalesce(comments.c.manual_comment, "") != "")
                words = connection.execute(written).scalar_one()
                counts[learner] = remove_hand_ins(connection, which) | {"comments": words}
        return counts

    for learner, counts in again_while_busy(work, TRIES).items():
        said = [f"{counts[what]} {one if counts[what] == 1 else many}" for what, (one, many) in _SAID.items() if counts[what]]
        if said:
            outcome.removed[learner].append(f"{', '.join(said)} in the gradebook")


def _scrub(database: Engine, note: Path, module: str, outcome: Outcome) -> None:
    """Have removed rows out of the gradebook's file, those of an earlier collect that was killed too."""
    if not note.exists():
        return
    try:
        outcome.notes += scrub(database, TRIES)
        note.unlink(missing_ok=True)
    except (CohortError, SQLAlchemyError, OSError) as error:
        whose = ", ".join(f"{shown(learner)}, {name}" for learner, name in sorted(_read(note)))
        outcome.notes.append(f"The gradebook's file may still hold removed words ({whose or module}): {_reason(error)}")
        outcome.scrubbed = False


def _read(note: Path) -> set[tuple[str, str]]:
    try:
        return {(str(learner), str(module)) for learner, module in json.loads(note.read_text("utf-8"))}
    except (OSError, ValueError, TypeError):  # killed while it was written: that it is there says enough
        return set()


def _write(note: Path, whose: Iterable[tuple[str, str]]) -> None:
    note.write_text(json.dumps(sorted(whose)), "utf-8")


def _reason(error: Exception) -> str:
    if isinstance(error, CohortError):
        return str(error)
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else f"it cannot be read or written: {type(error).__name__}. Is its file whole?"


def _near(path: Path, root: Path) -> str:
    return advice.quoted(str(path.relative_to(root) if path.is_relative_to(root) else path))


def _time(said: str) -> datetime:
    return parse_utc(stamp(said))
