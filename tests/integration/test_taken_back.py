"""What a learner took back is gone from every facilitators' folder after its next collect, and what could not go is said and tried again."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub import kept
from patient_partner_mentor.hub.store import Store, now
from tests.cohort_folder import WORDS, Done, Started, command, copied, rows
from tests.hub_running import COURSE, OTHER, Hub, until
from tests.integration import service_asking as asking

COLLECTS = {"ppm": ("ppm", "collect"), "nbgrader": ("nbgrader", "collect")}
LEARNERS = 15  # one or two for each test here
STEPS = 40  # changes of files and rows that a collect makes which removes one hand-in; it makes a few more


def canary(words: str) -> str:
    return f"{words}-{secrets.token_hex(12)}"


def places_of(word: str, place: Path) -> list[str]:
    """The files that hold a word, the gradebook and whatever lies beside it among them."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and word.encode() in path.read_bytes())


class Folder:
    """A facilitators' folder, with learners' words collected, graded, commented, and on feedback pages."""

    def __init__(self, hub: Hub, module: Module, root: Path) -> None:
        self.hub, self.module, self.root = hub, module, root

    def run(self, *words: str, ok: bool | None = True) -> Done:
        return command(self.root, *words, ok=ok, JUPYTERHUB_API_TOKEN=self.hub.token("fay"))

    def collect(self, how: str = "ppm", ok: bool | None = True) -> Done:
        return self.run(*COLLECTS[how], self.module.name, ok=ok)

    def share(self, learner: str, words: str) -> None:
        asking.share(self.hub, learner, asking.sharing(self.module, {1: WORDS + words})).raise_for_status()

    def comment(self, learner: str, text: str) -> None:
        """A comment. What it was before stays in unused room of the file, as SQLite leaves it where it was not built otherwise."""
        asked = """update comment set manual_comment = ? where id = (select c.id from comment c join base_cell b on b.id = c.cell_id
            join submitted_notebook n on n.id = c.notebook_id join submitted_assignment s on s.id = n.assignment_id
            join assignment a on a.id = s.assignment_id where s.student_id = ? and a.name = ? and b.name = ?)"""
        with closing(sqlite3.connect(self.root / "gradebook.db")) as book:
            book.execute("pragma secure_delete = off")
            assert book.execute(asked, (text, learner, self.module.name, f"comment_{self.module.steps[0].id}")).rowcount == 1
            book.commit()

    def of(self, learner: str) -> tuple[list[str], int]:
        """What is here of a learner and the module: parts with files, and rows of the gradebook."""
        parts = [part for part in ("submitted", "autograded", "feedback") if os.path.lexists(self.root / part / learner / self.module.name)]
        found = rows(self.root)
        return parts, sum(row[:2] == (self.module.name, learner) for kind in ("submissions", "notebooks") for row in found[kind])


@dataclass(frozen=True)
class Shared:
    """A learner with words in a folder.

    :param words: they are in the comment, too
    :param first: a comment that was written over
    """

    name: str
    words: str
    first: str


ALL = (["submitted", "autograded", "feedback"], 2)


@pytest.fixture(scope="module")
def filled(hub: Hub, cohort_folder: Path, tmp_path_factory: pytest.TempPathFactory, course: Course) -> tuple[Folder, Iterator[Shared]]:
    """A folder with the words of many, for tests to copy; and the learners, of whom each test takes its own."""
    folder = Folder(hub, course.modules[5], copied(cohort_folder, tmp_path_factory.mktemp("filled") / "folder", service=hub.course_url))
    learners = [Shared(hub.new_learner(), canary("TAKEN"), canary("COMMENT")) for _ in range(LEARNERS)]
    for one in learners:
        folder.share(one.name, one.words)
    folder.collect()
    folder.run("ppm", "grade", folder.module.name, ok=None)
    for one in learners:
        folder.comment(one.name, f"{'. ' * 5000}{one.first}")
    for one in learners:
        folder.comment(one.name, f"{one.words}, as you say")
    folder.run("nbgrader", "generate_feedback", folder.module.name)
    return folder, iter(learners)


Copy = Callable[..., Folder]


@pytest.fixture
def copy(filled: tuple[Folder, Iterator[Shared]], tmp_path: Path) -> Copy:
    """Makes a folder of the test's own."""

    def made(name: str = "folder") -> Folder:
        one = filled[0]
        return Folder(one.hub, one.module, copied(one.root, tmp_path / name, service=one.hub.course_url))

    return made


@pytest.fixture
def folder(copy: Copy) -> Folder:
    return copy()


