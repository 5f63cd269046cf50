"""A course's formgrader: nbgrader's, on a notebook server, started by the Hub as ``python -m`` this module."""

from __future__ import annotations

from typing import Any

from .notebook_server import NotebookServer


class Formgrader(NotebookServer):
    """A notebook server of which only the formgrader is open."""


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": Formgrader}]


if __name__ == "__main__":
    from patient_partner_mentor.hub.formgrader import Formgrader as Started  # under its own name, by which jupyter_server finds it

    Started.launch_instance()
