"""The HTTP server of the course service: what it takes from anybody, before who asks is known.

Little: short headers in time, bodies of a few kB, and only so many connections. A handler that knows who asks says how much more
it takes, by ``expect``; where it refuses, a small body is heard out for a moment, and a large one is not read at all.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.web import Application

CONNECTIONS = 2_000
SPARE_FILES = 200  # for the store, the book and the Hub
ANYBODY = 10_000  # bytes of a body of somebody who is not known
HEADERS = 32_768
HEADERS_SECONDS = 20  # for the headers, and between two requests
BODY_SECONDS, SLOWEST = 10, 50_000  # for any body, and bytes a second beyond that
HEARD_OUT, HEARD_OUT_SECONDS = 256_000, 3  # bytes of a refused body that are read into nothing, and for how long
HOLD_SECONDS, HELD = 1, 200  # how long a connection is held that was refused, and how many at once
CHUNK = 65_536
_held = 0


class Listener(HTTPServer):
    """Tornado's server with a limit on connections."""

    def initialize(self, *args: Any, **values: Any) -> None:
        """Start with as many files as the system lets this process have."""
        self.serving, self.most = 0, _most()
        super().initialize(*args, **values)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection, if there is room."""
        if self.serving >= self.most:
            stream.close()
            return
        self.serving += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        """A connection has ended."""
        self.serving -= 1
        super().on_close(server_conn)


def listener(application: Application) -> Listener:
    """The server of an application."""
    return Listener(
        application,
        xheaders=True,
        chunk_size=CHUNK,
        max_header_size=HEADERS,
        max_body_size=ANYBODY,
        max_buffer_size=2 * CHUNK,
        idle_connection_timeout=HEADERS_SECONDS,
        body_timeout=BODY_SECONDS,
    )


def expect(connection: Any, largest: int) -> None:
    """Take a body of this size from who is known now, in the time that a slow line needs for it."""
    connection.set_max_body_size(largest)
    connection.set_body_timeout(BODY_SECONDS + largest / SLOWEST)


def hear_out(connection: Any) -> None:
    """Take a refused body to its end, and cut off whoever does not end it soon: an answer in the middle of one would be lost."""
    connection.set_max_body_size(HEARD_OUT)
    connection.set_body_timeout(HEARD_OUT_SECONDS)


@asynccontextmanager
async def lingering(connection: Any) -> AsyncIterator[None]:
    """Have what is said inside arrive, though the body is not read: Tornado closes at once, and a system that closes with unread bytes takes its answer back."""
    descriptor = os.dup(connection.stream.socket.fileno())
    try:
        yield
        await hold()
    finally:
        os.close(descriptor)


async def hold() -> None:
    """Let a moment pass, for so many at once; it costs nobody anything but those who wait."""
    global _held
    if _held < HELD:
        _held += 1
        try:
            await asyncio.sleep(HOLD_SECONDS)
        finally:
            _held -= 1


async def within(work: Any, seconds: float) -> Any:
    """Wait, but not for ever.

    :raises TimeoutError: when it took longer
    """
    async with asyncio.timeout(seconds):
        return await work


def _most() -> int:
    """How many connections there may be, with the files that this process may open; it asks for more of them first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, soft - SPARE_FILES)
