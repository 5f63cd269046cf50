"""The built book over HTTP: compressed, with the policy as a header, and a page of its own for a wrong address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.web import Application, HTTPError, RedirectHandler, StaticFileHandler

ADDRESS = "127.0.0.1"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class BookHandler(StaticFileHandler):
    """Files of the built book; a wrong address gets the book's own page, and no name of a file or folder.

    :param apps: whether the modules run here as apps too, which a cookie tells the pages
    """

    def initialize(self, path: str, default_filename: str | None = None, apps: bool = False) -> None:
        """Take the folder, and whether there are apps."""
        super().initialize(path, default_filename)
        self.apps = apps

    def set_default_headers(self) -> None:
        """Every answer carries the policy; the browser asks again before it uses a kept page."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", self.settings["policy"])
        self.set_header("Cache-Control", "no-cache")

    def set_extra_headers(self, path: str) -> None:
        """Files with their content in their name never change; pages say whether there are apps."""
        if len(Path(path).name.split(".")) == 3 and "_static" in path:
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        if self.apps and path.endswith(".html"):
            port = self.request.host.rpartition(":")[2] if ":" in self.request.host else ""
            self.set_cookie("ppm-apps", port, samesite="Strict", **self.settings["cookies"])

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refused request is no news, and no address of a learner's belongs in a log."""
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **_: Any) -> None:
        """The page for a wrong address, for every error."""
        page = Path(self.root, "404.html")
        self.finish(page.read_bytes() if page.exists() else b"")


def application(book: Path, policy: str) -> Application:
    """The book alone, without apps.

    :param book: the folder of the built book
    """
    return Application(
        [
            (r"/", RedirectHandler, {"url": "/course/", "permanent": False}),
            (r"/course/(.*)", BookHandler, {"path": str(book), "default_filename": "index.html"}),
        ],
        policy=policy,
        static_hash_cache=False,  # the book may be built again while it is served
        compress_response=True,
        log_function=lambda handler: None,
    )
