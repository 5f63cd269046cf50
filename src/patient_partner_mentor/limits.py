"""How much of anything a stranger sent is looked at: size, depth, count and time, in one place for every way in.

What reads here takes time in proportion to what it reads, and no single step of it is long: a thread beside it waits for
milliseconds. The places that take something (a page's request, a file of a hand-in, an archive) name the limit that they use.
"""

from __future__ import annotations

import json
import re
import time
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

WINDOW = 65_536  # characters that one step looks at
SECONDS = 5.0  # of processor time for one body; the largest honest one takes a hundredth of it
MARKS = 30  # combining marks in a row, as in https://unicode.org/reports/tr15/#Stream_Safe_Text_Format
JOINER = "\u034f"  # shows nothing, and parts two runs of marks
_INSIDE = re.compile(r'(?:[^"\\]++|\\.)*+', re.S)  # the rest of a string; it cannot fail, so nothing is looked at twice
_BRACKETS = re.compile(r"[\[\]{}]")

Why = Literal["large", "deep", "many", "broken", "slow"]


class Unreadable(ValueError):
    """What was sent is no JSON within its limit. It holds nothing of what was sent.

    :param why: which limit, or ``broken`` where it is no JSON
    """

    def __init__(self, why: Why) -> None:
        self.why: Why = why
        super().__init__(why)


@dataclass(frozen=True)
class Limit:
    """The limit of one kind of body.

    :param size: bytes
    :param depth: levels of lists and objects in one another
    :param values: strings, separators and lists or objects together, which is about four for each value
    """

    size: int
    depth: int
    values: int


SMALL = Limit(size=10_000, depth=8, values=200)  # a choice, an answer to a comment
ANSWER = Limit(size=4_010_000, depth=16, values=4_000)  # one answer with its overtaken texts has 700 values
HAND_IN = Limit(size=1_000_000, depth=32, values=8_000)  # six texts at their limit, four bytes a character, stay below; 40 steps have 1,700 values
COMMENTS = Limit(size=5_000_000, depth=8, values=4_000)  # a feedback page's comments
JOURNAL = Limit(size=20_000_000, depth=16, values=4_000_000)  # a module's journal on a person's own disk
ARCHIVE_DEPTH = 12  # folders in one another
NAME = 120  # characters of a file's name in an archive


class Clock:
    """The processor time that the reading of one body may take; what takes longer is given up, whatever it is.

    :param seconds: of the thread that reads
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Go on, or give up.

        :raises Unreadable: when the time is over
        """
        if time.thread_time() > self._end:
            raise Unreadable("slow")


def read_json(raw: bytes, limit: Limit) -> Any:
    """The data that a body is.

    :raises Unreadable: when it is none, or more than the limit
    """
    if len(raw) > limit.size:
        raise Unreadable("large")
    try:
        text = raw.decode("utf-8")
        weigh(text, limit)
        return json.loads(text)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        pass
    raise Unreadable("broken")  # out here, so that no context leads to what was sent


def weigh(text: str, limit: Limit) -> None:
    """Go through JSON once, before any parser does, and stop at the first thing that is too much.

    :raises Unreadable: when it is nested too deeply, or holds too many values
    """
    opened = text.count("[") + text.count("{")
    if opened <= limit.depth and opened + text.count(",") + text.count('"') <= limit.values:
        return  # not even with what stands inside strings, as with nearly everything that a page sends
    clock, at, level, values = Clock(), 0, 0, 0
    while at < len(text):
        quote = text.find('"', at)
        outside = text[at : quote if quote >= 0 else len(text)]
        values += outside.count(",") + outside.count("[") + outside.count("{") + 1
        if values > limit.values:
            raise Unreadable("many")
        for bracket in _BRACKETS.findall(outside):
            level += 1 if bracket in "[{" else -1
            if level > limit.depth:
                raise Unreadable("deep")
        if quote < 0:
            return
        at = _after_string(text, quote + 1, clock)


def _after_string(text: str, at: int, clock: Clock) -> int:
    """Where a string ends that begins here, window by window."""
    while at < len(text):
        clock.check()
        found = _INSIDE.match(text, at, min(at + WINDOW, len(text)))
        assert found  # it matches nothing at all, too
        at = found.end()
        if at < len(text) and text[at] == '"':
            return at + 1
        at += 2 if text[at : at + 1] == "\\" else 0  # what it escapes stands in the next window
    return at


def part_marks(text: str) -> str:
    """Text in which no run of combining marks is longer than ``MARKS``: longer ones are parted by a sign that shows nothing.

    Putting marks into their order takes time with the square of such a run, in Python as in browsers: 40,000 take a second.
    """
    if text.isascii() or _marks().isdisjoint(text):
        return text
    marks, run, parted = _marks(), 0, []
    for letter in text:
        run = run + 1 if letter in marks else 0
        if run > MARKS:
            parted.append(JOINER)
            run = 1
        parted.append(letter)
    return "".join(parted)


@cache
def _marks() -> frozenset[str]:
    """All combining marks; they stand in two planes of Unicode."""
    points = (chr(point) for point in (*range(0x300, 0x20000), *range(0xE0000, 0xE0200)))
    return frozenset(letter for letter in points if unicodedata.category(letter)[0] == "M") - {JOINER}
