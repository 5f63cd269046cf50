"""A course's formgrader: nbgrader's, on a notebook server, started by the Hub as ``python -m`` this module."""

from __future__ import annotations

from typing import Any

from .notebook_server import NotebookServer

CACHE = 2  # seconds that the Hub's word on a sign-in is kept: so long a copied cookie works after its owner has signed out
HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}

class Formgrader(NotebookServer):
    """A notebook server for the formgrader: its pages are kept by no browser, and signing out is seen in seconds."""

    def load_config_file(self) -> None:
        """As any notebook server, and what is for these pages alone."""
        super().load_config_file()
        self.config.HubOAuth.cache_max_age = CACHE
        self.config.ServerApp.tornado_settings = {"headers": dict(HEADERS)}
        self.serverapp.update_config(self.config)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": Formgrader}]


if __name__ == "__main__":
    from patient_partner_mentor.hub.formgrader import Formgrader as Started  # under its own name, by which jupyter_server finds it

    Started.launch_instance()