@pytest.fixture
def ana(filled: tuple[Folder, Iterator[Shared]]) -> Shared:
    return next(filled[1])


@pytest.fixture
def ben(filled: tuple[Folder, Iterator[Shared]]) -> Shared:
    return next(filled[1])


def take_back(hub: Hub, learner: str, module: Module) -> dict[str, Any]:
    said = hub.ask(learner, "DELETE", f"{COURSE}/api/share/{module.id}")
    said.raise_for_status()
    return said.json()


def gone(folder: Folder, learner: Shared) -> bool:
    """Whether nothing of it is here."""
    return [places_of(word, folder.root) for word in (learner.words, learner.first)] == [[], []] and folder.of(learner.name) == ([], 0)


@pytest.mark.parametrize("how", COLLECTS)
def test_the_next_collect_removes_it(folder: Folder, hub: Hub, course: Course, ana: Shared, ben: Shared, how: str) -> None:
    """Copies, graded copies, pages, rows and comments, on the disk too; another learner's and another module's stay, and the second time there is nothing to say."""
    folder.run("nbgrader", "release_feedback", folder.module.name, "--student", ana.name)
    other = Folder(hub, course.modules[6], folder.root)
    other.share(ana.name, others := canary("OTHER"))
    other.collect()
    mine = folder.root / "submitted" / ana.name
    aside, longer = (mine / ".set-aside" / f"{folder.module.name}{end}-0123abcd" for end in ("", "-b"))  # a module's name can begin with another's
    half = folder.root / "autograded" / ana.name / f".{folder.module.name}.0123abcd"
    for place, words in ((aside, ana.words), (half, ana.words), (longer, others)):
        place.mkdir(parents=True)
        (place / "reflections.json").write_text(words, "utf-8")
    assert {place.split("/")[0] for place in places_of(ana.words, folder.root)} == {"submitted", "autograded", "feedback", "gradebook.db"}
    assert places_of(ana.first, folder.root) == ["gradebook.db"] and folder.of(ana.name) == ALL

    left = take_back(hub, ana.name, folder.module)["left"]
    assert "removed the next time your facilitator collects" in next(one["ask"] for one in left if one["kind"] == "collected")
    released = folder.run("nbgrader", "release_feedback", folder.module.name, "--student", ana.name, ok=None)
    assert f"Feedback of {ana.name} for {folder.module.name} was not released: the learner took it back" in released.stderr
    said = folder.collect(how)
    line = next(one for one in said.stderr.splitlines() if f"{ana.name} took back {folder.module.name}. Removed here: " in one)
    assert "4 files of submitted/" in line and "1 hand-in, 10 grades, 1 written comment in the gradebook" in line
    assert "TAKEN" not in said.stderr + said.stdout
    assert gone(folder, ana) and ana.name in {row[0] for row in rows(folder.root)["students"]}
    assert folder.of(ben.name) == ALL and {place.split("/")[0] for place in places_of(ben.words, folder.root)} >= {"submitted", "gradebook.db"}
    assert other.of(ana.name)[0] == ["submitted"] and len(places_of(others, folder.root)) == 2
    again = folder.collect(how)
    assert "took back" not in again.stderr and gone(folder, ana)


def test_shared_again_the_new_one_is_kept(folder: Folder, hub: Hub, ana: Shared) -> None:
    """Also by stock collect without --update; the comment on the old words does not come along."""
    take_back(hub, ana.name, folder.module)
    folder.share(ana.name, newer := canary("NEWER"))
    said = folder.collect("nbgrader").stderr
    assert f"{ana.name} took back {folder.module.name}. Removed here" in said and f"Collecting submission: {ana.name}" in said
    assert places_of(ana.words, folder.root) == [] and folder.of(ana.name) == (["submitted"], 0)
    folder.run("ppm", "grade", folder.module.name, ok=None)
    assert [row[3] for row in rows(folder.root)["comments"] if row[0] == ana.name] == [None] * 5
    assert "took back" not in folder.collect().stderr
    assert folder.of(ana.name) == (["submitted", "autograded"], 2) and places_of(newer, folder.root)


def test_each_folder_hears_of_it_and_one_learner_can_be_asked_for(copy: Copy, hub: Hub, ana: Shared, ben: Shared) -> None:
    """Two facilitators with a folder each: the second one collects a while later. With --student, the others' are left for the next collect."""
    first, second = copy("first"), copy("second")
    for one in (ana, ben):
        take_back(hub, one.name, first.module)
    first.run("nbgrader", "collect", first.module.name, "--student", ben.name)
    assert gone(first, ben) and first.of(ana.name) == ALL
    first.collect()
    assert gone(first, ana) and second.of(ana.name) == ALL
    said = second.collect().stderr
    assert f"{ana.name} took back" in said and f"{ben.name} took back" in said and gone(second, ana) and gone(second, ben)


