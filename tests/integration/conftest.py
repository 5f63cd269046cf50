"""Fixtures of the integration tests: one real Hub with the course service, for all of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from patient_partner_mentor.cohort.settings import database_address
from patient_partner_mentor.hub.store import Store
from patient_partner_mentor.hub.tables import metadata
from tests.attacked_hub import attacked_hub
from tests.cohort_folder import command, configured, copied
from tests.find_postgres import running_postgres
from tests.hub_running import Hub, running_hub
from tools.attack.target import Target


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with the course service and a small book; whoever changes data takes people of their own, or erases them."""
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, {"quotas": {"saves_a_minute": 100_000}}) as running:
        yield running


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A Hub as an operator sets it up, to be attacked, with its store in a file."""
    with attacked_hub(tmp_path_factory.mktemp("attacked")) as target:
        yield target


@pytest.fixture(scope="session")
def postgres() -> Iterator[str | None]:
    """The address of a PostgreSQL, or nothing; whoever uses it empties its tables first."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)) as address:
            yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store's address, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'course.sqlite'}"
    found = request.getfixturevalue("postgres")
    if not found:
        pytest.skip("there is no PostgreSQL here, and apt cannot install it")
    return database_address(found)


@pytest.fixture
def stores(url: str) -> Iterator[list[Store]]:
    """Two replicas' stores at one address, emptied."""
    both = [Store(url), Store(url)]
    with both[0].engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield both
    for one in both:
        one.close()


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
