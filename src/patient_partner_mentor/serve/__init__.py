"""The server of the course on one person's machine: the built book, compressed, with the policy as a header."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RedirectHandler, StaticFileHandler

from ..errors import CourseError

ADDRESS = "127.0.0.1"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class BookHandler(StaticFileHandler):
    """Files of the built book; a wrong address gets the book's own page, and no name of a file or folder."""

    def set_default_headers(self) -> None:
        """Every answer carries the policy; the browser asks again before it uses a kept page."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", self.settings["policy"])
        self.set_header("Cache-Control", "no-cache")

    def set_extra_headers(self, path: str) -> None:
        """Files with their content in their name never change."""
        if len(Path(path).name.split(".")) == 3 and "_static" in path:
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refused request is no news, and no address of a learner's belongs in a log."""
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **_: Any) -> None:
        """The page for a wrong address, for every error."""
        page = Path(self.root, "404.html")
        self.finish(page.read_bytes() if page.exists() else b"")


def application(book: Path, policy: str) -> Application:
    """The web application.

    :param book: the folder of the built book
    """
    return Application(
        [(r"/", RedirectHandler, {"url": "/course/", "permanent": False}), (r"/course/(.*)", BookHandler, {"path": str(book), "default_filename": "index.html"})],
        policy=policy,
        static_hash_cache=False,  # the book may be built again while it is served
        compress_response=True,
        log_function=lambda handler: None,
    )


def serve(book: Path, policy: str, port: int, open_browser: bool = False) -> None:
    """Serve until interrupted.

    :param port: a port on 127.0.0.1; 0 takes a free one
    :raises CourseError: when the port is taken
    """
    asyncio.run(_serve(book, policy, port, open_browser))


async def _serve(book: Path, policy: str, port: int, open_browser: bool) -> None:
    try:
        sockets = bind_sockets(port, ADDRESS)
    except OSError:
        raise CourseError(
            f"Port {port} on this computer is taken, perhaps by the course itself in another window. "
            f"Open http://{ADDRESS}:{port}/ to see, or choose another port: make serve PORT={port + 1}"
        ) from None
    server = HTTPServer(application(book, policy))
    server.add_sockets(sockets)
    address = f"http://{ADDRESS}:{sockets[0].getsockname()[1]}/"
    print(f"The course is at {address}   (stop with Ctrl+C)", flush=True)
    if open_browser and _has_screen():
        webbrowser.open(address)
    await asyncio.Event().wait()


def _has_screen() -> bool:
    """Whether a browser could open a window; on a machine without a screen, a text browser would take the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
