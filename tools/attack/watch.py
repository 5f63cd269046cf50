"""The memory of Hub and course service, looked at while an attack runs; what they share with others counts for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

EVERY = 0.2  # seconds between two looks
PARTS = {"hub": "jupyterhub", "service": "patient_partner_mentor.hub.course_service"}


@dataclass
class Memory:
    """Bytes that Hub and service have for themselves: at rest, and at most since."""

    rest: int
    most: int

    @property
    def grown(self) -> float:
        """Millions of bytes above rest, at most."""
        return (self.most - self.rest) / 1e6


def parts(folder: Path) -> dict[str, psutil.Process]:
    """Hub and service of the trial in this folder, as far as they run and may be looked at."""
    config, found = str(folder.resolve() / "jupyterhub_config.py"), {}
    for one in psutil.process_iter():
        try:
            words = one.cmdline()
            if config in words and any(word.rpartition("/")[2] == PARTS["hub"] for word in words):
                found["hub"] = one
                found |= {"service": child for child in one.children(recursive=True) if PARTS["service"] in child.cmdline()}
        except psutil.Error:
            continue
    return found


def used(processes: dict[str, psutil.Process]) -> int:
    """Bytes of all of them; what has ended has none."""
    total = 0
    for one in processes.values():
        try:
            total += one.memory_full_info().uss
        except psutil.Error:
            continue
    return total


@contextmanager
def watching(processes: dict[str, psutil.Process], rest: int) -> Iterator[Memory]:
    """Look again and again until the block ends."""
    memory, over = Memory(rest, rest), Event()

    def look() -> None:
        while not over.wait(EVERY):
            memory.most = max(memory.most, used(processes))

    looking = Thread(target=look)
    looking.start()
    try:
        yield memory
    finally:
        over.set()
        looking.join()
        memory.most = max(memory.most, used(processes))
