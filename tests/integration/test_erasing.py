"""The course folder with a real course service: collect, grade, feedback to the learner; then erase, and a canary's words are nowhere."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import WORDS, command, configured, hand, handed_in, rows, score
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking


def canary(words: str) -> str:
    return f"{WORDS}{words}-{secrets.token_hex(8)}"


def places_of(word: str, place: Path) -> list[str]:
    """The files that hold a word, the gradebook among them."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and word.encode() in path.read_bytes())


@pytest.fixture
def module(course: Course) -> Module:
    return course.modules[4]


def test_the_whole_way_and_erase(hub: Hub, own_folder: Path, module: Module, ana: str, ben: str):
    """Shared words reach the facilitator and the comment the learner; kept and skipped ones are nowhere; erase removes all of one learner."""
    folder = configured(own_folder, service=hub.course_url)
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    shared, kept, skipped, bens, comment = (canary(kind) for kind in ("SHARED", "KEPT", "SKIPPED", "BENS", "COMMENT"))
    for one in (asking.answer(module, 2, kept), asking.answer(module, 3, skipped, status="skipped")):
        assert asking.save(hub, ana, one).status_code == 200
    given = asking.sharing(module, {1: shared, 2: kept}, shared=[1])
    assert asking.share(hub, ana, given).status_code == 200
    assert asking.share(hub, ben, asking.sharing(module, {1: bens})).status_code == 200
    command(folder, "ppm", "assignments", module.name, "--release", **token)

    assert command(folder, "ppm", "collect", module.name, **token).stdout == f"Collected: {module.name}.\n"
    assert "not graded" in command(folder, "ppm", "grade", module.name, ok=None).stdout
    step = module.steps[0].id
    score(folder, ana, step, manual_comment=comment)
    command(folder, "nbgrader", "generate_feedback", module.name)
    command(folder, "nbgrader", "export")
    command(folder, "nbgrader", "release_feedback", module.name, "--student", ana, **token)
    told = hub.ask(ana, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"]
    assert [(one["step"], one["comment"]) for one in told] == [(step, comment)]
    assert hub.ask(ben, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"] == []
    assert places_of(shared, folder) and places_of(comment, folder)
    assert places_of(kept, folder) == places_of(skipped, folder) == []

    (folder / "gradebook.db.2026-11-24-100000.000000").write_bytes(b"an older one")
    said = command(folder, "ppm", "erase", ana, **token).stdout
    assert re.search(r"- \d files in submitted/", said) and "- 5 comments in the gradebook" in said and "hand_ins at the course service" in said
    assert "Backups of the gradebook" in said and "Backups of the whole service" in said
    assert places_of(shared, folder) == places_of(comment, folder) == []
    assert ana not in {row[0] for row in rows(folder)["students"]} and ana not in (folder / "grades.csv").read_text("utf-8")
    assert hub.ask(ana, "GET", f"{COURSE}/api/copy").text.count(shared) == 0
    assert places_of(bens, folder) and ben in {row[0] for row in rows(folder)["students"]} and ben in (folder / "grades.csv").read_text("utf-8")
    again = command(folder, "ppm", "erase", ana, **token).stdout
    assert again.startswith(f"Removed of {ana}:\n- ") and "gradebook" not in again.split("Left:")[0]


def test_what_was_taken_back_is_removed_here(hub: Hub, own_folder: Path, module: Module, ana: str):
    """Collect names whose copy to remove; one module's words go, and the credit stays."""
    folder = configured(own_folder, service=hub.course_url)
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    words, other = canary("TAKEN-BACK"), canary("OTHER")
    asking.share(hub, ana, asking.sharing(module, {1: words}))
    command(folder, "ppm", "collect", module.name, **token)
    hand(folder, ana, module, (folder / "submitted" / ana / module.name / "reflections.json").read_bytes())
    assert "1 graded" in command(folder, "ppm", "grade", module.name, "--learner", ana).stdout
    score(folder, ana, module.steps[0].id, manual_comment=other)
    hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").raise_for_status()
    assert f"{ana} took back {module.name}" in command(folder, "ppm", "collect", module.name, ok=None, **token).stderr
    said = command(folder, "ppm", "erase", ana, "--module", module.name).stdout
    assert f"Credit of {module.name} in the gradebook, without words" in said
    assert places_of(words, folder) == places_of(other, folder) == []
    assert sum(row[3] == 4 for row in rows(folder)["grades"] if row[0] == ana) == 1


def test_a_service_that_is_away_is_said(own_folder: Path, module: Module):
    """What is here is erased all the same, and the exit code says that the rest is not."""
    folder = configured(own_folder, service="http://127.0.0.1:9/")
    hand(folder, "ana", module, handed_in(module, {1: WORDS}))
    said = command(folder, "ppm", "erase", "ana", ok=False, JUPYTERHUB_API_TOKEN="0").stdout
    assert "Removed of ana" in said and "The course service cannot be reached" in said and not (folder / "submitted/ana").exists()
    refused = command(folder, "ppm", "collect", module.name, ok=False, JUPYTERHUB_API_TOKEN="0").stderr
    assert "The course service cannot be reached" in refused and "Traceback" not in refused
    assert "is not released" not in command(folder, "ppm", "erase", "ana", "--here-only").stdout


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../ana", "a\\b", " "])
def test_a_name_that_is_nobodys_is_refused(own_folder: Path, module: Module, name: str):
    """No name leads out of the folder."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    assert "This is no learner's account" in command(own_folder, "ppm", "erase", "--here-only", "--", name, ok=False).stderr
    assert (own_folder / "submitted/ana").is_dir()
