"""Which entries of ``submitted/`` can be a learner's hand-in, and how the others are named: on one printable line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..advice import quoted

LONGEST_NAME = 128  # characters of a learner's id in nbgrader's gradebook
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff*?\[\]]")  # what stands in no line of a log, or nbgrader takes for a pattern


def shown(name: str) -> str:
    """A name as a line of ours has it: as it is, or as a shell would read it when it cannot be printed."""
    return name if name.isprintable() else quoted(name)


def strange(coursedir: Any, assignment: str, learner: str = "*") -> Iterator[tuple[str, str]]:
    """What stands in ``submitted/`` and can be no hand-in of this assignment: its name, and why.

    :param learner: this one only, or ``*`` for all
    """
    submitted = Path(coursedir.format_path(coursedir.submitted_directory, ".", "."))
    for entry in sorted(os.scandir(submitted), key=lambda one: one.name) if submitted.is_dir() else ():
        if learner in ("*", "", entry.name) and (reason := refusal(entry, assignment)):
            yield entry.name, reason


def refusal(entry: os.DirEntry[str], assignment: str) -> str:
    """Why an entry of ``submitted/`` can be no hand-in of an assignment; nothing when it can, or has none."""
    place = Path(entry.path, assignment)
    if not os.path.lexists(place) and (entry.is_dir(follow_symlinks=False) or entry.name.startswith(".")):
        return ""
    if not entry.is_dir(follow_symlinks=False) or place.is_symlink() or not place.is_dir():
        return "this is no folder of its own. Remove it, and collect again."
    if _ODD.search(entry.name) or entry.name.startswith(".") or len(entry.name) > LONGEST_NAME:
        return "the learner's name cannot stand in a gradebook. Rename the account at the Hub."
    return ""
