"""Noticing: which elements a text's words point to. A mirror for those who ask; it never touches credit.

The word lists are data, one file a language: ``noticing/en.json``. To add a language, add ``noticing/xx.json`` of the
same shape and nothing else; without one, noticing stays silent. ``noticing.js`` is the twin in the browser, and
``tests/data/noticing_vectors.json`` holds the two together.

A text is cut into sentences at ``. ! ? ; :`` and line ends, a longer one into overlapping windows of ``window`` words,
so that a dictated text without full stops is read alike. An element is found where the groups found in one window have
weights that add up to its threshold. A group counts once a window. Its entries are patterns over words, each item
parted by a space:

==============  ========================================================================================
``felt``        this word (lower-cased; an apostrophe parts words: didn't is ``didn t``)
``is|was``      one of these; each may be any of the forms below
``fear*``       a word that starts so
``*ed``         a word that ends so, with two letters or more before it
``@self``       a word of this class; a class is a list of words and forms, ``-need`` takes a word out of its forms
``<3``          up to three words, whichever they are (never over the end of a sentence)
``^`` ``?``     the start of a sentence; the question mark at its end
==============  ========================================================================================

The key words of a step's resources are looked for as they stand, with the ``endings`` of the language.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from .words import tokens

Element = Literal["happened", "meant", "resource", "next"]
ELEMENTS: tuple[Element, ...] = get_args(Element)
START, QUESTION = "^", "?"
_ENDS = str.maketrans(dict.fromkeys(".!;:\u2026\u3002\uff01\u0964\n\r\u2028\u2029", "\n") | dict.fromkeys("?\u061f\uff1f", "?\n"))
_BEFORE_ENDING = 2  # letters


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(_Data):
    """Patterns that point the same way, with what they weigh. A ``fixed`` weight was set by hand and is not fitted."""

    name: str
    about: str
    weight: float
    entries: tuple[str, ...]
    fixed: bool = False


class ElementLists(_Data):
    """The groups of one element; found where their weights add up to the threshold."""

    about: str
    threshold: float
    groups: tuple[Group, ...]


class KeyWords(_Data):
    """How the author's key words are looked for, and what one of them weighs for ``resource``."""

    about: str
    weight: float
    endings: tuple[str, ...]


class WordLists(_Data):
    """The published word lists of one language."""

    version: int
    language: str
    comments: tuple[str, ...]
    window: int
    key_words: KeyWords
    classes: dict[str, tuple[str, ...]]
    elements: dict[Element, ElementLists]


@cache
def languages() -> frozenset[str]:
    """The languages that have word lists."""
    return frozenset(f.name.removesuffix(".json") for f in files(__package__).joinpath("noticing").iterdir() if f.name.endswith(".json"))


def word_lists(language: str) -> WordLists | None:
    """The lists of a language, by the first part of its tag (``en`` for ``en-GB``), or none."""
    name = language.split("-")[0].lower()
    return _read(name) if name in languages() else None


@cache
def _read(name: str) -> WordLists:
    return WordLists.model_validate_json(files(__package__).joinpath("noticing", f"{name}.json").read_text("utf-8"))


@dataclass(frozen=True)
class Forms:
    """What an item of a pattern stands for: words, beginnings and endings, and words that these do not take in."""

    words: frozenset[str]
    starts: frozenset[str]
    ends: frozenset[str]
    without: frozenset[str]


@dataclass(frozen=True)
class Pattern:
    """One entry: the items after its first one, a whole number standing for a gap of up to so many words."""

    group: int
    rest: tuple[str | int, ...]


@dataclass(frozen=True)
class Compiled:
    """Word lists made ready to look words up in: the items that a word, beginning or ending belongs to."""

    words: Mapping[str, frozenset[str]]
    starts: Mapping[str, frozenset[str]]
    ends: Mapping[str, frozenset[str]]
    without: Mapping[str, frozenset[str]]
    lengths: tuple[tuple[int, ...], tuple[int, ...]]
    patterns: Mapping[str, tuple[Pattern, ...]]
    groups: tuple[tuple[Element, int], ...]
    thresholds: Mapping[Element, int]

    def items(self, word: str) -> frozenset[str]:
        """The items that this word fits."""
        shaped: set[str] = set()
        for size in self.lengths[0]:
            shaped |= self.starts.get(word[:size], frozenset())
        for size in self.lengths[1]:
            if len(word) >= size + _BEFORE_ENDING:
                shaped |= self.ends.get(word[-size:], frozenset())
        return self.words.get(word, frozenset()) | (shaped - self.without.get(word, frozenset()))


def notice(text: str, language: str = "en", key_words: Sequence[str] = ()) -> tuple[Element, ...]:
    """The elements that the text's words point to, in the order of ``ELEMENTS``; none in a language without lists.

    :param language: of the text, as a tag such as ``en``; found outside
    :param key_words: what the author chose for the step's resources
    """
    lists = word_lists(language)
    if lists is None:
        return ()
    compiled = _compiled(lists.language)
    sentences = sentences_of(text)
    found: set[Element] = set()
    for window in windows(sentences, lists.window):
        found |= _elements(groups_found(window, compiled), compiled)
    if tenths(lists.key_words.weight) >= compiled.thresholds["resource"] and _has_key_word(sentences, key_words, lists.key_words.endings):
        found.add("resource")
    return tuple(name for name in ELEMENTS if name in found)


