"""nbgrader's exchange over the course service, in place of its shared folder: all seven operations, and the list.

Stock commands, the formgrader's buttons and the assignment list use these classes by settings alone; see ``configure``.
Who hands in, and when, is said by the service. Why there is no folder: docs/decisions/0012-course-service-and-exchange.md.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import abc
from nbgrader.utils import ignore_patterns, parse_utc
from traitlets import Bool, Unicode

from .. import advice, archives
from .client import FILES, LARGEST, Client, ServiceError, connect

STAMP = "timestamp.txt"
_NAME = re.compile(r"[\w][\w.@+-]{0,127}")


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
        _write(folder, {name: data for name, data in files.items() if not (folder / name).exists()})
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


class ExchangeCollect(CourseServiceExchange, abc.ExchangeCollect):
    """Get what learners handed in: each one's newest, in place of an older one with ``--update``."""

    def copy_files(self) -> None:
        """Fetch one after the other; one that cannot be had is reported, and the rest goes on."""
        wanted = self._wanted()
        if not wanted:
            self.log.warning("No submissions of '%s' for course '%s' to collect", self.assignment, self.course)
        else:
            self.log.info("Processing %s submissions of '%s' for course '%s'", len(wanted), self.assignment, self.course)
        for one in wanted:
            try:
                self._collect(one)
            except (ServiceError, OSError) as error:
                self.log.error("%s %s was not collected: %s", one["user"], self.assignment, error)

    def _wanted(self) -> list[dict[str, Any]]:
        only = self.coursedir.student_id or "*"
        by_user: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in self.service.json("GET", self.course, "submissions", self.assignment, params={"history": "yes"}):
            if only in ("*", one["user"]):
                by_user[one["user"]].append(one)
        due = self._due()
        wanted = []
        for user, history in sorted(by_user.items()):
            left = [one for one in history if not one.get("taken_back")]
            if not _NAME.fullmatch(user):
                self.log.error("A learner was not collected, since a name holds characters that a folder cannot have.")
            elif not left:
                self._taken_back(user)
            else:
                in_time = [one for one in left if due and parse_utc(stamp(one["time"])) <= due]
                wanted.append((in_time or left)[-1])
        return wanted

    def _taken_back(self, user: str) -> None:
        """Say whose copy is to be removed, and how, for as long as there is one here."""
        parts = (self.coursedir.submitted_directory, self.coursedir.autograded_directory, self.coursedir.feedback_directory)
        if any(os.path.lexists(self.coursedir.format_path(part, user, self.assignment)) for part in parts):
            command = advice.erase(Path(self.coursedir.root), user, self.assignment, here_only=True)
            self.log.warning("%s took back %s. A copy is still here. Remove it with: %s", user, self.assignment, command)

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
        _write(new, files)
        ignored = ignore_patterns(self.coursedir.ignore, self.coursedir.include, self.coursedir.max_file_size, self.log)
        for place, _, names in os.walk(new):
            for name in set(ignored(place, names)) - {STAMP}:
                Path(place, name).unlink(missing_ok=True)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


class ExchangeReleaseFeedback(CourseServiceExchange, abc.ExchangeReleaseFeedback):
    """Deliver feedback pages, each to the hand-in that it was written for."""

    def copy_files(self) -> None:
        """Send them; the time in the feedback's folder says which hand-in it was."""
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
            self.service.json("PUT", self.course, "feedback", self.assignment, user, id, params={"notebook": page.stem}, data=page.read_bytes())


class ExchangeFetchFeedback(CourseServiceExchange, abc.ExchangeFetchFeedback):
    """Get one's own feedback pages."""

    def copy_files(self) -> None:
        """Write them beside the assignment, in a folder for each hand-in's time."""
        mine = self.service.json("GET", self.course, "submissions", *_some(self.assignment), params={"mine": "yes"})
        for one in mine:
            folder = self.folder(self.course, one["assignment"]) / "feedback" / stamp(one["time"])
            for notebook in one["feedback"]:
                page = self.service.file(self.course, "feedback", one["assignment"], one["user"], one["id"], notebook=notebook)
                _write(folder, {f"{notebook}.html": page})
                self.log.info("Fetched feedback: %s", folder / f"{notebook}.html")
            if not one["feedback"]:
                self.log.warning("Could not find feedback for '%s/%s' submitted at %s", self.course, one["assignment"], stamp(one["time"]))


