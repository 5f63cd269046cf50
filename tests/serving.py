"""Serve a folder from a thread of the test process, with the course's own server or as a plain file server would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from patient_partner_mentor.publish.site import POLICY
from patient_partner_mentor.serve import ADDRESS, application


def plain(folder: Path, prefix: str = "/") -> Application:
    """A plain file server, as GitHub Pages is one: no header of ours, under any path."""
    return Application(
        [(prefix + "(.*)", StaticFileHandler, {"path": str(folder), "default_filename": "index.html"})],
        compress_response=True,
        log_function=lambda handler: None,
    )


def ours(folder: Path) -> Application:
    """The server of 'make serve'."""
    return application(folder, POLICY)


@contextmanager
def running(app: Application) -> Iterator[str]:
    """Run an application on a free port of the loopback address; gives its address without a slash at the end."""
    ready, found = threading.Event(), {}

    async def main() -> None:
        sockets = bind_sockets(0, ADDRESS)
        server = HTTPServer(app)
        server.add_sockets(sockets)
        found["address"] = f"http://{ADDRESS}:{sockets[0].getsockname()[1]}"
        found["loop"], found["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await found["stop"].wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield found["address"]
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join()
