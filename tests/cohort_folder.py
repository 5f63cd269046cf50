"""A facilitators' folder for tests: its settings, its assignments, and hand-ins as collect leaves them."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patient_partner_mentor import COURSE_ID
from patient_partner_mentor.curriculum import Module
from patient_partner_mentor.handins import HandIn, read_hand_in
from tests.dying import die_at

ROOT = Path(__file__).parent.parent
COURSE = "ppm-trial"
OURS = """from patient_partner_mentor.cohort import configure

c = get_config()
configure(c, course="ppm-trial", folder=__file__.rpartition("/")[0], service_url={service!r}, gradebook={gradebook!r})
"""
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'ppm-trial'\n"
SECONDS = 300
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["nbgrader.apps", "patient_partner_mentor.cohort.batch", "patient_partner_mentor.cohort.feedback", __name__])
WORDS = "Last week I asked my neighbor to drive me to the clinic, and I was surprised how glad she was. It meant a lot to me. "
ROWS = {
    "grades": """select s.student_id, n.name, bc.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade from grade g
        join submitted_notebook sn on sn.id = g.notebook_id join notebook n on n.id = sn.notebook_id
        join submitted_assignment s on s.id = sn.assignment_id join assignment a on a.id = s.assignment_id join base_cell bc on bc.id = g.cell_id
        order by a.name, 1, 2, 3""",
    "comments": """select s.student_id, bc.name, c.auto_comment, c.manual_comment from comment c join submitted_notebook sn on sn.id = c.notebook_id
        join submitted_assignment s on s.id = sn.assignment_id join base_cell bc on bc.id = c.cell_id order by 1, 2""",
    "submissions": "select a.name, s.student_id, s.timestamp, s.extension from submitted_assignment s join assignment a on a.id = s.assignment_id order by 1, 2",
    "notebooks": """select a.name, s.student_id, n.name, sn.flagged, sn.late_submission_penalty from submitted_notebook sn join notebook n on n.id = sn.notebook_id
        join submitted_assignment s on s.id = sn.assignment_id join assignment a on a.id = s.assignment_id order by 1, 2""",
    "students": "select id, first_name, last_name, email from student order by 1",
}


def configured(place: Path, service: str = "", gradebook: str = "") -> Path:
    """An empty folder with the course's settings."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "nbgrader_config.py").write_text(OURS.format(service=service, gradebook=gradebook), "utf-8")
    return place


@dataclass(frozen=True)
class Done:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


class Started:
    """A command that runs, in a process of its own.

    :param dies_at: the step of its work at which it is killed, see :mod:`tests.dying`; 0 for none
    """

    def __init__(self, place: Path, words: tuple[str, ...], environment: Mapping[str, str], dies_at: int = 0) -> None:
        self._said = tempfile.TemporaryDirectory(prefix="said-")
        own = {"HOME": str(place), "JUPYTER_CONFIG_DIR": str(place / ".jupyter"), **environment}
        self.process = _processes.Process(target=_run, args=(place, words, self._said.name, own, dies_at), daemon=True)
        self.process.start()

    def said(self) -> str:
        """What it has said so far of what it does or does not."""
        path = Path(self._said.name, "err")
        return path.read_text("utf-8") if path.exists() else ""

    def end(self, seconds: float = SECONDS) -> Done:
        """Wait until it ends, and give what it said."""
        self.process.join(seconds)
        late = self.process.exitcode is None
        if late:
            self.process.kill()
            self.process.join(30)
        out, err = (Path(self._said.name, name).read_text("utf-8") if Path(self._said.name, name).exists() else "" for name in ("out", "err"))
        self._said.cleanup()
        assert not late, f"{seconds} s were not enough. {err}"
        return Done(self.process.exitcode or 0, out, err)


def command(place: Path, *words: str, ok: bool | None = True, **environment: str) -> Done:
    """Run ``ppm`` or ``nbgrader`` in a folder as somebody would; a process that has imported both makes it quickly."""
    done = Started(place, words, environment).end()
    assert ok is None or (done.returncode == 0) is ok, done.stdout + done.stderr
    return done


