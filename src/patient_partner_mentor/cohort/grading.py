"""Grading without running anything: the parts that ``nbgrader autograde`` and the formgrader's button are given by settings.

nbgrader's own loop goes through the hand-ins; see ``settings.configure``. Why nothing runs: docs/decisions/0014-grading-without-running.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, parse_utc

from ..credit.handed_in import StepCredit, credited
from ..errors import CourseError
from ..handins import HAND_IN_FILE, HandIn, open_hand_in
from .assignments import graded_id
from .copies import CLOSING, hand_in_file, outputs_of
from .folder import stamp_of
from .gradebook import Graded, save
from .guard import guard
from .ready import known_now

Result = tuple[NotebookNode, dict[str, Any]]


class _Part(NbGraderPreprocessor):
    """What the three parts have in common: which hand-in it is."""

    def coursedir(self) -> Any:
        """nbgrader's idea of the course's folder."""
        return self.parent.parent.coursedir

    def hand_in(self, resources: dict[str, Any]) -> tuple[HandIn, tuple[StepCredit, ...]]:
        """The hand-in, and its credit.

        :raises RecordError: if it cannot be read
        """
        names = resources["nbgrader"]
        submitted = self.coursedir().format_path(self.coursedir().submitted_directory, names["student"], names["assignment"])
        given = open_hand_in(Path(submitted, HAND_IN_FILE))
        return given, credited(known_now(self.coursedir(), names["assignment"])[0], given)


class Rebuild(_Part):
    """In place of the learner's notebook, the course's own; in place of the files beside it, the hand-in's known fields."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:  # noqa: ARG002 - the learner's is not looked at
        """Start from the release."""
        names = resources["nbgrader"]
        given, _ = self.hand_in(resources)
        template = known_now(self.coursedir(), names["assignment"])[2]
        place = Path(self.coursedir().format_path(self.coursedir().autograded_directory, names["student"], names["assignment"]))
        (place / HAND_IN_FILE).unlink(missing_ok=True)
        (place / HAND_IN_FILE).write_text(hand_in_file(given), "utf-8")
        return nbformat.from_dict(template.notebook), resources


class Credit(_Part):
    """The outputs that the cells would have printed, from the hand-in; no cell is run."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Fill in the outputs."""
        given, found = self.hand_in(resources)
        outputs = outputs_of(found, given)
        for cell in nb.cells:
            if cell.cell_type == "code":
                name = cell.metadata.nbgrader.grade_id if is_grade(cell) else CLOSING if ".closing()" in cell.source else ""
                cell.outputs = nbformat.from_dict(outputs.get(name, []))
                cell.execution_count = next((one.execution_count for one in cell.outputs if "execution_count" in one), None)
        return nb, resources


class SaveCredit(_Part):
    """The credit into the gradebook, by the function that writes it for many."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        """Save it."""
        names = resources["nbgrader"]
        _, found = self.hand_in(resources)
        stamp = stamp_of(Path(self.coursedir().format_path(self.coursedir().submitted_directory, names["student"], names["assignment"])))
        points = {one.step.id: float(one.outcome.points) for one in found}
        shown = {cell.metadata.nbgrader.grade_id: float(cell.outputs[-1].data["text/plain"]) for cell in nb.cells if is_grade(cell)}
        if shown != {graded_id(step): value for step, value in points.items()}:
            raise CourseError("The graded copy and the gradebook would not say the same. Grade this hand-in again.")
        its = known_now(self.coursedir(), names["assignment"])[1]
        save(self.coursedir().db_url, self.coursedir().course_id, its, [Graded(names["student"], points, parse_utc(stamp) if stamp else None)])
        return nb, resources


class GradedCopyExporter(NotebookExporter):
    """Runs the parts for ``nbgrader autograde`` without opening the learner's notebook, and guards the whole run.

    nbgrader has settings for what happens to a notebook, and none for what happens before it is read. The exporter is
    made once a run, before any hand-in is touched, so the guards are put in place here.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.parent, Autograde):
            guard(self.parent)

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        """A notebook as text: the learner's is taken as empty, our own copy is read."""
        if getattr(self.parent, "_sanitizing", False):
            return self.from_notebook_node(nbformat.v4.new_notebook(), resources, **kwargs)
        return super().from_filename(filename, resources, **kwargs)
