"""Another account of the same machine against a running Hub: every part is listened for, and each attempt is refused.

The Hub stands behind nginx as the guide has it, so that none of its parts has a port. The parts are found in the system's own
tables and not named here: whoever opens another port or socket is told by these tests. They need root, to be another account.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from patient_partner_mentor.curriculum import Course
from patient_partner_mentor.errors import CourseError
from patient_partner_mentor.hub.sockets import Door
from tests.configured_hub import COURSE, PASSWORD, ConfiguredHub, configured_hub
from tests.hub_running import free_port, until
from tests.integration import service_asking as asking
from tests.integration.test_between_system_accounts import AS_ROOT, as_account
from tests.nginx_running import GROUP, certificate, nginx

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="needs root and useradd, to be another account of the system")
PREFIX = "/with/us/"
WORDS = "For my own eyes: the nurse was kind, canary-7c1d."
REFUSED = {errno.EACCES, errno.EPERM, errno.ENOENT}
SECRET = re.compile(r"TOKEN|SECRET|KEY|PASSWORD|AUTH", re.I)
PTRACE_ATTACH = 16


class Machine:
    """A Hub with its learner ana signed in, and another account of the system, who gets at nothing."""

    def __init__(self, hub: ConfiguredHub, other: str, course: Course) -> None:
        self.hub, self.other, self.folder = hub, other, hub.folder.parent / "sockets"
        self.ana = hub.asked
        page = self.ana.get(f"{hub.url}hub/login", timeout=30)
        form = {"username": "ana", "password": PASSWORD, "_xsrf": self.ana.cookies.get("_xsrf", path=f"{PREFIX}hub/") or ""}
        assert page.ok and self.ana.post(f"{hub.url}hub/login", data=form, timeout=30).ok
        answer = asking.answer(course.modules[0], 1, WORDS).model_dump(mode="json")
        said = self.save(answer)
        assert said.status_code == 200, said.text[:300]

    def save(self, answer: dict[str, Any]) -> requests.Response:
        """A save as the learner's page sends it."""
        place = f"{self.hub.url}services/course/{COURSE}/api/journal/{answer['module']}/{answer['step']}"
        self.ana.get(self.hub.course_url, timeout=30)
        token = next(one.value for one in self.ana.cookies if one.name == "_xsrf" and "services/course" in one.path)
        return self.ana.put(place, json={"answer": answer, "seen": None}, headers={"X-XSRFToken": token}, timeout=30)

    def parts(self) -> list[psutil.Process]:
        """Every process of the Hub."""
        assert self.hub.process
        hub = psutil.Process(self.hub.process.pid)
        return [one for one in (hub, *hub.children(recursive=True)) if one.status() != psutil.STATUS_ZOMBIE]

    def part(self, name: str) -> psutil.Process | None:
        """The process of a part, by a word of its command; nothing while it is away."""
        return next((one for one in self.parts() if any(name in word for word in one.cmdline())), None)

    def secrets(self) -> set[str]:
        """What the parts were given to know each other by, and what signs cookies."""
        found = {value for one in self.parts() for name, value in one.environ().items() if SECRET.search(name) and len(value) >= 16 and "/" not in value}
        return found | {(self.hub.folder / "state" / "cookie_secret").read_text("utf-8").strip()}

    def sockets(self) -> list[Path]:
        """Where the parts listen, but for the way in, which is nginx's."""
        return sorted(path for path in self.folder.rglob("*") if path.is_socket())

    def attempt(self, work: Callable[..., Any], *values: Any) -> Any:
        """What the other account gets."""
        return as_account(self.other, work, *values)


