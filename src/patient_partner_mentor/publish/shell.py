"""The layout as a frame for the apps: one page with markers for title and content, beside the book and no page of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = "notebooks/app/module"  # as deep as a module's page, so that relative addresses are alike
SHELL_FILE = "app-shell.html"


def collect(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Have the frame drawn with the other pages."""
    if app.builder.name == "html":
        yield PAGE, {"title": "@TITLE@", "body": "@BODY@"}, "page.html"


def move(out: Path) -> None:
    """Take the frame out of the book."""
    drawn = out / f"{PAGE}.html"
    drawn.replace(out.parent / SHELL_FILE)
    drawn.parent.rmdir()
