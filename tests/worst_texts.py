"""Texts that are as bad as they can be for a pattern: made from the pattern's own letters, so that a new one needs no new test.

A pattern that looks at its text again and again takes four times as long for twice as much. It shows on texts that nearly match,
over and over: each letter of the pattern, each piece of it, and pairs of them, repeated.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import product

MEGABYTE = 1_000_000
SIZES = (16_000, 128_000, MEGABYTE)
SECONDS = 3.0  # of processor time for a megabyte; one that looks again takes minutes
COMMON = ("a", "0", " ", "\n", "\\", '"', '\\"', "<", "-", "\u0301")
_PIECES = re.compile(r"[\w<>=\"' :.#@-]{2,12}")


def pieces(source: str) -> list[str]:
    """What a pattern is made of: its letters, and the words in it."""
    plain = source.replace("\\b", "").replace("\\s", " ").replace("\\w", "a").replace("\\d", "0").replace("\\n", "\n")
    plain = re.sub(r"\(\?[:=!<PimsxaLu]+", "(", plain)
    letters = sorted({letter for letter in plain if not letter.isalnum()})[:8]
    return list(dict.fromkeys([*_PIECES.findall(plain)[:6], *letters, *COMMON]))


def texts(source: str, size: int) -> Iterator[str]:
    """The texts for a pattern, each of about this size."""
    known = pieces(source)
    for piece in known:
        yield piece * (size // len(piece))
    for one, other in product(known[:5], known[:7]):
        if one != other:
            yield (one + other) * (size // (len(one) + len(other)))
            yield one + other * (size // len(other)) + "\0"


def slow(work: Callable[[str], object], source: str, largest: int = MEGABYTE) -> str:
    """Where the work takes too long: what the text was made of, and its size; nothing when it is quick with all of them.

    All texts are tried small; those that took longest are tried larger and larger.
    """
    sizes = [size for size in SIZES if 2 * size <= largest] + [largest]
    work("a")  # a word list or a model is read once
    numbers = range(len(list(texts(source, sizes[0]))))
    for size in sizes:
        took: list[tuple[float, int]] = []
        for number, text in enumerate(texts(source, size)):
            if number not in numbers:
                continue
            start = time.process_time()
            work(text)
            took.append((time.process_time() - start, number))
            if took[-1][0] > max(SECONDS * size / MEGABYTE, 0.3):
                return f"{text[:24]!r} ... of {size} characters: {took[-1][0]:.1f} s"
        numbers = [number for _, number in sorted(took)[-3:]]
    return ""
