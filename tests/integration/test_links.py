"""The link check against a real server: what answers gets today's date, what does not keeps the one that it had."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from tornado.web import Application, RequestHandler

from patient_partner_mentor import cards
from patient_partner_mentor.curriculum import load_course, load_link_checks
from patient_partner_mentor.publish import links
from tests.serving import running


class Answering(RequestHandler):
    """Answers with the status that its address names."""

    def get(self, status: str) -> None:
        """Answer."""
        self.set_status(int(status))


def test_what_answers_and_what_does_not():
    app = Application([(r"/(\d+)", Answering)], log_function=lambda handler: None)
    with running(app) as address:
        found = links.ask_all([f"{address}/{n}" for n in (200, 403, 404, 500, 999)] + ["http://127.0.0.1:1/", "nonsense"])
    problems = {url.removeprefix(address): problem for url, problem in found.items()}
    assert problems["/200"] == problems["/403"] == problems["/999"] == ""
    assert problems["/404"] == "answered 404" and problems["/500"] == "answered 500"
    assert "is there a network?" in problems["http://127.0.0.1:1/"] and problems["nonsense"]


def test_dates_are_written_where_an_address_answered(root: Path, tmp_path: Path):
    shutil.copytree(root / "notebooks", tmp_path / "notebooks")
    course = load_course(tmp_path)
    module = course.modules[0]
    urls = links.addresses(module)
    everything = {url: "" for m in course.modules for url in links.addresses(m)}
    links.write(tmp_path, course, everything, date(2026, 5, 1))
    links.write(tmp_path, course, everything | {urls[0]: "answered 404"}, date(2026, 6, 2))
    dates = load_link_checks(tmp_path / "notebooks" / module.name)
    assert dates[urls[0]] == date(2026, 5, 1) and dates[urls[1]] == date(2026, 6, 2)
    assert "Link last checked on May 1, 2026." in cards.resources(module, module.step(1), dates)
    assert "Link last checked on June 2, 2026." in cards.resources(module, module.step(2), dates)
    assert "not yet checked" in cards.resources(module, module.step(2), {})
