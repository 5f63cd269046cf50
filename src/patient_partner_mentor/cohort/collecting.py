"""Getting what learners handed in, and removing what they took back, for ``nbgrader collect``, its button, and ``ppm collect``."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import abc
from nbgrader.utils import ignore_patterns, parse_utc

from .. import advice
from ..errors import CohortError
from .client import ServiceError
from .folder import STAMP, alone
from .taken_back import of_history, remove_copies
from .wire import CourseServiceExchange, stamp, write

_NAME = re.compile(r"[\w][\w.@+-]{0,127}")


class ExchangeCollect(CourseServiceExchange, abc.ExchangeCollect):
    """Get what learners handed in: each one's newest, in place of an older one with ``--update``."""

    whole = True  # whether nothing is left here of what learners took back

    def copy_files(self) -> None:
        """Remove what was taken back, and fetch the rest one after the other; what goes wrong with one is said, and the rest goes on."""
        try:
            with alone(Path(self.coursedir.root)):
                self._collect_all()
        except CohortError as error:
            message = str(error)
        else:
            if self.whole:
                return
            message = f"Words that were taken back are still here. The lines above name them. Then: {advice.ppm('collect', self.assignment, folder=Path(self.coursedir.root))}"
        self.fail(message)

    def _collect_all(self) -> None:
        by_user = self._by_user()
        waiting = self._remove(by_user)
        wanted = [one for one in self._wanted(by_user) if one["user"] not in waiting]
        if not wanted:
            self.log.warning("No submissions of '%s' for course '%s' to collect", self.assignment, self.course)
        else:
            self.log.info("Processing %s submissions of '%s' for course '%s'", len(wanted), self.assignment, self.course)
        for one in wanted:
            try:
                self._collect(one)
            except (ServiceError, OSError) as error:
                self.log.error("%s %s was not collected: %s", one["user"], self.assignment, error)

    def _by_user(self) -> dict[str, list[dict[str, Any]]]:
        """Each learner's hand-ins, the oldest first, those that were taken back too."""
        only = self.coursedir.student_id or "*"
        by_user: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in self.service.json("GET", self.course, "submissions", self.assignment, params={"history": "yes"}):
            if only in ("*", one["user"]):
                by_user[one["user"]].append(one)
        for user in [user for user in by_user if not _NAME.fullmatch(user)]:
            del by_user[user]
            self.log.error("A learner was not collected, since a name holds characters that a folder cannot have.")
        return dict(sorted(by_user.items()))

    def _remove(self, by_user: Mapping[str, list[dict[str, Any]]]) -> set[str]:
        """Remove what was taken back, and say of each learner what was removed and what could not be; whose newer words have to wait for that."""
        outcome = remove_copies(self.coursedir, self.assignment, of_history(by_user))
        for line in (*outcome.said(self.assignment), *outcome.notes):
            self.log.warning("%s", line)
        for line in outcome.failed(self.assignment, Path(self.coursedir.root)):
            self.log.error("%s", line)
        self.whole = outcome.whole
        return outcome.rows_left

    def _wanted(self, by_user: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
        due = self._due()
        wanted = []
        for history in by_user.values():
            left = [one for one in history if not one.get("taken_back")]
            in_time = [one for one in left if due and parse_utc(stamp(one["time"])) <= due]
            if left:
                wanted.append((in_time or left)[-1])
        return wanted

    def _due(self) -> datetime | None:
        if not self.before_duedate:
            return None
        with Gradebook(self.coursedir.db_url, self.course) as gradebook:
            try:
                return gradebook.find_assignment(self.assignment).duedate
            except MissingEntry:
                return None

    def _collect(self, one: Mapping[str, Any]) -> None:
        user = one["user"]
        folder = Path(self.coursedir.format_path(self.coursedir.submitted_directory, user, self.assignment))
        there = self.coursedir.get_existing_timestamp(str(folder)) if folder.is_dir() else None
        time = parse_utc(stamp(one["time"]))
        if folder.is_dir():
            newer = self.update and (there is None or time > there)
            if not newer and not (self.before_duedate and there != time):
                said = "No newer submission to collect" if self.update else "Submission already exists, use --update to update"
                self.log.info("%s: %s %s", said, user, self.assignment)
                return
        self.log.info("%s submission: %s %s", "Updating" if folder.is_dir() else "Collecting", user, self.assignment)
        files = self.unpack(self.service.file(self.course, "submissions", self.assignment, user, one["id"]))
        self._replace(folder, files)

    def _replace(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """The folder with these files in place of what it held: whole, or as it was."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f".{folder.name}.*"):  # of a run that was killed
            shutil.rmtree(left)
        new, old = (folder.parent / f".{folder.name}.{secrets.token_hex(6)}" for _ in range(2))
        write(new, files)
        ignored = ignore_patterns(self.coursedir.ignore, self.coursedir.include, self.coursedir.max_file_size, self.log)
        for place, _, names in os.walk(new):
            for name in set(ignored(place, names)) - {STAMP}:
                Path(place, name).unlink(missing_ok=True)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
