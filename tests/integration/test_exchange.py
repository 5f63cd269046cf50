"""nbgrader's stock commands over the course service: the whole cycle, with a real Hub and real tokens."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from patient_partner_mentor.curriculum import Course
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

Nbgrader = Callable[..., str]
CONFIG = """
from patient_partner_mentor.cohort.exchange import configure
c = get_config()
configure(c, {url!r})
c.CourseDirectory.course_id = {course!r}
"""


def command(folder: Path, token: str, said: Path, words: tuple[str, ...]) -> None:
    """A stock command as somebody types it in a folder."""
    from nbgrader.apps import NbGraderApp

    os.chdir(folder)
    os.environ |= {"HOME": str(folder), "JUPYTERHUB_API_TOKEN": token}
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    NbGraderApp.launch_instance(list(words))


@pytest.fixture(scope="module")
def nbgrader(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Nbgrader:
    """Runs stock commands, each in a process of its own; a process that has imported nbgrader once makes them."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["nbgrader.apps", __name__])
    log = tmp_path_factory.mktemp("said") / "said.txt"

    def run(who: str, folder: Path, *words: str, course: str = COURSE, ok: bool = True) -> str:
        folder.mkdir(exist_ok=True)
        (folder / "nbgrader_config.py").write_text(CONFIG.format(url=hub.course_url, course=course), "utf-8")
        process = processes.Process(target=command, args=(folder, hub.token(who), log, words))
        process.start()
        process.join()
        said = log.read_text("utf-8")
        assert (process.exitcode == 0) is ok, said
        return said

    return run


def put_out(nbgrader: Nbgrader, folder: Path, name: str) -> None:
    """An assignment as ``nbgrader generate_assignment`` leaves it, released."""
    place = folder / "release" / name
    place.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("The released words")]), place / "module.ipynb")
    nbgrader("fay", folder, "release_assignment", name)


def test_the_whole_cycle(hub: Hub, nbgrader: Nbgrader, course: Course, tmp_path: Path, ana: str, ben: str) -> None:
    """Release, list, fetch, submit, share, collect, feedback, fetch feedback: stock commands, no shared folder."""
    grader, hers = tmp_path / "grader", tmp_path / "hers"
    name = course.modules[0].name
    grader.mkdir()
    put_out(nbgrader, grader, name)
    assert "already exists" in nbgrader("fay", grader, "release_assignment", name, ok=False)
    nbgrader("fay", grader, "release_assignment", name, "--force")

    assert name in nbgrader(ana, hers, "list")
    nbgrader(ana, hers, "fetch_assignment", name)
    assert "The released words" in (hers / name / "module.ipynb").read_text("utf-8")
    assert "already downloaded" in nbgrader(ana, hers, "list")
    (hers / name / "reflections.json").write_text("{}", "utf-8")
    assert "Submitted as" in nbgrader(ana, hers, "submit", name)
    first = re.search(rf"{ana} {name} (\S+ \S+) UTC", nbgrader(ana, hers, "list", "--cached"))
    assert first

    given = asking.sharing(course.modules[0], {1: "Words of ben's, ünïcode", 2: "more"}, shared=[1])
    assert asking.share(hub, ben, given).status_code == 200

    said = nbgrader("fay", grader, "collect", name)
    assert f"Collecting submission: {ana}" in said
    collected = grader / "submitted" / ben / name
    assert {path.name for path in collected.iterdir()} == {"module.ipynb", "reflections.json", "timestamp.txt"}
    assert json.loads((collected / "reflections.json").read_text("utf-8"))["id"] == given.id
    assert "Words of ben's, ünïcode" in (collected / "reflections.json").read_text("utf-8")
    assert "The released words" in (collected / "module.ipynb").read_text("utf-8")
    assert (grader / "submitted" / ana / name / "timestamp.txt").read_text("utf-8").startswith(first[1])
    assert f"already exists, use --update to update: {ben}" in nbgrader("fay", grader, "collect", name)

    again = asking.sharing(course.modules[0], {1: "Newer words"})
    asking.share(hub, ben, again)
    assert f"Updating submission: {ben}" in nbgrader("fay", grader, "collect", name, "--update")
    assert "Newer words" in (collected / "reflections.json").read_text("utf-8")
    assert nbgrader("fay", grader, "list", "--inbound", name, "--student", ben).count(f"{ben} {name}") == 2

    step = course.modules[0].steps[0].id
    page = f'<h1>Feedback</h1><script type="application/json" id="ppm-comments">{{"comments":[{{"step":"{step}","comment":"Thank you"}}]}}</script>'
    for user in (ana, ben):
        place = grader / "feedback" / user / name
        place.mkdir(parents=True)
        (place / "module.html").write_text(page if user == ben else "<h1>For ana</h1>", "utf-8")
        (place / "timestamp.txt").write_text((grader / "submitted" / user / name / "timestamp.txt").read_text("utf-8"), "utf-8")
    assert nbgrader("fay", grader, "release_feedback", name).count("Releasing feedback") == 2
    assert "feedback ready" in nbgrader(ana, hers, "list", "--cached")
    nbgrader(ana, hers, "fetch_feedback", name)
    assert [path.read_text("utf-8") for path in (hers / name / "feedback").rglob("*.html")] == ["<h1>For ana</h1>"]
    assert "already fetched" in nbgrader(ana, hers, "list", "--cached")
    comments = hub.ask(ben, "GET", f"{COURSE}/api/comments/{course.modules[0].id}").json()["comments"]
    assert [(one["step"], one["comment"], one["new"]) for one in comments] == [(step, "Thank you", True)]

    nbgrader("fay", grader, "list", "--remove", name)
    assert name not in nbgrader(ana, hers, "list")


