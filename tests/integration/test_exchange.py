"""nbgrader's stock commands over the course service: the whole cycle, with a real Hub and real tokens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from patient_partner_mentor.curriculum import Course
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

NBGRADER = "import sys; from nbgrader.apps import NbGraderApp; sys.exit(NbGraderApp.launch_instance(sys.argv[1:]))"
CONFIG = """
from patient_partner_mentor.cohort.exchange import configure
c = get_config()
configure(c, {url!r})
c.CourseDirectory.course_id = {course!r}
"""


def nbgrader(hub: Hub, who: str, folder: Path, *words: str, course: str = COURSE, ok: bool = True) -> str:
    """Run a stock command as somebody, and return what it said."""
    folder.mkdir(exist_ok=True)
    (folder / "nbgrader_config.py").write_text(CONFIG.format(url=hub.course_url, course=course), "utf-8")
    own = {"JUPYTERHUB_API_TOKEN": hub.token(who), "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PPM"))}
    done = subprocess.run([sys.executable, "-c", NBGRADER, *words], cwd=folder, env=clean | own, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stderr
    return done.stderr


def put_out(hub: Hub, folder: Path, name: str) -> None:
    """An assignment as ``nbgrader generate_assignment`` leaves it, released."""
    place = folder / "release" / name
    place.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("The released words")]), place / "module.ipynb")
    nbgrader(hub, "fay", folder, "release_assignment", name)


def test_the_whole_cycle(hub: Hub, course: Course, tmp_path: Path, ana: str, ben: str) -> None:
    """Release, list, fetch, submit, share, collect, feedback, fetch feedback: stock commands, no shared folder."""
    grader, hers = tmp_path / "grader", tmp_path / "hers"
    name = course.modules[0].name
    grader.mkdir()
    put_out(hub, grader, name)
    assert "already exists" in nbgrader(hub, "fay", grader, "release_assignment", name, ok=False)
    nbgrader(hub, "fay", grader, "release_assignment", name, "--force")

    assert name in nbgrader(hub, ana, hers, "list")
    nbgrader(hub, ana, hers, "fetch_assignment", name)
    assert "The released words" in (hers / name / "module.ipynb").read_text("utf-8")
    assert "already downloaded" in nbgrader(hub, ana, hers, "list")
    (hers / name / "reflections.json").write_text("{}", "utf-8")
    assert "Submitted as" in nbgrader(hub, ana, hers, "submit", name)
    first = re.search(rf"{ana} {name} (\S+ \S+) UTC", nbgrader(hub, ana, hers, "list", "--cached"))
    assert first

    given = asking.sharing(course.modules[0], {1: "Words of ben's, ünïcode", 2: "more"}, shared=[1])
    assert asking.share(hub, ben, given).status_code == 200

    said = nbgrader(hub, "fay", grader, "collect", name)
    assert f"Collecting submission: {ana}" in said
    collected = grader / "submitted" / ben / name
    assert {path.name for path in collected.iterdir()} == {"module.ipynb", "reflections.json", "timestamp.txt"}
    assert json.loads((collected / "reflections.json").read_text("utf-8"))["id"] == given.id
    assert "Words of ben's, ünïcode" in (collected / "reflections.json").read_text("utf-8")
    assert "The released words" in (collected / "module.ipynb").read_text("utf-8")
    assert (grader / "submitted" / ana / name / "timestamp.txt").read_text("utf-8").startswith(first[1])
    assert f"already exists, use --update to update: {ben}" in nbgrader(hub, "fay", grader, "collect", name)

    again = asking.sharing(course.modules[0], {1: "Newer words"})
    asking.share(hub, ben, again)
    assert f"Updating submission: {ben}" in nbgrader(hub, "fay", grader, "collect", name, "--update")
    assert "Newer words" in (collected / "reflections.json").read_text("utf-8")
    assert nbgrader(hub, "fay", grader, "list", "--inbound", name, "--student", ben).count(f"{ben} {name}") == 2

    step = course.modules[0].steps[0].id
    page = f'<h1>Feedback</h1><script type="application/json" id="ppm-comments">{{"comments":[{{"step":"{step}","comment":"Thank you"}}]}}</script>'
    for user in (ana, ben):
        place = grader / "feedback" / user / name
        place.mkdir(parents=True)
        (place / "module.html").write_text(page if user == ben else "<h1>For ana</h1>", "utf-8")
        (place / "timestamp.txt").write_text((grader / "submitted" / user / name / "timestamp.txt").read_text("utf-8"), "utf-8")
    assert nbgrader(hub, "fay", grader, "release_feedback", name).count("Releasing feedback") == 2
    assert "feedback ready" in nbgrader(hub, ana, hers, "list", "--cached")
    nbgrader(hub, ana, hers, "fetch_feedback", name)
    assert [path.read_text("utf-8") for path in (hers / name / "feedback").rglob("*.html")] == ["<h1>For ana</h1>"]
    assert "already fetched" in nbgrader(hub, ana, hers, "list", "--cached")
    comments = hub.ask(ben, "GET", f"{COURSE}/api/comments/{course.modules[0].id}").json()["comments"]
    assert [(one["step"], one["comment"], one["new"]) for one in comments] == [(step, "Thank you", True)]

    nbgrader(hub, "fay", grader, "list", "--remove", name)
    assert name not in nbgrader(hub, ana, hers, "list")


def test_taken_back_is_not_collected_and_said(hub: Hub, course: Course, tmp_path: Path, ana: str) -> None:
    """What a learner took back does not come, and the facilitator is told whose copy to remove."""
    module = course.modules[1]
    asking.share(hub, ana, asking.sharing(module, {1: "Not for long"}))
    hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").raise_for_status()
    said = nbgrader(hub, "fay", tmp_path / "grader", "collect", module.name)
    assert f"{ana} took back" in said
    assert not (tmp_path / "grader/submitted").exists()


def test_an_update_that_was_killed_leaves_a_whole_folder(hub: Hub, course: Course, tmp_path: Path, ana: str) -> None:
    """What a killed collect left beside the folder is cleared away by the next."""
    module, grader = course.modules[2], tmp_path / "grader"
    asking.share(hub, ana, asking.sharing(module, {1: "First words"}))
    left = grader / "submitted" / ana / f".{module.name}.0123"
    left.mkdir(parents=True)
    (left / "half").write_text("half", "utf-8")
    nbgrader(hub, "fay", grader, "collect", module.name)
    assert [path.name for path in left.parent.iterdir()] == [module.name]


@pytest.mark.parametrize("words", [("release_assignment", "1-patient-partner"), ("collect", "1-patient-partner"), ("fetch_assignment", "1-patient-partner")])
def test_strangers_are_refused_in_one_line(hub: Hub, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A learner of another course gets no further than a sentence."""
    (tmp_path / "x/release/1-patient-partner").mkdir(parents=True)
    said = nbgrader(hub, "cleo", tmp_path / "x", *words, ok=False)
    assert "not open to your account" in said
    assert "Traceback" not in said


def test_the_formgraders_buttons(hub: Hub, course: Course, tmp_path: Path, ana: str) -> None:
    """nbgrader's own API, which the formgrader's buttons call, works over the service, and says so when it cannot."""
    grader, name = tmp_path / "grader", course.modules[3].name
    grader.mkdir()
    put_out(hub, grader, name)
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
