"""Bodies that take long to read: each is one small request, within every limit of size.

The counts keep one learner's attacks together within what one account may write in a minute, so that each is looked at.
"""

from __future__ import annotations

import json
import random

from .people import Answer
from .records import AGREED, hand_in, spoiled, tiny_overtaken
from .target import REFUSED, Seen, Target, attack, until

QUOTES, SCRIPTS = 80_000, 20_000


def _share(target: Target, body: bytes) -> Answer:
    return target.learner.api("POST", f"share/{target.curriculum.modules[0].id}", data=body)


def _save(target: Target, body: bytes) -> Answer:
    module = target.curriculum.modules[0]
    return target.learner.api("PUT", f"journal/{module.id}/{module.step(1).id}", data=body)


@attack("refused, at once", heavy=True)
def quotes_that_never_end(target: Target, chance: random.Random, end: float) -> Seen:
    r"""A hand-in of ``\"`` many times: whoever looks for the end of each string from each start takes quadratic time."""
    seen, worst = Seen(), (b'\\"', b'"\\', b'"a\\"', b'["\\')
    for number in until(end, 40):
        piece = worst[number % len(worst)]
        seen.add(_share(target, piece * (2 * QUOTES // len(piece) + chance.randrange(9))))
    return seen.only(REFUSED)


@attack("refused, at once", heavy=True)
def nesting_without_end(target: Target, chance: random.Random, end: float) -> Seen:
    """Brackets in brackets, in a hand-in, a save and an answer to the consent page."""
    seen = Seen()
    for _ in until(end, 8):
        depth = chance.randrange(30_000, 100_000)
        for body in (b"[" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b'{"answer": ' + b"[" * depth + b"]" * depth + b"}"):
            seen.add(_share(target, body[:900_000]))
            seen.add(_save(target, body))
    return seen.only(REFUSED)


@attack("kept or refused, while others go on", heavy=True)
def a_save_of_52000_parts(target: Target, chance: random.Random, end: float) -> Seen:
    """One answer with very many tiny texts that it is said to have overtaken: 3.7 million bytes, and a record each."""
    seen = Seen()
    bodies = [json.dumps(tiny_overtaken(target.curriculum.modules[0], chance)).encode() for _ in range(2)]
    for number in until(end, 60):
        seen.add(_save(target, bodies[number % 2]))
    return seen.only({"200", *REFUSED})


@attack("refused, at once", heavy=True)
def numbers_without_end(target: Target, chance: random.Random, end: float) -> Seen:
    """Whole numbers of 100,000 digits and more where a version or a count stands; Python turns them over in quadratic time."""
    seen, module = Seen(), target.curriculum.modules[0]
    for _ in until(end, 12):
        digits = "9" * chance.randrange(100_000, 900_000)
        seen.add(_share(target, json.dumps(hand_in(module)).replace('"schema_version": 1', f'"schema_version": {digits}').encode()))
        body = json.dumps(spoiled(module, 1)).replace('"count": 1', f'"count": {digits}')
        seen.add(_save(target, body.encode()))
        seen.add(_save(target, json.dumps(spoiled(module, 1)).replace('"count": 1', '"count": 1e999').encode()))
    return seen.only(REFUSED)


@attack("refused, at once")
def unfinished_json(target: Target, chance: random.Random, end: float) -> Seen:
    """A good save and a good hand-in, cut off anywhere, not in UTF-8, or with nothing in them."""
    seen, module = Seen(), target.curriculum.modules[0]
    save, share = json.dumps(spoiled(module, 1)).encode(), json.dumps(hand_in(module)).encode()
    for _ in until(end, 12):
        seen.add(_save(target, save[: chance.randrange(len(save))]))
        seen.add(_share(target, share[: chance.randrange(len(share))]))
        seen.add(_save(target, save.replace(b"neighbor", b"\xff\xfe")))
        seen.add(_share(target, json.dumps(chance.choice([None, [], {}, 1, "x", True])).encode()))
    return seen.only(REFUSED)


@attack("kept or refused, at once", needs="grader", heavy=True)
def a_feedback_page_of_script_starts(target: Target, chance: random.Random, end: float) -> Seen:
    """A feedback page of ``<script `` many times, from a facilitator: whoever looks for each end from each start takes quadratic time."""
    module, seen = target.curriculum.modules[0], Seen()
    target.learner.api("PUT", "consent", json=AGREED)
    given = hand_in(module)
    seen.add(target.learner.api("POST", f"share/{module.id}", json=given))
    place = f"services/course/exchange/{target.course}/feedback/{module.name}/{target.attacker}/{given['id']}"
    worst = (b"<script ", b'<script id="ppm-comments" ', b'<script id="ppm-comments">', b"<!--<script>", b'<a "\'<script ')
    for number in until(end, 40):
        piece = worst[number % len(worst)]
        seen.add(target.grading.ask("PUT", place, data=piece * (8 * SCRIPTS // len(piece) + chance.randrange(9))))
    return seen.only({"200", *REFUSED})
