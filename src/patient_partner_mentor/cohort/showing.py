"""What the formgrader shows of a learner: names as text. And whoever opens a hand-in there has opened it: the service is told."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from threading import Thread
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from .client import ServiceError, connect
from .folder import STAMP

NAMED = ("student", "first_name", "last_name", "notebook_path")  # a path holds the name of its folder


class NamesAsText(Preprocessor):
    """Escapes a learner's names before the formgrader's template gets them; found by a name that ran as script there."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Escape them."""
        return nb, resources | {name: escape(str(resources[name])) for name in NAMED if resources.get(name)}


class Opened(Preprocessor):
    """Tells the course service that a person has a hand-in open. The page neither waits for that nor fails with it."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Say which; only the formgrader's page of one hand-in names a submission."""
        stamp = Path(resources.get("metadata", {}).get("path") or ".", STAMP)
        if resources.get("submission_id") and stamp.is_file():
            address = str(self.config.get("CourseServiceExchange", {}).get("service_url", ""))
            which = (self.config.CourseDirectory.course_id, "opened", resources["assignment_id"], resources["student"])
            Thread(target=_tell, args=(address, which, stamp.read_text("utf-8").strip()), daemon=True).start()
        return nb, resources


def _tell(address: str, which: tuple[str, ...], time: str) -> None:
    with suppress(ServiceError):  # no service, no token, or a hand-in that came another way: then nobody claims that it was opened
        connect(address).json("PUT", *which, params={"time": time})
