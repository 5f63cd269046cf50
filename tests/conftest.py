"""Fixtures for all tests: the real course, built once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from patient_partner_mentor.curriculum import Course, load_course
from patient_partner_mentor.publish.build import build, html_folder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def course() -> Course:
    """The real curriculum, as module.yml holds it."""
    return load_course(ROOT)


@pytest.fixture(scope="session")
def outline() -> dict:
    """The author's outline worked out: what the built pages are compared with."""
    return yaml.safe_load((ROOT / "tests/data/curriculum.yml").read_text("utf-8"))


@pytest.fixture(scope="session")
def book(root: Path) -> Path:
    """The built book."""
    build(root)
    return root / "_build" / "html"


@pytest.fixture(scope="session")
def cohort_book(root: Path) -> Path:
    """The built book of a cohort."""
    build(root, mode="cohort")
    return html_folder(root, "cohort")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow round may take half an hour."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(1800))
