"""One stranger or one learner against all others: what they send and ask for takes neither the memory nor the time of the rest.

Nothing here looks at a clock. Memory is the service's own, and work is counted in its processor time.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlparse

import psutil
import pytest
import requests

from patient_partner_mentor.archives import packed
from patient_partner_mentor.curriculum import Course, Module
from patient_partner_mentor.hub.admission import MINE
from tests.hub_running import COURSE, Hub, until
from tests.integration import service_asking as asking

MB = 1_000_000


@pytest.fixture(scope="module")
def strict(hub: Hub) -> Iterator[Hub]:
    """The Hub's service with the quotas that it has when the settings name none."""
    before = hub.settings_file.read_text("utf-8")
    hub.stop_service()
    hub.write_settings({"store": f"sqlite:///{hub.folder / 'strict' / 'course.sqlite'}"})
    hub.start_service()
    yield hub
    hub.stop_service()
    hub.settings_file.write_text(before, "utf-8")
    hub.start_service()


@pytest.fixture
def module(course: Course) -> Module:
    """The first module."""
    return course.modules[0]


class Memory:
    """The largest that the service was while something went on, above what it was before."""

    def __init__(self, hub: Hub) -> None:
        assert hub.service
        self._process = psutil.Process(hub.service.pid)
        self.before = self.most = self._process.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        """Bytes."""
        return self.most - self.before


@contextmanager
def working(hub: Hub, seconds: float) -> Iterator[None]:
    """What happens inside takes the service no more processor time than this."""
    assert hub.service
    process = psutil.Process(hub.service.pid)
    before = sum(process.cpu_times()[:2])
    yield
    assert sum(process.cpu_times()[:2]) - before < seconds


def begun(hub: Hub, method: str, path: str, length: int, token: str | None = None, sent: bytes = b"", proxy: bool = False) -> socket.socket:
    """A request whose body does not end."""
    where = urlparse(hub.url if proxy else hub.service_url)
    connection = socket.create_connection((where.hostname, where.port), timeout=30)
    key = f"Authorization: token {token}\r\n" if token else ""
    connection.sendall(f"{method} {hub.prefix}{path} HTTP/1.1\r\nHost: {where.netloc}\r\n{key}Content-Length: {length}\r\n\r\n".encode() + sent)
    return connection


def answered(connection: socket.socket) -> int:
    """The status that came back; 0 where the connection was closed without one."""
    said = b""
    while b"\r\n" not in said:
        try:
            piece = connection.recv(4096)
        except ConnectionResetError:
            return 0
        if not piece:
            return 0
        said += piece
    return int(said.split()[1])


def closed(connection: socket.socket) -> bool:
    """Whether the service has let go of it."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return True


ROUTES = ["api/journal/patient-partner/x", "api/share/patient-partner", "api/consent", "api/comments/patient-partner/x", "api/erase", "roster", "facilitator", "book/welcome.html", "nowhere"]
ADDRESSES = [f"{COURSE}/{route}" for route in ROUTES] + [f"exchange/{COURSE}/submissions/patient-partner", f"exchange/{COURSE}/assignments/x", "oauth_callback", "leave", "", "health"]


@pytest.mark.parametrize("token", [None, "0123456789abcdef0123456789abcdef"])
def test_a_stranger_fills_no_memory(strict: Hub, token: str | None) -> None:
    """Sixty bodies of 20 MB, on every address: refused before they are read, and cut off when they do not end."""
    with ExitStack() as stack, Memory(strict) as memory:
        connections = []
        for number in range(60):
            one = begun(strict, ("POST", "PUT")[number % 2], ADDRESSES[number % len(ADDRESSES)], 20 * MB, token)
            stack.callback(one.close)
            connections.append(one)

        def send(one: socket.socket) -> None:
            try:
                for _ in range(19):
                    one.sendall(bytes(MB))
            except OSError:
                return

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(send, connections))
        until(lambda: all(map(closed, connections)), "the service to let go of bodies that do not end")
    assert memory.grown < 40 * MB


def test_a_thousand_bodies_that_never_come_are_let_go(strict: Hub, module: Module, ana: str) -> None:
    """And meanwhile a learner saves."""
    with ExitStack() as stack:
        connections = [begun(strict, "POST", f"{COURSE}/api/share/{module.id}", 100_000, sent=b"{") for _ in range(800)]
        for one in connections:
            stack.callback(one.close)
        assert asking.save(strict, ana, asking.answer(module, 1, "Meanwhile")).status_code == 200
        with begun(strict, "POST", f"{COURSE}/api/share/{module.id}", 100_000, sent=bytes(100_000)) as whole:
            assert answered(whole) == 403
        until(lambda: all(map(closed, connections)), "the service to let go of bodies that never come")


def test_a_learner_s_bodies_wait_for_one_another_and_for_nobody_else(strict: Hub, module: Module, ana: str, ben: str) -> None:
    """So many at once are read; the rest wait with their words still on the way; another learner's save passes them all."""
    where = f"{COURSE}/api/journal/{module.id}/{module.step(1).id}"
    with ExitStack() as stack, Memory(strict) as memory:
        for size in (4 * MB, 100_000):
            for _ in range(2 * MINE):
                stack.callback(begun(strict, "PUT", where, size, strict.token(ana), b'{"answer": ').close)
        for number in range(5):
            assert asking.save(strict, ben, asking.answer(module, 1, f"Meanwhile {number}", times=number + 1)).status_code == 200
    assert memory.grown < 20 * MB
    assert asking.save(strict, ana, asking.answer(module, 1, "Afterwards")).status_code == 200


