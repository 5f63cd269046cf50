"""From a terminal, as another account of the same machine: files, tokens, the exchange under forged names. All of it is refused.

A learner with a terminal (JupyterLab on a server of her own) is an account of the system. This test makes two, so it runs as
root and is skipped, with that said, otherwise. What the second account does runs in a process that has given root up.
"""

from __future__ import annotations

import multiprocessing
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from patient_partner_mentor.archives import packed
from patient_partner_mentor.cohort.client import Client
from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.form.journal import JournalFolder
from tests.configured_hub import COURSE, ConfiguredHub, configured_hub
from tests.integration import service_asking as asking

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("useradd") is not None
pytestmark = pytest.mark.skipif(not AS_ROOT, reason="needs root and useradd, to make two system accounts")
SECONDS = 60
WORDS = "For my own eyes: the nurse was kind."
MORE = """
c.JupyterHub.services.append({{"name": "tokens", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{"name": "tokens", "services": ["tokens"], "scopes": ["tokens", "admin:users"]}})
"""
SCOPES = ["users:activity!user", "read:users:groups!user", "read:users:name!user", "access:services!service=course"]  # as of a learner's server


def as_account(account: str, work: Callable[..., Any], *values: Any) -> Any:
    """What work gives when another account does it: in a process that has given root up for good."""

    def child(pipe: Any) -> None:
        entry = pwd.getpwnam(account)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.chdir(entry.pw_dir)
        try:
            pipe.send((work(*values), ""))
        except Exception as error:  # told to the test, which knows what to expect
            pipe.send((None, f"{type(error).__name__}: {error}"))

    context = multiprocessing.get_context("fork")  # the tests' Python may lie where no other account can read it
    here, there = context.Pipe()
    process = context.Process(target=child, args=(there,))
    process.start()
    try:
        assert here.poll(SECONDS), "it did not come to an end"
        result, said = here.recv()
    finally:
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
    if said:
        raise AssertionError(said)
    return result


class Terminals:
    """Two learners with an account of the system each: ana, who keeps things to herself, and ben, who tries to get at them."""

    def __init__(self, folder: Path, hub: ConfiguredHub, admin: str, course: Course) -> None:
        self.hub, self.folder, self.course = hub, folder, course
        tag = secrets.token_hex(3)
        self.ana, self.ben = f"ppm-ana-{tag}", f"ppm-ben-{tag}"
        for account in (self.ana, self.ben):
            subprocess.run(["useradd", "--create-home", "--base-dir", str(folder), account], check=True, capture_output=True, timeout=SECONDS)
        self.tokens = {name: self._token(name, admin) for name in ("ana", "ben")}
        self.journal = folder / self.ana / "data" / "journal"
        module = course.modules[0]
        as_account(self.ana, lambda: JournalFolder(self.journal).save(asking.answer(module, 1, WORDS)) and None)
        entry = pwd.getpwnam(self.ana)
        environment = {"JUPYTERHUB_API_TOKEN": self.tokens["ana"], "PATH": "/usr/bin:/bin"}
        self.server = subprocess.Popen(["sleep", "900"], env=environment, user=entry.pw_uid, group=entry.pw_gid, cwd=entry.pw_dir)

    def _token(self, name: str, admin: str) -> str:
        said = requests.post(f"{self.hub.hub_api}/users/{name}/tokens", headers={"Authorization": f"token {admin}"}, json={"scopes": SCOPES}, timeout=30)
        said.raise_for_status()
        return str(said.json()["token"])

    def close(self) -> None:
        """Take everything away again."""
        self.server.kill()
        self.server.wait(SECONDS)
        for account in (self.ana, self.ben):
            subprocess.run(["userdel", "--remove", account], check=False, capture_output=True, timeout=SECONDS)