def test_taken_back_is_not_collected(hub: Hub, nbgrader: Nbgrader, course: Course, tmp_path: Path, ana: str) -> None:
    """What a learner took back does not come, and where there is no copy of it there is nothing to say; test_taken_back.py has the copies."""
    module = course.modules[1]
    asking.share(hub, ana, asking.sharing(module, {1: "Not for long"}))
    hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").raise_for_status()
    said = nbgrader("fay", tmp_path / "grader", "collect", module.name)
    assert "took back" not in said
    assert not (tmp_path / "grader/submitted" / ana).exists()


def test_an_update_that_was_killed_leaves_a_whole_folder(hub: Hub, nbgrader: Nbgrader, course: Course, tmp_path: Path, ana: str) -> None:
    """What a killed collect left beside the folder is cleared away by the next."""
    module, grader = course.modules[2], tmp_path / "grader"
    asking.share(hub, ana, asking.sharing(module, {1: "First words"}))
    left = grader / "submitted" / ana / f".{module.name}.0123"
    left.mkdir(parents=True)
    (left / "half").write_text("half", "utf-8")
    nbgrader("fay", grader, "collect", module.name)
    assert [path.name for path in left.parent.iterdir()] == [module.name]


@pytest.mark.parametrize("words", [("release_assignment", "1-patient-partner"), ("collect", "1-patient-partner"), ("fetch_assignment", "1-patient-partner")])
def test_strangers_are_refused_in_one_line(nbgrader: Nbgrader, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A learner of another course gets no further than a sentence."""
    (tmp_path / "x/release/1-patient-partner").mkdir(parents=True)
    said = nbgrader("cleo", tmp_path / "x", *words, ok=False)
    assert "not open to your account" in said
    assert "Traceback" not in said


def test_the_formgraders_buttons(hub: Hub, nbgrader: Nbgrader, course: Course, tmp_path: Path, ana: str) -> None:
    """nbgrader's own API, which the formgrader's buttons call, works over the service, and says so when it cannot."""
    grader, name = tmp_path / "grader", course.modules[3].name
    grader.mkdir()
    put_out(nbgrader, grader, name)
    asking.share(hub, ana, asking.sharing(course.modules[3], {1: "Words"}))
    program = (
        "import sys; from traitlets.config import Config; from nbgrader.apps import NbGraderAPI\n"
        "from patient_partner_mentor.cohort.exchange import configure\n"
        f"c = Config(); configure(c, sys.argv[1]); c.CourseDirectory.course_id = {COURSE!r}\n"
        "api = NbGraderAPI(config=c)\n"
        f"print(api.exchange_missing, sorted(api.get_released_assignments()), api.collect({name!r})['success'], api.release_assignment({name!r})['success'], api.unrelease({name!r})['success'])\n"
    )
    own = {**os.environ, "JUPYTERHUB_API_TOKEN": hub.token("fay")}
    done = subprocess.run([sys.executable, "-c", program, hub.course_url], cwd=grader, env=own, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False", done.stderr
    assert name in done.stdout
    assert done.stdout.split()[-3:] == ["True", "False", "True"]
    assert (grader / "submitted" / ana / name / "reflections.json").is_file()
    gone = subprocess.run([sys.executable, "-c", program, "http://127.0.0.1:9/"], cwd=grader, env=own, capture_output=True, text=True, check=False)
    assert gone.stdout.startswith("True"), gone.stdout + gone.stderr
