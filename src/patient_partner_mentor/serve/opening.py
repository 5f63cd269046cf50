"""Opening the browser without a key on any command line: a file that only its owner may read leads to the address."""

from __future__ import annotations

import contextlib
import os
import secrets
import webbrowser
from html import escape
from pathlib import Path

from ..interface import text, texts

LEFT = "open-*.html"
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>{title}</title>
</head>
<body>
<p><a href="{address}">{title}</a></p>
</body>
</html>
"""


class Opening:
    """A file that leads a browser to the course; ``close`` it when the browser has come, or at the end.

    Everybody on a computer may look at the words that a program was started with. A file can be for one person.

    :param folder: the person's data folder
    :param address: with the key in it
    """

    def __init__(self, folder: Path, address: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(LEFT):  # of a server that was killed
            left.unlink(missing_ok=True)
        self.path = folder / f"open-{secrets.token_hex(8)}.html"
        page = _PAGE.format(address=escape(address), title=escape(text("app.opening")), language=escape(texts()["language"]["code"]))
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(page)

    def show(self) -> None:
        """Open it in the person's browser."""
        webbrowser.open(self.path.as_uri())

    def close(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
