"""Within every quota, as fast as one learner can: large saves, copies of a large journal, erasure in a loop, hand-ins."""

from __future__ import annotations

import json
import random
from itertools import product

from .records import AGREED, SENTENCE, WIDEST, hand_in, large, spoiled
from .target import REFUSED, Seen, Target, attack, together, until

TAKEN = frozenset({"200", "503", "507", *REFUSED})


def fill(target: Target, chance: random.Random, seen: Seen, count: int = 18) -> None:
    """Large saves to one step after another, until the journal is full."""
    for module, step in list(product(target.curriculum.modules, range(1, 6)))[:count]:
        body = json.dumps(large(module, step, chance), ensure_ascii=False).encode()
        seen.add(target.learner.api("PUT", f"journal/{module.id}/{module.step(step).id}", data=body))


@attack("kept or put off, while others go on", heavy=True)
def large_saves(target: Target, chance: random.Random, end: float) -> Seen:
    """Each of three million bytes, several at once, to the same few steps."""
    seen, module = Seen(), target.curriculum.modules[0]
    bodies = [json.dumps(large(module, number, chance), ensure_ascii=False).encode() for number in (1, 2, 3)]
    for _ in until(end, 12):
        place = f"journal/{module.id}/"
        together([lambda n=n: target.learner.api("PUT", place + module.step(n + 1).id, data=bodies[n]) for n in range(3)], seen, 3)
    return seen.only(TAKEN)


@attack("given or put off, with little memory, while others go on", heavy=True)
def copies_at_once(target: Target, chance: random.Random, end: float) -> Seen:
    """Twelve at a time of a journal that is as large as it may be, of the copy to take home and of all that a page reads."""
    seen = Seen()
    fill(target, chance, seen)
    for number in until(end, 30):
        paths = ("copy", "journal") if number % 2 else ("copy",)
        together([lambda path=path: target.learner.api("GET", path) for path in paths * (12 // len(paths))], seen)
    return seen.only(TAKEN)


@attack("done or put off, while others go on", heavy=True)
def erasure_in_a_loop(target: Target, chance: random.Random, end: float) -> Seen:
    """Save a little, erase all of it, and again, several at once."""
    seen, module = Seen(), target.curriculum.modules[0]
    save = json.dumps(spoiled(module, 1)).encode()
    for _ in until(end, 8):
        seen.add(target.learner.api("PUT", f"journal/{module.id}/{module.step(1).id}", data=save))
        together([lambda: target.learner.api("POST", "erase", json={"sure": True}) for _ in range(3)], seen, 3)
        seen.add(target.learner.api("DELETE", f"share/{module.id}"))
    return seen.only(TAKEN)


@attack("taken up to a number, then put off", heavy=True)
def hand_ins_without_end(target: Target, chance: random.Random, end: float) -> Seen:
    """As large as they may be, of each module in turn, each another one; and each module taken back at the end."""
    seen, modules = Seen(), target.curriculum.modules
    target.learner.api("PUT", "consent", json=AGREED)
    widest = WIDEST * 19_000
    for number in until(end, 400):
        module = modules[number % len(modules)]
        given = hand_in(module, SENTENCE + widest, widest)
        seen.add(target.learner.api("POST", f"share/{module.id}", data=json.dumps(given, ensure_ascii=False).encode()))
    for module in modules:
        seen.add(target.learner.api("DELETE", f"share/{module.id}"))
    return seen.only(TAKEN)
