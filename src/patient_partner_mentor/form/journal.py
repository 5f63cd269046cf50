"""A learner's journals as files: one a module, written whole or not at all, and never taken away for being damaged."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from .. import COURSE_ID
from ..errors import JournalError, NewerRecordError, RecordError
from ..limits import JOURNAL, read_json
from ..reflections import SCHEMA_VERSION, Answer, Journal, Revision, assemble, read_journal, receive
from ..whole_file import remove_drafts, write_whole

DATA_SETTING = "PPM_DATA"
FOLDER = "journal"
LARGEST = JOURNAL.size  # a module with every text and every earlier text at its limit stays below
PATIENCE = 3.0  # seconds to wait for another kernel that is writing

UNREADABLE = (RecordError, ValueError, RecursionError)  # what reading a damaged or foreign file may raise

Aside = Literal["newer", "damaged"]


def data_folder() -> Path:
    """The learner's own data folder: ``$PPM_DATA``, or the place that the system has for it."""
    return Path(os.environ[DATA_SETTING]) if os.environ.get(DATA_SETTING) else user_data_path("patient-partner-mentor", appauthor=False)


class JournalFolder:
    """The journals of one learner. Several kernels may use it at once.

    :param folder: made with mode 0700 when the first answer is written; files have mode 0600
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / FOLDER

    def read(self, module: str) -> tuple[Journal | None, Aside | None]:
        """The journal of a module, and why its file was moved aside, if it was.

        A file that is no journal of this course is moved aside under a telling name; nothing is overwritten.

        :param module: a module's id
        :raises JournalError: if the folder cannot be read, or a damaged file cannot be moved
        """
        try:
            return self._parse(module), None
        except UNREADABLE:
            pass
        with self._locked(module):  # look again: another kernel may have moved it, or written it anew
            return self._parse_or_move(module)

    def save(self, answer: Answer, seen: Revision | None = None) -> tuple[Answer, Aside | None]:
        """Keep an answer, on disk when this returns, and give back what is kept: the words of others stay beside it.

        :param seen: the revision that the writer had last seen here
        :raises JournalError: if it cannot be written; then the file is as it was
        """
        with self._locked(answer.module):
            journal, aside = self._parse_or_move(answer.module)
            journal = journal or Journal(
                schema_version=SCHEMA_VERSION, course=answer.course, module=answer.module, module_version=answer.module_version
            )
            kept = receive(journal.answer(answer.step), answer, seen)
            others = [one for one in (*journal.answers, journal.next_step) if one and one.step != answer.step]
            newest = max(journal.module_version, answer.module_version)
            self._write(assemble(journal.model_copy(update={"module_version": newest}), [*others, kept]))
            return kept, aside

    def all(self) -> list[Journal]:
        """Every journal that can be read, by module id; others are left where they are.

        :raises JournalError: if the folder cannot be read
        """
        found = []
        for path in sorted(self.folder.glob("[!.]*.json")) if self.folder.is_dir() else []:
            with contextlib.suppress(*UNREADABLE):
                journal = self._parse(path.stem) if "." not in path.stem else None
                if journal:
                    found.append(journal)
        return found

    def _path(self, module: str) -> Path:
        return self.folder / f"{module}.json"

    def _parse(self, module: str) -> Journal | None:
        path = self._path(module)
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            raise RecordError("There is a folder where a journal is expected.") from None
        except OSError as error:
            raise JournalError.of(error) from None
        if len(raw) > LARGEST:
            raise RecordError("The journal is larger than any that the course writes.")
        journal = read_journal(read_json(raw, JOURNAL))
        if (journal.course, journal.module) != (COURSE_ID, module):
            raise RecordError("The journal belongs to another course or module.")
        return journal

    def _parse_or_move(self, module: str) -> tuple[Journal | None, Aside | None]:
        try:
            return self._parse(module), None
        except NewerRecordError:
            return None, self._move_aside(module, "newer")
        except UNREADABLE:
            return None, self._move_aside(module, "damaged")

    def _move_aside(self, module: str, why: Aside) -> Aside:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
        try:
            self._path(module).rename(self.folder / f"{module}.{why}-{stamp}-{secrets.token_hex(3)}.json")
        except OSError as error:
            raise JournalError.of(error) from None
        return why

    def _write(self, journal: Journal) -> None:
        path = self._path(journal.module)
        try:
            remove_drafts(path)  # of a kernel that was killed; we hold the lock
            write_whole(path, json.dumps(journal.model_dump(mode="json"), ensure_ascii=False, indent=1))
        except OSError as error:
            raise JournalError.of(error) from None

    @contextlib.contextmanager
    def _locked(self, module: str) -> Iterator[None]:
        lock = FileLock(self.folder / f".{module}.lock", timeout=PATIENCE, mode=0o600)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.stat().st_mode & 0o077:
                self.folder.chmod(0o700)
            lock.acquire()
        except Timeout:
            raise JournalError("busy", "Another window has been writing in the journal for seconds. Wait a moment; it is tried again.") from None
        except OSError as error:
            raise JournalError.of(error) from None
        try:
            yield
        finally:
            lock.release()

