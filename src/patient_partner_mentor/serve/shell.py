"""The frame of an app's page: the book's own layout, taken from the built book, so that the two look alike."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path

from ..advice import ppm
from ..curriculum import Module
from ..errors import CourseError
from ..interface import text

SHELL_FILE = "app-shell.html"
_META_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n?')


def shell(book: Path, base: str, title: str, module: Module | None, count: int) -> tuple[str, str]:
    """What stands before and after an app's own content.

    :param book: the folder of the built book; the shell stands beside it
    :param base: the path before ``course/`` and ``apps/``, with slashes at both ends
    :param count: of the course's modules
    :raises CourseError: when the book was built without it
    """
    path = book.parent / SHELL_FILE
    try:
        before, after = _halves(path, base, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise CourseError(f"The book was built by an older version, so the apps have no frame. Build it again: {ppm('book', '--force')}") from None
    head = ""
    if module:
        head = (
            f'<div class="module-picture module-picture-{module.number}" aria-hidden="true"></div>'
            f'<p class="where-am-i">{escape(text("course.module_of", number=module.number, count=count))}</p>'
        )
    return before.replace("@TITLE@", escape(title)) + head, after


@lru_cache(maxsize=4)
def _halves(path: Path, base: str, changed: int) -> tuple[str, str]:  # noqa: ARG001 - a new build is read again
    whole = _META_POLICY.sub("", path.read_text("utf-8"))  # the header says it, with the websocket's origin
    whole = whole.replace('"../../notebooks/', '"../').replace('"../../', f'"{base}course/').replace('"root": "../../"', f'"root": "{base}course/"')
    before, after = whole.split("@BODY@")
    return before, after
