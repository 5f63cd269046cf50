"""What another account of the same machine can try. Needs root, to be that account for a moment."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import random
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil

from .target import Seen, Target, attack, until
from .watch import parts

NOBODY = "nobody"
SECONDS = 30


def as_nobody(work: Callable[..., Any], *values: Any) -> Any:
    """What work gives in a process that has given root up for good.

    :raises RuntimeError: when it does not end
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()

    def child() -> None:
        entry = pwd.getpwnam(NOBODY)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.chdir("/")
        there.send(work(*values))

    process = context.Process(target=child)
    process.start()
    try:
        if not here.poll(SECONDS):
            raise RuntimeError("it did not come to an end")
        return here.recv()
    finally:
        process.kill()
        process.join()


def ports_of(processes: Iterable[psutil.Process]) -> set[int]:
    """The TCP ports that these listen on."""
    found = set()
    for one in processes:
        try:
            found |= {c.laddr.port for c in one.net_connections("inet") if c.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    return found


def take_over(ports: list[int], seconds: float) -> str:
    """Bind one of these ports as soon as it is free, and give what the first visitor says: nothing when none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for port in ports:
            with socket.socket() as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    one.bind(("127.0.0.1", port))
                    one.listen()
                    one.settimeout(max(0.1, end - time.monotonic()))
                    visitor = one.accept()[0]
                    visitor.settimeout(5)
                    return visitor.recv(65_536).decode("latin-1")
                except OSError:
                    continue
    return ""


@attack("another account is handed nothing", needs="root")
def a_port_after_its_part_ended(target: Target, chance: random.Random, end: float) -> Seen:
    """Kill the course service, as a crash would, and have the account ``nobody`` listen in its place while a learner's page asks."""
    seen = Seen()
    service = parts(target.folder).get("service")
    ports = sorted(ports_of([service])) if service else []
    seen.answers["ports of the service"] = len(ports)
    if not service or not ports:
        return seen
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(as_nobody, take_over, ports, 8.0)
        service.kill()
        while not taken.done():
            seen.add(target.learner.api("GET", "state", timeout=10))
        heard = taken.result()
    seen.must("cookie:" not in heard.lower(), "another account was handed a learner's cookie")
    for _ in until(time.monotonic() + 60, 1_000):  # the Hub starts it again
        if target.learner.api("GET", "state").status == "200":
            break
    return seen
