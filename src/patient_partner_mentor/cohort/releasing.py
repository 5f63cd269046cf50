"""Making the course's assignments ready for nbgrader: written as source, generated, and put out at the course service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.exchange import ExchangeError, ExchangeFactory

from ..errors import CohortError
from .assignments import module_folders, write_source
from .folder import CourseFolder, alone
from .gradebook import again_while_busy, engine
from .lines import kept_lines


def make(folder: CourseFolder, course_root: Path, names: Iterable[str] = (), release: bool = False) -> list[str]:
    """Write, generate and, if asked, release assignments; return their names.

    :param course_root: the course, with the modules under ``notebooks/``
    :raises CohortError: if one of them cannot be made, with nbgrader's reason
    """
    done = []
    with alone(folder.root):
        engine(folder.gradebook, folder.course)
        for module in module_folders(course_root, names):
            write_source(module, folder.place("source", ".", module.name))
            generate(folder, module.name)
            if release:
                put_out(folder, module.name)
            done.append(module.name)
    return done


def generate(folder: CourseFolder, name: str) -> None:
    """What ``nbgrader generate_assignment --force`` does.

    :raises CohortError: if nbgrader refuses, as it does when steps came or went and hand-ins are there
    """
    with kept_lines() as (log, lines):
        folder.coursedir.assignment_id = name
        converter = GenerateAssignment(coursedir=folder.coursedir, config=folder.config)
        converter.log, converter.force = log, True
        try:
            again_while_busy(converter.start)
        except (NbGraderException, SystemExit):
            reason = next((line.strip().splitlines()[-1] for line in lines if "Error" in line), lines[-1] if lines else "no reason was given")
            raise CohortError(f"The assignment '{name}' was not made. nbgrader says: {reason}") from None


def put_out(folder: CourseFolder, name: str) -> None:
    """What ``nbgrader release_assignment --force`` does.

    :raises CohortError: if the course service refuses or cannot be reached
    """
    with kept_lines() as (log, lines):
        folder.coursedir.assignment_id = name
        operation = ExchangeFactory(config=folder.config).ReleaseAssignment(coursedir=folder.coursedir, authenticator=None, config=folder.config)
        operation.log, operation.force = log, True
        try:
            operation.start()
        except (ExchangeError, SystemExit):
            raise CohortError(f"The assignment '{name}' was not released. {lines[-1] if lines else ''}") from None


