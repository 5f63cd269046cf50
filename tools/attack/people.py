"""Who asks: somebody signed in as a browser does it, or a stranger; and what came back, with the time that it took."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

import requests
from requests.adapters import HTTPAdapter

SECONDS = 60  # until an answer is given up
CLOSED, SILENT = "closed", "no answer"


class NotLoopback(ValueError):
    """The target is not on this computer."""


def on_this_computer(url: str) -> str:
    """The address with a slash at its end.

    :raises NotLoopback: when it names anything but a loopback address; a name is not looked up, so only 'localhost' is one
    """
    where = urlparse(url)
    try:
        loopback = where.hostname == "localhost" or ipaddress.ip_address(where.hostname or "").is_loopback
    except ValueError:
        loopback = False
    if where.scheme not in ("http", "https") or not loopback:
        raise NotLoopback(f"{url} is not on this computer. These attacks are for a trial of your own, such as http://127.0.0.1:8100/ of 'make cohort'.")
    return url if url.endswith("/") else url + "/"


@dataclass(frozen=True)
class Answer:
    """What came back.

    :param status: the number as a text, or that the connection was closed or silent
    :param took: seconds
    """

    status: str
    took: float
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class _From(HTTPAdapter):
    """Connections from an address of this computer, so that a server sees different people."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__(pool_maxsize=64)

    def init_poolmanager(self, *values: Any, **more: Any) -> None:
        """Bind to the address first."""
        super().init_poolmanager(*values, source_address=(self._source, 0), **more)


class Person:
    """Somebody with a browser.

    :param source: the loopback address that they come from
    """

    def __init__(self, url: str, course: str, source: str = "127.0.0.1") -> None:
        self.url, self.course, self.source, self.account = on_this_computer(url), course, source, ""
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy of the environment, and no password file
        self.session.mount("http://", _From(source))
        self.service = f"{urlparse(self.url).path}services/course/"

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        """Ask below the Hub's address; redirects are not followed."""
        start = time.perf_counter()
        try:
            said = self.session.request(method, self.url + path, timeout=more.pop("timeout", SECONDS), allow_redirects=more.pop("follow", False), **more)
        except requests.Timeout:
            return Answer(SILENT, time.perf_counter() - start)
        except requests.RequestException:
            return Answer(CLOSED, time.perf_counter() - start)
        return Answer(str(said.status_code), time.perf_counter() - start, said.content, said.headers)

    def api(self, method: str, path: str, **more: Any) -> Answer:
        """Ask the course service's face for learners, as the pages' scripts do."""
        headers = {"Content-Type": "application/json", "X-XSRFToken": self.token} | more.pop("headers", {})
        return self.ask(method, f"services/course/{self.course}/api/{path}", headers=headers, **more)

    def sign_in(self, account: str, password: str) -> bool:
        """Sign in at the Hub and in the course; whether that went through."""
        if not self.try_password(account, password):
            return False
        self.account = account
        there = self.ask("GET", f"services/course/{self.course}/book/welcome.html", follow=True)
        return there.status == "200" and bool(self.token)

    def try_password(self, account: str, password: str) -> bool:
        """Send the sign-in form; whether the Hub took it."""
        self.ask("GET", "hub/login")
        form = {"username": account, "password": password, "_xsrf": self._cookie("hub/")}
        return self.ask("POST", "hub/login", data=form, headers={"Referer": f"{self.url}hub/login"}).status == "302"

    @property
    def token(self) -> str:
        """The course service's token against requests from other sites."""
        return self._cookie("services/course/")

    def _cookie(self, path: str) -> str:
        whole = urlparse(self.url).path + path
        return next((one.value or "" for one in self.session.cookies if one.name == "_xsrf" and one.path == whole), "")


def with_token(url: str, course: str, token: str, source: str = "127.0.0.1") -> Person:
    """A program with a Hub token, as nbgrader's commands are."""
    found = Person(url, course, source)
    found.session.headers["Authorization"] = f"token {token}"
    return found