class ExchangeList(CourseServiceExchange, abc.ExchangeList):
    """List what is released, or what was handed in."""

    def copy_files(self) -> None:
        """Nothing to copy."""

    def start(self) -> Any:
        """List, or remove; whatever the service refuses is one line."""
        try:
            return abc.ExchangeList.start(self)
        except ServiceError as error:
            message = str(error)
        return self.fail(message)

    def list_files(self) -> list[dict[str, Any]]:
        """What is there, as nbgrader's own list gives it."""
        found = self._handed_in() if self.inbound or self.cached else self._released()
        self.log.info("Submitted assignments:" if self.inbound or self.cached else "Released assignments:")
        for one in found:
            for line in one.get("submissions", [one]):
                self.log.info(_line(line))
        return found

    def remove_files(self) -> list[dict[str, Any]]:
        """Take released assignments in. What learners handed in is erased with 'ppm erase', and not by a list."""
        if self.inbound or self.cached:
            self.fail(f"What was handed in is not removed here. To erase all words of a learner: {advice.erase(Path(self.coursedir.root), 'ACCOUNT')}")
        found = self._released()
        self.log.info("Removing released assignments:")
        for one in found:
            self.service.json("DELETE", one["course_id"], "assignments", one["assignment_id"])
            self.log.info(_line(one))
        return [one | {"status": "removed"} for one in found]

    def _courses(self) -> list[str]:
        mine = self.service.json("GET", "courses")["courses"]
        return [one for one in mine if self.coursedir.course_id in ("", "*", one)]

    def _released(self) -> list[dict[str, Any]]:
        only = _some(self.assignment)
        found = []
        for course in self._courses():
            for name in sorted(self.service.json("GET", course, "assignments")):
                if not only or name in only:
                    folder = self.folder(course, name)
                    notebooks = [{"notebook_id": path.stem, "path": str(path)} for path in sorted(folder.glob("*.ipynb"))]
                    status, path = ("fetched", str(folder)) if folder.is_dir() else ("released", "")
                    found.append({"course_id": course, "assignment_id": name, "status": status, "path": path, "notebooks": notebooks})
        return found

    def _handed_in(self) -> list[dict[str, Any]]:
        query = {"mine": "yes"} if self.cached else {"history": "yes"}
        only = self.coursedir.student_id or "*"
        groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for course in self._courses():
            for one in self.service.json("GET", course, "submissions", *_some(self.assignment), params=query):
                if not one.get("taken_back") and (self.cached or only in ("*", one["user"])):
                    groups.setdefault((course, one["user"], one["assignment"]), []).append(self._submission(course, one))
        return [
            {"course_id": course, "student_id": user, "assignment_id": name, "status": "submitted", "submissions": those}
            for (course, user, name), those in sorted(groups.items())
        ]

    def _submission(self, course: str, one: Mapping[str, Any]) -> dict[str, Any]:
        local = self.folder(course, one["assignment"]) / "feedback" / stamp(one["time"])
        notebooks = []
        for name in sorted(one["feedback"]) or ["module"]:
            page = local / f"{name}.html"
            there, ready = page.is_file(), one["feedback"].get(name)
            updated = bool(there and ready and datetime.fromtimestamp(page.stat().st_mtime, UTC) < datetime.fromisoformat(ready))
            said = {"has_local_feedback": there, "has_exchange_feedback": bool(ready), "feedback_updated": updated}
            notebooks.append({"notebook_id": name, "path": "", "local_feedback_path": str(page) if there else None, **said})
        every = {key: all(nb[key] for nb in notebooks) for key in ("has_local_feedback", "has_exchange_feedback")}
        every["feedback_updated"] = any(nb["feedback_updated"] for nb in notebooks)
        names = {"course_id": course, "student_id": one["user"], "assignment_id": one["assignment"], "timestamp": stamp(one["time"])}
        where = str(local) if every["has_local_feedback"] else None
        return {**names, "status": "submitted", "path": "", "notebooks": notebooks, "local_feedback_path": where, **every}


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


def stamp(time: str) -> str:
    """A time of the service's as nbgrader writes it."""
    return time.replace("T", " ").replace("Z", " UTC")


def _some(assignment: str) -> tuple[str, ...]:
    return (assignment,) if assignment not in ("", "*") else ()


def _line(one: Mapping[str, Any]) -> str:
    if "timestamp" not in one:
        return f"{one['course_id']} {one['assignment_id']}" + (" (already downloaded)" if one["status"] == "fetched" else "")
    if one["has_local_feedback"] and not one["feedback_updated"]:
        said = "feedback already fetched"
    else:
        said = "feedback ready to be fetched" if one["has_exchange_feedback"] else "no feedback available"
    return f"{one['course_id']} {one['student_id']} {one['assignment_id']} {one['timestamp']} ({said})"


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of an archive, whose names were looked through; nothing there is a link to follow."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
