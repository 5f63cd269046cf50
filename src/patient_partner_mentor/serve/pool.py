"""Kernels in waiting: a few are warm, each page gets one of its own, and none stays behind when its page has gone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_core.utils import ensure_async
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

GRACE = 5.0  # seconds that a kernel outlives its last page: a reload or a short gap in the network comes back within
UNSEEN = 60.0  # seconds that a kernel waits for the page that it was made for to connect the first time
GONE = 4404  # the code of a socket that is closed because its kernel has died; live.js knows it too
WARM_UP = "from patient_partner_mentor.cells import warm_up; warm_up()"


class Full(Exception):
    """All kernels that this server may run are in use."""


class Pool:
    """The kernels of the apps.

    :param manager: a kernel manager of jupyter_server
    :param environment: of every kernel
    :param warm: how many wait, with what the notebooks import already there
    :param most: how many there may be at once
    """

    def __init__(self, manager: Any, environment: dict[str, str], warm: int, most: int) -> None:
        self.manager, self.environment, self.warm, self.most = manager, environment, warm, most
        self.waiting: list[asyncio.Task[str]] = []
        self.clients: dict[str, AsyncKernelClient] = {}  # of kernels whose notebook has not been run yet
        self.taken: dict[str, float] = {}  # kernel id -> when it was last seen with a page, by a clock that never jumps
        self.seen: set[str] = set()
        self.sockets: dict[WebSocketHandler, str] = {}  # of pages, to whose kernel

    def fill(self) -> None:
        """Begin to warm as many as are missing."""
        self.waiting = [task for task in self.waiting if not (task.done() and (task.cancelled() or task.exception()))]
        while len(self.waiting) < self.warm and len(self.waiting) + len(self.taken) < self.most:
            self.waiting.append(asyncio.ensure_future(self._start()))

    async def take(self) -> str:
        """A kernel's id: a warm one, or one that is started now.

        :raises Full: when there may be no more
        """
        while self.waiting:
            task = self.waiting.pop(0)
            try:
                kernel = await task
                alive = await self.manager.get_kernel(kernel).is_alive()
            except Exception:  # noqa: BLE001 - whatever kept it from starting, the next one may start
                continue
            if alive:
                break
            await self._shut(kernel)
        else:
            if len(self.taken) >= self.most:
                raise Full
            kernel = await self._start()
        self.taken[kernel] = time.monotonic()
        asyncio.get_running_loop().call_later(0.5, self.fill)  # first the page, then the next kernel
        return kernel

    def client(self, kernel: str) -> AsyncKernelClient:
        """The ready client of a kernel that was just taken, for running its notebook; whoever gets it stops it."""
        return self.clients.pop(kernel)

    def met(self, kernel: str, socket: WebSocketHandler) -> None:
        """The page of a kernel connects; from now on a short absence is enough to end it."""
        self.taken[kernel] = time.monotonic()
        self.seen.add(kernel)
        self.sockets[socket] = kernel

    def parted(self, socket: WebSocketHandler) -> None:
        """A page's socket is closed."""
        self.sockets.pop(socket, None)

    async def left(self, kernel: str) -> None:
        """The page of a kernel has said good-bye."""
        if kernel in self.taken:
            self.taken.pop(kernel)
            self.seen.discard(kernel)
            await self._shut(kernel)

    async def sweep(self) -> None:
        """Shut down kernels whose pages have gone without a word, and forget those that died."""
        now = time.monotonic()
        for kernel in list(self.taken):
            if kernel not in self.manager or not await self.manager.get_kernel(kernel).is_alive():
                await self.left(kernel)
                for socket in [one for one, its in self.sockets.items() if its == kernel]:
                    socket.close(GONE)  # its page then asks for another kernel
            elif self.manager._kernel_connections.get(kernel, 0) > 0:  # noqa: SLF001 - jupyter_server counts them here
                self.taken[kernel] = now
                self.seen.add(kernel)
            elif now - self.taken[kernel] > (GRACE if kernel in self.seen else UNSEEN):
                await self.left(kernel)
        self.fill()

    async def close(self) -> None:
        """Shut down everything."""
        for task in self.waiting:
            task.cancel()
        for client in self.clients.values():
            client.stop_channels()
        self.clients.clear()
        await ensure_async(self.manager.shutdown_all(now=True))

    async def _start(self) -> str:
        kernel = await ensure_async(self.manager.start_kernel(kernel_name="python3", env=self.environment))
        client: AsyncKernelClient = self.manager.get_kernel(kernel).client()
        client.allow_stdin = False
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            await client.execute_interactive(WARM_UP, store_history=False, timeout=60)
        except BaseException:
            client.stop_channels()
            raise
        self.clients[kernel] = client
        return kernel

    async def _shut(self, kernel: str) -> None:
        if client := self.clients.pop(kernel, None):
            client.stop_channels()
        for _ in range(2):  # once more where jupyter_client was restarting it at that very moment
            try:
                await ensure_async(self.manager.shutdown_kernel(kernel, now=True))
            except asyncio.InvalidStateError:
                continue
            except (KeyError, RuntimeError, OSError, HTTPError):  # it is gone
                pass
            return
