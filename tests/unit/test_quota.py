"""Rates, turns at the door and the listener: who floods waits or is refused, and nobody honest ever notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from patient_partner_mentor.hub import admission, listening
from patient_partner_mentor.hub.admission import LARGE_IN_ALL, MINE, WAITING, Admission
from patient_partner_mentor.hub.listening import listener
from patient_partner_mentor.hub.quota import KEPT, Rate
from patient_partner_mentor.hub.refusals import Refused
from patient_partner_mentor.hub.service_settings import Quotas

HONEST_SAVE = 60_000  # bytes of an answer with ten earlier texts of a page each


def alone(work: Coroutine[Any, Any, Any]) -> Any:
    """What it gives, on a loop of its own in a thread of its own: the browser tests of the same run have one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(120)


def rate(a_minute: int, time: list[float], at_once: int | None = None) -> Rate:
    return Rate(a_minute, lambda: time[0], at_once)


def test_bytes_are_counted_as_requests_are() -> None:
    time = [0.0]
    written = rate(60, time, at_once=100)
    written.take("ana", 100)
    with pytest.raises(Refused):
        written.take("ana", 1)
    written.take("ben", 100)
    time[0] = 10.0
    written.take("ana", 10)
    with pytest.raises(Refused):
        written.take("ana", 1)
    time[0] = 1000.0
    written.take("ana", 500)  # more than there ever is: all of it, once
    with pytest.raises(Refused):
        written.take("ana", 1)


def test_two_tabs_that_save_all_day_are_never_refused() -> None:
    """Each as fast as a form can, which waits 600 ms after the last letter: three saves a second are more than any two people type."""
    time, quotas = [0.0], Quotas()
    saves, written = rate(quotas.saves_a_minute, time), rate(quotas.bytes_a_minute, time, quotas.journal)
    for number in range(4 * 3600 * 3):
        time[0] = number / 3
        saves.take("ana")
        written.take("ana", HONEST_SAVE)


def test_a_whole_journal_is_brought_in_at_once() -> None:
    """Two hundred answers, together as large as a journal may be; and its owner reads it on three pages after one another."""
    time, quotas = [0.0], Quotas()
    saves, written, read = rate(quotas.saves_a_minute, time), rate(quotas.bytes_a_minute, time, quotas.journal), rate(2 * quotas.bytes_a_minute, time, 4 * quotas.journal)
    for _ in range(200):
        saves.take("ana")
        written.take("ana", quotas.journal // 200)
    for _ in range(3):
        read.take("ana", quotas.journal)


def test_accounts_are_forgotten_when_their_bucket_is_full_again() -> None:
    """However many there were, as many are kept as write at this time; who was refused stays refused."""
    time = [0.0]
    writes = rate(2, time)
    for number in range(KEPT + 500):
        writes.take(f"account {number}")
    assert len(writes._left) == KEPT + 500
    time[0] = 121.0
    writes.take("ana")
    writes.take("ana")
    assert len(writes._left) == KEPT
    with pytest.raises(Refused):
        writes.take("ana")


def test_one_account_takes_turns_and_others_pass() -> None:
    async def work() -> None:
        door = Admission()
        inside = [await door.enter("ana", large=False) for _ in range(MINE)]
        fifth = asyncio.create_task(door.enter("ana", large=False))
        (await door.enter("ben", large=False))()
        await asyncio.sleep(0)
        assert not fifth.done()
        inside.pop()()
        (await fifth)()
        for leave in inside:
            leave()
        assert not door._accounts

    alone(work())


def test_one_large_thing_of_an_account_at_a_time_and_few_in_all() -> None:
    """While they wait for one another, small ones of the same page go through."""

    async def work() -> None:
        door = Admission()
        leave = await door.enter("ana", large=True)
        waiting = [asyncio.create_task(door.enter("ana", large=True)) for _ in range(10)]
        await asyncio.sleep(0)
        (await door.enter("ana", large=False))()
        assert not any(task.done() for task in waiting)
        others = [await door.enter(f"other {number}", large=True) for number in range(LARGE_IN_ALL - 1)]
        one_more = asyncio.create_task(door.enter("one more", large=True))
        await asyncio.sleep(0)
        assert not one_more.done()
        leave()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        (await one_more)()
        for other in others:
            other()
        assert not door._accounts and not door._large.locked()

    alone(work())


def test_too_many_that_wait_are_refused_and_so_is_waiting_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        door = Admission()
        inside = [await door.enter("ana", large=False) for _ in range(MINE)]
        waiting = [asyncio.create_task(door.enter("ana", large=False)) for _ in range(WAITING - MINE)]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="a lot in a short time"):
            await door.enter("ana", large=False)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        monkeypatch.setattr(admission, "PATIENCE", 0.01)
        with pytest.raises(Refused, match="busy"):
            await door.enter("ana", large=False)
        for leave in inside:
            leave()
        assert not door._accounts

    alone(work())


class Answering(RequestHandler):
    """Takes whatever the listener lets through."""

    def post(self) -> None:
        """Say how much it was."""
        self.finish(str(len(self.request.body)))

    get = post


@contextmanager
def connected(port: int, sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        yield connection


def _all_of(port: int, sent: bytes) -> bytes:
    with connected(port, sent) as connection:
        said = b""
        while piece := connection.recv(4096):
            said += piece
        return said


def _listening(work: Any, most: int | None = None) -> Any:
    """What ``work(port)`` gives, in a thread beside a listener that is the real one but for its number of connections."""

    async def run() -> Any:
        server = listener(Application([("/", Answering)]))
        server.most = most or server.most
        server.listen(0, "127.0.0.1")
        port = next(iter(server._sockets.values())).getsockname()[1]
        try:
            return await asyncio.to_thread(work, port)
        finally:
            server.stop()
            await server.close_all_connections()

    return alone(run())


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def test_anybody_may_send_a_little() -> None:
    assert _listening(lambda port: _all_of(port, HEAD + b"Content-Length: 5\r\n\r\nwords")).endswith(b"5")
    for more in (b"Content-Length: 10001\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n2711\r\n" + b"x" * 10_001):
        assert b" 400 " in _listening(lambda port, more=more: _all_of(port, HEAD + more))


@pytest.mark.parametrize("begun", [b"", b"POST / HT", HEAD + b"X: ", HEAD + b"Content-Length: 5\r\n\r\nwor"])
def test_what_does_not_end_is_let_go(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    """Headers and bodies alike."""
    monkeypatch.setattr(listening, "HEADERS_SECONDS", 0.2)
    monkeypatch.setattr(listening, "BODY_SECONDS", 0.2)
    assert b" 200 " not in _listening(lambda port: _all_of(port, begun))


def test_headers_have_an_end() -> None:
    assert b" 200 " not in _listening(lambda port: _all_of(port, HEAD + b"X: " + b"x" * 40_000))


def test_there_are_only_so_many_connections() -> None:
    """One more is closed at once; when one of them ends, there is room again."""

    def work(port: int) -> list[bool]:
        whole = HEAD + b"Content-Length: 5\r\n\r\nwords"
        with connected(port, HEAD), connected(port, HEAD):
            closed = _refused(port)
        while _refused(port):
            pass
        return [closed, _all_of(port, whole).endswith(b"5")]

    assert _listening(work, most=2) == [True, True]


def _refused(port: int) -> bool:
    try:
        return _all_of(port, HEAD + b"Content-Length: 0\r\n\r\n") == b""
    except ConnectionResetError:
        return True