@pytest.fixture(scope="module")
def machine(course: Course) -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="ppm-machine-"))
    folder.chmod(0o755)
    port, other = free_port(), f"ppm-other-{os.getpid()}"
    cert = certificate(folder)
    settings = {
        "url": f"http://127.0.0.1:{free_port()}{PREFIX}",
        "public_url": f"https://127.0.0.1:{port}{PREFIX}",
        "front_group": GROUP,
        "sockets": str(folder / "sockets"),
    }
    subprocess.run(["useradd", "--create-home", "--base-dir", str(folder), other], check=True, capture_output=True, timeout=60)
    try:
        with nginx(folder, port, free_port(), PREFIX, folder / "sockets"), configured_hub(folder / "hub", settings, trusted=cert) as hub:
            yield Machine(hub, other, course)
    finally:
        subprocess.run(["userdel", "--remove", other], check=False, capture_output=True, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def refusal(work: Callable[..., Any], *values: Any) -> int:
    """The number of the error with which the system refuses it; 0 where it does not."""
    try:
        made = work(*values)
    except OSError as error:
        return error.errno or -1
    if hasattr(made, "close"):
        made.close()
    return 0


def connect(path: str) -> None:
    """As a client does."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(5)
        one.connect(path)


def bind(path: str) -> None:
    """As a part does."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)


def stand_in(path: str) -> list[int]:
    """Everything by which somebody could listen in a part's place: over it, beside it, and in place of its folders."""
    folder = os.path.dirname(path)
    base = os.path.dirname(folder)
    tried: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (connect, (path,)), (bind, (path,)), (bind, (f"{folder}/mine",)), (os.unlink, (path,)), (os.rename, (path, f"{path}.mine")), (os.chmod, (path, 0o777)),
        (os.symlink, ("/tmp", f"{folder}/link")), (os.rename, (folder, f"{folder}-mine")), (os.mkdir, (f"{base}/mine",)), (os.rename, (base, f"{base}-mine")), (os.chmod, (folder, 0o777)),
    ]  # fmt: skip
    return [refusal(work, *values) for work, values in tried]


def test_no_part_has_a_port(machine: Machine) -> None:
    """A port is anybody's: whoever takes it when its program has ended is handed what was meant for that program."""
    ports = {(one.name(), place.laddr) for one in machine.parts() for place in one.net_connections("inet") if place.status == psutil.CONN_LISTEN or place.type == socket.SOCK_DGRAM}
    assert ports == set()
    listening = {place.laddr for one in machine.parts() for place in one.net_connections("unix") if place.laddr}
    abstract = {place for place in listening if not str(place).startswith("/")}
    assert abstract == set(), "an address that no folder guards"
    assert {str(path) for path in machine.sockets()} <= listening
    assert all(str(machine.folder) in str(place) for place in listening)


def test_nobody_connects_or_stands_in(machine: Machine) -> None:
    """To any part, the way in among them, which is for nginx."""
    found = machine.sockets()
    assert len(found) >= 5, "Hub, proxy, way in, course service, formgrader"
    for path in found:
        got = machine.attempt(stand_in, str(path))
        assert set(got) <= REFUSED, (path.parent.name, got)


@pytest.mark.parametrize("name", ["patient_partner_mentor.hub.course_service", "patient_partner_mentor.hub.formgrader"])
def test_nothing_is_handed_over_when_a_part_has_ended(machine: Machine, course: Course, name: str) -> None:
    """The learner is told in words, and whoever waits for the place hears nothing; then the part is back."""
    part = machine.part(name)
    assert part
    place = next(path for path in machine.sockets() if path.parent.name.startswith("service" if "course_service" in name else "grader"))
    for one in reversed([part, *part.children(recursive=True)]):
        one.kill()
    assert set(machine.attempt(stand_in, str(place))) <= REFUSED
    said = machine.ana.get(machine.hub.course_url, timeout=30)
    assert WORDS not in said.text
    until(lambda: machine.part(name), f"the Hub starts {name} again", 60)
    until(lambda: machine.ana.get(f"{machine.hub.url}services/course/health", timeout=5).status_code == 200, "the course is back", 60)
    assert machine.save(asking.answer(course.modules[0], 2, "Once more").model_dump(mode="json")).status_code == 200


def test_the_proxys_door_is_the_hubs_alone(machine: Machine) -> None:
    """From outside, there is no way to it with any token."""
    for token in ("", "guess", *machine.secrets()):
        said = requests.get(f"{machine.hub.url}api/routes", headers={"Authorization": f"token {token}"}, verify=machine.hub.asked.verify, timeout=30)
        assert said.status_code in (403, 404)
    door = next(path for path in machine.sockets() if path.parent.name == "proxy")
    assert machine.attempt(refusal, connect, str(door)) in REFUSED


def test_no_command_line_says_a_secret(machine: Machine) -> None:
    """Anybody reads command lines."""
    shown = " ".join(word for one in machine.parts() for word in one.cmdline())
    known = machine.secrets()
    assert len(known) >= 3
    assert not [True for one in known if one in shown]


