"""What stands round a run of ``nbgrader autograde``: one grader at a time, plain files only, and a line for what is refused."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, NbGraderException

from ..cells import ASSIGNMENT_FILE
from ..credit.handed_in import credited
from ..errors import CourseError, RecordError
from ..handins import HAND_IN_FILE, open_hand_in
from .folder import STAMP, alone, stamp_of
from .names import shown, strange
from .ready import known_now

SET_ASIDE = ".set-aside"
UNDER_WAY = ".ppm-under-way"
HAND_IN_FILES = (ASSIGNMENT_FILE, HAND_IN_FILE, STAMP)


def guard(autograde: Autograde) -> None:
    """One grader at a time in a folder, plain files only, and one line for what cannot be graded."""
    convert = autograde.convert_notebooks

    def guarded() -> None:
        try:
            with alone(Path(autograde.coursedir.root)):
                finish_killed(autograde.coursedir)
                refused = _sort_out(autograde)
                with _under_way(autograde.coursedir, list(autograde.assignments)):
                    convert()
        except CourseError as error:
            autograde.log.error("%s", error)
            raise NbGraderException(str(error)) from None
        if refused:
            raise NbGraderException(f"{refused} of the hand-ins could not be graded. The lines above name them.")

    autograde.convert_notebooks = guarded


def _sort_out(autograde: Autograde) -> int:
    """Take out of nbgrader's list what cannot be graded, with a line for each; return how many."""
    odd = dict(strange(autograde.coursedir, autograde.coursedir.assignment_id, autograde.coursedir.student_id))
    for name, reason in odd.items():
        autograde.log.error("%s, %s: %s", shown(name), autograde.coursedir.assignment_id, reason)
    refused = len(odd)
    for path in [path for path in autograde.assignments if Path(path).parts[-2] in odd]:
        del autograde.assignments[path]
    for folder in map(Path, list(autograde.assignments)):
        learner, assignment = folder.parts[-2:]
        try:
            module, _, template = known_now(autograde.coursedir, assignment)
            said = unused(folder, template.released)
            set_aside(folder)
            autograde.assignments[str(folder)] = [str(folder / ASSIGNMENT_FILE)]
            credited(module, open_hand_in(folder / HAND_IN_FILE))
            if said:
                autograde.log.warning("%s, %s: %s", learner, assignment, said)
        except RecordError as error:
            refused += 1
            autograde.log.error("%s, %s: %s", learner, assignment, error)
            del autograde.assignments[str(folder)]
    return refused


@contextmanager
def _under_way(coursedir: Any, folders: list[str]) -> Iterator[None]:
    """nbgrader writes a graded copy in place. Note which ones are being written, so that a killed run leaves no half copy."""
    note = Path(coursedir.root, UNDER_WAY)
    note.write_text(json.dumps([Path(folder).parts[-2:] for folder in folders]), "utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def finish_killed(coursedir: Any) -> None:
    """Remove the graded copies that a killed run of nbgrader's had begun; they are made anew from what was handed in."""
    note = Path(coursedir.root, UNDER_WAY)
    try:
        begun = json.loads(note.read_text("utf-8"))
    except FileNotFoundError:
        return
    except ValueError:  # killed while the note was written: no copy was begun
        begun = []
    for learner, assignment in begun:
        if Path(coursedir.format_path(coursedir.submitted_directory, learner, assignment)).is_dir():
            shutil.rmtree(coursedir.format_path(coursedir.autograded_directory, learner, assignment), ignore_errors=True)
    note.unlink(missing_ok=True)


def set_aside(folder: Path) -> None:
    """Move what is no plain file of a hand-in out of nbgrader's way, so that it copies and opens none of it.

    :param folder: ``submitted/LEARNER/ASSIGNMENT``
    """
    strange = [path for path in folder.iterdir() if not (path.name in HAND_IN_FILES and plain_file(path) and (path.name != STAMP or stamp_of(folder)))]
    if strange:
        aside = folder.parent / SET_ASIDE / f"{folder.name}-{secrets.token_hex(4)}"
        aside.mkdir(parents=True)
        for path in strange:
            path.rename(aside / path.name)
    if not (folder / ASSIGNMENT_FILE).exists():  # nbgrader looks for one by this name, and never for what is in it
        (folder / ASSIGNMENT_FILE).write_text("{}", "utf-8")


def plain_file(path: Path) -> bool:
    """Whether it is a regular file, and that one alone: no link, device or folder."""
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def unused(folder: Path, released: bytes) -> str:
    """What a facilitator should know of a hand-in's other files, none of which is used; nothing where all is usual.

    :param released: the released notebook; a learner's is compared with it, and never read as a notebook
    """
    others = sum(not (name in HAND_IN_FILES and plain_file(folder / name)) for name in os.listdir(folder) if name != HAND_IN_FILE)
    said = [f"{others} {'entry is' if others == 1 else 'entries are'} no part of a hand-in, and not used."] if others else []
    notebook = folder / ASSIGNMENT_FILE
    if os.path.lexists(notebook) and plain_file(notebook) and (notebook.stat().st_size != len(released) or notebook.read_bytes() != released):
        said.append("The notebook is not the one that was released; the released one is used.")
    if os.path.lexists(folder / STAMP) and not stamp_of(folder):
        said.append("Its time cannot be read.")
    return " ".join(said)
