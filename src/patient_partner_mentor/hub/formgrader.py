"""A course's formgrader: nbgrader's, on a notebook server, started by the Hub as ``python -m`` this module."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer

from .notebook_server import NotebookServer

CACHE = 2  # seconds that the Hub's word on a sign-in is kept: so long a copied cookie works after its owner has signed out
# nbgrader's pages have scripts in themselves, and templates that a script compiles; nothing comes from or goes to elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PagesOnly(Authorizer):
    """Lets nobody start a kernel, read or write a file, or do anything else that a notebook server can do.

    The formgrader's own pages and buttons do not ask: they are for whoever is signed in as a facilitator of the course.
    """

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:  # noqa: ARG002 - as jupyter_server calls it
        """No."""
        return False


class Formgrader(NotebookServer):
    """A notebook server for the formgrader: its pages are kept by no browser, and signing out is seen in seconds."""

    def load_config_file(self) -> None:
        """As any notebook server, and what is for these pages alone."""
        super().load_config_file()
        self.config.HubOAuth.cache_max_age = CACHE
        self.config.ServerApp.authorizer_class = PagesOnly
        self.config.ServerApp.tornado_settings = {"headers": dict(HEADERS)}
        self.serverapp.update_config(self.config)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": Formgrader}]


if __name__ == "__main__":
    from patient_partner_mentor.hub.formgrader import Formgrader as Started  # under its own name, by which jupyter_server finds it

    Started.launch_instance()
