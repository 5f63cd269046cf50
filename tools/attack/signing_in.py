"""The sign-in page as a place to fill memory: large bodies and long names, from people whom nobody knows."""

from __future__ import annotations

import random
from urllib.parse import urlencode

from .people import Answer
from .target import REFUSED, Seen, Target, attack, together, until

MEGABYTE = 1_000_000


def _post(target: Target, path: str, body: bytes) -> Answer:
    visitor = target.stranger()
    visitor.ask("GET", "hub/login")
    token = next((one.value or "" for one in visitor.session.cookies if one.name == "_xsrf"), "")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"{target.url}hub/login"}
    return visitor.ask("POST", path, data=urlencode({"_xsrf": token}).encode() + b"&" + body, headers=headers)


@attack("refused, and nothing of it kept in memory", heavy=True)
def large_sign_ins(target: Target, chance: random.Random, end: float) -> Seen:
    """Bodies of 40 million bytes at once, at the pages that anybody may send to."""
    seen, body = Seen(), b"username=x&password=" + b"a" * (40 * MEGABYTE)
    for _ in until(end, 6):
        pages = ("hub/login", "hub/join", "hub/api/users", "hub/oauth_login", "hub/token")
        together([lambda page=page: _post(target, page, body) for page in pages], seen, 5)
    return seen.only(REFUSED)


@attack("refused, and nothing of it kept in memory", heavy=True)
def long_names(target: Target, chance: random.Random, end: float) -> Seen:
    """Names of up to nine million characters, each another one."""
    seen = Seen()
    for number in until(end, 30):
        name = f"{chance.randrange(10**9)}" + "a" * chance.choice((200, 60_000, 9 * MEGABYTE))
        seen.add(_post(target, "hub/login", urlencode({"username": name, "password": "x" * 20}).encode()))
    return seen.only({"200", *REFUSED})


@attack("refused with a sentence, never 500")
def strange_names(target: Target, chance: random.Random, end: float) -> Seen:
    """Names with line ends, zeros, slashes, half characters, and those of parts of the Hub."""
    seen, names = Seen(), ("", "a\nb", "a\x00b", "../../etc", "a/b", "%00", "\ud800", "-rf", "course", "__proto__", "🌻" * 50, "x" * 129)
    for number in until(end, 60):
        name = names[number % len(names)].encode("utf-8", "surrogatepass")
        seen.add(_post(target, "hub/login", urlencode({"username": name, "password": "wrong-wrong"}).encode()))
    return seen.only({"200", *REFUSED})
