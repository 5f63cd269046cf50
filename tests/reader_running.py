"""A reader at a shell: types the commands of a guide as they stand there, one after the other, and sees what comes.

Each command has a shell of its own, which begins with what the one before has set; nothing of the tests' environment is in it.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.guides import ROOT, without_comment
from tests.hub_running import until

SECONDS = 300
STOP_SECONDS = 60
LEFT_OUT = (".git", ".venv", "_cohort", "_build", "node_modules", "__pycache__", ".pytest_cache", ".bench", ".hypothesis")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*")
TAKEN = re.compile(r"(?:Choose another one|take another one)\S*: (make \S+ PORT=\d+)")


def clone(place: Path) -> Path:
    """The project as somebody has cloned it, with the environment and the books that the tests have made already."""
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(ROOT / "_build", place / "_build", ignore=shutil.ignore_patterns(".lock"))
    (place / ".venv").symlink_to(sys.prefix)
    (place / "deploy/proxy/node_modules").symlink_to(ROOT / "deploy/proxy/node_modules")
    for words in (["init", "-q"], ["add", "README.md"], ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "As it is"]):
        subprocess.run(["git", *words], cwd=place, check=True, capture_output=True, timeout=60)
    return place


class Reader:
    """Somebody at a terminal.

    :param home: a folder of their own; :param place: where they stand
    :param values: what they put in place of a guide's own names, in order
    """

    def __init__(self, home: Path, place: Path, values: Mapping[str, str]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.place, self.values = home, place, dict(values)
        self.state = home / ".exported"
        own = Path(sys.prefix) / "bin"
        found = [str(Path(sys._base_executable).parent), *[one for one in os.environ["PATH"].split(os.pathsep) if Path(one) != own]]
        self.environment = {"PATH": os.pathsep.join(found), "HOME": str(home), "LANG": "C.UTF-8", "BROWSER": "true", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def typed(self, command: str) -> str:
        """A guide's command with this reader's values."""
        text = without_comment(command)
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text

    def run(self, command: str, answer: str | None = None) -> tuple[int, str]:
        """Type a command and wait for its end: the exit code, and what was printed.

        :param answer: what to type when the command asks
        """
        ours, theirs = pty.openpty()
        try:
            if answer is not None:
                os.write(ours, f"{answer}\n".encode())
            script = f"{self.typed(command)}\ncode=$?\nexport -p > {self.state}\nexit $code"
            done = subprocess.run(self._shell(script), cwd=self.place, env=self.environment, stdin=theirs, capture_output=True, text=True, timeout=SECONDS, check=False)
        finally:
            os.close(ours)
            os.close(theirs)
        return done.returncode, done.stdout + done.stderr

    def start(self, command: str) -> Server:
        """Type a command that goes on until Ctrl+C, and wait for its page; where its port is taken, do as it says."""
        server = Server(self, command)
        try:
            while other := server.refused():
                server = Server(self, other)
            server.ask()
        except BaseException:
            server.stop()
            raise
        return server

    def _shell(self, script: str) -> list[str]:
        return ["bash", "--noprofile", "--norc", "-c", f"[ ! -f {self.state} ] || . {self.state}\n{script}"]

    def begin(self, command: str, said: Path) -> subprocess.Popen[bytes]:
        """Start a command, in a group of its own, as a terminal does."""
        with said.open("wb") as file:
            return subprocess.Popen(self._shell(self.typed(command)), cwd=self.place, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)


class Server:
    """What a reader started, and what it has printed so far."""

    def __init__(self, reader: Reader, command: str) -> None:
        self.command, self._said = command, reader.home / f"said-{len(list(reader.home.iterdir()))}"
        self.process = reader.begin(command, self._said)
        self._interrupted = False

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self._said.read_text("utf-8", "replace")

    def refused(self) -> str:
        """The command that it says to type instead, because its port is taken; nothing when it goes on."""
        until(lambda: self.process.poll() is not None or ADDRESS.search(self.said), f"{self.command} to say where it is", SECONDS)
        found = TAKEN.search(self.said)
        if self.process.poll() is not None:
            assert found, f"{self.command}:\n{self.said}"
        return found[1] if found else ""

    @property
    def address(self) -> str:
        """The address that was printed."""
        found = ADDRESS.search(self.said)
        assert found, self.said
        return found[0].rstrip(".,)")

    def ask(self) -> None:
        """Wait for the page at the address."""

        def there() -> bool:
            assert self.process.poll() is None, f"{self.command} ended by itself:\n{self.said}"
            try:
                return requests.get(self.address, timeout=20).status_code == 200
            except requests.RequestException:
                return False

        until(there, f"a page of {self.command}", SECONDS)

    def interrupt(self) -> None:
        """Ctrl+C."""
        if self.process.poll() is None and not self._interrupted:
            self._interrupted = True
            os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        """Ctrl+C, and wait until it has ended."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise
