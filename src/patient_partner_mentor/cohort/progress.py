"""A progress bar on standard error, for people at a terminal; into a file or pipe, nothing."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")
EVERY = 0.1  # seconds between two drawings


def progress(things: Iterable[T], what: str) -> Iterator[T]:
    """The same things, one after the other, with a bar that says how many are done.

    :param things: with a length
    """
    count = len(things) if isinstance(things, Sized) else 0
    drawn = 0.0
    shows = sys.stderr.isatty() and count > 0
    for number, thing in enumerate(things):
        if shows and time.monotonic() - drawn >= EVERY:
            drawn = time.monotonic()
            _draw(number, count, what)
        yield thing
    if shows:
        _draw(count, count, what)
        print(file=sys.stderr)


def _draw(number: int, count: int, what: str) -> None:
    said = f" {number} of {count} {what}"
    room = max(10, min(40, shutil.get_terminal_size().columns - len(said) - 3))
    full = room * number // count
    print(f"\r[{'#' * full}{'.' * (room - full)}]{said}", end="", file=sys.stderr, flush=True)
