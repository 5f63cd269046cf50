"""Guesses of passwords: at one account, at many names, in parallel, and under addresses that are made up."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.cookies import SimpleCookie
from threading import Lock, Thread
from time import monotonic, perf_counter
from types import MappingProxyType
from urllib.parse import urlencode, urlparse

from .people import CLOSED, Answer
from .target import Seen, Target, attack

LIMITED, NO_FORM = "429", "403, for its form alone"
LOOKED_AT = 100  # guesses at one account that the Hub may look at within a minute or so; it documents fewer
NOT_LOOKED_AT = b"open twice"  # of the page for a form that another browser has sent, or another address
AT_ONCE = 48
OWNERS = "127.0.0.2"  # another address


def guess(
    target: Target, names: Callable[[int], str], count: int, end: float, source: str, headers: Callable[[int], Mapping[str, str]] = lambda _: {}, at_once: int = AT_ONCE
) -> Seen:
    """Send the sign-in form many times at once, each time with a wrong password.

    :param names: the account of each guess; :param headers: what each says of itself
    """
    seen, numbers, turn = Seen(), iter(range(count)), Lock()

    def run() -> None:
        with closing(Form(target, source)) as form:
            for number in numbers:
                if monotonic() >= end:
                    return
                said = form.answer(names(number), f"wrong-{secrets.token_hex(8)}", headers(number))
                with turn:
                    seen.add(said)

    threads = [Thread(target=run) for _ in range(at_once)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return seen


class Form:
    """The sign-in page of one connection that stays open until it is closed, as a program that guesses would hold it."""

    def __init__(self, target: Target, source: str) -> None:
        where = urlparse(target.url)
        self._path, self._referer = f"{where.path}hub/login", f"{target.url}hub/login"
        self._connection = HTTPConnection(where.hostname or "", where.port, timeout=60, source_address=(source, 0))
        self._token = ""

    def answer(self, account: str, password: str, claims: Mapping[str, str] = MappingProxyType({})) -> Answer:
        """Send it. A form belongs to an address, so that whoever claims another one asks for a form of it first."""
        start = perf_counter()
        try:
            if claims or not self._token:
                self._token = self._new(claims)
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"_xsrf={self._token}", "Referer": self._referer}
            said, page = self._ask("POST", urlencode({"username": account, "password": password, "_xsrf": self._token}), {**headers, **claims})
            status = NO_FORM if said.status == 403 and NOT_LOOKED_AT in page else str(said.status)
        except (OSError, HTTPException):
            self._connection.close()
            status, page = CLOSED, b""
        return Answer(status, perf_counter() - start, page)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _new(self, claims: Mapping[str, str]) -> str:
        cookies = SimpleCookie(self._ask("GET", None, claims)[0].headers["Set-Cookie"])
        return cookies["_xsrf"].value if "_xsrf" in cookies else ""

    def _ask(self, method: str, body: str | None, headers: Mapping[str, str]) -> tuple[HTTPResponse, bytes]:
        self._connection.request(method, self._path, body, dict(headers))
        said = self._connection.getresponse()
        return said, said.read()


def looked_at(seen: Seen) -> int:
    """How many guesses were looked at: all that were not put off or cut off."""
    return sum(count for status, count in seen.answers.items() if status not in (LIMITED, NO_FORM, CLOSED))


def _few(seen: Seen, most: int = LOOKED_AT) -> Seen:
    count = looked_at(seen)
    return seen.only({"403", LIMITED, CLOSED}).must(count <= most, f"{count} guesses were looked at")


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
