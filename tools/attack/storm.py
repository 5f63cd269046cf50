"""The storm: in a process of its own, one attack after another in no order, several at a time, by one learner and by strangers.

As a program, ``python -m tools.attack.storm`` reads whom it attacks from its first line of input, prints an empty
line when it begins, and at the end what came back as JSON. It gives way to every other program of the computer, so that what is measured is not the computer.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .rounds import chosen
from .target import ROOT, Attack, Target

AT_ONCE = 5  # attacks
TURN = 6.0  # seconds that one of them may take
NICE = 10
FILES = 4_000  # connections that are open at once, with all else
GRACE = 90.0  # seconds until an attack that does not end is given up
_FIELDS = ("url", "course", "passwords", "attacker", "neighbor", "grader", "learner_token")


class Storm:
    """The storm's process, from outside; in a ``with``, at whose end it is over.

    :param names: the attacks; all that are made to stall others or to fill memory, without any
    """

    def __init__(self, target: Target, seconds: float, seed: int, names: Sequence[str] = ()) -> None:
        said = {name: getattr(target, name) for name in _FIELDS} | {"folder": str(target.folder), "seconds": seconds, "seed": seed, "names": list(names)}
        said["passwords"] = dict(target.passwords)
        self._process = subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdin
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.close()
        assert self._process.stdout
        self._process.stdout.readline()  # it begins
        self._seconds = seconds
        self.answers: dict[str, dict[str, int]] = {}
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdout
        try:
            if kind is None:
                self.end()
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()

    def end(self) -> None:
        """Wait until it is over, and know what came back."""
        assert self._process.stdout
        self._process.wait(self._seconds + GRACE)
        said = json.loads(self._process.stdout.read())
        self.answers, self.faults = said["answers"], said["faults"]


def blow(target: Target, attacks: Sequence[Attack], seconds: float, seed: int) -> dict[str, Any]:
    """Attack until the time is over: each of the attacks once in every round, in another order each time."""
    end, chance = time.monotonic() + seconds, random.Random(seed)
    answers: dict[str, Counter[str]] = {one.name: Counter() for one in attacks}
    faults: list[str] = []

    def turns() -> Any:
        while True:
            yield from ((one, chance.randrange(2**32)) for one in chance.sample(attacks, len(attacks)))

    def attack(one: Attack, number: int) -> None:
        if time.monotonic() < end:
            seen = one.run(target, random.Random(number), min(end, time.monotonic() + TURN))
            answers[one.name].update(seen.answers)
            faults.extend(f"{one.name}: {fault}" for fault in seen.faults)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = []
        for one, number in turns():
            waiting.append(pool.submit(attack, one, number))
            if len(waiting) == AT_ONCE:
                waiting.pop(0).result()
            if time.monotonic() >= end:
                break
        for rest in waiting:
            rest.result()
    return {"answers": answers, "faults": sorted(set(faults))}


def _give_way() -> None:
    """Be served behind others. Linux shares its processors among sessions first, where it does so at all."""
    os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE), "utf-8")


def main() -> int:
    """Read whom to attack, attack, and print what came back."""
    said = json.loads(sys.stdin.readline())
    seconds, seed, names = (said.pop(name) for name in ("seconds", "seed", "names"))
    target = Target(**said | {"folder": Path(said["folder"])})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard == resource.RLIM_INFINITY else min(FILES, hard), hard))
    _give_way()
    target.learner  # noqa: B018 - signed in before anybody guesses from the same address
    print(flush=True)
    attacks = [one for one in chosen(target, names) if names or one.heavy]
    print(json.dumps(blow(target, attacks, seconds, seed)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
