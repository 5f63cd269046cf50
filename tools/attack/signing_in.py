"""The sign-in page as a place to fill memory: large bodies and long names, from people whom nobody knows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import urlencode

from .people import Answer
from .target import REFUSED, Seen, Target, attack, together, until

MEGABYTE = 1_000_000
PIECE = b"a" * 65_536
CUT_OFF = frozenset({"503", *REFUSED})  # the proxy's word for a part that refuses a large body while it still comes


class _Body:
    """A body with very many times the same letter in it, which is nowhere in memory.

    :param before: what comes first; :param size: how many of the letter follow
    """

    def __init__(self, before: bytes, size: int = 0, after: bytes = b"") -> None:
        self._before, self._size, self._after = before, size, after

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        for start in range(0, self._size, len(PIECE)):
            yield PIECE[: self._size - start]
        yield self._after


def _post(target: Target, path: str, before: bytes, size: int = 0, after: bytes = b"") -> Answer:
    visitor = target.stranger()
    visitor.ask("GET", "hub/login")
    token = next((one.value or "" for one in visitor.session.cookies if one.name == "_xsrf"), "")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"{target.url}hub/login"}
    return visitor.ask("POST", path, data=_Body(urlencode({"_xsrf": token}).encode() + b"&" + before, size, after), headers=headers)


@attack("refused, and nothing of it kept in memory", heavy=True)
def large_sign_ins(target: Target, chance: random.Random, end: float) -> Seen:
    """Ten bodies of 90 million bytes at once, at the pages that anybody may send to."""
    seen, pages = Seen(), ("hub/login", "hub/join", "hub/api/users", "hub/oauth_login", "hub/token")
    for _ in until(end, 6):
        together([lambda page=page: _post(target, page, b"username=x&password=", 90 * MEGABYTE) for page in 2 * pages], seen, 10)
    return seen.only(CUT_OFF)


@attack("refused, and nothing of it kept in memory", heavy=True)
def long_names(target: Target, chance: random.Random, end: float) -> Seen:
    """Names of up to forty million characters, each another one."""
    seen = Seen()
    for _ in until(end, 30):
        size = chance.choice((200, 9_000, 60_000, 40 * MEGABYTE))
        seen.add(_post(target, "hub/login", f"username={chance.randrange(10**9)}".encode(), size, b"&password=" + b"x" * 20))
    return seen.only({"200", *CUT_OFF})


@attack("refused with a sentence, never 500")
def strange_names(target: Target, chance: random.Random, end: float) -> Seen:
    """Names with line ends, zeros, slashes, half characters, and those of parts of the Hub."""
    seen, names = Seen(), ("", "a\nb", "a\x00b", "../../etc", "a/b", "%00", "\ud800", "-rf", "course", "__proto__", "🌻" * 50, "x" * 129)
    for number in until(end, 60):
        name = names[number % len(names)].encode("utf-8", "surrogatepass")
        seen.add(_post(target, "hub/login", urlencode({"username": name, "password": "wrong-wrong"}).encode()))
    return seen.only({"200", *REFUSED})
