"""The neighbor: in a process of its own, another learner who writes, and whose page saves some three times a second.

As a program, ``python -m tools.attack.neighbor URL COURSE ACCOUNT`` reads the password from its first line of input, saves
until its input ends, and prints a line of JSON a save.
"""

from __future__ import annotations

import json
import random
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from patient_partner_mentor.curriculum import load_course
from patient_partner_mentor.reflections import read_answer

from .people import Person
from .records import SENTENCE, written
from .target import ROOT, Target

PAUSE = (0.25, 0.45)  # seconds between two saves, within the course's own limit of saves a minute
PATIENCE = 120  # seconds until a save that does not come back is the fault of whatever was done
ADDRESS = "127.0.0.2"


@dataclass(frozen=True)
class Save:
    """One save: when it was sent (seconds of the machine's monotonic clock), how long it took, and what came back."""

    at: float
    took: float
    status: str


class Neighbor:
    """The neighbor's process, from outside; in a ``with``."""

    def __init__(self, target: Target) -> None:
        command = [sys.executable, "-m", __name__, target.url, target.course, target.neighbor]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin
        self._process.stdin.write(target.passwords[target.neighbor] + "\n")
        self._process.stdin.flush()
        self._saves: list[Save] = []
        self._news = Condition()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        self.after(0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()

    def between(self, start: float, end: float) -> list[Save]:
        """The saves that were on their way at some time between the two, the one that came back last included."""
        self.after(end)
        with self._news:
            return [one for one in self._saves if one.at + one.took >= start and one.at <= end]

    def after(self, moment: float) -> None:
        """Wait until a save has come back that was sent after this moment.

        :raises RuntimeError: when none does
        """
        with self._news:
            if not self._news.wait_for(lambda: self._saves and self._saves[-1].at >= moment, PATIENCE):
                raise RuntimeError(f"The neighbor's saves do not come back within {PATIENCE} s.")

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                self._saves.append(Save(**json.loads(line)))
                self._news.notify_all()


def main(url: str, course: str, account: str) -> int:
    """Sign in, then save and print until the input ends."""
    person, module, chance = Person(url, course, ADDRESS), load_course(ROOT).modules[1], random.Random(account)
    if not person.sign_in(account, sys.stdin.readline().rstrip("\n")):
        print("The neighbor cannot sign in.", file=sys.stderr)
        return 1
    answer, seen, words = None, None, ""
    place = f"journal/{module.id}/{module.step(1).id}"
    while not select.select([sys.stdin], [], [], chance.uniform(*PAUSE))[0]:
        words = words + SENTENCE if len(words) < 2_000 else SENTENCE
        answer = written(module, 1, words, answer)
        at = time.monotonic()
        said = person.api("PUT", place, json={"answer": answer.model_dump(mode="json"), "seen": seen})
        if said.status == "200":
            answer = read_answer(json.loads(said.body)["answer"])
            seen = answer.revision.model_dump()
        print(json.dumps(asdict(Save(at, said.took, said.status))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
