"""Kernels in waiting: a few are warm, each page gets one of its own, and none stays behind when its page has gone.

One of those that wait has run the notebook that is likely to be opened next, so that its page is ready beforehand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_core.utils import ensure_async
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

GRACE = 5.0  # seconds that a kernel outlives its last page: a reload or a short gap in the network comes back within
UNSEEN = 60.0  # seconds that a kernel waits for the page that it was made for to connect the first time
LOOK = 0.3  # seconds between two looks at whether a kernel that is being started still lives
PAGE_FIRST = 1.5  # seconds after a kernel was taken in which its page has the processors for itself
GONE = 4404  # the code of a socket that is closed because its kernel has died; live.js knows it too
WARM_UP = "from patient_partner_mentor.cells import warm_up; warm_up()"


class Full(Exception):
    """All kernels that this server may run are in use."""


@dataclass(frozen=True)
class Made:
    """A page that was made before anybody asked for it.

    :param stamp: of the files that it was made of
    """

    kernel: str
    notebook: str
    stamp: object
    page: str


class Pool:
    """The kernels of the apps.

    :param manager: a kernel manager of jupyter_server
    :param environment: of every kernel
    :param warm: how many wait, with what the notebooks import already there
    :param most: how many there may be at once
    :param likely: the notebook that is opened first, until one was opened
    :param make: runs a notebook in a kernel and gives its page
    :param stamp: of the files that a notebook's page is made of
    """

    def __init__(
        self, manager: Any, environment: dict[str, str], warm: int, most: int, likely: str, make: Callable[[str, str], Awaitable[str]], stamp: Callable[[str], object]
    ) -> None:
        self.manager, self.environment, self.warm, self.most = manager, environment, warm, most
        self.likely, self._make, self._stamp = likely, make, stamp
        self.made: Made | None = None
        self._making = False
        self._page_first = 0.0  # until then
        self.waiting: list[asyncio.Task[str]] = []
        self.clients: dict[str, AsyncKernelClient] = {}  # of kernels whose notebook has not been run yet
        self.taken: dict[str, float] = {}  # kernel id -> when it was last seen with a page, by a clock that never jumps
        self.seen: set[str] = set()
        self.sockets: dict[WebSocketHandler, str] = {}  # of pages, to whose kernel

    def fill(self) -> None:
        """Begin to warm as many as are missing."""
        if time.monotonic() < self._page_first:
            return
        self.waiting = [task for task in self.waiting if not (task.done() and (task.cancelled() or task.exception()))]
        while self._ready + len(self.waiting) < self.warm and self._ready + len(self.waiting) + len(self.taken) < self.most:
            task = asyncio.ensure_future(self._start())
            task.add_done_callback(lambda _: asyncio.ensure_future(self.look_ahead()))
            self.waiting.append(task)

    @property
    def _ready(self) -> int:
        """How many wait with a page, or are about to."""
        return int(self.made is not None) + int(self._making)

    async def look_ahead(self) -> None:
        """Make the likely page in one of several kernels that wait; one always stays free for any other."""
        if self.made and (self.made.notebook != self.likely or self.made.stamp != self._stamp(self.likely)):
            old, self.made = self.made, None
            await self._shut(old.kernel)
        free = [task for task in self.waiting if task.done() and not task.cancelled() and not task.exception()]
        if self.made or self._making or len(free) < 2 or time.monotonic() < self._page_first:
            return
        self._making, notebook, kernel = True, self.likely, free[0].result()
        self.waiting.remove(free[0])
        try:
            stamp = self._stamp(notebook)
            self.made = Made(kernel, notebook, stamp, await self._make(notebook, kernel))
        except Exception:  # noqa: BLE001 - whoever opens the page is told; here nobody waits
            await self._shut(kernel)
        finally:
            self._making = False

    async def take(self, notebook: str) -> tuple[str, str | None]:
        """A kernel's id, and the notebook's page if it has run there already: else a warm kernel, or one that is started now.

        :raises Full: when there may be no more
        """
        self.likely = notebook
        made = self.made
        if made and made.notebook == notebook and made.stamp == self._stamp(notebook) and await self._alive(made.kernel) and self.made is made:
            self.made = None
            return self._given(made.kernel), made.page
        while self.waiting:
            task = self.waiting.pop(0)
            try:
                kernel = await task
            except Exception:  # noqa: BLE001 - whatever kept it from starting, the next one may start
                continue
            if await self._alive(kernel):
                return self._given(kernel), None
            await self._shut(kernel)
        if len(self.taken) >= self.most:
            raise Full
        return self._given(await self._start()), None

    def _given(self, kernel: str) -> str:
        self.taken[kernel] = now = time.monotonic()
        if now > self._page_first:  # many visits one after the other do not put it off for ever
            self._page_first = now + PAGE_FIRST
        return kernel

    async def _alive(self, kernel: str) -> bool:
        return kernel in self.manager and bool(await self.manager.get_kernel(kernel).is_alive())

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
            if not await self._alive(kernel):
                await self.left(kernel)
                for socket in [one for one, its in self.sockets.items() if its == kernel]:
                    socket.close(GONE)  # its page then asks for another kernel
            elif self.manager._kernel_connections.get(kernel, 0) > 0:  # noqa: SLF001 - jupyter_server counts them here
                self.taken[kernel] = now
                self.seen.add(kernel)
            elif now - self.taken[kernel] > (GRACE if kernel in self.seen else UNSEEN):
                await self.left(kernel)
        if self.made and not await self._alive(self.made.kernel):
            old, self.made = self.made, None
            await self._shut(old.kernel)
        self.fill()
        await self.look_ahead()

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
            await self._unless_dead(kernel, client.wait_for_ready(timeout=60))
            await self._unless_dead(kernel, client.execute_interactive(WARM_UP, store_history=False, timeout=60))
        except BaseException:
            client.stop_channels()
            await self._shut(kernel)
            raise
        self.clients[kernel] = client
        return kernel

    async def _unless_dead(self, kernel: str, work: Coroutine[Any, Any, Any]) -> None:
        """Wait for something of a kernel, but not for one that has died: it would be a minute, and a page may be waiting too.

        :raises RuntimeError: when it has died
        """
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=LOOK))[0]:
                if not await self._alive(kernel):
                    raise RuntimeError("The kernel has died.")
            task.result()
        finally:
            task.cancel()

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
