"""How many passwords are looked at: each try is counted before it is, so that a thousand at once are a thousand.

A stranger who guesses is put off by the address that the guesses come from. The account's owner signs in meanwhile from
another address, from a browser that has signed in before, or by a join link.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address, ip_network

WINDOW = 600.0  # seconds in which tries are counted
FROM_ONE_ADDRESS = 10  # at one account from one address
AT_ONE_ACCOUNT = 100  # at one account from all addresses
OF_ONE_ADDRESS = 60  # at all accounts from one address; a group behind one address signs in with fewer
MOST = 100_000  # what is counted at once; when it is full, nobody who is counted already is forgotten
_NETWORK = 64  # bits of an IPv6 address: whoever has one has the rest of it


class TooMany(Exception):
    """This try is not looked at."""


class Guesses:
    """The tries of the last minutes. What came right is not counted.

    :param clock: seconds that never go backwards
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: dict[tuple[str, ...], deque[float]] = {}

    def take(self, account: str, address: str, known: bool) -> None:
        """Count a try before anything is looked at.

        :param known: whether the browser has signed in to this account before; then only its own tries count
        :raises TooMany: when there were too many; it is not counted then
        """
        now = self._clock()
        limits = self._limits(account, address, known)
        for key in limits:
            self._drop_old(key, now)
        full = len(self._tries) >= MOST and not self._make_room(now)
        if any(len(self._tries.get(key, ())) >= most for key, most in limits.items()) or (full and any(key not in self._tries for key in limits)):
            raise TooMany
        for key in limits:
            self._tries.setdefault(key, deque()).append(now)

    def forgive(self, account: str, address: str, known: bool) -> None:
        """The try came right: it is no guess."""
        for key in self._limits(account, address, known):
            if self._tries.get(key):
                self._tries[key].pop()

    def _limits(self, account: str, address: str, known: bool) -> dict[tuple[str, ...], int]:
        place = network_of(address)
        if known:
            return {("known", account, place): FROM_ONE_ADDRESS}
        return {("address", place): OF_ONE_ADDRESS, ("both", account, place): FROM_ONE_ADDRESS, ("account", account): AT_ONE_ACCOUNT}

    def _drop_old(self, key: tuple[str, ...], now: float) -> None:
        tries = self._tries.get(key)
        while tries and now - tries[0] >= WINDOW:
            tries.popleft()
        if tries is not None and not tries:
            del self._tries[key]

    def _make_room(self, now: float) -> bool:
        for key in list(self._tries):
            self._drop_old(key, now)
        return len(self._tries) < MOST


def network_of(address: str) -> str:
    """Where an address is: itself, or the first half of an IPv6 address; text that is no address counts as one place."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found) if found.version == 4 else str(ip_network((found, _NETWORK), strict=False))
