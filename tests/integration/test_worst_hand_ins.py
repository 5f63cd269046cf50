"""The worst hand-ins among honest ones: everybody is graded, each bad one is named, and grading takes no longer for them.

'make soak' has the figures::

    .venv/bin/python -m pytest -m soak -s tests/integration/test_worst_hand_ins.py
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from patient_partner_mentor.cohort.batch import Report, grade
from patient_partner_mentor.cohort.folder import open_folder
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.errors import RecordError
from patient_partner_mentor.handins import parse_hand_in
from tests.cohort_folder import WORDS, copied, hand, handed_in, rows
from tests.worst_hand_ins import hand_worst, worst_bodies

HONEST, FEW = 1_000, 20
LONGER = 2.0  # seconds that the twenty may add to a thousand
WORK = 10.0  # seconds of processor time for all twenty: it was a quarter of an hour for the first of them


def _hand_in_all(place: Path, module: Module, honest: int) -> None:
    for number in range(honest):
        hand(place, f"learner{number:04}", module, handed_in(module, {1: WORDS * (number % 5 + 1), 2: {"status": "skipped"}, 3: WORDS + str(number)}))


def _graded(place: Path, module: Module) -> tuple[Report, float, float]:
    """What came of it, and the seconds that passed and that were worked."""
    start, worked = time.perf_counter(), time.process_time()
    report = grade(open_folder(place), module.name)
    return report, time.perf_counter() - start, time.process_time() - worked


def _check(report: Report, place: Path, module: Module, bad: dict[str, str], honest: int) -> None:
    said = [*report.problems, *report.notes]
    assert len(bad) == 20
    assert [what for learner, what in bad.items() if not any(line.startswith(f"{learner}, {module.name}: ") for line in said)] == []
    assert all(line.startswith("worst") for line in said) and max(map(len, said)) < 400
    there = {row[0] for row in rows(place)["grades"]}
    assert {learner for learner in there if learner.startswith("learner")} == {f"learner{number:04}" for number in range(honest)}


@pytest.mark.parametrize("what", range(16))
def test_each_is_refused_with_little_work(course: Course, what: int) -> None:
    """A sentence, no word of what was sent, and the work of a good one of its size."""
    name, data = list(worst_bodies(course.modules[0]).items())[what]
    worked = time.process_time()
    with pytest.raises(RecordError) as said:
        parse_hand_in(data)
    assert time.process_time() - worked < WORK / 2, name
    assert len(str(said.value)) < 300


def test_twenty_of_the_worst_hold_nobody_up(own_folder: Path, course: Course, tmp_path: Path) -> None:
    """The small form: twenty honest ones among twenty of the worst."""
    module, outside = course.modules[0], tmp_path / "outside"
    outside.mkdir()
    _hand_in_all(own_folder, module, FEW)
    bad = hand_worst(own_folder, module, outside)
    report, _, worked = _graded(own_folder, module)
    _check(report, own_folder, module, bad, FEW)
    assert worked < WORK


@pytest.mark.soak
def test_a_thousand_with_twenty_of_the_worst(cohort_folder: Path, course: Course, tmp_path: Path) -> None:
    """Twice the same thousand, once with the twenty among them, in one run."""
    module, outside = course.modules[0], tmp_path / "outside"
    outside.mkdir()
    took = {}
    for name in ("first", "without", "with"):  # the first one pays for what is made ready once
        place = copied(cohort_folder, tmp_path / name)
        _hand_in_all(place, module, FEW if name == "first" else HONEST)
        bad = hand_worst(place, module, outside) if name == "with" else {}
        report, took[name], _ = _graded(place, module)
        if bad:
            _check(report, place, module, bad, HONEST)
        else:
            assert report.problems == []
    print(f"{HONEST} hand-ins: {took['without']:.1f} s; with 20 of the worst among them: {took['with']:.1f} s, {took['with'] - took['without']:+.2f} s")
    assert took["with"] - took["without"] <= LONGER
