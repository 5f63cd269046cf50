"""One function for an ``nbgrader_config.py``: everything that nbgrader has to know of a course, and of how it is graded."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nbgrader
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ..cells import ASSIGNMENT_FILE
from ..curriculum import LINKS_FILE, MODULE_FILE
from ..handins import HAND_IN_FILE
from . import at_sockets, exchange
from .folder import STAMP

BUSY_SECONDS = 60  # how long anybody waits for a gradebook that another one is writing
INCLUDED = [ASSIGNMENT_FILE, MODULE_FILE, LINKS_FILE, HAND_IN_FILE, STAMP]
LARGEST_FILE = 2_000  # kB of one file that is released or collected; a hand-in has at most half of that
_HERE = __name__.rpartition(".")[0]


def configure(c: Any, course: str, folder: str | Path = ".", service_url: str = "", gradebook: str = "") -> None:
    """Have nbgrader use the course service, and grade, answer and release as this course does.

    Stock commands, the formgrader's buttons and ``ppm`` all read what is set here.

    :param course: the course's name at the Hub
    :param folder: the facilitators' folder of the course, in which this ``nbgrader_config.py`` stands
    :param service_url: the course service's address; without one, ``PPM_SERVICE_URL`` is asked when it is needed
    :param gradebook: a database's address; without one, ``gradebook.db`` in the folder
    """
    exchange.configure(c, service_url)
    at_sockets.for_nbgrader()
    c.CourseDirectory.course_id = course
    c.CourseDirectory.root = str(Path(folder).absolute())
    c.CourseDirectory.include = list(INCLUDED)
    c.CourseDirectory.max_file_size = LARGEST_FILE
    if gradebook:
        c.CourseDirectory.db_url = database_address(gradebook)
    c.Autograde.exporter_class = f"{_HERE}.grading.GradedCopyExporter"
    c.Autograde.sanitize_preprocessors = [f"{_HERE}.grading.Rebuild"]
    c.Autograde.autograde_preprocessors = [f"{_HERE}.grading.Credit", f"{_HERE}.grading.SaveCredit"]
    c.GenerateFeedback.exporter_class = f"{_HERE}.feedback.FeedbackExporter"
    c.GenerateFeedback.preprocessors = []
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.preprocessors = [f"{_HERE}.showing.Opened", f"{_HERE}.showing.NamesAsText"]
    c.HTMLExporter.template_name = "formgrade"
    c.HTMLExporter.extra_template_basedirs = [str(Path(__file__).parent / "templates"), str(Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates")]
    c.FormgradeExtension.debug = False  # it would show the configuration, addresses of databases among it, on a page
    _find_alembic()
    if not event.contains(Engine, "connect", _wait_when_busy):
        event.listen(Engine, "connect", _wait_when_busy)


def database_address(address: str) -> str:
    """A database's address with the driver that this course installs."""
    return address.replace("postgresql://", "postgresql+psycopg://", 1) if address.startswith("postgresql://") else address


def _wait_when_busy(connection: Any, _record: Any) -> None:
    """Two graders, or a grader and an open formgrader: SQLite waits, and nobody reads 'database is locked'."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}").close()


def _find_alembic() -> None:
    """nbgrader runs ``alembic`` by name when it makes a gradebook; a service's PATH often lacks the environment's."""
    programs = str(Path(sys.executable).parent)
    if not shutil.which("alembic") and shutil.which("alembic", path=programs):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
