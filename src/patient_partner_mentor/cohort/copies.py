"""The graded copy of a hand-in: the course's own released notebook, with what was shared as plain output. Nothing else survives.

The learner's notebook is never opened. The copy is made of the release, and of the hand-in's known fields.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.nbgraderformat import ValidationError, reads
from nbgrader.nbgraderformat.common import SchemaMismatchError
from nbgrader.utils import compute_checksum, is_grade, is_locked

from ..cells import ASSIGNMENT_FILE
from ..credit.handed_in import StepCredit, credited, shown, shown_next_step
from ..curriculum import Module
from ..errors import CohortError
from ..handins import HAND_IN_FILE, HandIn
from .assignments import graded_id
from .folder import STAMP

CLOSING = "closing"  # where a shared line to take away stands; no step can be called so, for its cell is no graded one
Outputs = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Template:
    """A released notebook, ready to be filled in many times.

    :param released: the file as it is
    :param notebook: as data, without any output
    :param parts: the notebook as text, cut where the outputs of the cells in ``names`` stand
    """

    released: bytes
    notebook: Mapping[str, Any]
    names: tuple[str, ...]
    parts: tuple[str, ...]

    def filled(self, outputs: Outputs) -> str:
        """The notebook as a file's text, with these outputs by cell."""
        text = [self.parts[0]]
        for name, part in zip(self.names, self.parts[1:], strict=True):
            text += [json.dumps(outputs.get(name, []), ensure_ascii=False), part]
        return "".join(text)


def load_template(release: Path, checksums: Mapping[str, str], advice: str) -> Template:
    """The template of an assignment, looked through once for all of its hand-ins.

    :param release: the assignment's folder of ``release/``
    :param checksums: what the gradebook knows of its cells
    :param advice: what to do when they do not fit
    :raises CohortError: if the released notebook is missing, or is not the one that the gradebook knows
    """
    try:
        released = (release / ASSIGNMENT_FILE).read_bytes()
        notebook = reads(released.decode(), as_version=nbformat.current_nbformat)
    except OSError:
        raise CohortError(f"The released notebook of '{release.name}' is not here. {advice}") from None
    except (ValueError, ValidationError, SchemaMismatchError):
        raise CohortError(f"The released notebook of '{release.name}' cannot be read. {advice}") from None
    known = {cell.metadata.nbgrader.grade_id: compute_checksum(cell) for cell in notebook.cells if is_locked(cell)}
    if known != dict(checksums):
        raise CohortError(f"The released notebook of '{release.name}' is not the one that the gradebook knows. {advice}")
    names: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        name = cell.metadata.nbgrader.grade_id if is_grade(cell) else CLOSING if ".closing()" in cell.source else None
        if name:
            names.append(name)
            cell.outputs = [f"@{name}@{secrets.token_hex(16)}@"]
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    parts = []
    for cell in notebook.cells:
        if cell.get("outputs"):
            before, text = text.split(json.dumps(cell.outputs, indent=1).replace("\n", "\n   "), 1)
            parts.append(before)
            cell.outputs = []
    return Template(released, notebook, tuple(names), (*parts, text))


def outputs_of(found: Sequence[StepCredit], given: HandIn | None) -> dict[str, list[dict[str, Any]]]:
    """What the cells of a graded copy have printed, and each step's credit as one number: what the cells themselves would give."""
    outputs: dict[str, list[dict[str, Any]]] = {}
    for number, one in enumerate(found, 1):
        credit = {"output_type": "execute_result", "data": {"text/plain": repr(float(one.outcome.points))}, "execution_count": number, "metadata": {}}
        outputs[graded_id(one.step.id)] = [_printed(shown(one)), credit]
    if line := shown_next_step(given):
        outputs[CLOSING] = [_printed(line)]
    return outputs


def copy_of(template: Template, module: Module, given: HandIn) -> tuple[str, dict[str, float]]:
    """A hand-in's graded copy as a file's text, and the points of its steps.

    :raises RecordError: if it is a hand-in of another module
    """
    found = credited(module, given)
    return template.filled(outputs_of(found, given)), {one.step.id: float(one.outcome.points) for one in found}


def hand_in_file(given: HandIn) -> str:
    """The hand-in's file as it stands in a graded copy: the known fields only."""
    return given.model_dump_json(exclude_none=True) + "\n"


def prepare(place: Path, notebook: str, given: HandIn, stamp: str | None, permissions: int) -> Path:
    """Write a graded copy beside the place where it will stand, and return where it is.

    :param place: ``autograded/LEARNER/ASSIGNMENT``
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.parent / f".{place.name}.{secrets.token_hex(6)}"
    new.mkdir()
    files = {ASSIGNMENT_FILE: notebook, HAND_IN_FILE: hand_in_file(given)} | ({STAMP: stamp + "\n"} if stamp else {})
    for name, text in files.items():
        descriptor = os.open(new / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            os.fchmod(descriptor, permissions)
    return new


def put(new: Path, place: Path) -> None:
    """Put a prepared copy in its place: it is there whole, or as it was."""
    if os.path.lexists(place):
        old = place.parent / f".{place.name}.{secrets.token_hex(6)}"
        place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.rename(place)


def clear(place: Path) -> None:
    """Remove what a killed run left beside a place."""
    for left in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(left, ignore_errors=True)


def _printed(words: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": words + "\n"}
