"""kill -9 at each stage of the way, and then the same command again: nothing lost, nothing twice, nothing half accepted.

Save and share are the course service's (it is killed); collect, grade and release are the facilitator's commands (they
are killed, or the service under them).
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import Started, command, copied, rows, score
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

STAGES = ("save", "share", "collect", "grade", "release")
WORDS = "I wrote down three questions for the visit, and I asked the one that mattered most to me. Round {seed}."
COMMENT = "Thank you. What did they answer? Round {seed}."
GRADER = {"collect": ("ppm", "collect"), "grade": ("ppm", "grade"), "release": ("nbgrader", "release_feedback")}


@pytest.fixture(scope="module")
def grader(hub: Hub, cohort_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The facilitator's folder, connected to the service, with module 1 released."""
    place = copied(cohort_folder, tmp_path_factory.mktemp("grader") / "folder", service=hub.course_url)
    command(place, "ppm", "assignments", "1-patient-partner", "--release", JUPYTERHUB_API_TOKEN=hub.token("fay"))
    yield place


def way(hub: Hub, grader: Path, module: Module, seed: int) -> None:
    """One learner's way from the first word to the comment, with a kill at one stage."""
    chance, stage, who = random.Random(seed), STAGES[seed % len(STAGES)], hub.new_learner()
    words, comment = WORDS.format(seed=seed), COMMENT.format(seed=seed)
    given = asking.sharing(module, {1: words})
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}

    def asked(work) -> None:
        """Ask the service; where this is the stage, it dies while it is asked, and is asked again."""
        killer = None
        if work.__name__ == stage:
            killer = threading.Timer(chance.uniform(0, 0.03), hub.stop_service, (signal.SIGKILL,))
            killer.start()
        try:
            said = work()
        except requests.RequestException:
            said = None
        if killer:
            killer.join()
            hub.start_service()
            said = work()
        assert said is not None and said.status_code == 200, said

    def save() -> requests.Response:
        return asking.save(hub, who, asking.answer(module, 1, words))

    def share() -> requests.Response:
        return asking.share(hub, who, given)

    def commanded(name: str, *more: str) -> None:
        """Run a command; where this is the stage, it or the service dies at a random moment, and it is run again."""
        program = (*GRADER[name], module.name, *more)
        if name == stage:
            started = Started(grader, program, token)
            if chance.random() < 0.3 and name != "grade":
                hub.stop_service(signal.SIGKILL)
                started.end()  # it says that the service is away, and stops
                hub.start_service()
            else:
                time.sleep(chance.uniform(0, 0.6))  # the moment of the kill, and no wait for anything
                started.process.kill()
                started.end()
        command(grader, *program, **token)

    asked(save)
    asked(share)
    commanded("collect")
    commanded("grade", "--learner", who)
    score(grader, who, module.step(1).id, manual_comment=comment)
    command(grader, "nbgrader", "generate_feedback", module.name, "--student", who, **token)
    commanded("release", "--student", who)
    arrived(hub, grader, module, who, words, comment, given.id)


def arrived(hub: Hub, grader: Path, module: Module, who: str, words: str, comment: str, id: str) -> None:
    """Everything is there, whole, and once."""
    journal = hub.ask(who, "GET", f"{COURSE}/api/journal/{module.id}").json()["journal"]
    assert [one["text"] for one in journal["answers"]] == [words]
    history = hub.ask(who, "GET", f"exchange/{COURSE}/submissions/{module.name}").json()
    assert [one["id"] for one in history] == [id]
    for kind in ("submitted", "autograded", "feedback"):
        folder = grader / kind / who
        assert [path.name for path in folder.iterdir()] == [module.name], kind
        assert (folder / module.name / ("module.html" if kind == "feedback" else "reflections.json")).read_text("utf-8").count(words.split(". Round")[0]), kind
    found = rows(grader)
    assert [row[1] for row in found["submissions"] if row[1] == who] == [who]
    credit = {row[2]: row[3] for row in found["grades"] if row[0] == who and row[3] is not None}
    assert credit == {step.id: 4.0 if step.number == 1 else 0.0 for step in module.steps}
    comments = hub.ask(who, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"]
    assert [(one["step"], one["comment"], one["new"]) for one in comments] == [(module.step(1).id, comment, True)]


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_each_stage(hub: Hub, grader: Path, course: Course, seed: int):
    way(hub, grader, course.modules[0], seed)


@pytest.mark.soak
def test_killed_at_each_stage_a_hundred_times(hub: Hub, grader: Path, course: Course):
    for seed in range(100, 200):
        way(hub, grader, course.modules[0], seed)
    print("\n100 seeded rounds, killed at save, share, collect, grade and release in turn: all there, whole, and once.")
