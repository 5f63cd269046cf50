"""How often and how much one account may write and read: buckets, filled again as time goes by. All of them are here."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .refusals import Refused
from .service_settings import Quotas

KEPT = 10_000  # accounts that are remembered before those are forgotten whose bucket is full again


class Rate:
    """One kind of thing that an account may do so often, or so much of. What it did not use in a minute does not pile up.

    :param a_minute: how much comes back in a minute
    :param clock: seconds that never go backwards
    :param at_once: how much there is at first, and at most; by default as much as in a minute
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic, at_once: int | None = None) -> None:
        self._minute, self._most, self._clock = float(a_minute), float(at_once or a_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, account: str, amount: float = 1) -> None:
        """Count something.

        :param amount: what is larger than the whole bucket takes all of it
        :raises Refused: when there was too much
        """
        now = self._clock()
        left, then = self._left.get(account, (self._most, now))
        left = min(self._most, left + (now - then) * self._minute / 60)
        if left < min(amount, self._most):
            raise Refused("too-often")
        self._left[account] = (left - amount, now)
        self._left.move_to_end(account)
        self._forget(now)

    def _forget(self, now: float) -> None:
        """Let go of the oldest that are full again: so it stays small, and takes no longer with many accounts."""
        full = 60 * 2 * self._most / self._minute
        while len(self._left) > KEPT and now - next(iter(self._left.values()))[1] > full:
            self._left.popitem(last=False)


@dataclass(frozen=True)
class Rates:
    """All rates of one service. Facilitators collect whole cohorts, and are not counted when they read."""

    writes: Rate
    written: Rate
    reads: Rate
    read: Rate

    @classmethod
    def of(cls, quotas: Quotas) -> Rates:
        """The rates that the settings say."""
        return cls(
            Rate(quotas.saves_a_minute),
            Rate(quotas.bytes_a_minute, at_once=quotas.journal),
            Rate(quotas.reads_a_minute),
            Rate(2 * quotas.bytes_a_minute, at_once=4 * quotas.journal),
        )

    def write(self, account: str, size: int) -> None:
        """Count one request that changes something, with the bytes that come with it.

        :raises Refused: when there were too many
        """
        self.writes.take(account)
        self.written.take(account, size)

    def ask(self, account: str) -> None:
        """Count one request that reads.

        :raises Refused: when there were too many
        """
        self.reads.take(account)

    def give(self, account: str, size: int) -> None:
        """Count the bytes of an answer before they are read.

        :raises Refused: when there were too many
        """
        self.read.take(account, size)
