"""Noticing: which elements a text's words point to. A mirror for those who ask; it never touches credit.

The word lists are data, one file a language: ``noticing/en.json``. To add a language, add ``noticing/xx.json`` of the
same shape and name it under ``languages`` in ``rules.json``; without both, a step in it is done and noticing is silent.
``noticing.js`` is the twin in the browser, and ``tests/data/noticing_vectors.json`` holds the two together.

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
from collections.abc import Sequence

from .lists import ELEMENTS, Compiled, Element, WordLists, compile_lists, compiled_lists, tenths, word_lists
from .words import tokens

START, QUESTION = "^", "?"
_ENDS = str.maketrans(dict.fromkeys(".!;:\u2026\u3002\uff01\u0964\n\r\u2028\u2029", "\n") | dict.fromkeys("?\u061f\uff1f", "?\n"))


def notice(text: str, language: str = "en", key_words: Sequence[str] = ()) -> tuple[Element, ...]:
    """The elements that the text's words point to, in the order of ``ELEMENTS``; none in a language without lists.

    :param language: of the text, as a tag such as ``en``; found outside
    :param key_words: what the author chose for the step's resources
    """
    lists = word_lists(language)
    return _noticed(text, lists, compiled_lists(lists.language), key_words) if lists else ()


def notice_with(lists: WordLists, text: str, key_words: Sequence[str] = ()) -> tuple[Element, ...]:
    """The same with lists that are not published yet, as somebody needs who writes them."""
    return _noticed(text, lists, compile_lists(lists), key_words)


def _noticed(text: str, lists: WordLists, compiled: Compiled, key_words: Sequence[str]) -> tuple[Element, ...]:
    sentences = sentences_of(text)
    found: set[Element] = set()
    for window in windows(sentences, lists.window):
        found |= _elements(groups_found(window, compiled), compiled)
    enough = tenths(lists.key_words.weight) >= compiled.thresholds["resource"]
    if enough and _has_key_word(sentences, key_words, lists.key_words.endings):
        found.add("resource")
    return tuple(name for name in ELEMENTS if name in found)


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
