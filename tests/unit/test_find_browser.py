"""What keeps a browser from starting is said in one sentence, before any test runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import find_browser

BROKEN = '#!/bin/sh\necho "$0: error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file" >&2\nexit 127\n'


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A program that lacks a library of the system's."""
    for name in find_browser.NAMES:
        (tmp_path / name).write_text(BROKEN, "utf-8")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_the_node_of_the_wheel_drives_every_browser():
    assert Path(os.environ["PLAYWRIGHT_NODEJS_PATH"]).is_file()
    assert find_browser.trouble() == ""


def test_a_library_that_node_lacks_is_named(broken, monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(broken / "chromium"))
    assert find_browser.trouble() == "the library libatomic.so.1 is missing"


def test_a_library_that_the_browser_lacks_is_named_in_one_sentence(broken, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(broken))
    monkeypatch.setattr(find_browser, "may_install", lambda: False)
    assert find_browser.main() == 1
    said = capsys.readouterr()
    assert said.err == (
        "The browser tests need a Chromium that starts, and the library libatomic.so.1 is missing; "
        "install your system's package 'chromium' and run this again.\n"
    )
    assert said.out == ""
