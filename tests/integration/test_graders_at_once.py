"""Two graders at the same time, and graders that are killed: no lost score, no locked database, nothing half."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from patient_partner_mentor.cohort.settings import database_address
from patient_partner_mentor.curriculum import Course, Module
from tests.cohort_folder import ROWS, WORDS, Started, command, copied, hand, handed_in, rows, score
from tests.find_postgres import running_postgres
from tests.hub_running import COURSE, Hub
from tests.integration import service_asking as asking

LEARNERS = 60
STEPS = {"ppm": 360, "nbgrader": 150}  # of the graders that are killed; they take some more
HUMAN = "Thank you for these words."


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    return course.modules[2]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pg") as place, running_postgres(Path(place)) as address:
        if address is None:
            pytest.skip("There is no PostgreSQL here, and it cannot be installed.")
        yield address


def fill(place: Path, module: Module, count: int = LEARNERS) -> list[str]:
    names = [f"learner{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        hand(place, name, module, handed_in(module, {1: WORDS, 2: "Few", 3: {"status": "skipped"}, 4: WORDS + str(number)}))
    return names


def rows_of(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """A PostgreSQL gradebook's rows."""
    engine = create_engine(database_address(address))
    with engine.connect() as connection:
        found = {kind: [tuple(row) for row in connection.execute(text(query))] for kind, query in ROWS.items()}
    engine.dispose()
    return found


def whole(found: Mapping[str, list[tuple[Any, ...]]], names: list[str]) -> None:
    """Each learner is there once, with ten grades, five of them with credit, and five comments."""
    assert [row[0] for row in found["students"]] == names
    assert [row[1] for row in found["submissions"]] == names
    credit = {(row[0], row[2]): row[3] for row in found["grades"]}
    assert len(credit) == len(found["grades"]) == 10 * len(names)
    assert sum(value is not None for value in credit.values()) == 5 * len(names)
    assert len(found["comments"]) == 5 * len(names)


