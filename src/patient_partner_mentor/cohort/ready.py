"""What all hand-ins of an assignment have in common, read and looked through once: its module, its rows, its template."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ..advice import ppm
from ..cells import ASSIGNMENT_FILE
from ..curriculum import MODULE_FILE, Module, load_module
from .copies import Template, load_template
from .gradebook import Cells, cells, reading


@lru_cache(maxsize=16)
def known(address: str, course: str, assignment: str, source: str, release: str, advice: str, _changed: tuple[int, ...]) -> tuple[Module, Cells, Template]:
    """What all hand-ins of an assignment have in common, read once.

    :raises CourseError: if the course's own files or gradebook do not fit each other
    """
    module = load_module(source)
    with reading(address, course) as connection:
        found = cells(connection, module, assignment, advice)
    return module, found, load_template(Path(release), found.checksums, advice)


def known_now(coursedir: Any, assignment: str) -> tuple[Module, Cells, Template]:
    """The same, as the files are now."""
    source, release = (coursedir.format_path(part, ".", assignment) for part in (coursedir.source_directory, coursedir.release_directory))
    files = (Path(source, MODULE_FILE), Path(release, ASSIGNMENT_FILE))
    changed = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in files)
    advice = f"Grade again after this command: {ppm('assignments', assignment, folder=Path(coursedir.root))}"
    return known(coursedir.db_url, coursedir.course_id, assignment, source, release, advice, changed)
