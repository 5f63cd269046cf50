"""A thousand learners, eight modules, in one go: memory stays flat, time is a straight line, and nobody is missing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from patient_partner_mentor.cohort.batch import grade
from patient_partner_mentor.cohort.folder import open_folder
from patient_partner_mentor.curriculum import Course
from tests.cohort_folder import WORDS, hand, handed_in, rows

LEARNERS = 1_000
GROWTH = 60  # MB that the process may have more after the last module than after the first
BEND = 1.6  # how much longer the second half may take than the first, on a machine that others share


@pytest.mark.soak
def test_eight_thousand_hand_ins(own_folder: Path, course: Course):
    process, took, memory = psutil.Process(), [], []
    for module in course.modules:
        for number in range(LEARNERS):
            answers = {1: WORDS * (number % 5 + 1), 2: {"status": "skipped"}, 3: WORDS + str(number), 4: "Few words", 5: {"status": "written"}}
            hand(own_folder, f"learner{number:04}", module, handed_in(module, answers))
    for module in course.modules:
        folder = open_folder(own_folder)
        start = time.perf_counter()
        report = grade(folder, module.name)
        took.append(time.perf_counter() - start)
        memory.append(process.memory_info().rss / 1e6)
        assert (report.graded, report.problems) == (LEARNERS, [])
        print(f"{module.name}: {LEARNERS} hand-ins in {took[-1]:.1f} s, {1000 * took[-1] / LEARNERS:.1f} ms each, {memory[-1]:.0f} MB, load {os.getloadavg()[0]:.1f}")
    halves = sum(took[:4]), sum(took[4:])
    print(f"8,000 hand-ins in {sum(took):.1f} s; the second half took {halves[1] / halves[0]:.2f} times as long as the first; memory {memory[0]:.0f} to {memory[-1]:.0f} MB")
    found = rows(own_folder)
    assert len(found["grades"]) == 10 * 8 * LEARNERS and len(found["comments"]) == 5 * 8 * LEARNERS and len(found["students"]) == LEARNERS
    assert sum(1 for _ in (own_folder / "autograded").glob("*/*/module.ipynb")) == 8 * LEARNERS
    assert memory[-1] - memory[0] < GROWTH
    assert halves[1] < BEND * halves[0]
