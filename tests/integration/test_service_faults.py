"""The course service killed, full or locked: nothing lost, nothing twice, nothing half accepted, and it says what to do."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.handins import HandIn
from tests.hub_running import COURSE, Hub, until
from tests.integration import service_asking as asking


class Person:
    """Somebody who writes and shares until the service dies, and remembers what was acknowledged."""

    def __init__(self, hub: Hub, module: Module, name: str) -> None:
        self.hub, self.module, self.name = hub, module, name
        self.saved = self.tried = 0
        self.shared: dict[str, Any] = {}
        self.sent: list[HandIn] = []
        asking.share(hub, name, asking.sharing(module, {1: "Before"})).raise_for_status()

    def write(self) -> None:
        """Save one more word, again and again."""
        while True:
            self.tried += 1
            if not self._asked(lambda: asking.save(self.hub, self.name, asking.answer(self.module, 1, f"{'x' * 3000} {self.tried}", times=self.tried))):
                return
            self.saved = self.tried

    def share(self) -> None:
        """Share, again and again, each time anew."""
        while len(self.sent) < 25:
            given = asking.sharing(self.module, {1: f"Shared {len(self.sent)}"})
            self.sent.append(given)
            said = self._asked(lambda given=given: asking.share(self.hub, self.name, given, agree=False))
            if not said:
                return
            self.shared[given.id] = said.json()

    def check(self) -> None:
        """After a restart: what was acknowledged is there, and what was sent again is there once."""
        kept = self.hub.ask(self.name, "GET", f"{COURSE}/api/journal/{self.module.id}").json()["journal"]
        last = int(kept["answers"][0]["text"].split()[-1]) if kept else 0
        assert last in (self.saved, self.tried), (last, self.saved, self.tried)
        for given in self.sent:
            receipt = asking.share(self.hub, self.name, given, agree=False).json()
            assert receipt == self.shared.get(given.id, receipt)
        history = self.hub.ask(self.name, "GET", f"exchange/{COURSE}/submissions/{self.module.name}").json()
        assert [one["id"] for one in history[1:]] == [given.id for given in self.sent]

    @staticmethod
    def _asked(ask: Any) -> requests.Response | None:
        try:
            said = ask()
        except requests.RequestException:
            return None
        assert said.status_code == 200, said.text
        return said


def _round(hub: Hub, course: Course, seed: int) -> None:
    chance = random.Random(seed)
    people = [Person(hub, chance.choice(course.modules), hub.new_learner()) for _ in range(3)]
    threads = [threading.Thread(target=work) for person in people for work in (person.write, person.share)]
    for thread in threads:
        thread.start()
    enough = chance.randint(1, 60)
    until(lambda: sum(person.saved + len(person.shared) for person in people) >= enough, "some saves")
    hub.stop_service(signal.SIGKILL)
    for thread in threads:
        thread.join()
    hub.start_service()
    for person in people:
        person.check()


@pytest.mark.parametrize("seed", range(5))
def test_killed_while_people_save_and_share(hub: Hub, course: Course, seed: int) -> None:
    """kill -9 at any moment; then the same requests again."""
    _round(hub, course, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_killed_a_hundred_times(hub: Hub, course: Course, seed: int) -> None:
    """The same, with other seeds."""
    _round(hub, course, seed)


@pytest.fixture
def small_disk(hub: Hub, tmp_path: Path) -> Iterator[Path]:
    """The service with its store on a file system of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", str(place)], check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield from _with_store(hub, f"sqlite:///{place / 'course.sqlite'}", place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def own_store(hub: Hub, tmp_path: Path) -> Iterator[Path]:
    """The service with a store of this test's own."""
    yield from _with_store(hub, f"sqlite:///{tmp_path / 'course.sqlite'}", tmp_path / "course.sqlite")


def _with_store(hub: Hub, url: str, place: Path) -> Iterator[Path]:
    before = hub.settings_file.read_text("utf-8")
    hub.stop_service()
    hub.write_settings({"store": url, "quotas": {"saves_a_minute": 100_000}})
    hub.start_service()
    try:
        yield place
    finally:
        hub.stop_service()
        hub.settings_file.write_text(before, "utf-8")
        hub.start_service()


