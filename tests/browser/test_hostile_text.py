"""Hostile text as answers, comments and learners' names: none of it runs in the formgrader or on a feedback page."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page

from patient_partner_mentor.cohort.feedback import page as feedback_page
from patient_partner_mentor.cohort.gradebook import Said
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub.comment_data import carried
from tests.cohort_folder import command, configured, hand, handed_in, rows, score
from tests.hostile_texts import names, texts
from tests.hub_running import free_port, stop, until

from .conftest import Visitor
from .looking import AXE, RULES, RUN_AXE, UNDECIDED

AN_ANSWER = 10  # texts that stand in one answer, so that few pages hold them all
A_HAND_IN = 5  # answers of one
NAMES = 12
RAN = "() => [window.xss ?? 0, ...[...document.querySelectorAll('iframe')].map((f) => { try { return f.contentWindow.xss ?? 0 } catch { return 0 } })]"
# What an answer may never become: an element of its own in the page.
ALIVE = "() => [...document.querySelectorAll('main *, #notebook *, #main-table *')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value)) || ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'VIDEO', 'AUDIO', 'MARQUEE'].includes(e.tagName)).map((e) => e.outerHTML.slice(0, 100))"


@dataclass(frozen=True)
class Formgrader:
    """A running formgrader of a course's folder."""

    address: str
    token: str
    folder: Path

    def ask(self, path: str) -> requests.Response:
        return requests.get(self.address + path, headers={"Authorization": f"token {self.token}"}, timeout=60)


@pytest.fixture(scope="module")
def module(course: Course) -> Module:
    return course.modules[0]


