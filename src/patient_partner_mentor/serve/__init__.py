"""The server of the course: the built book and, beside it, the modules as Voila apps with a journal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback

from ..errors import CourseError
from .book import ADDRESS, BookHandler, application

if TYPE_CHECKING:
    from .plan import Owner, Plan

__all__ = ["ADDRESS", "BookHandler", "application", "serve", "serve_owner"]
ACTIVE = 60_000  # ms between two looks whether somebody is here
# What anybody on the computer may send before it is known who asks. Words come over the socket, which wants the key first.
PATIENCE: dict[str, Any] = {
    "max_body_size": 65_536,  # bytes
    "max_header_size": 32_768,
    "body_timeout": 10.0,  # seconds for a body to be there
    "idle_connection_timeout": 120.0,  # seconds that a connection stays without a request
}


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
    from .app import sockets  # late: Voila takes seconds to import
    from .plan import Plan
    from .opening import Opening
    from .token import new_key

    listening = sockets(port, ADDRESS)
    key = new_key(data) if identity == "one-person" else None
    address = f"http://{ADDRESS}:{listening[0].getsockname()[1]}/"
    entry = f"{address}?token={key}" if key else address

    opening = Opening(data, entry) if open_browser and _has_screen() else None

    def begun() -> None:
        print(f"The course is at {entry}   (stop with Ctrl+C)", flush=True)
        if opening:
            opening.show()

    plan = Plan(root=root, book=book, policy=policy, identity=identity, data=data, key=key, warm=warm, come=opening.close if opening else None)
    try:
        asyncio.run(_serve(plan, listening, begun))
    finally:
        if opening:
            opening.close()


def serve_owner(root: Path, book: Path, policy: str, data: Path, owner: Owner, warm: int = 1) -> None:
    """Serve book and apps for one person of a Hub, as the person's own server, until stopped.

    :param owner: who it is, and where to listen
    :raises CourseError: when it cannot listen there
    """
    from .plan import Plan

    plan = Plan(root=root, book=book, policy=policy, identity="hub-user", data=data, owner=owner, warm=warm, most=8)
    try:
        listening = owner.listen()
    except OSError as error:
        raise CourseError(f"This server cannot listen where the Hub says ({error.strerror}). Stop it at the Hub, and start it again.") from None
    asyncio.run(_serve(plan, listening, lambda: None))


async def _serve(plan: Plan, listening: list[Any], begun: Callable[[], None]) -> None:
    from .app import CourseServer

    server = CourseServer(plan)
    http = HTTPServer(server.application(0 if plan.owner else listening[0].getsockname()[1]), xheaders=plan.owner is not None, **PATIENCE)
    http.add_sockets(listening)
    over = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, over.set)
    begun()
    server.pool.fill()
    work = [server.sweeping(), *([PeriodicCallback(plan.owner.active, ACTIVE)] if plan.owner else [])]
    for one in work:
        one.start()
    try:
        await over.wait()
    finally:
        for one in work:
            one.stop()
        http.stop()
        await server.pool.close()
        shutil.rmtree(server.connection_dir, ignore_errors=True)


def _has_screen() -> bool:
    """Whether a browser could open a window; on a machine without a screen, a text browser would take the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