def command_from_cold(place: Path, *words: str) -> None:
    """The same with a Python that starts for it, as in a terminal."""
    program = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(ROOT)] if words[0] == "ppm" else [sys.executable, "-m", "nbgrader"]
    subprocess.run([*program, *words[1:]], cwd=place, env={**os.environ, "HOME": str(place)}, capture_output=True, timeout=1800, check=True)


def _run(place: Path, words: tuple[str, ...], said: str, environment: Mapping[str, str], dies_at: int) -> None:
    os.chdir(place)
    os.environ.update(environment)
    if dies_at:
        die_at(dies_at, place)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(said, name), os.O_WRONLY | os.O_CREAT, 0o600), number)
    if words[0] == "ppm":
        from patient_partner_mentor.cli import main

        sys.exit(main(["--root", str(ROOT), *words[1:]]))
    from nbgrader.apps import NbGraderApp

    sys.argv = list(words)
    NbGraderApp.launch_instance(list(words[1:]))


def copied(made: Path, place: Path, gradebook: str = "", service: str = "") -> Path:
    """A folder like one that was made before, with a gradebook of its own."""
    shutil.copytree(made, place)
    return configured(place, service, gradebook)


def handed_in(module: Module, answers: Mapping[int, Mapping[str, Any] | str], id: str = "0123456789abcdef", next_step: str = "", **more: Any) -> HandIn:
    """A hand-in of a module: by step number, shared words, or the fields of an answer; and the shared line to take away."""
    found: list[dict[str, Any]] = []
    for step in module.steps:
        given = answers.get(step.number, {"status": "open"})
        if isinstance(given, str):
            given = {"status": "written", "share": True, "text": given}
        if given.get("share"):
            given = {"prompt": step.prompt, "prompt_hash": step.prompt_hash, "language": "en"} | dict(given)
        found.append({"step": step.id, **given})
    if next_step:
        asked = {"prompt": module.next_step.prompt, "prompt_hash": module.next_step.prompt_hash, "language": "en"}
        found.append({"step": "next-step", "status": "written", "share": True, "text": next_step, **asked})
    whole = {"schema_version": 1, "id": id, "course": COURSE_ID, "module": module.id, "module_version": module.version, "answers": found}
    return read_hand_in(whole | more)


def hand(place: Path, learner: str, module: Module, given: HandIn | bytes, time: str = "2026-11-24 10:00:00.000000 UTC") -> Path:
    """A hand-in in ``submitted/``, as collect leaves it."""
    folder = place / "submitted" / learner / module.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(place / "release" / module.name / "module.ipynb", folder)
    data = given if isinstance(given, bytes) else json.dumps(given.model_dump(mode="json", exclude_none=True), ensure_ascii=False).encode()
    (folder / "reflections.json").write_bytes(data)
    (folder / "timestamp.txt").write_text(time, "utf-8")
    return folder


def rows(place: Path, kinds: Mapping[str, str] = ROWS) -> dict[str, list[tuple[Any, ...]]]:
    """The gradebook's rows without the random ids, in order."""
    with sqlite3.connect(f"file:{place / 'gradebook.db'}?mode=ro", uri=True) as database:
        found = {kind: database.execute(query).fetchall() for kind, query in kinds.items()}
    database.close()
    return found


def score(place: Path, learner: str, step: str, **values: Any) -> None:
    """What a human does in the formgrader: a manual score, or a comment."""
    table, kind = ("comment", "TaskCell") if "manual_comment" in values else ("grade", "GradeCell")
    name = f"comment_{step}" if table == "comment" else step
    setting = ", ".join(f"{field} = ?" for field in values)
    with sqlite3.connect(place / "gradebook.db", timeout=60) as database:
        done = database.execute(
            f"""update {table} set {setting} where cell_id in (select id from base_cell where name = ? and type = ?) and notebook_id in
            (select sn.id from submitted_notebook sn join submitted_assignment s on s.id = sn.assignment_id where s.student_id = ?)""",
            (*values.values(), name, kind, learner),
        )
        assert done.rowcount == 1
    database.close()