def test_no_process_is_looked_into_moved_or_stopped(machine: Machine) -> None:
    """Environment, memory, open files, signals, a debugger."""

    def attempts(pid: int) -> list[int]:
        place = f"/proc/{pid}"
        library = ctypes.CDLL(None, use_errno=True)
        attached = library.ptrace(PTRACE_ATTACH, pid, None, None)
        got = [refusal(open, f"{place}/{name}", "rb") for name in ("environ", "mem", "maps", "auxv")]
        got += [refusal(os.listdir, f"{place}/fd"), refusal(os.readlink, f"{place}/cwd"), refusal(open, f"{place}/oom_score_adj", "w")]
        return [*got, *(refusal(os.kill, pid, number) for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGUSR1)), ctypes.get_errno() if attached else 0]

    for one in machine.parts():
        got = machine.attempt(attempts, one.pid)
        assert set(got) <= REFUSED, (one.name(), got)


def test_no_file_says_a_secret_or_a_word_of_hers(machine: Machine) -> None:
    """Whatever the other account can read of the Hub's folder, and what the parts have in the system's own places."""

    def readable(places: list[str], looked_for: list[str], since: float) -> tuple[int, list[str]]:
        count, found = 0, []
        for place in places:
            for folder, _, names in os.walk(place):
                for name in names:
                    with contextlib.suppress(OSError):
                        path = os.path.join(folder, name)
                        if not os.path.isfile(path) or os.stat(path).st_mtime < since:
                            continue
                        with open(path, "rb") as file:
                            content = file.read(20_000_000)
                        count += 1
                        if any(one.encode() in content for one in looked_for):
                            found.append(path)
        return count, found

    ours = [place for place in ("/tmp", "/var/tmp", "/dev/shm", "/run") if os.path.isdir(place)]
    count, found = machine.attempt(readable, [str(machine.hub.folder.parent), *ours], [WORDS, PASSWORD, *machine.secrets()], machine.parts()[0].create_time())
    assert count > 0, "it reads something, or it proves nothing"
    assert found == []


def test_nothing_of_others_is_run(machine: Machine) -> None:
    """No part looks for programs, modules or settings where another account may write: its folder, its search paths, and all above them."""
    places = set()
    for one in machine.parts():
        variables = one.environ()
        places |= {one.cwd(), one.exe(), *variables.get("PATH", "").split(":"), *variables.get("PYTHONPATH", "").split(":"), variables.get("HOME", ""), variables.get("TMPDIR", "")}
        places |= {word for word in one.cmdline() if word.startswith("/")}
    above = {str(up) for place in places if place for up in (Path(place), *Path(place).parents)}

    def writable(all_of_them: list[str]) -> list[str]:
        return [place for place in all_of_them if os.access(place, os.W_OK) and not os.stat(place).st_mode & 0o1000]

    assert machine.attempt(writable, sorted(above)) == []


@pytest.mark.parametrize("squatted", ["the folder", "the folder above", "a link", "a link in it", "two folders above"])
def test_a_place_that_somebody_else_made_is_refused(machine: Machine, squatted: str) -> None:
    """The Hub does not start where another account could stand in for its parts, and says which folder it is."""
    with tempfile.TemporaryDirectory(prefix="ppm-squat-") as place:
        top = Path(place)
        top.chmod(0o755)
        base = top / "a" / "sockets"
        base.parent.mkdir()
        if squatted == "the folder above":
            shutil.chown(base.parent, machine.other)
        elif squatted == "two folders above":
            top.chmod(0o777)
        elif squatted == "a link":
            (top / "theirs").mkdir()
            shutil.chown(top / "theirs", machine.other)
            base.symlink_to(top / "theirs")
        else:
            base.mkdir()
            if squatted == "the folder":
                shutil.chown(base, machine.other)
            else:
                (base / "hub").symlink_to(top)
        with pytest.raises(CourseError, match=re.escape(str(top))):
            Door(base / "hub").make(False)


def test_the_owner_still_writes(machine: Machine, course: Course) -> None:
    """After all of this."""
    assert machine.save(asking.answer(course.modules[0], 3, "Still here").model_dump(mode="json")).status_code == 200
