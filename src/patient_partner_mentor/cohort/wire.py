"""What all operations of the exchange have in common: the course service that is asked, and the archives that come and go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc
from nbgrader.utils import ignore_patterns
from traitlets import Bool, Unicode

from .. import archives
from .client import FILES, LARGEST, Client, ServiceError, connect


class CourseServiceExchange(abc.Exchange):
    """What all operations have in common."""

    service_url = Unicode("", help="The course service's address, for example http://127.0.0.1:8000/services/course/").tag(config=True)
    path_includes_course = Bool(False, help="Whether a fetched assignment stands in a folder with the course's name.").tag(config=True)

    @property
    def service(self) -> Client:
        """The course service."""
        if not hasattr(self, "_service"):
            self._service = connect(self.service_url)
        return self._service

    @property
    def course(self) -> str:
        """The course's name."""
        if not self.coursedir.course_id:
            self.fail("No course id specified. Re-run with --course flag.")
        return self.coursedir.course_id

    @property
    def assignment(self) -> str:
        """The assignment's name."""
        return self.coursedir.assignment_id

    def folder(self, course: str, assignment: str) -> Path:
        """Where a learner has an assignment."""
        parts = (course, assignment) if self.path_includes_course else (assignment,)
        return Path(self.assignment_dir, *parts).absolute()

    def init_src(self) -> None:
        """Nothing to look up beforehand."""

    def init_dest(self) -> None:
        """Nothing to make beforehand."""

    def start(self) -> Any:
        """Do it; whatever the service refuses is one line."""
        try:
            return super().start()
        except ServiceError as error:
            message = str(error)
        return self.fail(message)

    def read_folder(self, folder: Path) -> dict[str, bytes]:
        """A folder's files, without links and without what the course's settings leave out."""
        ignored = ignore_patterns(self.coursedir.ignore, self.coursedir.include, self.coursedir.max_file_size, self.log)
        found: dict[str, bytes] = {}
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(set(folders) - set(ignored(place, folders)))
            for name in sorted(set(files) - set(ignored(place, files))):
                path = Path(place, name)
                if path.is_file() and not path.is_symlink():
                    found[path.relative_to(folder).as_posix()] = path.read_bytes()
        if sum(map(len, found.values())) > 1000 * self.coursedir.max_dir_size:
            self.fail(f"The folder holds more than {self.coursedir.max_dir_size} kB. Take out what does not belong there.")
        return found

    def unpack(self, data: bytes) -> dict[str, bytes]:
        """An archive's files.

        :raises ServiceError: when it holds what it may not
        """
        try:
            return archives.unpacked(data, LARGEST, FILES)
        except archives.BadArchive as error:
            raise ServiceError(0, f"What came from the course service cannot be used. {error}") from None


def stamp(time: str) -> str:
    """A time of the service's as nbgrader writes it."""
    return time.replace("T", " ").replace("Z", " UTC")


def some(assignment: str) -> tuple[str, ...]:
    """An assignment as a part of an address, or nothing for all of them."""
    return (assignment,) if assignment not in ("", "*") else ()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of an archive, whose names were looked through; nothing there is a link to follow."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