def test_a_made_up_session_is_not_remembered(strict: Hub, ana: str) -> None:
    """The id of a session is part of the key under which the Hub's word is kept: thirty kilobytes of it, a thousand times, were thirty megabytes."""
    for path in (f"{COURSE}/api/state", f"{COURSE}/facilitator"):
        said = strict.ask(ana, "GET", path, headers={"Cookie": f"jupyterhub-session-id={'x' * 20_000}"})
        assert said.status_code == 403
    assert strict.ask(ana, "GET", f"{COURSE}/api/state", headers={"Cookie": f"jupyterhub-session-id={'x' * 32}"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "route", "size"),
    [
        ("PUT", "api/consent", 10_001),
        ("POST", "api/erase", 10_001),
        ("PUT", "api/comments/{module}/x", 10_001),
        ("POST", "api/share/{module}", 1_000_001),
        ("PUT", "api/journal/{module}/x", 4_010_001),
        ("DELETE", "api/share/{module}", 10_001),
        ("PUT", "api/wishes/{module}/x/other-way", 10_001),
        ("GET", "api/copy", 10_001),
    ],
)
def test_each_address_takes_as_much_as_it_needs(strict: Hub, module: Module, ana: str, method: str, route: str, size: int) -> None:
    """One byte more is refused with a sentence before any of it is read."""
    said = strict.ask(ana, method, f"{COURSE}/{route.format(module=module.id)}", data=bytes(size))
    assert (said.status_code, said.json()["reason"]) == (413, "too-large")


def test_a_body_without_a_length_has_the_same_limit(strict: Hub, ana: str) -> None:
    """It comes in pieces without an end; the service stops reading."""

    def endless() -> Iterator[bytes]:
        for _ in range(30):
            yield bytes(MB)

    with Memory(strict) as memory:
        try:
            assert strict.ask(ana, "PUT", f"{COURSE}/api/consent", data=endless()).status_code in (400, 413)
        except requests.ConnectionError:
            pass
    assert memory.grown < 20 * MB


def test_a_packed_body_is_not_unpacked(strict: Hub, module: Module, ana: str) -> None:
    """A hundred kilobytes would be a hundred megabytes."""
    import gzip

    with Memory(strict) as memory:
        said = strict.ask(ana, "POST", f"{COURSE}/api/share/{module.id}", data=gzip.compress(bytes(100 * MB)), headers={"Content-Encoding": "gzip"})
    assert (said.status_code, memory.grown < 20 * MB) == (400, True)


def _overtaken(module: Module) -> bytes:
    one = asking.answer(module, 1, "Words").model_dump(mode="json")
    past = {"text": "a", "time": None, "revision": {"count": 1, "writer": "w"}, "prompt": ""}
    return json.dumps({"answer": one | {"overtaken": [past] * 45_000}, "seen": None}, separators=(",", ":")).encode()


def _marks(module: Module) -> bytes:
    one = asking.answer(module, 1, "Words").model_dump(mode="json")
    return json.dumps({"answer": one | {"text": "\u0300\u0316" * 900_000}, "seen": None}, ensure_ascii=False).encode()