@pytest.fixture(scope="module")
def terminals(course: Course) -> Iterator[Terminals]:
    """A Hub in a folder that everybody may walk through, so that each file has to look after itself."""
    folder = Path(tempfile.mkdtemp(prefix="ppm-terminals-"))
    folder.chmod(0o755)
    admin = secrets.token_hex(32)
    found = None
    try:
        with configured_hub(folder / "hub", {}, MORE.format(token=admin)) as hub:
            (folder / "hub" / "course").chmod(0o700)
            found = Terminals(folder, hub, admin, course)
            yield found
    finally:
        if found:
            found.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_owner_reads_her_own(terminals: Terminals) -> None:
    """So that what is refused below is refused to somebody, and not to everybody."""
    assert WORDS in as_account(terminals.ana, (terminals.journal / "patient-partner.json").read_text, "utf-8")


FILES = ["hub/store/course.sqlite", "hub/state/jupyterhub.sqlite", "hub/state/cookie_secret", "hub/state/accounts.json", "hub/course/nbgrader_config.py", "{ana}/data/journal", "{ana}/data/journal/patient-partner.json"]


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_others_can_be_read_or_written(terminals: Terminals, name: str) -> None:
    """The store, the Hub's keys, the facilitators' folder, another learner's journal."""
    path = terminals.folder / name.format(ana=terminals.ana)
    assert path.exists()

    def attempts() -> list[str]:
        got = []
        for way in (lambda: os.listdir(path) if path.suffix == "" and "cookie" not in path.name else path.read_bytes(), lambda: path.rename(f"{path}.mine"), lambda: os.symlink("/etc/passwd", f"{path}.link"), lambda: path.open("a").close()):
            try:
                way()
                got.append("done")
            except PermissionError:
                got.append("refused")
            except IsADirectoryError:
                got.append("refused")
        return got

    assert as_account(terminals.ben, attempts) == ["refused"] * 4


def test_no_token_of_others_can_be_found(terminals: Terminals) -> None:
    """Not in the environment of another's server or of the services, whose processes cannot be touched either."""
    assert terminals.hub.process is not None
    numbers = [terminals.server.pid, terminals.hub.process.pid, *terminals_services(terminals)]

    def attempts() -> list[str]:
        got = []
        for number in numbers:
            for way in (lambda n=number: Path(f"/proc/{n}/environ").read_bytes(), lambda n=number: os.kill(n, 15)):
                try:
                    way()
                    got.append("done")
                except PermissionError:
                    got.append("refused")
        return got

    assert len(numbers) >= 4
    assert as_account(terminals.ben, attempts) == ["refused"] * (2 * len(numbers))


def terminals_services(terminals: Terminals) -> list[int]:
    """The processes that the Hub has started."""
    import psutil

    assert terminals.hub.process is not None
    return [one.pid for one in psutil.Process(terminals.hub.process.pid).children(recursive=True)]


