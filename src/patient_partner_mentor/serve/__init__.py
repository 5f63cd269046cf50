"""The server of the course: the built book and, beside it, the modules as Voila apps with a journal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import webbrowser
from pathlib import Path
from typing import Literal

from tornado.httpserver import HTTPServer

from .book import ADDRESS, BookHandler, application

__all__ = ["ADDRESS", "BookHandler", "application", "serve"]


def serve(
    root: Path,
    book: Path,
    policy: str,
    port: int,
    data: Path,
    identity: Literal["one-person", "public"] = "one-person",
    warm: int = 2,
    open_browser: bool = False,
) -> None:
    """Serve book and apps on the loopback address until interrupted.

    :param root: the course's folder
    :param port: a port on 127.0.0.1; 0 takes a free one
    :param data: the data folder of the person whose server it is
    :param warm: kernels in waiting
    :raises CourseError: when the port is taken
    """
    asyncio.run(_serve(root, book, policy, port, data, identity, warm, open_browser))


async def _serve(root: Path, book: Path, policy: str, port: int, data: Path, identity: Literal["one-person", "public"], warm: int, open_browser: bool) -> None:
    from .app import CourseServer, Plan, sockets  # late: Voila takes seconds to import
    from .token import keep_token

    listening = sockets(port)
    key = keep_token(data) if identity == "one-person" else None
    server = CourseServer(Plan(root=root, book=book, policy=policy, identity=identity, data=data, key=key, warm=warm))
    port = listening[0].getsockname()[1]
    http = HTTPServer(server.application(port))
    http.add_sockets(listening)
    address = f"http://{ADDRESS}:{port}/"
    entry = f"{address}?token={key}" if key else address
    print(f"The course is at {entry}   (stop with Ctrl+C)", flush=True)
    over = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, over.set)
    server.pool.fill()
    sweeping = server.sweeping()
    sweeping.start()
    if open_browser and _has_screen():
        webbrowser.open(entry)
    try:
        await over.wait()
    finally:
        sweeping.stop()
        http.stop()
        await server.pool.close()
        shutil.rmtree(server.connection_dir, ignore_errors=True)


def _has_screen() -> bool:
    """Whether a browser could open a window; on a machine without a screen, a text browser would take the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
