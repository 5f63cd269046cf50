"""The progress bar: at a terminal, and nowhere else; the things come through as they are."""

from __future__ import annotations

import ast
import io
from pathlib import Path

from patient_partner_mentor.cohort.progress import progress

SOURCE = Path(__file__).parent.parent.parent / "src" / "patient_partner_mentor"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_many_are_done(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(progress(["a", "b"], "hand-ins")) == ["a", "b"]
    drawn = terminal.getvalue()
    assert drawn.index("hand-ins") < drawn.index("0/2") < drawn.index("2/2")


def test_a_file_gets_nothing(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    assert list(progress(range(3), "hand-ins")) == [0, 1, 2]
    assert file.getvalue() == ""


def test_nbgrader_is_imported_in_cohort_alone():
    for path in SOURCE.rglob("*.py"):
        names = [name for node in ast.walk(ast.parse(path.read_text("utf-8"))) for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])]
        assert path.parent.name == "cohort" or not any(name.split(".")[0] == "nbgrader" for name in names), path
