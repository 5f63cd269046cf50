"""Grading: the same rows as stock nbgrader that runs the cells, a human's word that stays, and what is said of what cannot be graded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from patient_partner_mentor.cohort.batch import grade
from patient_partner_mentor.cohort.folder import open_folder
from patient_partner_mentor.credit.handed_in import credited, plain, shown
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.errors import RecordError
from patient_partner_mentor.handins import read_hand_in
from tests.cohort_folder import STOCK, WORDS, command, copied, hand, handed_in, rows, score

OTHER_WORDS = "My sister keeps the list of pills and calls the clinic for me, and I tell her each week what has changed since then. "


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    return course.modules[1]


def kinds(module: Module) -> dict[str, object]:
    """A hand-in for every reason of the check."""
    first, second = module.steps[:2]
    parts = first.parts or ("",)
    return {
        "all": handed_in(module, {1: WORDS, 2: {"status": "skipped"}, 3: {"status": "written"}, 4: {"status": "other-way"}, 5: OTHER_WORDS}, reply_wanted=first.id, next_step="The line that I take with me"),
        "asked": handed_in(module, {1: "Too few words", 2: second.prompt, 3: WORDS, 4: WORDS, 5: {"status": "open"}}),
        "answered": handed_in(
            module,
            {
                1: {"status": "written", "share": True, "text": "Too few words", "enough": True},
                2: {"status": "written", "share": True, "text": second.prompt, "again": True},
                3: WORDS,
                4: {"status": "written", "share": True, "text": WORDS, "again": True},
                5: {"status": "written", "share": True, "text": "Two words", "lighter": True, "prompt": "A lighter one?"},
            },
        ),
        "spanish": handed_in(module, {1: {"status": "written", "share": True, "text": "Pocas palabras", "language": "es-MX"}, 2: "x"}),
        "nothing": handed_in(module, {}),
        "strange": handed_in(
            module,
            {
                1: "<script>alert(1)</script> \x1b[31mred\x1b[0m \r\n back\b and $x$ `c` [a](javascript:b) " + "\u202eturned",
                2: "\n".join([parts[0], "line"] * 50),
                3: "1.0",
                4: "\u2028\u2029 ünïcode \U0001f600 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
            },
        ),
    }


def test_stock_nbgrader_that_runs_the_cells_finds_the_same(own_folder: Path, cohort_folder: Path, tmp_path: Path, module: Module):
    """Rows of the gradebook and outputs of the cells, three ways: stock, nbgrader with our settings, 'ppm grade'."""
    stock, ours = copied(cohort_folder, tmp_path / "stock"), copied(cohort_folder, tmp_path / "ours")
    (stock / "nbgrader_config.py").write_text(STOCK, "utf-8")
    for place in (stock, ours, own_folder):
        for learner, given in kinds(module).items():
            hand(place, learner, module, given)
    command(stock, "nbgrader", "autograde", module.name)
    command(ours, "nbgrader", "autograde", module.name)
    assert "6 graded, 0 as they were, 0 not graded" in command(own_folder, "ppm", "grade", module.name).stdout
    assert rows(stock) == rows(ours) == rows(own_folder)
    credit = {(row[0], row[2]): row[3] for row in rows(stock)["grades"] if row[3] is not None}
    ids = [step.id for step in module.steps]
    assert [credit["all", one] for one in ids] == [4, 4, 4, 4, 4]
    assert [credit["asked", one] for one in ids] == [1, 0, 4, 0, 0]
    assert [credit["answered", one] for one in ids] == [4, 4, 4, 4, 4]
    assert [credit["spanish", one] for one in ids] == [4, 1, 0, 0, 0]
    assert [credit["nothing", one] for one in ids] == [0, 0, 0, 0, 0]
    for learner in kinds(module):
        copies = [nbformat.read(place / "autograded" / learner / module.name / "module.ipynb", as_version=4) for place in (stock, ours, own_folder)]
        for copy in copies:
            nbformat.validate(copy)
        said = [[(cell.source, [printed(one) for one in cell.get("outputs", [])]) for cell in copy.cells] for copy in copies]
        assert said[0] == said[1] == said[2], learner
        assert (said[0][-1][1] == ["The line that I take with me\n"]) is (learner == "all")


def printed(output: nbformat.NotebookNode) -> object:
    return output.text if output.output_type == "stream" else (output.output_type, output.data["text/plain"])


def test_the_copy_holds_the_hand_in_and_nothing_else(own_folder: Path, module: Module):
    """The released cells, the shared words as plain text, one number a step; of the hand-in's file the known fields."""
    given = json.loads(handed_in(module, {1: "<b>Words</b> of mine that are some more, for a test."}, reply_wanted=module.steps[0].id).model_dump_json(exclude_none=True))
    place = hand(own_folder, "ana", module, json.dumps(given | {"evil": "field"}).encode())
    (place / "module.ipynb").write_text("no notebook at all", "utf-8")
    command(own_folder, "ppm", "grade", module.name)
    copy = own_folder / "autograded/ana" / module.name
    assert {path.name for path in copy.iterdir()} == {"module.ipynb", "reflections.json", "timestamp.txt"}
    assert {oct(path.stat().st_mode & 0o777) for path in copy.iterdir()} == {"0o444"}
    assert json.loads((copy / "reflections.json").read_text("utf-8")) == given
    notebook, released = (nbformat.read(folder / "module.ipynb", as_version=4) for folder in (copy, own_folder / "release" / module.name))
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in released.cells]
    first = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    assert [one.output_type for one in first.outputs] == ["stream", "execute_result"]
    words = "<b>Words</b> of mine that are some more, for a test."
    assert first.outputs[0].text == f"Done.\nThey would like a reply to this one.\n\nThe question: {module.steps[0].prompt}\n\n{words}\n"