BODIES: dict[str, tuple[str, Callable[[Module], bytes]]] = {
    "quotes": ("share", lambda module: b'\\"' * 400_000),
    "a text without an end": ("share", lambda module: b'"' + b'\\"' * 400_000),
    "brackets": ("share", lambda module: b"[" * 900_000),
    "very many earlier texts": ("journal", _overtaken),
    "marks without an end": ("journal", _marks),
    "keys": ("journal", lambda module: b"{" + b'"a":1,' * 600_000 + b'"b":1}'),
    "an archive of marks": ("submissions", lambda module: packed({"a" + "\u0300" * 100: bytes(19 * MB)})),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_worst_bodies_take_a_moment(strict: Hub, module: Module, ana: str, name: str) -> None:
    """What once took minutes of the event loop."""
    route, made = BODIES[name]
    where = {"share": f"api/share/{module.id}", "journal": f"api/journal/{module.id}/{module.step(1).id}"}
    path = f"{COURSE}/{where[route]}" if route in where else f"exchange/{COURSE}/submissions/{module.name}"
    with working(strict, 3):
        said = strict.ask(ana, "PUT" if route == "journal" else "POST", path, data=made(module))
    assert said.status_code in ((200,) if name in ("marks without an end", "an archive of marks") else (400,))


def _large(module: Module, number: int, count: int) -> Any:
    """An answer of nearly 4 MB."""
    one = asking.answer(module, number, f"{count}" + "語" * 19_900)
    pasts = [{"text": f"{n}" + "語" * 19_900, "time": None, "revision": {"count": n, "writer": "w"}, "prompt": "問" * 19_990} for n in range(20)]
    return one.model_dump(mode="json") | {"prompt": "問" * 19_990, "overtaken": pasts, "revision": {"count": 30, "writer": "w"}}


def test_twelve_copies_of_a_large_journal_at_once(strict: Hub, course: Course, ana: str, ben: str) -> None:
    """Each that is answered is whole; they are made one after the other, and no more than pieces of them are in memory."""
    for module in course.modules[:7]:
        for number in (1, 2, 3):
            body = json.dumps({"answer": _large(module, number, 1), "seen": None}, ensure_ascii=False).encode()
            strict.ask(ana, "PUT", f"{COURSE}/api/journal/{module.id}/{module.step(number).id}", data=body).raise_for_status()

    def copy(_: int) -> int:
        said = strict.ask(ana, "GET", f"{COURSE}/api/copy", stream=True, headers={"Accept-Encoding": "gzip" if _ % 2 else "identity"})
        size = sum(len(piece) for piece in said.iter_content(MB))
        assert said.status_code in (200, 429) and (said.status_code == 429 or size > 40 * MB)
        return said.status_code

    with Memory(strict) as memory, ThreadPoolExecutor(12) as pool:
        copies = pool.map(copy, range(12))
        for number in range(5):
            assert asking.save(strict, ben, asking.answer(course.modules[0], 1, f"Meanwhile {number}", times=number + 1)).status_code == 200
        assert list(copies).count(200) >= 2
    assert memory.grown < 120 * MB
    journals = strict.ask(ana, "GET", f"{COURSE}/api/copy").json()["journals"] if list(copies) else {}
    assert set(journals) <= {module.id for module in course.modules}


def test_nothing_that_is_honest_is_refused(strict: Hub, course: Course, ana: str) -> None:
    """A copy of all answers is brought in at once, forty pages are opened, all modules are shared and handed in as files: with the quotas as they are."""
    answers = [asking.answer(module, number, "Words of a whole page. " * 200) for module in course.modules for number in range(1, len(module.steps) + 1)]
    with ThreadPoolExecutor(30) as pool:
        assert {said.status_code for said in pool.map(lambda one: asking.save(strict, ana, one), answers)} == {200}
        pages = [f"{COURSE}/api/{what}" for what in ("journal", "state") for _ in range(40)]
        assert {said.status_code for said in pool.map(lambda path: strict.ask(ana, "GET", path), pages)} == {200}
        assert asking.share(strict, ana, asking.sharing(course.modules[0], {1: "First"})).status_code == 200
        shared = pool.map(lambda module: asking.share(strict, ana, asking.sharing(module, {1: "Words"}), agree=False), course.modules)
        assert {said.status_code for said in shared} == {200}
        files = packed({"module.ipynb": b"{}", "reflections.json": b"{}"})
        handed = pool.map(lambda module: strict.ask(ana, "POST", f"exchange/{COURSE}/submissions/{module.name}", data=files), course.modules)
        assert {said.status_code for said in handed} == {200}
    assert len(strict.ask(ana, "GET", f"{COURSE}/api/copy").json()["shared"]) == 2 * len(course.modules) + 1