def test_a_full_disk_leaves_everything_whole(hub: Hub, course: Course, small_disk: Path, ana: str) -> None:
    """Refused with 507 and a sentence; what was there stays; with room again the same request goes through."""
    module = course.modules[0]
    asking.save(hub, ana, asking.answer(module, 1, "Before")).raise_for_status()
    asking.share(hub, ana, asking.sharing(module, {2: "Before"})).raise_for_status()
    filling = os.open(small_disk / "filling", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(filling, bytes(4096))
    os.close(filling)
    long = asking.answer(module, 1, "y" * 20_000, times=2)
    given = asking.sharing(module, {1: "z" * 20_000, 2: "z" * 19_000})
    for number in range(100):  # a log has a little room left
        said = asking.save(hub, ana, asking.answer(module, 3, f"{number}" * 5000, "other" + str(number)))
        if said.status_code != 200:
            break
    assert (said.status_code, said.json()["reason"]) == (507, "full")
    assert asking.save(hub, ana, long).status_code == 507
    assert asking.share(hub, ana, given, agree=False).status_code == 507
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal/{module.id}").json()["journal"]["answers"][0]["text"] == "Before"
    assert len(hub.ask(ana, "GET", f"exchange/{COURSE}/submissions").json()) == 1
    (small_disk / "filling").unlink()
    assert asking.save(hub, ana, long).status_code == 200
    assert asking.share(hub, ana, given, agree=False).status_code == 200
    with sqlite3.connect(small_disk / "course.sqlite") as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


def test_a_locked_store_is_said_to_be_busy(hub: Hub, course: Course, own_store: Path, ana: str) -> None:
    """Somebody's long backup, say: 503 after a few seconds, and reading goes on meanwhile."""
    asking.save(hub, ana, asking.answer(course.modules[0], 1, "Before")).raise_for_status()
    store = sqlite3.connect(own_store, isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    said = asking.save(hub, ana, asking.answer(course.modules[0], 1, "Meanwhile", times=2))
    assert (said.status_code, said.json()["reason"]) == (503, "busy")
    assert "Before" in hub.ask(ana, "GET", f"{COURSE}/api/journal").text
    store.execute("ROLLBACK")
    store.close()
    assert asking.save(hub, ana, asking.answer(course.modules[0], 1, "Meanwhile", times=2)).status_code == 200


def test_the_store_is_private(own_store: Path, hub: Hub, ana: str) -> None:
    """Its files can be read by nobody else on the machine."""
    hub.ask(ana, "PUT", f"{COURSE}/api/consent", json={"course": True, "quotes": False, "research": False, "seen": asking.SEEN}).raise_for_status()
    assert {oct(path.stat().st_mode & 0o777) for path in own_store.parent.glob("course.sqlite*")} == {"0o600"}
    assert oct((hub.folder / "store").stat().st_mode & 0o777) == "0o700"


def test_a_hub_that_is_away_is_said(hub: Hub, ana: str) -> None:
    """Without the Hub nobody is known: a sentence and no trace, until it is back."""
    hub.token(ana)
    hub.stop_service()
    hub.start_service(JUPYTERHUB_API_URL="http://127.0.0.1:9/hub/api")
    try:
        said = hub.ask(ana, "GET", f"{COURSE}/api/journal")
        assert (said.status_code, said.json()["reason"]) == (503, "away")
    finally:
        hub.stop_service()
        hub.start_service()
    assert hub.ask(ana, "GET", f"{COURSE}/api/journal").status_code == 200


def test_settings_that_cannot_be_used_are_named(hub: Hub, tmp_path: Path) -> None:
    """One line a mistake, and no trace."""
    wrong, running = tmp_path / "settings.json", hub.service
    for text, named in (('{"store": "mysql://x", "book": "b", "courses": {"a": {}}}', "store"), ("[", "cannot be read"), ('{"store": "sqlite:///x", "book": "b"}', "courses")):
        wrong.write_text(text, "utf-8")
        process = hub.start_service(wait=False, PPM_SERVICE_SETTINGS=str(wrong))
        assert process.wait(30) == 1
        hub.service = running
        log = (hub.folder / "service.log").read_text("utf-8")
        assert named in "".join(log.splitlines()[-10:]) and "Traceback" not in log
