"""Words as the check counts them: runs of letters and marks, lower-cased; in scripts without spaces, characters."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from .rules import RULES

_STARTS = [start for start, _ in RULES.without_spaces]
_ENDS = [end for _, end in RULES.without_spaces]
HALF = 0.5  # of a word: a character of a script without spaces


@cache
def _is(character: str, category: str) -> bool:
    return unicodedata.category(character)[0] == category


@cache
def _kind(character: str) -> int:
    """1: of a script with spaces; 2: of one without."""
    place = bisect_right(_STARTS, ord(character)) - 1
    return 2 if place >= 0 and ord(character) <= _ENDS[place] else 1


def tokens(text: str) -> list[str]:
    """The words of a text, in order, lower-cased: a letter, and the letters and marks that follow it.

    A character of a script without spaces is a token of its own. A mark without a letter, as in emoji, is no word.

    Source of the rule: "word-equivalents" in the design's table of checks.
    """
    found: list[str] = []
    run: list[str] = []
    inside = False
    for character in [*unicodedata.normalize("NFC", text), " "]:
        inside = _is(character, "L") or (inside and _is(character, "M"))
        if inside and _kind(character) == 1:
            run.append(character)
            continue
        if run:
            found.append("".join(run).lower())
            run.clear()
        if inside:
            found.append(character)
    return found


def equivalents(words: Sequence[str]) -> float:
    """How many words tokens amount to: two characters of a script without spaces count as one word."""
    return sum(HALF if len(word) == 1 and _kind(word) == 2 else 1 for word in words)


def runs(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    """Every run of so many words (shingles)."""
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}
