"""kill -9 at each stage of the way, and then the same command again: nothing lost, nothing twice, nothing half accepted.

Save and share are the course service's (it is killed); collect, grade and release are the facilitator's commands (they
are killed, or the service under them).
"""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
import requests

from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import Started, command, copied, rows, score
from tests.hub_running import COURSE, Hub, until
from tests.integration import service_asking as asking

STAGES = ("save", "share", "collect", "grade", "release")
WORDS = "I wrote down three questions for the visit, and I asked the one that mattered most to me. Round {seed}."
COMMENT = "Thank you. What did they answer? Round {seed}."
STEPS = {"collect": 20, "grade": 16, "release": 4}  # of the commands that are killed; they take a few more
GRADER = {"collect": ("ppm", "collect"), "grade": ("ppm", "grade"), "release": ("nbgrader", "release_feedback")}


@pytest.fixture(scope="module")
def grader(hub: Hub, cohort_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The facilitator's folder, connected to the service, with module 1 released."""
    place = copied(cohort_folder, tmp_path_factory.mktemp("grader") / "folder", service=hub.course_url)
    command(place, "ppm", "assignments", "1-patient-partner", "--release", JUPYTERHUB_API_TOKEN=hub.token("fay"))
    yield place


def _half(hub: Hub, store: sqlite3.Connection, ask: threading.Thread) -> None:
    """It waits for the store, which somebody else is writing, and has not answered."""
    store.execute("BEGIN IMMEDIATE")
    ask.start()
    until(lambda: any(one.status == "ESTABLISHED" for one in psutil.Process(hub.service.pid).net_connections()), "the request")


def _kept(hub: Hub, store: sqlite3.Connection, ask: threading.Thread) -> None:
    """It has kept what it was sent, and may have said so or not."""
    before = store.execute("PRAGMA data_version").fetchone()
    ask.start()
    until(lambda: store.execute("PRAGMA data_version").fetchone() != before, "something that is kept")


MOMENTS = (_half, _kept)


def killed_when(moment: Callable[[Hub, sqlite3.Connection, threading.Thread], None], hub: Hub, work: Callable[[], object]) -> None:
    """Ask the service, and kill it in one of the states that a request goes through."""

    def asked() -> None:
        with suppress(requests.RequestException):
            work()

    ask = threading.Thread(target=asked)
    with closing(sqlite3.connect(hub.folder / "store" / "course.sqlite", isolation_level=None)) as store:
        moment(hub, store, ask)
        hub.stop_service(signal.SIGKILL)
    ask.join()


def way(hub: Hub, grader: Path, module: Module, seed: int) -> None:
    """One learner's way from the first word to the comment, with a kill at one stage."""
    chance, stage, who = random.Random(seed), STAGES[seed % len(STAGES)], hub.new_learner()
    words, comment = WORDS.format(seed=seed), COMMENT.format(seed=seed)
    given = asking.sharing(module, {1: words})
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}

    def asked(work) -> None:
        """Ask the service; where this is the stage, it dies while it is asked, and is asked again."""
        if work.__name__ == stage:
            killed_when(chance.choice(MOMENTS), hub, work)
            hub.start_service()
        said = work()
        assert said.status_code == 200, said

    def save() -> requests.Response:
        return asking.save(hub, who, asking.answer(module, 1, words))

    def share() -> requests.Response:
        return asking.share(hub, who, given)

    def commanded(name: str, *more: str) -> None:
        """Run a command; where this is the stage, it dies at a step of its work, or the service under it, and it is run again."""
        program = (*GRADER[name], module.name, *more)
        if name == stage:
            if chance.random() < 0.3 and name != "grade":
                hub.stop_service(signal.SIGKILL)
                assert Started(grader, program, token).end().returncode == 1  # it says that the service is away, and stops
                hub.start_service()
            else:
                step = chance.randint(1, STEPS[name])
                assert Started(grader, program, token, dies_at=step).end().returncode == -9, f"{name} ended before its step {step}"
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
