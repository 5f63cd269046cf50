"""The feedback page: what stands on it, its policy, its data, and whose word counts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from patient_partner_mentor.cohort.feedback import page
from patient_partner_mentor.cohort.gradebook import Said
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub.comment_data import carried
from tests.cohort_folder import WORDS, command, hand, handed_in, score
from tests.integration.test_plain_words import AVOIDED


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    return course.modules[0]


def read(module: Module, said: dict[int, Said], **answers: object) -> BeautifulSoup:
    given = handed_in(module, {int(key[1:]): value for key, value in answers.items()})
    by_step = {module.step(number).id: one for number, one in said.items()}
    return BeautifulSoup(page(module, given, by_step, datetime(2026, 11, 24, 10)), "html.parser")


def test_each_step_with_question_words_credit_and_comment(module: Module):
    found = read(module, {1: Said(4, "Thank you.\nI read it."), 2: Said(4)}, s1=WORDS, s2={"status": "skipped"}, s3={"status": "written"}, s4="Few words")
    sections = found.select("section")
    assert [one.h2.text for one in sections] == [f"{step.number}. {step.title}" for step in module.steps]
    assert [one.p.text for one in sections] == [step.prompt for step in module.steps]
    assert [one.select_one(".state").text for one in sections] == ["Done", "Done", "Done", "Begun", "Not started"]
    assert sections[0].blockquote.text == WORDS and sections[0].select_one(".comment").text == "Thank you.\nI read it."
    assert "You kept your words" in sections[2].text and "There is no comment" in sections[2].text
    assert "November 24, 2026, 10:00 UTC" in found.text and "1 step" in found.text


@pytest.mark.parametrize(("machine", "human", "state"), [("Few words", 4.0, "Done"), ("Few words", 2.0, "Begun"), (WORDS, 0.0, "Done"), (WORDS, 1.0, "Done"), (WORDS, None, "Done")])
def test_a_human_raises_what_the_learner_reads_and_lowers_nothing(module: Module, machine: str, human: float | None, state: str):
    assert read(module, {1: Said(human)}, s1=machine).select_one(".state").text == state


def test_the_line_to_take_away_stands_at_the_end(module: Module):
    given = handed_in(module, {1: WORDS}, next_step="One line")
    found = BeautifulSoup(page(module, given, {}, None), "html.parser").select("section")
    assert len(found) == 6 and found[-1].blockquote.text == "One line"
    assert len(read(module, {}, s1=WORDS).select("section")) == 5


def test_the_policy_lets_in_its_own_style_alone(module: Module):
    found = read(module, {}, s1=WORDS)
    style = base64.b64encode(hashlib.sha256(found.style.text.encode()).digest()).decode()
    policy = found.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    assert policy == f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    assert found.head.find_all(True).index(found.select_one("meta[http-equiv]")) < found.head.find_all(True).index(found.style)
    assert [one["type"] for one in found.select("script")] == ["application/json"]
    assert not [tag for tag in found.find_all(True) if any(name.startswith("on") or name in ("style", "src", "href") for name in tag.attrs)]


def test_the_comments_stand_there_as_data(module: Module):
    """For the course service, which shows each beside its answer; nothing in a comment ends the element."""
    evil = "Thank you </script><script>alert(1)</script> <!-- & \u2028 ünïcode"
    text = page(module, handed_in(module, {1: WORDS}), {module.steps[0].id: Said(4, evil), module.steps[1].id: Said(None, "  ")}, None)
    data = re.search(r'<script type="application/json" id="ppm-comments">(.*?)</script>', text, re.S)[1]
    assert not re.search("[<>&]", data)
    assert json.loads(data) == {"comments": [{"step": module.steps[0].id, "comment": evil.replace("\u2028", "\ufffd")}], "credits": []}
    assert carried(text.encode()).comments == {module.steps[0].id: evil.replace("\u2028", "\ufffd").encode()}


@pytest.mark.parametrize(
    ("machine", "human", "state"), [("Few words", 4.0, "done"), ("Few words", 2.0, None), ({"status": "open"}, 2.0, "begun"), ({"status": "open"}, 4.0, "done"), (WORDS, 1.0, None), (WORDS, None, None)]
)
def test_what_a_human_raised_stands_there_as_data(module: Module, machine: object, human: float | None, state: str | None):
    """And nothing else does: a step that the check counts as much needs nobody's word."""
    text = page(module, handed_in(module, {1: machine}), {module.steps[0].id: Said(human)}, None)
    assert carried(text.encode()).credits == ({module.steps[0].id: state} if state else {})


def test_the_pages_own_words_are_plain(module: Module):
    found = read(module, {1: Said(4, "x")}, s1="x", s2={"status": "skipped"}, s3={"status": "written"}, s4={"status": "other-way"})
    for one in found.select("h2, .words, script, style"):
        one.decompose()
    for avoided in AVOIDED:
        assert not re.search(rf"(?<![\w-]){avoided}(?![\w-])", found.text, re.I), avoided


def test_nbgraders_own_command_makes_it_of_what_was_graded(own_folder: Path, module: Module):
    """Not of a newer hand-in that nobody has graded yet."""
    hand(own_folder, "ana", module, handed_in(module, {1: "The graded words, and some more of them, for a test."}))
    command(own_folder, "ppm", "grade", module.name)
    score(own_folder, "ana", module.steps[0].id, manual_comment="About those words")
    hand(own_folder, "ana", module, handed_in(module, {1: "Newer words"}), time="2026-11-25 10:00:00.000000 UTC")
    command(own_folder, "nbgrader", "generate_feedback", module.name)
    made = (own_folder / "feedback/ana" / module.name / "module.html").read_text("utf-8")
    assert "The graded words" in made and "About those words" in made and "Newer words" not in made
    assert (own_folder / "feedback/ana" / module.name / "timestamp.txt").read_text("utf-8").startswith("2026-11-24")


def test_a_later_comment_reaches_the_page(own_folder: Path, module: Module):
    """nbgrader skips a page that is there already; ours is made anew when it would say something else, or is half."""
    hand(own_folder, "ana", module, handed_in(module, {1: WORDS}))
    command(own_folder, "ppm", "grade", module.name)
    made = own_folder / "feedback/ana" / module.name / "module.html"
    for number, change in enumerate((lambda: None, lambda: score(own_folder, "ana", module.steps[1].id, manual_comment="Later"), lambda: made.write_bytes(made.read_bytes()[:900]), lambda: made.unlink())):
        change()
        command(own_folder, "nbgrader", "generate_feedback", module.name)
        text = made.read_text("utf-8")
        assert ("Later" in text) is (number > 0) and text.endswith("</html>\n")
    before = made.stat().st_mtime_ns
    command(own_folder, "nbgrader", "generate_feedback", module.name)
    assert made.stat().st_mtime_ns == before