def test_what_expired_and_what_was_erased_is_no_take_back(folder: Folder, hub: Hub, ana: Shared) -> None:
    """At the end of keeping, and after an erasure at the service, collected copies are the facilitators' to remove, as their guide says."""
    module = folder.module
    hub.ask(ana.name, "POST", f"{COURSE}/api/erase", json={"sure": True}).raise_for_status()
    assert f"{ana.name} took back" not in folder.collect().stderr and folder.of(ana.name) == ALL

    config = folder.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8").replace(COURSE, OTHER), "utf-8")
    grader = {"JUPYTERHUB_API_TOKEN": hub.token("gus")}
    hub.ask("cleo", "PUT", f"{OTHER}/api/consent", json={"course": False, "quotes": False, "research": False, "seen": asking.SEEN}).raise_for_status()

    def share(words: str) -> None:
        given = asking.sharing(module, {1: WORDS + words}).model_dump_json().encode()
        hub.ask("cleo", "POST", f"{OTHER}/api/share/{module.id}", data=given, headers={"Content-Type": "application/json"}).raise_for_status()

    share(earlier := canary("EARLIER"))
    hub.ask("cleo", "DELETE", f"{OTHER}/api/share/{module.id}").raise_for_status()
    share(expired := canary("EXPIRED"))
    command(folder.root, "ppm", "collect", module.name, **grader)
    store = Store(f"sqlite:///{hub.folder / 'store' / 'course.sqlite'}")
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        while kept.keep_some(connection, OTHER, "words", 1, now()):
            pass
    store.close()
    listed = hub.ask("gus", "GET", f"exchange/{OTHER}/submissions/{module.name}?history=yes").json()
    assert [(one["taken_back"], "took_back" in one) for one in listed if one["user"] == "cleo"] == [(True, True), (True, False)]
    said = command(folder.root, "ppm", "collect", module.name, **grader)
    assert "took back" not in said.stderr and places_of(expired, folder.root) and places_of(earlier, folder.root) == []
    state = hub.ask("cleo", "GET", f"{OTHER}/api/state").json()["modules"][module.id]
    assert (state["shared"], state["taken_back"]) == (None, None), "nobody is told that she took back what expired"
    hub.ask("cleo", "POST", f"{OTHER}/api/erase", json={"sure": True}).raise_for_status()


def as_printed(line: str, folder: Folder) -> subprocess.CompletedProcess[str]:
    """The command in a line of ours, run in a shell as somebody pastes it."""
    whole = {"PATH": os.environ["PATH"], "HOME": str(folder.root), "JUPYTERHUB_API_TOKEN": folder.hub.token("fay")}
    return subprocess.run(["bash", "-c", line.split("collect again: ")[1]], cwd=folder.root, env=whole, capture_output=True, text=True, timeout=120, check=False)


def test_a_locked_gradebook_is_said_and_tried_again(folder: Folder, hub: Hub, ana: Shared) -> None:
    """Newer words wait, since the comments on the older ones would stand beside them; then the printed command does it."""
    take_back(hub, ana.name, folder.module)
    folder.share(ana.name, newer := canary("NEWER"))
    config = folder.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + "\nfrom patient_partner_mentor.cohort import settings\n\nsettings.BUSY_SECONDS = 0.05\n", "utf-8")
    with closing(sqlite3.connect(folder.root / "gradebook.db")) as somebody:
        somebody.execute("BEGIN EXCLUSIVE")
        said = folder.collect("nbgrader", ok=False)
        assert "Traceback" not in said.stderr and "TAKEN" not in said.stderr
        assert places_of(newer, folder.root) == [] and places_of(ana.words, folder.root) == ["gradebook.db"]
        somebody.rollback()
    line = next(one for one in said.stderr.splitlines() if f"{ana.name} took back {folder.module.name}, and this is still here: what the gradebook may hold" in one)
    done = as_printed(line, folder)
    assert done.returncode == 0, done.stderr
    assert "1 written comment in the gradebook" in done.stderr
    assert [places_of(word, folder.root) for word in (ana.words, ana.first)] == [[], []] and places_of(newer, folder.root)


