"""The modules as nbgrader's assignments: a module's MyST notebook, with a graded cell and a cell for a comment at each step."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.nbgraderformat import MetadataValidator

from ..cells import ASSIGNMENT_FILE, NOTEBOOK_FILE
from ..credit.rules import RULES
from ..curriculum import COURSE_SETTING, LINKS_FILE, MODULE_FILE, Module, load_module
from ..errors import CohortError, CurriculumError
from ..interface import text

NOTEBOOK = Path(ASSIGNMENT_FILE).stem
COMMENT = "comment_"  # no step's id holds an underscore, so the two kinds of cells cannot be confused
SCHEMA = 3  # of nbgrader's metadata
_STEP = re.compile(r"""module\(["'](?P<module>[a-z0-9-]+)["']\)\.step\((?P<number>\d+)\)""")


def graded_id(step: str) -> str:
    """The ``grade_id`` of a step's graded cell: the step's own id, which never changes."""
    return step


def comment_id(step: str) -> str:
    """The ``grade_id`` of the cell under which a step's comment stands."""
    return COMMENT + step


def step_of(grade_id: str) -> str:
    """The step that a cell belongs to."""
    return grade_id.removeprefix(COMMENT)


def assignment(folder: Path) -> NotebookNode:
    """A module's folder as nbgrader's source notebook; the same folder gives the same notebook to the byte.

    :raises CurriculumError: if the notebook's cells do not call each of the module's steps once
    """
    module = load_module(folder)
    source = jupytext.read(folder / NOTEBOOK_FILE, fmt="md:myst")
    cells: list[NotebookNode] = []
    seen: list[int] = []
    for cell in source.cells:
        cells.append(cell)
        called = _STEP.search(cell.source) if cell.cell_type == "code" else None
        if called:
            number = int(called["number"])
            step = module.step(number)
            seen.append(number)
            cell.metadata["nbgrader"] = _metadata(graded_id(step.id), grade=True, points=RULES.points["done"])
            comment = new_markdown_cell(text("grading.task", title=step.title))
            comment.metadata["nbgrader"] = _metadata(comment_id(step.id), grade=False, points=0)
            cells.append(comment)
    if sorted(seen) != [step.number for step in module.steps]:
        raise CurriculumError(
            f"{folder / NOTEBOOK_FILE}: its cells call the steps {seen}, and each of the module's steps has to be called once. "
            'A step\'s cell holds: module("' + module.name + '").step(1)'
        )
    _name_cells(module, cells)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": source.metadata["kernelspec"]})
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)
    return notebook


def write_source(module_folder: Path, assignment_folder: Path) -> bool:
    """Write an assignment's source: the notebook, and the data that its cells read.

    :return: whether anything changed
    """
    files = {ASSIGNMENT_FILE: (nbformat.writes(assignment(module_folder)) + "\n").encode()}
    for name in (MODULE_FILE, LINKS_FILE):
        if (module_folder / name).is_file():
            files[name] = (module_folder / name).read_bytes()
    there = {path.name: path.read_bytes() for path in assignment_folder.iterdir()} if assignment_folder.is_dir() else {}
    if there == files:
        return False
    assignment_folder.parent.mkdir(parents=True, exist_ok=True)
    new = assignment_folder.with_name(f".{assignment_folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for name, data in files.items():
        (new / name).write_bytes(data)
    if assignment_folder.exists():
        shutil.rmtree(assignment_folder)
    new.rename(assignment_folder)
    return True


def module_folders(root: Path, names: Iterable[str] = ()) -> list[Path]:
    """The folders of the modules with these names, or of all, in order: under ``root``, ``$PPM_COURSE`` or in the package.

    :raises CohortError: if there is none of a name, or no course
    """
    places = [root, *([Path(os.environ[COURSE_SETTING])] if os.environ.get(COURSE_SETTING) else []), Path(__file__).parent.parent / "course"]
    found = next((paths for place in places if (paths := sorted(place.glob(f"notebooks/[0-9]*-*/{MODULE_FILE}")))), [])
    if not found:
        raise CohortError(f"The course was not found. Set {COURSE_SETTING} to its folder, the one with notebooks/ in it: export {COURSE_SETTING}=FOLDER. Then do this again.")
    folders = {path.parent.name: path.parent for path in found}
    wanted = list(names) or sorted(folders, key=lambda name: int(name.split("-")[0]))
    for name in wanted:
        if name not in folders:
            raise CohortError(f"There is no module called '{name}'. The names are: {', '.join(folders)}")
    return [folders[name] for name in wanted]


def _metadata(grade_id: str, grade: bool, points: int) -> dict[str, Any]:
    return {"schema_version": SCHEMA, "grade": grade, "locked": True, "solution": False, "task": not grade, "grade_id": grade_id, "points": points}


def _name_cells(module: Module, cells: list[NotebookNode]) -> None:
    """Give each cell an id that a second run gives again: by its step, or by its place between two steps."""
    place, number = module.id, 0
    for cell in cells:
        nbgrader = cell.metadata.get("nbgrader")
        if nbgrader:
            place, number = f"{module.id}/{nbgrader['grade_id']}", 0
        cell["id"] = hashlib.sha256(f"{place}/{number}".encode()).hexdigest()[:12]
        number += 1
