"""A progress bar on standard error, for people at a terminal; into a file or pipe, nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

T = TypeVar("T")


def progress(things: Sequence[T], what: str) -> Iterator[T]:
    """The same things, one after the other, with a bar that says how many are done."""
    with click.progressbar(things, label=what, show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield from bar
