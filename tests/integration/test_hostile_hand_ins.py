"""Hostile hand-ins: none runs, none leaves its folder, each gives one line; by 'ppm grade' and by nbgrader's own command."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from patient_partner_mentor.cohort.batch import grade
from patient_partner_mentor.cohort.folder import open_folder
from patient_partner_mentor.cohort.names import shown
from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import WORDS, Done, command, copied, hand, handed_in, rows
from tests.hostile_hand_ins import CANARY, CASES, HAND_IN, LONG, ODD_NAMES, PLAIN_NAMES, Case

SECRET = "SECRET-OF-THE-GRADER"
WAYS = {"ppm": ("ppm", "grade"), "nbgrader": ("nbgrader", "autograde")}
ROUNDS = 2_000


def learner(case: Case) -> str:
    return f"l{CASES.index(case):02}"


class Graded:
    """A folder with one hand-in of each case, after grading: what was said, and what stood outside before."""

    def __init__(self, made: Path, place: Path, module: Module, way: str) -> None:
        self.module, self.outside = module, place / "outside"
        self.outside.mkdir(parents=True)
        (self.outside / "secret").write_text(SECRET, "utf-8")
        self.folder = copied(made, place / "folder")
        good = hand(self.folder, "good", module, handed_in(module, {1: WORDS}))
        (self.outside / "others.json").write_bytes((good / HAND_IN).read_bytes().replace(b"neighbor", SECRET.encode()))
        shutil.copytree(good, self.outside / "elsewhere")
        for case in CASES:
            case.change(hand(self.folder, learner(case), module, handed_in(module, {1: WORDS})), self.outside)
        self.before = contents(self.outside)
        self.said: Done = command(self.folder, *WAYS[way], module.name, ok=False)

    def lines(self, who: str) -> list[str]:
        """What was said of a learner's hand-in, of nbgrader's own lines those that warn."""
        return [line for line in self.said.stderr.splitlines() if f"{who}, {self.module.name}: " in line]


def contents(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module", params=WAYS)
def graded(request: pytest.FixtureRequest, cohort_folder: Path, course: Course, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(cohort_folder, tmp_path_factory.mktemp("hostile"), course.modules[0], request.param)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_runs_nothing_leaves_nothing_and_is_named_once(graded: Graded, case: Case):
    who, name = learner(case), graded.module.name
    assert len(graded.lines(who)) == case.named, graded.said.stderr[:2000]
    assert CANARY not in "".join(graded.lines(who)) and "Traceback" not in graded.said.stderr
    copy = graded.folder / "autograded" / who / name
    assert copy.is_dir() is case.graded
    if case.graded:
        assert {path.name for path in copy.iterdir()} <= {"module.ipynb", HAND_IN, "timestamp.txt", "module.yml"}
        assert all(path.is_file() and not path.is_symlink() for path in copy.iterdir())
        whole = "".join(path.read_text("utf-8") for path in copy.iterdir())
        assert CANARY not in whole and SECRET not in whole
        first = next(cell for cell in nbformat.read(copy / "module.ipynb", as_version=4).cells if cell.metadata.get("nbgrader", {}).get("grade"))
        assert first.outputs[1].data == {"text/plain": "4.0"}
    credit = sorted(row[3] for row in rows(graded.folder)["grades"] if row[0] == who and row[3] is not None)
    assert credit == ([0, 0, 0, 0, 4] if case.graded else [])


def test_outside_is_as_it_was(graded: Graded):
    """No trace of anything that ran, no file that was written or taken."""
    assert contents(graded.outside) == graded.before
    places = [graded.folder / part for part in ("autograded", "feedback", "release", "source")]
    assert SECRET not in "".join(path.read_text("utf-8") for place in places for path in place.rglob("*") if path.is_file())
    assert not list(graded.folder.glob("autograded/*/.*"))


def test_the_good_one_is_graded_without_a_word(graded: Graded):
    assert graded.lines("good") == []
    assert [row[3] for row in rows(graded.folder)["grades"] if row[0] == "good" and row[3] is not None].count(4.0) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_of_an_odd_name_stops_nobody(own_folder: Path, course: Course, way: str):
    """Each that cannot be graded is named once, on a printable line; the honest ones are graded, answered and exported, by stock commands too."""
    module = course.modules[0]
    hand(own_folder, "good", module, handed_in(module, {1: WORDS}))
    submitted = own_folder / "submitted"
    for name in (*ODD_NAMES, *PLAIN_NAMES):
        shutil.copytree(submitted / "good", submitted / name)
    (submitted / "a-file").write_text("no folder", "utf-8")
    (submitted / "a-link").symlink_to(submitted / "good")
    hand(own_folder, "inner", module, b"")
    shutil.rmtree(submitted / "inner" / module.name)
    (submitted / "inner" / module.name).write_text("no folder", "utf-8")
    said = command(own_folder, *WAYS[way], module.name, ok=False)
    assert "Traceback" not in said.stderr and "Logging error" not in said.stderr, said.stderr
    lines = [line for line in said.stderr.splitlines() if f", {module.name}: " in line]
    refused = [*map(shown, ODD_NAMES), "a-file", "a-link", "inner"]
    assert len(lines) == len(refused) and all(line.isprintable() for line in lines), lines
    assert [name for name in refused if sum(f"{name}, {module.name}: " in line for line in lines) != 1] == []
    assert sorted(os.listdir(own_folder / "autograded")) == sorted(["good", *PLAIN_NAMES])
    assert {row[0] for row in rows(own_folder)["students"]} == {"good", *PLAIN_NAMES}
    for words in (("generate_feedback", module.name), ("export",)):
        assert "Traceback" not in command(own_folder, "nbgrader", *words).stderr
    assert sorted(os.listdir(own_folder / "feedback")) == sorted(["good", *PLAIN_NAMES])


def test_the_formgraders_list_and_button_with_odd_names(own_folder: Path, course: Course):
    """nbgrader's own API, which the formgrader's pages and buttons call: the list is whole, and grades the honest one."""
    module = course.modules[0]
    hand(own_folder, "good", module, handed_in(module, {1: WORDS}))
    for name in ODD_NAMES:
        shutil.copytree(own_folder / "submitted/good", own_folder / "submitted" / name)
    program = (
        "import json, sys; from nbgrader.apps import NbGraderAPI; from patient_partner_mentor.cohort.folder import open_folder; from pathlib import Path\n"
        "opened = open_folder(Path.cwd()); api = NbGraderAPI(opened.coursedir, config=opened.config)\n"
        "json.dumps(api.get_submissions(sys.argv[1])); found = [api.autograde(sys.argv[1], name) for name in ('good', 'two\\nlines')]\n"
        "json.dumps(found); print([one['success'] for one in found], 'cannot stand in a gradebook' in found[1].get('error', '') + found[1].get('log', ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, module.name], cwd=own_folder, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[True, False] True", done.stdout + done.stderr


def bent(data: bytes, chance: random.Random) -> bytes:
    """A hand-in that was changed somewhere, in its bytes or in its fields."""
    if chance.random() < 0.5:
        raw = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 8))):
            if not raw:
                break
            at = chance.randrange(len(raw))
            action = chance.randrange(4)
            if action == 0:
                raw[at] = chance.choice((chance.randrange(256), chance.randrange(97, 123), 32))
            elif action == 1:
                raw[at:at] = bytes(chance.choice((b"[", b"{", b'"', b"\\u0000", b"\xff", b"\\ud800", b"NaN", b"-1e999", b"\x00")) * chance.choice((1, 1, 1, 3000)))
            elif action == 2:
                del raw[at : at + chance.randint(1, 50)]
            else:
                raw = raw[: at + 1]
        return bytes(raw)
    found = json.loads(data)
    place: Any = found
    for _ in range(chance.randint(0, 2)):
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        inner = [key for key in keys if isinstance(place[key], dict | list)]
        place = place[chance.choice(inner)] if inner else place
    odd: list[Callable[[], Any]] = [
        lambda: None, lambda: True, lambda: chance.randint(-(10**20), 10**20), lambda: chance.random(), lambda: [], lambda: {},
        lambda: CANARY, lambda: "../" * 20, lambda: "<svg onload=x>", lambda: "\ud83d", lambda: "a" * chance.choice((61, 30_000)), lambda: [[[[{}]]]], lambda: {"text": {}},
    ]  # fmt: skip
    if isinstance(place, list):
        place.insert(chance.randint(0, len(place)), chance.choice(odd)())
    else:
        place[chance.choice([*place, "evil", "__class__"])] = chance.choice(odd)()
    return json.dumps(found).encode()


def fuzz(folder: Path, module: Module, rounds: int, seed: int) -> tuple[int, int]:
    """So many bent hand-ins in one run; returns how many were graded, and how many named."""
    chance = random.Random(seed)
    good = handed_in(module, {1: WORDS, 2: {"status": "skipped"}, 3: "Few words", 4: {"status": "written"}, 5: WORDS + "and more of it"}, reply_wanted=module.steps[0].id)
    data = good.model_dump_json(exclude_none=True).encode()
    names = [f"f{number:05}" for number in range(rounds)]
    for name in names:
        place = hand(folder, name, module, bent(data, chance))
        if chance.random() < 0.1:
            chance.choice([lambda p: os.mkfifo(p / "pipe"), lambda p: (p / "x").symlink_to("/etc/passwd"), lambda p: (p / "timestamp.txt").write_bytes(LONG[:500]), lambda p: (p / "module.ipynb").unlink()])(place)
    report = grade(open_folder(folder), module.name)
    copies = {path.name for path in (folder / "autograded").iterdir()} if (folder / "autograded").is_dir() else set()
    whole = {row[0] for row in rows(folder)["students"]}
    named = [line.split(",")[0] for line in report.problems]
    assert copies == whole == set(names) - set(named) and len(named) == len(set(named))
    assert all("\n" not in line and CANARY not in line and "neighbor" not in line for line in (*report.problems, *report.notes))
    assert all(row[3] is None or row[3] in (0, 1, 4) for row in rows(folder)["grades"])
    files = {path.name for path in (folder / "autograded").rglob("*") if path.is_file()}
    assert files <= {"module.ipynb", HAND_IN, "timestamp.txt"}
    return report.graded, len(named)


def test_a_hundred_bent_hand_ins(own_folder: Path, course: Course):
    """A small round of the fuzzing that 'make soak' does at length."""
    graded, named = fuzz(own_folder, course.modules[0], 100, 1)
    assert graded > 10 and named > 10


@pytest.mark.soak
def test_thousands_of_bent_hand_ins(cohort_folder: Path, course: Course, tmp_path: Path):
    for seed in (2, 3):
        graded, named = fuzz(copied(cohort_folder, tmp_path / str(seed)), course.modules[seed], ROUNDS, seed)
        print(f"seed {seed}: of {ROUNDS} bent hand-ins {graded} could still be graded, {named} were named")
        assert graded > 100 and named > 100
