"""Whose password is looked at next: the places that tries come from take turns, so that nobody waits behind one who guesses much.

Looking at a password takes a twentieth of a second of a processor and 16 MB, so very few are looked at at once. Browsers
that somebody has signed in with before wait in one line, all others in another, and the two lines take turns as well.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

WAITING = 200  # tries that wait, in all
_Line = OrderedDict[str, deque[asyncio.Future[None]]]


class Full(Exception):
    """So many wait that this try is not looked at."""


class Turns:
    """The two lines.

    :param at_once: how many are looked at at once; :param most: how many wait
    """

    def __init__(self, at_once: int, most: int = WAITING) -> None:
        self._free, self._most, self._known_came = at_once, most, False
        self._known: _Line = OrderedDict()
        self._others: _Line = OrderedDict()

    @asynccontextmanager
    async def turn(self, place: str, known: bool) -> AsyncIterator[None]:
        """Wait for a turn, which is as long as the block. When too many wait, the last of the place with the most goes.

        :param known: whether somebody has signed in with this browser before
        :raises Full: when that is this one
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait(self._known if known else self._others, place)
        try:
            yield
        finally:
            self._end()

    async def _wait(self, line: _Line, place: str) -> None:
        mine = asyncio.get_running_loop().create_future()
        line.setdefault(place, deque()).append(mine)
        if sum(map(len, (*self._known.values(), *self._others.values()))) > self._most:
            self._make_room()
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # the turn had just come
                self._end()
            raise

    def _end(self) -> None:
        """A turn is over: the next one begins, if anybody waits."""
        while line := self._next_line():
            place, waiting = line.popitem(last=False)
            first = waiting.popleft()
            if waiting:
                line[place] = waiting  # behind all other places
            if not first.done():
                first.set_result(None)
                return
        self._free += 1

    def _next_line(self) -> _Line | None:
        """The line that did not come last, unless nobody waits in it."""
        self._known_came = bool(self._known) and not (self._known_came and self._others)
        return self._known if self._known_came else self._others or None

    def _make_room(self) -> None:
        line = self._others or self._known
        place = max(reversed(line), key=lambda one: len(line[one]))
        last = line[place].pop()
        if not line[place]:
            del line[place]
        if not last.done():
            last.set_exception(Full())
