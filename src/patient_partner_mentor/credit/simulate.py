"""Texts as other people would have written them: learner English and dictation, made from a text by a seeded generator.

A rough likeness, for measuring only: real learners and real speech differ in more ways than these.
"""

from __future__ import annotations

import random
import re

_ARTICLES = re.compile(r"\b(?:the|an?) (?=\w)", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_NO_MARKS = re.compile(r"[^\w\s'\u2019]|_")
FILLERS = ("um", "uh", "like", "you know", "so", "well", "I mean", "okay")
_SHARE = 0.8  # of the places where a thing can be dropped
_FILLED = 0.08  # of the words
_PAIRS = (
    "was is|were are|had have|did do|went go|came come|saw see|said say|told tell|felt feel|found find|got get|took take|gave give|"
    "made make|began begin|met meet|sat sit|stood stand|left leave|kept keep|knew know|thought think|heard hear|spoke speak|"
    "wrote write|learnt learn|taught teach|brought bring|ran run|lost lose|won win|spent spend|sent send|chose choose|"
    "became become|fell fall|grew grow|held hold|led lead|meant mean|paid pay|understood understand|slept sleep|wore wear|broke break"
)
BASE = dict(pair.split(" ") for pair in _PAIRS.split("|"))
_NO_PAST = frozenset("need indeed speed feed seed bed red hundred proceed succeed exceed wed shed bleed breed weed deed reed".split())


def learner_english(text: str, chance: random.Random) -> str:
    """The text with most articles dropped and most verbs without their mark of the past."""
    without = _ARTICLES.sub(lambda m: "" if chance.random() < _SHARE else m[0], text)
    return _WORD.sub(lambda m: unmarked(m[0]) if chance.random() < _SHARE else m[0], without)


def dictated(text: str, chance: random.Random) -> str:
    """The text without punctuation and capitals, with the words that fill a pause."""
    words = _NO_MARKS.sub(" ", text).lower().split()
    spoken = [f"{chance.choice(FILLERS).lower()} {word}" if chance.random() < _FILLED else word for word in words]
    return " ".join(spoken)


def learner_dictated(text: str, chance: random.Random) -> str:
    """Both at once."""
    return dictated(learner_english(text, chance), chance)


def unmarked(word: str) -> str:
    """A verb of the past in its plain form, roughly; any other word as it is."""
    low = word.lower()
    if low in BASE:
        return BASE[low]
    if not low.endswith("ed") or len(low) < 5 or low in _NO_PAST:
        return word
    if low.endswith("ied"):
        return word[:-3] + "y"
    stem = word[:-2]
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "ls":
        return stem[:-1]
    return word[:-1] if re.search(r"(?:[cvzu]|[^s]s|[^n]g|[^aeioul]l|[^e]at)$", stem, re.I) else stem
