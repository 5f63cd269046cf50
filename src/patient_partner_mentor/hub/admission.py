"""Who may be served at the same time: a few requests of one account, one large one, and few large ones in all.

Whoever comes too early waits, with the body still unread on the way here; an honest page never notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from .refusals import Refused

MINE = 4  # requests of one account that are served at once
LARGE = 256_000  # bytes from which a body or an answer is large
LARGE_MINE, LARGE_IN_ALL = 1, 3
WAITING = 100  # requests of one account that wait or are served; a page sends some seventy when a whole copy is brought in
PATIENCE = 30.0  # seconds that one waits


@dataclass
class _Account:
    every: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MINE))
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_MINE))
    there: int = 0


class Admission:
    """The door. What is let in is let out by calling what ``enter`` gave."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._large = asyncio.Semaphore(LARGE_IN_ALL)

    async def enter(self, account: str, large: bool) -> Callable[[], None]:
        """Wait for a place.

        :param large: whether much is sent or asked for
        :returns: what lets it out again
        :raises Refused: when too many of this account wait, or it took too long
        """
        mine = self._accounts.setdefault(account, _Account())
        if mine.there >= WAITING:
            raise Refused("too-often")
        mine.there += 1
        held: list[asyncio.Semaphore] = []
        # the large ones first: while one waits for its turn, small ones of the same page go through
        gates = (mine.large, self._large, mine.every) if large else (mine.every,)
        try:
            if not any(gate.locked() for gate in gates):  # as nearly always: none of this waits
                for gate in gates:
                    await gate.acquire()
                    held.append(gate)
            else:
                async with asyncio.timeout(PATIENCE):
                    for gate in gates:
                        await gate.acquire()
                        held.append(gate)
        except TimeoutError:
            self._leave(account, mine, held)
            raise Refused("busy") from None
        except BaseException:
            self._leave(account, mine, held)
            raise
        return partial(self._leave, account, mine, held)

    def _leave(self, account: str, mine: _Account, held: list[asyncio.Semaphore]) -> None:
        while held:
            held.pop().release()
        mine.there -= 1
        if not mine.there:
            self._accounts.pop(account, None)
