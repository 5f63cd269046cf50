"""A file is written whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from patient_partner_mentor.hub.accounts import AccountError, Accounts
from patient_partner_mentor.whole_file import remove_drafts, write_whole

# What stands for a full disk wherever nobody may mount one: the system cuts the file off at so many bytes.
LIMITED = """
import resource, signal, sys
from pathlib import Path
from patient_partner_mentor.whole_file import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), "x" * 5000)
except OSError as error:
    print(error.errno)
"""
DAMAGED = {
    "nothing in it": b"",
    "half of it": b'{"passwords": {"ana": "00',
    "no text": b"\xff\xfe\x00",
    "another kind": b"[]",
    "passwords that are a list": b'{"passwords": []}',
    "a password that is none": b'{"passwords": {"ana": "x"}}',
    "a password of an odd length": b'{"passwords": {"ana": "0$11"}}',
    "a link that is none": b'{"links": {"k": "ana"}}',
    "a link without a day": b'{"links": {"k": {"account": "ana"}}}',
    "a link with a day that is none": b'{"links": {"k": {"account": "ana", "ends": "soon"}}}',
    "a link whose day has no zone": b'{"links": {"k": {"account": "ana", "ends": "2026-01-01T00:00:00"}}}',
    "a course that is a number": b'{"invited": {"ana": 3}}',
    "far too deep": b"[" * 100_000,
}


def test_it_is_the_owners_alone_and_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    """With no draft beside it."""
    write_whole(tmp_path / "kept", "first")
    write_whole(tmp_path / "kept", "then")
    assert (tmp_path / "kept").read_text("utf-8") == "then"
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]


def test_what_cannot_be_written_leaves_the_earlier_one_and_no_draft(tmp_path: Path) -> None:
    """A text that has no bytes, and a disk that takes no more of them."""
    write_whole(tmp_path / "kept", "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "kept", "\ud800")
    said = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path / "kept")], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip().isdigit(), said.stderr
    assert (tmp_path / "kept").read_text("utf-8") == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]


def test_drafts_of_a_killed_program_are_cleared_away(tmp_path: Path) -> None:
    """Those of this file only."""
    for name in (".kept.0a1b.tmp", ".other.0a1b.tmp", "kept"):
        (tmp_path / name).touch()
    remove_drafts(tmp_path / "kept")
    assert sorted(one.name for one in tmp_path.iterdir()) == [".other.0a1b.tmp", "kept"]


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_accounts_open_nothing_and_are_never_written_over(tmp_path: Path, content: bytes) -> None:
    """Whatever is asked, the sentence names the file, and the file stays."""
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.path.write_bytes(content)
    asked = {
        "fits": lambda: accounts.fits("ana", "a password"),
        "has_password": lambda: accounts.has_password("ana"),
        "invited": lambda: accounts.invited("key"),
        "join": lambda: accounts.join("key", "a password"),
        "end": lambda: accounts.end("ana"),
        "change_password": lambda: accounts.change_password("ana", "a password"),
        "make_links": lambda: accounts.make_links(["ana"], 3),
        "check": accounts.check,
    }
    for name, ask in asked.items():
        with pytest.raises(AccountError, match="accounts.json, cannot be read"):
            ask()
        assert accounts.path.read_bytes() == content, name
    assert {one.name for one in tmp_path.iterdir()} <= {"accounts.json", "accounts.json.lock"}


def test_what_stands_in_place_of_the_accounts_or_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A folder of that name; and a file without a right, where the tests run as somebody who needs one."""
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.path.mkdir()
    with pytest.raises(AccountError, match="cannot be read"):
        accounts.set_password("ana", "blue boats and bread")
    accounts.path.rmdir()
    accounts.set_password("ana", "blue boats and bread")
    if os.geteuid() != 0:
        accounts.path.chmod(0)
        with pytest.raises(AccountError, match="cannot be read"):
            accounts.fits("ana", "blue boats and bread")


def test_what_a_later_version_keeps_stays(tmp_path: Path) -> None:
    """An unknown field of the file or of a link is handed on."""
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.path.write_text('{"later": 1, "links": {"k": {"account": "ana", "ends": "2999-01-01T00:00:00+00:00", "later": 2}}}', "utf-8")
    accounts.set_password("ben", "blue boats and bread")
    assert accounts.path.read_text("utf-8").count('"later"') == 2
