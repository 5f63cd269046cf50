"""The real thing of 'make cohort' for tests: ``with running_cohort(folder) as cohort``, on a free port, in a folder of its own.

::

    with running_cohort(tmp_path / "cohort") as cohort:
        cohort.url                      # http://127.0.0.1:PORT/
        cohort.passwords["ana"]         # learners ana, ben, cleo; facilitator fay
        cohort.course_folder            # nbgrader's course folder; cohort.run("ppm", "collect", ...) works in it
        cohort.sign_in(page, "ana")     # a Playwright page, signed in and in the course
        cohort.kill("service")          # kill -9 of: cohort, hub, proxy, service, formgrader
        cohort.back("service")          # wait until the Hub has started it again
        cohort.restart()                # stop (or clean up after a kill) and start again, with the same folder and port
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.hub_running import ROOT, free_port, until

COURSE = "ppm-trial"
LEARNERS, FACILITATOR = ("ana", "ben", "cleo"), "fay"
START_SECONDS = 300  # with the book to build, on a busy machine
STOP_SECONDS = 40
PARTS = {"hub": "jupyterhub", "proxy": "configurable-http-proxy", "service": "patient_partner_mentor.hub.course_service", "formgrader": "patient_partner_mentor.hub.formgrader"}


class Cohort:
    """A running trial.

    :param folder: what the trial keeps
    """

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.course_url = f"{self.url}services/course/{COURSE}/"
        self.formgrader_url = f"{self.url}services/{COURSE}/formgrader"
        self.course_folder = folder / "course"
        self.process: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, float] = {}

    @property
    def said(self) -> str:
        """What ``ppm cohort`` has printed since it was started."""
        return (self.folder.parent / f"{self.folder.name}.said").read_text("utf-8")

    @property
    def passwords(self) -> dict[str, str]:
        """The trial's accounts with their passwords."""
        return dict(json.loads((self.folder / "trial.json").read_text("utf-8"))["passwords"])

    def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(self.root), "cohort", "--port", str(self.port), "--folder", str(self.folder)]
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.said").open("wb") as said:
            self.process = subprocess.Popen(command, cwd=self.root, stdout=said, stderr=said, stdin=subprocess.DEVNULL, start_new_session=True)
        until(lambda: self._alive() and "Ctrl+C" in self.said, "the trial to be ready", START_SECONDS)
        self.processes()

    def _alive(self) -> bool:
        assert self.process is not None and self.process.poll() is None, f"the trial ended by itself:\n{self.said}\n{self.log()[-3000:]}"
        return True

    def log(self) -> str:
        """What the Hub and its services have logged."""
        path = self.folder / "hub.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def processes(self) -> dict[str, psutil.Process]:
        """The parts that run now, by name; ``cohort`` is the command itself."""
        assert self.process
        found = {}
        try:
            whole = psutil.Process(self.process.pid)
            everybody = [whole, *whole.children(recursive=True)]
        except psutil.NoSuchProcess:
            everybody = []
        for one in everybody:
            try:
                self._seen[one.pid] = one.create_time()
                words = one.cmdline()
            except psutil.NoSuchProcess:
                continue
            name = next((name for name, word in PARTS.items() if any(part == word or part.endswith("/" + word) for part in words)), None)
            found["cohort" if one.pid == self.process.pid else name or str(one.pid)] = one
        return found

    def left_over(self) -> list[psutil.Process]:
        """Processes that were seen as parts of the trial, and still run."""
        found = []
        for pid, born in self._seen.items():
            try:
                one = psutil.Process(pid)
                if one.create_time() == born and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
            except psutil.NoSuchProcess:
                continue
        return found

    def kill(self, part: str) -> None:
        """``kill -9`` one part, and wait until it is gone."""
        one = self.processes()[part]
        one.send_signal(signal.SIGKILL)
        if part == "cohort":
            assert self.process
            self.process.wait(STOP_SECONDS)
        else:
            until(lambda: not one.is_running() or one.status() == psutil.STATUS_ZOMBIE, f"{part} to be gone")

    def back(self, part: str) -> None:
        """Wait until the Hub has started a service or the proxy again, and it answers."""
        until(lambda: self._alive() and part in self.processes(), f"{part} to be started again", 90)
        until(self.healthy, "the course to answer", 90)

    def healthy(self) -> bool:
        """Whether the course answers through the proxy."""
        try:
            return requests.get(f"{self.url}services/course/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it as Ctrl+C does, and wait until every part is gone."""
        if self.process and self.process.poll() is None:
            self.processes()
            self.process.send_signal(how)
            self.process.wait(STOP_SECONDS)
        until(lambda: not self.left_over(), "every part to be gone", STOP_SECONDS)

    def restart(self) -> None:
        """Stop what runs, and start again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it, whatever it takes: no test leaves a process behind."""
        try:
            self.stop()
        except (AssertionError, subprocess.TimeoutExpired):
            for one in self.left_over():
                one.kill()
            if self.process:
                self.process.wait(STOP_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        """What a terminal of the course's grader has: grader.sh, as data."""
        lines = (self.folder / "grader.sh").read_text("utf-8").splitlines()
        said = dict(line.removeprefix("export ").split("=", 1) for line in lines if not line.startswith("export PATH"))
        return {**os.environ, **said, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(self, *command: str, seconds: float = 300, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a command as the course's grader, in the course folder: ``run("ppm", "collect")``, ``run("nbgrader", "list")``."""
        return subprocess.run(command, cwd=self.course_folder, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False, **more)

    def sign_in(self, page: Any, account: str, password: str | None = None) -> None:
        """Sign in on a page of a real browser, and wait until the course (or the facilitators' start) is there."""
        page.goto(self.url)
        page.get_by_label("Account name").fill(account)
        page.get_by_label("Password", exact=True).fill(password or self.passwords[account])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.url}services/course/**")


@contextmanager
def running_cohort(folder: Path, root: Path = ROOT) -> Iterator[Cohort]:
    """A trial that runs, stopped at the end."""
    cohort = Cohort(folder, root)
    try:
        cohort.start()
        yield cohort
    finally:
        cohort.close()