def tenths(weight: float) -> int:
    """A weight as a whole number: Python and the browser then add up alike."""
    return int(weight * 10 + (0.5 if weight > 0 else -0.5))


def sentences_of(text: str) -> list[list[str]]:
    """The words of each sentence, after ``^`` and, in a question, before ``?``."""
    found: list[list[str]] = []
    for piece in unicodedata.normalize("NFC", text).translate(_ENDS).split("\n"):
        words = tokens(piece)
        if words:
            found.append([START, *words])
        if piece.endswith(QUESTION) and found and found[-1][-1] != QUESTION:
            found[-1].append(QUESTION)
    return found


def windows(sentences: Sequence[Sequence[str]], size: int) -> list[Sequence[str]]:
    """Each sentence whole, or, where it is longer than ``size``, in windows of that size that overlap by half."""
    found: list[Sequence[str]] = []
    for sentence in sentences:
        last = max(0, len(sentence) - size)
        found += [sentence[at : at + size] for at in range(0, last + size // 2, size // 2)] if last else [sentence]
    return found


def groups_found(window: Sequence[str], compiled: Compiled) -> set[int]:
    """The numbers of the groups that have an entry in this window."""
    items = [compiled.items(word) for word in window]
    found: set[int] = set()
    for at, here in enumerate(items):
        for item in here:
            for pattern in compiled.patterns.get(item, ()):
                if pattern.group not in found and _follows(pattern.rest, window, items, at + 1):
                    found.add(pattern.group)
    return found


def _follows(rest: Sequence[str | int], window: Sequence[str], items: Sequence[frozenset[str]], at: int) -> bool:
    for number, item in enumerate(rest):
        if isinstance(item, int):
            end = at
            while end < len(window) and end - at < item and window[end] not in (START, QUESTION):
                end += 1
            return any(_follows(rest[number + 1 :], window, items, place) for place in range(at, end + 1))
        if at >= len(window) or item not in items[at]:
            return False
        at += 1
    return True


def _elements(groups: set[int], compiled: Compiled) -> set[Element]:
    sums: dict[Element, int] = defaultdict(int)
    for number in groups:
        element, weight = compiled.groups[number]
        sums[element] += weight
    return {element for element, total in sums.items() if total >= compiled.thresholds[element]}


def _has_key_word(sentences: Sequence[Sequence[str]], key_words: Sequence[str], endings: Sequence[str]) -> bool:
    for words in filter(None, map(tokens, key_words)):
        lasts = {words[-1] + ending for ending in endings}
        for sentence in sentences:
            for at in range(1, len(sentence) - len(words) + 1):
                if sentence[at + len(words) - 1] in lasts and sentence[at : at + len(words) - 1] == words[:-1]:
                    return True
    return False


@cache
def _compiled(name: str) -> Compiled:
    return compile_lists(_read(name))


def compile_lists(lists: WordLists) -> Compiled:
    """Make word lists ready to look words up in."""
    patterns: dict[str, list[Pattern]] = defaultdict(list)
    names: dict[str, Forms] = {}
    groups: list[tuple[Element, int]] = []
    for element, listed in lists.elements.items():
        for group in listed.groups:
            for entry in group.entries:
                first, *rest = entry.split(" ")
                for item in (first, *rest):
                    if not item.startswith("<"):
                        names[item] = forms(item.split("|"), lists.classes)
                patterns[first].append(Pattern(len(groups), tuple(int(i[1:]) if i.startswith("<") else i for i in rest)))
            groups.append((element, tenths(group.weight)))
    tables = [_table(names, part) for part in ("words", "starts", "ends", "without")]
    lengths = tuple(tuple(sorted({len(form) for form in table})) for table in tables[1:3])
    thresholds = {element: tenths(listed.threshold) for element, listed in lists.elements.items()}
    return Compiled(*tables, lengths, {k: tuple(v) for k, v in patterns.items()}, tuple(groups), thresholds)  # type: ignore[arg-type]


def _table(names: Mapping[str, Forms], part: str) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = defaultdict(set)
    for name, form in names.items():
        for one in getattr(form, part):
            table[one].add(name)
    return {one: frozenset(items) for one, items in table.items()}


def forms(parts: Sequence[str], classes: Mapping[str, Sequence[str]]) -> Forms:
    """What alternatives stand for, classes written out."""
    words, starts, ends, without = set(), set(), set(), set()
    for part in parts:
        if part.startswith("@"):
            inner = forms(" ".join(classes[part[1:]]).split(), classes)
            words |= inner.words
            starts |= inner.starts
            ends |= inner.ends
            without |= inner.without
        elif part.startswith("-"):
            without.add(part[1:])
        elif part.startswith("*"):
            ends.add(part[1:])
        elif part.endswith("*"):
            starts.add(part[:-1])
        else:
            words.add(part)
    return Forms(frozenset(words), frozenset(starts), frozenset(ends), frozenset(without))
