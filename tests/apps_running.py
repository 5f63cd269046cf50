"""The real server of 'make serve' as a process of its own, that can be killed and started again on the same port."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/(?:\?token=(\S+))?")


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


class AppServer:
    """Book and apps over a data folder. ``start`` it, ``kill`` it with SIGKILL, ``start`` it again.

    :param data: the learner's data folder
    :param options: more arguments of ``ppm serve``
    :param opens: whether it may open a browser
    """

    def __init__(self, data: Path, *options: str, environment: dict[str, str] | None = None, opens: bool = False) -> None:
        self.data, self.options, self.environment = data, (*([] if opens else ["--no-browser"]), *options), environment or {}
        self.port, self.token = free_port(), ""
        self.process: subprocess.Popen[str] | None = None
        self.log = data.parent / f"{data.name}.server-log"

    def start(self) -> str:
        """Start it, wait until it answers, and give the address to open first."""
        command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(ROOT), "serve", "--port", str(self.port), *self.options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PPM_")}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                env={**environment, "PPM_DATA": str(self.data), **self.environment},
            )  # fmt: skip
        for line in self.process.stdout:
            if found := ADDRESS.search(line):
                self.token = found[2] or ""
                return f"{self.base}/?token={self.token}" if self.token else f"{self.base}/"
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    @property
    def base(self) -> str:
        """Its address without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def let_in(self, context: Any, base: str = "") -> None:
        """Give a browser the key, as the printed address does, without a page: closing one that still leads on can hang.

        :param context: of Playwright
        :param base: another name for the server, such as a proxy's in between
        """
        context.request.get(f"{base or self.base}/?token={self.token}", max_redirects=0)
        assert any(cookie["name"].startswith("ppm-key-") for cookie in context.cookies())

    def app(self, name: str = "1-patient-partner") -> str:
        """The address of a module's app."""
        return f"{self.base}/apps/notebooks/{name}/module.html"

    def kernels(self) -> list[psutil.Process]:
        """Its kernels, warm ones included."""
        if not self.process:
            return []
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any("ipykernel" in part for part in child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                        found.append(child)
        return found

    def kill(self) -> None:
        """kill -9 of the server; its kernels see to themselves."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self._over()

    def stop(self) -> None:
        """Stop it as Ctrl+C does, with its kernels."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        if self.process:
            self._over()

    def _over(self) -> None:
        self.process.wait(30)
        self.process.stdout.close()
        self.process = None


@contextlib.contextmanager
def apps(data: Path, *options: str, **values: dict[str, str]) -> Iterator[AppServer]:
    """A running server, stopped at the end."""
    server = AppServer(data, *options, **values)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def until(true, seconds: float = 20.0, why: str = "it did not come about"):
    """Wait for a condition, and give what it gave."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, why
        time.sleep(0.05)
    return found
