"""A real Hub as an operator sets it up, by ``configure()``, where the trial is too small: learners' own servers among it."""

from __future__ import annotations

import json
import os
import subprocess
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from patient_partner_mentor.hub.accounts import Accounts
from patient_partner_mentor.hub.hub_settings import LONGEST_FOLDER
from tests.hub_running import _BOOK, _FRAME, ROOT, free_port, node, proxy_script, stop, until

COURSE = "ppm-set-up"
PASSWORD = "blue boats and bread"
_GLUE = """
from patient_partner_mentor.hub.configure import configure
from patient_partner_mentor.hub.hub_settings import load_hub_settings
c = get_config()
configure(load_hub_settings(), c)
"""
# Servers of learners, each as the account of the tests: separate accounts are another test's. To be formatted with ``homes``.
OWN_SERVERS = """
from jupyterhub.spawner import SimpleLocalProcessSpawner
from patient_partner_mentor.hub.servers import OwnServer
class SimpleServer(OwnServer, SimpleLocalProcessSpawner):
    def account(self):
        return ""
c.JupyterHub.spawner_class = SimpleServer
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
"""


class ConfiguredHub:
    """A running Hub of one course: learners ana and ben, facilitator fay, all with one password.

    :param more: lines of the Hub's configuration after ``configure``
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], more: str) -> None:
        self.folder = folder
        self.url = settings.get("public_url") or settings.get("url") or f"http://127.0.0.1:{free_port()}/"
        self.asked = requests.Session()  # how the tests ask whether it is up
        self.course_url = f"{self.url}services/course/{COURSE}/"
        (folder / "book" / "book").mkdir(parents=True)
        (folder / "book/book/welcome.html").write_text(_BOOK, "utf-8")
        (folder / "app-shell.html").write_text(_FRAME, "utf-8")
        (folder / "course").mkdir()
        (folder / "course/nbgrader_config.py").write_text(f"from patient_partner_mentor.cohort import configure\nconfigure(get_config(), course={COURSE!r}, folder={str(folder / 'course')!r})\n", "utf-8")
        course = {"title": "Set up", "readers": ["Fay"], "reading_days": 5, "contact": "Fay, fay@example.org"}
        service = {"store": f"sqlite:///{folder / 'store' / 'course.sqlite'}", "book": str(folder / "book"), "curriculum": str(ROOT), "courses": {COURSE: course}, "cache_seconds": 1}
        (folder / "service.json").write_text(json.dumps(service), "utf-8")
        self.sockets = folder / "sockets"
        if len(str(self.sockets)) > LONGEST_FOLDER:  # a test with a long name
            self.sockets = Path(tempfile.mkdtemp(prefix="ppm-sockets-"))
        whole = {
            "url": self.url,
            "state": str(folder / "state"),
            "root": str(ROOT),
            "book": str(ROOT / "_build" / "html"),
            "service": {"settings": str(folder / "service.json")},
            "courses": {COURSE: {"folder": str(folder / "course"), "learners": ["ana", "ben"], "facilitators": ["fay"]}},
            "sign_in": {"by": "accounts"},
            "sockets": str(self.sockets),
            "proxy_command": [node(), str(proxy_script())],
            "with_parent": True,
        }
        self.hub_api = f"{self.url}hub/api"
        (folder / "hub.json").write_text(json.dumps(whole | dict(settings)), "utf-8")
        (folder / "jupyterhub_config.py").write_text(_GLUE + more, "utf-8")
        (folder / "state").mkdir(mode=0o700, exist_ok=True)
        for account in ("ana", "ben", "fay"):
            Accounts(folder / "state" / "accounts.json").set_password(account, PASSWORD)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the course answers."""
        environment = {**os.environ, "PPM_HUB_SETTINGS": str(self.folder / "hub.json")}
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.folder / "jupyterhub_config.py")]
        with (self.folder / "hub.log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        until(self._ready, f"the Hub; see {self.folder / 'hub.log'}", 120)

    def _ready(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "hub.log").read_text("utf-8")[-3000:]
        try:
            return all(self.asked.get(self.url + path, timeout=5).status_code == 200 for path in ("services/course/health", "hub/login"))
        except requests.RequestException:
            return False

    def sign_in(self, page: Any, account: str) -> None:
        """Sign in on a page of a real browser."""
        page.goto(self.url)
        page.get_by_label("Account name").fill(account)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.url}services/course/**")

    def server(self, account: str) -> psutil.Process:
        """The process of a learner's own server."""
        assert self.process
        for one in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if one.environ().get("JUPYTERHUB_USER") == account:
                    return one
            except psutil.Error:
                continue
        raise AssertionError(f"{account} has no server")

    def close(self) -> None:
        """Stop everything that was started."""
        if self.sockets.name.startswith("ppm-sockets-"):
            shutil.rmtree(self.sockets, ignore_errors=True)
        if self.process:
            below = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
            stop(self.process)
            for one in psutil.wait_procs(below, timeout=20)[1]:
                one.kill()


@contextmanager
def configured_hub(folder: Path, settings: Mapping[str, Any] | None = None, more: str = "", trusted: Path | None = None) -> Iterator[ConfiguredHub]:
    """A Hub, stopped at the end.

    :param trusted: the certificate of a server with TLS in front
    """
    hub = ConfiguredHub(folder, settings or {}, more)
    if trusted:
        hub.asked.trust_env, hub.asked.verify = False, str(trusted)  # a certificate that the account's environment names would come first
    try:
        hub.start()
        yield hub
    finally:
        hub.close()
