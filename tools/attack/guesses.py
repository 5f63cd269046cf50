"""Guesses of passwords: at one account, at many names, in parallel, and under addresses that are made up."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from threading import Thread
from time import monotonic, perf_counter
from urllib.parse import urlencode, urlparse

from .people import CLOSED, Answer
from .target import Seen, Target, attack

LIMITED = "429"
LOOKED_AT = 100  # guesses at one account that the Hub may look at within a minute or so; it documents fewer
AT_ONCE = 48
OWNERS = "127.0.0.2"  # another address


def guess(target: Target, names: Callable[[int], str], count: int, end: float, source: str, headers: Callable[[int], Mapping[str, str]] = lambda _: {}) -> Seen:
    """Send the sign-in form many times at once, each time with a wrong password.

    :param names: the account of each guess; :param headers: what each says of itself
    """
    seen, numbers = Seen(), iter(range(count))

    def run() -> None:
        with_form = _Form(target, source)
        for number in numbers:
            if monotonic() >= end:
                return
            seen.add(with_form.send(names(number), f"wrong-{secrets.token_hex(8)}", headers(number)))

    threads = [Thread(target=run) for _ in range(AT_ONCE)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return seen


class _Form:
    """The sign-in page of one connection that stays open, as a program that guesses would hold it."""

    def __init__(self, target: Target, source: str) -> None:
        where = urlparse(target.url)
        self._path = f"{where.path}hub/login"
        self._connection = HTTPConnection(where.hostname or "", where.port, timeout=60, source_address=(source, 0))
        visitor = target.stranger(source)
        visitor.ask("GET", "hub/login")
        self._token = next((one.value or "" for one in visitor.session.cookies if one.name == "_xsrf"), "")
        cookies = "; ".join(f"{one.name}={one.value}" for one in visitor.session.cookies)
        self._headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies, "Referer": f"{target.url}hub/login"}

    def send(self, account: str, password: str, headers: Mapping[str, str]) -> Answer:
        """One guess."""
        start = perf_counter()
        body = urlencode({"username": account, "password": password, "_xsrf": self._token})
        try:
            self._connection.request("POST", self._path, body, {**self._headers, **headers})
            said = self._connection.getresponse()
            said.read()
            status = str(said.status)
        except (OSError, HTTPException):
            self._connection.close()
            status = CLOSED
        return Answer(status, perf_counter() - start)


def looked_at(seen: Seen) -> int:
    """How many guesses were looked at: all that were not put off or cut off."""
    return sum(count for status, count in seen.answers.items() if status not in (LIMITED, CLOSED))


def _few(seen: Seen, most: int = LOOKED_AT) -> Seen:
    count = looked_at(seen)
    return seen.only({"200", "403", LIMITED, CLOSED}).must(count <= most, f"{count} guesses were looked at")


def _owner(target: Target, seen: Seen) -> Seen:
    there = target.stranger(OWNERS).try_password(target.neighbor, target.passwords[target.neighbor])
    return seen.must(there, "the owner cannot sign in from another address")


@attack("few are looked at; the owner still signs in from another address", heavy=True)
def guesses_at_one_account(target: Target, chance: random.Random, end: float) -> Seen:
    """As many as go through, all at once, from one address."""
    seen = guess(target, lambda _: target.neighbor, 10_000, end, "127.0.0.67")
    return _owner(target, _few(seen))


@attack("few are looked at: other names clear nobody's counter", heavy=True)
def guesses_under_many_names(target: Target, chance: random.Random, end: float) -> Seen:
    """Names that nobody has, with a guess at a real one now and then."""
    tag = chance.randrange(10**9)
    seen = guess(target, lambda n: target.neighbor if n % 50 == 0 else f"nobody{tag + n}", 10_000, end, "127.0.0.68")
    return _owner(target, _few(seen, 10 * LOOKED_AT))


@attack("few are looked at: an address is not what a request says of itself", heavy=True)
def guesses_from_made_up_addresses(target: Target, chance: random.Random, end: float) -> Seen:
    """Each with another X-Forwarded-For, X-Real-IP and Forwarded."""

    def claim(number: int) -> dict[str, str]:
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}", "X-Scheme": "https"}

    return _owner(target, _few(guess(target, lambda _: target.neighbor, 10_000, end, "127.0.0.69", claim)))