@pytest.fixture(scope="module")
def graded(module: Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All hostile texts in hand-ins and as comments, and learners with hostile names; graded, with feedback pages."""
    folder = configured(tmp_path_factory.mktemp("hostile") / "folder")
    command(folder, "ppm", "assignments", module.name)
    every = answers()
    learners = [f"learner{number:02}" for number in range(0, -(-len(every) // A_HAND_IN))]
    for number, learner in enumerate(learners):
        mine = every[number * A_HAND_IN : (number + 1) * A_HAND_IN]
        hand(folder, learner, module, handed_in(module, dict(enumerate(mine, 1))))
    for name in names()[:NAMES]:
        hand(folder, name, module, handed_in(module, {1: every[0]}))
    command(folder, "ppm", "grade", module.name)
    with sqlite3.connect(folder / "gradebook.db") as database:  # as a roster would bring them
        for learner, first, last in zip(learners, names(), reversed(names()), strict=False):
            database.execute("update student set first_name = ?, last_name = ? where id = ?", (first, last, learner))
    database.close()
    for number, learner in enumerate(learners):
        for step, words in zip(module.steps, every[number * A_HAND_IN : (number + 1) * A_HAND_IN], strict=False):
            score(folder, learner, step.id, manual_comment=words)
    command(folder, "nbgrader", "generate_feedback", module.name)
    return folder


@pytest.fixture(scope="module")
def formgrader(graded: Path) -> Iterator[Formgrader]:
    """nbgrader's formgrader in a Jupyter server of its own, on loopback."""
    port, token = free_port(), "0123456789abcdef" * 2
    settings = {"ServerApp": {"jpserver_extensions": {"nbgrader.server_extensions.formgrader": True}}}
    (graded / ".jupyter").mkdir(exist_ok=True)
    (graded / ".jupyter/jupyter_server_config.json").write_text(json.dumps(settings), "utf-8")
    own = {**os.environ, "HOME": str(graded), "JUPYTER_CONFIG_DIR": str(graded / ".jupyter"), "JUPYTER_NO_CONFIG": "", "JUPYTER_RUNTIME_DIR": str(graded / ".runtime")}
    words = [sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={graded}", "--allow-root"]
    with (graded / "server.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=graded, env=own, stdout=log, stderr=log, start_new_session=True)
    found = Formgrader(f"http://127.0.0.1:{port}/", token, graded)

    def ready() -> bool:
        assert process.poll() is None, (graded / "server.log").read_text("utf-8")[-3000:]
        try:
            return found.ask("formgrader/api/assignments").ok
        except requests.RequestException:
            return False

    try:
        until(ready, f"the formgrader; see {graded / 'server.log'}", 120)
        yield found
    finally:
        stop(process, signal.SIGTERM)


@pytest.fixture
def watched(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and the dialogs that it opened; it asks no other host for anything."""
    context = browser.new_context(service_workers="block")
    page, dialogs, foreign, errors = context.new_page(), [], [], []
    page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
    page.on("request", lambda one: foreign.append(one.url) if not one.url.startswith(("http://127.0.0.1", "data:", "file:")) else None)
    page.on("pageerror", lambda one: errors.append(str(one)))
    yield page, dialogs
    assert (foreign, errors) == ([], [])
    context.close()


def answers() -> list[str]:
    """All hostile texts, some in each answer."""
    every = texts()
    return ["\n\n".join(every[start : start + AN_ANSWER]) for start in range(0, len(every), AN_ANSWER)]


def quiet(page: Page, dialogs: list[str]) -> None:
    """Fail if anything ran, or could."""
    page.evaluate("() => { for (const e of document.querySelectorAll('main *, #notebook *, #main-table *')) { e.dispatchEvent(new Event('focus')); e.dispatchEvent(new Event('toggle')); } }")
    assert page.evaluate(RAN) == [0], page.url
    assert not dialogs
    assert page.evaluate(ALIVE) == [], page.url


def test_there_are_enough_of_them():
    assert len(texts()) >= 200 and len(names()) >= NAMES


def test_none_runs_in_the_formgrader(formgrader: Formgrader, module: Module, watched: tuple[Page, list[str]]):
    """Every submission's page, as a facilitator reads it; all of them one after the other in one window."""
    page, dialogs = watched
    page.goto(f"{formgrader.address}formgrader/manage_assignments?token={formgrader.token}")
    assert formgrader.token not in page.locator("body").inner_text()
    found = formgrader.ask(f"formgrader/api/submitted_notebooks/{module.name}/module").json()
    assert len(found) == -(-len(answers()) // A_HAND_IN) + NAMES
    read = ""
    for one in found:
        page.goto(f"{formgrader.address}formgrader/submissions/{one['id']}/", wait_until="domcontentloaded")
        quiet(page, dialogs)
        read += page.locator("#notebook").first.inner_text()
    shown = [re.sub(r"\s+", "", text) for text in texts() if not re.search(r"[\x00-\x1f]", text)]
    read = re.sub(r"\s+", "", read)
    assert [text for text in shown if text not in read] == []  # they are there, as the text that they are


@pytest.mark.parametrize("width", [1280, 375])
def test_an_answer_wraps_beside_its_question(formgrader: Formgrader, module: Module, watched: tuple[Page, list[str]], width: int):
    """However long a line or a word is, nobody scrolls sideways for it; the keyboard reaches it, and each line runs its own way."""
    page, _ = watched
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{formgrader.address}formgrader/manage_assignments?token={formgrader.token}")
    one = formgrader.ask(f"formgrader/api/submitted_notebooks/{module.name}/module").json()[0]
    page.goto(f"{formgrader.address}formgrader/submissions/{one['id']}/", wait_until="domcontentloaded")
    answer = page.locator(".output_stdout pre").first
    assert f"The question: {module.steps[0].prompt}" in answer.inner_text()
    assert answer.get_attribute("tabindex") == "0" and answer.get_attribute("aria-label") == "Question and answer"
    for words in ("https://example.org/" + "x" * 3000, "One line that goes on and on. " * 200, "سطر طويل من الكلام. " * 200):
        answer.evaluate("(box, words) => { box.textContent = 'Done.\\n\\n' + words; }", words)
        assert answer.evaluate("(box) => [box, ...(function* up() { for (let e = box; e !== document.body; e = e.parentElement) yield e; })()].every((e) => e.scrollWidth <= e.clientWidth + 1)"), words[:20]
        assert answer.evaluate("(box) => box.getBoundingClientRect().right <= innerWidth"), words[:20]
    starts = "(box) => { const range = document.createRange(), text = box.firstChild; range.setStart(text, 7); range.setEnd(text, 8); return range.getBoundingClientRect().left - box.getBoundingClientRect().left; }"
    assert answer.evaluate(starts) > answer.evaluate("(box) => box.clientWidth / 2")  # the Arabic line begins at the right


@pytest.mark.parametrize("path", ["manage_students", "manage_submissions/{assignment}", "gradebook/{assignment}/module"])
def test_none_runs_as_a_learners_name(formgrader: Formgrader, module: Module, watched: tuple[Page, list[str]], path: str):
    """The formgrader's lists, where the names of learners stand."""
    page, dialogs = watched
    page.goto(f"{formgrader.address}formgrader/manage_assignments?token={formgrader.token}")
    page.goto(f"{formgrader.address}formgrader/{path.format(assignment=module.name)}")
    page.wait_for_function("() => document.querySelectorAll('#main-table tr').length > 5")
    quiet(page, dialogs)


def test_none_runs_on_a_feedback_page(graded: Path, module: Module, watched: tuple[Page, list[str]]):
    """Every page that nbgrader made; as answers and as comments the texts stand there, and in the data, as they are."""
    page, dialogs = watched
    shown = 0
    for path in sorted(graded.glob(f"feedback/*/{module.name}/module.html")):
        page.goto(path.as_uri())
        quiet(page, dialogs)
        data = carried(path.read_bytes()).comments
        assert page.locator(".comment").count() == len(data)
        shown += len(data)
    assert shown == len(answers())
    comments = {row[3] for row in rows(graded)["comments"] if row[3]}
    assert comments == set(answers())


def test_the_feedback_page_is_accessible(browser: Browser, module: Module, tmp_path: Path):
    """WCAG 2.2 AA by axe, in light and dark, wide and narrow; one h1; nothing is blocked by the page's own policy."""
    given = handed_in(module, {1: "Words of mine, " * 30, 2: {"status": "skipped"}, 3: {"status": "written"}, 4: "Few"})
    file = tmp_path / "module.html"
    file.write_text(feedback_page(module, given, {module.steps[0].id: Said(4, "Thank you.\n\nI read this twice."), module.steps[3].id: Said(2, None)}, None), "utf-8")
    for scheme, width in (("light", 1280), ("dark", 320)):
        visitor = Visitor(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}), "file:")
        page = visitor.context.new_page()
        page.goto(file.as_uri())
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ("rgb(251, 248, 243)" if scheme == "light" else "rgb(18, 25, 26)")
        assert page.locator("h1").count() == page.locator("main").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.evaluate(AXE)
        assert page.evaluate(RUN_AXE, [RULES, [list(one[:2]) for one in UNDECIDED]]) == []
        visitor.check()
        visitor.context.close()
