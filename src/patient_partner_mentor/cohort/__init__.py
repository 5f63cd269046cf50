"""A cohort with nbgrader: assignments, exchange, grading, gradebook, feedback. nbgrader is imported here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def configure(c: Any, course: str, folder: str | Path = ".", service_url: str = "", gradebook: str = "") -> None:
    """Set up nbgrader for a course, in an ``nbgrader_config.py``; see :func:`.settings.configure`."""
    from .settings import configure as whole  # late: who needs the client alone imports no nbgrader

    whole(c, course, folder, service_url, gradebook)
