"""The one server: who gets in, what it refuses, and that no kernel stays behind."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import psutil
import pytest
import requests
from websocket import WebSocketBadStatusException, create_connection

from tests.apps_running import AppServer, apps, until

NO_KERNEL = "00000000-0000-0000-0000-000000000000"
NAME = "1-patient-partner"


@pytest.fixture(scope="module")
def server(book: Path, tmp_path_factory) -> Iterator[AppServer]:
    with apps(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def learner(server: AppServer) -> Iterator[requests.Session]:
    """Somebody who holds the key."""
    with requests.Session() as session:
        session.get(f"{server.base}/?token={server.token}")
        yield session


def kernel_of(page: str) -> str:
    return page.split('data-kernel="')[1].split('"')[0]


def test_the_key_leaves_the_address_and_is_kept_for_its_owner_alone(server):
    answer = requests.get(f"{server.base}/?token={server.token}", allow_redirects=False)
    assert answer.headers["Location"] == "/course/"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert server.token not in cookie and "expires" not in cookie.lower() and "Path=/apps" in cookie
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert not [path for path in files if server.token.encode() in path.read_bytes()]


def test_a_wrong_key_gives_no_cookie(server):
    for wrong in ("", "x", server.token[:-1], server.token + "x"):
        assert "Set-Cookie" not in requests.get(f"{server.base}/?token={wrong}", allow_redirects=False).headers


@pytest.mark.parametrize("path", [f"/apps/notebooks/{NAME}/module.html", "/apps/notebooks/apps/portfolio.html", "/apps/api/kernels/00000000-0000-0000-0000-000000000000"])
def test_nothing_of_the_apps_without_the_key(server, path):
    answer = requests.get(server.base + path)
    assert answer.status_code == 403
    assert "One more step" in answer.text
    assert requests.get(server.base + path, cookies={f"ppm-key-{server.port}": "wrong"}).status_code == 403


def test_the_book_needs_no_key(server):
    answer = requests.get(f"{server.base}/course/book/welcome.html")
    assert answer.status_code == 200
    assert f"ppm-apps={server.port}" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path",
    [
        "/apps/notebooks/..%2f..%2f..%2fetc/module.html", "/apps/notebooks/9-nothing/module.html", "/apps/notebooks/apps/module.html",
        "/apps/notebooks/apps/secret.html", "/apps/notebooks/1-patient-partner/module.md", "/apps/notebooks/1-patient-partner/module.yml",
        "/voila/render/notebooks/1-patient-partner/module.md", "/voila/files/pyproject.toml", "/voila/templates/course/static/x",
        "/api/contents/", "/api/kernels", "/api/sessions", "/api/terminals", "/apps/api/kernels", "/apps/api/contents/", "/files/pyproject.toml",
        "/terminals/1", "/apps/..%2fserver-token", "/course/..%2f..%2fpyproject.toml", "/course/%2e%2e/%2e%2e/pyproject.toml", "/login", "/metrics",
    ],
)  # fmt: skip
def test_what_is_not_of_the_course_is_not_there(server, learner, path):
    answer = learner.get(server.base + path)
    assert answer.status_code in (403, 404), answer.url
    assert "Traceback" not in answer.text
    assert str(server.data) not in answer.text
    assert "build-system" not in answer.text


@pytest.mark.parametrize("query", ["template=lab", "theme=dark", "voila-template=lab", "token=x", "template=../../etc"])
def test_template_and_theme_cannot_be_chosen_from_outside(server, learner, query):
    plain = learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").text
    other = learner.get(server.base + f"/apps/notebooks/{NAME}/module.html?{query}").text
    assert plain.replace(kernel_of(plain), "").count("form-place") == other.count("form-place") == 6
    assert "jp-" not in other


def test_one_name_only(server):
    moved = requests.get(f"http://localhost:{server.port}/course/", allow_redirects=False)
    assert moved.headers["Location"] == f"http://127.0.0.1:{server.port}/course/"
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "0.0.0.0"):
        answer = requests.get(f"{server.base}/course/", headers={"Host": host})
        assert answer.status_code == 404, host


def test_headers_of_an_app(server, learner):
    headers = learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").headers
    policy = headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://127.0.0.1:{server.port};" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "blob" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_posts_of_other_sites_are_refused(server, learner):
    page = learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").text
    kernel, token = kernel_of(page), learner.cookies.get("_xsrf")
    for address in (f"/apps/api/start/{NAME}", f"/apps/api/kernels/{kernel}"):
        assert learner.post(server.base + address).status_code == 403, "no token against forged requests"
        forged = {"X-XSRFToken": token, "Origin": "http://evil.example"}
        assert learner.post(server.base + address, headers=forged).status_code in (403, 404)
        assert learner.post(server.base + address, headers={"X-XSRFToken": token, "Sec-Fetch-Site": "cross-site"}).status_code in (403, 404)
    assert learner.get(server.base + f"/apps/api/kernels/{kernel}").status_code == 204
    assert learner.post(server.base + f"/apps/api/kernels/{kernel}", headers={"X-XSRFToken": token}).status_code == 204
    assert learner.get(server.base + f"/apps/api/kernels/{kernel}").status_code == 404


def socket_to(server: AppServer, learner: requests.Session, kernel: str, origin: str | None = None, cookie: bool = True):
    cookies = "; ".join(f"{c.name}={c.value}" for c in learner.cookies) if cookie else ""
    return create_connection(
        f"ws://127.0.0.1:{server.port}/apps/api/kernels/{kernel}/channels?session_id=test",
        cookie=cookies, origin=origin or server.base, suppress_origin=False, timeout=10,
    )  # fmt: skip


def test_a_socket_of_another_site_or_without_the_key_is_refused(server, learner):
    kernel = kernel_of(learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").text)
    for values in ({"origin": "http://evil.example"}, {"origin": "null"}, {"cookie": False}):
        with pytest.raises(WebSocketBadStatusException) as refused:
            socket_to(server, learner, kernel, **values)
        assert refused.value.status_code == 403
    with pytest.raises(WebSocketBadStatusException) as refused:
        socket_to(server, learner, "00000000-0000-0000-0000-000000000000")
    assert refused.value.status_code == 404


def test_code_cannot_be_sent_to_a_kernel(server, learner, tmp_path):
    kernel = kernel_of(learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").text)
    socket = socket_to(server, learner, kernel)
    proof = tmp_path / "ran"

    def send(kind: str, content: dict, channel: str = "shell") -> None:
        header = {"msg_id": kind, "msg_type": kind, "session": "test", "username": "", "version": "5.3", "date": "2026-11-24T10:00:00Z"}
        socket.send(json.dumps({"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": content}))

    for kind in ("execute_request", "complete_request", "inspect_request", "history_request", "debug_request", "shutdown_request", "interrupt_request", "input_reply"):
        send(kind, {"code": f"open({str(proof)!r}, 'w').close()", "silent": False, "cursor_pos": 1, "restart": False}, "control" if kind in ("shutdown_request", "interrupt_request", "debug_request") else "shell")
    send("kernel_info_request", {})
    while json.loads(socket.recv())["header"]["msg_type"] != "kernel_info_reply":
        pass
    socket.close()
    assert not proof.exists()
    assert learner.get(server.base + f"/apps/api/kernels/{kernel}").status_code == 204


def visits(server: AppServer, learner: requests.Session, count: int) -> None:
    """Open and leave: half say good-bye, half just go."""
    for number in range(count):
        page = learner.get(server.base + f"/apps/notebooks/{NAME}/module.html").text
        socket = socket_to(server, learner, kernel_of(page))
        if number % 2:
            learner.post(server.base + f"/apps/api/kernels/{kernel_of(page)}", headers={"X-XSRFToken": learner.cookies.get("_xsrf")})
        socket.close()
    left = time.monotonic()
    until(lambda: len(server.kernels()) <= 2, 10, "kernels are left behind")
    print(f"\n{count} visits: {len(server.kernels())} kernels {time.monotonic() - left:.1f} s after the last left")


def test_no_kernel_is_left_behind(book, tmp_path):
    with apps(tmp_path / "data") as server, requests.Session() as learner:
        learner.get(f"{server.base}/?token={server.token}")
        visits(server, learner, 8)
        pool = server.kernels()
    for kernel in pool:
        until(lambda k=kernel: not k.is_running(), 10, "a kernel outlived its server")


@pytest.mark.soak
def test_no_kernel_is_left_behind_by_fifty_visits(book, tmp_path):
    with apps(tmp_path / "data") as server, requests.Session() as learner:
        learner.get(f"{server.base}/?token={server.token}")
        visits(server, learner, 50)


def has_loaded(kernel: psutil.Process, library: str) -> bool:
    """Whether the kernel came as far as this library."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return any(library in file.path for file in kernel.memory_maps())
    return False