def test_a_question_that_changed_stands_beside_the_one_that_was_answered(module: Module):
    """The question is always there; where the course asks another by now, both are."""
    given = json.loads(handed_in(module, {1: WORDS}).model_dump_json(exclude_none=True))
    given["answers"][0] |= {"prompt": "What was asked in spring?", "prompt_hash": "0" * 16}
    found = shown(credited(module, read_hand_in(given))[0])
    assert f"The question: What was asked in spring?\nIt was changed since then. It is now: {module.steps[0].prompt}\n\n{WORDS}" in found


@pytest.mark.parametrize("again", [("ppm", "grade", "--again"), ("nbgrader", "autograde", "--force")])
def test_grading_again_never_touches_a_humans_word(own_folder: Path, module: Module, again: tuple[str, ...]):
    """Score and comment stay; the cell that a human scored is marked for another look."""
    hand(own_folder, "ana", module, handed_in(module, {1: "Few words", 2: WORDS}))
    command(own_folder, "ppm", "grade", module.name)
    one, two = module.steps[0].id, module.steps[1].id
    score(own_folder, "ana", one, manual_score=4, needs_manual_grade=False)
    score(own_folder, "ana", two, manual_comment="Thank you for this.")
    hand(own_folder, "ana", module, handed_in(module, {1: "Other words", 2: "Now few"}, id="fedcba9876543210"), time="2026-11-25 10:00:00.000000 UTC")
    command(own_folder, *again[:2], module.name, *again[2:])
    found = {row[2]: row[3:] for row in rows(own_folder)["grades"]}
    assert found[one] == (1.0, 4.0, None, 1)
    assert found[two] == (1.0, None, None, 0)
    assert ("ana", f"comment_{two}", None, "Thank you for this.") in rows(own_folder)["comments"]
    assert rows(own_folder)["submissions"][0][2] == "2026-11-25 10:00:00.000000"


def test_only_what_is_new_is_graded(own_folder: Path, module: Module):
    """A newer hand-in is; what was graded is left as it was, and found again if its copy or its rows are gone."""
    for learner in ("ana", "ben"):
        hand(own_folder, learner, module, handed_in(module, {1: WORDS}))
    folder = open_folder(own_folder)
    counts = lambda: (lambda r: (r.graded, r.unchanged, r.problems))(grade(folder, module.name))  # noqa: E731
    assert counts() == (2, 0, [])
    assert counts() == (0, 2, [])
    hand(own_folder, "ben", module, handed_in(module, {1: "Now few"}), time="2026-11-25 10:00:00.000000 UTC")
    assert counts() == (1, 1, [])
    copy = own_folder / "autograded/ana" / module.name
    (copy / "module.ipynb").unlink()
    assert counts() == (1, 1, [])
    assert (copy / "module.ipynb").is_file()


