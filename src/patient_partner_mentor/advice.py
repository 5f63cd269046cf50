"""Commands that a message tells somebody to run: whole ones, that do what they say from where the reader stands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

FOLDER_SETTING = "PPM_COURSE_FOLDER"  # the facilitators' folder that a terminal works for; grader.sh sets it
_PATH = os.environ.get("PATH")  # the reader's own; a program of ours may add to its own later
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\"}


def quoted(word: str) -> str:
    """A word for a shell, on one printable line whatever is in it.

    A name with a line break or with bytes that are no text is written as ``$'...'``, which bash, zsh and ksh read.
    """
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_ESCAPES.get(one) or (one if one.isprintable() else _bytes(one)) for one in word) + "'"


def ppm(*words: str, folder: Path | None = None) -> str:
    """A whole command of ours.

    :param folder: the facilitators' folder that it is for; named in the command where the reader's terminal would not find it
    """
    named = ["--course-folder", str(folder)] if folder and not _found(folder) else []
    return " ".join(map(quoted, [_program(), words[0], *named, *words[1:]]))


def erase(folder: Path, learner: str, module: str = "", here_only: bool = False, yes: bool = False) -> str:
    """The command that removes a learner, or the words of one module."""
    options = [*(["--module", module] if module else []), *(["--here-only"] if here_only else []), *(["--yes"] if yes else [])]
    words = [*options, "--", learner] if learner.startswith("-") else [learner, *options]
    return ppm("erase", *words, folder=folder)


def start(verb: str, port: int | None = None, folder: Path | None = None) -> str:
    """The command that starts a server of ours: ``make`` in a clone, where a reader stands in one, and else ``ppm``.

    :param folder: of a trial that is not kept in its usual place
    """
    if folder is None and Path("Makefile").is_file() and Path("src", __package__ or "").is_dir():
        return " ".join(["make", verb, *([f"PORT={port}"] if port else [])])
    return ppm(verb, *(["--port", str(port)] if port else []), *(["--folder", str(folder)] if folder else []))


def _program() -> str:
    """``ppm`` where the shell finds this very one, and else where it lies."""
    own = Path(sys.executable).parent / "ppm"
    found = shutil.which("ppm", path=_PATH)
    if not own.exists() or (found and os.path.realpath(found) == os.path.realpath(own)):
        return "ppm"
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else str(own)


def _found(folder: Path) -> bool:
    return Path(os.environ.get(FOLDER_SETTING) or Path.cwd()).resolve() == folder.resolve()


def _bytes(one: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in one.encode("utf-8", "surrogateescape" if "\udc80" <= one <= "\udcff" else "surrogatepass"))
