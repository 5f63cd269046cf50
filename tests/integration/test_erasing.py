"""The course folder with a real course service: collect, grade, feedback to the learner; then erase, and a canary's words are nowhere."""

from __future__ import annotations

import os
import pty
import re
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from patient_partner_mentor import advice
from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import WORDS, command, configured, hand, handed_in, rows, score
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking


def canary(words: str) -> str:
    return f"{WORDS}{words}-{secrets.token_hex(8)}"


def as_printed(line: str, place: Path, typed: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, as somebody pastes it; with something typed, at a terminal."""
    whole = {"PATH": os.environ["PATH"], "HOME": str(place), **environment}
    if typed is None:
        return subprocess.run(["bash", "-c", line], cwd=place, env=whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        return subprocess.run(["bash", "-c", line], cwd=place, env=whole, stdin=theirs, capture_output=True, text=True, timeout=120, check=False)
    finally:
        os.close(ours)
        os.close(theirs)


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
    score(folder, ana, module.steps[4].id, manual_score=4.0)
    command(folder, "nbgrader", "generate_feedback", module.name)
    command(folder, "nbgrader", "export")
    command(folder, "nbgrader", "release_feedback", module.name, "--student", ana, **token)
    told = hub.ask(ana, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"]
    assert [(one["step"], one["comment"]) for one in told] == [(step, comment)]
    assert hub.ask(ben, "GET", f"{COURSE}/api/comments/{module.id}").json()["comments"] == []
    counted = hub.ask(ana, "GET", f"{COURSE}/api/state").json()["modules"][module.id]["credited"]
    assert {name: one["state"] for name, one in counted.items()} == {module.steps[4].id: "done"}
    assert places_of(shared, folder) and places_of(comment, folder)
    assert places_of(kept, folder) == places_of(skipped, folder) == []

    (folder / "gradebook.db.2026-11-24-100000.000000").write_bytes(b"an older one")
    said = command(folder, "ppm", "erase", ana, "--yes", **token).stdout
    assert re.search(r"- \d files in submitted/", said) and "- 5 comments in the gradebook" in said and "hand_ins at the course service" in said
    assert "Backups of the gradebook" in said and "Backups of the whole service" in said
    assert places_of(shared, folder) == places_of(comment, folder) == []
    assert ana not in {row[0] for row in rows(folder)["students"]} and ana not in (folder / "grades.csv").read_text("utf-8")
    assert hub.ask(ana, "GET", f"{COURSE}/api/copy").text.count(shared) == 0
    assert places_of(bens, folder) and ben in {row[0] for row in rows(folder)["students"]} and ben in (folder / "grades.csv").read_text("utf-8")
    for words in (("--yes",), ("--here-only", "--yes"), ("--module", module.name, "--here-only", "--yes")):
        again = command(folder, "ppm", "erase", ana, *words, ok=False, **token)
        assert again.stderr.splitlines()[-1].startswith(f"There is nothing of '{ana}' in this folder") and again.stdout == ""


def test_one_modules_words_alone(own_folder: Path, module: Module, course: Course, monkeypatch: pytest.MonkeyPatch):
    """The words of one module go, with the comments on them; the credit and other modules stay, and nothing at the service is asked for."""
    words, comment, others = canary("WORDS"), canary("COMMENT"), canary("OTHERS")
    hand(own_folder, "ana", module, handed_in(module, {1: words}))
    hand(own_folder, "ana", course.modules[5], handed_in(course.modules[5], {1: others}))
    command(own_folder, "ppm", "grade", module.name)
    score(own_folder, "ana", module.steps[0].id, manual_comment=comment)
    longer = own_folder / "submitted/ana/.set-aside" / f"{module.name}-b-0123abcd"  # of a module whose name begins with this one's
    longer.mkdir(parents=True)
    monkeypatch.chdir(own_folder)
    line = advice.erase(own_folder, "ana", module.name, here_only=True)
    assert shlex.split(line)[1:] == ["erase", "ana", "--module", module.name, "--here-only"]
    refused = as_printed(line, own_folder)
    assert refused.returncode == 1 and "Nothing was erased: there is no terminal to ask in" in refused.stderr and "Traceback" not in refused.stderr
    assert places_of(words, own_folder) and places_of(comment, own_folder)
    done = as_printed(refused.stderr.splitlines()[-1].split("If you mean it, run: ")[1], own_folder)
    assert done.returncode == 0, done.stderr
    assert f"Credit of {module.name} in the gradebook, without words" in done.stdout
    assert places_of(words, own_folder) == places_of(comment, own_folder) == [] and places_of(others, own_folder) and longer.is_dir()
    assert sum(row[3] == 4 for row in rows(own_folder)["grades"] if row[0] == "ana") == 1


def test_a_service_that_is_away_is_said(own_folder: Path, module: Module):
    """What is here is erased all the same, and the exit code says that the rest is not."""
    folder = configured(own_folder, service="http://127.0.0.1:9/")
    hand(folder, "ana", module, handed_in(module, {1: WORDS}))
    said = command(folder, "ppm", "erase", "ana", "--yes", ok=False, JUPYTERHUB_API_TOKEN="0").stdout
    assert "Removed of ana" in said and "The course service cannot be reached" in said and not (folder / "submitted/ana").exists()
    refused = command(folder, "ppm", "collect", module.name, ok=False, JUPYTERHUB_API_TOKEN="0").stderr
    assert "The course service cannot be reached" in refused and "Traceback" not in refused


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../ana", " "])
def test_a_name_that_is_nobodys_is_refused(own_folder: Path, module: Module, name: str):
    """No name leads out of the folder."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    assert "This is no learner's account" in command(own_folder, "ppm", "erase", "--here-only", "--yes", "--", name, ok=False).stderr
    assert (own_folder / "submitted/ana").is_dir()


def test_it_asks_at_a_terminal_and_says_what_goes(own_folder: Path, module: Module, monkeypatch: pytest.MonkeyPatch):
    """Only the account, typed, goes on; what goes and what stays is said before."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    monkeypatch.chdir(own_folder)
    line = advice.erase(own_folder, "ana", here_only=True)
    other = as_printed(line, own_folder, "anna")
    assert other.returncode == 1 and "what you typed is not the account" in other.stderr and (own_folder / "submitted/ana").is_dir()
    assert "This removes:" in other.stderr and "This stays:" in other.stderr and "the credit and your comments too" in other.stderr
    done = as_printed(line, own_folder, "ana")
    assert done.returncode == 0 and "Removed of ana" in done.stdout and not (own_folder / "submitted/ana").exists()


def test_a_name_that_is_not_there_is_an_error_with_names_near_it(hub: Hub, own_folder: Path, module: Module, ana: str):
    """From the folder, the gradebook and the service's list; nothing is erased."""
    folder = configured(own_folder, service=hub.course_url)
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    hand(folder, "marianne", module, handed_in(module, {1: WORDS}))
    asking.share(hub, ana, asking.sharing(module, {1: WORDS})).raise_for_status()
    for typed, near in (("Marianna", "marianne"), (ana + "x", ana)):
        said = command(folder, "ppm", "erase", typed, "--yes", ok=False, **token)
        assert f"There is nothing of '{typed}'" in said.stderr and near in said.stderr.split("Names near it: ")[1], said.stderr
        assert said.stdout == ""
    assert (folder / "submitted/marianne").is_dir() and hub.ask(ana, "GET", f"{COURSE}/api/copy").json()["shared"]


def test_who_never_shared_is_erased_too(hub: Hub, own_folder: Path, module: Module, ana: str):
    """A journal that nobody here knows of is found by the service alone."""
    folder = configured(own_folder, service=hub.course_url)
    assert asking.save(hub, ana, asking.answer(module, 2, WORDS)).status_code == 200
    said = command(folder, "ppm", "erase", ana, "--yes", JUPYTERHUB_API_TOKEN=hub.token("fay"))
    assert "answers at the course service" in said.stdout and hub.ask(ana, "GET", f"{COURSE}/api/copy").json()["journals"] == {}


def test_service_and_gradebook_come_first_and_what_is_left_is_named(hub: Hub, own_folder: Path, module: Module, ana: str):
    """A table as a spreadsheet saves it, one that nobody understands, and a file that cannot be removed: no traceback, and the rest is gone."""
    folder = configured(own_folder, service=hub.course_url)
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    asking.share(hub, ana, asking.sharing(module, {1: WORDS})).raise_for_status()
    hand(folder, ana, module, handed_in(module, {1: WORDS}))
    command(folder, "ppm", "grade", module.name)
    (folder / "excel.csv").write_bytes(f"Nom;Student_ID;note\r\nJos\xe9;{ana};1\r\nZo\xeb;zoe;2\r\n".encode("cp1252"))
    (folder / "tabs.csv").write_bytes(f"account\tpoints\n{ana}\t4\nzoe\t4\n".encode("utf-16"))
    (folder / "odd.csv").write_text(f"{ana} wrote\n", "utf-8")
    (folder / "broken.csv").mkdir()
    said = command(folder, "ppm", "erase", ana, "--yes", ok=False, **token)
    removed, left = said.stdout.split("Left:\n")
    assert "1 line in excel.csv" in removed and "1 line in tabs.csv" in removed and "hand_ins at the course service" in removed and "Traceback" not in said.stderr
    assert "odd.csv: its columns are not known here" in left and "broken.csv cannot be read" in left
    assert (folder / "excel.csv").read_bytes() == "Nom;Student_ID;note\r\nZo\xeb;zoe;2\r\n".encode("cp1252")
    assert (folder / "tabs.csv").read_bytes().decode("utf-16") == "account\tpoints\nzoe\t4\n"
    assert ana not in {row[0] for row in rows(folder)["students"]} and not (folder / "submitted" / ana).exists()


def test_a_gradebook_that_is_broken_stops_nothing_else(hub: Hub, own_folder: Path, module: Module, ana: str):
    folder = configured(own_folder, service=hub.course_url)
    asking.share(hub, ana, asking.sharing(module, {1: WORDS})).raise_for_status()
    hand(folder, ana, module, handed_in(module, {1: WORDS}))
    (folder / "gradebook.db").write_bytes(b"no database at all" * 500)
    said = command(folder, "ppm", "erase", ana, "--yes", ok=False, JUPYTERHUB_API_TOKEN=hub.token("fay"))
    assert "What the gradebook holds" in said.stdout and "hand_ins at the course service" in said.stdout and "Traceback" not in said.stderr
    assert not (folder / "submitted" / ana).exists()


ODD_NAMES = ["-rf", "a b", "it's", "$(id)", "two\nlines", "tab\tand\rmore", "[ab]*?", os.fsdecode(b"b\xff\xfe"), "x" * 255, "...x"]


def test_an_odd_name_is_erased_by_the_command_that_is_printed(own_folder: Path, module: Module, monkeypatch: pytest.MonkeyPatch):
    """Quoted for a shell, on one printable line; nobody else's words go."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    for name in ODD_NAMES:
        shutil.copytree(own_folder / "submitted/ana", own_folder / "submitted" / name)
    monkeypatch.chdir(own_folder)
    for name in ODD_NAMES:
        line = advice.erase(own_folder, name, here_only=True, yes=True)
        assert line.isprintable()
        split = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
        words = [os.fsdecode(word) for word in split.split(b"\0")[:-1]]
        said = command(own_folder, "ppm", *words[1:])
        assert not os.path.lexists(own_folder / "submitted" / name) and all(one.isprintable() for one in said.stdout.splitlines())
    assert os.listdir(own_folder / "submitted") == ["ana"]


def test_two_courses_in_one_terminal_are_not_mixed_up(own_folder: Path, module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Standing in one course's folder with another one's settings, nothing is done; from elsewhere, the settings count and are named."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    other = configured(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    line = advice.ppm("grade", module.name)
    both = as_printed(line, other, PPM_COURSE_FOLDER=str(own_folder))
    assert both.returncode == 1 and "Two courses could be meant" in both.stderr and not (own_folder / "autograded").exists()
    named = as_printed(line, tmp_path, PPM_COURSE_FOLDER=str(own_folder))
    assert named.returncode == 0 and f"Course folder: {own_folder}, from PPM_COURSE_FOLDER" in named.stderr and "1 graded" in named.stdout