def test_it_waits_for_whoever_grades(folder: Folder, hub: Hub, ana: Shared) -> None:
    """A graded copy that is being made of what was collected would else come back after it was removed."""
    take_back(hub, ana.name, folder.module)
    with FileLock(folder.root / ".ppm-lock"):
        collecting = Started(folder.root, ("nbgrader", "collect", folder.module.name), {"JUPYTERHUB_API_TOKEN": hub.token("fay")})
        until(lambda: "Somebody else is collecting, grading or erasing in this folder" in collecting.said(), "it to say that it waits")
        assert folder.of(ana.name) == ALL
    assert collecting.end().returncode == 0 and gone(folder, ana)


@contextmanager
def that_cannot_be_removed(path: Path) -> Iterator[None]:
    """A file that nobody can remove for a while."""
    fixed = subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False).returncode == 0
    if not fixed and os.geteuid() == 0:
        pytest.skip("the system lets root remove every file here")
    path.parent.chmod(path.parent.stat().st_mode if fixed else 0o555)
    try:
        yield
    finally:
        if fixed:
            subprocess.run(["chattr", "-i", str(path)], check=True)
        path.parent.chmod(0o755)


def test_a_file_that_stays_is_named_and_tried_again(folder: Folder, hub: Hub, ana: Shared) -> None:
    """The rest is gone, others are collected, and the exit code says that it is not all."""
    take_back(hub, ana.name, folder.module)
    folder.share(hub.new_learner(), others := canary("OTHERS"))
    stays = folder.root / "autograded" / ana.name / folder.module.name / "reflections.json"
    with that_cannot_be_removed(stays):
        for _ in range(2):
            said = folder.collect(ok=False)
            assert places_of(ana.words, folder.root) == [str(stays.relative_to(folder.root))] and places_of(others, folder.root)
            line = next(one for one in said.stderr.splitlines() if f"{ana.name} took back {folder.module.name}, and this is still here: autograded/{ana.name}/{folder.module.name}" in one)
            assert "a file cannot be removed" in line and "Traceback" not in said.stderr and "Not all went well" in said.stdout
    assert as_printed(line, folder).returncode == 0
    assert gone(folder, ana)


def test_a_link_is_named_and_not_followed(folder: Folder, hub: Hub, ana: Shared, tmp_path: Path) -> None:
    """Whoever moved a learner's folder elsewhere is told to look there."""
    (folder.root / "autograded" / ana.name).rename(tmp_path / "away")
    (folder.root / "autograded" / ana.name).symlink_to(tmp_path / "away")
    take_back(hub, ana.name, folder.module)
    said = folder.collect("nbgrader", ok=False).stderr
    assert f"this is still here: autograded/{ana.name}/{folder.module.name}, where a link leads elsewhere" in said
    assert places_of(ana.words, folder.root) == [] and places_of(ana.words, tmp_path / "away")


def killed(copy: Copy, hub: Hub, ana: Shared, steps: list[int]) -> None:
    for step in steps:
        folder = copy(f"killed{step}")
        if step == steps[0]:
            take_back(hub, ana.name, folder.module)
        for part in ("submitted", "autograded", "feedback"):
            for other in (folder.root / part).iterdir():
                if other.name != ana.name:  # whoever took back in other tests, or only shared
                    shutil.rmtree(other)
        token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
        assert Started(folder.root, ("ppm", "collect", folder.module.name), token, dies_at=step).end().returncode == -9, f"collect ended before its step {step}"
        folder.collect()
        assert gone(folder, ana) and not (folder.root / ".ppm-taken-back").exists(), step


def test_killed_on_its_way_the_next_one_finishes(copy: Copy, hub: Hub, ana: Shared) -> None:
    killed(copy, hub, ana, random.Random(3).sample(range(4, STEPS), 3))


@pytest.mark.soak
def test_killed_at_every_step(copy: Copy, hub: Hub, ana: Shared) -> None:
    killed(copy, hub, ana, list(range(1, STEPS)))


def test_a_file_that_was_not_scrubbed_is_scrubbed_by_the_next(folder: Folder) -> None:
    """Rows were gone and the collect was killed before the gradebook's file was written anew; nobody need take back anything else for it."""
    with closing(sqlite3.connect(folder.root / "gradebook.db")) as book:
        book.execute("pragma secure_delete = off")
        book.execute("update comment set manual_comment = null")
        book.commit()
    assert "gradebook.db" in places_of("TAKEN", folder.root)
    (folder.root / ".ppm-taken-back").write_text("[[", "utf-8")
    folder.collect()
    assert "gradebook.db" not in places_of("TAKEN", folder.root) and not (folder.root / ".ppm-taken-back").exists()
