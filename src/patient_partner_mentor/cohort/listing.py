"""The list of the exchange: what is released, or what was handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc

from .. import advice
from .client import ServiceError
from .wire import CourseServiceExchange, some, stamp


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
        only = some(self.assignment)
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
            for one in self.service.json("GET", course, "submissions", *some(self.assignment), params=query):
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


def _line(one: Mapping[str, Any]) -> str:
    if "timestamp" not in one:
        return f"{one['course_id']} {one['assignment_id']}" + (" (already downloaded)" if one["status"] == "fetched" else "")
    if one["has_local_feedback"] and not one["feedback_updated"]:
        said = "feedback already fetched"
    else:
        said = "feedback ready to be fetched" if one["has_exchange_feedback"] else "no feedback available"
    return f"{one['course_id']} {one['student_id']} {one['assignment_id']} {one['timestamp']} ({said})"
