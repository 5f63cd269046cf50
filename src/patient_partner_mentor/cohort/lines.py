"""What nbgrader logs, kept as lines for a message of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(record.getMessage())


@contextmanager
def kept_lines() -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger for one operation of nbgrader's, and its warnings and errors; nothing else hears it."""
    keeper, log = _Keeper(), logging.Logger(__name__)
    log.addHandler(keeper)
    yield log, keeper.lines
