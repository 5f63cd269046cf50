"""Connections that never finish what they began: in their headers, in their bodies, and very many at once."""

from __future__ import annotations

import contextlib
import random
import select
import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from urllib.parse import urlparse

from .target import HOSTILE, Seen, Target, attack

OPEN, BODIES, HUB_BODIES = 1_000, 40, 300
HELD = 3.0  # seconds for which bodies that lack a byte are held
PIECE = b"x" * 65_536


def connect(target: Target) -> socket.socket:
    """A connection that does not wait for anything."""
    where = urlparse(target.url)
    found = socket.create_connection((where.hostname or "", where.port or 80), timeout=10, source_address=(HOSTILE, 0))
    found.setblocking(False)
    return found


def _send(one: socket.socket, data: bytes) -> bool:
    """Send what the other end takes now; whether the connection still stands."""
    try:
        one.send(data)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _taking(connections: Iterable[socket.socket]) -> list[socket.socket]:
    """Those of the connections that take something within half a second; there may be more of them than ``select`` can count."""
    with selectors.DefaultSelector() as looking:
        for one in connections:
            looking.register(one, selectors.EVENT_WRITE)
        return [key.fileobj for key, _ in looking.select(0.5)]


def _wait(seconds: float) -> None:
    select.select([], [], [], max(0.0, seconds))


def _hold(target: Target, count: int, first: bytes, more: bytes, every: float, end: float) -> Seen:
    """Open connections, and send a little on each of them now and then until the end of the time."""
    held: list[socket.socket] = []
    seen = Seen()
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                held.append(connect(target))
                _send(held[-1], first)
        seen.answers["opened"] = len(held)
        while time.monotonic() < end:
            held = [one for one in held if _send(one, more)]
            _wait(min(every, end - time.monotonic()))
        seen.answers["open at the end"] = len(held)
        there = target.stranger("127.0.0.3").ask("GET", "services/course/health", timeout=30)
        return seen.must(there.status == "200", f"nobody else gets in: {there.status}")
    finally:
        for one in held:
            one.close()


@attack("others get in meanwhile", heavy=True)
def headers_that_never_end(target: Target, chance: random.Random, end: float) -> Seen:
    """A thousand requests whose headers come a line a second."""
    return _hold(target, OPEN, b"GET /services/course/health HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n", 1.0, end)


@attack("others get in meanwhile", heavy=True)
def bodies_that_trickle(target: Target, chance: random.Random, end: float) -> Seen:
    """A thousand sign-ins, half at the Hub and half at the service, whose bodies come a byte a second."""
    half = OPEN // 2
    seen = Seen()
    for place in ("hub/login", f"services/course/{target.course}/api/consent"):
        head = f"POST {urlparse(target.url).path}{place} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
        found = _hold(target, half, head.encode(), b"a", 1.0, time.monotonic() + (end - time.monotonic()) / 2)
        seen.answers.update(found.answers)
        seen.faults += found.faults
    return seen


@attack("cut off early, and nothing of it kept in memory", heavy=True)
def large_bodies_of_strangers(target: Target, chance: random.Random, end: float) -> Seen:
    """Forty bodies of twenty million bytes, sent but for the last byte, to the service by nobody whom it knows."""
    course = "services/course/"
    places = (f"{target.course}/api/share/patient-partner", f"exchange/{target.course}/submissions/x", "oauth_callback", f"{target.course}/api/journal/a/b", "nowhere")
    return _unended(target, [course + place for place in places], 20_000_000, BODIES, end)


@attack("cut off early, and little of it kept in memory", heavy=True)
def bodies_of_strangers_at_the_hub(target: Target, chance: random.Random, end: float) -> Seen:
    """Hundreds of bodies of a size that the Hub takes, sent but for the last byte, by nobody whom it knows."""
    places = ("hub/login", "hub/join", "hub/api/users", "hub/token", "hub/api/join-links", "hub/nowhere")
    return _unended(target, places, 900_000, HUB_BODIES, end)


def _unended(target: Target, places: Sequence[str], size: int, count: int, end: float) -> Seen:
    """Open so many connections, and send all of a body on each but for the last byte; hold them until the end of the time."""
    seen = Seen()
    left: dict[socket.socket, int] = {}
    for number in range(count):
        method = "PUT" if number % 5 == 3 else "POST"
        head = f"{method} {urlparse(target.url).path}{places[number % len(places)]} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
        with contextlib.suppress(OSError):
            one = connect(target)
            left[one] = size - 1
            _send(one, head.encode())
    held = list(left)
    seen.answers["opened"] = len(held)
    try:
        while left and time.monotonic() < end:
            _pour(left, seen)
        _wait(min(HELD, end - time.monotonic()))
    finally:
        for one in held:
            one.close()
    return seen


def _pour(left: dict[socket.socket, int], seen: Seen) -> None:
    """Send a piece on each connection that takes one; those that are done or cut off are no longer among them."""
    for one in _taking(left):
        try:
            left[one] -= one.send(PIECE[: left[one]])
        except BlockingIOError:
            continue
        except OSError:
            seen.answers["cut off"] += 1
            del left[one]
            continue
        if not left[one]:
            seen.answers["taken, but for a byte"] += 1
            del left[one]
