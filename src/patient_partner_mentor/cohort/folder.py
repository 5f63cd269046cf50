"""A facilitators' folder of a course: its settings as nbgrader reads them, its parts, and the lock of whoever works in it."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from traitlets.config import Config

from ..advice import ppm
from ..curriculum import MODULE_FILE, Module, load_module
from ..errors import CohortError

CONFIG_FILE = "nbgrader_config.py"
LOCK_FILE = ".ppm-lock"
STAMP = "timestamp.txt"
LONGEST_WAIT = 3600  # seconds for another one to finish; grading 8,000 hand-ins takes a small part of it
_CONFIG_ADVICE = f"""There is no {CONFIG_FILE} in {{folder}} that sets up this course. Write one there, with these lines:

from patient_partner_mentor.cohort import configure

c = get_config()
configure(c, course="NAME-OF-THE-COURSE", folder=__file__.rpartition("/")[0] or ".")"""


@dataclass(frozen=True)
class CourseFolder:
    """A course's folder, as nbgrader is configured in it."""

    root: Path
    coursedir: CourseDirectory
    config: Config
    log: logging.Logger

    @property
    def gradebook(self) -> str:
        """The gradebook's address."""
        return str(self.coursedir.db_url)

    @property
    def course(self) -> str:
        """The course's name at the Hub."""
        return str(self.coursedir.course_id)

    def place(self, part: str, learner: str, assignment: str) -> Path:
        """Where something stands.

        :param part: ``source``, ``release``, ``submitted``, ``autograded`` or ``feedback``
        """
        return Path(self.coursedir.format_path(getattr(self.coursedir, f"{part}_directory"), learner, assignment))

    def assignments(self) -> list[str]:
        """The names of the assignments that have a source here, in order of number."""
        source = self.place("source", ".", ".")
        names = [path.parent.name for path in source.glob(f"[0-9]*-*/{MODULE_FILE}")]
        return sorted(names, key=lambda name: (int(re.match(r"\d*", name)[0] or 0), name))

    def module(self, assignment: str) -> Module:
        """The module that an assignment was made of.

        :raises CohortError: if there is no such assignment here
        """
        folder = self.place("source", ".", assignment)
        if not (folder / MODULE_FILE).is_file():
            known = ", ".join(self.assignments()) or f"none yet. Make them with: {ppm('assignments', folder=self.root)}"
            raise CohortError(f"There is no assignment '{assignment}' in {self.root}. The names are: {known}")
        return load_module(folder)


def open_folder(root: Path) -> CourseFolder:
    """The course's folder with its settings.

    :raises CohortError: if there is none, or stock nbgrader would execute what learners hand in
    """
    root = root.absolute()
    if not (root / CONFIG_FILE).is_file():
        raise CohortError(_CONFIG_ADVICE.format(folder=root))
    app = NbGrader()
    app.load_cwd_config = True  # what stands in the folder counts for more than what nbgrader finds elsewhere, as by JUPYTER_CONFIG_PATH
    app.log.handlers.clear()  # nbgrader's own lines are for its own commands
    app.log.addHandler(logging.NullHandler())
    before = os.getcwd()
    try:
        os.chdir(root)
        app.initialize([], root=str(root))
    finally:
        os.chdir(before)
    if "GradedCopyExporter" not in str(app.config.Autograde.get("exporter_class", "")):
        raise CohortError(_CONFIG_ADVICE.format(folder=root))
    if Path(app.coursedir.root).resolve() != root.resolve():
        raise CohortError(f"{root / CONFIG_FILE} says that the course's folder is {app.coursedir.root}. Set folder to {root}, or work there.")
    return CourseFolder(root, app.coursedir, app.config, app.log)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Work in a course's folder while nobody else collects, grades or erases there; wait for whoever does.

    :raises CohortError: if the other one does not come to an end
    """
    lock = FileLock(root / LOCK_FILE, mode=0o660)
    try:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            print("Somebody else is collecting, grading or erasing in this folder. Waiting until they are done ...", file=sys.stderr, flush=True)
            lock.acquire(timeout=LONGEST_WAIT)
    except Timeout:
        raise CohortError(f"Somebody has been at work in {root} for an hour. Look which program it is, end it, and do this again.") from None
    except OSError as error:
        raise CohortError(f"{root} cannot be written ({error.strerror}). Does it belong to your account?") from None
    try:
        yield
    finally:
        lock.release()


def stamp_of(folder: Path) -> str | None:
    """The time of a hand-in as ``timestamp.txt`` has it, if that is a small plain file that says one."""
    path = folder / STAMP
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            said = file.read(101).decode("ascii").strip()
            parse_utc(said)
        except (OSError, ValueError, OverflowError, TypeError, AttributeError):
            return None
    return said if 0 < len(said) <= 100 else None


