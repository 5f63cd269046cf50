"""The word lists of noticing: published data, one file a language, made ready to look words up in.

``noticing.py`` says how a pattern is read and how to add a language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

Element = Literal["happened", "meant", "resource", "next"]
ELEMENTS: tuple[Element, ...] = get_args(Element)
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


def tenths(weight: float) -> int:
    """A weight as a whole number: Python and the browser then add up alike."""
    return int(weight * 10 + (0.5 if weight > 0 else -0.5))


@cache
def compiled_lists(name: str) -> Compiled:
    """The lists of a language that has some, made ready."""
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
    starts, ends = _table(names, "starts"), _table(names, "ends")
    return Compiled(
        words=_table(names, "words"),
        starts=starts,
        ends=ends,
        without=_table(names, "without"),
        lengths=(_lengths(starts), _lengths(ends)),
        patterns={first: tuple(some) for first, some in patterns.items()},
        groups=tuple(groups),
        thresholds={element: tenths(listed.threshold) for element, listed in lists.elements.items()},
    )


def _lengths(table: Mapping[str, frozenset[str]]) -> tuple[int, ...]:
    return tuple(sorted({len(form) for form in table}))


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
