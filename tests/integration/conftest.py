"""Fixtures of the integration tests: one real Hub with the course service, for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cohort_folder import command, configured, copied
from tests.hub_running import Hub, running_hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with the course service and a small book; whoever changes data takes people of their own, or erases them."""
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, {"quotas": {"saves_a_minute": 100_000}}) as running:
        yield running


@pytest.fixture
def ana(hub: Hub) -> str:
    """A learner of the course, of whom the service holds nothing yet."""
    return hub.new_learner()


@pytest.fixture
def ben(hub: Hub) -> str:
    """Another learner of the course."""
    return hub.new_learner()


@pytest.fixture(scope="session")
def cohort_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A facilitators' folder with all assignments made; tests that change anything take a copy, ``own_folder``."""
    folder = configured(tmp_path_factory.mktemp("cohort") / "made")
    command(folder, "ppm", "assignments")
    return folder


@pytest.fixture
def own_folder(cohort_folder: Path, tmp_path: Path) -> Path:
    """A facilitators' folder of the test's own."""
    return copied(cohort_folder, tmp_path / "folder")
