"""How a program that runs for weeks gives memory back: what was needed for one large request is not kept for the next."""

from __future__ import annotations

import ctypes
import sys

LARGE = 128 * 1024  # bytes: what is as large has pages of its own, which go back to the system at once
HEAPS = 2  # for all threads; by default it is eight for each processor
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # https://man7.org/linux/man-pages/man3/mallopt.3.html


def give_back() -> None:
    """Have this process give memory back early, where it runs with glibc. Its own rule is to keep what was large once."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and needs none
    if mallopt:
        for what, value in ((_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE), (_ARENA_MAX, HEAPS)):
            mallopt(what, value)
