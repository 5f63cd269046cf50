"""Grading without running anything: the parts that ``nbgrader autograde`` and the formgrader's button are given by settings.

nbgrader's own loop goes through the hand-ins; see ``settings.configure``. Why nothing runs: docs/decisions/0014-grading-without-running.md.
"""

from __future__ import annotations

import logging
import secrets
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, parse_utc

from ..cells import ASSIGNMENT_FILE
from ..credit.handed_in import StepCredit, credited
from ..curriculum import MODULE_FILE, Module, load_module
from ..errors import CourseError
from ..handins import HAND_IN_FILE, HandIn, open_hand_in
from .assignments import graded_id
from .copies import CLOSING, Template, hand_in_file, load_template, outputs_of
from .exchange import STAMP
from .folder import alone, stamp_of
from .gradebook import Cells, Graded, cells, reading, save

SET_ASIDE = ".set-aside"
_KNOWN = (ASSIGNMENT_FILE, HAND_IN_FILE, STAMP)
Result = tuple[NotebookNode, dict[str, Any]]


@lru_cache(maxsize=16)
def known(address: str, course: str, assignment: str, source: str, release: str, _changed: tuple[int, ...]) -> tuple[Module, Cells, Template]:
    """What all hand-ins of an assignment have in common, read once.

    :raises CourseError: if the course's own files or gradebook do not fit each other
    """
    module = load_module(source)
    with reading(address, course) as connection:
        found = cells(connection, module, assignment)
    return module, found, load_template(Path(release), found.checksums)


def known_now(coursedir: Any, assignment: str) -> tuple[Module, Cells, Template]:
    """The same, as the files are now."""
    source, release = (coursedir.format_path(part, ".", assignment) for part in (coursedir.source_directory, coursedir.release_directory))
    files = (Path(source, MODULE_FILE), Path(release, ASSIGNMENT_FILE))
    changed = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in files)
    return known(coursedir.db_url, coursedir.course_id, assignment, source, release, changed)


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
            _guard(self.parent)

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        """A notebook as text: the learner's is taken as empty, our own copy is read."""
        if getattr(self.parent, "_sanitizing", False):
            return self.from_notebook_node(nbformat.v4.new_notebook(), resources, **kwargs)
        return super().from_filename(filename, resources, **kwargs)


class _OneLine(logging.Filter):
    """Where nbgrader logs a traceback of something that we refused with a sentence, the sentence alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten it."""
        said = str(record.msg)
        if said.startswith("Traceback") and "patient_partner_mentor.errors." in said:
            record.msg = said.rpartition("patient_partner_mentor.errors.")[2].partition(": ")[2].strip()
        return True


def _guard(autograde: Autograde) -> None:
    """One grader at a time in a folder, plain files only, and one line for what is refused."""
    convert = autograde.convert_notebooks

    def guarded() -> None:
        shorten = _OneLine()
        autograde.log.addFilter(shorten)
        try:
            with alone(Path(autograde.coursedir.root)):
                for folder in map(Path, list(autograde.assignments)):
                    learner = ", ".join(folder.parts[-2:])
                    if folder.is_symlink() or folder.parent.is_symlink():
                        autograde.log.error("%s: this is a link to another folder, and is left alone.", learner)
                        del autograde.assignments[str(folder)]
                        continue
                    for line in set_aside(folder):
                        autograde.log.warning("%s: %s", learner, line)
                convert()
        finally:
            autograde.log.removeFilter(shorten)

    autograde.convert_notebooks = guarded


def set_aside(folder: Path) -> list[str]:
    """Move what is no plain file of a hand-in out of nbgrader's way, so that it copies none of it; one line for all of it.

    :param folder: ``submitted/LEARNER/ASSIGNMENT``
    """
    strange = [path for path in folder.iterdir() if not (path.name in _KNOWN and plain_file(path) and (path.name != STAMP or stamp_of(folder)))]
    if not strange:
        return []
    aside = folder.parent / SET_ASIDE / f"{folder.name}-{secrets.token_hex(4)}"
    aside.mkdir(parents=True)
    for path in strange:
        path.rename(aside / path.name)
    if not (folder / ASSIGNMENT_FILE).exists():  # nbgrader looks for one by this name, and never for what is in it
        (folder / ASSIGNMENT_FILE).write_text("{}", "utf-8")
    return [unused(len(strange))]


def plain_file(path: Path) -> bool:
    """Whether it is a regular file, and that one alone: no link, device or folder."""
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def unused(count: int) -> str:
    """What is said of files that are no part of a hand-in."""
    return f"{count} {'entry is' if count == 1 else 'entries are'} no part of a hand-in, and not used."
