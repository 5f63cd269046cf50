"""Twenty hand-ins that were made to hold grading up: each is within the size of a good one, and none of them is one."""

from __future__ import annotations

import json
from pathlib import Path

from patient_partner_mentor.curriculum import Module
from patient_partner_mentor.handins import LARGEST
from tests.cohort_folder import WORDS, hand, handed_in
from tests.hostile_hand_ins import CASES, HAND_IN, put

FULL = LARGEST - 1_000
BESIDE = ("10,000 files", "deep folders", "a deep notebook", "a hand-in that is a pipe")  # what else stands in the folder takes long, or never ends


def _times(piece: str, before: str = "", after: str = "") -> bytes:
    return (before + piece * ((FULL - len(before) - len(after)) // len(piece.encode())) + after).encode()


def _with(good: str, **fields: str) -> bytes:
    """A good hand-in with fields that are written as they stand, which no JSON library would do."""
    data = json.loads(good)
    marked = json.dumps(data | {name: f"@{name}@" for name in fields})
    for name, raw in fields.items():
        marked = marked.replace(f'"@{name}@"', raw)
    return marked.encode()


def worst_bodies(module: Module) -> dict[str, bytes]:
    """The files by what is bad about each."""
    good = json.dumps(handed_in(module, {1: WORDS}).model_dump(mode="json", exclude_none=True))
    marks = "\u0301\u0316" * 150_000  # in the order that takes longest to put right
    answer = {"step": module.step(1).id, "status": "no-such", "text": marks}
    return {
        "quotes that are escaped": _times('\\"'),
        "a string in each quote": _times('"\\'),
        "one string without end": _times('\\"', '{"x": "'),
        "strings without end": _times('["\\'),
        "escapes without end": _times("\\\\", '{"x": "'),
        "half characters": _times("\\ud800", '{"x": "', '"}'),
        "brackets": _times("["),
        "objects": _times('{"a":'),
        "empty lists": _times("[],", "[", "[]]"),
        "zeros": _times("0,", '{"answers": [', "0]}"),
        "the same name": _times('"a":1,', "{", '"b":2}'),
        "a version of many digits": _with(good, schema_version="9" * 900_000),
        "a fraction of many digits": _with(good, schema_version="1." + "5" * 900_000),
        "marks upon marks": json.dumps(json.loads(good) | {"answers": [answer]}, ensure_ascii=False).encode(),
        "spaces": _times(" ", "{"),
        "no UTF-8": b'{"id": "' + b"\xff" * FULL,
    }


def hand_worst(place: Path, module: Module, outside: Path) -> dict[str, str]:
    """Put all twenty into ``submitted/``, and give each learner with what is bad about theirs."""
    found = {}
    for number, (what, data) in enumerate(worst_bodies(module).items()):
        found[f"worst{number:02}"] = what
        put(hand(place, f"worst{number:02}", module, handed_in(module, {1: WORDS})) / HAND_IN, data)
    for case in CASES:
        if case.name in BESIDE:
            found[f"worst{len(found):02}"] = case.name
            case.change(hand(place, f"worst{len(found) - 1:02}", module, handed_in(module, {1: WORDS})), outside)
    return found
