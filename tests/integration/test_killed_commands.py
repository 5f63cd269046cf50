"""Putting assignments out and making feedback pages, killed at a step of their work and run again: nothing half, nothing skipped.

Collect, grade and release are killed in test_faults_on_the_way.py, and graders of many hand-ins in test_graders_at_once.py.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import WORDS, Started, command, configured, rows, score
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

KILLED = {"assignments": 36, "generate_feedback": 12}  # and of how many steps; they take a few more


def rounds_of(hub: Hub, folder: Path, module: Module, rounds: int, seed: int) -> None:
    """In each round two learners share, and the two commands are killed on their way and then run to their end."""
    chance, name = random.Random(seed), module.name
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    commands = [("ppm", "assignments", name, "--release"), ("ppm", "collect", name), ("ppm", "grade", name), ("nbgrader", "generate_feedback", name), ("nbgrader", "release_feedback", name)]
    for number in range(rounds):
        learners = [hub.new_learner() for _ in range(2)]
        for who in learners:
            asking.share(hub, who, asking.sharing(module, {1: f"{WORDS}{who}"})).raise_for_status()
        for words in commands:
            if words[1] in KILLED:
                step = chance.randint(1, KILLED[words[1]])
                assert Started(folder, words, token, dies_at=step).end().returncode == -9, f"{words[1]} ended before its step {step}"
            said = command(folder, *words, ok=None, **token)
            assert "Traceback" not in said.stderr, said.stderr
            if words[1] == "grade":
                for who in learners:
                    score(folder, who, module.steps[0].id, manual_comment=f"For {who}")
        for who in learners:
            assert f"{WORDS.strip()} {who}" in (folder / "submitted" / who / name / "reflections.json").read_text("utf-8")
            assert [row[3] for row in rows(folder)["grades"] if row[0] == who and row[2] == module.steps[0].id] == [4]
            told = hub.ask(who, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"]
            assert [(one["step"], one["comment"]) for one in told] == [(module.steps[0].id, f"For {who}")], number
    assert not [path for part in ("submitted", "autograded", "feedback") for path in (folder / part).glob("*/.*")]


def test_both_commands_killed(hub: Hub, own_folder: Path, course: Course):
    rounds_of(hub, configured(own_folder, service=hub.course_url), course.modules[5], 2, 5)


@pytest.mark.soak
def test_both_killed_many_times(hub: Hub, own_folder: Path, course: Course):
    rounds_of(hub, configured(own_folder, service=hub.course_url), course.modules[6], 20, 6)