def test_the_service_knows_who_asks_whatever_is_claimed(terminals: Terminals, course: Course) -> None:
    """Forged names and addresses, another's token made up; past the proxy there is no way, see test_machine.py."""
    module = course.modules[1]
    service = f"{terminals.hub.url}services/course/"
    given = asking.sharing(module, {1: WORDS})
    mine = {"Authorization": f"token {terminals.tokens['ana']}"}
    consent = {"course": False, "quotes": False, "research": False, "seen": asking.SEEN}
    requests.put(f"{service}{COURSE}/api/consent", json=consent, headers=mine, timeout=30).raise_for_status()
    requests.post(f"{service}{COURSE}/api/share/{module.id}", data=given.model_dump_json(), headers=mine, timeout=30).raise_for_status()
    bens = {"Authorization": f"token {terminals.tokens['ben']}"}
    claims: list[dict[str, str]] = [
        bens,
        bens | {"X-Forwarded-User": "ana", "JUPYTERHUB_USER": "ana", "X-Forwarded-For": "127.0.0.1", "Remote-User": "ana"},
        {"Authorization": f"token {terminals.tokens['ana'][:-1]}{'1' if terminals.tokens['ana'][-1] == '0' else '0'}"},
        {"Cookie": "service-course=ana; jupyterhub-session-id=ana"},
        {},
    ]
    one = f"exchange/{COURSE}/submissions/{module.name}/ana/{given.id}"
    asked = [
        *[("GET", path, None) for path in (one, f"exchange/{COURSE}/feedback/{module.name}/ana/{given.id}", f"exchange/{COURSE}/replies", f"{COURSE}/roster", f"{COURSE}/facilitator")],
        ("PUT", f"exchange/{COURSE}/feedback/{module.name}/ana/{given.id}", b"<p>forged</p>"),
        ("PUT", f"exchange/{COURSE}/assignments/forged", packed({"module.ipynb": b"{}"})),
        ("POST", f"exchange/{COURSE}/erase/ana", b"{}"),
        ("DELETE", one, None),
    ]

    def attempt(claim: dict[str, str], method: str, path: str, data: bytes | None) -> int:
        for _ in range(5):  # on a busy machine the Hub may not answer the service in time
            answer = requests.request(method, service + path, data=data, headers=claim, timeout=30, allow_redirects=False)
            if answer.status_code != 503 or answer.json()["reason"] not in ("away", "busy"):
                break
        return answer.status_code

    def attempts() -> list[int]:
        return [attempt(claim, *one) for claim in claims for one in asked]

    got = as_account(terminals.ben, attempts)
    assert len(got) == len(claims) * len(asked)
    assert set(got) <= {302, 403, 404, 405}, got
    pages = [path for _, path, _ in asked]
    assert all(status != 302 or pages[number % len(asked)].endswith(("roster", "facilitator")) for number, status in enumerate(got))
    kept = requests.get(f"{service}{COURSE}/api/copy", headers=mine, timeout=30).json()["shared"]
    assert [line["hand_in"]["answers"][0]["text"] for line in kept] == [WORDS]


def test_the_hub_takes_no_orders(terminals: Terminals) -> None:
    """With a learner's token and without: no group, token, server or link."""
    hub = terminals.hub.hub_api
    asked = [
        ("POST", f"{hub}/groups/formgrade-{COURSE}/users", {"users": ["ben"]}),
        ("POST", f"{hub}/users/ana/tokens", {}),
        ("POST", f"{hub}/users/ben/server", {}),
        ("GET", f"{hub}/users", None),
        ("POST", f"{hub}/join-links", {"course": COURSE, "accounts": ["ana"]}),
        ("GET", f"{hub}/join-links?course={COURSE}", None),
        ("POST", f"{hub}/shutdown", {}),
    ]
    claims: list[dict[str, str]] = [{"Authorization": f"token {terminals.tokens['ben']}"}, {}]

    def attempts() -> list[int]:
        return [requests.request(method, url, json=data, headers=claim, timeout=30).status_code for claim in claims for method, url, data in asked]

    assert set(as_account(terminals.ben, attempts)) <= {403, 404}


def test_nbgraders_commands_hand_in_for_oneself_only(terminals: Terminals, course: Course) -> None:
    """Whatever name the settings and files say: the receipt has the account's own."""
    service = f"{terminals.hub.url}services/course/"
    name = course.modules[2].name
    client = Client(service, terminals.tokens["ben"])

    def attempts() -> tuple[str, int]:
        files = packed({"module.ipynb": b"{}", "timestamp.txt": b"2001-01-01 00:00:00.000000 UTC"})
        receipt = client.json("POST", COURSE, "submissions", name, params={"user": "ana", "student_id": "ana"}, data=files)
        mine = client.json("GET", COURSE, "submissions", name, params={"user": "ana", "history": "yes"})
        return receipt["user"], len({one["user"] for one in mine})

    assert as_account(terminals.ben, attempts) == ("ben", 1)
    mine = requests.get(f"{service}exchange/{COURSE}/submissions/{name}", headers={"Authorization": f"token {terminals.tokens['ana']}"}, timeout=30)
    assert mine.json() == []
