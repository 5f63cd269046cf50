"""A process that dies at a step of its work, and not at a time: as with ``kill -9``, just before it changes something.

A step is a file that is opened for writing, moved or removed, a row of a database that is written, a transaction that
is kept, or a server that is asked. So a kill meets the work on a fast machine as on a slow one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink")
ASKS = ("socket.connect", "http.client.send")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def die_at(step: int, folder: Path) -> None:
    """Let this process end with SIGKILL just before its step of this number, counted from one.

    :param folder: changes of files elsewhere are no steps
    """
    count, place = 0, os.fspath(folder)

    def one() -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def seen(name: str, words: tuple[Any, ...]) -> None:
        if name in ASKS or (name in CHANGES or (name == "open" and words[2] & _WRITING)) and _inside(words[0], place):
            one()

    sys.addaudithook(seen)
    _watch_databases(one)


def _inside(path: Any, place: str) -> bool:
    """Whether a path that a system call was given lies in the folder; a number or a name of elsewhere does not."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    return os.path.join(os.getcwd(), os.fsdecode(path)).startswith(place + os.sep)


def _watch_databases(one: Callable[[], None]) -> None:
    @event.listens_for(Engine, "before_cursor_execute")
    def statement(connection: Any, cursor: Any, words: str, *_: Any) -> None:
        if words.lstrip().split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            one()

    @event.listens_for(Engine, "commit")
    def kept(connection: Any) -> None:
        one()