def test_one_that_is_broken_does_not_stop_the_rest(own_folder: Path, module: Module):
    """It is named with its reason in one line, none of its words, and the exit code says so; both commands alike."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    hand(own_folder, "ben", module, b'{"secret words": ')
    hand(own_folder, "cleo", module, handed_in(module, {1: WORDS}))
    said = command(own_folder, "ppm", "grade", module.name, ok=False)
    assert said.stdout == f"{module.name}: 2 graded, 0 as they were, 1 not graded.\n"
    assert said.stderr.startswith(f"ben, {module.name}: This hand-in is not JSON.") and said.stderr.count("\n") == 1
    before = rows(own_folder)
    assert [row[0] for row in before["students"]] == ["ana", "cleo"]
    again = command(own_folder, "nbgrader", "autograde", module.name, "--force", ok=False)
    assert again.stderr.count("ben") == 1 and "Traceback" not in again.stderr and "secret" not in again.stderr
    assert rows(own_folder) == before


def test_one_learner_and_names_that_are_not_there(own_folder: Path, module: Module):
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    hand(own_folder, "ben", module, handed_in(module, {1: WORDS}))
    assert ": 1 graded" in command(own_folder, "ppm", "grade", module.name, "--learner", "ben").stdout
    assert "dora, 2-embrace-learnings: there is no hand-in here" in command(own_folder, "ppm", "grade", module.name, "--learner", "dora", ok=False).stderr
    assert "There is no assignment '9-x'" in command(own_folder, "ppm", "grade", "9-x", ok=False).stderr


def test_a_release_that_is_not_the_gradebooks_is_refused(own_folder: Path, module: Module):
    """Nobody's graded copy is made of a notebook that was changed on the way."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    released = own_folder / "release" / module.name / "module.ipynb"
    released.write_text(released.read_text("utf-8").replace(".step(1)", ".step(2)"), "utf-8")
    for words in (("ppm", "grade"), ("nbgrader", "autograde")):
        said = command(own_folder, *words, module.name, ok=False).stderr
        assert said.count("is not the one that the gradebook knows. Grade again after this command: ") == 1 and f"ppm assignments {module.name}" in said and "Traceback" not in said


def test_a_hand_in_of_another_module_gets_no_credit(course: Course):
    with pytest.raises(RecordError, match="of another module"):
        credited(course.modules[0], handed_in(course.modules[1], {1: WORDS}))


def test_what_is_shown_steers_nothing(module: Module):
    """No control character survives but tab and line feed, and none that turns the direction of text."""
    found = shown(credited(module, handed_in(module, {1: "a\x1b]0;title\x07b\x00c\x9bd\u202ee\tf\r\ng"}))[0])
    assert found.endswith("a\ufffd]0;title\ufffdb\ufffdc\ufffdd\ufffde\tf\ng")
    assert plain("\r\r\n\u2066") == "\n\n\ufffd"


def test_the_formgraders_button(own_folder: Path, module: Module):
    """nbgrader's own API, in a process that goes on: it says what it did in one line, and leaves the folder free for others."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    hand(own_folder, "ben", module, b"{")
    program = (
        "import subprocess, sys; from traitlets.config import Config; from nbgrader.apps import NbGraderAPI\n"
        "from patient_partner_mentor.cohort import configure\n"
        f"c = Config(); configure(c, course='ppm-trial', folder='.'); api = NbGraderAPI(config=c)\n"
        f"print([api.autograde({module.name!r}, who)['success'] for who in ('ana', 'ben')])\n"
        f"said = api.autograde({module.name!r}, 'ben'); print([line for line in said['log'].splitlines() if 'ben' in line], 'Traceback' in said['log'])\n"
        f"again = subprocess.run([sys.executable, '-m', 'patient_partner_mentor.cli', 'grade', {module.name!r}, '--learner', 'ana', '--again'], capture_output=True, text=True, timeout=200)\n"
        "print(again.returncode, again.stdout, again.stderr)\n"
        f"print(api.generate_feedback({module.name!r}, 'ana')['success'])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=own_folder, capture_output=True, text=True, timeout=300, check=True)
    first, second, third, _, last = done.stdout.splitlines()
    assert first == "[True, False]"
    assert "ben, 2-embrace-learnings: This hand-in is not JSON" in second and second.endswith("False")
    assert third == f"0 {module.name}: 1 graded, 0 as they were, 0 not graded."
    assert last == "True"