@pytest.mark.parametrize("library", ["zmq", "pydantic_core"], ids=["while it comes up", "while it imports what the notebooks need"])
def test_a_kernel_killed_while_it_starts_keeps_no_page_waiting(book, tmp_path, library):
    with apps(tmp_path / "data") as server, requests.Session() as session:
        session.get(f"{server.base}/?token={server.token}")
        until(server.kernels)
        until(lambda: any(has_loaded(kernel, library) for kernel in server.kernels()))
        for kernel in server.kernels():
            kernel.kill()
        assert session.get(server.app(NAME), timeout=30).status_code == 200


def test_kernels_end_with_a_server_that_was_killed_and_its_key_and_cookies_with_it(book, tmp_path):
    server = AppServer(tmp_path / "data")
    server.start()
    until(lambda: len(server.kernels()) == 2)
    orphans, key, learner = server.kernels(), server.token, requests.Session()
    learner.get(f"{server.base}/?token={key}")
    assert learner.get(f"{server.base}/apps/api/kernels/{NO_KERNEL}").status_code == 404
    server.kill()
    for kernel in orphans:
        until(lambda k=kernel: not k.is_running() or k.status() == "zombie", 15, "a kernel outlived its killed server")
    server.start()
    assert server.token != key
    assert learner.get(f"{server.base}/apps/api/kernels/{NO_KERNEL}").status_code == 403
    assert "Set-Cookie" not in requests.get(f"{server.base}/?token={key}", allow_redirects=False).headers
    server.stop()


