"""``ppm check``: a line in, a line out; a broken line does not stop the rest, and no error holds any of the words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from patient_partner_mentor.credit import language
from patient_partner_mentor.credit.lines import check_lines
from patient_partner_mentor.credit.lists import languages
from patient_partner_mentor.credit.rules import RULES
from patient_partner_mentor.curriculum import load_course
from patient_partner_mentor.interface import text

CANARY = "canary-7f3-private-words"
GOOD = {"id": "a", "module": "1-patient-partner", "step": 2, "text": "Last week I asked my neighbor for a ride, and I felt relieved.", "status": "written", "language": "en"}


@pytest.fixture(scope="module")
def answers(root: Path):
    """Run the check on lines of data or of text."""
    course = load_course(root)
    return lambda *lines: list(check_lines([one if isinstance(one, str) else json.dumps(one) for one in lines], course))


def test_a_line_is_answered_as_the_issue_says(answers):
    [found] = answers(GOOD)
    assert found == {"id": "a", "state": "done", "points": 4, "elements": ["happened", "meant"], "language": "en", "message": "Done."}


def test_the_learners_words_and_earlier_answers_count(answers):
    few, again = GOOD | {"text": "I plan."}, GOOD | {"text": GOOD["text"], "earlier": [GOOD["text"]]}
    assert [a["state"] for a in answers(few, few | {"enough": True}, few | {"lighter": True}, again, again | {"again": True})] == ["begun", "done", "done", "open", "done"]


def test_the_labels_of_parts_are_no_words_of_the_learner(answers, root):
    step = load_course(root).modules[0].steps[0]
    labelled = "\n\n".join(f"{label}\nAna" for label in step.parts)
    [found] = answers(GOOD | {"step": 1, "text": labelled})
    assert (found["state"], found["message"]) == ("begun", text("credit.short"))


def test_the_prompt_of_the_step_is_what_a_copy_is_held_to(answers, root):
    prompt = load_course(root).modules[0].steps[1].prompt
    assert answers(GOOD | {"text": prompt})[0]["state"] == "open"
    assert answers(GOOD | {"step": 3, "text": prompt})[0]["state"] == "done"


BROKEN = {
    "no JSON": CANARY,
    "a list": f'["{CANARY}"]',
    "nested without end": "[" * 100_000,
    "an unknown field": GOOD | {"mood": CANARY},
    "a text that is a number": GOOD | {"text": 7},
    "a step that is a text": GOOD | {"step": "2", "text": CANARY},
    "a step that is not there": GOOD | {"step": 9, "text": CANARY},
    "a module that is not there": GOOD | {"module": "9-nowhere", "text": CANARY},
    "a status that is not known": GOOD | {"status": "shiny", "text": CANARY},
    "no module": {"id": "a", "text": CANARY},
    "too long": GOOD | {"text": CANARY * 2000},
    "an id that is a list": GOOD | {"id": [CANARY]},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_gets_an_error_and_the_rest_goes_on(answers, name):
    first, second = answers(BROKEN[name], GOOD)
    assert set(first) == {"id", "error"} and "Line 1" in first["error"]
    assert CANARY not in json.dumps(first)
    assert second["state"] == "done"


def test_a_language_is_found_where_none_is_given(answers):
    czech = "Včera jsem šla k lékaři a nerozuměla jsem tomu, co mi říkal o mých lécích."
    found = answers({k: v for k, v in GOOD.items() if k != "language"}, {"id": "b", "module": GOOD["module"], "step": 2, "text": czech})
    assert [a["language"] for a in found] == ["en", "cs"]
    assert found[1]["state"] == "done" and found[1]["elements"] == [] and found[1]["message"] == text("credit.language")


def test_a_missing_library_keeps_noticing_silent():
    program = "import sys; sys.modules['py3langid'] = None; sys.modules['py3langid.langid'] = None; from patient_partner_mentor.credit.language import find; print(find('I asked.'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == language.UNKNOWN and done.stderr == ""


def test_the_languages_of_the_rules_are_those_with_word_lists():
    assert set(RULES.languages) == languages()


def test_the_command_opens_no_socket_and_says_nothing_on_stderr(root, tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join([json.dumps(GOOD | {"language": None}), "", "broken", json.dumps(GOOD)]), "utf-8")
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        "from patient_partner_mentor.cli import main\n"
        f"sys.exit(main(['--root', {str(root)!r}, 'check', {str(file)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a.get("state", "error") for a in found] == ["done", "error", "done"]


def test_the_check_imports_nothing_of_jupyter():
    program = "import sys; import patient_partner_mentor.credit.lines; print([m for m in sys.modules if m.split('.')[0] in ('IPython', 'ipywidgets', 'anywidget', 'traitlets', 'sphinx', 'tornado')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
