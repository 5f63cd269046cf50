"""The comments and the credits that a feedback page carries as data, read out of the page without building anything from the rest of it."""

from __future__ import annotations

from html import unescape
from typing import Any, NamedTuple

from ..limits import COMMENTS, Unreadable, read_json
from ..reflections import LIMIT, clean
from .refusals import Refused

MOST = 100
RAISED = ("begun", "done")  # the states to which a step can be raised
_MARK, _TAG = b'id="ppm-comments"', 1_000  # bytes of the element's own tag, at most
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


class Carried(NamedTuple):
    """What a page carries, by step: comments as UTF-8, and the states to which a human raised a step."""

    comments: dict[str, bytes]
    credits: dict[str, str]


def carried(page: bytes) -> Carried:
    """The comments and credits of a page; a page without any has none.

    :raises Refused: when its data cannot be read
    """
    found = _data(page)
    if found is None:
        return Carried({}, {})
    try:
        given = read_json(found if b"{" in found else unescape(found.decode("utf-8", "replace")).encode("utf-8", "replace"), COMMENTS)
        said = {_step(one["step"]): clean(one["comment"])[:LIMIT].encode() for one in given["comments"][:MOST] if one["comment"].strip()}
        credits = {_step(one["step"]): _raised(one["state"]) for one in given.get("credits", [])[:MOST]}  # pages made before there were any have none
        return Carried(said, credits)
    except (Unreadable, ValueError, KeyError, TypeError, AttributeError):
        given = None
    raise Refused("damaged")


def _data(page: bytes) -> bytes | None:
    """What stands in the first script element with our id. Each byte is looked at a fixed number of times, however the page is made."""
    small, at = page.lower(), -1
    while (at := small.find(_MARK, at + 1)) >= 0:
        opens = small.rfind(b"<script", max(0, at - _TAG), at)
        ends = small.find(b">", at, at + _TAG)
        if opens < 0 or ends < 0 or b">" in small[opens:at] or not small[at - 1 : at].isspace():
            continue
        closes = small.find(b"</script>", ends)
        return page[ends + 1 : closes] if closes >= 0 else None
    return None


def _raised(state: Any) -> str:
    if state not in RAISED:
        raise ValueError
    return str(state)


def _step(name: Any) -> str:
    """A step's id; the same rule as everywhere, without a pattern that looks back."""
    parts = name.split("-")
    if len(name) > 60 or not all(part and _LETTERS.issuperset(part) for part in parts):
        raise ValueError
    return name
