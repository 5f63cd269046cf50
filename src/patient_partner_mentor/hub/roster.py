"""A pasted list of learners, read line by line: what was understood, and which lines were not, by their numbers.

A line is a name with an e-mail address in any order (``Ana Example <ana@example.org>``, or columns of a spreadsheet), a name,
an address, or an account's name. ``ana2 = Ana Example`` says the account's name where two people have the same one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from .identity import plain_name

By = Literal["name", "email"]
LARGEST = 100_000  # characters
MOST = 200  # people at once; the Hub writes each account to its disk
LONGEST = 200  # characters of a line
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CHOSEN = re.compile(r"\s*([^\s=]+)\s*=\s*(.*)", re.S)
_AROUND = re.compile(r"[<>()\[\]\",;\t|]+")
_HEADINGS = {"name", "names", "email", "e-mail", "mail", "first name", "last name", "first", "last", "account", "username", "id"}


@dataclass(frozen=True)
class Person:
    """One learner to be added.

    :param line: the number of the line, from 1; :param account: the name at the Hub
    """

    line: int
    account: str
    name: str = ""
    email: str = ""

    @property
    def first_and_last(self) -> tuple[str, str]:
        """The name as a gradebook has it."""
        first, _, last = self.name.rpartition(" ")
        return (first, last) if first else (last, "")


@dataclass(frozen=True)
class Problem:
    """A line that cannot be used: its number, and why (a key under ``roster.problem``)."""

    line: int
    why: str
    other: int = 0


@dataclass(frozen=True)
class Roster:
    """What was understood of a list."""

    people: tuple[Person, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_roster(pasted: str, by: By = "name") -> Roster:
    """Understand a list.

    :param by: what an account is called after, where the line does not say: the person's name, or the e-mail address, as
        sign-in services of others do
    """
    people: list[Person] = []
    problems: list[Problem] = []
    if len(pasted) > LARGEST:
        return Roster(problems=(Problem(0, "too_long"),))
    for number, line in enumerate(pasted.splitlines(), 1):
        if not line.strip() or _is_heading(line):
            continue
        found = _person(number, line, by)
        if isinstance(found, Person):
            found = _double(found, people)
        if isinstance(found, Person):
            people.append(found)
        else:
            problems.append(found)
        if len(people) > MOST or len(problems) > MOST:  # each is compared to all before it
            break
    if len(people) > MOST:
        problems.append(Problem(people[MOST].line, "too_many"))
    return Roster(tuple(people), tuple(problems))


def _person(number: int, line: str, by: By) -> Person | Problem:
    if len(line) > LONGEST:
        return Problem(number, "long_line")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in line if letter != "\t"):
        return Problem(number, "odd_letters")
    chosen, rest = ("", line)
    if match := _CHOSEN.fullmatch(line):
        chosen, rest = match[1].lower(), match[2]
        if not _fit(chosen):
            return Problem(number, "account")
    emails = _EMAIL.findall(rest)
    if len(emails) > 1:
        return Problem(number, "two_emails")
    email = emails[0] if emails else ""
    name = " ".join(_AROUND.sub(" ", rest.replace(email, " ") if email else rest).split())
    if "@" in name:
        return Problem(number, "email")
    account = chosen or _account(name, email.lower(), by)
    if not account or not _fit(account):
        return Problem(number, "no_account")
    alone = not email and not chosen and name.lower() == account
    return Person(number, account, "" if alone else name, email)


def _account(name: str, email: str, by: By) -> str:
    """What the account is called."""
    if by == "email" and email:
        return email
    if name and " " not in name and not email:
        return name.lower()
    return _slug(name) or (_slug(email.partition("@")[0]) if email else "")


def _slug(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    if sum(letter.isalpha() for letter in words) > 2 * sum(letter.isalpha() for letter in plain):
        return ""  # another script: what is left would name nobody
    return ".".join(re.findall(r"[a-z0-9]+", plain))[:60].strip(".")


def _fit(account: str) -> bool:
    return plain_name(account) and (bool(_ACCOUNT.fullmatch(account)) or bool(_EMAIL.fullmatch(account)))


def _double(person: Person, others: list[Person]) -> Person | Problem:
    for other in others:
        if person.email and person.email.lower() == other.email.lower():
            return Problem(person.line, "same_email", other.line)
        if person.account == other.account:
            return Problem(person.line, "same_account", other.line)
    return person


def _is_heading(line: str) -> bool:
    return all(part.strip().lower() in _HEADINGS for part in re.split(r"[,;\t|]", line) if part.strip()) and bool(re.search(r"[,;\t|]", line))
