"""How often one account may write: a bucket each, filled again as time goes by."""

from __future__ import annotations

import time
from collections.abc import Callable

from .refusals import Refused


class Rate:
    """Writes of each account. What an account did not use in a minute does not pile up.

    :param a_minute: how many writes, at most
    :param clock: seconds that never go backwards
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(a_minute), clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, account: str) -> None:
        """Count one write.

        :raises Refused: when there were too many
        """
        now = self._clock()
        left, then = self._left.get(account, (self._most, now))
        left = min(self._most, left + (now - then) * self._most / 60)
        if left < 1:
            raise Refused("too-often")
        self._left[account] = (left - 1, now)
        if len(self._left) > 10_000:
            self._left = {name: entry for name, entry in self._left.items() if now - entry[1] < 60}
