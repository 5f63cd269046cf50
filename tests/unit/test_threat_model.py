"""The page of threats and the tests that it names are held together."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
# Files that are about somebody who means harm, or about words that have to be kept apart: each holds a line of the page.
ABOUT_HARM = (
    "test_service_between_learners", "test_between_courses", "test_between_system_accounts", "test_account_is_a_person", "test_service_flood",
    "test_hostile_hand_ins", "test_hostile_text", "test_worst_hand_ins", "test_guesses", "test_behind_tls", "test_formgrader_doors", "test_first_links",
    "test_linear", "test_locks",
)  # fmt: skip


def lines() -> list[list[str]]:
    """The rows of the first table, without its head."""
    table = PAGE.split("## What is left")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@cache
def names_of(path: Path) -> frozenset[str]:
    """The tests of a file."""
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


@pytest.mark.parametrize("line", lines(), ids=lambda line: line[0])
def test_each_line_has_tests_that_are_there(line: list[str]) -> None:
    """A line without a test is a promise; a test that has gone leaves one."""
    assert len(line) == 3
    named = re.findall(r"`([^`]+)`", line[2])
    assert named
    for one in named:
        path, _, name = one.partition("::")
        assert (ROOT / path).is_file() and name in names_of(ROOT / path), one


@pytest.mark.parametrize("name", ABOUT_HARM)
def test_each_file_about_harm_has_its_line(name: str) -> None:
    """Nothing that is guarded is left out of the page."""
    assert f"/{name}.py::" in PAGE.split("## What is left")[0]


def test_what_is_left_falls_to_somebody() -> None:
    """Each line of the second table says whose it is."""
    rows = [line.strip("|").split("|") for line in PAGE.split("## What is left")[1].splitlines() if line.startswith("|")][2:]
    assert rows and all(len(row) == 2 and row[1].strip() for row in rows)
