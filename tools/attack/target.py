"""The trial that is attacked, who attacks it, and what an attack has seen."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from patient_partner_mentor.curriculum import Course, load_course

from .people import CLOSED, SILENT, Answer, Person, on_this_computer, with_token

ROOT = Path(__file__).parent.parent.parent
HOSTILE = "127.0.0.66"  # the address that strangers come from
REFUSED = frozenset({"400", "403", "404", "405", "409", "413", "414", "429", "431", CLOSED})


@dataclass(frozen=True)
class Target:
    """A trial on this computer.

    :param passwords: of its accounts
    :param attacker: a learner, who attacks, and whose words are lost by it; :param neighbor: another one, who writes meanwhile
    :param folder: what the trial keeps; :param grader: the token of the course's grading service, where there is one
    :param learner_token: a Hub token of the attacker's, as a learner's own server has it; most trials give none
    """

    url: str
    course: str
    passwords: Mapping[str, str] = field(repr=False)
    attacker: str
    neighbor: str
    folder: Path
    grader: str = field(default="", repr=False)
    learner_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        on_this_computer(self.url)

    @cached_property
    def curriculum(self) -> Course:
        """The course."""
        return load_course(ROOT)

    @cached_property
    def learner(self) -> Person:
        """The attacker, signed in.

        :raises RuntimeError: when that does not go through
        """
        found = Person(self.url, self.course)
        if not found.sign_in(self.attacker, self.passwords[self.attacker]):
            raise RuntimeError(f"{self.attacker} cannot sign in at {self.url}. Does the trial run, and is the password still the printed one?")
        return found

    @cached_property
    def program(self) -> Person:
        """A program with a token: the attacker's own, or the grader's."""
        return with_token(self.url, self.course, self.learner_token or self.grader)

    @cached_property
    def grading(self) -> Person:
        """nbgrader's commands of a facilitator."""
        return with_token(self.url, self.course, self.grader)

    def stranger(self, source: str = HOSTILE) -> Person:
        """Somebody whom nobody knows."""
        return Person(self.url, self.course, source)


@dataclass
class Seen:
    """What came back from one attack.

    :param answers: how often each; :param slowest: seconds of the slowest; :param faults: what should not have been
    """

    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def add(self, answer: Answer) -> Answer:
        """Count an answer."""
        self.answers[answer.status] += 1
        self.slowest = max(self.slowest, answer.took)
        return answer

    def only(self, allowed: Iterable[str]) -> Seen:
        """Hold against it whatever is not among these; a silence always is."""
        wrong = {status: count for status, count in self.answers.items() if status not in set(allowed)}
        self.faults += [f"{count} times {status}" for status, count in sorted(wrong.items())]
        return self

    def must(self, held: bool, fault: str) -> Seen:
        """Hold something against it unless it held."""
        if not held and fault not in self.faults:
            self.faults.append(fault)
        return self


Run = Callable[[Target, random.Random, float], Seen]


@dataclass(frozen=True)
class Attack:
    """One attack: what it is called, what should be seen, and what it needs (``grader``, ``root`` or nothing)."""

    name: str
    should: str
    run: Run
    needs: str = ""
    heavy: bool = False  # made to stall others or to fill memory


ATTACKS: list[Attack] = []


def attack(should: str, needs: str = "", heavy: bool = False) -> Callable[[Run], Run]:
    """Put a function on the list of attacks."""

    def listed(run: Run) -> Run:
        ATTACKS.append(Attack(run.__name__.replace("_", " "), should, run, needs, heavy))
        return run

    return listed


def until(end: float, most: int) -> Iterator[int]:
    """Numbers up to the end of the time or of the count, whichever is first; always one."""
    for number in range(most):
        if number and time.monotonic() >= end:
            return
        yield number


def together(works: Iterable[Callable[[], Answer]], seen: Seen, at_once: int = 12) -> None:
    """Do several things at once, and count what comes back."""
    with ThreadPoolExecutor(at_once) as pool:
        for answer in pool.map(lambda work: work(), list(works)):
            seen.add(answer)


__all__ = ["ATTACKS", "CLOSED", "HOSTILE", "REFUSED", "SILENT", "Attack", "Seen", "Target", "attack", "together", "until"]
