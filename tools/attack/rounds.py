"""Run attacks one after the other, with the neighbor writing and the memory watched, and say of each whether it held."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass

from .neighbor import Neighbor, Save
from .target import ATTACKS, Attack, Seen, Target
from .watch import parts, used, watching

GROWTH = 150  # millions of bytes that Hub and service may have above rest
MOST, SHARE, IN_TIME = 1.0, 0.95, 0.25  # seconds: a save at most, and this share of saves within


@dataclass(frozen=True)
class Row:
    """What became of one attack."""

    attack: Attack
    seen: Seen
    saves: list[Save]
    grown: float

    def wait(self, share: float) -> float:
        """Seconds that this share of the neighbor's saves did not pass."""
        ordered = sorted(save.took for save in self.saves)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def faults(self) -> list[str]:
        """What did not hold."""
        lost = [save.status for save in self.saves if save.status != "200"]
        found = [*self.seen.faults, *([f"{len(lost)} of the neighbor's saves failed ({lost[0]})"] if lost else [])]
        if self.saves and (self.wait(1) > MOST or self.wait(SHARE) > IN_TIME):
            found.append(f"the neighbor waited {self.wait(1):.2f} s")
        return [*found, *([f"memory grew by {self.grown:.0f} MB"] if self.grown > GROWTH else [])]


def chosen(target: Target, names: Iterable[str] = ()) -> list[Attack]:
    """The attacks of these names (all, without names) that this target gives what they need."""
    from . import bodies, crossing, floods, guesses, machine, packed, reaching, signing_in, slow  # noqa: F401 - each puts its own on the list

    able = {"": True, "grader": bool(target.grader), "root": hasattr(os, "geteuid") and os.geteuid() == 0}
    wanted = set(names)
    return [one for one in ATTACKS if able[one.needs] and (not wanted or one.name in wanted)]


def run(target: Target, attacks: list[Attack], seconds: float, seed: int) -> list[Row]:
    """Run each for at most so many seconds."""
    target.learner  # noqa: B018 - signed in before anybody guesses from the same address
    found = []
    with Neighbor(target) as neighbor:
        processes = parts(target.folder)
        rest = used(processes)
        for one in attacks:
            start = time.monotonic()
            with watching(processes, rest) as memory:
                seen = one.run(target, random.Random(f"{seed} {one.name}"), start + seconds)
                saves = neighbor.between(start, time.monotonic())
            found.append(Row(one, seen, saves, memory.grown))
    return found


def table(rows: list[Row]) -> str:
    """What was tried, what came back, what should, and whether it held."""
    width = max(len(row.attack.name) for row in rows)
    lines = []
    for row in rows:
        came = ", ".join(f"{count} x {status}" for status, count in sorted(row.seen.answers.items()))
        lines += [
            f"{'held' if not row.faults else 'NOT HELD':<9} {row.attack.name:<{width}}  should be: {row.attack.should}",
            f"{'':<9} {'':<{width}}  seen: {came}; slowest {row.seen.slowest:.1f} s; neighbor {1000 * row.wait(SHARE):.0f} ms (95 %), {1000 * row.wait(1):.0f} ms at most; memory {row.grown:+.0f} MB",
            *[f"{'':<9} {'':<{width}}  fault: {fault}" for fault in row.faults],
        ]
    held = sum(not row.faults for row in rows)
    return "\n".join([*lines, "", f"{held} of {len(rows)} attacks held off. 'Neighbor': how long another learner's saves took meanwhile."])
