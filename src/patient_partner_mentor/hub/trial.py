"""A trial of a cohort on this computer: a real JupyterHub on the loopback address, with accounts and the course released."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from filelock import FileLock, Timeout

from ..advice import quoted, start
from ..errors import CourseError
from ..interface import text
from .hub_settings import SETTINGS, SignIn
from .proxy import proxy_command
from .trial_folder import COURSE, FACILITATOR, GRADER_TOKEN, Trial, grader_environment, open_trial, write_course_config, write_grader_file, write_settings

ADDRESS, PORT = "127.0.0.1", 8100  # the port when none is named
READY = 120  # seconds until everything answers, on a slow machine
RELEASE = 600
LINK_DAYS = SignIn().link_days
STOP = 12  # seconds until what does not stop by itself is killed
CONFIG = f"""# nbgrader's settings of this course. The course service's address and token come from the environment: see grader.sh.
from patient_partner_mentor.cohort import configure

c = get_config()
configure(c, course="{COURSE}", folder=__file__.rpartition("/")[0] or ".")
"""


def trial(root: Path, book: Path, folder: Path, port: int) -> None:
    """Run the trial until it is stopped.

    :param root: the course's folder, with ``deploy/proxy`` in it; :param book: the built cohort book
    :param folder: what the trial keeps
    :raises CourseError: when the port is taken, or something does not start
    """
    if os.name == "nt":
        raise CourseError("JupyterHub does not run on Windows itself. It does in the Windows Subsystem for Linux: install that, and run this there.")
    folder = folder.resolve()
    found = open_trial(folder)
    try:
        with FileLock(folder / "running.lock", timeout=0):
            _check_port(port, folder)
            command = proxy_command(root / "deploy" / "proxy")
            write_course_config(found, CONFIG)
            _Running(found, root, book, port, command).run()
    except Timeout:
        raise CourseError(f"A trial runs already with the folder {folder}. Stop it first (Ctrl+C in its window), or start another one, in a folder and at a port of its own: {start('cohort', port + 1, folder.with_name(folder.name + '-other'))}") from None


def new_link(folder: Path, account: str, port: int) -> str:
    """A new join link for an account that lost its password, which ends; for whoever runs the trial, not for facilitators.

    :raises CourseError: when there is no such trial or account
    """
    if not (folder / "trial.json").is_file():
        raise CourseError(f"There is no trial in {folder}. Start one first: {_start(folder, port)}")
    accounts = open_trial(folder).accounts
    if not accounts.known(account):
        raise CourseError(f"The trial knows no account '{account}'. A facilitator adds learners on the page with the roster.")
    accounts.forget(account)
    return f"http://{ADDRESS}:{port}/hub/join?key={accounts.make_link(account, LINK_DAYS)}"


class _Running:
    """The Hub of a trial, with what it starts."""

    def __init__(self, found: Trial, root: Path, book: Path, port: int, proxy: tuple[str, ...]) -> None:
        self.trial, self.root, self.port = found, root, port
        self.url = f"http://{ADDRESS}:{port}/"
        settings = write_settings(found, root, book, self.url, proxy)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTERHUB_", "PPM_", "CONFIGPROXY_"))}
        own = {name: str(found.folder / "home" / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
        self.environment |= own | {SETTINGS: str(settings), GRADER_TOKEN: found.tokens[COURSE], "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        self.over = threading.Event()
        self.hub: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start, say where, wait, stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.over.set())
        log = os.open(self.trial.folder / "hub.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        command = [sys.executable, "-m", "patient_partner_mentor.hub.watched", "jupyterhub", "-f", str(self.trial.folder / "jupyterhub_config.py")]
        try:
            print(text("trial.starting"), flush=True)
            self.hub = subprocess.Popen(command, cwd=self.trial.folder, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
            os.close(log)
            if self._ready():
                write_grader_file(self.trial, self.root)
                self._release()
                print(_welcome(self.trial, self.url), flush=True)
            while not self.over.wait(0.5):
                if self.hub.poll() is not None:
                    raise CourseError(f"The Hub ended by itself. What it said last is in {self.trial.folder / 'hub.log'}. Everything is kept; start again with: {_start(self.trial.folder, self.port)}")
        finally:
            self._stop()

    def _ready(self) -> bool:
        """Whether Hub and course service answer, or the trial was called off meanwhile."""
        end = time.monotonic() + READY
        assert self.hub
        while not self.over.is_set():
            if self.hub.poll() is not None or time.monotonic() > end:
                raise CourseError(f"The Hub did not start. What it said is in {self.trial.folder / 'hub.log'}. If you cannot make sense of it, remove nothing and ask, with that file.")
            if _answers(f"{self.url}services/course/health") and _answers(f"{self.url}hub/login"):
                return True
            self.over.wait(0.2)
        return False

    def _release(self) -> None:
        """Have the modules made into assignments, and put out; those that are out already stay as they are."""
        command = [sys.executable, "-m", "patient_partner_mentor.cli", "--root", str(self.root), "assignments", "--course-folder", str(self.trial.course), "--release"]
        print(text("trial.releasing"), flush=True)
        environment = self.environment | grader_environment(self.trial, self.root)
        done = subprocess.run(command, cwd=self.trial.course, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RELEASE, check=False)
        if done.returncode:
            raise CourseError(f"The modules could not be put out as assignments:\n{(done.stderr or done.stdout).strip()[-2000:]}\nEverything else is kept. Mend that, and start again with: {_start(self.trial.folder, self.port)}")

    def _stop(self) -> None:
        """Have the Hub stop itself and what it started; each of these also ends by itself when the Hub is gone."""
        if self.hub and self.hub.poll() is None:
            print(text("trial.stopping"), flush=True)
            self.hub.terminate()
            try:
                self.hub.wait(STOP)
            except subprocess.TimeoutExpired:
                os.killpg(self.hub.pid, signal.SIGKILL)
                self.hub.wait(STOP)


def _start(folder: Path, port: int) -> str:
    """The command that starts the trial of this folder again, from where the reader stands."""
    return start("cohort", port if port != PORT else None, folder if folder != Path("_cohort").resolve() else None)


def _welcome(found: Trial, url: str) -> str:
    width = max(map(len, found.passwords))
    lines = []
    for account, password in found.passwords.items():
        shown = password if found.accounts.fits(account, password) else text("trial.own_password")
        lines.append(f"    {account:{width}}  {shown}" + (f"   ({text('trial.facilitator')})" if account == FACILITATOR else ""))
    said = [text("trial.ready", url=url), *lines, text("trial.warning"), text("trial.terminal", file=quoted(str(found.folder / "grader.sh"))), text("trial.stop")]
    return "\n".join(["", *said])


def _check_port(port: int, folder: Path) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((ADDRESS, port))
        except OSError:
            raise CourseError(f"Port {port} on this computer is taken, perhaps by another trial. Choose another one: {_start(folder, port + 1)}") from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError, ValueError):
        return False
