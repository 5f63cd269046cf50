"""nbgrader's exchange over the course service, in place of its shared folder: all seven operations, and the list.

Stock commands, the formgrader's buttons and the assignment list use these classes by settings alone; see ``configure``.
Who hands in, and when, is said by the service. Why there is no folder: docs/decisions/0012-course-service-and-exchange.md.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc
from nbgrader.utils import parse_utc

from .. import advice, archives
from .client import ServiceError
from .collecting import ExchangeCollect
from .listing import ExchangeList
from .wire import CourseServiceExchange, some, stamp, write

__all__ = ["Exchange", "ExchangeCollect", "ExchangeFetchAssignment", "ExchangeFetchFeedback", "ExchangeList", "ExchangeReleaseAssignment", "ExchangeReleaseFeedback", "ExchangeSubmit", "configure"]


class Exchange(CourseServiceExchange):
    """What nbgrader asks for settings of the exchange as a whole."""


class ExchangeReleaseAssignment(CourseServiceExchange, abc.ExchangeReleaseAssignment):
    """Put an assignment out."""

    def init_src(self) -> None:
        """Find what ``nbgrader generate_assignment`` made."""
        self.src_path = Path(self.coursedir.format_path(self.coursedir.release_directory, ".", self.assignment))
        if not self.src_path.is_dir():
            source = self.coursedir.format_path(self.coursedir.source_directory, ".", self.assignment)
            made = f"run `nbgrader generate_assignment {advice.quoted(self.assignment)}` first." if os.path.isdir(source) else "and there is no source of this name."
            self.fail(f"Assignment not found at: {self.src_path}: {made}")

    def copy_files(self) -> None:
        """Send it."""
        course, assignment = self.course, self.assignment
        try:
            query = {"replace": "yes"} if self.force else {}
            self.service.json("PUT", course, "assignments", assignment, params=query, data=archives.packed(self.read_folder(self.src_path)))
        except ServiceError as error:
            if error.status != 409:
                raise
            self.fail(f"Destination already exists, add --force to overwrite: {course} {assignment}")
        self.log.info("Released as: %s %s", course, assignment)


class ExchangeFetchAssignment(CourseServiceExchange, abc.ExchangeFetchAssignment):
    """Get a released assignment."""

    def copy_files(self) -> None:
        """Write its files; those that are there already stay as they are."""
        folder = self.folder(self.course, self.assignment)
        if folder.is_dir() and not self.replace_missing_files:
            self.fail(f"You already have a copy of the assignment in this directory: {folder}")
        files = self.unpack(self.service.file(self.course, "assignments", self.assignment))
        write(folder, {name: data for name, data in files.items() if not (folder / name).exists()})
        self.log.info("Fetched as: %s %s", self.course, self.assignment)


class ExchangeSubmit(CourseServiceExchange, abc.ExchangeSubmit):
    """Hand in a folder."""

    def init_src(self) -> None:
        """Find it."""
        self.coursedir.assignment_id = Path(self.assignment).name
        self.src_path = self.folder(self.course, self.assignment)
        if not self.src_path.is_dir():
            self.fail(f"Assignment not found at: {self.src_path}")

    def copy_files(self) -> None:
        """Send it; the service says who handed in, and when."""
        files = self.read_folder(self.src_path)
        released = self.unpack(self.service.file(self.course, "assignments", self.assignment))
        missing = sorted(name for name in released if name.endswith(".ipynb") and name not in files)
        if missing and self.strict:
            self.fail(f"Assignment {self.assignment} not submitted. There are missing notebooks for the submission: {', '.join(missing)}")
        if missing:
            self.log.warning("Possible missing notebooks for assignment %s: %s", self.assignment, ", ".join(missing))
        receipt = self.service.json("POST", self.course, "submissions", self.assignment, data=archives.packed(files))
        if self.coursedir.student_id not in ("*", "", receipt["user"]):
            self.log.warning("The course service knows you as %s, and takes no other name.", receipt["user"])
        self.log.info("Submitted as: %s %s %s", self.course, self.assignment, stamp(receipt["time"]))


class ExchangeReleaseFeedback(CourseServiceExchange, abc.ExchangeReleaseFeedback):
    """Deliver feedback pages, each to the hand-in that it was written for."""

    def copy_files(self) -> None:
        """Send them; the time in the feedback's folder says which hand-in it was. A page of what was taken back goes nowhere."""
        excluded = set(filter(None, self.coursedir.student_id_exclude.split(",")))
        history = self.service.json("GET", self.course, "submissions", self.assignment, params={"history": "yes"})
        known = {(one["user"], parse_utc(stamp(one["time"]))): one["id"] for one in history}
        pattern = self.coursedir.format_path(self.coursedir.feedback_directory, "(?P<user>[^/]+)", self.assignment, escape=True)
        root = Path(self.coursedir.format_path(self.coursedir.feedback_directory, ".", ".")).resolve()
        only = self.coursedir.student_id or "*"
        for page in sorted(root.glob(f"{only}/{self.assignment}/*.html")):
            found = re.fullmatch(pattern, str(page.parent))
            user = found["user"] if found else page.parent.parent.name
            if user in excluded:
                continue
            time = self.coursedir.get_existing_timestamp(str(page.parent))
            id = known.get((user, time)) if time else None
            if id is None:
                self.log.error("Feedback of %s for %s was not released: the course service has no hand-in of that time.", user, self.assignment)
                continue
            self.log.info("Releasing feedback for student '%s' on assignment '%s/%s/%s' (%s)", user, self.course, self.assignment, page.stem, time)
            try:
                self.service.json("PUT", self.course, "feedback", self.assignment, user, id, params={"notebook": page.stem}, data=page.read_bytes())
            except ServiceError as error:
                if error.status != 409:
                    raise
                again = advice.ppm("collect", self.assignment, folder=Path(self.coursedir.root))
                self.log.error("Feedback of %s for %s was not released: the learner took it back. Remove what is here of it with: %s", user, self.assignment, again)


class ExchangeFetchFeedback(CourseServiceExchange, abc.ExchangeFetchFeedback):
    """Get one's own feedback pages."""

    def copy_files(self) -> None:
        """Write them beside the assignment, in a folder for each hand-in's time."""
        mine = self.service.json("GET", self.course, "submissions", *some(self.assignment), params={"mine": "yes"})
        for one in mine:
            folder = self.folder(self.course, one["assignment"]) / "feedback" / stamp(one["time"])
            for notebook in one["feedback"]:
                page = self.service.file(self.course, "feedback", one["assignment"], one["user"], one["id"], notebook=notebook)
                write(folder, {f"{notebook}.html": page})
                self.log.info("Fetched feedback: %s", folder / f"{notebook}.html")
            if not one["feedback"]:
                self.log.warning("Could not find feedback for '%s/%s' submitted at %s", self.course, one["assignment"], stamp(one["time"]))


def configure(c: Any, service_url: str = "") -> None:
    """Have nbgrader use the course service, in an ``nbgrader_config.py``.

    :param service_url: the service's address; without one, ``PPM_SERVICE_URL`` is asked when it is needed
    """
    for operation in ("list", "submit", "collect", "fetch_assignment", "fetch_feedback", "release_assignment", "release_feedback"):
        name = "Exchange" + "".join(word.capitalize() for word in operation.split("_"))
        setattr(c.ExchangeFactory, operation, f"{__name__}.{name}")
    c.ExchangeFactory.exchange = f"{__name__}.Exchange"
    if service_url:
        c.CourseServiceExchange.service_url = service_url
