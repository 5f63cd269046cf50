"""What the code cells of the modules' notebooks call: the opening, the steps and the closing of a module."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from IPython.display import HTML, display

from . import cards
from .curriculum import COURSE_SETTING, MODULE_FILE, Course, Module, find_course, load_course, load_link_checks, load_module
from .errors import CurriculumError
from .handins import HAND_IN_FILE, HandIn, open_hand_in
from .interface import current_mode

NOTEBOOK_FILE = "module.md"
ASSIGNMENT_FILE = "module.ipynb"
GRADING_SETTING = "NBGRADER_EXECUTION"  # nbgrader sets it while it executes a hand-in


class CourseModule:
    """A module as a notebook shows it. Each method displays one part; under stock nbgrader, it prints what was handed in.

    :param folder: the module's folder
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data: Module = known_module(folder, (folder / MODULE_FILE).stat().st_mtime_ns)

    def opening(self) -> None:
        """Show how long it takes, the topic note and the list of steps."""
        if _grading():
            return
        display(HTML(cards.opening(self.data, self._prose())))

    def step(self, number: int) -> float | None:
        """Show a step's resources, its prompt with the form, and a good place to stop.

        :return: the step's credit while nbgrader executes a hand-in, and otherwise nothing
        :raises CurriculumError: if the module has no such step
        """
        if _grading():
            return self._credit(number)
        from .form import ReflectionForm  # late: ipywidgets takes a second to import, and 'opening' needs none

        step = self.data.step(number)
        display(HTML(cards.resources(self.data, step, load_link_checks(self.folder))))
        display(ReflectionForm.for_step(self.data, step, self._course()))
        display(HTML(cards.good_stop(self.data, step)))
        return None

    def closing(self) -> None:
        """Show "my next step", what was done, how to keep a copy, and the way on."""
        if _grading():
            from .credit import handed_in

            if line := handed_in.shown_next_step(_handed_in()):
                print(line)
            return
        from .form import ReflectionForm

        display(ReflectionForm.for_next_step(self.data))
        display(HTML(cards.closing(self.data, self._course(), current_mode())))

    def _credit(self, number: int) -> float:
        from .credit import handed_in  # late: a notebook that nobody grades needs no word lists

        step = self.data.step(number)
        found = next(one for one in handed_in.credited(self.data, _handed_in()) if one.step is step)
        print(handed_in.shown(found))
        return float(found.outcome.points)

    def _prose(self) -> str:
        path = self.folder / NOTEBOOK_FILE
        if path.exists():
            return path.read_text("utf-8")
        path = self.folder / ASSIGNMENT_FILE  # fetched with nbgrader: the same prose, in a notebook
        cells = json.loads(path.read_text("utf-8"))["cells"] if path.exists() else []
        return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")

    def _course(self) -> Course | None:
        root = self.folder.parent.parent
        return known_course(root, stamp(root)) if (root / "notebooks").is_dir() else None


@lru_cache(maxsize=16)
def known_module(folder: Path, changed: int) -> Module:  # noqa: ARG001 - a change makes another entry
    """A module's data, read once for all cells of a kernel."""
    return load_module(folder)


def stamp(root: Path) -> tuple[tuple[str, int], ...]:
    """When each module's data was last changed: what a kept course is compared with."""
    return tuple((path.as_posix(), path.stat().st_mtime_ns) for path in sorted((root / "notebooks").glob(f"*/{MODULE_FILE}")))


@lru_cache(maxsize=2)
def known_course(root: Path, changed: tuple[tuple[str, int], ...]) -> Course:  # noqa: ARG001 - a change makes another entry
    """The whole course, read once for all cells of a kernel: eight files take a second."""
    return load_course(root)


def find_module(name: str) -> CourseModule:
    """The module of this name, looked for in this order: the name as a path; under ``$PPM_COURSE``; the working
    directory; the copy that the installed package carries.

    :raises CurriculumError: if it is nowhere
    """
    places = [Path(name)]
    if os.environ.get(COURSE_SETTING):
        places.append(Path(os.environ[COURSE_SETTING], "notebooks", name))
    if Path.cwd().name == name or (Path(MODULE_FILE).exists() and load_module(Path.cwd()).name == name):
        places.append(Path.cwd())
    places.append(Path(__file__).parent / "course" / "notebooks" / name)
    for place in places:
        if (place / MODULE_FILE).is_file():
            return CourseModule(place.resolve())
    raise CurriculumError(
        f"The module '{name}' was not found. Start the notebook in the module's own folder, "
        f"or set {COURSE_SETTING} to the folder of the course."
    )


def _grading() -> bool:
    return bool(os.environ.get(GRADING_SETTING))


def _handed_in() -> HandIn | None:
    """The hand-in in the working directory, or nothing where there is none.

    :raises RecordError: if it cannot be read
    """
    path = Path(HAND_IN_FILE)
    return open_hand_in(path) if os.path.lexists(path) else None


def warm_up() -> None:
    """Import and read what every notebook of the course needs, for a kernel that waits for its page."""
    from .form import keeper, portfolio  # noqa: F401 - imported for the time that it takes

    course = find_course()
    for module in course.modules:
        find_module(module.name)._course()


def show_portfolio() -> None:
    """Show every answer of the learner on one page.

    :raises CurriculumError: if the course cannot be found or read
    """
    from .form.portfolio import Portfolio

    display(Portfolio(find_course()))