def _said_of(process: psutil.Process) -> str:
    """Its command line and environment; nothing of one that is over."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join((*process.cmdline(), *process.environ().values()))
    return ""


def test_no_command_line_holds_the_key_when_the_browser_is_opened(book, tmp_path):
    """A browser's command line is for everybody on the computer to read: it names a file that only its owner reads, and that goes."""
    said, browser = tmp_path / "said", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{said}.new" && mv "{said}.new" "{said}"\n')
    browser.chmod(0o755)
    server = AppServer(tmp_path / "data", environment={"BROWSER": str(browser), "DISPLAY": ":9"}, opens=True)
    server.start()
    try:
        until(said.exists)
        assert server.token not in said.read_text()
        file = Path(urlparse(said.read_text().strip()).path)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert f"{server.base}/?token={server.token}" in file.read_text()
        until(server.kernels)
        family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
        assert len(family) > 1
        assert not [one for one in family if one.is_running() and server.token in _said_of(one)]
        requests.get(f"{server.base}/?token={server.token}")
        assert not file.exists()
    finally:
        server.stop()


def test_nobody_without_the_key_fills_the_memory(book, server):
    """A body that is too large is refused by its announced length; an unfinished one is let go in time."""
    for length in (10**6, 10**8):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as stranger:
            stranger.sendall(f"POST /apps/api/start/{NAME} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {length}\r\n\r\n".encode())
            assert b"200 OK" not in stranger.recv(100)  # an end or a refusal, and no waiting for the rest
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as stranger:
        stranger.sendall(f"POST /apps/api/start/{NAME} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 100\r\n\r\n".encode())
        assert stranger.recv(100) == b""  # it waits ten seconds
