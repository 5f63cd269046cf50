"""Passwords that are tried first by whoever guesses, and so are not taken when somebody chooses one."""

from __future__ import annotations

import re

_DIFFERENT = 4  # letters and signs
_REST = 5  # letters and signs beside what everybody thinks of first
_FIRST = (
    "password passwort passwd letmein welcome login admin administrator iloveyou sunshine princess football baseball "
    "superman batman dragon monkey shadow master secret trustno hello freedom whatever starwars computer internet "
    "summer winter autumn spring monday friday january december patient partner mentor course learner facilitator trial"
).split()
_ROWS = ("1234567890", "0987654321", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_LOOKALIKES = str.maketrans("@4310$5!7", "aaeiossit")
_LONGEST = 200


def easy(password: str, account: str) -> bool:
    """Whether it is among the first guesses: few different signs, a row of keys, one thing again and again, the account's name, or a word that everybody thinks of, with a little round it."""
    plain = password.casefold()[:_LONGEST]
    if len(set(plain)) < _DIFFERENT or _again_and_again(plain):
        return True
    names = [part for part in re.split(r"[\W_]+", account.casefold()) if len(part) > 2]
    for text in (plain, plain.translate(_LOOKALIKES)):
        rest = _without(_without(text, [account.casefold(), *names]), _FIRST)
        if len(set(_without_rows(rest))) < _REST or not re.search(r"\w", _without_rows(rest)):
            return True
    return False


def _again_and_again(text: str) -> bool:
    """Whether it is one short thing several times: a text that is found in itself, doubled and shifted."""
    at = (text + text).find(text, 1)
    return at < len(text) and at <= 8


def _without(text: str, words: list[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


def _without_rows(text: str) -> str:
    """The text without runs of four keys or more that stand beside each other."""
    for row in _ROWS:
        for length in range(len(row), 3, -1):
            for start in range(len(row) - length + 1):
                text = text.replace(row[start : start + length], "")
    return text