PAIRS = {
    "ppm and ppm": (("ppm", "grade"), ("ppm", "grade")),
    "ppm and nbgrader": (("ppm", "grade"), ("nbgrader", "autograde")),
    "nbgrader and nbgrader": (("nbgrader", "autograde"), ("nbgrader", "autograde")),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_graders_on_sqlite(own_folder: Path, module: Module, pair: str):
    """Both finish well, and a human who scores meanwhile loses nothing."""
    names = fill(own_folder, module, LEARNERS if "nbgrader" not in pair else 8)
    command(own_folder, "ppm", "grade", module.name, "--learner", names[0])
    first, second = (Started(own_folder, (*words, module.name), {}) for words in PAIRS[pair])
    for number, step in enumerate(module.steps):  # a human's word, while the two are at work
        score(own_folder, names[0], step.id, manual_score=number % 4)
        score(own_folder, names[0], step.id, manual_comment=HUMAN)
    said = first.end(), second.end()
    assert [one.returncode for one in said] == [0, 0], said
    assert "locked" not in said[0].stderr + said[1].stderr and "Traceback" not in said[0].stderr + said[1].stderr
    whole(rows(own_folder), names)
    manual = {row[2]: row[4] for row in rows(own_folder)["grades"] if row[0] == names[0] and row[3] is not None}
    assert manual == {step.id: float(number % 4) for number, step in enumerate(module.steps)}
    assert sum(row[3] == HUMAN for row in rows(own_folder)["comments"]) == 5
    assert all((own_folder / "autograded" / name / module.name / "module.ipynb").is_file() for name in names)


def test_two_folders_one_gradebook_on_postgres(cohort_folder: Path, module: Module, postgres: str, tmp_path: Path):
    """Two graders on two machines share a database and no lock: each hand-in's rows are there once, with the right credit."""
    first, second = (copied(cohort_folder, tmp_path / name, gradebook=postgres) for name in ("first", "second"))
    command(first, "ppm", "assignments", module.name)
    names = fill(first, module)
    fill(second, module)
    for words in (("ppm", "grade"), ("ppm", "grade", "--again")):
        graders = [Started(place, (*words[:2], module.name, *words[2:]), {}) for place in (first, second)]
        for one in graders:
            done = one.end()
            assert done.returncode == 0 and f"{LEARNERS} graded" in done.stdout, done
        whole(rows_of(postgres), names)
    said = command(second, "nbgrader", "autograde", module.name, "--force", "--student", names[3])
    assert "Traceback" not in said.stderr
    whole(rows_of(postgres), names)
    erased = command(second, "ppm", "erase", names[3], "--here-only", "--yes").stdout
    assert "- 10 grades in the gradebook" in erased and "write-ahead log and backups" in erased and "next vacuum" not in erased
    whole(rows_of(postgres), names[:3] + names[4:])


def test_two_folders_one_gradebook_and_a_take_back(hub: Hub, cohort_folder: Path, module: Module, postgres: str, tmp_path: Path, ana: str, ben: str):
    """Each folder hears of it at its own next collect; what the other one graded again meanwhile goes from the gradebook once more."""
    first, second = (copied(cohort_folder, tmp_path / name, gradebook=postgres, service=hub.course_url) for name in ("first", "second"))
    token = {"JUPYTERHUB_API_TOKEN": hub.token("fay")}
    command(first, "ppm", "assignments", module.name)
    for who in (ana, ben):
        asking.share(hub, who, asking.sharing(module, {1: WORDS})).raise_for_status()
    for place in (first, second):
        command(place, "ppm", "collect", module.name, **token)
        command(place, "ppm", "grade", module.name, ok=None)
    engine = create_engine(database_address(postgres))
    with engine.begin() as connection:
        connection.execute(text("UPDATE comment SET manual_comment = :words"), {"words": HUMAN})
    hub.ask(ana, "DELETE", f"{COURSE}/api/share/{module.id}").raise_for_status()

    def theirs() -> dict[str, int]:
        found = rows_of(postgres)
        return {who: sum(row[0] == who for kind in ("grades", "comments") for row in found[kind]) + sum(row[1] == who for row in found["submissions"]) for who in (ana, ben)}

    with engine.connect() as somebody:  # an open formgrader: its reading holds up no row, but PostgreSQL writes no table anew meanwhile
        somebody.execute(text("SELECT count(*) FROM comment"))
        said = command(first, "ppm", "collect", module.name, **token).stderr
    engine.dispose()
    assert f"{ana} took back {module.name}. Removed here: 1 hand-in, 10 grades, 5 written comments in the gradebook" in said
    assert "until its next vacuum; ask its operator" in said and "write-ahead log and backups" in said
    assert theirs() == {ana: 0, ben: 16}
    command(second, "ppm", "grade", module.name, "--again", ok=None)
    assert theirs() == {ana: 16, ben: 16}
    said = command(second, "nbgrader", "collect", module.name, **token).stderr
    assert f"{ana} took back {module.name}" in said and "next vacuum" not in said and theirs() == {ana: 0, ben: 16}
    assert not [path for place in (first, second) for path in place.rglob(f"*/{ana}/{module.name}")]
    assert "took back" not in command(first, "ppm", "collect", module.name, **token).stderr


def kill_rounds(place: Path, module: Module, words: tuple[str, ...], rounds: int, seed: int) -> None:
    """Kill a grader at a step of its work, again and again; then the same command finishes."""
    names = fill(place, module, LEARNERS if words[0] == "ppm" else 6)
    chance, copies = random.Random(seed), place / "autograded"
    for number in range(rounds):
        for name in names:  # everything is newer than its copy
            hand(place, name, module, handed_in(module, {1: WORDS, 2: "Few", 3: {"status": "skipped"}, 4: f"{WORDS}{number}"}), time=f"2026-11-25 10:{number // 60:02}:{number % 60:02}.000000 UTC")
        step = chance.randint(1, STEPS[words[0]])
        assert Started(place, (*words, module.name), {}, dies_at=step).end().returncode == -9, f"the grader ended before its step {step}"
        for copy in copies.glob("*/[0-9]*"):  # what is in its place is whole
            if words[0] == "ppm":
                assert {path.name for path in copy.iterdir()} == {"module.ipynb", "reflections.json", "timestamp.txt"}
    done = command(place, *words, module.name)
    assert "Traceback" not in done.stderr
    whole(rows(place), names)
    assert {row[2] for row in rows(place)["submissions"]} == {f"2026-11-25 10:{(rounds - 1) // 60:02}:{(rounds - 1) % 60:02}.000000"}
    for name in names:
        copy = (copies / name / module.name / "module.ipynb").read_text("utf-8")
        assert f"{WORDS.strip()} {rounds - 1}" in copy and '"4.0"' in copy
    assert not list(copies.glob("*/.*"))


@pytest.mark.parametrize("words", [("ppm", "grade"), ("nbgrader", "autograde")], ids=lambda words: words[0])
def test_a_killed_grader_leaves_nothing_half(own_folder: Path, module: Module, words: tuple[str, ...]):
    kill_rounds(own_folder, module, words, 5, 7)


@pytest.mark.soak
@pytest.mark.parametrize("words", [("ppm", "grade"), ("nbgrader", "autograde")], ids=lambda words: words[0])
def test_a_hundred_killed_graders(own_folder: Path, module: Module, words: tuple[str, ...]):
    kill_rounds(own_folder, module, words, 100, 8)
