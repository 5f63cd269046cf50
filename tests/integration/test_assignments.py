"""The modules as nbgrader's assignments: the same bytes each time, and MyST and nbgrader metadata that agree both ways."""

from __future__ import annotations

import json
from pathlib import Path

import jupytext
import nbformat
import pytest

from patient_partner_mentor.cards import minutes
from patient_partner_mentor.cells import CourseModule
from patient_partner_mentor.cohort import assignments
from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.errors import CohortError, CurriculumError
from tests.cohort_folder import command, configured, hand, handed_in

NUMBERS = range(1, 9)


def folder_of(root: Path, course: Course, number: int) -> Path:
    return root / "notebooks" / course.modules[number - 1].name


@pytest.mark.parametrize("number", NUMBERS)
def test_each_step_has_a_graded_cell_and_one_for_the_comment(root: Path, course: Course, number: int):
    module = course.modules[number - 1]
    cells = [cell.metadata.nbgrader for cell in assignments.assignment(folder_of(root, course, number)).cells if "nbgrader" in cell.metadata]
    assert [assignments.step_of(cell.grade_id) for cell in cells] == [step.id for step in module.steps for _ in range(2)]
    assert [(cell.grade, cell.task, cell.points, cell.locked, cell.solution) for cell in cells] == 5 * [(True, False, 4, True, False), (False, True, 0, True, False)]
    assert len({cell.grade_id for cell in cells}) == 10


@pytest.mark.parametrize("number", NUMBERS)
def test_the_same_folder_gives_the_same_bytes(root: Path, course: Course, number: int):
    folder = folder_of(root, course, number)
    first, second = (nbformat.writes(assignments.assignment(folder)) for _ in range(2))
    assert first == second
    ids = [cell["id"] for cell in json.loads(first)["cells"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("number", NUMBERS)
def test_myst_and_nbgrader_metadata_survive_a_round_trip(root: Path, course: Course, number: int):
    """A notebook with nbgrader's metadata, written as MyST and read again, is the same; without it, it is the module's own file."""
    folder = folder_of(root, course, number)
    there = assignments.assignment(folder)
    back = jupytext.reads(jupytext.writes(there, fmt="md:myst"), fmt="md:myst")
    assert [(c.cell_type, c.source, c.metadata) for c in back.cells] == [(c.cell_type, c.source, c.metadata) for c in there.cells]

    plain = assignments.assignment(folder)
    plain.cells = [cell for cell in plain.cells if not cell.metadata.get("nbgrader", {}).get("task")]
    for cell in plain.cells:
        cell.metadata.pop("nbgrader", None)
    own = jupytext.read(folder / "module.md", fmt="md:myst")
    again = jupytext.reads(jupytext.writes(plain, fmt="md:myst"), fmt="md:myst")
    assert [(c.cell_type, c.source, c.metadata) for c in again.cells] == [(c.cell_type, c.source, c.metadata) for c in own.cells]


def test_a_step_that_no_cell_calls_is_said(root: Path, course: Course, tmp_path: Path):
    name = course.modules[0].name
    (tmp_path / name).mkdir()
    source = root / "notebooks" / name
    (tmp_path / name / "module.yml").write_bytes((source / "module.yml").read_bytes())
    (tmp_path / name / "module.md").write_text((source / "module.md").read_text("utf-8").replace(".step(3)", ".step(2)"), "utf-8")
    with pytest.raises(CurriculumError, match=r"call the steps \[1, 2, 2, 4, 5\]"):
        assignments.assignment(tmp_path / name)


def test_a_module_that_is_not_there_is_said(root: Path):
    with pytest.raises(CohortError, match="no module called '9-nowhere'. The names are: 1-patient-partner"):
        assignments.module_folders(root, ["9-nowhere"])


def test_a_course_that_is_nowhere_is_said(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PPM_COURSE", raising=False)
    with pytest.raises(CohortError, match="The course was not found. Set PPM_COURSE to its folder"):
        assignments.module_folders(tmp_path)
    monkeypatch.setenv("PPM_COURSE", str(root))
    assert len(assignments.module_folders(tmp_path)) == 8


def test_a_fetched_assignment_tells_the_same_minutes(root: Path, course: Course, cohort_folder: Path):
    """Its prose stands in the notebook, and there is no MyST file beside it."""
    for module in course.modules:
        there, fetched = (CourseModule(place / module.name) for place in (root / "notebooks", cohort_folder / "release"))
        assert minutes(fetched._prose(), module) == minutes(there._prose(), module)


def test_the_command_makes_all_eight_and_again_the_same_bytes(course: Course, cohort_folder: Path, tmp_path: Path):
    place = configured(tmp_path / "own")
    names = [module.name for module in course.modules]
    said = command(place, "ppm", "assignments", *names[:2])
    assert said.stdout == f"Made: {names[0]}, {names[1]}.\n" and said.stderr == ""
    files = {path: path.read_bytes() for path in sorted(place.glob("[rs]*/*/*"))}
    assert {path.parent.name for path in files} == set(names[:2])
    command(place, "ppm", "assignments", *names[:2])
    assert {path: path.read_bytes() for path in sorted(place.glob("[rs]*/*/*"))} == files
    assert sorted(path.name for path in (cohort_folder / "release").iterdir()) == names


def test_a_folder_without_our_settings_is_refused(tmp_path: Path):
    """Stock nbgrader there would run what learners hand in."""
    said = command(tmp_path, "ppm", "assignments", ok=False).stderr
    assert "Write one there, with these lines" in said and "from patient_partner_mentor.cohort import configure" in said
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n", "utf-8")
    assert "configure(c, course=" in command(tmp_path, "ppm", "grade", ok=False).stderr


def test_a_changed_module_with_hand_ins_is_made_again(course: Course, own_folder: Path):
    """New words of a module do not touch what is graded; its cells stay the same."""
    module = course.modules[0]
    hand(own_folder, "ana", module, handed_in(module, {1: "Words of mine, and some more of them, for a test."}))
    command(own_folder, "ppm", "grade", module.name)
    command(own_folder, "ppm", "assignments", module.name)
    assert "0 graded, 1 as they were" in command(own_folder, "ppm", "grade", module.name).stdout
